//! One channel read again, against a history that misbehaves.

mod rooms;

use super::ask::TIME_MAX;
use super::known::COMPARED_MAX;
use super::read::PAGES_MAX;
use super::*;
use crate::discord::history::{Entry, Page};
use crate::discord::limits;
use crate::discord::rest::Rest;
use crate::discord::transport::{self, Transport};
use async_trait::async_trait;
use events::capture::Context as _;
use events::event::{Declared, Linked, Place};
use events::log::Read;
use events::log::memory::MemoryLog;
use events::{ApplicationId, Body, EventId, MirrorId, Offset, Producer, UserId};
use projections::lanes::memory::MemoryLanes;
use projections::sink::{HISTORY_MAX, HistoryError};
use projections::views::memory::MemoryViews;
use secrecy::SecretString;
use serde_json::json;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;
use tools::follow::Stepper;

const CHANNEL: ChannelId = ChannelId(70);
/// It shares all mirrors with the first.
const OTHER: ChannelId = ChannelId(71);
const GUILD: GuildId = GuildId(1);
/// Under which lists of threads are counted.
const GUILD_CALLS: ChannelId = ChannelId(1);
/// 2026-01-01, microseconds.
const DAY: i64 = 1_767_225_600_000_000;
const SECOND: i64 = 1_000_000;

/// The id of a message written so many seconds into the day.
fn at(seconds: i64) -> MessageId {
    MessageId::first_at(Version(DAY + seconds * SECOND))
}

struct Fixed(Version);

impl Clock for Fixed {
    fn now(&self) -> Version {
        self.0
    }
}

/// What Discord tells of the channel.
#[derive(Default)]
struct Told {
    messages: BTreeMap<MessageId, Option<i64>>,
    newest: Option<MessageId>,
    /// Looks at pages during which only what is up to this is shown.
    lag: Option<(usize, MessageId)>,
    hidden: bool,
    errors: VecDeque<HistoryError>,
    calls: Vec<&'static str>,
    /// It is a thread of [`CHANNEL`]; when it was archived, in seconds into the day.
    thread: Option<Option<i64>>,
    gone: bool,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<HashMap<ChannelId, Told>>>);

impl Fake {
    fn told<T>(&self, change: impl FnOnce(&mut Told) -> T) -> T {
        self.told_of(CHANNEL, change)
    }

    fn told_of<T>(&self, channel: ChannelId, change: impl FnOnce(&mut Told) -> T) -> T {
        change(self.0.lock().unwrap().entry(channel).or_default())
    }

    fn write(&self, id: MessageId) {
        self.write_in(CHANNEL, id);
    }

    fn write_in(&self, channel: ChannelId, id: MessageId) {
        self.told_of(channel, |told| {
            told.messages.insert(id, None);
            told.newest = told.newest.max(Some(id));
        });
    }

    fn listed(&self, which: impl Fn(Option<i64>) -> bool) -> Vec<past::Thread> {
        let all = self.0.lock().unwrap();
        let listed = all.iter().filter(|(_, told)| !told.gone && told.thread.is_some_and(&which));
        let raw = |value: serde_json::Value| serde_json::value::to_raw_value(&value).unwrap();
        listed.map(|(id, told)| past::Thread::read(raw(json_of(*id, told))).unwrap()).collect()
    }

    fn called(&self, channel: ChannelId, call: &'static str) -> Result<(), HistoryError> {
        self.told_of(channel, |told| {
            told.calls.push(call);
            told.errors.pop_front().map_or(Ok(()), Err)
        })
    }
}

/// A channel, or a thread called by its id.
fn json_of(id: ChannelId, told: &Told) -> serde_json::Value {
    let newest = told.newest.map(|id| id.to_string());
    let Some(archived) = told.thread else {
        return json!({"id": id.to_string(), "last_message_id": newest});
    };
    let turned = jiff::Timestamp::from_microsecond(DAY + archived.unwrap_or_default() * SECOND).unwrap();
    json!({
        "id": id.to_string(), "guild_id": "1", "parent_id": CHANNEL.to_string(), "owner_id": "5", "type": 11,
        "name": format!("thread {}", seconds(MessageId(id.0))), "last_message_id": newest,
        "thread_metadata": {
            "archived": archived.is_some(), "locked": false, "archive_timestamp": turned.to_string(),
        },
    })
}

fn message(channel: ChannelId, id: MessageId, edited: Option<i64>) -> Entry {
    let edited = edited.map(|us| jiff::Timestamp::from_microsecond(us).unwrap().to_string());
    let raw = json!({
        "id": id.to_string(), "channel_id": channel.to_string(), "type": 0, "flags": 0, "pinned": false,
        "author": {"id": "5", "username": "ada", "global_name": null, "avatar": null},
        "content": if edited.is_some() { "edited" } else { "written" }, "edited_timestamp": edited,
        "attachments": [], "embeds": [], "mentions": [], "mention_roles": [],
    });
    Entry { id, webhook: None, raw: serde_json::value::to_raw_value(&raw).unwrap() }
}

#[async_trait]
impl Past for Fake {
    async fn page(&self, channel: ChannelId, after: MessageId) -> Result<Page, HistoryError> {
        self.called(channel, "page")?;
        let all = self.told_of(channel, |told| {
            let upto = match &mut told.lag {
                Some((looks, upto)) if *looks > 0 => {
                    *looks -= 1;
                    *upto
                }
                _ => MessageId(u64::MAX),
            };
            let shown = told.messages.iter().filter(|(id, _)| **id > after && **id <= upto && !told.hidden);
            shown.map(|(id, edited)| (*id, *edited)).collect::<Vec<_>>()
        });
        let messages =
            all.iter().take(HISTORY_MAX).map(|(id, edited)| message(channel, *id, *edited)).collect();
        Ok(Page { messages, more: all.len() >= HISTORY_MAX })
    }

    async fn message(&self, channel: ChannelId, id: MessageId) -> Result<Option<String>, HistoryError> {
        self.called(channel, "message")?;
        match self.told_of(channel, |told| (told.hidden, told.messages.get(&id).copied())) {
            (true, _) => Err(HistoryError::Dead("Missing Access (50001)".to_owned())),
            (false, there) => Ok(there.map(|edited| message(channel, id, edited).raw.get().to_owned())),
        }
    }

    async fn channel(&self, channel: ChannelId) -> Result<Option<String>, HistoryError> {
        self.called(channel, "channel")?;
        Ok(self.told_of(channel, |told| (!told.gone).then(|| json_of(channel, told).to_string())))
    }

    async fn active(&self, _: GuildId) -> Result<Vec<past::Thread>, HistoryError> {
        self.called(GUILD_CALLS, "active")?;
        Ok(self.listed(|archived| archived.is_none()))
    }

    async fn archived(&self, channel: ChannelId, since: Version) -> Result<Vec<past::Thread>, HistoryError> {
        if channel != CHANNEL {
            return Ok(Vec::new());
        }
        self.called(GUILD_CALLS, "archived")?;
        Ok(self.listed(|archived| archived.is_some_and(|at| DAY + at * SECOND >= since.0)))
    }
}

/// From so many seconds into the day on.
fn stretch(channel: ChannelId, from: i64) -> Stretch {
    let (from, to) = (Version(DAY + from * SECOND), Version(DAY + 30_000 * SECOND));
    Stretch { channel, guild: GUILD, from, to, newest: None, cause: Cause::SessionLost }
}

struct Bench {
    filler: Arc<Filler>,
    fake: Fake,
}

fn event(mirror: MirrorId, place: Place, body: Body) -> Event {
    let version = Version(DAY);
    let id = EventId(Uuid::new_v4());
    Event {
        id,
        mirror,
        place,
        version,
        observed: version,
        producer: Producer::default(),
        body,
        raw: bytes::Bytes::new(),
    }
}

impl Bench {
    /// So many mirrors that the channel is a member of.
    async fn new(mirrors: u64) -> Self {
        let (log, views) = (MemoryLog::new("test".parse().unwrap()), Arc::new(MemoryViews::default()));
        let (log, lanes) = (Arc::new(log), Arc::new(MemoryLanes::new()));
        let ports = Ports { log, views, lanes, node: "test".parse().unwrap(), partitions: 1 };
        let at = |channel| Place { channel, ..Place::default() };
        for mirror in (0..mirrors).map(projections::sample::mirror) {
            let linked = Linked { guild: GUILD, publishes: true, receives: true, ..Linked::default() };
            let events = vec![
                event(mirror, Place::default(), Body::Declared(Declared { name: mirror.to_string() })),
                event(mirror, at(CHANNEL), Body::Linked(linked.clone())),
                event(mirror, at(OTHER), Body::Linked(linked)),
            ];
            ports.log.append(Partition(0), events, Durable::Here).await.unwrap();
        }
        let follow = Arc::new(Stepper::new(ports.clone()));
        follow.all().await.unwrap();
        let transport =
            transport::Settings { base: "http://127.0.0.1:1".to_owned(), ..transport::Settings::default() };
        let transport = Transport::new(transport, &SecretString::from("token")).unwrap();
        let rest = Arc::new(Rest::new(transport, limits::Settings::default()));
        let fake = Fake::default();
        let filler = Filler {
            links: Arc::new(Links::load(ports.clone()).await.unwrap()),
            guilds: Arc::default(),
            webhooks: Arc::new(Webhooks::new(rest, ApplicationId(9))),
            me: Me { user: UserId(9), application: ApplicationId(9), ..Me::default() },
            clock: Arc::new(Fixed(Version(DAY + 40_000 * SECOND))),
            ids: Arc::new(Uuid::new_v4),
            follow,
            past: Arc::new(fake.clone()),
            calls: Semaphore::new(AT_ONCE_MAX),
            actives: Actives::default(),
            live: Live::default(),
            stop: CancellationToken::new(),
            ports,
        };
        Self { filler: Arc::new(filler), fake }
    }

    /// The messages are written and heard.
    async fn heard(&self, ids: impl IntoIterator<Item = MessageId>) {
        for id in ids {
            self.fake.write(id);
            let table = self.filler.links.now();
            let guilds = Guilds::default();
            let (webhooks, me) = (&self.filler.webhooks, self.filler.me);
            let scene = crate::ingest::Scene { table: &table, guilds: &guilds, webhooks, me };
            assert!(!scene.members(CHANNEL).is_empty());
            let raw = message(CHANNEL, id, None).raw;
            let captured = events::capture::history(raw.get(), GUILD, &scene, id.made()).unwrap();
            self.filler.append(captured.events).await.unwrap();
        }
    }

    /// The channel is read again, from so many seconds into the day on; what that put on the log.
    async fn fill(&self, from: i64) -> String {
        let began = self.filler.ports.log.tail(Partition(0)).await.unwrap();
        let stretch = stretch(CHANNEL, from);
        self.filler.actives.forget();
        let group = Group::new(&[stretch]);
        assert_eq!(self.filler.fill(&group, stretch).await, Some(CHANNEL));
        self.log(began).await.join("\n")
    }

    /// Both channels are read again, as ingest asks for it; what that put on the log.
    async fn fill_both(&self, from: i64) -> Vec<String> {
        let began = self.filler.ports.log.tail(Partition(0)).await.unwrap();
        let (mut fills, ends) = ends(Live::default());
        let run = tokio::spawn(self.filler.clone().run(ends));
        fills.orders.send(vec![stretch(CHANNEL, from), stretch(OTHER, from)]).await.unwrap();
        let done = BTreeSet::from([fills.done.recv().await.unwrap(), fills.done.recv().await.unwrap()]);
        assert_eq!(done, BTreeSet::from([CHANNEL, OTHER]));
        drop(fills);
        run.await.unwrap();
        self.log(began).await
    }

    async fn log(&self, mut from: Offset) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let read = Read { partition: Partition(0), from, limit: 1_000, mirror: None };
            let page = self.filler.ports.log.read(read).await.unwrap();
            let Some(last) = page.entries.last() else { return lines };
            from = last.offset.next();
            lines.extend(
                page.entries.iter().map(|entry| line(&events::codec::decode(&entry.record).unwrap())),
            );
        }
    }

    fn calls(&self) -> String {
        let calls = self.fake.told(|told| std::mem::take(&mut told.calls));
        calls.join(" ")
    }
}

fn seconds(id: MessageId) -> i64 {
    if id == MessageId(0) { -1 } else { (id.made().0 - DAY) / SECOND }
}

fn line(event: &Event) -> String {
    let id = seconds(event.place.message);
    match &event.body {
        Body::Created(created) => {
            format!("{id} created {}", if created.said.is_some() { "said" } else { "unsaid" })
        }
        Body::Edited(_) => format!("{id} edited"),
        Body::Deleted => format!("{id} deleted"),
        Body::Gap(gap) => {
            let cause = gap.cause.split([':', ',']).take(2).collect::<Vec<_>>().join(":");
            format!("gap {} to {}: {cause}", seconds(gap.from), seconds(gap.to))
        }
        Body::Thread(thread) if thread.deleted => format!("{id} thread deleted"),
        Body::Thread(thread) => {
            format!("{id} {}{}", thread.name, if thread.archived { " archived" } else { "" })
        }
        other => format!("{other:?}"),
    }
}

const LOST: &str = "the gateway session was lost: what was written and removed again meanwhile";

fn gap(from: i64) -> String {
    format!("gap {from} to 30000: {LOST}")
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_read_once() {
    let bench = Bench::new(1).await;
    bench.heard([at(1), at(2), at(3)]).await;
    [at(50), at(51)].into_iter().for_each(|id| bench.fake.write(id));
    bench.fake.told(|told| {
        told.messages.insert(at(1), Some(DAY + 45 * SECOND));
        told.messages.remove(&at(2));
    });
    let found = bench.fill(20).await;
    // Both in the order of history, and nothing of what was known.
    assert_eq!(found, format!("1 edited\n50 created said\n51 created said\n2 deleted\n{}", gap(10)));
    assert_eq!(bench.calls(), "channel page");
    assert_eq!(bench.fill(20).await, gap(10), "again: nothing is new");
}

/// Most channels are quiet: Discord says so when a session begins.
#[tokio::test(start_paused = true)]
async fn a_channel_in_which_nothing_was_said_is_not_asked_for() {
    let bench = Bench::new(1).await;
    bench.fake.write(at(-5_000));
    let told = |newest| Stretch { newest: Some(newest), ..stretch(CHANNEL, 20) };
    for (newest, calls) in [(at(-5_000), ""), (MessageId(0), ""), (at(50), "page message")] {
        assert_eq!(bench.filler.fill(&Group::new(&[told(newest)]), told(newest)).await, Some(CHANNEL));
        assert_eq!(bench.calls(), calls, "{newest}");
    }
    // What is known may have changed.
    bench.heard([at(1)]).await;
    let newest = told(at(1));
    assert_eq!(bench.filler.fill(&Group::new(&[newest]), newest).await, Some(CHANNEL));
    assert_eq!(bench.calls(), "page");
}

/// What comes by itself is not read.
#[tokio::test(start_paused = true)]
async fn what_came_by_itself_is_left_to_it() {
    let bench = Bench::new(1).await;
    [at(50), at(51), at(52)].into_iter().for_each(|id| bench.fake.write(id));
    bench.filler.live.came(CHANNEL, CHANNEL, at(51));
    bench.filler.live.came(CHANNEL, CHANNEL, at(52));
    assert_eq!(bench.fill(20).await, format!("50 created said\n{}", gap(10)));
    bench.filler.live.forget(CHANNEL);
    assert_eq!(bench.fill(20).await, format!("51 created said\n52 created said\n{}", gap(10)));
}

#[tokio::test(start_paused = true)]
async fn both_mirrors_of_a_channel_hear_of_it() {
    let bench = Bench::new(2).await;
    bench.fake.write(at(50));
    let found = bench.fill(20).await;
    assert_eq!(found, format!("50 created said\n50 created said\n{0}\n{0}", gap(10)));
}

#[tokio::test(start_paused = true)]
async fn history_that_lags_is_waited_for() {
    let bench = Bench::new(1).await;
    bench.heard([at(1)]).await;
    [at(50), at(51)].into_iter().for_each(|id| bench.fake.write(id));
    bench.fake.told(|told| told.lag = Some((2, at(50))));
    let found = bench.fill(20).await;
    assert_eq!(found, format!("50 created said\n51 created said\n{}", gap(10)));
    assert_eq!(bench.calls(), "channel page message page message page");
}

/// The newest message that Discord names may be one that is gone.
#[tokio::test(start_paused = true)]
async fn a_newest_message_that_is_gone_is_not_waited_for() {
    let bench = Bench::new(1).await;
    bench.heard([at(1)]).await;
    bench.fake.told(|told| told.newest = Some(at(60)));
    assert_eq!(bench.fill(20).await, gap(10));
    assert_eq!(bench.calls(), "channel page message");
}

/// And what Discord shows instead of history, for a moment, may be nothing: nobody is then asked for one by one.
#[tokio::test(start_paused = true)]
async fn history_that_is_empty_for_a_moment_is_read_again() {
    let bench = Bench::new(1).await;
    bench.heard((1..=50).map(at)).await;
    bench.fake.told(|told| (told.newest, told.lag) = (Some(at(60)), Some((2, MessageId(0)))));
    assert_eq!(bench.fill(20).await, gap(10));
    assert_eq!(bench.calls(), "channel page message message page message page");
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_proves_nothing() {
    let bench = Bench::new(1).await;
    bench.heard([at(1), at(2)]).await;
    bench.fake.told(|told| told.hidden = true);
    let found = bench.fill(20).await;
    let why = "history could not be read: Missing Access (50001)";
    assert_eq!(found, format!("gap 0 to 30000: {why}\n{}", gap(10)));
    bench.fake.told(|told| {
        told.hidden = false;
        told.messages.clear();
        told.newest = None;
    });
    assert_eq!(bench.fill(20).await, format!("1 deleted\n2 deleted\n{}", gap(10)), "each was asked for");
}

#[tokio::test(start_paused = true)]
async fn errors_are_waited_out_but_not_for_ever() {
    let bench = Bench::new(1).await;
    bench.fake.write(at(50));
    bench.fake.told(|told| told.errors = [HistoryError::Wait(5_000), HistoryError::Wait(9_000)].into());
    assert_eq!(bench.fill(20).await, format!("50 created said\n{}", gap(10)));
    bench.fake.told(|told| told.errors = std::iter::repeat_n(HistoryError::Wait(60_000), 100).collect());
    let began = Instant::now();
    let found = bench.fill(20).await;
    assert!(found.starts_with("gap 20 to 30000: history could not be read: it took too long"), "{found}");
    assert_eq!(began.elapsed(), TIME_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_long_past_is_read_up_to_a_limit() {
    let bench = Bench::new(1).await;
    let pages = i64::try_from(PAGES_MAX * HISTORY_MAX).unwrap();
    (0..pages + 50).for_each(|number| bench.fake.write(at(20 + number)));
    let found = bench.fill(20).await;
    let last = 20 + pages - 1;
    let why =
        format!("gap {last} to 30000: history could not be read: there were more than {PAGES_MAX} pages");
    assert!(found.contains(&why), "{}", &found[found.len() - 300..]);
    assert_eq!(found.matches("created").count(), PAGES_MAX * HISTORY_MAX);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_compared_is_named() {
    let bench = Bench::new(1).await;
    let count = i64::try_from(COMPARED_MAX).unwrap() + 10;
    bench.heard((0..count).map(at)).await;
    bench.fake.told(|told| told.messages.remove(&at(3)));
    bench.fake.told(|told| told.messages.remove(&at(40)));
    let found = bench.fill(20_000).await;
    let old =
        "the gateway session was lost: edits and deletions of messages or threads before this are not known";
    assert_eq!(found, format!("40 deleted\ngap -1 to 9: {old}\n{}", gap(19_990)));
}

#[tokio::test(start_paused = true)]
async fn too_many_that_are_in_doubt_are_named() {
    let bench = Bench::new(1).await;
    bench.heard((0..150).map(at)).await;
    bench.fake.told(|told| {
        told.messages.clear();
        told.newest = None;
    });
    let found = bench.fill(20_000).await;
    assert_eq!(found.matches("deleted").count(), 100, "the newest hundred were asked for");
    assert!(found.contains("gap 0 to 49: history shows nothing here"), "{found}");
}

fn order(lines: &[String]) -> Vec<i64> {
    let created = lines.iter().filter(|line| line.contains("created"));
    created.map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect()
}

/// A conversation across two channels of a mirror, longer than their pages: each is read page by page, in one order.
#[tokio::test(start_paused = true)]
async fn channels_of_one_mirror_are_merged() {
    let bench = Bench::new(1).await;
    (0..350).for_each(|number| {
        bench.fake.write_in(if number % 7 < 5 { CHANNEL } else { OTHER }, at(50 + number));
    });
    // One is slower than the other.
    bench
        .fake
        .told_of(OTHER, |told| told.errors = [HistoryError::Wait(9_000), HistoryError::Wait(9_000)].into());
    let found = bench.fill_both(20).await;
    assert_eq!(order(&found), (50..400).collect::<Vec<_>>());
    assert_eq!(bench.calls(), "channel page page page");
}

/// A channel of which Discord says nothing holds up the others for its time, and no longer.
#[tokio::test(start_paused = true)]
async fn who_is_slow_holds_up_the_others_for_a_while() {
    let bench = Bench::new(1).await;
    (0..250).for_each(|number| bench.fake.write(at(50 + number)));
    bench.fake.write_in(OTHER, at(60));
    bench.fake.told_of(OTHER, |told| told.errors = (0..100).map(|_| HistoryError::Wait(60_000)).collect());
    let began = Instant::now();
    let found = bench.fill_both(20).await;
    assert_eq!(began.elapsed(), TIME_MAX);
    assert_eq!(order(&found), (50..300).collect::<Vec<_>>(), "all of the one that can be read");
    let unread: Vec<_> = found.iter().filter(|line| line.contains("could not be read")).collect();
    assert_eq!(unread, ["gap 20 to 30000: history could not be read: it took too long"]);
}

/// What Discord refuses is given up after a moment, and the others go on.
#[tokio::test(start_paused = true)]
async fn who_is_refused_holds_up_the_others_for_a_moment() {
    let bench = Bench::new(1).await;
    (0..250).for_each(|number| bench.fake.write(at(50 + number)));
    let refused = || HistoryError::Dead("Missing Access (50001)".to_owned());
    bench.fake.told_of(OTHER, |told| told.errors = (0..100).map(|_| refused()).collect());
    let began = Instant::now();
    let found = bench.fill_both(20).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(order(&found), (50..300).collect::<Vec<_>>());
    assert!(found.contains(&"gap 20 to 30000: history could not be read: Missing Access (50001)".to_owned()));
}

#[test]
fn a_channel_is_read_once_at_a_time() {
    let alone = |channel| HashSet::from([channel]);
    let stretch = |channel, from, cause| Stretch {
        channel: ChannelId(channel),
        guild: GUILD,
        from: Version(from),
        to: Version(from + 1),
        newest: None,
        cause,
    };
    let mut queue = Queue::default();
    queue.add(stretch(1, 10, Cause::SessionLost));
    assert_eq!(queue.next(alone).map(|next| next[0].from), Some(Version(10)));
    queue.add(stretch(1, 30, Cause::LinkedLate));
    queue.add(stretch(1, 20, Cause::SessionLost));
    assert_eq!(queue.next(alone), None, "it is being read");
    queue.end(ChannelId(1));
    assert_eq!(queue.done, [], "there is more to read of it");
    let joined = queue.next(alone).unwrap()[0];
    assert_eq!((joined.from, joined.to, joined.cause), (Version(20), Version(31), Cause::SessionLost));
    queue.end(ChannelId(1));
    assert_eq!(queue.done, [ChannelId(1)]);
    (0..20).for_each(|channel| queue.add(stretch(channel, 1, Cause::SessionLost)));
    assert_eq!(std::iter::from_fn(|| queue.next(alone)).count(), AT_ONCE_MAX);
}

#[test]
fn channels_of_one_mirror_are_read_together() {
    let together = |channel: ChannelId| match channel.0 {
        1..=20 => (1..=20).map(ChannelId).collect(),
        _ => HashSet::from([channel]),
    };
    let mut queue = Queue::default();
    [1, 2, 30].into_iter().for_each(|channel| queue.add(stretch(ChannelId(channel), 1)));
    let channels = |next: Option<Vec<Stretch>>| {
        next.unwrap_or_default().iter().map(|stretch| stretch.channel.0).collect::<Vec<_>>()
    };
    assert_eq!(channels(queue.next(together)), [1, 2]);
    queue.add(stretch(ChannelId(3), 1));
    assert_eq!(channels(queue.next(together)), [30]);
    assert_eq!(channels(queue.next(together)), [0_u64; 0], "its mirror is read already");
    queue.end(ChannelId(1));
    assert_eq!(channels(queue.next(together)), [0_u64; 0]);
    queue.end(ChannelId(2));
    (1..=20).for_each(|channel| queue.add(stretch(ChannelId(channel), 1)));
    assert_eq!(channels(queue.next(together)), (1..=20).collect::<Vec<_>>(), "all, however many");
}
