//! What is typed, and what is printed: transcripts over stores in memory.

mod archive;
mod lanes;
mod listing;
mod members;
mod replays;

use super::answer::{LaneLine, LaneState, LogEntry, NodeStatus};
use super::*;
use crate::cli::args::{Cli, Verb};
use crate::cli::print;
use clap::Parser;
use events::event::{Author, Created, Decor, Edited, Gap, GoneBy, Grant, Outcome, Receipt, Said, Shown};
use events::log::memory::MemoryLog;
use events::{GuildId, MessageId, UserId, WebhookId};
use expect_test::Expect;
use projections::lane::LaneRow;
use projections::lanes::{Lanes, Saved, memory::MemoryLanes};
use projections::views::memory::MemoryViews;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tools::follow::Stepper;

/// 2025-11-24T16:00:00Z, and a second more each time that somebody looks.
struct Ticks(AtomicI64);

const START: i64 = 1_764_000_000_000_000;

impl Clock for Ticks {
    fn now(&self) -> Version {
        Version(self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
}

/// A node that knows one channel, and notes what it is told.
#[derive(Default)]
struct Node {
    told: Mutex<Vec<String>>,
}

#[async_trait]
impl Live for Node {
    async fn status(&self) -> NodeStatus {
        let lane = LaneLine {
            mirror: MirrorId::default(),
            mirror_name: String::new(),
            channel: ChannelId(42),
            name: String::new(),
            state: LaneState::Working,
            lag: Some(3),
        };
        NodeStatus {
            name: "main".into(),
            pid: 7,
            version: "0.1.0".into(),
            started: Version(START),
            session: "connected".into(),
            connected: Some(true),
            troubles: Vec::new(),
            outbox: None,
            lanes: vec![LaneLine { mirror: id(1), ..lane }],
        }
    }
    async fn channel(&self, channel: ChannelId) -> Option<ChannelInfo> {
        let info = ChannelInfo { guild: GuildId(40), name: "games".into(), ..ChannelInfo::default() };
        match channel.0 {
            45 => Some(info),
            46 => Some(ChannelInfo { is_forum: true, ..info }),
            _ => None,
        }
    }
    async fn drain(&self) -> Result<(), CommandError> {
        Ok(())
    }

    async fn walk(&self, lane: LaneId, from: Offset) -> Result<(), CommandError> {
        self.told.lock().unwrap().push(format!("walk {} from {from}", lane.link));
        Ok(())
    }
    async fn release(&self, lane: LaneId, adopt: bool) -> Result<String, CommandError> {
        Ok(format!("released {} (adopt: {adopt})", lane.link))
    }
}

/// Collects what comes before the answer.
#[derive(Default)]
struct Printed(Mutex<String>);

impl Progress for Printed {
    fn report(&self, _: Meter) {}
}

#[async_trait]
impl Listener for Printed {
    async fn entry(&self, entry: LogEntry) -> bool {
        let mut text = self.0.lock().unwrap();
        *text += &format!("{}\n", print::entry(&entry));
        true
    }
}

fn id(number: u64) -> MirrorId {
    MirrorId(Uuid::from_u64_pair(number << 60, number))
}

struct Scene {
    desk: Desk,
    clock: Arc<Ticks>,
    node: Arc<Node>,
    lanes: Arc<MemoryLanes>,
}

impl Scene {
    fn new(running: bool) -> Self {
        let node: events::NodeId = "main".parse().unwrap();
        let lanes = Arc::new(MemoryLanes::new());
        let ports = Ports {
            log: Arc::new(MemoryLog::new(node)),
            views: Arc::new(MemoryViews::new()),
            lanes: lanes.clone(),
            node,
            partitions: 1,
        };
        let numbers = AtomicU64::new(1);
        let ids = move || id(numbers.fetch_add(1, Ordering::Relaxed)).0;
        let live = Arc::new(Node::default());
        let clock = Arc::new(Ticks(AtomicI64::new(START)));
        let desk = Desk {
            is_shared: false,
            archive: None,
            leases: Arc::new(projections::leases::memory::MemoryLeases::new()),
            follow: Arc::new(Stepper::new(ports.clone())),
            ports,
            clock: clock.clone(),
            ids: Arc::new(ids),
            live: running.then(|| live.clone() as Arc<dyn Live>),
        };
        Self { desk, clock, node: live, lanes }
    }

    /// What a line of words prints, with its exit code where that is not 0.
    async fn said(&self, words: &str) -> String {
        let words: Vec<_> = ["mirror"].into_iter().chain(words.split_whitespace()).collect();
        let command = match Cli::try_parse_from(words) {
            Ok(Cli { verb: Verb::Command(command), .. }) => command,
            Ok(_) => return "no command\n".to_owned(),
            Err(error) => {
                let text = error.to_string();
                let first: Vec<_> = text.lines().take_while(|line| !line.starts_with("Usage")).collect();
                return format!("{}\n(2)\n", first.join("\n").trim());
            }
        };
        let printed = Printed::default();
        let (text, code) = match execute(&self.desk, command, &printed).await {
            Ok(answer) => (print::text(&answer), i32::from(!answer.is_fine())),
            Err(error @ CommandError::Wrong(_)) => (format!("{error}\n"), 2),
            Err(error @ CommandError::Failed(_)) => (format!("{error}\n"), 1),
        };
        let entries = printed.0.into_inner().unwrap();
        entries + &text + &if code == 0 { String::new() } else { format!("({code})\n") }
    }

    async fn tell(&self, events: Vec<Event>) {
        self.desk.append(id(1), events).await.unwrap();
    }
}

async fn check(scene: &Scene, lines: &[&str], expected: Expect) {
    let mut transcript = String::new();
    for line in lines {
        transcript += &format!("$ mirror {line}\n{}", scene.said(line).await);
    }
    // Times of the machine, not of the story.
    let settled = transcript.lines().map(|line| match line.split_once(" cells in ") {
        Some((head, _)) => format!("{head} cells"),
        None => line.to_owned(),
    });
    expected.assert_eq(&settled.fold(String::new(), |text, line| text + &line + "\n"));
}

fn run(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(story);
}

fn message(number: u64) -> MessageId {
    MessageId(MessageId::first_at(Version(START + 3_600_000_000)).0 + (number << 22))
}

fn fact(number: u64, seconds: i64, body: Body) -> Event {
    let version = Version(START + 3_600_000_000 + seconds * 1_000_000);
    Event {
        id: EventId(Uuid::from_u64_pair(number, seconds.unsigned_abs() + 100)),
        mirror: id(1),
        place: Place { channel: ChannelId(42), message: message(number), ..Place::default() },
        version,
        observed: version,
        producer: Producer::default(),
        body,
        raw: bytes::Bytes::new(),
    }
}

fn said(text: &str) -> Said {
    Said { text: text.into(), ..Said::default() }
}

fn created(number: u64, text: &str) -> Event {
    let author = Author { id: UserId(77), name: "Ann".into(), username: "ann".into(), ..Author::default() };
    let body = Created {
        author,
        said: Some(said(text)),
        reply_to: None,
        decor: Decor::default(),
        kind: 0,
        thread: None,
    };
    Event { version: message(number).made(), ..fact(number, 0, Body::Created(body)) }
}

fn shown(number: u64, seconds: i64, (link, copy): (u64, u64)) -> Event {
    let shown = Shown {
        version: message(number).made(),
        hash: 1,
        webhook: WebhookId(9),
        last: true,
        files: Vec::new(),
    };
    receipt(number, seconds, (link, copy), Outcome::Shown(shown))
}

fn receipt(number: u64, seconds: i64, (link, copy): (u64, u64), outcome: Outcome) -> Event {
    let receipt = Receipt { link: ChannelId(link), part: 0, copy: MessageId(copy), outcome, thread: None };
    fact(number, seconds, Body::Receipt(receipt))
}

/// Three channels, a message with two copies, of which one is gone, and a message without copies.
async fn conversation(scene: &Scene) {
    for line in ["42", "43 --receive-only", "44"] {
        scene.said(&format!("link lounge {line} --guild 40")).await;
    }
    let edited = Body::Edited(Edited { author: None, said: said("good evening to all of you") });
    scene
        .tell(vec![
            created(1, "good morning to all"),
            shown(1, 1, (43, 1430)),
            shown(1, 2, (44, 1440)),
            fact(1, 3, edited),
            receipt(1, 4, (44, 1440), Outcome::Gone(GoneBy::Another)),
            created(2, "anybody here?"),
        ])
        .await;
    scene.clock.0.store(START + 7_200_000_000, Ordering::Relaxed);
}
