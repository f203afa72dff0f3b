//! What the writing thread of `log.db` does: appends and all other small writes, in one transaction a group.

use super::index::{self, INDEX_LAG_MAX};
use super::{Tails, lowest, row_id};
use crate::sqlite::Failure;
use crate::sqlite::call::Write;
use crate::sqlite::chunk::{Chunk, Encoded, Span};
use crate::sqlite::directory::Lease;
use crate::sqlite::writer::Work;
use events::log::AppendError;
use events::{Event, NodeId, Offset, Partition, Producer};
use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What an event takes besides its payload, about; sizes groups.
const EVENT_BYTES_TYPICAL: usize = 256;

/// What `log.db` is asked to write.
pub(in crate::sqlite) enum Job {
    /// Events.
    Append { partition: Partition, events: Vec<Event>, answer: oneshot::Sender<Result<(), AppendError>> },
    /// Anything else.
    Call(Box<dyn Write>),
}

/// Where a partition ends.
#[derive(Clone, Copy, Debug)]
struct End {
    tail: Offset,
    seq: u64,
    /// Rows that are not in the index of mirrors.
    lag: u64,
}

/// The thread's state.
pub(in crate::sqlite) struct LogWork {
    connection: Connection,
    node: NodeId,
    ends: FxHashMap<Partition, End>,
    tails: Arc<Tails>,
    /// Memory that each group uses again: fresh large buffers cost a page fault per 4 KiB.
    group: Group,
    chunk: Chunk,
    /// Held as long as the thread may write.
    _lease: Arc<Lease>,
}

impl LogWork {
    /// Takes the connection over and publishes the tails that it finds.
    pub(in crate::sqlite) fn new(
        connection: Connection,
        node: NodeId,
        tails: Arc<Tails>,
        lease: Arc<Lease>,
    ) -> rusqlite::Result<Self> {
        for partition in partitions(&connection)? {
            tails.set(partition, tail(&connection, partition)?);
        }
        let (ends, group, chunk) = Default::default();
        Ok(Self { connection, node, ends, tails, group, chunk, _lease: lease })
    }
}

impl Work for LogWork {
    type Job = Job;

    fn bytes(job: &Job) -> usize {
        match job {
            Job::Append { events, .. } => {
                events.iter().map(|event| event.raw.len() + EVENT_BYTES_TYPICAL).sum()
            }
            Job::Call(_) => EVENT_BYTES_TYPICAL,
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let mut group = std::mem::take(&mut self.group);
        let done = self.write(jobs, &mut group);
        if done.is_ok() {
            for (partition, end) in &group.ends {
                self.ends.insert(*partition, *end);
                self.tails.set(*partition, end.tail);
            }
        }
        for answer in group.answers.drain(..) {
            answer(done.clone());
        }
        group.clear();
        self.group = group;
    }

    fn close(&mut self) {
        // Empties the WAL file; a reader that is still at work only leaves it longer.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

type Answer = Box<dyn FnOnce(Result<(), Failure>) + Send>;

/// A group on its way through a transaction.
#[derive(Default)]
struct Group {
    encoded: FxHashMap<Partition, Encoded>,
    ends: FxHashMap<Partition, End>,
    answers: Vec<Answer>,
    /// Freed once all are answered: nobody waits for that.
    spent: Vec<Vec<Event>>,
}

impl Group {
    fn clear(&mut self) {
        self.encoded.values_mut().for_each(Encoded::clear);
        self.ends.clear();
        self.spent.clear();
    }
}

impl LogWork {
    /// Each job has its answer in `group` when this returns, however it returns.
    fn write(&mut self, jobs: Vec<Job>, group: &mut Group) -> Result<(), Failure> {
        let transaction = self.connection.unchecked_transaction().map_err(Failure::from);
        let mut done = transaction.as_ref().map(|_| ()).map_err(Failure::clone);
        for job in jobs {
            done = self.take(job, done, group);
        }
        done?;
        write_events(&self.connection, self.node, group, &mut self.chunk)?;
        Ok(transaction?.commit()?)
    }

    /// Does one job, unless one before it has failed.
    fn take(&self, job: Job, so_far: Result<(), Failure>, group: &mut Group) -> Result<(), Failure> {
        match job {
            Job::Append { partition, events, answer } => {
                let taken = so_far.and_then(|()| Ok(self.encode(partition, events, group)?));
                let (done, refused) = match taken {
                    Ok(refused) => (Ok(()), refused),
                    Err(failure) => (Err(failure), None),
                };
                group.answers.push(Box::new(move |committed| {
                    // Whoever asked may have gone.
                    let _ = answer.send(match refused {
                        Some(error) => Err(error),
                        None => committed.map_err(AppendError::from),
                    });
                }));
                done
            }
            Job::Call(mut call) => {
                let done = so_far.and_then(|()| Ok(call.write(&self.connection)?));
                group.answers.push(Box::new(move |committed| call.answer(committed)));
                done
            }
        }
    }

    /// Numbers and encodes a batch; all of it or, where an event is too large, nothing.
    fn encode(
        &self,
        partition: Partition,
        mut events: Vec<Event>,
        group: &mut Group,
    ) -> rusqlite::Result<Option<AppendError>> {
        let before = self.end(partition, group)?;
        let encoded = group.encoded.entry(partition).or_default();
        let (kept, mut end) = (encoded.len(), before);
        for (index, event) in events.iter_mut().enumerate() {
            end = End { tail: end.tail.next(), seq: end.seq + 1, ..end };
            event.producer = Producer { node: self.node, seq: end.seq };
            if let Err(error) = encoded.push(event) {
                encoded.truncate(kept);
                return Ok(Some(AppendError::TooLarge { index, bytes: error.bytes }));
            }
        }
        group.ends.insert(partition, end);
        group.spent.push(events);
        Ok(None)
    }

    fn end(&self, partition: Partition, group: &Group) -> rusqlite::Result<End> {
        if let Some(end) = group.ends.get(&partition).or_else(|| self.ends.get(&partition)) {
            return Ok(*end);
        }
        Ok(End {
            tail: tail(&self.connection, partition)?,
            seq: last_seq(&self.connection, partition, self.node)?,
            lag: index::lag(&self.connection, partition)?,
        })
    }
}

fn write_events(
    connection: &Connection,
    node: NodeId,
    group: &mut Group,
    chunk: &mut Chunk,
) -> rusqlite::Result<()> {
    for (partition, encoded) in &group.encoded {
        let Some(end) = group.ends.get_mut(partition).filter(|_| !encoded.is_empty()) else { continue };
        for span in encoded.spans(Offset(end.tail.0 - encoded.len() as u64)) {
            chunk.fill(encoded, &span);
            insert(connection, *partition, &span, chunk)?;
            end.lag += chunk.runs().count() as u64;
        }
        if end.lag >= INDEX_LAG_MAX {
            index::extend(connection, *partition)?;
            end.lag = 0;
        }
        save_seq(connection, *partition, node, end.seq)?;
    }
    Ok(())
}

fn insert(connection: &Connection, partition: Partition, span: &Span, chunk: &Chunk) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT INTO commits VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (run, bytes) in chunk.runs() {
        let first = Offset(span.first.0 + u64::from(run.place));
        let (id, mirror) = (row_id(partition, first), run.mirror.0.as_bytes().as_slice());
        statement.execute((id, span.first.0 as i64, span.events.len() as i64, mirror, bytes))?;
    }
    Ok(())
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
fn tail(connection: &Connection, partition: Partition) -> rusqlite::Result<Offset> {
    let last = connection
        .query_row(
            "SELECT chunk + count FROM commits WHERE id >= ?1 AND id <= ?2 ORDER BY id DESC LIMIT 1",
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
