//! Configuration: `mirror.toml`, then `MIRROR_*` in the environment, then flags; the later wins.
//!
//! ```text
//! --config FILE | ./mirror.toml | DATA_DIR/mirror.toml      first that exists
//! lanes.in_flight = 64   <─>   MIRROR_LANES_IN_FLIGHT=64     every key has its variable
//! ```
//! Every limit of the node is named here, with its default. `config.example.toml` shows all keys; a test
//! holds the three together. A new key needs its field, its line in [`KEYS`], and its lines there.

mod console;
mod place;
mod show;
mod sources;

pub use console::{CONSOLE_PORT, Console, Hosts, Listen};
pub use place::Place;
pub use show::{Line, json, text};
pub use sources::{ConfigError, Environment, Sources, variable};

use crate::archive::Pace;
use crate::discord::files::{self, REQUEST_BYTES_MAX};
use events::NodeId;
use events::capture::Systems;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sources::Unfit;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Every key that a file may hold, dotted, and how its value is written in the environment.
pub const KEYS: &[(&str, Shape)] = &[
    ("data_dir", Shape::Text),
    ("node", Shape::Text),
    ("discord.token", Shape::Text),
    ("discord.token_file", Shape::Text),
    ("discord.api", Shape::Text),
    ("discord.gateway", Shape::Text),
    ("discord.rate_limits", Shape::Switch),
    ("discord.channel_per_minute", Shape::Number),
    ("discord.shards", Shape::Number),
    ("discord.system_messages", Shape::Text),
    ("discord.upload_max_bytes", Shape::Number),
    ("discord.cdn", Shape::Text),
    ("discord.commands", Shape::Switch),
    ("lanes.in_flight", Shape::Number),
    ("lanes.deadline_ms", Shape::Number),
    ("lanes.settle_wait_ms", Shape::Number),
    ("lanes.removals_per_hour", Shape::Number),
    ("lanes.queue_max", Shape::Number),
    ("log", Shape::Text),
    ("views", Shape::Text),
    ("hints", Shape::Text),
    ("cluster.name", Shape::Text),
    ("cluster.partitions", Shape::Number),
    ("cluster.replication", Shape::Text),
    ("cluster.lease_ms", Shape::Number),
    ("cluster.outbox_mb", Shape::Number),
    ("cluster.outbox_keep_s", Shape::Number),
    ("archive.url", Shape::Text),
    ("archive.seal_events", Shape::Number),
    ("archive.seal_minutes", Shape::Number),
    ("archive.margin_seconds", Shape::Number),
    ("console.listen", Shape::Text),
    ("console.hosts", Shape::Text),
    ("telemetry.level", Shape::Text),
    ("telemetry.format", Shape::Text),
    ("telemetry.metrics", Shape::Text),
];

/// How a value is written as plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As it is.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
}

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct Config {
    /// Where the node keeps all that it keeps. One node works in it at a time.
    pub data_dir: PathBuf,
    /// This node's name in the log: 1 to 16 of `a-z`, `0-9` and `-`. Without one, the data directory makes one
    /// and keeps it.
    pub node: Option<NodeId>,
    /// How Discord is reached.
    pub discord: Discord,
    /// How copies are carried out.
    pub lanes: Lanes,
    /// Where the log is: `sqlite`, or `rabbitmq://user:password@host:5552,host2:5552/vhost` (`rabbitmqs://` over
    /// TLS).
    #[serde(deserialize_with = "secret", serialize_with = "show::address")]
    pub log: Option<SecretString>,
    /// Where views, lanes and leases are: `sqlite`, or `cql://user:password@host:9042,host2/keyspace` (`cqls://`
    /// over TLS).
    #[serde(deserialize_with = "secret", serialize_with = "show::address")]
    pub views: Option<SecretString>,
    /// Where nodes tell each other that something has changed: `amqp://user:password@host:5672/vhost`. Without it
    /// they find out a little later.
    #[serde(deserialize_with = "secret", serialize_with = "show::address")]
    pub hints: Option<SecretString>,
    /// How several nodes share the work.
    pub cluster: Cluster,
    /// Where old events are kept.
    pub archive: Archive,
    /// The web console.
    pub console: Console,
    /// What the node says of itself.
    pub telemetry: Telemetry,
    /// What was odd about the sources but did not stop them; for standard error.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// Where each key has its value from.
    #[serde(skip)]
    pub places: BTreeMap<&'static str, Place>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from(DATA_DIR),
            node: None,
            discord: Discord::default(),
            lanes: Lanes::default(),
            log: Some(EMBEDDED.into()),
            views: Some(EMBEDDED.into()),
            hints: None,
            cluster: Cluster::default(),
            archive: Archive::default(),
            console: Console::default(),
            telemetry: Telemetry::default(),
            warnings: Vec::new(),
            places: BTreeMap::new(),
        }
    }
}

/// The data directory where none is configured, below the working directory.
pub const DATA_DIR: &str = "mirror-data";

/// How Discord is reached.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct Discord {
    /// The bot's token. Better `MIRROR_DISCORD_TOKEN` or `token_file` than the file.
    #[serde(deserialize_with = "secret", serialize_with = "show::hidden")]
    pub token: Option<SecretString>,
    /// A file that holds the token, read at the start.
    pub token_file: Option<PathBuf>,
    /// Base of the REST API, without the version.
    pub api: String,
    /// The gateway to connect to instead of the one that the API names.
    pub gateway: Option<String>,
    /// Keep Discord's rate limits. Off only against a stand-in that has none.
    pub rate_limits: bool,
    /// Messages a minute that are posted in one channel; 0: as many as Discord's headers allow.
    pub channel_per_minute: usize,
    /// Gateway shards; without it, as many as Discord recommends. All nodes of a cluster say the same.
    pub shards: Option<u32>,
    /// System messages that are shown, with commas between them: `pins`, `joins`, `boosts`, `polls`.
    /// All nodes of a cluster say the same.
    #[serde(deserialize_with = "systems", serialize_with = "show::text_of")]
    pub system_messages: Systems,
    /// Largest file that a copy carries, in bytes; a larger one is shown as a link. 0: all are.
    pub upload_max_bytes: u64,
    /// A place that files are fetched from besides Discord's own: `http://HOST:PORT` of a stand-in.
    pub cdn: Option<String>,
    /// Slash commands in Discord; off: administration by the command line alone. All nodes of a cluster say the same.
    pub commands: bool,
}

fn systems<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Systems, D::Error> {
    Systems::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl Default for Discord {
    fn default() -> Self {
        let api = "https://discord.com/api".to_owned();
        Self {
            token: None,
            token_file: None,
            api,
            gateway: None,
            rate_limits: true,
            channel_per_minute: 30,
            shards: None,
            system_messages: Systems::NONE,
            upload_max_bytes: 10 << 20,
            cdn: None,
            commands: true,
        }
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

/// How copies are carried out.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct Lanes {
    /// Requests under way at once, over all lanes.
    pub in_flight: usize,
    /// How long one request may take before its outcome counts as unknown, in milliseconds.
    pub deadline_ms: u64,
    /// W: how long after a request of unknown outcome history is believed when it does not show the message,
    /// in milliseconds. 15000 is right for Discord: longer than `deadline_ms` and than any effect comes late.
    /// 500 against the stand-in.
    pub settle_wait_ms: u64,
    /// Copies that a lane may remove in an hour as superfluous before it is held.
    pub removals_per_hour: u32,
    /// Messages that wait in one lane in memory; past it the lane reads the log by itself.
    pub queue_max: usize,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            in_flight: 64,
            deadline_ms: 10_000,
            settle_wait_ms: 15_000,
            removals_per_hour: 20,
            queue_max: 1024,
        }
    }
}

impl Lanes {
    /// [`Self::deadline_ms`].
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// [`Self::settle_wait_ms`].
    #[must_use]
    pub const fn settle_wait(&self) -> Duration {
        Duration::from_millis(self.settle_wait_ms)
    }
}

/// How several nodes share the work. It counts only where the log is on RabbitMQ.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct Cluster {
    /// Begins the names of the streams: `NAME.events.0` and so on. Two clusters on one broker have two names.
    pub name: String,
    /// Partitions of the log, fixed for its life.
    pub partitions: u16,
    /// Replication of the keyspace that `mirror schema apply` makes: `SimpleStrategy:1`, or
    /// `NetworkTopologyStrategy:dc1=3,dc2=3`.
    pub replication: String,
    /// How long a lease holds without being renewed, in milliseconds. What a dead node worked on is taken over
    /// about a quarter later.
    pub lease_ms: u64,
    /// Most that the outbox holds of what the broker has not confirmed, in MiB; past it frames wait.
    pub outbox_mb: u64,
    /// How long confirmed events stay in the outbox, in seconds: a broker that fails over can lose them.
    pub outbox_keep_s: u64,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            name: "mirror".to_owned(),
            partitions: 16,
            replication: "SimpleStrategy:1".to_owned(),
            lease_ms: 20_000,
            outbox_mb: 1024,
            outbox_keep_s: 600,
        }
    }
}

/// Where old events are kept: sealed segments, read where the log no longer reaches.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct Archive {
    /// A directory, or `s3://BUCKET/PREFIX?endpoint=...&region=...`; none: there is no archive. Credentials come
    /// from the `AWS_*` variables alone.
    pub url: Option<String>,
    /// A running node seals once so many events wait,
    pub seal_events: u64,
    /// or once some have waited so long.
    pub seal_minutes: u64,
    /// What has lain on the log for less than this is left alone: a fail-over could still take it back.
    pub margin_seconds: u64,
}

impl Archive {
    /// When a running node seals.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        Pace {
            events: self.seal_events,
            age: Duration::from_secs(self.seal_minutes * 60),
            margin: Duration::from_secs(self.margin_seconds),
        }
    }
}

impl Default for Archive {
    fn default() -> Self {
        Self { url: None, seal_events: 10_000, seal_minutes: 60, margin_seconds: 60 }
    }
}

/// What the node says of itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct Telemetry {
    /// A level (`info`) or directives (`mirror=debug,warn`).
    pub level: String,
    /// Lines for people or for machines.
    pub format: LogFormat,
    /// Where `/metrics`, `/healthz` and `/readyz` are answered over HTTP; without it, nowhere.
    #[serde(deserialize_with = "listen")]
    pub metrics: Option<SocketAddr>,
}

fn listen<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bad = |_| {
        serde::de::Error::custom(format!("'{text}' is no address to listen on, such as '127.0.0.1:9464'"))
    };
    text.parse().map(Some).map_err(bad)
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text, metrics: None }
    }
}

/// Lines for people or for machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Each number that has a range: its value, the least and the most.
    pub(crate) fn ranges(&self) -> Vec<(&'static str, u64, u64, u64)> {
        let Lanes { in_flight, deadline_ms, settle_wait_ms, removals_per_hour, queue_max } = self.lanes;
        vec![
            ("lanes.in_flight", in_flight as u64, 1, 1024),
            ("lanes.deadline_ms", deadline_ms, 100, 120_000),
            ("lanes.settle_wait_ms", settle_wait_ms, 50, 600_000),
            ("lanes.removals_per_hour", u64::from(removals_per_hour), 0, 10_000),
            ("lanes.queue_max", queue_max as u64, 1, 1_000_000),
            ("discord.channel_per_minute", self.discord.channel_per_minute as u64, 0, 100_000),
            ("discord.upload_max_bytes", self.discord.upload_max_bytes, 0, REQUEST_BYTES_MAX),
            ("discord.shards", u64::from(self.discord.shards.unwrap_or(1)), 1, 10_000),
            ("cluster.partitions", u64::from(self.cluster.partitions), 1, 4096),
            ("cluster.lease_ms", self.cluster.lease_ms, 500, 600_000),
            ("cluster.outbox_mb", self.cluster.outbox_mb, 1, 1_000_000),
            ("cluster.outbox_keep_s", self.cluster.outbox_keep_s, 0, 30 * 86_400),
            ("archive.seal_events", self.archive.seal_events, 100, 1_000_000),
            ("archive.seal_minutes", self.archive.seal_minutes, 1, 30 * 1440),
            ("archive.margin_seconds", self.archive.margin_seconds, 1, 86_400),
        ]
    }

    /// What is wrong with values that have the right type.
    fn check(&self) -> Result<(), Unfit> {
        let ranges = self.ranges();
        if let Some((key, value, min, max)) =
            ranges.into_iter().find(|(_, is, min, max)| is < min || is > max)
        {
            return Err(Unfit { key, why: format!("{key} is {value}, but must be {min} to {max}") });
        }
        let urls = [
            ("discord.api", Some(&self.discord.api), "http"),
            ("discord.gateway", self.discord.gateway.as_ref(), "ws"),
        ];
        for (key, url, scheme) in urls {
            check_url(key, url, scheme)?;
        }
        if let Some(cdn) = self.discord.cdn.as_ref().filter(|cdn| files::Origin::parse(cdn).is_none()) {
            let why = format!("discord.cdn is '{cdn}', but must be http://HOST:PORT or https://HOST:PORT");
            return Err(Unfit { key: "discord.cdn", why });
        }
        self.console.check()?;
        let (deadline, lease) = (self.lanes.deadline_ms, self.cluster.lease_ms);
        // A request begins only while the lease covers it, and a renewed lease covers no more than that.
        if self.is_cluster() && deadline * 10 > lease * 5 {
            // Whichever of the two somebody said.
            let is_default = self.places.get("lanes.deadline_ms").is_none_or(|at| *at == Place::Default);
            let key = if is_default { "cluster.lease_ms" } else { "lanes.deadline_ms" };
            let why = format!(
                "lanes.deadline_ms is {deadline}, but must be at most half of cluster.lease_ms ({lease})"
            );
            return Err(Unfit { key, why });
        }
        self.check_stores()
    }
}

/// The value of `log` and `views` for the embedded engine.
const EMBEDDED: &str = "sqlite";

impl Config {
    /// Whether the stores are shared with other nodes.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        url(self.log.as_ref()).is_some()
    }

    /// The stores' addresses fit together. No message repeats one: they hold passwords.
    fn check_stores(&self) -> Result<(), Unfit> {
        let stores = [
            ("log", &self.log, &["rabbitmq", "rabbitmqs"]),
            ("views", &self.views, &["cql", "cqls"]),
            ("hints", &self.hints, &["amqp", "amqps"]),
        ];
        for (key, store, schemes) in stores {
            let scheme =
                url(store.as_ref()).map(|url| url.split_once("://").map_or("", |(scheme, _)| scheme));
            if scheme.is_some_and(|scheme| !schemes.contains(&scheme)) {
                let why = format!("{key} must begin with {}:// or {}://", schemes[0], schemes[1]);
                return Err(Unfit { key, why });
            }
        }
        match (self.is_cluster(), url(self.views.as_ref()).is_some()) {
            (true, false) => {
                Err(Unfit { key: "log", why: "log is on RabbitMQ, so views must be 'cql://...'".to_owned() })
            }
            (false, true) => Err(Unfit {
                key: "views",
                why: "views are on CQL, so log must be 'rabbitmq://...'".to_owned(),
            }),
            (true, true) | (false, false) => Ok(()),
        }
    }
}

/// An address that is not the embedded engine's.
fn url(store: Option<&SecretString>) -> Option<&str> {
    store.map(ExposeSecret::expose_secret).filter(|text| !text.is_empty() && *text != EMBEDDED)
}

fn check_url(key: &'static str, url: Option<&String>, scheme: &str) -> Result<(), Unfit> {
    let fits = |url: &str| {
        let rest = url.strip_prefix(scheme).map(|rest| rest.strip_prefix('s').unwrap_or(rest));
        rest.and_then(|rest| rest.strip_prefix("://")).is_some_and(|host| !host.is_empty())
    };
    match url {
        Some(url) if !fits(url) => Err(Unfit {
            key,
            why: format!("{key} is '{url}', but must begin with {scheme}:// or {scheme}s://"),
        }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
