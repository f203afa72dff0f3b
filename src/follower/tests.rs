//! What a follower does that nothing wakes.

use super::{Follower, Stores};
use crate::clock::Wall;
use crate::links::Links;
use crate::sqlite::DataDir;
use events::log::memory::MemoryLog;
use events::log::{Durable, Log};
use events::{EventId, NodeId, Offset, Partition, sample};
use projections::Views;
use projections::follow::FollowState;
use projections::lanes::memory::MemoryLanes;
use projections::views::memory::MemoryViews;
use projections::views::{Mark, Position};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;
use tools::Ports;
use uuid::Uuid;

const P0: Partition = Partition(0);

/// A follower at work that is told of nothing, and what it works over.
struct Scene {
    log: MemoryLog,
    views: Arc<MemoryViews>,
    mark: watch::Receiver<Offset>,
    _news: watch::Sender<Offset>,
    _folder: TempDir,
}

impl Scene {
    async fn of(events: usize, is_shared: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node: NodeId = "one".parse().unwrap();
        let state = DataDir::open_as(folder.path(), Some(node)).unwrap().state();
        let (log, views) = (MemoryLog::new(node), Arc::new(MemoryViews::new()));
        let lanes = Arc::new(MemoryLanes::new());
        let ports = Ports { log: Arc::new(log.clone()), views: views.clone(), lanes, node, partitions: 1 };
        let links = Arc::new(Links::load(ports.clone()).await.unwrap());
        let at = Stores { ports, links, state, clock: Arc::new(Wall), hints: None, is_shared };
        let (follower, followed) = Follower::new(P0, at);
        let (news, appended) = watch::channel(Offset(0));
        let scene = Self { log, views, mark: followed.mark.clone(), _news: news, _folder: folder };
        scene.append(events).await;
        tokio::spawn(follower.run(appended, CancellationToken::new()));
        scene
    }

    async fn append(&self, count: usize) {
        let chat = sample::Chat { seed: 1, count, mirrors: 1, raw: false };
        self.log.append(P0, sample::chat(chat).collect(), Durable::Here).await.unwrap();
    }

    /// Whether it comes so far within an hour.
    async fn comes_to(&mut self, offset: u64) -> bool {
        timeout(Duration::from_secs(3600), self.mark.wait_for(|mark| mark.0 >= offset)).await.is_ok()
    }

    async fn recorded(&self) -> Option<Offset> {
        let marks = self.views.position(&FollowState::resume(P0).follower).await.unwrap();
        marks.first().map(|mark| mark.offset)
    }

    async fn record(&self, offset: u64) {
        let (follower, event) = (FollowState::resume(P0).follower, EventId(Uuid::nil()));
        let position = Position { follower, mark: Mark { offset: Offset(offset), event } };
        self.views.commit(Vec::new(), Some(position)).await.unwrap();
    }
}

/// News that never came cost a moment, not the rest of the day, where others append; alone, nothing is lost on the way
/// and nothing polls.
#[tokio::test(start_paused = true)]
async fn looks_again_where_others_append() {
    for is_shared in [true, false] {
        let mut scene = Scene::of(10, is_shared).await;
        assert!(scene.comes_to(10).await);
        scene.append(5).await;
        assert_eq!(scene.comes_to(15).await, is_shared);
    }
}

/// A place that an older follower of the partition recorded late is set right, though nothing new comes.
#[tokio::test(start_paused = true)]
async fn a_place_recorded_late_is_set_right() {
    let mut scene = Scene::of(10, true).await;
    assert!(scene.comes_to(10).await);
    scene.record(3).await;
    assert_eq!(scene.recorded().await, Some(Offset(3)));
    tokio::time::sleep(2 * super::LOOK).await;
    assert_eq!(scene.recorded().await, Some(Offset(9)));
}
