//! The demo: a Discord of our own, the real node as a child process that is killed at random moments, people who
//! talk, and a judge who compares every channel at the end. Then one channel is wiped and put back from the log.

mod busy;
mod cast;
pub mod cluster;
mod hostile;
mod irc;
mod judge;
mod lively;
mod node;
mod play;
mod screen;
mod stage;
mod summary;

pub use summary::Summary;

use anyhow::Context as _;
use cast::{Cast, GIVE_UP};
use judge::Verdict;
use node::{Node, Setting};
use play::{Act, Play};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use screen::Screen;
use stage::Stage;
use standin::{Config, Faults, GatewayFault, Keep, Matcher, Rate, RestFault, RouteKind, Standin};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What the demo is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Replays the same play, with kills at the same places of it.
    pub seed: u64,
    /// Real chat instead: a folder of IRC logs.
    pub chat: Option<PathBuf>,
    /// A busy play of so many messages instead, for load.
    pub messages: Option<usize>,
    /// Share of requests and dispatches that go wrong on the stand-in's side, 0 to 1.
    pub faults: f64,
    /// Every fault at once, and the strictest limits, on twenty channels.
    pub hostile: bool,
    /// No rate limits on either side.
    pub unlimited: bool,
    /// How often the node is killed; `None`: a few times.
    pub kills: Option<usize>,
    /// How long the talk lasts (the default play).
    pub length: Duration,
    /// Print one JSON object at the end, and nothing else.
    pub json: bool,
    /// No colours.
    pub no_color: bool,
    /// Port of the stand-in; 0: any.
    pub port: u16,
    /// Keep the data directory here; `None`: a temporary one, removed at the end.
    pub data_dir: Option<PathBuf>,
}

/// Mirrors of the busy play, and the channels of each.
const BUSY_MIRRORS: usize = 3;
const BUSY_CHANNELS: usize = 3;
/// How late an effect of the stand-in can come after the node has given up, where it is asked for faults.
const LATE_MS: u64 = 200;
/// Deadline of a request where it is asked for faults: some of them wait it out.
const FAULTY_DEADLINE_MS: u64 = 1_000;
/// W there: longer than any effect can come after its request, for a node that was killed right after one
/// counts from its next start.
const FAULTY_SETTLE_WAIT_MS: u64 = FAULTY_DEADLINE_MS + 2 * LATE_MS;
/// W of the node in the demo: the stand-in takes effect at once.
const SETTLE_WAIT_MS: u64 = 500;
/// Deadline of a request in the demo.
const DEADLINE_MS: u64 = 3_000;
/// How long the node may take to connect.
const CONNECT_WAIT: Duration = Duration::from_secs(30);
/// Copies that may be owed before the talk pauses.
const OWED_MAX: usize = 2_000;

/// Runs the demo.
///
/// # Errors
/// When the node cannot be started, ends by itself, or a command fails.
pub async fn run(options: Options) -> anyhow::Result<Summary> {
    let play = match (&options.chat, options.messages) {
        (None, None) if options.hostile => hostile::play(options.seed, options.length),
        (Some(folder), _) => irc::irc(folder, options.seed)?,
        (None, Some(messages)) => busy::busy(options.seed, messages, BUSY_MIRRORS, BUSY_CHANNELS),
        (None, None) => lively::lively(options.seed, options.length),
    };
    let kept = options.data_dir.clone();
    let temporary = kept.is_none().then(tempfile::tempdir).transpose()?;
    let data_dir = match (&kept, &temporary) {
        (Some(kept), _) => kept.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => anyhow::bail!("there is no data directory"),
    };
    std::fs::create_dir_all(&data_dir).with_context(|| data_dir.display().to_string())?;
    let demo = Demo::set_up(options, play, data_dir).await?;
    demo.play().await
}

struct Demo {
    options: Options,
    play: Play,
    cast: Cast,
    setting: Setting,
    node: Node,
    random: ChaCha8Rng,
    began: Instant,
    tally: Tally,
}

/// What is counted while the demo runs.
#[derive(Default)]
struct Tally {
    wiped: usize,
    restored: usize,
}

impl Demo {
    async fn set_up(options: Options, play: Play, data_dir: PathBuf) -> anyhow::Result<Self> {
        let keep = if options.chat.is_some() { Keep::Counts } else { Keep::All };
        let mut config = Config {
            port: options.port,
            seed: options.seed,
            unlimited: options.unlimited,
            keep,
            ..Config::default()
        };
        if options.hostile {
            (config.limits, config.gateway) = (hostile::limits(), hostile::rules());
        }
        let environment = environment(&options, &config);
        let discord = Standin::start(config)?;
        let mut setting = Setting { data_dir, environment };
        setting.environment.push(("MIRROR_DISCORD_API".into(), discord.api_url()));
        setting.environment.push(("MIRROR_DISCORD_GATEWAY".into(), discord.gateway_url()));
        let mut stage = Stage::new(discord, &play);
        stage.is_ordered_by_channel = options.hostile;
        let screen = Screen::new(&stage.places, options.json, options.no_color);
        let mut cast = Cast::new(stage, screen);
        for place in &cast.stage.places {
            let url = format!("https://discord.com/channels/{}/{}", place.guild, place.id);
            setting.ask(&["link", &place.mirror, &url]).await?;
        }
        cast.screen.heading(&format!(
            "{} channels are linked; the seed is {}; the node begins",
            cast.stage.places.len(),
            options.seed
        ));
        let node = Node::start(setting.clone())?;
        let random = ChaCha8Rng::seed_from_u64(options.seed ^ 0x9e37_79b9);
        let mut demo = Self {
            options,
            play,
            cast,
            setting,
            node,
            random,
            began: Instant::now(),
            tally: Tally::default(),
        };
        demo.connected(1).await?;
        demo.begin_faults();
        Ok(demo)
    }

    fn begin_faults(&self) {
        let faults = match (self.options.hostile, self.options.faults > 0.0) {
            (true, _) => hostile::faults(LATE_MS),
            (false, true) => faults(self.options.faults),
            (false, false) => return,
        };
        self.cast.stage.discord.set_faults(faults);
    }

    async fn play(mut self) -> anyhow::Result<Summary> {
        let talk = Instant::now();
        self.talk().await?;
        let verdict = self.settle().await?;
        let talked = talk.elapsed();
        self.cast.screen.heading(&format!(
            "the talk is over: {} copies, {} lost, {} doubled, {} misplaced",
            verdict.copies, verdict.lost, verdict.duplicated, verdict.misplaced
        ));
        // To put a channel back takes long under such limits, and is no matter of Discord's.
        let is_restored = verdict.is_right() && !self.options.hostile;
        let after = if is_restored { self.restore().await? } else { verdict.clone() };
        let events = self.events().await?;
        let overruns = hostile::overruns(&self.cast.stage.discord);
        let examples = verdict.examples.iter().chain(&after.examples).chain(&overruns);
        for example in examples.filter(|_| self.options.json) {
            eprintln!("{example}");
        }
        let (counts, faults) = (self.cast.stage.discord.counts(), self.cast.stage.discord.faults().len());
        let Self { mut node, options, cast: Cast { stage, .. }, tally, began, setting, .. } = self;
        let crashes = node.crashes;
        node.stop().await?;
        drop(setting);
        let latency = |share| judge::percentile(&verdict.latencies_ms, share);
        let worst = if after.is_right() { &verdict } else { &after };
        Ok(Summary {
            source_messages: stage.messages(),
            events,
            copies: verdict.copies,
            edits: stage.edits,
            deletes: stage.deletes,
            crashes,
            lost: worst.lost,
            duplicated: worst.duplicated,
            misplaced: worst.misplaced,
            wiped: tally.wiped,
            restored: tally.restored,
            faults,
            refused: counts.refused.values().sum(),
            refused_own: counts.refused_own.values().sum(),
            latency_ms_p50: latency(0.5),
            latency_ms_p99: latency(0.99),
            events_per_second: (events as f64 / talked.as_secs_f64()).round(),
            wall_seconds: (began.elapsed().as_secs_f64() * 10.0).round() / 10.0,
            seed: options.seed,
            examples: worst.examples.clone(),
        })
    }

    /// Performs the play, and kills the node at random moments of it.
    async fn talk(&mut self) -> anyhow::Result<()> {
        let began = tokio::time::Instant::now();
        let acts = std::mem::take(&mut self.play.acts);
        let mut kills = self.kills(acts.len());
        for (number, (after, act)) in acts.iter().enumerate() {
            let kill = kills.remove(&number);
            self.cast.until(began + *after).await;
            if kill {
                self.crash().await?;
            }
            if let Act::Ban(author) = act {
                self.ban(author).await?;
            }
            self.cast.stage.perform(act);
            self.keep_pace().await?;
        }
        Ok(())
    }

    /// Before which acts the node is killed.
    fn kills(&mut self, acts: usize) -> BTreeSet<usize> {
        const LIVELY: usize = 3;
        const CHAT: usize = 5;
        let usual = if self.is_lively() { LIVELY } else { CHAT };
        let count = self.options.kills.unwrap_or(if self.options.hostile { 0 } else { usual });
        let mut kills = BTreeSet::new();
        while kills.len() < count.min(acts / 2) {
            kills.insert(self.random.random_range(acts / 20..acts));
        }
        kills
    }

    /// The default play: people pause between what they say.
    const fn is_lively(&self) -> bool {
        self.options.chat.is_none() && self.options.messages.is_none()
    }

    async fn crash(&mut self) -> anyhow::Result<()> {
        // Not always between two acts: a little later is in the middle of what the last one caused.
        let pause = Duration::from_micros(self.random.random_range(0..30_000));
        self.cast.until(tokio::time::Instant::now() + pause).await;
        let old = self.node.pid();
        self.node.crash().await?;
        self.cast.screen.crashed(old, self.node.pid());
        Ok(())
    }

    async fn ban(&mut self, author: &str) -> anyhow::Result<()> {
        let user = self.cast.stage.user(author).to_string();
        let mirrors: BTreeSet<String> =
            self.cast.stage.places.iter().map(|place| place.mirror.clone()).collect();
        for mirror in mirrors {
            self.setting.ask(&["ban", &user, "--mirror", &mirror]).await?;
        }
        self.cast.stage.ban(author);
        self.cast.screen.heading(&format!("the operator bans {author}"));
        Ok(())
    }

    /// With real chat people talk as fast as the node keeps up.
    async fn keep_pace(&mut self) -> anyhow::Result<()> {
        self.cast.look();
        if self.is_lively() {
            return Ok(());
        }
        while self.cast.stage.owed() > self.cast.posted + OWED_MAX {
            if !self.cast.next(tokio::time::Instant::now() + GIVE_UP).await {
                self.node.check().context("copies no longer appear")?;
            }
        }
        Ok(())
    }

    async fn connected(&mut self, times: usize) -> anyhow::Result<()> {
        let until = tokio::time::Instant::now() + CONNECT_WAIT;
        while self.cast.connected < times {
            let came = self.cast.next(until).await;
            self.node.check()?;
            anyhow::ensure!(came, "the node did not connect within {} s", CONNECT_WAIT.as_secs());
        }
        Ok(())
    }

    /// Waits until every channel shows what it should, or nothing more comes.
    async fn settle(&mut self) -> anyhow::Result<Verdict> {
        let node = &mut self.node;
        self.cast.settle(&mut || node.check()).await
    }

    /// A moderator wipes the last channel; the operator puts it back from the log.
    async fn restore(&mut self) -> anyhow::Result<Verdict> {
        let Some(place) = self.cast.stage.places.last().cloned() else { return Ok(Verdict::default()) };
        let before = self.removals(&place.mirror).await?;
        self.tally.wiped = self.cast.stage.discord.wipe(place.id);
        self.cast
            .screen
            .heading(&format!("a moderator wipes {}: {} copies are gone", place.title, self.tally.wiped));
        self.removals_known(&place.mirror, before + self.tally.wiped).await?;
        let words = ["replay", "--mirror", &place.mirror, "--apply", "--restore", "--yes"];
        self.cast.screen.heading(&format!("mirror {}", words.join(" ")));
        let said = if self.options.kills.is_some() {
            self.restore_under_kills(&words).await?
        } else {
            self.setting.ask(&words).await?
        };
        said.lines().for_each(|line| self.cast.screen.heading(line));
        let verdict = self.settle().await?;
        self.tally.restored = self.cast.stage.copies_in(place.id).len();
        Ok(verdict)
    }

    /// Kills the node while it rebuilds, swaps and fills the channel; the command is given again until it is done.
    async fn restore_under_kills(&mut self, words: &[&str]) -> anyhow::Result<String> {
        const TRIES_MAX: usize = 10;
        for _ in 0..TRIES_MAX {
            let setting = self.setting.clone();
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let asked = tokio::spawn(async move {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                setting.ask(&words).await
            });
            let pause = Duration::from_millis(self.random.random_range(0..400));
            self.cast.until(tokio::time::Instant::now() + pause).await;
            let connected = self.cast.connected;
            self.crash().await?;
            if let Ok(said) = asked.await? {
                return Ok(said);
            }
            self.connected(connected + 1).await?;
        }
        self.setting.ask(words).await
    }

    /// Waits until the node has heard of every removal: only what it knows to be gone can be restored.
    async fn removals_known(&mut self, mirror: &str, expected: usize) -> anyhow::Result<()> {
        const LOOKS_MAX: usize = 100;
        for _ in 0..LOOKS_MAX {
            if self.removals(mirror).await? >= expected {
                return Ok(());
            }
            self.cast.until(tokio::time::Instant::now() + Duration::from_millis(200)).await;
        }
        anyhow::bail!("the node did not hear of the wiped channel")
    }

    async fn removals(&self, mirror: &str) -> anyhow::Result<usize> {
        let words = ["log", "--mirror", mirror, "--kind", "deleted", "--json"];
        Ok(self.setting.ask(&words).await?.lines().count())
    }

    async fn events(&mut self) -> anyhow::Result<u64> {
        let status: serde_json::Value =
            serde_json::from_str(&self.setting.ask(&["status", "--json"]).await?)?;
        let partitions = status["partitions"].as_array().cloned().unwrap_or_default();
        let tail = |partition: &serde_json::Value| {
            partition["tail"].as_u64().or_else(|| partition["tail"].as_str()?.parse().ok())
        };
        Ok(partitions.iter().filter_map(tail).sum())
    }
}

/// What goes wrong: all that a lane can put right. Not among it: sessions lost and dispatches reordered or
/// dropped, which take messages or their order away before they reach us.
fn faults(p: f64) -> Faults {
    let mut faults = Faults::lively(p, LATE_MS);
    faults.gateway_rates.retain(|rate| {
        matches!(rate.fault, GatewayFault::Duplicate | GatewayFault::Cut | GatewayFault::Reconnect)
    });
    let late = RestFault::LateEffect {
        effect_ms: FAULTY_DEADLINE_MS + LATE_MS,
        answer_ms: FAULTY_DEADLINE_MS + 2 * LATE_MS,
    };
    for kind in [RouteKind::ExecuteWebhook, RouteKind::EditWebhookMessage] {
        faults.rates.push(Rate { p, on: Matcher::kind(kind), fault: late });
    }
    faults
}

fn environment(options: &Options, config: &Config) -> Vec<(String, String)> {
    let faulty = options.faults > 0.0 || options.hostile;
    let deadline_ms = if faulty { FAULTY_DEADLINE_MS } else { DEADLINE_MS };
    let settle_wait_ms = if faulty { FAULTY_SETTLE_WAIT_MS } else { SETTLE_WAIT_MS };
    let mut environment = vec![
        ("MIRROR_DISCORD_TOKEN".to_owned(), config.token.clone()),
        // Only a hostile Discord has this limit.
        ("MIRROR_DISCORD_CHANNEL_PER_MINUTE".to_owned(), if options.hostile { "30" } else { "0" }.to_owned()),
        ("MIRROR_LANES_SETTLE_WAIT_MS".to_owned(), settle_wait_ms.to_string()),
        // Another node on this machine may have the usual port.
        ("MIRROR_CONSOLE_LISTEN".to_owned(), "off".to_owned()),
        ("MIRROR_LANES_DEADLINE_MS".to_owned(), deadline_ms.to_string()),
        (
            "MIRROR_TELEMETRY_LEVEL".to_owned(),
            std::env::var("MIRROR_TELEMETRY_LEVEL").unwrap_or_else(|_| "info".to_owned()),
        ),
    ];
    if options.unlimited {
        environment.push(("MIRROR_DISCORD_RATE_LIMITS".to_owned(), "false".to_owned()));
    }
    environment
}
