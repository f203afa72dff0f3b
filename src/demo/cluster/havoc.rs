//! Havoc: what is done to the nodes, the servers, and the connections between them, by name.

use super::backend::{Backend, Servers};
use super::crew::Crew;
use super::streams;
use anyhow::Context as _;
use clap::ValueEnum;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// How long the talk may take to make streams long enough.
const TRUNCATION_MAX: Duration = Duration::from_secs(90);

/// How long the outboxes may take to fill a stream again.
const REFILL_MAX: Duration = Duration::from_secs(60);

/// One kind of havoc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Havoc {
    /// SIGKILL to a node; others take over, then it comes back
    KillNode,
    /// A node is frozen past its lease and goes on afterwards: its late writes must change nothing
    Zombie,
    /// A node hands over everything, is stopped, and comes back
    Drain,
    /// SIGKILL to RabbitMQ
    KillRabbit,
    /// SIGKILL to the CQL server
    KillCql,
    /// SIGKILL to RabbitMQ and to the CQL server
    KillBoth,
    /// Connections to streams, AMQP and CQL are cut, again and again
    Cut,
    /// The shard's node cannot renew its leases but keeps its gateway; another takes the shard
    SameShard,
    /// Retention removes the beginning of the streams, after it was archived
    Truncated,
    /// A stream is deleted and declared anew; it is filled again from the outboxes
    Refilled,
    /// Publishes take effect, their confirms are lost with the connection
    LostConfirm,
    /// RabbitMQ is down for --down seconds under load
    RabbitDown,
    /// Any of them at random until --duration is over
    All,
}

impl Havoc {
    /// Every kind that can be repeated at random. A deleted or truncated stream is not among them: the outboxes and
    /// the archive are asked for that once.
    const MIXED: &[Self] = &[
        Self::KillNode,
        Self::KillNode,
        Self::Zombie,
        Self::Drain,
        Self::KillRabbit,
        Self::KillCql,
        Self::KillBoth,
        Self::Cut,
        Self::SameShard,
        Self::LostConfirm,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether it needs servers and proxies of our own.
    #[must_use]
    pub(super) const fn hurts_servers(self) -> bool {
        match self {
            Self::KillRabbit
            | Self::KillCql
            | Self::KillBoth
            | Self::Cut
            | Self::LostConfirm
            | Self::RabbitDown
            | Self::All => true,
            Self::KillNode
            | Self::Zombie
            | Self::Drain
            | Self::SameShard
            | Self::Truncated
            | Self::Refilled => false,
        }
    }

    /// One to mix in.
    #[must_use]
    pub(super) fn any(random: &mut ChaCha8Rng) -> Self {
        Self::MIXED.choose(random).copied().unwrap_or(Self::KillNode)
    }
}

/// What was measured in one havoc.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    /// From the loss of a node until others work on all that it had, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takeover_ms: Option<u64>,
    /// From asking for a drain until all was handed over, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain_ms: Option<u64>,
    /// Messages that two nodes captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_twice: Option<usize>,
    /// Records of a deleted stream that are there again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refilled: Option<usize>,
    /// The first offset that is left, of each partition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub floors: Vec<u64>,
    /// How long RabbitMQ was down, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub down_s: Option<u64>,
    /// Most memory that a node had meanwhile, and before, MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_mib: Option<(u64, u64)>,
    /// Most that an outbox held meanwhile, MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbox_mib: Option<u64>,
    /// What `mirror status` said of it meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
    /// Whether its metrics had the alarm on then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_in_metrics: Option<bool>,
}

/// Everything that havoc is done to.
pub(super) struct Rig {
    /// The servers.
    pub(super) backend: Backend,
    /// The nodes.
    pub(super) crew: Crew,
    /// How long a lease holds.
    pub(super) lease: Duration,
    /// How long RabbitMQ is down.
    pub(super) down: Duration,
    /// Makes it replayable.
    pub(super) random: ChaCha8Rng,
    /// Where it says what it does.
    pub(super) says: Option<mpsc::Sender<String>>,
}

impl Rig {
    /// Does it and waits until all nodes and servers are back.
    ///
    /// # Errors
    /// When they do not come back, or a node ended by itself.
    pub(super) async fn wreak(&mut self, havoc: Havoc) -> anyhow::Result<Measured> {
        let done = match havoc {
            Havoc::KillNode => self.kill_node().await,
            Havoc::Zombie => self.zombie().await,
            Havoc::Drain => self.drain().await,
            Havoc::KillRabbit => self.kill_servers(Servers { rabbit: true, cql: false }, "RabbitMQ").await,
            Havoc::KillCql => self.kill_servers(Servers { rabbit: false, cql: true }, "the CQL server").await,
            Havoc::KillBoth => self.kill_servers(Servers { rabbit: true, cql: true }, "both servers").await,
            Havoc::Cut => self.cut().await,
            Havoc::SameShard => self.same_shard().await,
            Havoc::Truncated => self.truncated().await,
            Havoc::Refilled => self.refilled().await,
            Havoc::LostConfirm => self.lost_confirm().await,
            Havoc::RabbitDown => self.rabbit_down().await,
            Havoc::All => Ok(Measured::default()),
        };
        done.with_context(|| havoc.name())
    }

    fn say(&self, text: &str) {
        if let Some(says) = &self.says {
            // A line that finds no room on the screen is not missed.
            let _ = says.try_send(text.to_owned());
        }
    }

    /// A node that has something to lose.
    async fn worker(&mut self) -> anyhow::Result<(usize, String)> {
        self.crew.stands("all partitions and shards are held", |all| all.is_held_without(&[])).await?;
        let standing = self.crew.standing().await?;
        let names: Vec<&str> = standing.workers().into_iter().collect();
        let name = (*names.choose(&mut self.random).context("nobody works")?).to_owned();
        let place = self.crew.place(&name).context("an unknown node works")?;
        Ok((place, name))
    }

    /// Waits until others have everything.
    async fn taken_over(&mut self, name: &str) -> anyhow::Result<u64> {
        let what = format!("others take over what {name} had");
        let took = self.crew.stands(&what, |all| all.is_held_without(&[name])).await?;
        self.say(&format!("others have all that {name} worked on, {:.1} s later", took.as_secs_f64()));
        Ok(ms(took))
    }

    async fn kill_node(&mut self) -> anyhow::Result<Measured> {
        let (place, name) = self.worker().await?;
        let member = self.crew.member(place);
        let pid = member.node.pid();
        member.node.kill().await?;
        self.crew.set_away(place, true);
        self.say(&format!("⚡ SIGKILL to {name} (process {pid})"));
        let took = self.taken_over(&name).await?;
        self.back(place, &name)?;
        Ok(Measured { takeover_ms: Some(took), ..Measured::default() })
    }

    fn back(&mut self, place: usize, name: &str) -> anyhow::Result<()> {
        self.crew.member(place).node.begin()?;
        self.crew.set_away(place, false);
        self.say(&format!("{name} is started again"));
        Ok(())
    }

    async fn zombie(&mut self) -> anyhow::Result<Measured> {
        let (place, name) = self.worker().await?;
        self.crew.member(place).node.signal("STOP").await?;
        self.crew.set_away(place, true);
        self.say(&format!("⚡ {name} is frozen, with whatever it had in hand"));
        let took = self.taken_over(&name).await?;
        self.crew.member(place).node.signal("CONT").await?;
        self.crew.set_away(place, false);
        self.say(&format!("{name} goes on as if nothing had happened"));
        // It has to find out, and does what it does until then.
        sleep(self.lease).await;
        Ok(Measured { takeover_ms: Some(took), ..Measured::default() })
    }

    async fn drain(&mut self) -> anyhow::Result<Measured> {
        let (place, name) = self.worker().await?;
        self.say(&format!("mirror drain, asked of {name}"));
        let began = Instant::now();
        self.crew.member(place).setting.ask(&["drain"]).await?;
        let took = ms(began.elapsed());
        self.say(&format!("{name} has handed over everything after {took} ms, and is stopped"));
        let taken = self.taken_over(&name).await?;
        self.crew.set_away(place, true);
        self.crew.member(place).node.stop().await?;
        self.back(place, &name)?;
        Ok(Measured { drain_ms: Some(took), takeover_ms: Some(taken), ..Measured::default() })
    }

    async fn kill_servers(&mut self, which: Servers, name: &str) -> anyhow::Result<Measured> {
        self.backend.kill(which).await?;
        self.say(&format!("⚡ SIGKILL to {name}"));
        sleep(self.between(500, 2_500)).await;
        self.backend.restart(which).await?;
        self.say(&format!("started again: {name}"));
        let took = self.crew.stands("all is held again", |all| all.is_held_without(&[])).await?;
        self.say(&format!("everything is worked on, {:.1} s later", took.as_secs_f64()));
        Ok(Measured::default())
    }

    fn between(&mut self, from_ms: u64, to_ms: u64) -> Duration {
        Duration::from_millis(self.random.random_range(from_ms..to_ms))
    }

    async fn cut(&mut self) -> anyhow::Result<Measured> {
        const CUTS: usize = 12;
        self.say(&format!("⚡ connections to streams, AMQP and CQL are cut, {CUTS} times"));
        for _ in 0..CUTS {
            let pause = self.between(100, 600);
            let ways = self.backend.ways();
            let at = self.random.random_range(0..ways.len());
            ways[at].cut();
            sleep(pause).await;
        }
        Ok(Measured::default())
    }

    async fn lost_confirm(&mut self) -> anyhow::Result<Measured> {
        const TIMES: usize = 8;
        self.say(&format!(
            "⚡ what RabbitMQ confirms does not arrive, and the connection is cut, {TIMES} times"
        ));
        for _ in 0..TIMES {
            let (stalled, pause) = (self.between(50, 400), self.between(200, 800));
            let stream = self.backend.stream().context("a given broker has no proxy")?;
            stream.stall_replies(true);
            sleep(stalled).await;
            stream.cut();
            stream.stall_replies(false);
            sleep(pause).await;
        }
        Ok(Measured::default())
    }

    async fn same_shard(&mut self) -> anyhow::Result<Measured> {
        self.crew.stands("all partitions and shards are held", |all| all.is_held_without(&[])).await?;
        let standing = self.crew.standing().await?;
        let name = standing.shards.first().cloned().flatten().context("nobody has the shard")?;
        let place = self.crew.place(&name).context("an unknown node has the shard")?;
        let before = self.captured_twice().await?;
        let cql = self.backend.cql(place).context("no way to CQL")?;
        cql.refuse(true);
        cql.cut();
        self.crew.set_away(place, true);
        self.say(&format!("⚡ {name} cannot renew its leases, and keeps its gateway connection"));
        let took = self.taken_over(&name).await?;
        // Both have the shard now, and hear it in turns: Discord gives a session to whoever resumed it last.
        sleep(self.lease * 2).await;
        if let Some(cql) = self.backend.cql(place) {
            cql.refuse(false);
        }
        self.crew.set_away(place, false);
        sleep(self.lease).await;
        let captured = self.captured_twice().await?.saturating_sub(before);
        self.say(&format!("{captured} messages were captured by both"));
        Ok(Measured { takeover_ms: Some(took), captured_twice: Some(captured), ..Measured::default() })
    }

    /// Messages that stand on the log more than once.
    async fn captured_twice(&mut self) -> anyhow::Result<usize> {
        let said = self.crew.ask(&["log", "--kind", "created", "--json"]).await?;
        let event = |line: &str| {
            let entry: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(entry["event"].as_str()?.to_owned())
        };
        let events: Vec<String> = said.lines().filter_map(event).collect();
        let different: BTreeSet<&String> = events.iter().collect();
        Ok(events.len() - different.len())
    }

    async fn truncated(&mut self) -> anyhow::Result<Measured> {
        self.say("the streams keep their last segments only: what falls out is in the archive");
        let floors = self.truncation().await?;
        let gone = floors.iter().filter(|floor| **floor > 0).count();
        self.say(&format!("⚡ retention has removed the beginning of {gone} streams: {floors:?}"));
        Ok(Measured { floors, ..Measured::default() })
    }

    /// Waits until retention has removed something; the first offset that is left of each stream.
    async fn truncation(&mut self) -> anyhow::Result<Vec<u64>> {
        let began = Instant::now();
        loop {
            self.crew.check()?;
            match self.floors().await {
                Ok(floors) if floors.iter().any(|floor| *floor > 0) => return Ok(floors),
                Ok(_) | Err(_) if began.elapsed() < TRUNCATION_MAX => {}
                Ok(floors) => anyhow::bail!("retention removed nothing: {floors:?}"),
                Err(error) => return Err(error.context("whether retention removed anything cannot be seen")),
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// The first offset that each stream itself still has.
    async fn floors(&mut self) -> anyhow::Result<Vec<u64>> {
        let said = self.crew.ask(&["archive", "status", "--json"]).await?;
        let status: serde_json::Value = serde_json::from_str(&said)?;
        let partitions = status["partitions"].as_array().context("no partitions")?;
        partitions.iter().map(|partition| partition["floor"].as_u64().context("no floor")).collect()
    }

    async fn refilled(&mut self) -> anyhow::Result<Measured> {
        self.crew.stands("all partitions and shards are held", |all| all.is_held_without(&[])).await?;
        let before = self.crew.standing().await?;
        let longest = before.tails.iter().enumerate().max_by_key(|(_, tail)| **tail);
        let at = longest.map(|(at, _)| at).context("there is no stream")?;
        let before = streams::records(self.backend.log(), &self.backend.name, at).await?;
        streams::empty(self.backend.log(), &self.backend.name, at).await?;
        self.say(&format!("⚡ stream {at} is deleted, with {} records, and declared anew", before.len()));
        let took = self.filled(at, &before).await?;
        self.say(&format!("the outboxes have filled it again, {:.1} s later", took.as_secs_f64()));
        Ok(Measured { refilled: Some(before.len()), ..Measured::default() })
    }

    /// Waits until all of this is on the stream again, to the byte.
    async fn filled(&mut self, at: usize, before: &HashSet<Vec<u8>>) -> anyhow::Result<Duration> {
        let began = Instant::now();
        loop {
            self.crew.check()?;
            let now = streams::records(self.backend.log(), &self.backend.name, at).await?;
            let missing = before.difference(&now).count();
            if missing == 0 {
                return Ok(began.elapsed());
            }
            anyhow::ensure!(
                began.elapsed() < REFILL_MAX,
                "stream {at}: {missing} of {} records are not there again",
                before.len()
            );
        }
    }

    async fn rabbit_down(&mut self) -> anyhow::Result<Measured> {
        let which = Servers { rabbit: true, cql: false };
        let before = self.crew.sizes().iter().map(|(rss, _)| *rss).max().unwrap_or_default();
        self.backend.kill(which).await?;
        self.say(&format!("⚡ RabbitMQ is down for {} s", self.down.as_secs()));
        let (began, mut rss, mut outbox, mut alarm) = (Instant::now(), 0, 0, None);
        while began.elapsed() < self.down {
            sleep(Duration::from_secs(1)).await;
            for (memory, disk) in self.crew.sizes() {
                (rss, outbox) = (rss.max(memory), outbox.max(disk));
            }
            if alarm.is_none() && began.elapsed() > self.down / 4 {
                alarm = self.alarm().await;
            }
        }
        self.backend.restart(which).await?;
        self.say(&format!(
            "RabbitMQ is back; the largest node has {rss} MiB, the largest outbox {outbox} MiB"
        ));
        self.crew.stands("all is held again", |all| all.is_held_without(&[])).await?;
        Ok(Measured {
            down_s: Some(began.elapsed().as_secs()),
            rss_mib: Some((rss, before)),
            outbox_mib: Some(outbox),
            alarm_in_metrics: alarm.as_ref().map(|(_, in_metrics)| *in_metrics),
            alarm: alarm.map(|(line, _)| line),
            ..Measured::default()
        })
    }

    /// What `mirror status` says loudest on the node that takes the frames, and whether its metrics say so.
    async fn alarm(&mut self) -> Option<(String, bool)> {
        for place in 0..self.crew.count() {
            let said = self.crew.member(place).setting.ask(&["status"]).await.unwrap_or_default();
            if let Some(line) = said.lines().find(|line| line.contains("ALARM")) {
                let metrics = scrape(self.backend.metrics(place)).await.unwrap_or_default();
                let in_metrics = metrics.lines().any(|line| line == "mirror_outbox_alarm 1");
                return Some((line.to_owned(), in_metrics));
            }
        }
        None
    }
}

/// What Prometheus would read.
async fn scrape(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
