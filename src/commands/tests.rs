//! What is typed, and what is printed: transcripts over stores in memory.

use super::answer::{LaneLine, LaneState, LogEntry, NodeStatus};
use super::*;
use crate::cli::args::{Cli, Verb};
use crate::cli::print;
use clap::Parser;
use events::event::{Author, Created, Decor, Edited, GoneBy, Outcome, Receipt, Said, Shown};
use events::log::memory::MemoryLog;
use events::{GuildId, MessageId, UserId, WebhookId};
use expect_test::{Expect, expect};
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
            lanes: vec![LaneLine { mirror: id(1), ..lane }],
        }
    }
    async fn channel(&self, channel: ChannelId) -> Option<ChannelInfo> {
        (channel.0 == 45).then(|| ChannelInfo { guild: GuildId(40), parent: None, name: "games".into() })
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
    let body = Created { author, said: Some(said(text)), reply_to: None, decor: Decor::default(), kind: 0 };
    Event { version: message(number).made(), ..fact(number, 0, Body::Created(body)) }
}

fn shown(number: u64, seconds: i64, (link, copy): (u64, u64)) -> Event {
    let shown = Shown { version: message(number).made(), hash: 1, webhook: WebhookId(9), last: true };
    receipt(number, seconds, (link, copy), Outcome::Shown(shown))
}

fn receipt(number: u64, seconds: i64, (link, copy): (u64, u64), outcome: Outcome) -> Event {
    let receipt = Receipt { link: ChannelId(link), part: 0, copy: MessageId(copy), outcome };
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

#[test]
fn links_are_made_changed_and_cut() {
    run(async {
        let scene = Scene::new(false);
        let lines = [
            "mirrors",
            "link lounge https://discord.com/channels/40/42",
            "link lounge 42",
            "link lounge 43",
            "link lounge <#43> --guild 40 --receive-only --dry-run",
            "link lounge <#43> --guild 40 --receive-only",
            "link lounge 43 --backfill",
            "link lounge 43 --publish-only --backfill",
            "link launge 44 --guild 40 --dry-run",
            "link 12345 44 --guild 40",
            "link lounge general --guild 40",
            "link lounge 44 --guild xyz",
            "mirrors",
            "cut loun 43 --dry-run",
            "cut loun 43",
            "cut loun 43",
            "cut lounge 420",
            "cut lunge 43",
            "cut other 43",
            "link lounge 43",
            "mirrors",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror mirrors
            no mirrors yet; `mirror link NAME CHANNEL` makes one
            $ mirror link lounge https://discord.com/channels/40/42
            mirror 'lounge' is new
            linked channel 42 to 'lounge': publishes and receives, from 2025-11-24T16:00:02.000Z on
            $ mirror link lounge 42
            channel 42 is linked to 'lounge' already: publishes and receives, from 2025-11-24T16:00:02.000Z on
            $ mirror link lounge 43
            which guild channel 43 belongs to is not known: give its address (https://discord.com/channels/GUILD/CHANNEL) or --guild
            (2)
            $ mirror link lounge <#43> --guild 40 --receive-only --dry-run
            dry run, nothing was done: linked channel 43 to 'lounge': receives, from 2025-11-24T16:00:05.000Z on
            $ mirror link lounge <#43> --guild 40 --receive-only
            linked channel 43 to 'lounge': receives, from 2025-11-24T16:00:07.000Z on
            $ mirror link lounge 43 --backfill
            channel 43 takes part in 'lounge' differently now: publishes and receives, from the beginning of the mirror's history
            $ mirror link lounge 43 --publish-only --backfill
            error: the argument '--publish-only' cannot be used with '--backfill'
            (2)
            $ mirror link launge 44 --guild 40 --dry-run
            dry run, nothing was done: mirror 'launge' is new (there is 'lounge' too)
            dry run, nothing was done: linked channel 44 to 'launge': publishes and receives, from 2025-11-24T16:00:13.000Z on
            $ mirror link 12345 44 --guild 40
            '12345' cannot name a new mirror: 1 to 64 characters, no white space at its ends, more than digits, and no id of another
            (2)
            $ mirror link lounge general --guild 40
            'general' is no channel: give its id (42), <#42>, or its address (https://discord.com/channels/41/42)
            (2)
            $ mirror link lounge 44 --guild xyz
            'xyz' is no guild: give its id (41)
            (2)
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              43  guild 40  publishes and receives  from the beginning
            $ mirror cut loun 43 --dry-run
            dry run, nothing was done: cut channel 43 from 'lounge'; its copies stay as they are
            $ mirror cut loun 43
            cut channel 43 from 'lounge'; its copies stay as they are
            $ mirror cut loun 43
            channel 43 is cut from 'lounge' already
            $ mirror cut lounge 420
            '420' is no channel of 'lounge'; did you mean '42'?
            (2)
            $ mirror cut lunge 43
            there is no mirror 'lunge'; did you mean 'lounge'?
            (2)
            $ mirror cut other 43
            there is no mirror 'other'; `mirror mirrors` lists them
            (2)
            $ mirror link lounge 43
            linked channel 43 to 'lounge': publishes and receives, from 2025-11-24T16:00:19.000Z on
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              43  guild 40  publishes and receives  from 2025-11-24T16:00:19.000Z on
        "#]]).await;
    });
}

#[test]
fn bans_are_made_and_ended() {
    run(async {
        let scene = Scene::new(false);
        let lines = [
            "ban 77 --mirror lounge",
            "link lounge 42 --guild 40",
            "ban <@77> --mirror lounge --dry-run",
            "ban <@77> --mirror lounge",
            "ban 77 --mirror lounge",
            "ban 77 --mirror lounge --purge",
            "mirrors",
            "unban 77 --mirror lounge",
            "unban 77 --mirror lounge",
            "ban ann --mirror lounge",
            "ban 77",
            "log --kind granted --kind revoked",
        ];
        check(
            &scene,
            &lines,
            expect![[r#"
            $ mirror ban 77 --mirror lounge
            there is no mirror 'lounge', nor any other; `mirror link NAME CHANNEL` makes one
            (2)
            $ mirror link lounge 42 --guild 40
            mirror 'lounge' is new
            linked channel 42 to 'lounge': publishes and receives, from 2025-11-24T16:00:02.000Z on
            $ mirror ban <@77> --mirror lounge --dry-run
            dry run, nothing was done: banned user 77 from 'lounge'; copies of earlier messages stay
            $ mirror ban <@77> --mirror lounge
            banned user 77 from 'lounge'; copies of earlier messages stay
            $ mirror ban 77 --mirror lounge
            user 77 is banned from 'lounge' already
            $ mirror ban 77 --mirror lounge --purge
            banned user 77 from 'lounge'; copies of earlier messages are removed
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              banned: 77
            $ mirror unban 77 --mirror lounge
            user 77 is no longer banned from 'lounge'; messages written meanwhile are not sent
            $ mirror unban 77 --mirror lounge
            user 77 is not banned from 'lounge'
            $ mirror ban ann --mirror lounge
            'ann' is no user: give an id (77) or <@77>
            (2)
            $ mirror ban 77
            error: the following required arguments were not provided:
              --mirror <MIRROR>
            (2)
            $ mirror log --kind granted --kind revoked
                   2  2025-11-24T16:00:07.000Z  main  lounge  granted   user 77 banned
                   3  2025-11-24T16:00:10.000Z  main  lounge  granted   user 77 banned with purge
                   4  2025-11-24T16:00:12.000Z  main  lounge  revoked   user 77 banned
        "#]],
        )
        .await;
    });
}

#[test]
fn the_log_is_listed_and_filtered() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        let lines = [
            "log",
            "log --kind edited",
            "log --channel 44",
            "log --message 1430",
            "log --from 8 --until 10",
            "log --from 2025-11-24T17:00:02Z --limit 1",
            "log --mirror lounge --limit 1 --follow",
            "log --mirror loung3 --limit 1",
            "log --mirror games",
            "log --from yesterday",
            "log --kind edits",
            "log --from 99999",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror log
                   0  2025-11-24T16:00:01.000Z  main  lounge  declared  lounge
                   1  2025-11-24T16:00:03.000Z  main  lounge  linked    42 publishes receives
                   2  2025-11-24T16:00:05.000Z  main  lounge  linked    43 receives
                   3  2025-11-24T16:00:07.000Z  main  lounge  linked    44 publishes receives
                   4  2025-11-24T17:00:00.000Z  main  lounge  created   42/1442560396496994304 Ann: good morning to all
                   5  2025-11-24T17:00:01.000Z  main  lounge  receipt   43/1442560396496994304 copy 1430 part 0 shows 2025-11-24T17:00:00.001Z
                   6  2025-11-24T17:00:02.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 shows 2025-11-24T17:00:00.001Z
                   7  2025-11-24T17:00:03.000Z  main  lounge  edited    42/1442560396496994304 good evening to all of you
                   8  2025-11-24T17:00:04.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 gone by another
                   9  2025-11-24T17:00:00.000Z  main  lounge  created   42/1442560396501188608 Ann: anybody here?
            $ mirror log --kind edited
                   7  2025-11-24T17:00:03.000Z  main  lounge  edited    42/1442560396496994304 good evening to all of you
            $ mirror log --channel 44
                   3  2025-11-24T16:00:07.000Z  main  lounge  linked    44 publishes receives
                   6  2025-11-24T17:00:02.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 shows 2025-11-24T17:00:00.001Z
                   8  2025-11-24T17:00:04.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 gone by another
            $ mirror log --message 1430
                   5  2025-11-24T17:00:01.000Z  main  lounge  receipt   43/1442560396496994304 copy 1430 part 0 shows 2025-11-24T17:00:00.001Z
            $ mirror log --from 8 --until 10
                   8  2025-11-24T17:00:04.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 gone by another
                   9  2025-11-24T17:00:00.000Z  main  lounge  created   42/1442560396501188608 Ann: anybody here?
            $ mirror log --from 2025-11-24T17:00:02Z --limit 1
                   6  2025-11-24T17:00:02.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 shows 2025-11-24T17:00:00.001Z
            $ mirror log --mirror lounge --limit 1 --follow
                   0  2025-11-24T16:00:01.000Z  main  lounge  declared  lounge
            $ mirror log --mirror loung3 --limit 1
            there is no mirror 'loung3'; did you mean 'lounge'?
            (2)
            $ mirror log --mirror games
            there is no mirror 'games'; `mirror mirrors` lists them
            (2)
            $ mirror log --from yesterday
            'yesterday' is neither an offset (1200) nor a time (2026-11-24T10:00Z, 2026-11-24 10:00 in UTC, 2026-11-24) nor how long ago (30m, 2h, 3d)
            (2)
            $ mirror log --kind edits
            error: invalid value 'edits' for '--kind <KIND>'
              [possible values: created, edited, refreshed, deleted, receipt, declared, linked, cut, restored, granted, revoked, gap, other]

              tip: a similar value exists: 'edited'

            For more information, try '--help'.
            (2)
            $ mirror log --from 99999
        "#]]).await;
    });
}

#[test]
fn a_message_is_traced_from_itself_or_a_copy() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        let source = format!("lineage https://discord.com/channels/40/42/{}", message(1));
        let lonely = format!("lineage {}", message(2));
        check(
            &scene,
            &[&source, "lineage 1440", &lonely, "lineage 5", "lineage https://discord.com/channels/40/42"],
            expect![[r#"
                $ mirror lineage https://discord.com/channels/40/42/1442560396496994304
                message 1442560396496994304 by Ann in channel 42, mirror 'lounge'
                  https://discord.com/channels/40/42/1442560396496994304
                  created   2025-11-24T17:00:00.001Z  (offset 4, seen 2025-11-24T17:00:00.000Z by main)
                            | good morning to all
                  edited    2025-11-24T17:00:03.000Z  (offset 7, seen 2025-11-24T17:00:03.000Z by main)
                            | good [-morning-]{+evening+} to all {+of you+}
                copy 1430 in channel 43, part 0: live
                  https://discord.com/channels/40/43/1430
                  shows 2025-11-24T17:00:00.001Z  (offset 5, seen 2025-11-24T17:00:01.000Z by main)
                copy 1440 in channel 44, part 0: gone, removed by another
                  https://discord.com/channels/40/44/1440
                  shows 2025-11-24T17:00:00.001Z  (offset 6, seen 2025-11-24T17:00:02.000Z by main)
                  gone by another  (offset 8, seen 2025-11-24T17:00:04.000Z by main)
                $ mirror lineage 1440
                1440 is a copy of 1442560396496994304
                message 1442560396496994304 by Ann in channel 42, mirror 'lounge'
                  https://discord.com/channels/40/42/1442560396496994304
                  created   2025-11-24T17:00:00.001Z  (offset 4, seen 2025-11-24T17:00:00.000Z by main)
                            | good morning to all
                  edited    2025-11-24T17:00:03.000Z  (offset 7, seen 2025-11-24T17:00:03.000Z by main)
                            | good [-morning-]{+evening+} to all {+of you+}
                copy 1430 in channel 43, part 0: live
                  https://discord.com/channels/40/43/1430
                  shows 2025-11-24T17:00:00.001Z  (offset 5, seen 2025-11-24T17:00:01.000Z by main)
                copy 1440 in channel 44, part 0: gone, removed by another
                  https://discord.com/channels/40/44/1440
                  shows 2025-11-24T17:00:00.001Z  (offset 6, seen 2025-11-24T17:00:02.000Z by main)
                  gone by another  (offset 8, seen 2025-11-24T17:00:04.000Z by main)
                $ mirror lineage 1442560396501188608
                message 1442560396501188608 by Ann in channel 42, mirror 'lounge'
                  https://discord.com/channels/40/42/1442560396501188608
                  created   2025-11-24T17:00:00.002Z  (offset 9, seen 2025-11-24T17:00:00.000Z by main)
                            | anybody here?
                no copies
                $ mirror lineage 5
                no mirror knows a message or copy 5; `mirror log --message 5` shows whether any event names it
                (2)
                $ mirror lineage https://discord.com/channels/40/42
                'https://discord.com/channels/40/42' is no message: give its id (43) or its address (https://discord.com/channels/41/42/43)
                (2)
            "#]],
        )
        .await;
    });
}

#[test]
fn a_replay_rebuilds_looks_back_and_goes_back() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        let lines = [
            "replay --mirror lounge --dry-run",
            "replay rollback --mirror lounge",
            "replay --mirror lounge",
            "replay --mirror lounge --from 5",
            "replay --mirror lounge --from 5 --base live",
            "replay --mirror lounge --until 2025-11-24T17:00:02Z",
            "replay --mirror lounge --until 2 --from 3",
            "replay rollback --mirror lounge",
            "replay --mirror lounge --from 0 --apply",
            "replay --mirror lounge --base lively",
            "verify",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror replay --mirror lounge --dry-run
            dry run, nothing was done: would read 10 events of 'lounge', offsets 0 to 10
            $ mirror replay rollback --mirror lounge
            there is no earlier build to go back to: this mirror was never rebuilt
            (2)
            $ mirror replay --mirror lounge
            rebuilt 10 events of 'lounge', offsets 0 to 10: 20 cells
            digest 3d59977d6a607d0da410670663c36e54, the same as build 0's
            build 1 is read now; build 0 is kept for `mirror replay rollback`
            $ mirror replay --mirror lounge --from 5
            offset 5 lies behind the declaration of 'lounge' at offset 0, so that an empty base would lose what lies between; start at 0 or below (or leave --from out), or repair the views in use with `--base live`
            (2)
            $ mirror replay --mirror lounge --from 5 --base live
            joined 5 events of 'lounge', offsets 5 to 10 into build 1: 13 cells. A repair proves nothing
            $ mirror replay --mirror lounge --until 2025-11-24T17:00:02Z
            read 6 events of 'lounge', offsets 0 to 6; nothing was kept. 'lounge' was then:
              3 open links, 1 message, 0 deleted
              1 live copy, 0 gone, 0 refused; digest 3f8a8c3f2e81b6136b17a6096532eb01
              2025-11-24T17:00:00.001Z  1442560396496994304  Ann: good morning to all
            $ mirror replay --mirror lounge --until 2 --from 3
            the end, offset 2, lies before the start, offset 3
            (2)
            $ mirror replay rollback --mirror lounge
            'lounge' reads build 0 again; build 1 is kept
            $ mirror replay --mirror lounge --from 0 --apply
            error: the argument '--from <FROM>' cannot be used with '--apply'
            (2)
            $ mirror replay --mirror lounge --base lively
            error: invalid value 'lively' for '--base <BASE>'
              [possible values: empty, live]

              tip: a similar value exists: 'live'

            For more information, try '--help'.
            (2)
            $ mirror verify
            'lounge': 10 events, 3 receipts, 1 live copy; digest 3d59977d6a607d0da410670663c36e54
            node main in partition 0: 10 events, numbers 1 to 10, no holes
            all is as it should be
        "#]]).await;
    });
}

#[test]
fn a_row_that_no_event_made_is_found_and_can_be_replaced() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        let mut changes = Vec::new();
        projections::project(&shown(2, 9, (44, 1441)), projections::Generation(0), &mut changes);
        scene.desk.ports.views.commit(changes, None).await.unwrap();
        let lines = [
            "verify",
            "replay --mirror lounge",
            "mirrors",
            "replay --mirror lounge --accept",
            "verify --mirror lounge",
            "verify --mirror lunge",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror verify
            'lounge': 10 events, 3 receipts, 2 live copies; DIGEST 94a82e9c6f2d909d2b6aecbb4df2c012, rebuilt 3d59977d6a607d0da410670663c36e54
              differs (in use / rebuilt): source of copy 1441 (bucket 0): source version 0, 12 bytes, hash 771cfde7 / absent
              differs (in use / rebuilt): copy 1441 of message 1442560396501188608 part 0 in channel 44 (bucket 95537): shown version 1764003609000000, 13 bytes, hash 87a1d2c7 / absent
              copy 1441 is live and has no receipt
            node main in partition 0: 10 events, numbers 1 to 10, no holes
            NOT all is as it should be
            (1)
            $ mirror replay --mirror lounge
            the rebuilt views (3d59977d6a607d0da410670663c36e54) differ from those in use (94a82e9c6f2d909d2b6aecbb4df2c012); nothing was swapped. First row that differs (in use / rebuilt): source of copy 1441 (bucket 0): source version 0, 12 bytes, hash 771cfde7 / absent. The log is right: --accept swaps all the same, `mirror replay rollback` goes back
            (1)
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              43  guild 40  receives                from 2025-11-24T16:00:04.000Z on
              44  guild 40  publishes and receives  from 2025-11-24T16:00:06.000Z on
            $ mirror replay --mirror lounge --accept
            rebuilt 10 events of 'lounge', offsets 0 to 10: 20 cells
            digest 3d59977d6a607d0da410670663c36e54, not build 0's, as you accepted. First row that differs (in use / rebuilt): source of copy 1441 (bucket 0): source version 0, 12 bytes, hash 771cfde7 / absent
            build 2 is read now; build 0 is kept for `mirror replay rollback`
            $ mirror verify --mirror lounge
            'lounge': 10 events, 3 receipts, 1 live copy; digest 3d59977d6a607d0da410670663c36e54
            node main in partition 0: 10 events, numbers 1 to 10, no holes
            all is as it should be
            $ mirror verify --mirror lunge
            there is no mirror 'lunge'; did you mean 'lounge'?
            (2)
        "#]]).await;
    });
}

#[test]
fn an_apply_is_planned_and_then_begun() {
    run(async {
        let scene = Scene::new(true);
        conversation(&scene).await;
        let lines = [
            "replay --mirror lounge --apply",
            "replay --mirror lounge --apply --restore --dry-run",
            "replay --mirror lounge --apply --channel 44",
            "replay --mirror lounge --apply --channel 46",
            "replay --mirror lounge --apply --restore --channel 44 --yes",
            "log --kind restored",
        ];
        check(
            &scene,
            &lines,
            expect![[r#"
                $ mirror replay --mirror lounge --apply
                'lounge' owes:
                  42  +0 post  ~0 edit  -0 delete
                  43  +1 post  ~1 edit  -0 delete
                  44  +1 post  ~0 edit  -0 delete
                3 requests, about 0 s under Discord's limits
                nothing was sent yet
                $ mirror replay --mirror lounge --apply --restore --dry-run
                'lounge' owes, what others removed too:
                  42  +0 post  ~0 edit  -0 delete
                  43  +1 post  ~1 edit  -0 delete
                  44  +2 post  ~0 edit  -0 delete
                4 requests, about 0 s under Discord's limits
                nothing was sent yet
                $ mirror replay --mirror lounge --apply --channel 44
                'lounge' owes:
                  44  +1 post  ~0 edit  -0 delete
                1 request, about 0 s under Discord's limits
                nothing was sent yet
                $ mirror replay --mirror lounge --apply --channel 46
                '46' is no channel of 'lounge'; `mirror mirrors` lists its channels
                (2)
                $ mirror replay --mirror lounge --apply --restore --channel 44 --yes
                'lounge' owes, what others removed too:
                  44  +2 post  ~0 edit  -0 delete
                2 requests, about 0 s under Discord's limits
                the lanes work at it: `mirror status`
                $ mirror log --kind restored
                      10  2025-11-24T18:00:03.000Z  main  lounge  restored  44
            "#]],
        )
        .await;
        assert_eq!(*scene.node.told.lock().unwrap(), ["walk 44 from 0"]);
    });
}

#[test]
fn without_a_node_an_apply_is_left_for_the_next() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        check(
            &scene,
            &["replay --mirror lounge --apply --yes", "status"],
            expect![[r#"
            $ mirror replay --mirror lounge --apply --yes
            'lounge' owes:
              42  +0 post  ~0 edit  -0 delete
              43  +1 post  ~1 edit  -0 delete
              44  +1 post  ~0 edit  -0 delete
            3 requests, about 0 s under Discord's limits
            no node runs: the next `mirror run` does it
            $ mirror status
            no node runs (start one: mirror run)
            log: partition 0, offsets 0 to 10; views hold 9, lanes have handled nothing
            lane        state    lag
            lounge  42  idle     ?
            lounge  43  waiting  ?    goes through the log from offset 0 on
            lounge  44  waiting  ?    goes through the log from offset 0 on
        "#]],
        )
        .await;
        let lane = LaneId { mirror: id(1), link: ChannelId(43) };
        let row = scene.lanes.load(lane).await.unwrap().unwrap();
        assert_eq!((row.rev, row.behind), (1, Some(Offset(0))));
    });
}

#[test]
fn a_status_shows_the_node_and_held_lanes_are_released() {
    run(async {
        let scene = Scene::new(true);
        for channel in ["42 --guild 40", "45"] {
            scene.said(&format!("link lounge {channel}")).await;
        }
        let lane = LaneId { mirror: id(1), link: ChannelId(45) };
        let row = LaneRow { rev: 1, hold: Some("2 messages are not explained".into()), ..LaneRow::default() };
        assert_eq!(scene.lanes.save(lane, row).await, Saved::Yes);
        let lines = [
            "status",
            "release lounge games --dry-run",
            "release lounge games --adopt",
            "release lounge #games",
            "release lounge 42",
            "release lounge gaems",
            "statsu",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror status
            node main: process 7, version 0.1.0, since 2025-11-24T16:00:00.000Z; gateway: connected
            log: partition 0, offsets 0 to 3; views hold 2, lanes have handled nothing
            lane               state    lag
            lounge  42         working  3
            lounge  45 #games  HELD     0    2 messages are not explained
            $ mirror release lounge games --dry-run
            dry run, nothing was done: would release the lane of channel 45 in 'lounge', held because 2 messages are not explained
            $ mirror release lounge games --adopt
            released 45 (adopt: true)
            $ mirror release lounge #games
            released 45 (adopt: false)
            $ mirror release lounge 42
            the lane of channel 42 in 'lounge' is not held
            $ mirror release lounge gaems
            'gaems' is no channel of 'lounge'; did you mean 'games'?
            (2)
            $ mirror statsu
            error: unrecognized subcommand 'statsu'

              tip: a similar subcommand exists: 'status'
            (2)
        "#]]).await;
        let idle = Scene { desk: Desk { live: None, ..scene.desk.clone() }, ..scene };
        check(&idle, &["release lounge games"], expect![[r#"
            $ mirror release lounge games
            the lane is held because 2 messages are not explained; only a running node can release it, for it looks at the channel first: `mirror run`
            (1)
        "#]]).await;
    });
}
