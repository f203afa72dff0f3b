//! Hostile words in every place that Discord's people can fill: they stay words.

use crate::browser::browser;
use crate::house::{House, with_console};
use crate::stage::Stage;
use http::{Method, StatusCode};

/// Each would leave a mark if anything of it ran.
const HOSTILE: [&str; 6] = [
    "<script>window.__pwned=1</script>",
    "\"><img src=x onerror=\"window.__pwned=1\">",
    "<svg/onload=window.__pwned=1>",
    "javascript:window.__pwned=1",
    "\u{202e}gnp.dwp\u{2066}exe",
    "</title></textarea></style><base href=//evil.example>",
];

/// What no page holds: elements that nobody here made, and addresses of others'.
const STRANGERS: &str = r#"[...document.querySelectorAll("*")].filter((at) =>
    ["IMG", "IFRAME", "OBJECT", "EMBED", "BASE", "STYLE"].includes(at.tagName)
    || (at.tagName === "SCRIPT" && !at.src.includes("/assets/"))
    || [...at.attributes].some((a) => /^on/i.test(a.name) || a.name === "style")
    || (at.href && typeof at.href === "string" && !at.href.startsWith(location.origin + "/")
        && !/^https:\/\/discord\.com\/channels\/[0-9/]+$/.test(at.href))
).map((at) => at.outerHTML.slice(0, 200))"#;

/// Direction marks that are in the text of the page, and not in a field that somebody filled.
const HIDDEN: &str = r"/[\u202a-\u202e\u2066-\u2069]/.test(document.body.innerText)";

async fn hostile_stage() -> Stage {
    let mut stage = Stage::new(0);
    with_console(&mut stage);
    for name in HOSTILE {
        let channel = stage.discord.create_channel(stage.guild, name);
        stage.channels.push(channel);
    }
    // An event of more than 256 KiB is none.
    let long = "<b>".repeat(60_000);
    let channel = stage.discord.create_channel(stage.guild, &long);
    stage.channels.push(channel);
    stage
}

#[tokio::test]
async fn nothing_that_people_write_becomes_part_of_a_page() {
    let Some(mut browser) = browser().await else { return };
    let stage = hostile_stage().await;
    // Linked while a node runs, which knows the channels' names.
    let house = House::over(stage).await;
    let stage = &house.stage;
    for (number, channel) in stage.channels.iter().enumerate() {
        let mirror = HOSTILE[number % 2];
        stage.done(&["link", mirror, &stage.address(*channel)]).await;
    }
    let mut said = Vec::new();
    for text in HOSTILE {
        stage.discord.rename_user(stage.user, &format!("{text} Ada"));
        said.push(stage.say(stage.channels[0], text));
        said.push(stage.say(stage.channels[1], text));
    }
    let deep = format!("{}{}", HOSTILE[0], "<i>\u{202e}".repeat(450));
    said.push(stage.say(stage.channels[0], &deep));
    stage
        .until("the last is copied", || (stage.copies(stage.channels[2]).len() > HOSTILE.len()).then_some(()))
        .await;
    for (message, text) in said.iter().step_by(2).zip(HOSTILE.iter().rev()) {
        stage.discord.edit(stage.channels[0], *message, text);
    }
    house.enter(&mut browser).await;
    let mirrors = stage.json(&["mirrors"]).await;
    let mut paths: Vec<String> = ["/", "/mirrors", "/links", "/quarantine", "/replay", "/events", "/message"]
        .into_iter()
        .map(str::to_owned)
        .collect();
    for mirror in mirrors["mirrors"].as_array().unwrap() {
        let id = mirror["id"].as_str().unwrap();
        paths.extend([format!("/mirrors/{id}"), format!("/replay/{id}"), format!("/events?mirror={id}")]);
    }
    paths.extend(said.iter().map(|message| format!("/message/{message}")));
    for text in HOSTILE {
        let word: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        paths.extend(
            ["/links?q=", "/mirrors?q=", "/message?q=", "/events?mirror=", "/events?kind="]
                .map(|at| format!("{at}{word}")),
        );
    }
    let real = mirrors["mirrors"].as_array().unwrap().iter().map(|mirror| mirror["id"].as_str().unwrap());
    let real: Vec<&str> = real.collect();
    for path in &paths {
        browser.look((390, 844), false).await;
        browser.said.clear();
        browser.open(&format!("{}{path}", house.base)).await;
        assert_eq!(browser.run(STRANGERS).await, serde_json::json!([]), "{path}");
        assert_eq!(browser.run(HIDDEN).await, false, "{path}");
        let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert_eq!(browser.run(fits).await, true, "{path} is wider than the window");
        // What is no mirror is answered with an error of ours: the browser notes its status.
        let is_none = path.starts_with("/events?mirror=") && !real.iter().any(|id| path.ends_with(id));
        browser.said.retain(|said| !(is_none && said.contains("status of 400")));
        browser.is_content(path).await;
        let bytes = browser.run("document.documentElement.outerHTML.length").await.as_u64().unwrap();
        assert!(bytes < 300_000, "{path} has {bytes} characters");
    }
    let text = browser.run("document.title").await;
    assert!(text.as_str().unwrap().ends_with("mirror"), "{text}");
    house.stop().await;
}

/// Live updates put in what the server made: it is as safe as a page.
#[tokio::test]
async fn what_comes_live_stays_words() {
    let Some(mut browser) = browser().await else { return };
    let house = House::linked(2).await;
    let stage = &house.stage;
    house.enter(&mut browser).await;
    browser.open(&format!("{}/events", house.base)).await;
    browser.until("it is live", "document.documentElement.dataset.watch === 'on'").await;
    for text in HOSTILE {
        stage.discord.rename_user(stage.user, text);
        stage.say(stage.channels[0], &format!("{text}\r\n\revent: end\rdata: x"));
    }
    stage.say(stage.channels[0], "the last of them");
    browser.until("all are there", "document.body.innerText.includes('the last of them')").await;
    assert_eq!(browser.run(STRANGERS).await, serde_json::json!([]));
    assert_eq!(browser.run(HIDDEN).await, false);
    let shown = browser
        .run("document.querySelector('tbody').innerText.includes('<script>window.__pwned=1</script>')")
        .await;
    assert_eq!(shown, true);
    browser.is_content("events").await;
    house.stop().await;
}

/// Another page, in the browser that has a session, gets nothing and does nothing.
#[tokio::test]
async fn another_page_can_neither_read_nor_change() {
    let Some(mut browser) = browser().await else { return };
    let house = House::linked(2).await;
    house.enter(&mut browser).await;
    let before = house.stage.json(&["mirrors"]).await;
    let id = before["mirrors"][0]["id"].as_str().unwrap();
    // `localhost` is another site than 127.0.0.1; the stand-in is another origin as well.
    let elsewhere = house.stage.discord.api_url();
    browser.open(&elsewhere).await;
    let read = format!(
        "fetch('{}/mirrors', {{ credentials: 'include' }}).then((got) => got.text(), () => 'nothing')",
        house.base
    );
    assert_eq!(browser.run(&read).await, "nothing");
    let target = format!("{}/replay/{id}/rebuild", house.base);
    let post = format!(
        "(() => {{ const f = document.createElement('form'); f.method = 'post'; f.action = '{target}'; document.documentElement.append(f); f.submit(); }})()"
    );
    browser.run(&post).await;
    browser.until("it was refused", "document.title.startsWith('Not here')").await;
    assert_eq!(house.stage.json(&["mirrors"]).await, before);
    let (cookie, form) = house.session().await;
    let lines = [("cookie", cookie.as_str()), ("origin", elsewhere.trim_end_matches("/api"))];
    let told =
        house.ask(Method::POST, &format!("/replay/{id}/rebuild"), (&lines, &format!("form={form}"))).await;
    assert_eq!(told.status, StatusCode::FORBIDDEN);
    assert_eq!(house.stage.json(&["mirrors"]).await, before);
    house.stop().await;
}
