//! How fast this machine appends, reads, folds and rebuilds: `mirror bench`, and what `benches/` share.
//!
//! The events are a chat that nobody had ([`events::sample`]), in a data directory of their own.

use crate::sqlite::DataDir;
use crate::stores::embedded as ports;
use anyhow::Context as _;
use events::codec::{decode, encode};
use events::log::{Durable, Log, Read};
use events::sample::{self, Chat};
use events::{Event, MirrorId, Offset, Partition};
use futures_util::{StreamExt, TryStreamExt, stream};
use projections::digest::{Digest, digest};
use projections::fold::Fold;
use projections::views::ViewsError;
use projections::{Generation, Views};
use serde::Serialize;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tools::Ports;
use tools::progress::Silent;
use tools::reader::Stretch;
use tools::replay::{fold, load};

/// Events of one append.
pub const BATCH: usize = 1000;
/// Events of one read.
const PAGE: usize = 4096;
/// All events lie in one partition: the engine is embedded.
const PARTITION: Partition = Partition(0);
/// The build that is loaded.
const BUILD: Generation = Generation(1);
/// Mirrors of the chat.
const MIRRORS: u32 = 50;
/// Loaded mirrors that wait to be digested.
const MIRRORS_MAX: usize = 64;

/// What was done, and how long it took.
#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    /// What.
    pub what: &'static str,
    /// Events.
    pub events: u64,
    /// By the clock.
    pub seconds: f64,
    /// Events a second.
    pub events_per_second: f64,
}

/// What `mirror bench` found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Seed of the chat.
    pub seed: u64,
    /// Bytes of a record, on average.
    pub record_bytes: u64,
    /// Each stage, in order.
    pub stages: Vec<Stage>,
    /// Of what was built: the same for the same seed.
    pub digest: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, records of {} bytes, {MIRRORS} mirrors", self.seed, self.record_bytes)?;
        for Stage { what, events, seconds, events_per_second } in &self.stages {
            writeln!(f, "{what:<36} {events:>9} events {seconds:>8.2} s {events_per_second:>10.0} a second")?;
        }
        write!(f, "digest {}", self.digest)
    }
}

fn stage(what: &'static str, events: u64, time: Duration) -> Stage {
    let seconds = time.as_secs_f64();
    Stage { what, events, seconds, events_per_second: events as f64 / seconds.max(f64::MIN_POSITIVE) }
}

/// Measures each stage once, in `place`, with so many events of this seed.
///
/// # Errors
/// When a store fails, or the rebuilt views differ from the fold in memory.
pub async fn run(place: &Path, seed: u64, events: usize) -> anyhow::Result<Report> {
    let chat = Chat { seed, count: events, mirrors: MIRRORS, raw: true };
    let directory = DataDir::open(place)?;
    let (ports, count) = (ports(&directory), events as u64);
    let appended = append(&*ports.log, chat).await?;
    let read = read(&*ports.log).await?;
    let (folded, expected) = fold_in_memory(sample::chat(chat));
    let rebuilt = rebuild(&ports, Of::All(MIRRORS)).await?;
    let one = rebuild(&ports, Of::One(sample::mirror(0))).await?;
    directory.close().await?;
    anyhow::ensure!(rebuilt.digest == expected, "the rebuilt views differ from the fold in memory");
    Ok(Report {
        seed,
        record_bytes: appended.bytes / count.max(1),
        stages: vec![
            stage("append, durable, batches of 1000", count, appended.time),
            stage("read and decode", count, read),
            stage("fold in memory", count, folded),
            stage("rebuild: fold", rebuilt.events, rebuilt.folding),
            stage("rebuild: load and digest", rebuilt.events, rebuilt.loading),
            stage("rebuild, in all", rebuilt.events, rebuilt.time()),
            stage("rebuild of one mirror", one.events, one.time()),
        ],
        digest: rebuilt.digest.to_string(),
    })
}

/// What was appended.
#[derive(Clone, Copy, Debug)]
pub struct Appended {
    /// Bytes of all records.
    pub bytes: u64,
    /// How long the log took; making the events is not counted.
    pub time: Duration,
}

/// Appends a chat in batches.
///
/// # Errors
/// When the log fails.
pub async fn append(log: &dyn Log, chat: Chat) -> anyhow::Result<Appended> {
    let mut appended = Appended { bytes: 0, time: Duration::ZERO };
    let (mut events, mut record) = (sample::chat(chat), Vec::new());
    loop {
        let batch: Vec<Event> = events.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(appended);
        }
        for event in &batch {
            record.clear();
            encode(event, &mut record)?;
            appended.bytes += record.len() as u64;
        }
        let began = Instant::now();
        log.append(PARTITION, batch, Durable::Here).await?;
        appended.time += began.elapsed();
    }
}

async fn read(log: &dyn Log) -> anyhow::Result<Duration> {
    let (mut from, began) = (Offset(0), Instant::now());
    loop {
        let page = log.read(Read { partition: PARTITION, from, limit: PAGE, mirror: None }).await?;
        if page.entries.is_empty() {
            return Ok(began.elapsed());
        }
        for entry in &page.entries {
            std::hint::black_box(decode(&entry.record)?);
        }
        from = page.next;
    }
}

/// Folds events on one core, without a log or views: the bound of what a rebuild does besides IO.
#[must_use]
pub fn fold_in_memory(events: impl Iterator<Item = Event>) -> (Duration, Digest) {
    let events: Vec<Event> = events.collect();
    let began = Instant::now();
    let mut fold = Fold::new(BUILD);
    events.iter().for_each(|event| fold.add(event));
    let changes = fold.into_changes();
    let time = began.elapsed();
    (time, Digest::of(&changes))
}

/// What is rebuilt.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// All mirrors of a chat, by their number.
    All(u32),
    /// One mirror.
    One(MirrorId),
}

/// What a rebuild did.
#[derive(Clone, Copy, Debug)]
pub struct Rebuilt {
    /// Events folded.
    pub events: u64,
    /// Read, decode, fold.
    pub folding: Duration,
    /// Load, and digest: each mirror is digested while the next is loaded.
    pub loading: Duration,
    /// Of the views as they can be read afterwards, summed over the mirrors.
    pub digest: Digest,
}

impl Rebuilt {
    /// In all.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.folding + self.loading
    }
}

/// Rebuilds into an empty build, with the parts that `mirror replay` is made of.
///
/// # Errors
/// When a store fails.
pub async fn rebuild(ports: &Ports, of: Of) -> anyhow::Result<Rebuilt> {
    /// Loads under way: the next is prepared while the writer is busy with one.
    const LOADS: usize = 2;
    let mirror = match of {
        Of::All(_) => None,
        Of::One(mirror) => Some(mirror),
    };
    let end = ports.log.tail(PARTITION).await?;
    let stretch = Stretch { partition: PARTITION, mirror, from: Offset(0), end };
    let began = Instant::now();
    let folded = fold(&*ports.log, stretch, BUILD, &Silent).await?;
    let (events, folding) = (folded.events(), began.elapsed());
    let began = Instant::now();
    let (loaded, to_digest) = mpsc::channel(MIRRORS_MAX);
    let digesting = tokio::spawn(digest_each(ports.views.clone(), to_digest));
    let loads = stream::iter(folded.by_mirror())
        .map(|(mirror, part)| async move { load(&*ports.views, part, &Silent).await.map(|()| mirror) });
    let mut loads = loads.buffered(LOADS);
    while let Some(mirror) = loads.try_next().await? {
        loaded.send(mirror).await.context("the digests ended early")?;
    }
    drop((loads, loaded));
    let sum = digesting.await??;
    Ok(Rebuilt { events, folding, loading: began.elapsed(), digest: sum })
}

/// Digests one mirror after the other: the other core is the writer's.
async fn digest_each(
    views: Arc<dyn Views>,
    mut mirrors: mpsc::Receiver<MirrorId>,
) -> Result<Digest, ViewsError> {
    let mut sum = Digest::default();
    while let Some(mirror) = mirrors.recv().await {
        sum.0 = sum.0.wrapping_add(digest(&*views, mirror, BUILD).await?.0);
    }
    Ok(sum)
}

/// The median of some times; zero of none.
#[must_use]
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rebuilt views are what the fold in memory gives (else [`run`] fails), and a seed repeats itself.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_small_bench_says_what_it_measured() {
        let bench = async || {
            let place = tempfile::tempdir().unwrap();
            run(place.path(), 7, 3_000).await.unwrap()
        };
        let (one, two) = (bench().await, bench().await);
        assert_eq!(one.digest, two.digest);
        let counts: Vec<u64> = one.stages.iter().map(|stage| stage.events).collect();
        assert_eq!(counts[..6], [3_000; 6]);
        assert!((1..500).contains(&counts[6]), "one mirror of 50: {counts:?}");
        assert!(one.to_string().contains("rebuild, in all"), "{one}");
    }
}
