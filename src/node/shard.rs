//! One gateway shard at work here: the connection, ingest, and what becomes of lost time.

use super::{Node, NodeError, Running, broken, setup};
use crate::commands::Desk;
use crate::discord::gateway::{
    self, Ended, FRAMES_MAX, Frame, Gateway, HAPPENINGS_MAX, Happening, INTERACTIONS_MAX, Outlets, Saved,
};
use crate::gapfill::{self, Around, Filler, Stretch};
use crate::ingest::{Ingest, Missed};
use crate::slash::act::Act;
use crate::slash::{self, Slash};
use crate::sqlite::Session;
use events::Version;
use events::log::Durable;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tools::Follow as _;

/// How long a shard waits for the views of partitions that work elsewhere before it takes frames: what it does
/// not know by then, it fills in once it learns it.
const READY_WAIT: Duration = Duration::from_secs(10);

/// How long a place in a session waits for the broker before it is kept as it was.
const SETTLE_WAIT: Duration = Duration::from_secs(2);

/// Which shard, and how it goes on.
pub(super) struct Held {
    pub(super) shard: u32,
    pub(super) shards: u32,
    /// Where the node that had it before was in the session.
    pub(super) session: Option<Session>,
    /// One of another number of shards, which cannot go on.
    pub(super) stale: Option<Session>,
    /// Its place once every node can read all before it: what the next one resumes with.
    pub(super) settled: watch::Sender<Option<Session>>,
}

/// Works until told to stop, then until what was taken is durable.
pub(super) async fn work(
    node: Arc<Node>,
    held: Held,
    (running, desk): (Arc<Running>, Desk),
    stop: CancellationToken,
) -> Result<(), NodeError> {
    let (saved, lost) = newest(&node, &held).await?;
    let (place, placed) = watch::channel(saved.clone());
    let gateway = node.gateway(&held, saved.clone())?;
    running.beats(held.shard, gateway.pulse());
    let (frames, framed) = mpsc::channel(FRAMES_MAX);
    let (happenings, happened) = mpsc::channel(HAPPENINGS_MAX);
    let (interactions, asked) = mpsc::channel(INTERACTIONS_MAX);
    let around = Around { shard: held.shard, shards: held.shards };
    let wire = Wire { gateway, outlets: Outlets { frames, happenings, interactions }, framed };
    let live = gapfill::Live::default();
    let (fills, ends) = gapfill::ends(live.clone());
    let missed = Missed { session: saved, lost, fills: Some(fills) };
    let mut parts: JoinSet<Result<(), NodeError>> = JoinSet::new();
    let filler = Arc::new(node.filler(&desk, live, stop.clone()));
    parts.spawn(async move {
        filler.run(ends).await;
        Ok(())
    });
    if node.config.discord.commands {
        parts.spawn(node.answer(desk.clone(), held.shard, asked, stop.clone()));
    }
    let ingest = node.ingest(around, place);
    let (connected, connected_stop) = (node.clone(), stop.clone());
    parts.spawn(async move { Box::pin(connected.connect(wire, (ingest, missed), connected_stop)).await });
    parts.spawn(watch_connection(happened, around, running));
    if node.stores.is_shared {
        parts.spawn(settle(node.clone(), placed, held.settled));
    }
    let mut result = Ok(());
    while let Some(ended) = parts.join_next().await {
        result = result.and(ended.map_err(broken).and_then(|ended| ended));
        stop.cancel();
    }
    result
}

/// From the gateway to ingest.
struct Wire {
    gateway: Gateway,
    outlets: Outlets,
    framed: mpsc::Receiver<Frame>,
}

/// Tells what becomes of the connection. Ends with the gateway.
async fn watch_connection(
    mut happenings: mpsc::Receiver<Happening>,
    around: Around,
    running: Arc<Running>,
) -> Result<(), NodeError> {
    while let Some(happening) = happenings.recv().await {
        running.heard(around.shard, &happening);
    }
    Ok(())
}

/// Where to resume: this node's own place, if it is in the same session and farther. And since when something is
/// missing, or zero: a fill was not done, or a session of another number of shards cannot go on.
async fn newest(node: &Node, held: &Held) -> Result<(Option<Session>, Version), NodeError> {
    const SHARDS: &str = "shards";
    let state = &node.stores.state;
    let own = state.load_session(held.shard).await.map_err(broken)?;
    let kept = state.value(SHARDS).await.map_err(broken)?.and_then(|kept| kept.parse::<u32>().ok());
    let is_other = kept.is_some_and(|kept| kept != held.shards);
    if kept != Some(held.shards) {
        state.set_value(SHARDS, &held.shards.to_string()).await.map_err(broken)?;
    }
    let stale =
        own.iter().filter(|_| is_other).chain(&held.stale).map(|dropped| dropped.heard.max(Stretch::UNKNOWN));
    let dropped = stale.min();
    let session = match (own.filter(|_| !is_other), held.session.clone()) {
        (Some(own), Some(left)) if own.session == left.session && own.seq > left.seq => Some(own),
        (own, None) if !node.stores.is_shared => own,
        (_, left) => left,
    };
    let unread = session.as_ref().map(|session| session.lost).filter(|lost| *lost != Version(0));
    Ok((session, unread.into_iter().chain(dropped).min().unwrap_or_default()))
}

/// Keeps `settled` at the place up to which every node can read what was said.
async fn settle(
    node: Arc<Node>,
    mut place: watch::Receiver<Option<Session>>,
    settled: watch::Sender<Option<Session>>,
) -> Result<(), NodeError> {
    let every = Duration::from_millis(node.config.cluster.lease_ms / 4);
    loop {
        // Once ingest has ended, its place is the last.
        let is_last = place.has_changed().is_err();
        let now = place.borrow_and_update().clone();
        if node.is_everywhere().await {
            settled.send_replace(now);
        }
        if is_last {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = gone(&mut place) => {}
        }
    }
}

/// Returns once nobody changes it any more.
async fn gone<T>(place: &mut watch::Receiver<T>) {
    while place.changed().await.is_ok() {}
}

impl Node {
    /// Whether every node can read all that this one has appended so far.
    async fn is_everywhere(&self) -> bool {
        let flushed = async {
            for partition in self.stores.ports.all_partitions() {
                self.stores.ports.log.append(partition, Vec::new(), Durable::Everywhere).await?;
            }
            Ok::<(), events::log::AppendError>(())
        };
        matches!(tokio::time::timeout(SETTLE_WAIT, flushed).await, Ok(Ok(())))
    }

    fn gateway(&self, held: &Held, saved: Option<Session>) -> Result<Gateway, NodeError> {
        let saved =
            saved.map(|kept| Saved { session_id: kept.session, seq: kept.seq, resume_url: kept.resume_url });
        let url = self.config.discord.gateway.clone();
        let settings = gateway::Settings { url, shard: held.shard, shards: held.shards };
        Gateway::new(&settings, &self.token, saved, self.turns.clone()).map_err(setup)
    }

    fn ingest(&self, around: Around, session: watch::Sender<Option<Session>>) -> Ingest {
        Ingest {
            ports: self.stores.ports.clone(),
            links: self.links.clone(),
            threads: self.threads.clone(),
            guilds: self.guilds.clone(),
            webhooks: self.webhooks.clone(),
            state: self.stores.state.clone(),
            clock: self.clock.clone(),
            hub: self.hub.clone(),
            around,
            session,
            me: self.me,
        }
    }

    fn filler(&self, desk: &Desk, live: gapfill::Live, stop: CancellationToken) -> Filler {
        Filler {
            ports: self.stores.ports.clone(),
            links: self.links.clone(),
            guilds: self.guilds.clone(),
            webhooks: self.webhooks.clone(),
            me: self.me,
            clock: self.clock.clone(),
            ids: desk.ids.clone(),
            follow: self.following.clone(),
            past: Arc::new(self.rest.clone()),
            calls: Semaphore::new(gapfill::AT_ONCE_MAX),
            actives: gapfill::rooms::Actives::default(),
            live,
            stop,
        }
    }

    /// Answers what people type and press. One shard registers the commands for all.
    fn answer(
        &self,
        desk: Desk,
        shard: u32,
        asked: mpsc::Receiver<String>,
        stop: CancellationToken,
    ) -> impl Future<Output = Result<(), NodeError>> + use<> {
        let (rest, application) = (self.rest.clone(), self.me.application);
        let act = Act::new(desk, self.links.clone(), Arc::new(rest.clone()));
        let slash = Arc::new(Slash { act, rest: rest.clone(), application });
        async move {
            let registered = async {
                if shard == 0 {
                    slash::register(&rest, application, &stop).await;
                }
            };
            tokio::join!(registered, slash.run(asked, stop.clone()));
            Ok(())
        }
    }

    /// Connects once the links are known: before that, a frame of a channel whose link is not folded yet would
    /// look like anybody's.
    async fn connect(
        &self,
        wire: Wire,
        (ingest, missed): (Ingest, Missed),
        stop: CancellationToken,
    ) -> Result<(), NodeError> {
        tokio::select! {
            known = self.links_known() => known?,
            () = stop.cancelled() => return Ok(()),
        }
        let Wire { gateway, outlets, framed } = wire;
        let (ended_at, kept) = tokio::join!(gateway.run(outlets, stop), ingest.run(framed, missed));
        kept.map_err(broken)?;
        ended(ended_at)
    }

    async fn links_known(&self) -> Result<(), NodeError> {
        let known = async {
            for partition in self.stores.ports.all_partitions() {
                let tail = self.stores.ports.log.tail(partition).await.map_err(broken)?;
                self.following.caught_up(partition, tail).await.map_err(broken)?;
            }
            self.links.reload().await.map_err(broken)
        };
        if !self.stores.is_shared {
            return known.await;
        }
        match tokio::time::timeout(READY_WAIT, known).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "frames are taken before all links are known; they are filled in later");
                Ok(())
            }
            Err(_) => {
                tracing::warn!("frames are taken before all links are known; they are filled in later");
                Ok(())
            }
        }
    }
}

fn ended(ended: Ended) -> Result<(), NodeError> {
    match ended {
        Ended::Stopped => Ok(()),
        Ended::Fatal { code, what_to_do } => {
            Err(setup(format!("Discord closed the gateway ({code}): {what_to_do}")))
        }
        Ended::BudgetSpent { again_ms } => {
            let again =
                again_ms.and_then(|ms| ms.checked_mul(1000)).map(|us| tools::when::shown(Version(us)));
            Err(setup(format!(
                "the bot has connected anew too often today; another time could make Discord reset its token. It may \
                 go on at {}; until then look into the log for why it lost its session so often",
                again.as_deref().unwrap_or("a time that its own records do not tell: wait a day")
            )))
        }
    }
}
