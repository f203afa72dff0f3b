//! What is read from where, and what is said of wrong input.

mod ranges;

use super::*;
use expect_test::{Expect, expect};
use secrecy::ExposeSecret;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

struct Case<'a> {
    file: &'a str,
    environment: &'a [(&'a str, &'a str)],
    flags: &'a [(&'static str, &'a str)],
}

fn load(case: &Case<'_>) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let pairs = case.environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let flags = case.flags.iter().map(|(key, value)| (*key, (*value).to_owned()));
    for (name, text, mode) in [
        ("mirror.toml", case.file, if case.file.starts_with("# open") { 0o644 } else { 0o640 }),
        ("empty", "\n", 0o600),
        ("secret", "from-file\n", 0o600),
        ("open-secret", "from-file\n", 0o644),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
        fs::set_permissions(dir.path().join(name), Permissions::from_mode(mode)).unwrap();
    }
    let sources = Sources {
        working_dir: dir.path().to_owned(),
        file: None,
        environment: pairs.collect(),
        flags: flags.collect(),
    };
    let hide = |text: String| text.replace(&dir.path().display().to_string(), ".");
    let mut config = sources.load().map_err(|error| ConfigError { place: hide(error.place), ..error })?;
    for place in config.places.values_mut() {
        if let Place::File(file, _) = place {
            *file = hide(file.display().to_string()).into();
        }
    }
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
        expect![[r#"
            ./mirror.toml:2: unknown key 'lanes.in_flihgt'; did you mean 'lanes.in_flight'?
              2 | in_flihgt = ...
                | ^^^^^^^^^"#]],
    );
    check(
        "in_flight = 3",
        &[],
        expect![[r#"
            ./mirror.toml:1: unknown key 'in_flight'; did you mean 'lanes.in_flight'?
              1 | in_flight = 3
                | ^^^^^^^^^"#]],
    );
    check(
        "# a\n\n[lane]\nin_flight = 3",
        &[],
        expect![[r#"
            ./mirror.toml:3: unknown key 'lane'; did you mean 'lanes'?
              3 | [lane]
                |  ^^^^"#]],
    );
    check(
        "zebra = 1",
        &[],
        expect![[r#"
        ./mirror.toml:1: unknown key 'zebra'
          1 | zebra = ...
            | ^^^^^"#]],
    );
    check(
        "lanes = 1",
        &[],
        expect![[r#"
        ./mirror.toml:1: 'lanes' is a section: write [lanes]
          1 | lanes = ...
            | ^^^^^"#]],
    );
    check(
        "[lanes]\nin_flight = \"many\"",
        &[],
        expect![[r#"
            ./mirror.toml:2: invalid type: string "many", expected a whole number
              2 | in_flight = "many"
                |             ^^^^^^"#]],
    );
    check(
        "[lanes]\nin_flight = 0",
        &[],
        expect![[r#"
            ./mirror.toml:2: lanes.in_flight is 0, but must be 1 to 1024
              2 | in_flight = 0
                | ^^^^^^^^^"#]],
    );
    check(
        "node = \"Main Node\"",
        &[],
        expect![[r#"
            ./mirror.toml:1: a node name is 1 to 16 of a-z, 0-9 and '-', not "Main Node"
              1 | node = "Main Node"
                |        ^^^^^^^^^^^"#]],
    );
    check(
        "node = ",
        &[],
        expect![[r#"
        ./mirror.toml:1: string values must be quoted, expected literal string
          1 | node = 
            |        ^"#]],
    );
    check(
        "[telemetry]\nformat = \"xml\"",
        &[],
        expect![[r#"
            ./mirror.toml:2: unknown variant `xml`, expected `text` or `json`
              2 | format = "xml"
                |          ^^^^^"#]],
    );
    check(
        "[telemetry]\nmetrics = \"9464\"",
        &[],
        expect![[r#"
            ./mirror.toml:2: '9464' is no address to listen on, such as '127.0.0.1:9464'
              2 | metrics = "9464"
                |           ^^^^^^"#]],
    );
    check(
        "[console]\nlisten = \"8467\"",
        &[],
        expect![[r#"
        ./mirror.toml:2: '8467' is neither 'off' nor an address such as '127.0.0.1:8467'
          2 | listen = "8467"
            |          ^^^^^^"#]],
    );
    check(
        "[console]\nhosts = \"https://mirror.example.org\"",
        &[],
        expect![[r#"
        ./mirror.toml:2: 'https://mirror.example.org' is no name of a host such as 'mirror.example.org', without scheme and port
          2 | hosts = "https://mirror.example.org"
            | ^^^^^"#]],
    );
    check(
        "[console]\nhosts = 7",
        &[],
        expect![[r#"
        ./mirror.toml:2: expected names of hosts, with commas between them or as a list
          2 | hosts = 7
            |         ^"#]],
    );
    check("[console]\nlisten = \"off\"\nhosts = [\"a.example\", \"[::1]\"]", &[], expect!["fine"]);
    check(
        "[discord]\napi = \"discord.com\"",
        &[],
        expect![[r#"
            ./mirror.toml:2: discord.api is 'discord.com', but must begin with http:// or https://
              2 | api = "discord.com"
                | ^^^"#]],
    );
    check(
        "[discord]\ngateway = \"http://x\"",
        &[],
        expect![[r#"
            ./mirror.toml:2: discord.gateway is 'http://x', but must begin with ws:// or wss://
              2 | gateway = "http://x"
                | ^^^^^^^"#]],
    );
    check(
        "[discord]\ntoken_file = \"nowhere\"",
        &[],
        expect!["./nowhere: no token here: No such file or directory (os error 2)"],
    );
    check("[discord]\ntoken_file = \"empty\"", &[], expect!["./empty: the token file is empty"]);
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
    let table = sources::parse(shown, Path::new("config.example.toml")).unwrap().table;
    for (key, _) in KEYS {
        let value =
            key.split('.').try_fold(&toml::Value::Table(table.clone()), |at, part| at.get(part)).cloned();
        assert!(value.is_some(), "{key} is not in the example");
    }
    let example: Config = toml::from_str(text).unwrap();
    assert_eq!(format!("{example:?}"), format!("{:?}", Config::default()));
}

#[test]
fn hosts_are_a_list_or_words_with_commas() {
    let check = |file: &str, environment: &[(&str, &str)], wanted: &str| {
        let config = load(&Case { file, environment, flags: &[] }).unwrap();
        assert_eq!(config.console.hosts.to_string(), wanted);
    };
    check("", &[], "");
    check("[console]\nhosts = \" A.example ,, b.example\"", &[], "a.example, b.example");
    check("[console]\nhosts = [\"A.example\", \"b.example\"]", &[], "a.example, b.example");
    check("[console]\nhosts = [\"a.example\"]", &[("MIRROR_CONSOLE_HOSTS", "c.example")], "c.example");
}

/// What stands behind a misspelt key may be a token.
#[test]
fn no_secret_is_in_an_error() {
    for file in [
        "[discord]\ntokne = \"hunter2\"",
        "[discord]\ntoken = hunter2",
        "[discord]\ntoken = [\"hunter2\"]",
        "[discord]\ntoken = \"hunter2",
        "[discord]\ntoken = \"hunter2\"\ntoken = \"hunter2\"",
        "[discord]\ntoken = \"\"\"\nhunter2\\q\"\"\"",
        "log = \"rabbitmq://me:hunter2@there\"\nlgo = 1",
        "log = \"cql://me:hunter2@there\"",
        "[hints]\nurl = \"amqp://me:hunter2@there\"",
    ] {
        let error = load(&Case { file, environment: &[], flags: &[] }).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{file}: {error}");
    }
}

#[test]
fn a_file_that_everybody_may_read_holds_no_secret() {
    check(
        "# open\n[discord]\ntoken = \"x\"",
        &[],
        expect![
            "./mirror.toml: holds the token, and everybody on this machine may read it: chmod 600 it, and change the token"
        ],
    );
    check(
        "# open\nlog = \"rabbitmq://me:x@h\"\nviews = \"cql://h/k\"",
        &[],
        expect![
            "./mirror.toml: holds the password, and everybody on this machine may read it: chmod 600 it, and change the password"
        ],
    );
    check("# open\nlog = \"rabbitmq://h\"\nviews = \"cql://h/k\"", &[], expect!["fine"]);
    check("[discord]\ntoken = \"x\"", &[], expect!["fine"]);
    check(
        "[discord]\ntoken_file = \"open-secret\"",
        &[],
        expect![
            "./open-secret: holds the token, and everybody on this machine may read it: chmod 600 it, and change the token"
        ],
    );
    check("[discord]\ntoken_file = \"secret\"", &[], expect!["fine"]);
}

/// What it prints is a file that says the same, but for secrets.
#[test]
fn what_is_configured_is_shown_with_its_place() {
    let file =
        "node = \"one\"\nlog = \"rabbitmq://me:hunter2@h\"\nviews = \"cql://h/k\"\n[lanes]\nin_flight = 3";
    let environment = [("MIRROR_DISCORD_TOKEN", "hunter2"), ("MIRROR_LANES_QUEUE_MAX", "7")];
    let config = load(&Case { file, environment: &environment, flags: &[("data_dir", "d")] }).unwrap();
    let shown = text(&config.lines());
    expect![[r#"
        data_dir = "./d"                             # --data-dir
        node = "one"                                 # ./mirror.toml:1
        log = "rabbitmq://me:...@h"                  # ./mirror.toml:2
        views = "cql://h/k"                          # ./mirror.toml:3
        # hints: not set

        [discord]
        token = "(hidden)"                           # MIRROR_DISCORD_TOKEN
        # token_file: not set
        api = "https://discord.com/api"              # default
        # gateway: not set
        rate_limits = true                           # default
        channel_per_minute = 30                      # default
        # shards: not set
        system_messages = ""                         # default
        upload_max_bytes = 10485760                  # default
        # cdn: not set

        [lanes]
        in_flight = 3                                # ./mirror.toml:5
        deadline_ms = 10000                          # default
        settle_wait_ms = 15000                       # default
        removals_per_hour = 20                       # default
        queue_max = 7                                # MIRROR_LANES_QUEUE_MAX

        [cluster]
        name = "mirror"                              # default
        partitions = 16                              # default
        replication = "SimpleStrategy:1"             # default
        lease_ms = 20000                             # default
        outbox_mb = 1024                             # default
        outbox_keep_s = 600                          # default

        [archive]
        # url: not set
        seal_events = 10000                          # default
        seal_minutes = 60                            # default
        margin_seconds = 60                          # default

        [console]
        listen = "127.0.0.1:8467"                    # default
        hosts = ""                                   # default

        [telemetry]
        level = "info"                               # default
        format = "text"                              # default
        # metrics: not set
    "#]]
    .assert_eq(&shown);
    assert!(!format!("{shown} {}", json(&config.lines())).contains("hunter2"));
    let again = load(&Case { file: &shown, environment: &[], flags: &[] }).unwrap();
    let values = |config: &Config| config.lines().into_iter().map(|line| line.value).collect::<Vec<_>>();
    let (mut first, mut second) = (values(&config), values(&again));
    // The data directory is where the file is.
    first.remove(0);
    second.remove(0);
    assert_eq!(first, second);
    let default = json(&Config::default().lines());
    assert_eq!(default["lanes.in_flight"], serde_json::json!({"value": 64, "from": "default"}));
}

#[test]
fn stores_that_do_not_fit_together_are_told_without_their_passwords() {
    check(
        "log = \"rabbitmq://me:hunter2@there\"",
        &[],
        expect![[r#"
            ./mirror.toml:1: log is on RabbitMQ, so views must be 'cql://...'
              1 | log = ...
                | ^^^"#]],
    );
    check(
        "views = \"cql://me:hunter2@there/mirror\"",
        &[],
        expect![[r#"
            ./mirror.toml:1: views are on CQL, so log must be 'rabbitmq://...'
              1 | views = ...
                | ^^^^^"#]],
    );
    check(
        "log = \"kafka://me:hunter2@there\"",
        &[],
        expect![[r#"
            ./mirror.toml:1: log must begin with rabbitmq:// or rabbitmqs://
              1 | log = ...
                | ^^^"#]],
    );
    check("", &[("MIRROR_LOG", "rabbitmq://h"), ("MIRROR_VIEWS", "cql://h/k")], expect!["fine"]);
    check(
        "log = \"rabbitmq://h\"\nviews = \"cql://h/k\"\n[cluster]\nlease_ms = 4000",
        &[],
        expect![[r#"
            ./mirror.toml:4: lanes.deadline_ms is 10000, but must be at most half of cluster.lease_ms (4000)
              4 | lease_ms = 4000
                | ^^^^^^^^"#]],
    );
    check(
        "[log]\nlevel = \"info\"",
        &[],
        expect![[r#"
            ./mirror.toml:1: what was [log] is [telemetry] now; log says where the log is
              1 | [log]
                |  ^^^"#]],
    );
}
