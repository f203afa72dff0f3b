//! Types and ranges: each wrong value names its line, its variable or its flag.

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "a row of a table")]
fn check_flags(flags: &[(&'static str, &str)], expected: Expect) {
    let got = load(&Case { file: "", environment: &[], flags }).map(|_| "fine".to_owned());
    expected.assert_eq(&got.unwrap_or_else(|error| error.to_string()));
}

#[test]
fn each_type_and_range_names_the_line_the_variable_or_the_flag() {
    check(
        "[lanes]\ndeadline_ms = 10.5",
        &[],
        expect![[r#"
        ./mirror.toml:2: invalid type: floating point `10.5`, expected a whole number
          2 | deadline_ms = 10.5
            |               ^^^^"#]],
    );
    check(
        "[lanes]\ndeadline_ms = -1",
        &[],
        expect![[r#"
        ./mirror.toml:2: invalid value: integer `-1`, expected a whole number
          2 | deadline_ms = -1
            |               ^^"#]],
    );
    check(
        "[lanes]\nsettle_wait_ms = true",
        &[],
        expect![[r#"
        ./mirror.toml:2: invalid type: boolean `true`, expected a whole number
          2 | settle_wait_ms = true
            |                  ^^^^"#]],
    );
    check(
        "[lanes]\n\n  queue_max = 0 # none",
        &[],
        expect![[r#"
        ./mirror.toml:3: lanes.queue_max is 0, but must be 1 to 1000000
          3 |   queue_max = 0 # none
            |   ^^^^^^^^^"#]],
    );
    check(
        "lanes.queue_max = 0",
        &[],
        expect![[r#"
        ./mirror.toml:1: lanes.queue_max is 0, but must be 1 to 1000000
          1 | lanes.queue_max = 0
            |       ^^^^^^^^^"#]],
    );
    check(
        "lanes = { queue_max = 0 }",
        &[],
        expect![[r#"
        ./mirror.toml:1: lanes.queue_max is 0, but must be 1 to 1000000
          1 | lanes = ...
            |           ^"#]],
    );
    check(
        "[lanes]\nremovals_per_hour = 10001",
        &[],
        expect![[r#"
        ./mirror.toml:2: lanes.removals_per_hour is 10001, but must be 0 to 10000
          2 | removals_per_hour = 10001
            | ^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        "[discord]\nrate_limits = \"no\"",
        &[],
        expect![[r#"
        ./mirror.toml:2: invalid type: string "no", expected a boolean
          2 | rate_limits = "no"
            |               ^^^^"#]],
    );
    check(
        "[discord]\nshards = 0",
        &[],
        expect![[r#"
        ./mirror.toml:2: discord.shards is 0, but must be 1 to 10000
          2 | shards = 0
            | ^^^^^^"#]],
    );
    check(
        "[discord]\nchannel_per_minute = 100001",
        &[],
        expect![[r#"
        ./mirror.toml:2: discord.channel_per_minute is 100001, but must be 0 to 100000
          2 | channel_per_minute = 100001
            | ^^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        "[discord]\nupload_max_bytes = 100000000",
        &[],
        expect![[r#"
        ./mirror.toml:2: discord.upload_max_bytes is 100000000, but must be 0 to 25952256
          2 | upload_max_bytes = 100000000
            | ^^^^^^^^^^^^^^^^"#]],
    );
    check(
        "[discord]\nsystem_messages = \"pins, jions\"",
        &[],
        expect![[r#"
        ./mirror.toml:2: 'jions' is none of pins, joins, boosts, polls
          2 | system_messages = "pins, jions"
            |                   ^^^^^^^^^^^^^"#]],
    );
    check(
        "[discord]\ncdn = \"cdn.example.org\"",
        &[],
        expect![[r#"
        ./mirror.toml:2: discord.cdn is 'cdn.example.org', but must be http://HOST:PORT or https://HOST:PORT
          2 | cdn = "cdn.example.org"
            | ^^^"#]],
    );
    check(
        "[cluster]\npartitions = 5000",
        &[],
        expect![[r#"
        ./mirror.toml:2: cluster.partitions is 5000, but must be 1 to 4096
          2 | partitions = 5000
            | ^^^^^^^^^^"#]],
    );
    check(
        "[cluster]\noutbox_mb = 0",
        &[],
        expect![[r#"
        ./mirror.toml:2: cluster.outbox_mb is 0, but must be 1 to 1000000
          2 | outbox_mb = 0
            | ^^^^^^^^^"#]],
    );
    check(
        "[archive]\nseal_events = 99",
        &[],
        expect![[r#"
        ./mirror.toml:2: archive.seal_events is 99, but must be 100 to 1000000
          2 | seal_events = 99
            | ^^^^^^^^^^^"#]],
    );
    check(
        "[archive]\nurl = 7",
        &[],
        expect![[r#"
        ./mirror.toml:2: invalid type: integer `7`, expected a string
          2 | url = 7
            |       ^"#]],
    );
    check(
        "[telemetry]\nlevel = []",
        &[],
        expect![[r#"
        ./mirror.toml:2: invalid type: sequence, expected a string
          2 | level = []
            |         ^^"#]],
    );
    check(
        "[lanes]\nin_flight = 3\nin_flight = 4",
        &[],
        expect![[r#"
        ./mirror.toml:3: duplicate key
          3 | in_flight = 4
            | ^^^^^^^^^"#]],
    );
    check(
        "[lanes]\n[lanes]",
        &[],
        expect![[r#"
        ./mirror.toml:2: duplicate key
          2 | [lanes]
            |  ^^^^^"#]],
    );
    check(
        "[lanes\nin_flight = 3",
        &[],
        expect![[r#"
        ./mirror.toml:1: unclosed table, expected `]`
          1 | [lanes
            |       ^"#]],
    );
    check(
        "node = \"a\" \"b\"",
        &[],
        expect![[r#"
        ./mirror.toml:1: unexpected key or value, expected newline, `#`
          1 | node = "a" "b"
            |            ^"#]],
    );
    check(
        "node = 'unclosed",
        &[],
        expect![[r#"
        ./mirror.toml:1: invalid literal string, expected `'`
          1 | node = 'unclosed
            |                 ^"#]],
    );
    check(
        "",
        &[("MIRROR_LANES_IN_FLIGHT", "0")],
        expect!["MIRROR_LANES_IN_FLIGHT: lanes.in_flight is 0, but must be 1 to 1024"],
    );
    check(
        "[lanes]\nin_flight = 3",
        &[("MIRROR_LANES_IN_FLIGHT", "5000")],
        expect!["MIRROR_LANES_IN_FLIGHT: lanes.in_flight is 5000, but must be 1 to 1024"],
    );
    check(
        "",
        &[("MIRROR_DISCORD_API", "ftp://x")],
        expect!["MIRROR_DISCORD_API: discord.api is 'ftp://x', but must begin with http:// or https://"],
    );
    check(
        "",
        &[("MIRROR_DISCORD_SHARDS", "1.5")],
        expect!["MIRROR_DISCORD_SHARDS: '1.5' is not a whole number"],
    );
    check(
        "",
        &[("MIRROR_TELEMETRY_FORMAT", "JSON")],
        expect!["MIRROR_TELEMETRY_FORMAT: unknown variant `JSON`, expected `text` or `json`"],
    );
    check(
        "",
        &[("MIRROR_TELEMETRY_METRICS", "localhost")],
        expect!["MIRROR_TELEMETRY_METRICS: 'localhost' is no address to listen on, such as '127.0.0.1:9464'"],
    );
    check(
        "",
        &[("MIRROR_DISCORD_TOKEN_FILE", "missing")],
        expect!["./missing: no token here: No such file or directory (os error 2)"],
    );
    check(
        "",
        &[("MIRROR_VIEWS", "cql://me:hunter2@h/k")],
        expect!["MIRROR_VIEWS: views are on CQL, so log must be 'rabbitmq://...'"],
    );
    check(
        "",
        &[("MIRROR_DISCORD_TOKNE", "hunter2")],
        expect!["variable MIRROR_DISCORD_TOKNE means nothing here; did you mean 'MIRROR_DISCORD_TOKEN'?"],
    );
    check("", &[("MIRROR_LANES_IN_FLIGHT", "")], expect!["MIRROR_LANES_IN_FLIGHT: '' is not a whole number"]);
    check_flags(
        &[("node", "Main Node")],
        expect![[r#"--node: a node name is 1 to 16 of a-z, 0-9 and '-', not "Main Node""#]],
    );
    check_flags(
        &[("discord.api", "nonsense")],
        expect!["--api: discord.api is 'nonsense', but must begin with http:// or https://"],
    );
    check_flags(
        &[("discord.gateway", "https://x")],
        expect!["--gateway: discord.gateway is 'https://x', but must begin with ws:// or wss://"],
    );
}
