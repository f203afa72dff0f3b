//! The turn to IDENTIFY, shared by all nodes over [`Leases`]: one lease per bucket, one day's budget for all.
//!
//! ```text
//! take the bucket's lease ──> IDENTIFY          its note: when the bucket's IDENTIFYs of the day were sent
//!      └─ others: the revision they see is one gap old on their own clock, and a margin ──> may take it
//! ```
//! Nobody gives the lease back, and no clock is compared with another's: a taken bucket is free again when its
//! revision has been seen for long enough. Only what this data directory wrote itself counts from its own time.

use super::identify::{IdentifyBudget, Permit};
use crate::clock::Clock;
use async_trait::async_trait;
use bytes::Bytes;
use projections::lanes::Saved;
use projections::leases::{Holder, LeaseName, LeaseRow, Leases};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// 24 hours.
const DAY_MS: i64 = 24 * 3_600_000;
/// Of Discord's total, what is left to other tools with the same token, and to two nodes that take the last ones
/// of two buckets at once: a tenth.
const SPARED: u32 = 10;
/// Between the write and the IDENTIFY; a process that took longer has missed its turn.
const SEND_TIME_MAX: Duration = Duration::from_secs(1);
/// Before the store is asked again.
const RETRY_MS: u64 = 500;

/// What Discord allows, as `GET /gateway/bot` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starts {
    /// Shards that it recommends.
    pub shards: u32,
    /// Shards that may IDENTIFY at the same time: one of each bucket, which is the shard modulo this.
    pub max_concurrency: u16,
    /// IDENTIFYs in 24 hours.
    pub total: u32,
    /// Between two of one bucket.
    pub gap: Duration,
}

/// Between two IDENTIFYs of one bucket, as Discord sees them arrive. Source: Discord, "Gateway", rate limiting.
const GAP: Duration = Duration::from_secs(5);
/// One that the network holds up longer than the next would arrive too close before it.
const MARGIN: Duration = Duration::from_millis(500);

impl Default for Starts {
    /// A bot of few guilds.
    fn default() -> Self {
        Self { shards: 1, max_concurrency: 1, total: 1_000, gap: GAP + MARGIN }
    }
}

impl Starts {
    fn bucket(&self, shard: u32) -> u16 {
        (shard % u32::from(self.max_concurrency.max(1))) as u16
    }

    fn per_day(&self) -> usize {
        (self.total - self.total / SPARED) as usize
    }
}

/// The turn to IDENTIFY. One for all shards of a process.
pub struct IdentifyGate {
    leases: Arc<dyn Leases>,
    me: Holder,
    clock: Arc<dyn Clock>,
    starts: Starts,
    /// The revision of each bucket, and when it was first seen.
    seen: Mutex<BTreeMap<u16, (u64, Instant)>>,
}

impl IdentifyGate {
    /// A gate for this process.
    #[must_use]
    pub fn new(leases: Arc<dyn Leases>, me: Holder, clock: Arc<dyn Clock>, starts: Starts) -> Self {
        Self { leases, me, clock, starts, seen: Mutex::default() }
    }

    /// How long since this revision was first seen here.
    fn seen_for(&self, bucket: u16, rev: u64) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.entry(bucket).or_insert((rev, Instant::now()));
        if known.0 != rev {
            *known = (rev, Instant::now());
        }
        known.1.elapsed()
    }

    /// How long the bucket is still another's, or our own last one's.
    fn taken_for(&self, bucket: u16, row: &LeaseRow, now_ms: i64) -> Duration {
        let Some(holder) = row.holder else { return Duration::ZERO };
        let seen = self.seen_for(bucket, row.rev);
        if holder.home != self.me.home {
            return (self.starts.gap + SEND_TIME_MAX).saturating_sub(seen);
        }
        let last_ms = Note::decode(&row.note).and_then(|note| note.times.last().copied());
        // A clock that was put back says nothing.
        let since = last_ms.and_then(|last_ms| u64::try_from(now_ms - last_ms).ok());
        self.starts.gap.saturating_sub(seen.max(Duration::from_millis(since.unwrap_or(0))))
    }

    /// The row that takes the bucket, and what is left then; or why it cannot be taken now.
    fn take(&self, bucket: u16, rows: &[(LeaseName, LeaseRow)]) -> Result<(LeaseRow, u32), Permit> {
        let stored = rows.iter().find(|(found, _)| *found == LeaseName::Identify(bucket));
        let stored = stored.map(|(_, row)| row.clone()).unwrap_or_default();
        let now_ms = self.clock.now().0 / 1000;
        let taken = self.taken_for(bucket, &stored, now_ms);
        if !taken.is_zero() {
            return Err(Permit::Wait { ms: taken.as_millis() as u64 + 1 });
        }
        let unknown = Permit::Spent { again_ms: None };
        let (sent, per_day) = (sent(rows, now_ms).ok_or(unknown)?, self.starts.per_day());
        let spent = Permit::Spent { again_ms: again_ms(&sent, per_day) };
        let left = per_day.checked_sub(sent.len() + 1).ok_or(spent)?;
        let note = Note::decode(&stored.note).ok_or(unknown)?.with(now_ms).encode();
        let (rev, epoch) = (stored.rev + 1, stored.epoch + 1);
        Ok((LeaseRow { rev, epoch, holder: Some(self.me), note }, left as u32))
    }
}

#[async_trait]
impl IdentifyBudget for IdentifyGate {
    async fn permit(&self, shard: u32) -> Permit {
        let again = Permit::Wait { ms: RETRY_MS };
        let bucket = self.starts.bucket(shard);
        let Ok(rows) = self.leases.all().await else { return again };
        let (row, left) = match self.take(bucket, &rows) {
            Ok(taken) => taken,
            Err(permit) => return permit,
        };
        let (rev, asked) = (row.rev, Instant::now());
        match self.leases.save(LeaseName::Identify(bucket), row).await {
            Saved::Yes if asked.elapsed() < SEND_TIME_MAX => {
                self.seen_for(bucket, rev);
                Permit::Go { left }
            }
            // The turn may be spent; whoever has it, the next look tells.
            Saved::Yes | Saved::Unknown | Saved::Fenced => again,
        }
    }
}

/// When the IDENTIFYs of the last 24 hours were sent, in all buckets. `None`: a note cannot be read, so nobody can tell.
fn sent(rows: &[(LeaseName, LeaseRow)], now_ms: i64) -> Option<Vec<i64>> {
    let mut sent = Vec::new();
    for (_, row) in rows.iter().filter(|(name, _)| matches!(name, LeaseName::Identify(_))) {
        sent.extend(Note::decode(&row.note)?.of_the_day(now_ms));
    }
    sent.sort_unstable();
    Some(sent)
}

/// When so many of them are a day old that one may be sent again.
fn again_ms(sent: &[i64], per_day: usize) -> Option<i64> {
    let last_of_them = sent.get(sent.len().checked_sub(per_day)?)?;
    Some(last_of_them + DAY_MS)
}

/// What a bucket's lease keeps. Bounded by the budget: what is older than a day is left out with each write.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// When, in milliseconds since 1970 by the clock of whoever sent it; the newest last.
    times: Vec<i64>,
}

impl Note {
    fn decode(note: &[u8]) -> Option<Self> {
        if note.is_empty() { Some(Self::default()) } else { rmp_serde::from_slice(note).ok() }
    }

    fn encode(&self) -> Bytes {
        rmp_serde::to_vec_named(self).unwrap_or_default().into()
    }

    fn of_the_day(&self, now_ms: i64) -> impl Iterator<Item = i64> + '_ {
        self.times.iter().copied().filter(move |at| now_ms - at < DAY_MS)
    }

    fn with(&self, now_ms: i64) -> Self {
        Self { times: self.of_the_day(now_ms).chain([now_ms]).collect() }
    }
}

#[cfg(test)]
mod tests;
