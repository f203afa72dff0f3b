//! What an address says, and that it never says its password.

use mirror::rabbit::address::{Address, Tls};
use secrecy::ExposeSecret;

fn parse(text: &str) -> Address {
    text.parse().expect(text)
}

#[test]
fn it_says_where_and_who() {
    let address = parse("rabbitmqs://me:p%40s:s%2f@a.example:1,b,[::1]:3,[::2]/a%2Fb?ca=/my%20ca.pem");
    let hosts = [("a.example", 1), ("b", 5551), ("::1", 3), ("::2", 5551)];
    assert_eq!(address.hosts, hosts.map(|(host, port)| (host.to_owned(), port)));
    assert_eq!((address.user.as_str(), address.password.expose_secret()), ("me", "p@s:s/"));
    assert_eq!(address.vhost, "a/b");
    assert_eq!(address.tls, Some(Tls { ca: Some("/my ca.pem".into()) }));
    assert_eq!(address.to_string(), "rabbitmqs://***@a.example:1,b:5551,[::1]:3,[::2]:5551/a/b");
}

#[test]
fn what_it_leaves_out_is_what_a_broker_has_by_default() {
    let address = parse("rabbitmq://h");
    assert_eq!(address.hosts, [("h".to_owned(), 5552)]);
    assert_eq!((address.user.as_str(), address.password.expose_secret()), ("guest", "guest"));
    assert_eq!((address.vhost.as_str(), address.tls.is_none()), ("/", true));
    for text in ["rabbitmq://h/", "rabbitmq://h/%2F", "rabbitmq://h?"] {
        assert_eq!(parse(text).vhost, "/", "{text}");
    }
    assert_eq!(parse("rabbitmq://h/mirror").vhost, "mirror");
    assert_eq!(parse("rabbitmqs://h").tls, Some(Tls { ca: None }), "then the system's authorities count");
}

#[test]
fn a_bad_one_is_named_without_its_password() {
    for (text, words) in [
        ("http://me:hunter2@h", "neither"),
        ("amqp://me:hunter2@h", "neither"),
        ("me:hunter2@h", "neither"),
        ("rabbitmq://me:hunter2@", "no host"),
        ("rabbitmq://me:hunter2@a,,b", "no host"),
        ("rabbitmq://me:hunter2@a:x", "no number"),
        ("rabbitmq://me:hunter2@a:0", "no number"),
        ("rabbitmq://me:hunter2@a:70000", "no number"),
        ("rabbitmq://me:hunter2@a b", "characters"),
        ("rabbitmq://me:hunter2@[a]", "characters"),
        ("rabbitmq://hunter2@a", "without a password"),
        ("rabbitmq://:hunter2@a", "empty"),
        ("rabbitmq://me:hunter2%00@a", "zero byte"),
        ("rabbitmq://me:hunter2%4@a", "two digits"),
        ("rabbitmq://me:hunter2%ff@a", "UTF-8"),
        ("rabbitmq://me:hunter2@a?ca=/x", "rabbitmqs:// only"),
        ("rabbitmqs://me:hunter2@a?ca=", "no file"),
        ("rabbitmqs://me:hunter2@a?verify=hunter2", "something else"),
    ] {
        let error = text.parse::<Address>().map(|_| ()).expect_err(text).to_string();
        assert!(error.contains(words) && !error.contains("hunter2"), "{text}: {error}");
    }
    let many = format!("rabbitmq://{}", vec!["h"; 33].join(","));
    assert!(many.parse::<Address>().expect_err("33 hosts").to_string().contains("more than 32"));
}

#[test]
fn it_never_shows_its_password() {
    let address = parse("rabbitmq://me:hunter2@h");
    assert!(!format!("{address:?} {address:#?} {address}").contains("hunter2"));
}
