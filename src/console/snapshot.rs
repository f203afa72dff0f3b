//! How everything stands, asked at most so often however many look at it.

use super::links::{self, LinkRow};
use crate::commands::answer::{MirrorLine, Status};
use crate::commands::{Answer, Command, CommandError, Deaf, Desk, execute};
use events::{MirrorId, Version};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

/// A view is at least so old before there is another.
const AGE_MIN: Duration = Duration::from_secs(1);
/// And so many times as old as it took to look: with ten thousand links that is a while, and others work too.
const AGE_PER_COST: u32 = 8;

/// How long somebody waits for a newer view before the last one does: a node that begins is busy.
const PATIENCE: Duration = Duration::from_secs(2);

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

/// The last view, and the one that is being taken.
#[derive(Default)]
pub(super) struct Snapshots(Mutex<Views>);

#[derive(Default)]
struct Views {
    last: Option<Kept>,
    coming: Option<Coming>,
    /// How often something was changed: what was looked at before is not kept afterwards.
    changes: u64,
}

struct Kept {
    snapshot: Arc<Snapshot>,
    taken: Instant,
    cost: Duration,
}

/// A look under way: it goes on whoever gives up waiting, and all who wait have the same.
struct Coming {
    told: watch::Receiver<Option<Told>>,
    task: AbortHandle,
}

type Told = Result<Arc<Snapshot>, CommandError>;

impl Snapshots {
    /// A view that is new enough; the last one, where another takes long.
    pub(super) async fn now(self: &Arc<Self>, desk: &Desk) -> Told {
        let (last, mut coming) = {
            let mut views = self.views();
            let last = views.last.as_ref().map(|kept| (kept.snapshot.clone(), kept.is_fresh()));
            if let Some((snapshot, true)) = last {
                return Ok(snapshot);
            }
            let changes = views.changes;
            let coming = views.coming.get_or_insert_with(|| self.look(desk, changes));
            (last, coming.told.clone())
        };
        let told = async { coming.wait_for(Option::is_some).await.ok().and_then(|told| told.clone()) };
        let told = match last {
            Some((snapshot, _)) => match timeout(PATIENCE, told).await {
                Ok(told) => told,
                Err(_) => Some(Ok(snapshot)),
            },
            None => told.await,
        };
        told.unwrap_or_else(|| {
            Err(CommandError::Failed("the node began anew meanwhile: try again".to_owned()))
        })
    }

    fn views(&self) -> MutexGuard<'_, Views> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to look.
    fn look(self: &Arc<Self>, desk: &Desk, changes: u64) -> Coming {
        let (says, told) = watch::channel(None);
        let (own, desk) = (self.clone(), desk.clone());
        let task = tokio::spawn(async move {
            let began = Instant::now();
            let told = ask(&desk).await.map(Arc::new);
            let mut views = own.views();
            if views.changes == changes {
                views.coming = None;
                let kept = |snapshot| Kept { snapshot, taken: Instant::now(), cost: began.elapsed() };
                views.last = told.clone().ok().map(kept).or_else(|| views.last.take());
            }
            says.send_replace(Some(told));
        });
        Coming { told, task: task.abort_handle() }
    }

    /// Something was changed: the next one is new.
    pub(super) fn forget(&self) {
        let mut views = self.views();
        let changes = views.changes + 1;
        *views = Views { changes, ..Views::default() };
    }

    /// Looks no more: the node stops.
    pub(super) fn end(&self) {
        if let Some(coming) = self.views().coming.take() {
            coming.task.abort();
        }
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
