//! How everything stands, asked at most so often however many look at it.

use super::links::{self, LinkRow};
use crate::commands::answer::{MirrorLine, Status};
use crate::commands::{Answer, Command, CommandError, Deaf, Desk, execute};
use events::{MirrorId, Version};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A view is at least so old before there is another.
const AGE_MIN: Duration = Duration::from_secs(1);
/// And so many times as old as it took to look: with ten thousand links that is a while, and others work too.
const AGE_PER_COST: u32 = 8;

/// What `mirror status` and `mirror mirrors` say.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    /// The node, the log, the lanes.
    pub(super) status: Status,
    /// The mirrors, by name.
    pub(super) mirrors: Vec<MirrorLine>,
    /// Every link with its lane.
    pub(super) links: Vec<LinkRow>,
    /// When it was asked.
    pub(super) at: Version,
}

impl Snapshot {
    /// Of both answers.
    pub(super) fn new(status: Status, mirrors: Vec<MirrorLine>, at: Version) -> Self {
        let links = links::rows(&mirrors, &status);
        Self { status, mirrors, links, at }
    }

    /// A mirror.
    pub(super) fn mirror(&self, id: MirrorId) -> Option<&MirrorLine> {
        self.mirrors.iter().find(|mirror| mirror.id == id)
    }
}

/// The last view.
#[derive(Default)]
pub(super) struct Snapshots(Mutex<Option<Kept>>);

struct Kept {
    snapshot: Arc<Snapshot>,
    taken: Instant,
    cost: Duration,
}

impl Snapshots {
    /// The last one, or a new one. Whoever asks meanwhile waits for the same.
    pub(super) async fn now(&self, desk: &Desk) -> Result<Arc<Snapshot>, CommandError> {
        let mut kept = self.0.lock().await;
        if let Some(known) = kept.as_ref().filter(|known| known.is_fresh()) {
            return Ok(known.snapshot.clone());
        }
        let began = Instant::now();
        let snapshot = Arc::new(ask(desk).await?);
        *kept = Some(Kept { snapshot: snapshot.clone(), taken: Instant::now(), cost: began.elapsed() });
        Ok(snapshot)
    }

    /// Something was changed: the next one is new.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

impl Kept {
    fn is_fresh(&self) -> bool {
        self.taken.elapsed() < (self.cost * AGE_PER_COST).max(AGE_MIN)
    }
}

async fn ask(desk: &Desk) -> Result<Snapshot, CommandError> {
    let Answer::Status(status) = execute(desk, Command::Status, &Deaf).await? else {
        return Err(CommandError::Failed("the node does not say how it stands".to_owned()));
    };
    let Answer::Mirrors(mirrors) = execute(desk, Command::Mirrors, &Deaf).await? else {
        return Err(CommandError::Failed("the node does not name its mirrors".to_owned()));
    };
    Ok(Snapshot::new(*status, mirrors.mirrors, desk.clock.now()))
}
