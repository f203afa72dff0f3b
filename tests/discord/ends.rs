//! Every way in which Discord ends a connection: the session goes on and nothing is missed, or its loss is said, or the
//! node is told what to do.

use crate::gateway::{Running, SOON, Stage, run};
use mirror::discord::gateway::{Ended, FRAMES_MAX};
use standin::{Faults, GatewayFault, GatewayRule, Privileged, Rules};
use std::time::Duration;
use tokio::time::timeout;

/// For tests that wait for a missing acknowledgement.
const QUICK: u64 = 300;

fn quick() -> Stage {
    Stage::with(Rules { heartbeat_ms: QUICK, ..Rules::default() })
}

async fn connected(stage: &Stage) -> Running {
    let mut running = run(&stage.discord, None, 99, FRAMES_MAX);
    assert_eq!(running.happening().await, "ready");
    running
}

/// What is told until the session goes on or another begins, disconnects left out.
async fn told(running: &mut Running) -> Vec<&'static str> {
    let mut told = Vec::new();
    while !matches!(told.last(), Some(&("ready" | "resumed"))) {
        told.push(running.happening().await);
    }
    told.retain(|what| *what != "disconnected");
    told
}

fn fault(event: &str, fault: GatewayFault) -> Faults {
    Faults::gateway(vec![GatewayRule::next(event, fault)])
}

#[tokio::test]
async fn after_these_codes_the_session_goes_on() {
    let stage = Stage::with(Rules::default());
    let mut running = connected(&stage).await;
    for code in [4000, 4001, 4002, 4003, 4005, 4008, 4020] {
        stage.discord.close_all(code);
        stage.say(&format!("said at {code}"));
        assert_eq!(told(&mut running).await, ["resumed"], "{code}");
        assert_eq!(running.message().await.0, format!("said at {code}"));
    }
    assert_eq!(stage.discord.counts().identified, 1);
}

#[tokio::test]
async fn after_these_codes_its_loss_is_said() {
    let stage = Stage::with(Rules::default());
    let mut running = connected(&stage).await;
    for code in [4007, 4009] {
        stage.discord.close_all(code);
        assert_eq!(told(&mut running).await, ["lost", "ready"], "{code}");
        stage.say(&format!("said after {code}"));
        assert_eq!(running.message().await.0, format!("said after {code}"));
    }
}

/// And each names the setting, or the place in the developer portal.
#[tokio::test]
async fn after_these_codes_it_stops_and_says_what_to_do() {
    for (code, words) in [
        (4004, ["discord.token", "developer portal"]),
        (4010, ["discord.shards", "recommends"]),
        (4011, ["discord.shards", "recommends"]),
        (4012, ["version", "update mirror"]),
        (4013, ["intents", "developer portal"]),
        (4014, ["Message Content Intent", "Privileged Gateway Intents"]),
    ] {
        let stage = Stage::with(Rules::default());
        let running = connected(&stage).await;
        stage.discord.close_all(code);
        let ended = timeout(SOON, running.task).await.expect("it goes on").unwrap();
        let Ended::Fatal { code: found, what_to_do } = ended else { panic!("{code}: {ended:?}") };
        assert_eq!(found, code);
        assert!(words.iter().all(|word| what_to_do.contains(word)), "{code}: {what_to_do}");
        let counts = stage.discord.counts();
        assert_eq!((counts.identified, counts.resumed), (1, 0), "{code}: it connected again");
    }
}

#[tokio::test]
async fn what_the_portal_or_the_number_of_guilds_refuses_is_told_as_such() {
    let content = Privileged { content: false, ..Privileged::default() };
    let refusing = [
        (4011, Rules { guilds_per_shard_max: 0, ..Rules::default() }),
        (4014, Rules { privileged: content, ..Rules::default() }),
    ];
    for (code, rules) in refusing {
        let stage = Stage::with(rules);
        let running = run(&stage.discord, None, 9, FRAMES_MAX);
        let ended = timeout(SOON, running.task).await.expect("it goes on").unwrap();
        assert!(matches!(ended, Ended::Fatal { code: found, .. } if found == code), "{ended:?}");
        assert_eq!(stage.discord.counts().refused_sessions, 1, "asked once");
    }
}

/// TCP says nothing: only the missing acknowledgement does.
#[tokio::test]
async fn a_silent_connection_is_noticed_and_nothing_is_missed() {
    let stage = quick();
    let mut running = connected(&stage).await;
    for round in 0..2 {
        stage.discord.silence_all();
        stage.say(&format!("unheard {round}"));
        assert_eq!(told(&mut running).await, ["resumed"]);
        assert_eq!(running.message().await.0, format!("unheard {round}"));
    }
    assert_eq!(stage.discord.counts().identified, 1);
}

/// A connection that is dead from the start, or dies while a session is taken up or begun.
#[tokio::test]
async fn faults_before_a_session_is_there_are_outlived() {
    let invalid = GatewayFault::Invalid { resumable: true };
    for (event, hit) in [
        ("HELLO", GatewayFault::Cut),
        ("HELLO", GatewayFault::Reconnect),
        ("HELLO", GatewayFault::Close { code: 4000 }),
        ("RESUME", GatewayFault::Cut),
        ("RESUME", GatewayFault::Close { code: 4000 }),
        ("RESUME", invalid),
        ("RESUME", GatewayFault::Beat),
    ] {
        let stage = quick();
        let mut running = connected(&stage).await;
        stage.discord.set_faults(fault(event, hit));
        stage.discord.cut_all();
        stage.say("meanwhile");
        assert_eq!(told(&mut running).await, ["resumed"], "{event} {hit:?}");
        assert_eq!(running.message().await.0, "meanwhile", "{event} {hit:?}");
        assert_eq!(stage.discord.faults().len(), 1, "{event} {hit:?}");
    }
}

#[tokio::test]
async fn an_identify_that_is_refused_for_now_is_sent_again() {
    for hit in
        [GatewayFault::Cut, GatewayFault::Close { code: 4000 }, GatewayFault::Invalid { resumable: false }]
    {
        let stage = quick();
        stage.discord.set_faults(fault("IDENTIFY", hit));
        let mut running = run(&stage.discord, None, 9, FRAMES_MAX);
        assert_eq!(told(&mut running).await.last(), Some(&"ready"), "{hit:?}");
        stage.say("hello");
        assert_eq!(running.message().await.0, "hello", "{hit:?}");
    }
}

#[tokio::test]
async fn op_1_is_answered_at_once() {
    const ASKED: u64 = 5;
    let stage = Stage::with(Rules::default());
    let running = connected(&stage).await;
    let before = stage.discord.counts().heartbeats;
    (0..ASKED).for_each(|_| stage.discord.beat_all());
    let beaten = async {
        while stage.discord.counts().heartbeats < before + ASKED {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, beaten).await.expect("the next heartbeat of its own is 41 seconds away");
    running.stopped().await;
}
/// One after another while much is said: each message arrives, in order.
#[tokio::test]
async fn nothing_is_missed_whatever_hits_a_dispatch() {
    const SAID: usize = 60;
    // Longer than the pause between reconnects, in which no heartbeat is sent.
    let stage = Stage::with(Rules { heartbeat_ms: 10 * QUICK, ..Rules::default() });
    let hits = [
        GatewayFault::Cut,
        GatewayFault::Beat,
        GatewayFault::Zombie,
        GatewayFault::Close { code: 4000 },
        GatewayFault::Invalid { resumable: true },
    ];
    let rule = |(at, hit): (u32, GatewayFault)| GatewayRule {
        nth: 10 * at,
        ..GatewayRule::next("MESSAGE_CREATE", hit)
    };
    let mut script: Vec<GatewayRule> = (1..).zip(hits).map(rule).collect();
    script.push(GatewayRule { nth: 2, ..GatewayRule::next("RESUME", GatewayFault::Cut) });
    let mut running = connected(&stage).await;
    stage.discord.set_faults(Faults::gateway(script));
    for n in 0..SAID {
        stage.say(&n.to_string());
        assert_eq!(running.message().await.0, n.to_string());
    }
    assert_eq!(stage.discord.faults().len(), hits.len() + 1);
    assert_eq!(stage.discord.counts().identified, 1);
}
