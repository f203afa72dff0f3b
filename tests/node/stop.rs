//! A graceful stop under load: in time, with nothing lost or doubled, and nothing left behind.

use crate::stage::{MIRROR, STOP_MAX, Stage};
use standin::{Change, Faults, Matcher, Rate, RestFault, RouteKind};
use std::time::Instant;

const SAID: usize = 300;

/// Requests take a while, so that some are in flight at any moment.
fn slow() -> Faults {
    let fault = RestFault::LateEffect { effect_ms: 20, answer_ms: 60 };
    let rate = Rate { p: 1.0, on: Matcher::kind(RouteKind::ExecuteWebhook), fault };
    Faults { rates: vec![rate], ..Faults::none() }
}

async fn check(name: &str) {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    stage.discord.set_faults(slow());
    let (source, receivers) = (stage.channels[0], &stage.channels[1..]);
    let said: Vec<String> = (0..SAID).map(|number| format!("message {number}")).collect();
    for text in &said {
        stage.say(source, text);
    }
    let some = || receivers.iter().all(|channel| stage.texts(*channel).len() > 10).then_some(());
    stage.until("some copies are there", some).await;

    let began = Instant::now();
    assert_eq!(node.signal(name).await, Some(0), "SIG{name}: {}", stage.tail());
    let took = began.elapsed();
    assert!(took < STOP_MAX, "SIG{name}: the stop took {took:?}");
    assert!(!stage.data().join("admin.sock").exists(), "the admin socket is left behind");
    let there = stage.texts(receivers[0]).len();
    assert!(there < SAID, "all was there before the stop: it tested nothing");
    // What is said while no node runs, the next one is told.
    stage.say(source, "meanwhile");

    stage.discord.set_faults(Faults::none());
    let node = stage.start().await;
    let wanted: Vec<String> = said.into_iter().chain(["meanwhile".to_owned()]).collect();
    for channel in receivers {
        stage.until_texts(*channel, &wanted).await;
    }
    assert_eq!(stage.deeds(Change::Delete), 0, "something had to be put right");
    node.stop().await;
    stage.done(&["verify", "--mirror", MIRROR]).await;
}

#[tokio::test]
async fn sigterm_under_load_loses_and_doubles_nothing() {
    check("TERM").await;
}

#[tokio::test]
async fn sigint_under_load_loses_and_doubles_nothing() {
    check("INT").await;
}
