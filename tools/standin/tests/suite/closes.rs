//! Every close code at its cause and on demand; connections that beat, or do not, or fall silent.

use expect_test::expect;
use standin::{Config, Privileged, Rules};

use crate::{check, check_with};

fn rules(rules: Rules) -> Config {
    Config { unlimited: true, gateway: rules, ..Config::default() }
}

/// 33 is GUILDS and GUILD_WEBHOOKS; bit 18 is none; GUILD_PRESENCES was not enabled. Home and two more are one too many.
#[test]
fn an_identify_is_refused_for_its_cause() {
    check_with(
        rules(Rules { guilds_per_shard_max: 2, ..Rules::default() }),
        r#"ws a
         a reads 1
         a send {"op":2,"d":{"token":"wrong","intents":33,"properties":{}}}
         a reads 1
         ws b
         b reads 1
         b identify 33 4/4
         b reads 1
         ws c
         c reads 1
         c send {"op":2,"d":{"token":"standin-bot-token","intents":33,"shard":["x"],"properties":{}}}
         c reads 1
         ws d
         d reads 1
         d identify 262144
         d reads 1
         ws e
         e reads 1
         e identify 256
         e reads 1
         ws f
         f reads 1
         f send {"op":2,"d":{"token":"standin-bot-token","properties":{}}}
         f reads 1
         guild harbour
         guild market
         ws g
         g reads 1
         g identify 33 0/1
         g reads 1
         ws h
         h reads 1
         h send {"op":6,"d":{"token":"wrong","session_id":"x","seq":1}}
         h reads 1"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a send {"op":2,"d":{"token":"wrong","intents":33,"properties":{}}}
            > a reads 1
              closed 4004
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify 33 4/4
            > b reads 1
              closed 4010
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c send {"op":2,"d":{"token":"standin-bot-token","intents":33,"shard":["x"],"properties":{}}}
            > c reads 1
              closed 4010
            > ws d
            > d reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > d identify 262144
            > d reads 1
              closed 4013
            > ws e
            > e reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > e identify 256
            > e reads 1
              closed 4014
            > ws f
            > f reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > f send {"op":2,"d":{"token":"standin-bot-token","properties":{}}}
            > f reads 1
              closed 4013
            > guild harbour
            > guild market
            > ws g
            > g reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > g identify 33 0/1
            > g reads 1
              closed 4011
            > ws h
            > h reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > h send {"op":6,"d":{"token":"wrong","session_id":"x","seq":1}}
            > h reads 1
              closed 4004
        "#]],
    );
}

#[test]
fn a_privileged_intent_is_a_matter_of_the_portal() {
    let privileged = Privileged { members: false, presences: true, content: false };
    check_with(
        rules(Rules { privileged, ..Rules::default() }),
        "GET /oauth2/applications/@me | flags
         ws a
         a reads 1
         a identify 2
         a reads 1
         ws b
         b reads 1
         b identify 32768
         b reads 1
         ws c
         c reads 1
         c identify 257
         c reads 1 application.flags",
        expect![[r#"
            > GET /oauth2/applications/@me | flags
              200 8192
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify 2
            > a reads 1
              closed 4014
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify 32768
            > b reads 1
              closed 4014
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c identify 257
            > c reads 1 application.flags
              1 READY 8192
        "#]],
    );
}

#[test]
fn a_seq_that_was_never_sent_ends_the_session() {
    check(
        "ws a
         a reads 1
         a identify
         a reads 2
         a gone
         ws b
         b reads 1
         b resume a 99
         b reads 1
         ws c
         c reads 1
         c resume a 2
         c reads 1",
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > a gone
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b resume a 99
            > b reads 1
              closed 4007
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c resume a 2
            > c reads 1
              {"d":false,"op":9,"s":null,"t":null}
        "#]],
    );
}

#[test]
fn more_than_120_frames_a_minute_close_and_the_session_stays() {
    let beats = "a send {\"op\":1,\"d\":null}\na reads 1\n".repeat(119);
    let script = format!(
        "ws a\na reads 1\na identify\na reads 2\n{beats}a send {{\"op\":1,\"d\":null}}\na reads 1\nws b\nb reads 1\nb resume a 2\nb reads 1"
    );
    let printed = crate::script::run(rules(Rules::default()), &script);
    let told: Vec<&str> = printed.lines().filter(|line| !line.starts_with('>')).map(str::trim).collect();
    assert_eq!(told[3..122], [r#"{"d":null,"op":11,"s":null,"t":null}"#; 119], "with IDENTIFY 120 in all");
    assert_eq!(told[122], "closed 4008");
    assert_eq!(told[124], "3 RESUMED");
}

/// Who beats stays; who does not is closed after half an interval more, and cannot resume.
#[test]
fn without_heartbeats_the_session_times_out() {
    check_with(
        rules(Rules { heartbeat_ms: 400, ..Rules::default() }),
        r#"ws a
         a reads 1
         a identify
         a reads 2
         ws b
         b reads 1
         b identify
         b reads 2
         a is quiet
         a is quiet
         a send {"op":1,"d":null}
         a reads 1
         b is quiet
         a is quiet
         b reads 1
         a send {"op":1,"d":null}
         a reads 1
         ws c
         c reads 1
         c resume b 2
         c reads 1
         ws d
         d reads 1
         d reads 1"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":400},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":400},"op":10,"s":null,"t":null}
            > b identify
            > b reads 2
              1 READY
              2 GUILD_CREATE
            > a is quiet
              yes
            > a is quiet
              yes
            > a send {"op":1,"d":null}
            > a reads 1
              {"d":null,"op":11,"s":null,"t":null}
            > b is quiet
              yes
            > a is quiet
              yes
            > b reads 1
              closed 4009
            > a send {"op":1,"d":null}
            > a reads 1
              {"d":null,"op":11,"s":null,"t":null}
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":400},"op":10,"s":null,"t":null}
            > c resume b 2
            > c reads 1
              {"d":false,"op":9,"s":null,"t":null}
            > ws d
            > d reads 1
              {"d":{"heartbeat_interval":400},"op":10,"s":null,"t":null}
            > d reads 1
              closed 4009
        "#]],
    );
}

#[test]
fn every_code_on_demand_and_which_of_them_end_the_session() {
    let mut told = Vec::new();
    for code in 4000..=4014 {
        let script = format!(
            "ws a\na reads 1\na identify\na reads 2\nclose {code}\na reads 1\nws b\nb reads 1\nb resume a 2\nb reads 1"
        );
        let printed = crate::script::run(rules(Rules::default()), &script);
        let lines: Vec<&str> = printed.lines().filter(|line| !line.starts_with('>')).map(str::trim).collect();
        assert_eq!(lines[3], format!("closed {code}"));
        told.push((code, lines[5] == "3 RESUMED"));
    }
    let resumable: Vec<u16> = told.iter().filter(|(_, resumes)| *resumes).map(|(code, _)| *code).collect();
    assert_eq!(resumable, [4000, 4001, 4002, 4003, 4005, 4006, 4008]);
}

#[test]
fn the_server_asks_for_a_heartbeat() {
    check(
        r#"ws a
         a reads 1
         a identify
         a reads 2
         beat
         a reads 1
         a send {"op":1,"d":2}
         a reads 1"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > beat
            > a reads 1
              {"d":null,"op":1,"s":null,"t":null}
            > a send {"op":1,"d":2}
            > a reads 1
              {"d":null,"op":11,"s":null,"t":null}
        "#]],
    );
}

/// No acknowledgement, no dispatch, no close; what was meant for it comes with the resume.
#[test]
fn a_silent_connection_stays_open_and_its_session_can_be_resumed() {
    check(
        r#"ws a
         a reads 1
         a identify
         a reads 2
         silence
         say general alice missed
         a send {"op":1,"d":2}
         a is quiet
         ws b
         b reads 1
         b resume a 2
         b reads 2 content
         a reads 1"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > silence
            > say general alice missed
            > a send {"op":1,"d":2}
            > a is quiet
              yes
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b resume a 2
            > b reads 2 content
              3 MESSAGE_CREATE missed
              4 RESUMED -
            > a reads 1
              cut
        "#]],
    );
}

#[test]
fn faults_strike_at_hello_identify_and_resume() {
    check(
        r#"faults {"gateway_script":[{"event":"HELLO","do":{"fault":"reconnect"}},{"event":"HELLO","nth":2,"do":{"fault":"close","code":4000}}]}
         ws a
         a reads 2
         ws b
         b reads 1
         faults {"gateway_script":[{"event":"IDENTIFY","do":{"fault":"close","code":4003}},{"event":"IDENTIFY","nth":2,"do":{"fault":"invalid","resumable":false}}]}
         ws c
         c reads 1
         c identify
         c reads 1
         ws d
         d reads 1
         d identify
         d reads 1
         d identify
         d reads 2
         d gone
         faults {"gateway_script":[{"event":"RESUME","do":{"fault":"session_lost"}},{"event":"RESUME","nth":2,"do":{"fault":"beat"}}]}
         ws e
         e reads 1
         e resume d 2
         e reads 1
         e resume d 2
         e reads 2
         noted"#,
        expect![[r#"
            > faults {"gateway_script":[{"event":"HELLO","do":{"fault":"reconnect"}},{"event":"HELLO","nth":2,"do":{"fault":"close","code":4000}}]}
            > ws a
            > a reads 2
              {"d":null,"op":7,"s":null,"t":null}
              cut
            > ws b
            > b reads 1
              closed 4000
            > faults {"gateway_script":[{"event":"IDENTIFY","do":{"fault":"close","code":4003}},{"event":"IDENTIFY","nth":2,"do":{"fault":"invalid","resumable":false}}]}
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c identify
            > c reads 1
              closed 4003
            > ws d
            > d reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > d identify
            > d reads 1
              {"d":false,"op":9,"s":null,"t":null}
            > d identify
            > d reads 2
              1 READY
              2 GUILD_CREATE
            > d gone
            > faults {"gateway_script":[{"event":"RESUME","do":{"fault":"session_lost"}},{"event":"RESUME","nth":2,"do":{"fault":"beat"}}]}
            > ws e
            > e reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > e resume d 2
            > e reads 1
              {"d":false,"op":9,"s":null,"t":null}
            > e resume d 2
            > e reads 2
              {"d":null,"op":1,"s":null,"t":null}
              3 RESUMED
            > noted
              reconnect HELLO
              close HELLO
              close IDENTIFY
              invalid IDENTIFY
              session_lost RESUME
              beat RESUME
        "#]],
    );
}

#[test]
fn the_new_faults_of_a_dispatch() {
    check(
        r#"ws a
         a reads 1
         a identify
         a reads 2
         faults {"gateway_script":[{"event":"MESSAGE_CREATE","do":{"fault":"beat"}},{"event":"MESSAGE_CREATE","nth":2,"do":{"fault":"zombie"}}]}
         say general alice one
         a reads 2 content
         say general alice two
         a is quiet
         ws b
         b reads 1
         b resume a 3
         b reads 2 content
         faults {"gateway_script":[{"event":"MESSAGE_CREATE","do":{"fault":"close","code":4000}},{"event":"MESSAGE_CREATE","nth":2,"do":{"fault":"invalid","resumable":true}}]}
         say general alice three
         b reads 2 content
         ws c
         c reads 1
         c resume a 6
         c reads 1
         say general alice four
         c reads 2 content
         c resume a 7
         c reads 2 content"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > faults {"gateway_script":[{"event":"MESSAGE_CREATE","do":{"fault":"beat"}},{"event":"MESSAGE_CREATE","nth":2,"do":{"fault":"zombie"}}]}
            > say general alice one
            > a reads 2 content
              3 MESSAGE_CREATE one
              {"d":null,"op":1,"s":null,"t":null}
            > say general alice two
            > a is quiet
              yes
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b resume a 3
            > b reads 2 content
              4 MESSAGE_CREATE two
              5 RESUMED -
            > faults {"gateway_script":[{"event":"MESSAGE_CREATE","do":{"fault":"close","code":4000}},{"event":"MESSAGE_CREATE","nth":2,"do":{"fault":"invalid","resumable":true}}]}
            > say general alice three
            > b reads 2 content
              6 MESSAGE_CREATE three
              closed 4000
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c resume a 6
            > c reads 1
              7 RESUMED
            > say general alice four
            > c reads 2 content
              8 MESSAGE_CREATE four
              {"d":true,"op":9,"s":null,"t":null}
            > c resume a 7
            > c reads 2 content
              8 MESSAGE_CREATE four
              9 RESUMED -
        "#]],
    );
}
