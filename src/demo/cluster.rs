//! The demo of a cluster: three nodes over a real RabbitMQ and a real CQL server, and havoc of every kind.
//!
//! ```text
//! each round:  talk ───────────────┐
//!              havoc, meanwhile ───┴─> settle ─> judge        then: wipe, replay --apply --restore, verify
//! ```
//! The play, the screen and the judge are the embedded demo's. What is done to nodes and servers is in `havoc`.

mod backend;
mod crew;
mod havoc;
mod streams;
mod summary;
mod transient;

pub use havoc::{Havoc, Measured};
pub use summary::{Round, Summary};
pub use transient::Twice;

use super::cast::Cast;
use super::judge::{self, Verdict};
use super::node::Setting;
use super::play::{Act, Play};
use super::screen::Screen;
use super::stage::Stage;
use super::{LATE_MS, Options as Base, busy, hostile, lively};
use crate::clock::{Clock as _, Wall};
use anyhow::Context as _;
use backend::Backend;
use crew::Crew;
use events::MirrorId;
use havoc::Rig;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use standin::{Config, Keep, Standin};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What is asked for, besides what counts for every demo.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed, length, messages, colours.
    pub base: Base,
    /// What is done, one after another; empty: a few things at random.
    pub havoc: Vec<Havoc>,
    /// How long RabbitMQ is down in [`Havoc::RabbitDown`].
    pub down: Duration,
}

impl Options {
    /// Without a word about it, the demo kills servers too, unless Discord is hostile enough.
    fn hurts_servers(&self) -> bool {
        let unsaid = self.havoc.is_empty() && !self.base.hostile;
        unsaid || self.havoc.iter().any(|havoc| havoc.hurts_servers())
    }
}

/// Nodes.
const NODES: usize = 3;
/// Partitions of the log.
const PARTITIONS: u16 = 4;
/// Mirrors of the busy play, each of three channels: enough that every partition has one, nearly always.
const MIRRORS: usize = 8;
/// Mirrors beside the game night, which go on in the background.
const BACKGROUND_MIRRORS: usize = 5;
/// Channels of each.
const CHANNELS: usize = 3;
/// Messages a second of the busy play, and in the background.
const RATE: f64 = 15.0;
const BACKGROUND_RATE: f64 = 2.0;
/// How long a lease holds.
const LEASE: Duration = Duration::from_secs(4);
/// Deadline of a request: well below what is left of a lease when it is renewed.
const DEADLINE_MS: u64 = 1_000;
/// W: no effect of the stand-in comes later.
const SETTLE_WAIT_MS: u64 = 500;
/// Longest round of [`Havoc::All`].
const ROUND: Duration = Duration::from_secs(60);
/// Lines of havoc that wait for the screen.
const LINES_MAX: usize = 64;
/// The largest outbox.
const OUTBOX_MIB: u64 = 16;

/// What is played and done in one round.
struct Plan {
    acts: Vec<(Duration, Act)>,
    havoc: Wish,
}

/// What is done in a round.
enum Wish {
    /// These, one after another.
    Named(Vec<Havoc>),
    /// Any, until so long after the round's begin.
    Mixed(Duration),
}

/// Runs the demo.
///
/// # Errors
/// When servers or nodes cannot be started, a node ends by itself, or a command fails.
pub async fn run(options: Options) -> anyhow::Result<Summary> {
    let kept = options.base.data_dir.clone();
    let temporary = kept.is_none().then(tempfile::tempdir).transpose()?;
    let dir = kept.or_else(|| temporary.as_ref().map(|dir| dir.path().to_owned()));
    let dir = dir.context("there is no data directory")?;
    std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let play = play(&options);
    let mut demo = Demo::set_up(options, &play, &dir).await?;
    demo.play(play).await
}

/// The game night with others in the background, or nothing but a busy day.
fn play(options: &Options) -> Play {
    let Base { seed, length, messages, .. } = options.base;
    let count = |rate: f64| messages.unwrap_or((length.as_secs_f64() * rate).ceil() as usize).max(1);
    if options.base.hostile {
        return hostile::play(seed, length);
    }
    if options.havoc.is_empty() {
        let beside = spread(busy::busy(seed, count(BACKGROUND_RATE), BACKGROUND_MIRRORS, CHANNELS), length);
        return lively::lively(seed, length).beside(beside);
    }
    spread(busy::busy(seed, count(RATE), MIRRORS, CHANNELS), length)
}

/// The same acts, evenly over this time.
fn spread(mut play: Play, length: Duration) -> Play {
    let count = play.acts.len().max(1) as f64;
    for (number, (after, _)) in play.acts.iter_mut().enumerate() {
        *after = length.mul_f64(number as f64 / count);
    }
    play
}

/// Cuts the play into rounds.
fn plans(options: &Options, acts: Vec<(Duration, Act)>) -> Vec<Plan> {
    let length = options.base.length;
    let wishes: Vec<Wish> = if options.base.hostile && options.havoc.is_empty() {
        vec![Wish::Named(Vec::new())]
    } else if options.havoc.is_empty() {
        vec![Wish::Mixed(length)]
    } else if options.havoc.contains(&Havoc::All) {
        let rounds = (length.as_secs_f64() / ROUND.as_secs_f64()).ceil().max(1.0) as u32;
        (0..rounds).map(|_| Wish::Mixed(length / rounds)).collect()
    } else {
        options.havoc.iter().map(|havoc| Wish::Named(vec![*havoc])).collect()
    };
    let each = length / u32::try_from(wishes.len()).unwrap_or(u32::MAX).max(1);
    let mut acts = acts.into_iter().peekable();
    let mut plans = Vec::new();
    for (number, havoc) in (0_u32..).zip(wishes) {
        let (begin, end) = (each * number, each * (number + 1));
        let mut own = Vec::new();
        while let Some((after, act)) = acts.next_if(|(after, _)| *after < end) {
            own.push((after - begin, act));
        }
        plans.push(Plan { acts: own, havoc });
    }
    if let Some(last) = plans.last_mut() {
        last.acts.extend(acts.map(|(_, act)| (each, act)));
    }
    plans
}

struct Demo {
    options: Options,
    cast: Cast,
    rig: Rig,
    random: ChaCha8Rng,
    began: Instant,
    round_ends: Vec<u64>,
    partitions_used: usize,
}

impl Demo {
    async fn set_up(options: Options, play: &Play, dir: &Path) -> anyhow::Result<Self> {
        let began = Instant::now();
        let base = &options.base;
        let mut config = Config {
            port: base.port,
            seed: base.seed,
            unlimited: base.unlimited || !(base.hostile || options.havoc.is_empty()),
            keep: Keep::All,
            ..Config::default()
        };
        if base.hostile {
            (config.limits, config.gateway) = (hostile::limits(), hostile::rules());
        }
        let token = config.token.clone();
        let unlimited = config.unlimited;
        let discord = Standin::start(config)?;
        let discord_urls = [discord.api_url(), discord.gateway_url()];
        let mut stage = Stage::new(discord, play);
        stage.is_ordered_by_channel = base.hostile;
        let screen = Screen::new(&stage.places, base.json, base.no_color);
        let mut cast = Cast::new(stage, screen);
        cast.screen.heading(&format!("RabbitMQ and Cassandra begin; the seed is {}", base.seed));
        let backend = Backend::start(dir, NODES, options.hurts_servers()).await?;
        // A run before this one left nodes that know another Discord.
        let dir = &dir.join(&backend.name);
        if options.havoc.contains(&Havoc::Truncated) {
            streams::declare_short(backend.log(), &backend.name, PARTITIONS).await?;
        }
        let known = environment(&token, discord_urls, (unlimited, base.hostile), &dir.join("archive"));
        let settings: Vec<Setting> = (0..NODES).map(|node| setting(node, dir, &backend, &known)).collect();
        let made = settings[0].ask(&["schema", "apply"]).await?;
        cast.screen.heading(&format!("mirror schema apply: {} tables", made.lines().count()));
        let random = ChaCha8Rng::seed_from_u64(base.seed ^ 0x9e37_79b9);
        let rig = Rig {
            backend,
            crew: Crew::start(settings)?,
            lease: LEASE,
            down: options.down,
            random: random.clone(),
            says: None,
        };
        let mut demo = Self { options, cast, rig, random, began, round_ends: Vec::new(), partitions_used: 0 };
        demo.link().await?;
        if demo.options.base.hostile {
            demo.cast.stage.discord.set_faults(hostile::faults(LATE_MS));
        }
        Ok(demo)
    }

    /// Waits until the nodes share the work, and links all channels.
    async fn link(&mut self) -> anyhow::Result<()> {
        let took = self.rig.crew.stands("the nodes share the work", |all| all.is_held_without(&[])).await?;
        self.cast.screen.heading(&format!(
            "{NODES} nodes share {PARTITIONS} partitions and a gateway shard, {:.1} s after they began",
            took.as_secs_f64()
        ));
        for place in self.cast.stage.places.clone() {
            let url = format!("https://discord.com/channels/{}/{}", place.guild, place.id);
            self.rig.crew.ask(&["link", &place.mirror, &url]).await?;
        }
        let mirrors: serde_json::Value =
            serde_json::from_str(&self.rig.crew.ask(&["mirrors", "--json"]).await?)?;
        let ids = mirrors["mirrors"].as_array().cloned().unwrap_or_default();
        let ids = ids.iter().filter_map(|mirror| mirror["id"].as_str()?.parse().ok().map(MirrorId));
        let used: BTreeSet<_> = ids.map(|id| id.partition(PARTITIONS)).collect();
        self.partitions_used = used.len();
        self.cast.screen.heading(&format!(
            "{} channels are linked; mirrors lie in {} of {PARTITIONS} partitions",
            self.cast.stage.places.len(),
            used.len()
        ));
        Ok(())
    }

    async fn play(&mut self, play: Play) -> anyhow::Result<Summary> {
        let mut rounds = Vec::new();
        let mut verdict = Verdict::default();
        for plan in plans(&self.options, play.acts) {
            let began = Instant::now();
            let havoc = self.round(plan).await?;
            verdict = self.settle().await?;
            self.round_ends.push(Wall.now().0.unsigned_abs() / 1_000);
            let round = Round {
                havoc,
                lost: verdict.lost,
                duplicated: verdict.duplicated,
                misplaced: verdict.misplaced,
                seconds: tenths(began.elapsed()),
            };
            self.cast.screen.heading(&format!(
                "{} copies so far: {} lost, {} doubled, {} misplaced",
                verdict.copies, round.lost, round.duplicated, round.misplaced
            ));
            let is_right = round.is_right();
            rounds.push(round);
            if !is_right {
                break;
            }
        }
        let twice = self.twice();
        let (wiped, restored, after) = if verdict.is_right() && !self.options.base.hostile {
            self.restore().await?
        } else {
            (0, 0, verdict.clone())
        };
        let verify = self.verify().await;
        self.rig.crew.stop().await?;
        let summary = self.summary(rounds, (&verdict, &after));
        let overruns = hostile::overruns(&self.cast.stage.discord);
        for example in summary.examples.iter().chain(&overruns).filter(|_| self.options.base.json) {
            eprintln!("{example}");
        }
        const TWICE_MAX: usize = 20;
        Ok(Summary {
            transient: twice.len(),
            twice: twice.into_iter().take(TWICE_MAX).collect(),
            wiped,
            restored,
            verify,
            ..summary
        })
    }

    /// Talk and havoc at the same time.
    async fn round(&mut self, plan: Plan) -> anyhow::Result<Vec<(Havoc, Measured)>> {
        let (says, said) = mpsc::channel(LINES_MAX);
        self.rig.says = Some(says);
        let settings = self.rig.crew.settings();
        let Self { cast, rig, random, .. } = self;
        let havoc = async {
            let done = wreak(rig, random, plan.havoc).await;
            // The talk goes on as long as somebody may say something.
            rig.says = None;
            done
        };
        let (talked, done) = tokio::join!(talk(cast, plan.acts, said, &settings), havoc);
        talked?;
        done
    }

    async fn settle(&mut self) -> anyhow::Result<Verdict> {
        let crew = &mut self.rig.crew;
        self.cast.settle(&mut || crew.check()).await
    }

    /// What stood twice for a while, in any channel.
    fn twice(&self) -> Vec<Twice> {
        let rounds = transient::Rounds(self.round_ends.clone());
        let stage = &self.cast.stage;
        let effects = stage.places.iter().map(|place| stage.discord.effects_on(place.id));
        effects.flat_map(|effects| transient::twice(&effects, &rounds)).collect()
    }

    /// A moderator wipes the last channel; the operator puts it back from the log, through any node.
    async fn restore(&mut self) -> anyhow::Result<(usize, usize, Verdict)> {
        let place = self.cast.stage.places.last().cloned().context("there is no channel")?;
        if self.options.havoc.contains(&Havoc::Truncated) {
            // Before retention goes on with what the wiping adds.
            self.rig.crew.ask(&["archive", "seal"]).await?;
        }
        if self.options.havoc.contains(&Havoc::Refilled) {
            // Outboxes of several nodes filled the stream side by side, and copies follow the log.
            let order = self.log_order(&place.mirror).await?;
            self.cast.stage.made_anew(place.id, &order);
        }
        let before = self.removals(&place.mirror).await?.len();
        let wiped = self.cast.stage.discord.wipe(place.id);
        let heading = format!("a moderator wipes {}: {wiped} copies are gone", place.title);
        self.cast.screen.heading(&heading);
        self.removals_known(&place.mirror, before + wiped).await?;
        let words = ["replay", "--mirror", &place.mirror, "--apply", "--restore", "--yes"];
        self.cast.screen.heading(&format!("mirror {}", words.join(" ")));
        let said = self.rig.crew.ask(&words).await?;
        said.lines().for_each(|line| self.cast.screen.heading(line));
        let verdict = self.settle().await?;
        Ok((wiped, self.cast.stage.copies_in(place.id).len(), verdict))
    }

    /// Waits until the log has every removal: only what is known to be gone can be restored.
    async fn removals_known(&mut self, mirror: &str, expected: usize) -> anyhow::Result<()> {
        const LOOKS_MAX: usize = 100;
        let mut known = 0;
        for _ in 0..LOOKS_MAX {
            known = self.removals(mirror).await?.len();
            if known >= expected {
                return Ok(());
            }
            self.cast.pause(Duration::from_millis(200)).await;
        }
        let status = self.rig.crew.ask(&["status"]).await.unwrap_or_default();
        let alarms: Vec<&str> = status.lines().filter(|line| line.contains("ALARM")).collect();
        anyhow::bail!("of {expected} removals the log has {known} {alarms:?}")
    }

    /// Removals on the log. Two nodes may have heard of the same: it is one event.
    async fn removals(&mut self, mirror: &str) -> anyhow::Result<BTreeSet<String>> {
        let entries = self.entries(mirror, &["--kind", "deleted"]).await?;
        Ok(entries.iter().filter_map(|entry| Some(entry["event"].as_str()?.to_owned())).collect())
    }

    /// The messages of a mirror as the log has them.
    async fn log_order(&mut self, mirror: &str) -> anyhow::Result<Vec<u64>> {
        let entries = self.entries(mirror, &["--kind", "created", "--kind", "edited"]).await?;
        Ok(entries.iter().filter_map(|entry| entry["message"].as_str()?.parse().ok()).collect())
    }

    async fn entries(&mut self, mirror: &str, kinds: &[&str]) -> anyhow::Result<Vec<serde_json::Value>> {
        let words = [&["log", "--mirror", mirror, "--json"], kinds].concat();
        let said = self.rig.crew.ask(&words).await?;
        Ok(said.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// What is wrong, in words; empty: nothing.
    async fn verify(&mut self) -> String {
        self.cast.screen.heading("mirror verify");
        match self.rig.crew.ask(&["verify"]).await {
            Ok(_) => String::new(),
            Err(error) => {
                // Does a second look at the same log find the same? The first counts either way.
                let again = match self.rig.crew.ask(&["verify"]).await {
                    Ok(_) => "asked again, it found nothing".to_owned(),
                    Err(error) => format!("asked again: {error:#}"),
                };
                let status = self.rig.crew.ask(&["status"]).await;
                let status = status.unwrap_or_else(|error| format!("{error:#}"));
                format!("{error:#}\n{again}\n{status}")
            }
        }
    }

    fn summary(&self, rounds: Vec<Round>, (talked, after): (&Verdict, &Verdict)) -> Summary {
        let worst = if after.is_right() { talked } else { after };
        let measured = || rounds.iter().flat_map(|round| &round.havoc).map(|(_, measured)| measured);
        let dead = rounds.iter().flat_map(|round| &round.havoc);
        let dead =
            dead.filter(|(havoc, _)| *havoc != Havoc::Drain).filter_map(|(_, measured)| measured.takeover_ms);
        let stage = &self.cast.stage;
        let refused_own = stage.discord.counts().refused_own.values().sum();
        Summary {
            nodes: NODES,
            partitions: PARTITIONS,
            partitions_used: self.partitions_used,
            lease_ms: LEASE.as_millis() as u64,
            source_messages: stage.messages(),
            copies: talked.copies,
            edits: stage.edits,
            deletes: stage.deletes,
            crashes: self.rig.crew.crashes(),
            lost: worst.lost,
            duplicated: worst.duplicated,
            misplaced: worst.misplaced,
            faults: stage.discord.faults().len(),
            refused_own,
            takeover_ms_max: dead.max().unwrap_or_default(),
            drain_ms_max: measured().filter_map(|measured| measured.drain_ms).max().unwrap_or_default(),
            latency_ms_p50: judge::percentile(&talked.latencies_ms, 0.5),
            latency_ms_p99: judge::percentile(&talked.latencies_ms, 0.99),
            wall_seconds: tenths(self.began.elapsed()),
            seed: self.options.base.seed,
            examples: worst.examples.clone(),
            rounds,
            ..Summary::default()
        }
    }
}

/// Performs the acts, and shows what happens until nobody wreaks havoc any more.
async fn talk(
    cast: &mut Cast,
    acts: Vec<(Duration, Act)>,
    mut said: mpsc::Receiver<String>,
    settings: &[Setting],
) -> anyhow::Result<()> {
    let began = tokio::time::Instant::now();
    for (after, act) in acts {
        cast.until(began + after).await;
        while let Ok(line) = said.try_recv() {
            cast.screen.heading(&line);
        }
        if let Act::Ban(author) = &act {
            ban(cast, author, settings).await?;
        }
        cast.stage.perform(&act);
        cast.look();
    }
    loop {
        match said.try_recv() {
            Ok(line) => cast.screen.heading(&line),
            Err(mpsc::error::TryRecvError::Empty) => cast.pause(Duration::from_millis(50)).await,
            Err(mpsc::error::TryRecvError::Disconnected) => return Ok(()),
        }
    }
}

/// The operator bans somebody from the game night, through the first node that can do it now.
async fn ban(cast: &mut Cast, author: &str, settings: &[Setting]) -> anyhow::Result<()> {
    const TRIES_MAX: usize = 60;
    let user = cast.stage.user(author).to_string();
    let mirror = cast.stage.places.first().map(|place| place.mirror.clone()).unwrap_or_default();
    for setting in settings.iter().cycle().take(TRIES_MAX) {
        if setting.ask(&["ban", &user, "--mirror", &mirror]).await.is_ok() {
            cast.stage.ban(author);
            cast.screen.heading(&format!("the operator bans {author}"));
            return Ok(());
        }
        cast.pause(Duration::from_millis(500)).await;
    }
    anyhow::bail!("no node could ban {author}")
}

/// Does what is wished for, beginning a little after the talk.
async fn wreak(rig: &mut Rig, random: &mut ChaCha8Rng, wish: Wish) -> anyhow::Result<Vec<(Havoc, Measured)>> {
    let began = Instant::now();
    let mut done = Vec::new();
    match wish {
        Wish::Named(named) => {
            for havoc in named {
                tokio::time::sleep(Duration::from_millis(random.random_range(300..1_200))).await;
                done.push((havoc, rig.wreak(havoc).await?));
            }
        }
        Wish::Mixed(length) => {
            while began.elapsed() < length {
                tokio::time::sleep(Duration::from_millis(random.random_range(500..4_000))).await;
                let havoc = Havoc::any(random);
                done.push((havoc, rig.wreak(havoc).await?));
            }
        }
    }
    Ok(done)
}

/// What every node is told of Discord, and how the nodes share the work.
fn environment(
    token: &str,
    [api, gateway]: [String; 2],
    (unlimited, hostile): (bool, bool),
    archive: &Path,
) -> Vec<(String, String)> {
    let level = std::env::var("MIRROR_TELEMETRY_LEVEL").unwrap_or_else(|_| "info".to_owned());
    let pairs = [
        ("MIRROR_DISCORD_TOKEN", token.to_owned()),
        ("MIRROR_DISCORD_API", api),
        ("MIRROR_DISCORD_GATEWAY", gateway),
        ("MIRROR_DISCORD_RATE_LIMITS", (!unlimited).to_string()),
        // Only a hostile Discord has this limit.
        ("MIRROR_DISCORD_CHANNEL_PER_MINUTE", if hostile { "30" } else { "0" }.to_owned()),
        ("MIRROR_LANES_DEADLINE_MS", DEADLINE_MS.to_string()),
        ("MIRROR_LANES_SETTLE_WAIT_MS", SETTLE_WAIT_MS.to_string()),
        ("MIRROR_CONSOLE_LISTEN", "off".to_owned()),
        ("MIRROR_CLUSTER_PARTITIONS", PARTITIONS.to_string()),
        ("MIRROR_CLUSTER_LEASE_MS", LEASE.as_millis().to_string()),
        ("MIRROR_CLUSTER_OUTBOX_MB", OUTBOX_MIB.to_string()),
        ("MIRROR_ARCHIVE_URL", archive.display().to_string()),
        ("MIRROR_ARCHIVE_SEAL_EVENTS", "100".to_owned()),
        ("MIRROR_ARCHIVE_MARGIN_SECONDS", "1".to_owned()),
        ("MIRROR_TELEMETRY_LEVEL", level),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn setting(node: usize, dir: &Path, backend: &Backend, known: &[(String, String)]) -> Setting {
    let data_dir: PathBuf = dir.join(format!("node-{}", node + 1));
    let environment = known.iter().cloned().chain(backend.environment(node)).collect();
    Setting { data_dir, environment }
}

fn tenths(span: Duration) -> f64 {
    (span.as_secs_f64() * 10.0).round() / 10.0
}
