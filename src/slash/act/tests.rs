//! Who says what where, and what is answered: stories over stores in memory.

mod lineage;

use super::*;
use crate::cli::print;
use crate::clock::Clock;
use crate::commands::answer::{LogEntry, NodeStatus};
use crate::commands::{ChannelInfo, Listener, Live};
use crate::slash::interaction::custom_id;
use async_trait::async_trait;
use events::Offset;
use events::log::memory::MemoryLog;
use expect_test::{Expect, expect};
use projections::lanes::{LaneId, memory::MemoryLanes};
use projections::sink::No;
use projections::views::memory::MemoryViews;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tools::follow::Stepper;
use tools::{Meter, Ports, Progress};
use uuid::Uuid;

/// 2025-11-24T16:00:00Z, and a second more each time that somebody looks.
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> Version {
        Version(self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
}

/// Guild 41 has the channels 42 and 43, guild 51 has 52, guild 61 has 62 and 63.
struct Town;

fn guild_of(channel: u64) -> u64 {
    channel / 10 * 10 + 1
}

#[async_trait]
impl Live for Town {
    async fn status(&self) -> NodeStatus {
        NodeStatus::default()
    }
    async fn drain(&self) -> Result<(), CommandError> {
        Ok(())
    }
    async fn channel(&self, channel: ChannelId) -> Option<ChannelInfo> {
        let guild = GuildId(guild_of(channel.0));
        let name = format!("room{channel}");
        (channel.0 < 100).then(|| ChannelInfo { guild, name, ..ChannelInfo::default() })
    }
    async fn walk(&self, _: LaneId, _: Offset) -> Result<(), CommandError> {
        Ok(())
    }
    async fn release(&self, lane: LaneId, _: bool) -> Result<String, CommandError> {
        Err(CommandError::Wrong(format!("the lane of channel {} is not held", lane.link)))
    }
}

/// Who decides over what. Everybody else is a member without rights, or nobody.
struct Keys(Mutex<HashMap<(u64, u64), Option<Powers>>>);

const FULL: Powers = Powers(KEEPER.0 | Powers::BAN_MEMBERS.0 | Powers::VIEW_CHANNEL.0);

#[async_trait]
impl Rights for Keys {
    async fn of(&self, user: UserId, channel: ChannelId) -> Result<Option<Powers>, No> {
        // Discord takes its time: others go on meanwhile.
        tokio::task::yield_now().await;
        let known = self.0.lock().unwrap().get(&(user.0, channel.0)).copied();
        Ok(known.unwrap_or(Some(Powers::VIEW_CHANNEL)))
    }
}

struct Stage {
    act: Act,
    keys: Arc<Keys>,
    clock: Arc<Ticks>,
}

/// Users 4, 5 and 6 decide over all channels of the guilds 41, 51 and 61; 9 over nothing.
impl Stage {
    async fn new() -> Self {
        let node: events::NodeId = "main".parse().unwrap();
        let ports = Ports {
            log: Arc::new(MemoryLog::new(node)),
            views: Arc::new(MemoryViews::new()),
            lanes: Arc::new(MemoryLanes::new()),
            node,
            partitions: 1,
        };
        let numbers = AtomicU64::new(1);
        let ids = move || {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            Uuid::from_u64_pair(number << 48, number)
        };
        let clock = Arc::new(Ticks(AtomicI64::new(1_764_000_000_000_000)));
        let desk = Desk {
            is_shared: false,
            archive: None,
            leases: Arc::new(projections::leases::memory::MemoryLeases::new()),
            follow: Arc::new(Stepper::new(ports.clone())),
            ports: ports.clone(),
            clock: clock.clone(),
            ids: Arc::new(ids),
            live: Some(Arc::new(Town)),
        };
        let decide = [(4, 42), (4, 43), (5, 52), (6, 62), (6, 63)];
        let keys = Arc::new(Keys(Mutex::new(decide.map(|at| (at, Some(FULL))).into())));
        let links = Arc::new(Links::load(ports).await.unwrap());
        Self { act: Act::new(desk, links, keys.clone()), keys, clock }
    }

    /// What a user is answered who types or presses something in a channel.
    async fn says(&self, user: u64, channel: u64, wish: &Wish) -> Reply {
        self.act.links.reload().await.unwrap();
        let (user, at) = (UserId(user), ChannelId(channel));
        let powers = self.keys.of(user, at).await.unwrap().unwrap_or(Powers::NONE);
        // Channel 1 is nobody's: a direct message.
        let guild = (channel != 1).then(|| GuildId(guild_of(channel)));
        self.act.perform(Scene { guild, channel: at, user, powers }, wish).await
    }

    fn key(&self, user: u64, channel: u64, powers: Option<Powers>) {
        self.keys.0.lock().unwrap().insert((user, channel), powers);
    }

    /// What the log holds of consents, links and roles.
    async fn log(&self) -> String {
        let kind = [ask::EventKind::Consent, ask::EventKind::Linked, ask::EventKind::Cut].to_vec();
        let mut heard = Heard::default();
        let log = Command::Log(ask::Log { kind, ..ask::Log::default() });
        execute(&self.act.desk, log, &heard).await.unwrap();
        std::mem::take(heard.0.get_mut().unwrap())
    }
}

#[derive(Default)]
struct Heard(Mutex<String>);

impl Progress for Heard {
    fn report(&self, _: Meter) {}
}

#[async_trait]
impl Listener for Heard {
    async fn entry(&self, entry: LogEntry) -> bool {
        let line = print::entry(&entry);
        *self.0.lock().unwrap() += &format!("{}\n", line.trim_start());
        true
    }
}

fn link(mirror: &str, channel: Option<&str>) -> Wish {
    let channel = channel.map(str::to_owned);
    Wish::Link { mirror: mirror.to_owned(), channel, part: (true, true), backfill: false }
}

fn cut(mirror: &str, channel: Option<&str>) -> Wish {
    Wish::Cut { mirror: mirror.to_owned(), channel: channel.map(str::to_owned) }
}

const FOREIGN: &str = "https://discord.com/channels/51/52";

async fn check(stage: &Stage, lines: &[(u64, u64, Wish)], expected: Expect) {
    let mut told = String::new();
    for (user, channel, wish) in lines {
        let reply = stage.says(*user, *channel, wish).await;
        let shown = |request: &EventId| format!("\n    [{}]", custom_id(*request, true));
        let buttons: String = reply.requests.iter().map(shown).collect();
        told += &format!(
            "{user} in {channel}, {}: {}{buttons}\n",
            verb(wish),
            reply.text.replace('\n', "\n    ")
        );
    }
    expected.assert_eq(&told);
}

fn verb(wish: &Wish) -> String {
    let words = format!("{wish:?}");
    let end = words.find([' ', '{']).unwrap_or(words.len());
    words[..end].to_lowercase()
}

fn run(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story);
}

/// Guild 41 has a mirror and asks for channel 52 of guild 51; returns the request.
async fn asked(stage: &Stage) -> EventId {
    stage.says(4, 42, &link("lounge", None)).await;
    stage.says(4, 42, &link("lounge", Some(FOREIGN))).await;
    stage.says(5, 52, &Wish::Accept).await.requests[0]
}

async fn open_links(stage: &Stage) -> Vec<u64> {
    stage.act.links.reload().await.unwrap();
    let table = stage.act.links.now();
    let mut open: Vec<_> = table
        .all()
        .flat_map(|(_, settings)| settings.links.iter())
        .filter(|(_, link)| link.is_open())
        .map(|(channel, _)| channel.0)
        .collect();
    open.sort_unstable();
    open
}

#[test]
fn ids_and_times_are_shown_as_people_read_them() {
    for (line, shown) in [
        (
            "linked channel 42 to 'lounge': receives, from 2025-11-24T16:00:03.000Z on",
            "linked <#42> to 'lounge': receives, from <t:1764000003:f> on",
        ),
        ("cut channel 42; its copies stay", "cut <#42>; its copies stay"),
        ("banned user 77 from 'user 7'", "banned <@77> from 'user 7'"),
        ("the channel is 42, user: none", "the channel is 42, user: none"),
        ("", ""),
    ] {
        assert_eq!(named(line), shown);
    }
}

#[test]
fn both_sides_agree() {
    run(async {
        let stage = Stage::new().await;
        check(
            &stage,
            &[
                (4, 42, Wish::List),
                (4, 42, link("lounge", None)),
                (4, 42, link("lounge", Some("<#43>"))),
                (4, 43, link("longe", None)),
                (4, 43, cut("longe", None)),
                (4, 42, link("lounge", Some(FOREIGN))),
                (4, 42, link("lounge", Some(FOREIGN))),
                (5, 52, Wish::List),
                (5, 52, Wish::Accept),
            ],
            expect![[r#"
                4 in 42, list: This server takes part in no mirror. `/mirror link` makes one of this channel.
                4 in 42, link: mirror 'lounge-0001' is new
                    linked <#42> to 'lounge-0001': publishes and receives, from <t:1764000003:f> on
                4 in 42, link: linked <#43> to 'lounge-0001': publishes and receives, from <t:1764000007:f> on
                4 in 43, link: mirror 'longe-000a' is new
                    linked <#43> to 'longe-000a': publishes and receives, from <t:1764000013:f> on
                    (This server takes part in **lounge-0001**, too. If you meant that one, cut this one again.)
                4 in 43, cut: cut <#43> from 'longe-000a'; its copies stay as they are
                4 in 42, link: Asked. Nothing was posted there. Somebody who has Manage Channels and Manage Webhooks in <#52> types `/mirror accept` there and sees that **lounge-0001** asks. It may be answered until <t:1764604819:f>.
                4 in 42, link: Asked. Nothing was posted there. Somebody who has Manage Channels and Manage Webhooks in <#52> types `/mirror accept` there and sees that **lounge-0001** asks. It may be answered until <t:1764604820:f>.
                5 in 52, list: This server takes part in no mirror. `/mirror link` makes one of this channel.
                5 in 52, accept: 1. **lounge-0001** asks: each shows what is said in the other. Asked by <@4> of another server, <t:1764000020:f>; good until <t:1764604820:f>.
                    [mirror:accept:00110000000000000000000000000011]
            "#]],
        )
        .await;
        let request = stage.says(5, 52, &Wish::Accept).await.requests[0];
        check(
            &stage,
            &[
                (5, 52, Wish::Answer { request, accept: true }),
                (5, 52, Wish::Accept),
                (5, 52, Wish::List),
                (4, 43, Wish::List),
                (4, 43, Wish::Status),
                (5, 52, cut("lounge", None)),
                (5, 52, Wish::List),
            ],
            expect![[r#"
                5 in 52, answer: linked <#52> to 'lounge-0001': publishes and receives, from <t:1764000027:f> on
                5 in 52, accept: Nobody asks for this channel.
                5 in 52, list: **lounge-0001**: <#52>, and 2 channels elsewhere
                4 in 43, list: **lounge-0001**: <#42>, <#43>, and one channel elsewhere
                4 in 43, status: <#42> in **lounge-0001**: in step
                    <#43> in **lounge-0001**: in step
                5 in 52, cut: cut <#52> from 'lounge-0001'; its copies stay as they are
                5 in 52, list: This server takes part in no mirror. `/mirror link` makes one of this channel.
            "#]],
        )
        .await;
        expect![[r#"
            1  2025-11-24T16:00:04.000Z  main  lounge-0001  consent   42 user 4 speaks for both sides (request 00040000-0000-0000-0000-000000000004)
            2  2025-11-24T16:00:05.000Z  main  lounge-0001  consent   42 user 4 accepts (request 00040000-0000-0000-0000-000000000004)
            3  2025-11-24T16:00:06.000Z  main  lounge-0001  linked    42 publishes receives room42
            4  2025-11-24T16:00:08.000Z  main  lounge-0001  consent   43 user 4 speaks for both sides (request 00070000-0000-0000-0000-000000000007)
            5  2025-11-24T16:00:09.000Z  main  lounge-0001  consent   43 user 4 accepts (request 00070000-0000-0000-0000-000000000007)
            6  2025-11-24T16:00:10.000Z  main  lounge-0001  linked    43 publishes receives room43
            8  2025-11-24T16:00:14.000Z  main  longe-000a  consent   43 user 4 speaks for both sides (request 000d0000-0000-0000-0000-00000000000d)
            9  2025-11-24T16:00:15.000Z  main  longe-000a  consent   43 user 4 accepts (request 000d0000-0000-0000-0000-00000000000d)
            10  2025-11-24T16:00:16.000Z  main  longe-000a  linked    43 publishes receives room43
            11  2025-11-24T16:00:18.000Z  main  longe-000a  cut       43
            12  2025-11-24T16:00:21.000Z  main  lounge-0001  consent   52 user 4 asks, in the name of channel 42 (request 00110000-0000-0000-0000-000000000011)
            13  2025-11-24T16:00:28.000Z  main  lounge-0001  consent   52 user 5 accepts (request 00110000-0000-0000-0000-000000000011)
            14  2025-11-24T16:00:29.000Z  main  lounge-0001  linked    52 publishes receives room52
            15  2025-11-24T16:00:34.000Z  main  lounge-0001  cut       52
        "#]].assert_eq(&stage.log().await);
    });
}

/// Each is denied, and on the log.
#[test]
fn every_wrong_party_is_denied_and_recorded() {
    run(async {
        let stage = Stage::new().await;
        let request = asked(&stage).await;
        let yes = Wish::Answer { request, accept: true };
        let forged = Wish::Answer { request: EventId(Uuid::from_u128(7)), accept: true };
        check(
            &stage,
            &[
                // No rights in B; in a direct message; in a third guild, with all rights there; in another channel.
                (9, 52, Wish::Accept),
                (9, 52, yes.clone()),
                (9, 52, Wish::Answer { request, accept: false }),
                (5, 1, yes.clone()),
                (5, 1, link("lounge", None)),
                (6, 62, yes.clone()),
                (6, 62, Wish::Accept),
                (4, 42, yes.clone()),
                (5, 53, yes.clone()),
                // A forged id, and what is no button of ours.
                (5, 52, forged),
                (5, 52, Wish::Unknown),
                // Asking without rights, for a mirror that is not seen, and with an address that lies.
                (9, 42, link("lounge", Some(FOREIGN))),
                (6, 62, link("lounge", Some(FOREIGN))),
                (4, 42, link("lounge", Some("https://discord.com/channels/41/52"))),
                (9, 42, link("other", None)),
                // What is not theirs to end, ban or look at.
                (9, 42, cut("lounge", None)),
                (6, 62, cut("lounge", Some("42"))),
                (9, 42, Wish::Ban { mirror: "lounge".into(), user: UserId(4), purge: true, lift: false }),
                (9, 42, Wish::List),
                (9, 42, Wish::Status),
            ],
            expect![[r#"
                9 in 52, accept: You need Manage Channels and Manage Webhooks in that channel to do this.
                9 in 52, answer: You need Manage Channels and Manage Webhooks in that channel to do this.
                9 in 52, answer: You need Manage Channels and Manage Webhooks in that channel to do this.
                5 in 1, answer: Type this in a channel of your server: in a direct message nobody has rights.
                5 in 1, link: Type this in a channel of your server: in a direct message nobody has rights.
                6 in 62, answer: This button is no longer good. `/mirror accept` in the channel that was asked shows what is open.
                6 in 62, accept: Nobody asks for this channel.
                4 in 42, answer: This button is no longer good. `/mirror accept` in the channel that was asked shows what is open.
                5 in 53, answer: This button is no longer good. `/mirror accept` in the channel that was asked shows what is open.
                5 in 52, answer: This button is no longer good. `/mirror accept` in the channel that was asked shows what is open.
                5 in 52, unknown: This button is no longer good. `/mirror accept` in the channel that was asked shows what is open.
                9 in 42, link: You need Manage Channels and Manage Webhooks in that channel to do this.
                6 in 62, link: This server takes part in no mirror 'lounge'; `/mirror list` shows those that there are.
                4 in 42, link: There is no such channel here. For a channel of another server, give its link: "Copy Link" in Discord.
                9 in 42, link: You need Manage Channels and Manage Webhooks in that channel to do this.
                9 in 42, cut: You need Manage Channels and Manage Webhooks in that channel to do this.
                6 in 62, cut: This server takes part in no mirror 'lounge'; `/mirror list` shows those that there are.
                9 in 42, ban: You need Ban Members and Manage Channels and Manage Webhooks in that channel to do this.
                9 in 42, list: You need Manage Channels and Manage Webhooks in that channel to do this.
                9 in 42, status: You need Manage Channels and Manage Webhooks in that channel to do this.
            "#]],
        )
        .await;
        // Whoever asked lost the rights; left; and the channel in whose name it was is cut.
        stage.key(4, 42, Some(Powers::VIEW_CHANNEL));
        check(&stage, &[(5, 52, yes.clone())], expect![[r#"
            5 in 52, answer: Whoever asked may no longer decide over the channel on the other side: somebody there who may has to ask again.
        "#]]).await;
        stage.key(4, 42, None);
        check(&stage, &[(5, 52, yes.clone())], expect![[r#"
            5 in 52, answer: Whoever asked may no longer decide over the channel on the other side: somebody there who may has to ask again.
        "#]]).await;
        stage.key(4, 42, Some(FULL));
        stage.says(4, 42, &link("lounge", Some("<#43>"))).await;
        stage.says(4, 42, &cut("lounge", None)).await;
        check(
            &stage,
            &[(5, 52, yes.clone())],
            expect![[r#"
            5 in 52, answer: The channel in whose name it was asked is no member any more.
        "#]],
        )
        .await;
        // Too old.
        stage.clock.0.fetch_add(7 * 86_400 * 1_000_000, Ordering::Relaxed);
        check(
            &stage,
            &[(5, 52, yes.clone()), (5, 52, Wish::Accept)],
            expect![[r#"
            5 in 52, answer: It is too old: they may ask again.
            5 in 52, accept: Nobody asks for this channel.
        "#]],
        )
        .await;
        assert_eq!(open_links(&stage).await, [43], "nobody came in");
        expect![[r#"
            1  2025-11-24T16:00:03.000Z  main  lounge-0001  consent   42 user 4 speaks for both sides (request 00040000-0000-0000-0000-000000000004)
            2  2025-11-24T16:00:04.000Z  main  lounge-0001  consent   42 user 4 accepts (request 00040000-0000-0000-0000-000000000004)
            3  2025-11-24T16:00:05.000Z  main  lounge-0001  linked    42 publishes receives room42
            4  2025-11-24T16:00:08.000Z  main  lounge-0001  consent   52 user 4 asks, in the name of channel 42 (request 00070000-0000-0000-0000-000000000007)
            5  2025-11-24T16:00:13.000Z  main  lounge-0001  consent   52 user 9 was denied: lacks Manage Channels, Manage Webhooks (request 00070000-0000-0000-0000-000000000007)
            6  2025-11-24T16:00:17.000Z  main  lounge-0001  consent   52 user 9 was denied: lacks Manage Channels, Manage Webhooks (request 00070000-0000-0000-0000-000000000007)
            7  2025-11-24T16:00:21.000Z  main  lounge-0001  consent   52 user 9 was denied: lacks Manage Channels, Manage Webhooks (request 00070000-0000-0000-0000-000000000007)
            8  2025-11-24T16:00:24.000Z  main  lounge-0001  consent   52 user 5 was denied: in a direct message (request 00070000-0000-0000-0000-000000000007)
            9  2025-11-24T16:00:27.000Z  main  -  consent   1 user 5 was denied: in a direct message
            10  2025-11-24T16:00:31.000Z  main  lounge-0001  consent   52 user 6 was denied: in a guild that was not asked (request 00070000-0000-0000-0000-000000000007)
            11  2025-11-24T16:00:36.000Z  main  lounge-0001  consent   52 user 4 was denied: in a guild that was not asked (request 00070000-0000-0000-0000-000000000007)
            12  2025-11-24T16:00:40.000Z  main  lounge-0001  consent   52 user 5 was denied: in a channel that was not asked (request 00070000-0000-0000-0000-000000000007)
            13  2025-11-24T16:00:43.000Z  main  -  consent   52 user 5 was denied: there is no such request (request 00000000-0000-0000-0000-000000000007)
            14  2025-11-24T16:00:46.000Z  main  -  consent   52 user 5 was denied: there is no such request
            15  2025-11-24T16:00:49.000Z  main  lounge-0001  consent   42 user 9 was denied: lacks Manage Channels, Manage Webhooks
            16  2025-11-24T16:00:52.000Z  main  -  consent   42 user 9 was denied: lacks Manage Channels, Manage Webhooks
            17  2025-11-24T16:00:55.000Z  main  lounge-0001  consent   42 user 9 was denied: lacks Manage Channels, Manage Webhooks
            18  2025-11-24T16:00:58.000Z  main  lounge-0001  consent   42 user 9 was denied: lacks Ban Members, Manage Channels, Manage Webhooks
            19  2025-11-24T16:01:01.000Z  main  -  consent   42 user 9 was denied: lacks Manage Channels, Manage Webhooks
            20  2025-11-24T16:01:04.000Z  main  -  consent   42 user 9 was denied: lacks Manage Channels, Manage Webhooks
            21  2025-11-24T16:01:08.000Z  main  lounge-0001  consent   52 user 5 was denied: whoever asked lacks the rights now (request 00070000-0000-0000-0000-000000000007)
            22  2025-11-24T16:01:12.000Z  main  lounge-0001  consent   52 user 5 was denied: whoever asked lacks the rights now (request 00070000-0000-0000-0000-000000000007)
            23  2025-11-24T16:01:14.000Z  main  lounge-0001  consent   43 user 4 speaks for both sides (request 001b0000-0000-0000-0000-00000000001b)
            24  2025-11-24T16:01:15.000Z  main  lounge-0001  consent   43 user 4 accepts (request 001b0000-0000-0000-0000-00000000001b)
            25  2025-11-24T16:01:16.000Z  main  lounge-0001  linked    43 publishes receives room43
            26  2025-11-24T16:01:18.000Z  main  lounge-0001  cut       42
            27  2025-11-24T16:01:22.000Z  main  lounge-0001  consent   52 user 5 was denied: the channel in whose name it was asked is cut (request 00070000-0000-0000-0000-000000000007)
            28  2025-12-01T16:01:26.000Z  main  lounge-0001  consent   52 user 5 was denied: the request was too old (request 00070000-0000-0000-0000-000000000007)
        "#]].assert_eq(&stage.log().await);
    });
}

/// Two who press at once: one of them accepts, and the link rests on that one's word.
#[test]
fn one_answer_counts() {
    run(async {
        let stage = Stage::new().await;
        let request = asked(&stage).await;
        stage.key(8, 52, Some(FULL));
        let yes = Wish::Answer { request, accept: true };
        let (one, other) = tokio::join!(stage.says(5, 52, &yes), stage.says(8, 52, &yes));
        let late = [one, other].iter().filter(|reply| reply.text == "It was accepted already.").count();
        assert_eq!(late, 1);
        stage.act.links.reload().await.unwrap();
        let table = stage.act.links.now();
        let agreed = table.all().find_map(|(_, settings)| settings.agreed(ChannelId(52)));
        assert!(matches!(agreed, Some(UserId(5 | 8))), "{agreed:?}");
    });
}

#[test]
fn what_was_answered_or_taken_back_stays_so() {
    run(async {
        let stage = Stage::new().await;
        let request = asked(&stage).await;
        let answer = |accept| Wish::Answer { request, accept };
        check(
            &stage,
            &[(5, 52, answer(false)), (5, 52, answer(true)), (4, 42, link("lounge", Some(FOREIGN)))],
            expect![[r#"
                5 in 52, answer: Refused: **lounge-0001** gets nothing from here.
                5 in 52, answer: It was refused already.
                4 in 42, link: Asked. Nothing was posted there. Somebody who has Manage Channels and Manage Webhooks in <#52> types `/mirror accept` there and sees that **lounge-0001** asks. It may be answered until <t:1764604817:f>.
            "#]],
        )
        .await;
        let again = stage.says(5, 52, &Wish::Accept).await.requests[0];
        check(
            &stage,
            &[
                (4, 42, cut("lounge", Some("52"))),
                (5, 52, Wish::Answer { request: again, accept: true }),
                (4, 42, cut("lounge", None)),
                (4, 42, Wish::List),
            ],
            expect![[r#"
                4 in 42, cut: The request is taken back.
                5 in 52, answer: It was taken back by those who asked.
                4 in 42, cut: cut <#42> from 'lounge-0001'; its copies stay as they are
                4 in 42, list: This server takes part in no mirror. `/mirror link` makes one of this channel.
            "#]],
        )
        .await;
        assert!(open_links(&stage).await.is_empty());
    });
}

/// Requests are few at once, and what is denied fills no log.
#[test]
fn there_are_limits() {
    run(async {
        let stage = Stage::new().await;
        stage.says(4, 42, &link("lounge", None)).await;
        for number in 0..crate::slash::consent::OPEN_MAX {
            let address = format!("https://discord.com/channels/71/{}", 700 + number);
            let reply = stage.says(4, 42, &link("lounge", Some(&address))).await;
            assert!(reply.text.starts_with("Asked."), "{}", reply.text);
        }
        check(&stage, &[(4, 42, link("lounge", Some(FOREIGN)))], expect![[r#"
            4 in 42, link: 20 requests of **lounge-0001** wait for an answer already: take one back first, with `/mirror cut`.
        "#]]).await;
        for _ in 0..RECORDED_MAX + 10 {
            stage.says(9, 42, &Wish::List).await;
        }
        let denied = stage.log().await.lines().filter(|line| line.contains("was denied")).count();
        // The clock goes on by a second or more each time, so some are of another hour.
        assert!((RECORDED_MAX..RECORDED_MAX + 10).contains(&denied), "{denied}");
    });
}

/// A guild that takes part in nothing learns nothing, whatever it tries.
#[test]
fn nothing_leaks_to_another_guild() {
    run(async {
        let [with, without] = [Stage::new().await, Stage::new().await];
        asked(&with).await;
        let message = "https://discord.com/channels/41/42/43".to_owned();
        let tries = [
            Wish::List,
            Wish::Status,
            Wish::Accept,
            Wish::ForgetMe,
            link("lounge", Some(FOREIGN)),
            cut("lounge", Some("42")),
            Wish::Lineage { message },
            Wish::Ban { mirror: "lounge".into(), user: UserId(4), purge: true, lift: false },
            Wish::Answer { request: EventId(Uuid::from_u128(7)), accept: true },
        ];
        for wish in tries {
            let (known, unknown) = (with.says(6, 62, &wish).await, without.says(6, 62, &wish).await);
            assert_eq!(known, unknown, "{wish:?}");
        }
        let known = with.says(6, 62, &link("lounge", None)).await.text;
        assert!(known.contains("mirror 'lounge-") && !known.contains("there is"), "{known}");
    });
}

#[test]
fn whoever_asks_to_be_forgotten_is_recorded_once() {
    run(async {
        let stage = Stage::new().await;
        stage.says(4, 42, &link("lounge", None)).await;
        check(&stage, &[(9, 42, Wish::ForgetMe), (9, 42, Wish::ForgetMe)], expect![[r#"
            9 in 42, forgetme: It is recorded that you ask to be forgotten. The operator of this bot sees it and decides; until then what you wrote stays where it is.
            9 in 42, forgetme: It is recorded that you ask to be forgotten. The operator of this bot sees it and decides; until then what you wrote stays where it is.
        "#]]).await;
        stage.act.links.reload().await.unwrap();
        let table = stage.act.links.now();
        let forget: Vec<_> = table.all().flat_map(|(_, settings)| settings.forget.keys().copied()).collect();
        assert_eq!(forget, [UserId(9)]);
        let tail = stage.act.desk.ports.log.tail(events::Partition(0)).await.unwrap();
        let again = stage.says(9, 42, &Wish::ForgetMe).await;
        assert!(again.text.contains("recorded"));
        assert_eq!(stage.act.desk.ports.log.tail(events::Partition(0)).await.unwrap(), tail);
    });
}
