//! What is read from where, and what is said of wrong input.

use super::*;
use expect_test::{Expect, expect};
use secrecy::ExposeSecret;
use std::fs;

struct Case<'a> {
    file: &'a str,
    environment: &'a [(&'a str, &'a str)],
    flags: &'a [(&'static str, &'a str)],
}

fn load(case: &Case<'_>) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let pairs = case.environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let flags = case.flags.iter().map(|(key, value)| (*key, (*value).to_owned()));
    fs::write(dir.path().join("mirror.toml"), case.file).unwrap();
    fs::write(dir.path().join("empty"), "\n").unwrap();
    fs::write(dir.path().join("secret"), "from-file\n").unwrap();
    let sources = Sources {
        working_dir: dir.path().to_owned(),
        file: None,
        environment: pairs.collect(),
        flags: flags.collect(),
    };
    let hide = |text: String| text.replace(&dir.path().display().to_string(), ".");
    let mut config = sources.load().map_err(|error| ConfigError { place: hide(error.place), ..error })?;
    config.data_dir = hide(config.data_dir.display().to_string()).into();
    config.warnings = config.warnings.into_iter().map(hide).collect();
    Ok(config)
}

#[expect(clippy::needless_pass_by_value, reason = "a row of a table")]
fn check(file: &str, environment: &[(&str, &str)], expected: Expect) {
    let got = match load(&Case { file, environment, flags: &[] }) {
        Ok(config) if config.warnings.is_empty() => "fine".to_owned(),
        Ok(config) => config.warnings.join("\n"),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&got);
}

#[test]
fn wrong_input_names_its_place_and_the_nearest_right_thing() {
    check("", &[], expect!["fine"]);
    check(
        "[lanes]\nin_flihgt = 3",
        &[],
        expect!["./mirror.toml:2: unknown key 'lanes.in_flihgt'; did you mean 'lanes.in_flight'?"],
    );
    check(
        "in_flight = 3",
        &[],
        expect!["./mirror.toml:1: unknown key 'in_flight'; did you mean 'lanes.in_flight'?"],
    );
    check(
        "# a\n\n[lane]\nin_flight = 3",
        &[],
        expect!["./mirror.toml:3: unknown key 'lane'; did you mean 'lanes'?"],
    );
    check("zebra = 1", &[], expect!["./mirror.toml:1: unknown key 'zebra'"]);
    check("lanes = 1", &[], expect!["./mirror.toml:1: 'lanes' is a section: write [lanes]"]);
    check(
        "[lanes]\nin_flight = \"many\"",
        &[],
        expect![[r#"./mirror.toml:2: invalid type: string "many", expected a whole number"#]],
    );
    check(
        "[lanes]\nin_flight = 0",
        &[],
        expect!["./mirror.toml: lanes.in_flight is 0, but must be 1 to 1024"],
    );
    check(
        "node = \"Main Node\"",
        &[],
        expect![[r#"./mirror.toml:1: a node name is 1 to 16 of a-z, 0-9 and '-', not "Main Node""#]],
    );
    check("node = ", &[], expect!["./mirror.toml:1: string values must be quoted, expected literal string"]);
    check(
        "[telemetry]\nformat = \"xml\"",
        &[],
        expect!["./mirror.toml:2: unknown variant `xml`, expected `text` or `json`"],
    );
    check(
        "[telemetry]\nmetrics = \"9464\"",
        &[],
        expect!["./mirror.toml:2: '9464' is no address to listen on, such as '127.0.0.1:9464'"],
    );
    check(
        "[discord]\napi = \"discord.com\"",
        &[],
        expect!["./mirror.toml: discord.api is 'discord.com', but must begin with http:// or https://"],
    );
    check(
        "[discord]\ngateway = \"http://x\"",
        &[],
        expect!["./mirror.toml: discord.gateway is 'http://x', but must begin with ws:// or wss://"],
    );
    check(
        "[discord]\ntoken_file = \"nowhere\"",
        &[],
        expect!["./nowhere: no token here: No such file or directory (os error 2)"],
    );
    check("[discord]\ntoken_file = \"empty\"", &[], expect!["./empty: the token file is empty"]);
    check(
        "[discord]\ntoken = \"x\"",
        &[],
        expect!["./mirror.toml holds the token and others may read it: chmod 600 it"],
    );
    check(
        "",
        &[("MIRROR_LANES_IN_FLIGHT", "lots")],
        expect!["MIRROR_LANES_IN_FLIGHT: 'lots' is not a whole number"],
    );
    check(
        "",
        &[("MIRROR_DISCORD_RATE_LIMITS", "off")],
        expect!["MIRROR_DISCORD_RATE_LIMITS: 'off' is neither true nor false"],
    );
    check(
        "",
        &[("MIRROR_NODE", "UP")],
        expect![[r#"MIRROR_NODE: a node name is 1 to 16 of a-z, 0-9 and '-', not "UP""#]],
    );
    check(
        "",
        &[("MIRROR_LANES_INFLIGHT", "1")],
        expect!["variable MIRROR_LANES_INFLIGHT means nothing here; did you mean 'MIRROR_LANES_IN_FLIGHT'?"],
    );
    check(
        "",
        &[("MIRROR_CONFIG", "other.toml")],
        expect!["./other.toml: cannot be read: No such file or directory (os error 2)"],
    );
}

#[test]
fn flags_win_over_variables_and_those_over_the_file() {
    let file = "data_dir = \"a\"\nnode = \"one\"\n[lanes]\nin_flight = 3\nqueue_max = 9";
    let environment = [("MIRROR_NODE", "two"), ("MIRROR_LANES_IN_FLIGHT", "4")];
    let config = load(&Case { file, environment: &environment, flags: &[("node", "three")] }).unwrap();
    let lanes = &config.lanes;
    let node = config.node.map(|node| node.to_string());
    assert_eq!((node.as_deref(), lanes.in_flight, lanes.queue_max), (Some("three"), 4, 9));
    assert_eq!(config.data_dir, PathBuf::from("./a"));
}

#[test]
fn the_token_comes_from_the_environment_or_a_file_and_is_never_shown() {
    let check = |file: &str, environment: &[(&str, &str)], wanted: Option<&str>| {
        let config = load(&Case { file, environment, flags: &[] }).unwrap();
        let token = config.discord.token.as_ref().map(|token| token.expose_secret().to_owned());
        assert_eq!(token.as_deref(), wanted);
        assert!(wanted.is_none_or(|token| !format!("{config:?}").contains(token)));
    };
    check("", &[], None);
    check("[discord]\ntoken_file = \"secret\"", &[], Some("from-file"));
    check("[discord]\ntoken_file = \"secret\"", &[("MIRROR_DISCORD_TOKEN", "canary")], Some("canary"));
    check("", &[("MIRROR_DISCORD_TOKEN_FILE", "secret")], Some("from-file"));
}

#[test]
fn the_example_holds_every_key_with_its_default() {
    let text = include_str!("../../config.example.toml");
    // Keys without a default are shown as comments.
    let shown = text
        .replace("# token", "token")
        .replace("# gateway", "gateway")
        .replace("# node", "node")
        .replace("# hints", "hints")
        .replace("# shards", "shards")
        .replace("# cdn", "cdn")
        .replace("# url", "url")
        .replace("# metrics", "metrics");
    let table = sources::parse(&shown, "config.example.toml").unwrap();
    for (key, _) in KEYS {
        let value =
            key.split('.').try_fold(&toml::Value::Table(table.clone()), |at, part| at.get(part)).cloned();
        assert!(value.is_some(), "{key} is not in the example");
    }
    let example: Config = toml::from_str(text).unwrap();
    assert_eq!(format!("{example:?}"), format!("{:?}", Config::default()));
}

#[test]
fn stores_that_do_not_fit_together_are_told_without_their_passwords() {
    check(
        "log = \"rabbitmq://me:hunter2@there\"",
        &[],
        expect!["./mirror.toml: log is on RabbitMQ, so views must be 'cql://...'"],
    );
    check(
        "views = \"cql://me:hunter2@there/mirror\"",
        &[],
        expect!["./mirror.toml: views are on CQL, so log must be 'rabbitmq://...'"],
    );
    check(
        "log = \"kafka://me:hunter2@there\"",
        &[],
        expect!["./mirror.toml: log must begin with rabbitmq:// or rabbitmqs://"],
    );
    check("", &[("MIRROR_LOG", "rabbitmq://h"), ("MIRROR_VIEWS", "cql://h/k")], expect!["fine"]);
    check(
        "log = \"rabbitmq://h\"\nviews = \"cql://h/k\"\n[cluster]\nlease_ms = 4000",
        &[],
        expect![
            "./mirror.toml: lanes.deadline_ms is 10000, but must be at most half of cluster.lease_ms (4000)"
        ],
    );
    check(
        "[log]\nlevel = \"info\"",
        &[],
        expect!["./mirror.toml:1: what was [log] is [telemetry] now; log says where the log is"],
    );
    check(
        "log = \"rabbitmq://me:hunter2@there\"\nviews = \"cql://there/mirror\"",
        &[],
        expect!["./mirror.toml holds a password and others may read it: chmod 600 it"],
    );
}
