//! What the writing thread of `log.db` does: appends and all other small writes, in one transaction a group.

use super::index::{self, INDEX_LAG_MAX};
use super::{Tails, lowest, row_id};
use crate::sqlite::Failure;
use crate::sqlite::call::Write;
use crate::sqlite::chunk::{Chunk, Chunks, EVENT_BYTES_TYPICAL, Refused, Run};
use crate::sqlite::directory::Lease;
use crate::sqlite::schema::write_transaction;
use crate::sqlite::writer::Work;
use events::log::AppendError;
use events::{Event, NodeId, Offset, Partition, Producer};
use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What `log.db` is asked to write.
pub(in crate::sqlite) enum Job {
    /// Events.
    Append(Append),
    /// Anything else.
    Call(Box<dyn Write>),
}

/// A batch of events and whoever waits for it.
pub(in crate::sqlite) struct Append {
    pub(super) partition: Partition,
    pub(super) events: Vec<Event>,
    pub(super) answer: oneshot::Sender<Result<(), AppendError>>,
    /// Takes the events back once they are encoded: freeing them is not this thread's work.
    pub(super) spent: oneshot::Sender<Vec<Event>>,
}

/// Where a partition ends.
#[derive(Clone, Copy, Debug)]
struct End {
    tail: Offset,
    seq: u64,
    /// Bytes of chunks that this process wrote.
    bytes: u64,
    /// Runs that are not in the index of mirrors.
    lag: usize,
}

/// How events are numbered.
#[derive(Clone, Copy, Debug)]
pub(in crate::sqlite) struct Stamp {
    /// Whose numbers they are.
    pub(in crate::sqlite) node: NodeId,
    /// The events of a group of appends are put mirror by mirror first: order across mirrors is free, and a stream
    /// that is written so is read mirror by mirror at a fraction of its bytes. Else they stay as they came.
    pub(in crate::sqlite) by_mirror: bool,
}

impl Stamp {
    /// The places of the events, in the order in which they are numbered.
    fn order(self, events: &[Vec<Event>]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..events.iter().map(Vec::len).sum()).collect();
        if self.by_mirror {
            let mirrors: Vec<_> = events.iter().flatten().map(|event| event.mirror).collect();
            // Stable: each mirror's own order is kept.
            order.sort_by_key(|at| mirrors[*at]);
        }
        order
    }
}

/// The thread's state.
pub(in crate::sqlite) struct LogWork {
    connection: Connection,
    stamp: Stamp,
    ends: FxHashMap<Partition, End>,
    tails: Arc<Tails>,
    chunks: Chunks,
    /// Held as long as the thread may write.
    _lease: Arc<Lease>,
}

impl LogWork {
    /// Takes the connection over and publishes the tails that it finds.
    pub(in crate::sqlite) fn new(
        connection: Connection,
        stamp: Stamp,
        tails: Arc<Tails>,
        lease: Arc<Lease>,
    ) -> rusqlite::Result<Self> {
        for partition in partitions(&connection)? {
            tails.set(partition, tail(&connection, partition)?, 0);
        }
        let (ends, chunks) = Default::default();
        Ok(Self { connection, stamp, ends, tails, chunks, _lease: lease })
    }
}

impl Work for LogWork {
    type Job = Job;

    fn bytes(job: &Job) -> usize {
        match job {
            Job::Append(append) => {
                append.events.iter().map(|event| event.raw.len() + EVENT_BYTES_TYPICAL).sum()
            }
            Job::Call(_) => EVENT_BYTES_TYPICAL,
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let mut group = Group::default();
        for job in jobs {
            match job {
                Job::Append(append) => group.batches.entry(append.partition).or_default().add(append),
                Job::Call(call) => group.calls.push(call),
            }
        }
        let done = self.write(&mut group);
        if done.is_ok() {
            for (partition, end) in &group.ends {
                self.ends.insert(*partition, *end);
                self.tails.set(*partition, end.tail, end.bytes);
            }
        }
        group.answer(&done);
    }

    fn close(&mut self) {
        // Empties the WAL file; a reader that is still at work only leaves it longer.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

/// Jobs on their way through a transaction.
#[derive(Default)]
struct Group {
    batches: FxHashMap<Partition, Batch>,
    calls: Vec<Box<dyn Write>>,
    ends: FxHashMap<Partition, End>,
}

impl Group {
    fn answer(self, done: &Result<(), Failure>) {
        for batch in self.batches.into_values() {
            for Waiting { answer, refused } in batch.waiting {
                let refused = refused.map(|Refused { index, bytes }| AppendError::TooLarge { index, bytes });
                let result = refused.map_or_else(|| done.clone().map_err(AppendError::from), Err);
                // Whoever asked may have gone.
                let _ = answer.send(result);
            }
        }
        for call in self.calls {
            call.answer(done.clone());
        }
    }
}

/// The appends of one partition.
#[derive(Default)]
struct Batch {
    /// The events of each append, until they are encoded; none of one that was refused.
    events: Vec<Vec<Event>>,
    spent: Vec<oneshot::Sender<Vec<Event>>>,
    waiting: Vec<Waiting>,
}

/// Whoever waits for an append.
struct Waiting {
    answer: oneshot::Sender<Result<(), AppendError>>,
    refused: Option<Refused>,
}

impl Batch {
    fn add(&mut self, append: Append) {
        self.events.push(append.events);
        self.spent.push(append.spent);
        self.waiting.push(Waiting { answer: append.answer, refused: None });
    }

    /// Numbers and encodes the events. An append with an event that is too large is refused whole, so that the
    /// numbers stay gapless, and the others are numbered again.
    fn encode<'c>(&mut self, stamp: Stamp, last_seq: u64, chunks: &'c mut Chunks) -> &'c [Chunk] {
        loop {
            let order = stamp.order(&self.events);
            let mut events: Vec<&mut Event> = self.events.iter_mut().flatten().collect();
            for (at, seq) in order.iter().zip(last_seq + 1..) {
                events[*at].producer = Producer { node: stamp.node, seq };
            }
            let ordered: Vec<&Event> = order.iter().map(|at| &*events[*at]).collect();
            match chunks.encode(&ordered).map(<[Chunk]>::len) {
                Ok(used) => return chunks.first(used),
                Err(refused) => self.refuse(Refused { index: order[refused.index], ..refused }),
            }
        }
    }

    fn refuse(&mut self, mut refused: Refused) {
        for (events, waiting) in self.events.iter_mut().zip(&mut self.waiting) {
            if refused.index < events.len() {
                events.clear();
                waiting.refused = Some(refused);
                return;
            }
            refused.index -= events.len();
        }
    }

    fn give_back(&mut self) {
        for (events, spent) in self.events.drain(..).zip(self.spent.drain(..)) {
            // Whoever asked may have gone.
            let _ = spent.send(events);
        }
    }
}

impl LogWork {
    fn write(&mut self, group: &mut Group) -> Result<(), Failure> {
        let Self { connection, stamp, ends, chunks, .. } = self;
        let transaction = write_transaction(connection)?;
        for call in &mut group.calls {
            call.write(&transaction)?;
        }
        for (partition, batch) in &mut group.batches {
            let known = ends.get(partition).copied();
            let mut end = known.map_or_else(|| End::find(&transaction, *partition, stamp.node), Ok)?;
            let encoded = batch.encode(*stamp, end.seq, chunks);
            batch.give_back();
            end.append(&transaction, *partition, encoded)?;
            save_seq(&transaction, *partition, stamp.node, end.seq)?;
            group.ends.insert(*partition, end);
        }
        Ok(transaction.commit()?)
    }
}

impl End {
    fn find(connection: &Connection, partition: Partition, node: NodeId) -> rusqlite::Result<Self> {
        Ok(Self {
            tail: tail(connection, partition)?,
            seq: last_seq(connection, partition, node)?,
            bytes: 0,
            lag: index::lag(connection, partition)?,
        })
    }

    /// Writes rows behind the end, and moves it.
    fn append(
        &mut self,
        connection: &Connection,
        partition: Partition,
        chunks: &[Chunk],
    ) -> rusqlite::Result<()> {
        let mut insert = connection.prepare_cached("INSERT INTO commits VALUES (?1, ?2, ?3, ?4)")?;
        for chunk in chunks {
            insert.execute((
                row_id(partition, self.tail),
                chunk.count as i64,
                chunk.runs.as_slice(),
                chunk.bytes.as_slice(),
            ))?;
            self.tail.0 += chunk.count as u64;
            self.seq += chunk.count as u64;
            self.bytes += chunk.bytes.len() as u64;
            self.lag += Run::count(&chunk.runs);
        }
        if self.lag >= INDEX_LAG_MAX {
            index::extend(connection, partition)?;
            self.lag = 0;
        }
        Ok(())
    }
}

fn save_seq(connection: &Connection, partition: Partition, node: NodeId, seq: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO producers VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET seq = excluded.seq",
        )?
        .execute((partition.0, node.as_str(), seq as i64))?;
    Ok(())
}

fn last_seq(connection: &Connection, partition: Partition, node: NodeId) -> rusqlite::Result<u64> {
    let sql = "SELECT seq FROM producers WHERE partition = ?1 AND node = ?2";
    let found = connection.query_row(sql, (partition.0, node.as_str()), |row| row.get::<_, i64>(0));
    Ok(found.optional()?.unwrap_or(0) as u64)
}

/// The offset after the last event that is stored, or the floor where none is.
pub(super) fn tail(connection: &Connection, partition: Partition) -> rusqlite::Result<Offset> {
    let last = connection
        .query_row(
            "SELECT id + count - ?1 FROM commits WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1",
            (lowest(partition), row_id(partition, Offset(u64::MAX))),
            |row| row.get::<_, i64>(0),
        )
        .optional()?;
    Ok(Offset(last.unwrap_or(0) as u64).max(super::floor(connection, partition)?))
}

/// The partitions that hold or held events.
fn partitions(connection: &Connection) -> rusqlite::Result<Vec<Partition>> {
    let mut statement = connection.prepare("SELECT DISTINCT partition FROM producers")?;
    let found = statement.query_map([], |row| row.get(0).map(Partition))?;
    found.collect()
}
