//! `archive`: sealed, looked through, lost, filled again.

use super::*;
use crate::archive::{Archive, ArchivedLog, Backed, seal};
use events::Partition;
use events::log::{Log, Read};
use expect_test::expect;
use object_store::memory::InMemory;

/// The scene's log with an archive behind it.
fn with_archive(mut scene: Scene, archive: &Archive) -> Scene {
    let log = scene.desk.ports.log.clone();
    scene.desk.archive = Some(Backed { archive: archive.clone(), log });
    scene
}

#[test]
fn a_lost_log_is_filled_again() {
    run(async {
        let archive = Archive::over(Arc::new(InMemory::new()), "memory");
        let scene = Scene::new(false);
        check(
            &scene,
            &["archive", "archive status"],
            expect![[r#"
            $ mirror archive
            The archive: how it stands, whether it is whole, seal what waits, fill a lost log again
            (2)
            $ mirror archive status
            there is no archive: set archive.url (a directory, or s3://BUCKET/PREFIX?endpoint=...)
            (2)
        "#]],
        )
        .await;
        conversation(&scene).await;
        let scene = with_archive(scene, &archive);
        let lines = ["archive status", "archive seal", "archive seal", "archive status", "archive verify"];
        check(
            &scene,
            &lines,
            expect![[r#"
                $ mirror archive status
                archive memory
                partition 0: 0 segments in 0 bytes, nothing sealed yet
                  readable from offset 0, the log itself from 0; sealed up to 0, 10 offsets wait
                  retention may cut nothing yet
                $ mirror archive seal
                partition 0: sealed 10 events in 1 segment (660 bytes), up to offset 10
                $ mirror archive seal
                partition 0: nothing waited; sealed up to offset 10
                $ mirror archive status
                archive memory
                partition 0: 1 segment in 660 bytes, incarnation 1
                  readable from offset 0, the log itself from 0; sealed up to 10, 0 offsets wait
                  retention may cut up to offset 10, events until 2025-11-24T17:00:04.000Z
                $ mirror archive verify
                read 1 segment with 10 events in 660 bytes
                all is as it was written
            "#]],
        )
        .await;

        // The log is lost whole, and so are the views; a lane's row stays.
        let lane = LaneId { mirror: id(1), link: ChannelId(43) };
        let row = LaneRow { rev: 1, behind: Some(Offset(5)), ..LaneRow::default() };
        let lost = with_archive(Scene::new(false), &archive);
        assert_eq!(lost.lanes.save(lane, row).await, Saved::Yes);
        let lines = [
            "archive status",
            "archive restore --dry-run",
            "archive restore",
            "archive restore",
            "mirrors",
            "verify",
        ];
        check(&lost, &lines, expect![[r#"
            $ mirror archive status
            archive memory
            partition 0: 0 segments in 0 bytes, nothing of this log: the archive holds 1 log that it is not (`mirror archive restore` fills an empty log from the newest)
              readable from offset 0, the log itself from 0; sealed up to 0, 0 offsets wait
              retention may cut nothing yet
            $ mirror archive restore --dry-run
            dry run, nothing was done: partition 0: 10 events from incarnation 1, 0 of them were there already
            $ mirror archive restore
            partition 0: 10 events from incarnation 1, 0 of them were there already
            1 lane read the log again from its beginning
            $ mirror archive restore
            partition 0: 10 events from incarnation 1, 10 of them were there already
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              43  guild 40  receives                from 2025-11-24T16:00:04.000Z on
              44  guild 40  publishes and receives  from 2025-11-24T16:00:06.000Z on
            $ mirror verify
            'lounge': 10 events, 3 receipts, 1 live copy; digest 3d59977d6a607d0da410670663c36e54
            node main in partition 0: 10 events, numbers 1 to 10, no holes
            all is as it should be
        "#]]).await;
        let behind = lost.lanes.load(lane).await.unwrap().unwrap().behind;
        assert_eq!(behind, Some(Offset(0)), "its place was one of another log");

        let running = with_archive(Scene::new(true), &archive);
        check(
            &running,
            &["archive restore"],
            expect![[r#"
            $ mirror archive restore
            a node runs here, and would send again what is not all back yet: stop it first
            (2)
        "#]],
        )
        .await;
    });
}

/// A conversation whose log has an archive behind it.
async fn over_a_log_that_can_be_cut() -> (Scene, MemoryLog) {
    let archive = Archive::over(Arc::new(InMemory::new()), "memory");
    let mut scene = Scene::new(false);
    conversation(&scene).await;
    let log = MemoryLog::new("main".parse().unwrap());
    let read = Read { partition: Partition(0), from: Offset(0), limit: 100, mirror: None };
    for entry in scene.desk.ports.log.read(read).await.unwrap().entries {
        let event = events::codec::decode(&entry.record).unwrap();
        log.append(Partition(0), vec![event], Durable::Here).await.unwrap();
    }
    let backed = Backed { archive, log: Arc::new(log.clone()) };
    scene.desk.archive = Some(backed.clone());
    scene.desk.ports.log = Arc::new(ArchivedLog::new(backed.log.clone(), backed.archive.clone()));
    scene.desk.follow = Arc::new(Stepper::new(scene.desk.ports.clone()));
    (scene, log)
}

/// How far retention may cut is said beside the log; what it cut too early is an alarm with what to do.
#[test]
fn retention_past_the_seal_is_an_alarm() {
    run(async {
        let (scene, log) = over_a_log_that_can_be_cut().await;
        let backed = scene.desk.archive.clone().unwrap();
        let sealed = (&*backed.log, Partition(0));
        seal::seal(&backed.archive, sealed, Some(Offset(6)), &tools::progress::Silent).await.unwrap();
        check(
            &scene,
            &["archive status", "status"],
            expect![[r#"
            $ mirror archive status
            archive memory
            partition 0: 1 segment in 522 bytes, incarnation 1
              readable from offset 0, the log itself from 0; sealed up to 6, 4 offsets wait
              retention may cut up to offset 6, events until 2025-11-24T17:00:01.000Z
            $ mirror status
            no node runs (start one: mirror run)
            log: partition 0, offsets 0 to 10; views hold 9, lanes have handled nothing
              retention may cut up to offset 6, events until 2025-11-24T17:00:01.000Z
            lane        state  lag
            lounge  42  idle   ?
            lounge  43  idle   ?
            lounge  44  idle   ?
        "#]],
        )
        .await;
        log.trim(Partition(0), Offset(8));
        check(&scene, &["archive status", "status"], expect![[r#"
            $ mirror archive status
            archive memory
            partition 0: 1 segment in 522 bytes, incarnation 1
              readable from offset 8, the log itself from 8; sealed up to 8, 2 offsets wait
              retention may cut up to offset 8, events until 2025-11-24T17:00:01.000Z
            ALARM: partition 0: retention has cut offsets 6 to 7 before they were sealed. They are in no archive, and no replay can read them. Take the retention policy away or raise max-age, see that sealing goes on (`mirror archive seal`), and put their segments back if a copy of the archive has them
            $ mirror status
            no node runs (start one: mirror run)
            log: partition 0, offsets 8 to 10; views hold 9, lanes have handled nothing
              retention may cut up to offset 8, events until 2025-11-24T17:00:01.000Z
            ALARM: partition 0: retention has cut offsets 6 to 7 before they were sealed. They are in no archive, and no replay can read them. Take the retention policy away or raise max-age, see that sealing goes on (`mirror archive seal`), and put their segments back if a copy of the archive has them
            lane        state  lag
            lounge  42  idle   ?
            lounge  43  idle   ?
            lounge  44  idle   ?
        "#]]).await;
    });
}

/// What retention took is read from the archive: a mirror is rebuilt from its beginning, and proven.
#[test]
fn a_rebuild_reaches_below_the_floor() {
    run(async {
        let (scene, log) = over_a_log_that_can_be_cut().await;
        scene.said("archive seal").await;
        log.trim(Partition(0), Offset(9));
        check(
            &scene,
            &["archive status", "replay --mirror lounge", "verify"],
            expect![[r#"
                $ mirror archive status
                archive memory
                partition 0: 1 segment in 660 bytes, incarnation 1
                  readable from offset 0, the log itself from 9; sealed up to 10, 0 offsets wait
                  retention may cut up to offset 10, events until 2025-11-24T17:00:04.000Z
                $ mirror replay --mirror lounge
                rebuilt 10 events of 'lounge', offsets 0 to 10: 20 cells
                digest 3d59977d6a607d0da410670663c36e54, the same as build 0's
                build 1 is read now; build 0 is kept for `mirror replay rollback`
                $ mirror verify
                'lounge': 10 events, 3 receipts, 1 live copy; digest 3d59977d6a607d0da410670663c36e54
                node main in partition 0: 10 events, numbers 1 to 10, no holes
                all is as it should be
            "#]],
        )
        .await;
    });
}
