//! People who talk in many mirrors at once, and how long each waits for the first copy.

use crate::links::Channel;
use crate::stage::{PATIENCE, Stage};
use mirror::clock::{Clock as _, Wall};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use standin::{Happening, Permissions};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

/// Messages, and how many a second: far from all that one node can do, so that what is seen is waiting for others.
const MESSAGES: usize = 3_000;
const PER_SECOND: u32 = 100;
/// What the busy link owes from the first moment on.
const BURST: usize = 1_000;
/// Every so many messages are said in the dead link's mirror.
const DEAD_EVERY: usize = 20;

/// What is beside those who are measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nobody,
    Busy,
    Dead,
}

/// The first mirror is the busy one, the second the dead one; the others are measured.
pub(crate) fn load(stage: &Stage, groups: &[Vec<Channel>]) {
    let node = stage.start();
    for (beside, title) in [
        (Beside::Nobody, "by themselves"),
        (Beside::Busy, "beside a link that owes 1,000"),
        (Beside::Dead, "beside a dead link"),
        (Beside::Nobody, "by themselves again"),
    ] {
        let mut waits = talk(stage, groups, beside);
        waits.sort_unstable();
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
        println!(
            "    {PER_SECOND} messages/s {title:<30} p50 {} ms, p99 {} ms, max {} ms; resident {:.0} MiB",
            at(0.5),
            at(0.99),
            at(1.0),
            node.memory_mib("VmRSS")
        );
    }
    node.stop();
}

/// Milliseconds from each message to its copy, by the stand-in's clock.
fn talk(stage: &Stage, groups: &[Vec<Channel>], beside: Beside) -> Vec<u64> {
    let (busy, dead, others) = (&groups[0], &groups[1], &groups[2..]);
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut seen = stage.discord.subscribe();
    let mut said: HashMap<(u64, String), u64> = HashMap::new();
    let mut waits = Vec::new();
    if beside == Beside::Dead {
        for hook in stage.discord.webhooks(dead[1].id) {
            stage.discord.delete_webhook(hook);
        }
        let denied = Permissions { manage_webhooks: false, ..Permissions::default() };
        stage.discord.set_permissions(dead[1].id, denied);
    }
    let burst = if beside == Beside::Busy { BURST } else { 0 };
    for number in 0..burst {
        stage.discord.say(busy[0].id, stage.user, &format!("busy {number}"));
    }
    let began = Instant::now();
    for number in 0..MESSAGES {
        let due = began + Duration::from_secs(1) * number as u32 / PER_SECOND;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let group = &others[random.random_range(0..others.len())];
        let text = format!("message {number}");
        said.insert((group[1].id, text.clone()), now_ms());
        stage.discord.say(group[0].id, stage.user, &text);
        if beside == Beside::Dead && number % DEAD_EVERY == 0 {
            stage.discord.say(dead[0].id, stage.user, &text);
        }
        take(&mut seen, &mut said, &mut waits);
    }
    let last = Instant::now();
    while !said.is_empty() {
        assert!(last.elapsed() < PATIENCE, "{} copies never came", said.len());
        std::thread::sleep(Duration::from_millis(1));
        take(&mut seen, &mut said, &mut waits);
    }
    waits
}

fn now_ms() -> u64 {
    Wall.now().0.unsigned_abs() / 1_000
}

fn take(seen: &mut Receiver<Happening>, said: &mut HashMap<(u64, String), u64>, waits: &mut Vec<u64>) {
    loop {
        match seen.try_recv() {
            Ok(Happening::Posted(shown, _)) => {
                let key = (shown.channel, shown.content.to_string());
                waits.extend(said.remove(&key).map(|at| shown.created_ms.saturating_sub(at)));
            }
            Ok(_) => {}
            Err(TryRecvError::Lagged(missed)) => panic!("{missed} happenings were missed"),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        }
    }
}
