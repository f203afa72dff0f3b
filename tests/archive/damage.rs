//! `verify` finds each kind of damage, and reads refuse it.

use super::stage::{P0, archive, chat, entries, memory, node, seal_upto, tell};
use events::log::memory::MemoryLog;
use events::log::{Log, Read, ReadError};
use events::{Offset, Partition};
use mirror::archive::check::{self, Report};
use mirror::archive::{Archive, ArchivedLog, Name};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use projections::lanes::memory::MemoryLanes;
use projections::views::memory::MemoryViews;
use std::sync::Arc;
use tools::Ports;
use tools::progress::Silent;

struct Scene {
    archive: Archive,
    store: Arc<InMemory>,
    log: MemoryLog,
    names: Vec<Name>,
}

impl Scene {
    /// Three segments of a log whose first is retained no more.
    async fn new() -> Self {
        let (archive, store) = archive();
        let log = memory();
        tell(&log, &chat(1, 400)).await;
        for upto in [100, 200, 300] {
            seal_upto(&archive, &log, upto).await;
        }
        log.trim(P0, Offset(150));
        let names = archive.segments(P0, 1).await.unwrap().into_iter().map(|(name, _)| name).collect();
        Self { archive, store, log, names }
    }

    fn ports(&self) -> Ports {
        Ports {
            log: Arc::new(self.log.clone()),
            views: Arc::new(MemoryViews::new()),
            lanes: Arc::new(MemoryLanes::new()),
            node: node(),
            partitions: 1,
        }
    }

    async fn bytes(&self, at: usize) -> Vec<u8> {
        let got = self.store.get(&self.path(at)).await.unwrap();
        got.bytes().await.unwrap().to_vec()
    }

    fn path(&self, at: usize) -> Path {
        Path::from(self.names[at].to_string())
    }

    async fn put(&self, at: usize, bytes: Vec<u8>) {
        self.store.put(&self.path(at), PutPayload::from(bytes)).await.unwrap();
    }

    /// The only problem, in words; and what can be read is right or an error.
    async fn problem(&self) -> String {
        let report = self.verify().await;
        let words: Vec<_> =
            report.problems.iter().map(|one| format!("{}: {}", one.object, one.why)).collect();
        assert_eq!(report.problems_count, 1, "{words:?}");
        words.join("")
    }

    async fn verify(&self) -> Report {
        check::verify(&self.archive, &self.ports(), &Silent).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_whole_is_fine() {
    let scene = Scene::new().await;
    let report = scene.verify().await;
    assert!(report.is_fine(), "{report:?}");
    assert_eq!((report.segments, report.events, report.unreadable), (3, 300, 0));
    let status = check::status(&scene.archive, &scene.ports()).await.unwrap();
    let one = &status.partitions[0];
    assert_eq!((one.incarnation, one.segments, one.reaches.0), (Some(1), 3, 0));
    assert_eq!((one.floor.0, one.sealed.0, one.tail.0), (150, 300, 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_damage_is_found() {
    // A flipped bit anywhere is covered by the format's own test; here: that it is reported and not read.
    let scene = Scene::new().await;
    let mut bytes = scene.bytes(0).await;
    bytes[200] ^= 1;
    scene.put(0, bytes).await;
    assert!(scene.problem().await.ends_with("it does not match its checksum"));
    let log = ArchivedLog::new(Arc::new(scene.log.clone()), scene.archive.clone());
    let read = Read { partition: P0, from: Offset(0), limit: 10, mirror: None };
    let refused = log.read(read).await;
    assert!(matches!(&refused, Err(ReadError::Stopped(words)) if words.contains("checksum")), "{refused:?}");
    assert_eq!(entries(&log, 100, 50, None).await.len(), 300, "the others can be read");

    // Cut short.
    let scene = Scene::new().await;
    let bytes = scene.bytes(1).await;
    scene.put(1, bytes[..bytes.len() / 2].to_vec()).await;
    assert!(scene.problem().await.contains("cut short"));

    // Empty.
    let scene = Scene::new().await;
    scene.put(1, Vec::new()).await;
    assert!(scene.problem().await.contains("cut short"));

    // Another segment under its name.
    let scene = Scene::new().await;
    scene.put(1, scene.bytes(0).await).await;
    assert!(scene.problem().await.contains("another segment"));

    // Gone.
    let scene = Scene::new().await;
    scene.store.delete(&scene.path(1)).await.unwrap();
    assert!(scene.problem().await.contains("nothing holds the offsets 100 to 200"));

    // Its manifest is no manifest.
    let scene = Scene::new().await;
    let path = Path::from("partition-00000/incarnation-000001/manifest.json");
    scene.store.put(&path, PutPayload::from_static(b"{")).await.unwrap();
    assert!(scene.problem().await.contains("manifest.json"));

    // Whole, and of this log, but not what the log holds.
    let scene = Scene::new().await;
    let other = memory();
    tell(&other, &chat(1, 130)).await;
    tell(&other, &chat(5, 10)).await;
    tell(&other, &chat(1, 400)[140..]).await;
    let forged = Archive::over(Arc::new(InMemory::new()), "forged");
    for upto in [100, 200, 300] {
        seal_upto(&forged, &other, upto).await;
    }
    scene.log.trim(P0, Offset(120));
    let same = forged.bytes(scene.names[1]).await.unwrap();
    scene.put(1, same.to_vec()).await;
    let scene = Scene { log: memory(), ..scene };
    tell(&scene.log, &chat(1, 400)).await;
    assert!(scene.problem().await.contains("the log holds something else"));
    assert_eq!(scene.names[1].partition, Partition(0));
    assert_eq!(scene.log.floor(P0).await.unwrap(), Offset(0));
}
