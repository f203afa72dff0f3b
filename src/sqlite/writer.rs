//! The writing thread of one file: it takes whatever is queued, commits it as one transaction, and answers all.
//!
//! ```text
//! append ─┐
//! save   ─┼─> queue (bounded) ─> [ take what is there ─> one transaction, one fsync ─> answer each ] ─┐
//! append ─┘                       └───────────────────────────────────────────────────────────────────┘
//! ```
//! **Group commit is by nature, not by a timer.** The thread never waits for company: an idle log commits a
//! lone event at once, and while one fsync runs, what arrives meanwhile makes the next group. The design's
//! 2 ms is thus an upper bound that is kept by construction (a group waits for one running commit, no longer)
//! rather than a delay that every event pays.

use super::Failure;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// Jobs that may wait; a caller beyond it waits for room.
pub const QUEUE_JOBS_MAX: usize = 1024;
/// A group takes no further job once it holds so many.
pub const GROUP_JOBS_MAX: usize = 512;
/// A group takes no further job once its jobs hold about so many bytes.
pub const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long [`Writer::close`] waits for the thread: well within the node's 10 s for a graceful stop.
pub const CLOSE_TIME_MAX: Duration = Duration::from_secs(6);

/// What one writing thread does.
pub trait Work: Send + 'static {
    /// What it is asked for. Carries its own way to answer.
    type Job: Send + 'static;
    /// About how many bytes the job will write.
    fn bytes(job: &Self::Job) -> usize;
    /// Commits `jobs` together and answers each, in order.
    fn commit(&mut self, jobs: Vec<Self::Job>);
    /// The same, where there may be none.
    fn commit_some(&mut self, jobs: Vec<Self::Job>) {
        if !jobs.is_empty() {
            self.commit(jobs);
        }
    }
    /// Leaves the file tidy: no more jobs come.
    fn close(&mut self);
}

/// A handle on the thread; the last one to be dropped ends it.
pub struct Writer<J> {
    turns: mpsc::Sender<Turn<J>>,
    closing: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What wakes the thread.
enum Turn<J> {
    Job(J),
    /// Nothing to do but to look at `closing`.
    Look,
}

impl<J: Send + 'static> Writer<J> {
    /// Starts a thread called `name` that does `work`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start<W: Work<Job = J>>(name: &str, work: W) -> std::io::Result<Arc<Self>> {
        let (turns, queue) = mpsc::channel(QUEUE_JOBS_MAX);
        let closing = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&closing);
        let thread =
            std::thread::Builder::new().name(name.to_owned()).spawn(move || run(queue, &seen, work))?;
        Ok(Arc::new(Self { turns, closing, thread: Mutex::new(Some(thread)) }))
    }

    /// Queues a job, waiting for room.
    ///
    /// # Errors
    /// [`Failure::Stopped`] once the thread has ended.
    pub async fn send(&self, job: J) -> Result<(), Failure> {
        self.turns.send(Turn::Job(job)).await.map_err(|_| Failure::closed())
    }

    /// Commits what is queued, tidies the file and ends the thread. Later jobs are refused.
    ///
    /// # Errors
    /// [`Failure::Retry`] when the thread takes longer than [`CLOSE_TIME_MAX`]; it still ends, by itself.
    pub async fn close(&self) -> Result<(), Failure> {
        let Some(thread) = self.ask_to_end() else { return Ok(()) };
        let joined = tokio::task::spawn_blocking(move || thread.join());
        match tokio::time::timeout(CLOSE_TIME_MAX, joined).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Failure::Retry(format!("a file was not closed within {CLOSE_TIME_MAX:?}"))),
        }
    }
}

impl<J> Writer<J> {
    fn ask_to_end(&self) -> Option<JoinHandle<()>> {
        self.closing.store(true, Ordering::Release);
        // A full queue needs no wake: the thread looks at `closing` after each group.
        let _ = self.turns.try_send(Turn::Look);
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<J> Drop for Writer<J> {
    fn drop(&mut self) {
        // Waits for one group and a checkpoint: whoever opens the directory next finds it free.
        if let Some(thread) = self.ask_to_end() {
            let _ = thread.join();
        }
    }
}

fn run<W: Work>(mut queue: mpsc::Receiver<Turn<W::Job>>, closing: &AtomicBool, mut work: W) {
    while let Some(first) = queue.blocking_recv() {
        work.commit_some(take_group::<W>(Some(first), &mut queue));
        if closing.load(Ordering::Acquire) {
            break;
        }
    }
    queue.close();
    while !queue.is_empty() {
        work.commit_some(take_group::<W>(None, &mut queue));
    }
    work.close();
}

/// What is there now, up to the limits of a group.
fn take_group<W: Work>(
    mut first: Option<Turn<W::Job>>,
    queue: &mut mpsc::Receiver<Turn<W::Job>>,
) -> Vec<W::Job> {
    let (mut jobs, mut bytes) = (Vec::new(), 0);
    while jobs.len() < GROUP_JOBS_MAX && bytes < GROUP_BYTES_MAX {
        match first.take().or_else(|| queue.try_recv().ok()) {
            Some(Turn::Job(job)) => {
                bytes += W::bytes(&job);
                jobs.push(job);
            }
            Some(Turn::Look) => {}
            None => break,
        }
    }
    jobs
}
