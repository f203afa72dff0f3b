//! Replays that were started here: each goes on while nobody looks, and is watched by whoever does.

use super::snapshot::Snapshots;
use crate::commands::answer::LogEntry;
use crate::commands::{Answer, Command, CommandError, Desk, Listener, execute};
use async_trait::async_trait;
use events::{MirrorId, Version};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tools::{Meter, Progress};

/// Jobs under way at once, over all mirrors.
const RUNNING_MAX: usize = 4;
/// Jobs that have ended and are still shown.
const ENDED_MAX: usize = 100;

/// The last job of each mirror.
#[derive(Default)]
pub(super) struct Jobs(Mutex<BTreeMap<MirrorId, Job>>);

/// One job.
#[derive(Clone)]
pub(super) struct Job {
    /// What it does.
    pub(super) what: What,
    /// When it was started.
    pub(super) started: Version,
    /// How far it is.
    pub(super) state: watch::Receiver<State>,
    task: AbortHandle,
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The views are built anew.
    Rebuild,
    /// What the channels are owed is counted; with what others removed, or without.
    Plan { restore: bool },
    /// And sent.
    Apply { restore: bool },
}

/// How far a job is.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// It works, and has said how far it is, or not yet.
    Running(Option<Meter>),
    /// It is done.
    Done(Box<Answer>),
    /// It is not.
    Failed(String),
}

impl State {
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Failed(_))
    }
}

impl Jobs {
    /// The last job of a mirror.
    pub(super) fn of(&self, mirror: MirrorId) -> Option<Job> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&mirror).cloned()
    }

    /// Begins a job, unless the mirror has one under way. There are no words: the page shows it.
    pub(super) fn start(
        &self,
        (desk, snapshots): (&Desk, &Arc<Snapshots>),
        mirror: MirrorId,
        (what, command): (What, Command),
    ) -> Result<String, CommandError> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = |job: &Job| !job.now().is_over();
        if jobs.get(&mirror).is_some_and(runs) {
            return Err(CommandError::Failed("this mirror has a replay under way".to_owned()));
        }
        if jobs.values().filter(|job| runs(job)).count() >= RUNNING_MAX {
            let words = format!("{RUNNING_MAX} replays are under way: wait until one of them has ended");
            return Err(CommandError::Failed(words));
        }
        let over = jobs.iter().filter(|(_, job)| !runs(job));
        let oldest = over.min_by_key(|(_, job)| job.started).map(|(mirror, _)| *mirror);
        if let Some(oldest) = oldest.filter(|_| jobs.len() >= ENDED_MAX) {
            jobs.remove(&oldest);
        }
        let (says, state) = watch::channel(State::Running(None));
        let (desk, snapshots, started) = (desk.clone(), snapshots.clone(), desk.clock.now());
        let work = tokio::spawn(async move {
            let watched = Watched(says);
            let ended = match execute(&desk, command, &watched).await {
                Ok(answer) => State::Done(Box::new(answer)),
                Err(error) => State::Failed(error.to_string()),
            };
            // Whoever sees that it has ended sees what it changed.
            snapshots.forget();
            watched.0.send_replace(ended);
        });
        jobs.insert(mirror, Job { what, started, state, task: work.abort_handle() });
        Ok(String::new())
    }

    /// Ends all: the node stops. Each can be ended anywhere and run again.
    pub(super) fn end(&self) {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.values().for_each(|job| job.task.abort());
    }
}

impl Job {
    /// How far it is now. One whose task was ended says so.
    pub(super) fn now(&self) -> State {
        let is_finished = self.task.is_finished();
        let state = self.state.borrow().clone();
        match state {
            State::Running(_) if is_finished => {
                State::Failed("the node began anew meanwhile: start it again".to_owned())
            }
            other => other,
        }
    }
}

/// Whoever watches a job.
struct Watched(watch::Sender<State>);

impl Progress for Watched {
    fn report(&self, meter: Meter) {
        self.0.send_replace(State::Running(Some(meter)));
    }
}

#[async_trait]
impl Listener for Watched {
    async fn entry(&self, _: LogEntry) -> bool {
        true
    }
}
