//! Who comes in, and who does not: requests as anybody could send them.

use crate::house::{House, with_console};
use crate::stage::{MIRROR, Stage};
use http::{Method, StatusCode};
use std::net::TcpListener;

/// Lines of a request's head.
type Lines<'a> = &'a [(&'a str, &'a str)];

const OWN: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn without_a_session_nothing_is_shown() {
    let house = House::linked(2).await;
    house.stage.say(house.stage.channels[0], "a secret of the lounge");
    house.stage.until_texts(house.stage.channels[1], &["a secret of the lounge".to_owned()]).await;
    for path in
        ["/", "/mirrors", "/links", "/events", "/live/overview", "/live/events", "/message?q=1", "/nowhere"]
    {
        let told = house.get(path, &[]).await;
        assert_eq!(told.status, StatusCode::UNAUTHORIZED, "{path}: {told:?}");
        assert!(told.text.contains("mirror console"), "{path}: {told:?}");
        assert!(!told.text.contains("secret") && !told.text.contains(MIRROR), "{path}: {told:?}");
    }
    let posted = house.ask(Method::POST, "/quarantine/release", (&[("origin", &house.base)], "form=")).await;
    assert_eq!(posted.status, StatusCode::UNAUTHORIZED);
    let guessed = house.get("/", &[("cookie", "mirror-1=x"), ("authorization", "Bearer x")]).await;
    assert_eq!(guessed.status, StatusCode::UNAUTHORIZED);
    house.stop().await;
}

#[tokio::test]
async fn a_token_is_exchanged_for_a_session_of_its_own() {
    let house = House::linked(2).await;
    let token = house.token();
    let told = house.get(&format!("/enter?token={token}"), &[]).await;
    assert_eq!((told.status, told.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/"));
    let cookie = told.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(&token) && !told.text.contains(&token), "{cookie}");
    let (cookie, _) = house.session().await;
    assert_eq!(house.get("/", &[("cookie", &cookie)]).await.status, StatusCode::OK);
    // Another token ends it.
    house.stage.done(&["console", "--rotate"]).await;
    assert_ne!(house.token(), token);
    assert_eq!(house.get("/", &[("cookie", &cookie)]).await.status, StatusCode::UNAUTHORIZED);
    let old = house.get(&format!("/enter?token={token}"), &[]).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    assert!(old.headers.get("set-cookie").is_none());
    let (cookie, form) = house.session().await;
    let leave = [("cookie", cookie.as_str()), ("origin", &house.base), ("content-type", OWN)];
    let left = house.ask(Method::POST, "/leave", (&leave, &format!("form={form}"))).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    assert_eq!(house.get("/", &[("cookie", &cookie)]).await.status, StatusCode::UNAUTHORIZED);
    house.stop().await;
}

#[tokio::test]
async fn tokens_cannot_be_tried_for_long() {
    let house = House::linked(1).await;
    let mut seen = Vec::new();
    for number in 0..12 {
        seen.push(house.get(&format!("/enter?token={number}"), &[]).await.status.as_u16());
    }
    assert_eq!(seen[..10], [401; 10]);
    assert_eq!(seen[10..], [429; 2]);
    // A picture in a page of somebody does not use them up.
    let embedded = house.get("/enter?token=x", &[("sec-fetch-dest", "image")]).await;
    assert_eq!(embedded.status, StatusCode::FORBIDDEN);
    house.stop().await;
}

#[tokio::test]
async fn another_host_is_not_answered() {
    let mut stage = Stage::new(1);
    with_console(&mut stage);
    stage.environment.push(("MIRROR_CONSOLE_HOSTS".to_owned(), "mirror.example.org, other.test".to_owned()));
    let house = House::over(stage).await;
    let (cookie, _) = house.session().await;
    for (host, wanted) in [
        ("evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("127.0.0.1.evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("localhost:9999", StatusCode::OK),
        ("mirror.example.org", StatusCode::OK),
        ("OTHER.test:443", StatusCode::OK),
    ] {
        for path in ["/", "/assets/1/console.css"] {
            let told = house.get(path, &[("host", host), ("cookie", &cookie)]).await;
            assert_eq!(told.status, wanted, "{host} {path}");
        }
    }
    house.stop().await;
}

#[tokio::test]
async fn changes_need_our_own_page_and_its_form() {
    let house = House::linked(2).await;
    let (cookie, form) = house.session().await;
    let (_, others) = house.session().await;
    let mirrors = house.stage.json(&["mirrors"]).await;
    let path = format!("/replay/{}/rebuild", mirrors["mirrors"][0]["id"].as_str().unwrap());
    let right = format!("form={form}");
    let own = ("origin", house.base.as_str());
    let cases: [(Lines<'_>, &str, StatusCode); 8] = [
        (&[("origin", "http://evil.example")], &right, StatusCode::FORBIDDEN),
        (&[("origin", "null")], &right, StatusCode::FORBIDDEN),
        (&[], &right, StatusCode::FORBIDDEN),
        (&[own, ("sec-fetch-site", "cross-site")], &right, StatusCode::FORBIDDEN),
        (&[own], "", StatusCode::FORBIDDEN),
        (&[own], &format!("form={others}"), StatusCode::FORBIDDEN),
        (&[own], &format!("{right}&x={}", "x".repeat(20_000)), StatusCode::PAYLOAD_TOO_LARGE),
        (&[own], &right, StatusCode::SEE_OTHER),
    ];
    for (lines, body, wanted) in cases {
        let lines: Vec<_> = [("cookie", cookie.as_str())].into_iter().chain(lines.iter().copied()).collect();
        let told = house.ask(Method::POST, &path, (&lines, body)).await;
        assert_eq!(told.status, wanted, "{lines:?}");
        let builds = house.stage.json(&["mirrors"]).await;
        assert!(wanted == StatusCode::SEE_OTHER || builds == mirrors, "{lines:?}: something was done");
    }
    let built = |told: &serde_json::Value| told["mirrors"][0]["generation"] == 1;
    house.stage.until_json(&["mirrors"], "it is built anew", built).await;
    let other = house.ask(Method::DELETE, "/", (&[("cookie", &cookie)], "")).await;
    assert_eq!(other.status, StatusCode::METHOD_NOT_ALLOWED);
    house.stop().await;
}

#[tokio::test]
async fn every_reply_has_the_policy() {
    let house = House::linked(1).await;
    let (cookie, _) = house.session().await;
    let page = house.get("/", &[("cookie", &cookie)]).await;
    let style = page.text.split("href=\"").find(|at| at.contains("console.css")).unwrap();
    let style = style.split('"').next().unwrap().to_owned();
    for (path, kept) in [
        ("/", "no-store"),
        ("/nowhere", "no-store"),
        ("/enter?token=x", "no-store"),
        (style.as_str(), "public, max-age=31536000, immutable"),
    ] {
        let told = house.get(path, &[("cookie", &cookie)]).await;
        let header =
            |name: &str| told.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header("cache-control"), kept, "{path}");
    }
    assert!(!page.text.contains("<script>") && !page.text.contains(" style="));
    house.stop().await;
}

#[tokio::test]
async fn no_secret_of_the_console_is_logged_or_kept() {
    let mut stage = Stage::new(1);
    with_console(&mut stage);
    stage.environment.push(("MIRROR_TELEMETRY_LEVEL".to_owned(), "trace".to_owned()));
    let house = House::over(stage).await;
    let (cookie, form) = house.session().await;
    let session = cookie.split_once('=').unwrap().1.to_owned();
    house.get("/events", &[("cookie", &cookie)]).await;
    let (token, stage) = (house.token(), house.stage);
    house.node.stop().await;
    let log = stage.log();
    assert!(log.contains("TRACE") && log.contains("the console is at http://127.0.0.1:"), "{log}");
    for (what, secret) in [("token", &token), ("session", &session), ("form", &form)] {
        assert!(!log.contains(secret), "the {what} is in the log");
        for entry in std::fs::read_dir(stage.data()).unwrap() {
            let path = entry.unwrap().path();
            let holds =
                std::fs::read(&path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(secret));
            let is_its_place = what == "token" && path.ends_with("console.token");
            assert_eq!(holds, is_its_place, "the {what} is in {}", path.display());
        }
    }
    assert!(!stage.data().join("console.address").exists(), "nobody listens there any more");
}

/// A port that was asked for has to be free; the usual one need not be.
#[tokio::test]
async fn a_port_in_use_is_an_error_only_where_it_was_asked_for() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut stage = Stage::new(1);
    stage.environment.retain(|(key, _)| key != "MIRROR_CONSOLE_LISTEN");
    // Whether this test has it or somebody else: it is in use.
    let _usual = TcpListener::bind("127.0.0.1:8467");
    let node = stage.start().await;
    let without = stage.ask(&["console"]).await;
    node.stop().await;
    assert!(stage.log().contains("no console: cannot listen on 127.0.0.1:8467"), "{}", stage.log());
    let words = "another program listens on 127.0.0.1:8467, no node of this data directory";
    assert!(without.code == Some(1) && without.err.contains(words), "{without:?}");
    assert!(!without.out.contains("token="), "the token is not given away: {without:?}");
    stage.environment.push(("MIRROR_CONSOLE_LISTEN".to_owned(), address.clone()));
    let refused = stage.ask(&["run"]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains(&format!("console.listen: cannot listen on {address}")), "{refused:?}");
}

#[tokio::test]
async fn the_way_in_is_told_before_and_while_a_node_runs() {
    let mut stage = Stage::new(1);
    with_console(&mut stage);
    let none = stage.ask(&["console"]).await;
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(none.err.contains("start the node first"), "{none:?}");
    let house = House::over(stage).await;
    let way = house.way_in().await;
    assert_eq!(way, format!("{}/enter?token={}", house.base, house.token()));
    let (token, stage) = (house.token(), house.stage);
    house.node.stop().await;
    let later = stage.ask(&["console", "--json"]).await;
    assert_eq!(later.code, Some(1), "{later:?}");
    assert!(later.out.contains(&token) && later.err.contains("nobody listens there"), "{later:?}");
}
