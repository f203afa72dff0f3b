//! Heads of requests, and who is let in.

use super::*;
use http::HeaderValue;

const HERE: &str = "192.0.2.7";

fn head(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn ask(method: &Method, uri: &str, lines: &[(&str, &str)]) -> Result<(), Refused> {
    let names = ["mirror.example.org".to_owned(), "[2001:db8::5]".to_owned()];
    check((method, &uri.parse().unwrap(), &head(lines)), HERE.parse().unwrap(), &names)
}

#[test]
fn only_hosts_that_this_is_are_answered() {
    for (host, wanted) in [
        ("localhost", Ok(())),
        ("LocalHost:8467", Ok(())),
        ("127.0.0.1", Ok(())),
        ("127.0.0.1:1", Ok(())),
        ("[::1]:8467", Ok(())),
        ("192.0.2.7:8467", Ok(())),
        ("[::ffff:192.0.2.7]", Ok(())),
        ("mirror.example.org", Ok(())),
        ("MIRROR.example.org:443", Ok(())),
        ("[2001:db8::5]", Ok(())),
        ("192.0.2.8", Err(Refused::Host)),
        ("evil.example", Err(Refused::Host)),
        ("localhost.evil.example", Err(Refused::Host)),
        ("evil.example:127.0.0.1", Err(Refused::Host)),
        ("127.0.0.1.evil.example", Err(Refused::Host)),
        ("evil.example@127.0.0.1", Err(Refused::Host)),
        ("2130706433", Err(Refused::Host)),
        ("", Err(Refused::Host)),
        ("[::2]", Err(Refused::Host)),
    ] {
        assert_eq!(ask(&Method::GET, "/", &[("host", host)]), wanted, "{host}");
    }
}

#[test]
fn a_host_is_named_once() {
    assert_eq!(ask(&Method::GET, "/", &[]), Err(Refused::Host));
    let two = [("host", "localhost"), ("host", "localhost")];
    assert_eq!(ask(&Method::GET, "/", &two), Err(Refused::Host));
    assert_eq!(ask(&Method::GET, "http://evil.example/", &[("host", "localhost")]), Err(Refused::Host));
    assert_eq!(ask(&Method::GET, "http://localhost/", &[("host", "localhost")]), Ok(()));
}

#[test]
fn changes_come_from_our_own_pages() {
    let host = ("host", "localhost:8467");
    let own = ("origin", "http://localhost:8467");
    let check = |lines: &[(&str, &str)], wanted| {
        let all: Vec<_> = [host].into_iter().chain(lines.iter().copied()).collect();
        assert_eq!(ask(&Method::POST, "/", &all), wanted, "{lines:?}");
    };
    check(&[own, ("sec-fetch-site", "same-origin")], Ok(()));
    check(&[own], Ok(()));
    check(&[("origin", "https://localhost:8467")], Ok(()));
    check(&[("sec-fetch-site", "same-origin")], Ok(()));
    check(&[], Err(Refused::Origin));
    check(&[("origin", "null")], Err(Refused::Origin));
    check(&[("origin", "http://localhost")], Err(Refused::Origin));
    check(&[("origin", "http://evil.example")], Err(Refused::Origin));
    check(&[("origin", "ftp://localhost:8467")], Err(Refused::Origin));
    check(&[own, own], Err(Refused::Origin));
    check(&[own, ("sec-fetch-site", "cross-site")], Err(Refused::Origin));
    check(&[own, ("sec-fetch-site", "same-site")], Err(Refused::Origin));
    check(&[own, ("sec-fetch-site", "none")], Err(Refused::Origin));
    check(&[("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")], Err(Refused::Origin));
}

#[test]
fn only_three_methods_are_known() {
    let host = [("host", "localhost")];
    assert_eq!(ask(&Method::HEAD, "/", &host), Ok(()));
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::CONNECT, Method::TRACE] {
        assert_eq!(ask(&method, "/", &host), Err(Refused::Method), "{method}");
    }
}

#[test]
fn what_a_page_puts_in_is_told_from_what_somebody_opens() {
    assert!(is_embedded(&head(&[("sec-fetch-dest", "image")])));
    assert!(is_embedded(&head(&[("sec-fetch-dest", "iframe")])));
    assert!(!is_embedded(&head(&[("sec-fetch-dest", "document")])));
    assert!(!is_embedded(&head(&[])));
}
