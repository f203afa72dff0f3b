//! The stores of a story, in memory or on disk. Time stands still while one of them works.

use async_trait::async_trait;
use events::log::memory::MemoryLog;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Event, MirrorId, NodeId, Offset, Partition};
use mirror::sqlite::{DataDir, NodeState, SqliteLog};
use projections::lane::LaneRow;
use projections::lanes::memory::MemoryLanes;
use projections::lanes::{Control, LaneId, Lanes, LanesError, Saved};
use projections::views::memory::MemoryViews;
use projections::views::{Follower, Mark, Position, Scan, ViewsError};
use projections::{Change, Key, Row, Views};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tools::Ports;

/// Where a story's stores are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Memory,
    Sqlite,
}

/// Waits for `work` while another task is never idle: a clock that stands still would jump to the next timer.
///
/// The task must be another one: between the moment that a thread marks a task as woken and the moment that it
/// queues it, the task's own yielding counts for nothing.
pub(crate) async fn awake<T>(work: impl Future<Output = T>) -> T {
    let _busy = Busy(tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    }));
    work.await
}

/// Ends the task that is never idle.
struct Busy(JoinHandle<()>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The stores, as a crash leaves them.
pub(crate) struct Stores {
    pub ports: Ports,
    pub state: NodeState,
    pub appended: watch::Sender<Offset>,
    trim: Trim,
    _directory: DataDir,
    _folder: tempfile::TempDir,
}

enum Trim {
    Memory(MemoryLog),
    Sqlite(SqliteLog),
}

impl Stores {
    pub(crate) fn open(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node: NodeId = "main".parse().unwrap();
        let directory = DataDir::open_as(folder.path(), Some(node)).unwrap();
        let appended = watch::Sender::new(Offset(0));
        let (ports, trim) = match engine {
            Engine::Memory => {
                let log = MemoryLog::new(node);
                let trim = Trim::Memory(log.clone());
                let (views, lanes) = (Arc::new(MemoryViews::new()), Arc::new(MemoryLanes::new()));
                (Ports { log: Arc::new(log), views, lanes, node, partitions: 1 }, trim)
            }
            Engine::Sqlite => (mirror::stores::embedded(&directory), Trim::Sqlite(directory.log())),
        };
        let ports = Ports {
            log: Arc::new(Awake { port: ports.log, appended: appended.clone() }),
            views: Arc::new(Awake { port: ports.views, appended: appended.clone() }),
            lanes: Arc::new(Awake { port: ports.lanes, appended: appended.clone() }),
            ..ports
        };
        Self { ports, state: directory.state(), appended, trim, _directory: directory, _folder: folder }
    }

    /// Retention: what lies before `floor` is gone.
    pub(crate) async fn trim(&self, floor: Offset) {
        match &self.trim {
            Trim::Memory(log) => log.trim(Partition(0), floor),
            Trim::Sqlite(log) => awake(log.trim(Partition(0), floor)).await.unwrap(),
        }
    }

    pub(crate) async fn tail(&self) -> Offset {
        self.ports.log.tail(Partition(0)).await.unwrap()
    }
}

/// A port whose callers stay awake, and that wakes the follower.
struct Awake<T: ?Sized> {
    port: Arc<T>,
    appended: watch::Sender<Offset>,
}

#[async_trait]
impl Log for Awake<dyn Log> {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        awake(self.port.append(partition, events, durable)).await?;
        let tail = awake(self.port.tail(partition)).await;
        self.appended.send_replace(tail.unwrap_or_default());
        Ok(())
    }
    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        awake(self.port.read(read)).await
    }
    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        awake(self.port.tail(partition)).await
    }
    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        awake(self.port.floor(partition)).await
    }
}

#[async_trait]
impl Views for Awake<dyn Views> {
    async fn commit(&self, changes: Vec<Change>, position: Option<Position>) -> Result<(), ViewsError> {
        awake(self.port.commit(changes, position)).await
    }
    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        awake(self.port.position(follower)).await
    }
    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError> {
        awake(self.port.get(keys)).await
    }
    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        awake(self.port.scan(scan)).await
    }
}

#[async_trait]
impl Lanes for Awake<dyn Lanes> {
    async fn load(&self, lane: LaneId) -> Result<Option<LaneRow>, LanesError> {
        awake(self.port.load(lane)).await
    }
    async fn save(&self, lane: LaneId, row: LaneRow) -> Saved {
        awake(self.port.save(lane, row)).await
    }
    async fn control(&self, mirror: MirrorId) -> Result<Control, LanesError> {
        awake(self.port.control(mirror)).await
    }
    async fn set_control(&self, mirror: MirrorId, expected: Control, new: Control) -> Saved {
        awake(self.port.set_control(mirror, expected, new)).await
    }
}
