//! Logs that are deleted and filled again, that lose their end, archives of other logs.

use super::stage::{P0, archive, chat, entries, ids, memory, seal_all, seal_upto, tell};
use events::log::{Log, Read, ReadError};
use events::{Offset, Partition};
use mirror::archive::retention::retention;
use mirror::archive::{Archive, ArchiveError, ArchivedLog};
use std::sync::Arc;

/// A log filled anew is another one: its offsets are not looked up among the old.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_filled_again_begins_another_incarnation() {
    let (archive, _) = archive();
    let old = memory();
    tell(&old, &chat(1, 200)).await;
    seal_all(&archive, &old).await;
    for count in [0, 50, 200, 400] {
        let new = memory();
        tell(&new, &chat(2, count)).await;
        let log = ArchivedLog::new(Arc::new(new.clone()), archive.clone());
        let may_pass = retention(&archive, &new, P0).await.unwrap().may_pass;
        assert_eq!(may_pass, Offset(0), "nothing of it is sealed");
        new.trim(P0, Offset(20));
        assert_eq!(log.floor(P0).await.unwrap(), Offset(20.min(count as u64)));
        if count > 0 {
            let read = Read { partition: P0, from: Offset(5), limit: 10, mirror: None };
            let refused = log.read(read).await;
            assert!(matches!(refused, Err(ReadError::Trimmed { floor: Offset(20) })), "{refused:?}");
        }
    }
    let new = memory();
    tell(&new, &chat(2, 400)).await;
    let whole = entries(&new, 0, 1000, None).await;
    assert_eq!(seal_upto(&archive, &new, 300).await.incarnation, 2);
    assert_eq!(seal_all(&archive, &new).await.incarnation, 2);
    new.trim(P0, Offset(350));
    let log = ArchivedLog::new(Arc::new(new), archive.clone());
    assert_eq!(entries(&log, 0, 100, None).await, whole);
    assert_eq!(archive.segments(P0, 1).await.unwrap().len(), 1, "the old one stays");
}

/// A fail-over takes the newest events back and gives their offsets to others. What was sealed before stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_its_end_branches_off() {
    let (archive, _) = archive();
    let (kept, lost, other) = (chat(1, 300), chat(8, 40), chat(9, 100));
    let before = memory();
    tell(&before, &kept).await;
    tell(&before, &lost).await;
    for upto in [100, 250, 340] {
        seal_upto(&archive, &before, upto).await;
    }
    let after = memory();
    tell(&after, &kept).await;
    tell(&after, &other).await;
    let whole = entries(&after, 0, 1000, None).await;
    after.trim(P0, Offset(120));
    assert_eq!(retention(&archive, &after, P0).await.unwrap().may_pass, Offset(250));
    let log = ArchivedLog::new(Arc::new(after.clone()), archive.clone());
    assert_eq!(ids(&entries(&log, 0, 100, None).await), ids(&whole));
    let sealed = seal_all(&archive, &after).await;
    assert_eq!((sealed.incarnation, sealed.events, sealed.upto), (2, 150, Offset(400)));
    after.trim(P0, Offset(390));
    let log = ArchivedLog::new(Arc::new(after.clone()), archive.clone());
    assert_eq!(log.floor(P0).await.unwrap(), Offset(0));
    assert_eq!(ids(&entries(&log, 0, 100, None).await), ids(&whole));
    assert_eq!(seal_all(&archive, &after).await.segments, 0);
}

#[tokio::test]
async fn an_archive_belongs_to_one_log() {
    let (archive, _) = archive();
    archive.claim(4).await.unwrap();
    archive.claim(4).await.unwrap();
    let refused = archive.claim(16).await.unwrap_err();
    assert!(matches!(&refused, ArchiveError::Refused(words) if words.contains("4 partitions")), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_an_archive() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("deep/archive");
    let log = memory();
    tell(&log, &chat(1, 300)).await;
    let whole = entries(&log, 0, 1000, None).await;
    for url in [path.display().to_string(), format!("file://{}", path.display())] {
        let archive = Archive::open(&url).unwrap();
        archive.claim(1).await.unwrap();
        seal_all(&archive, &log).await;
        assert_eq!(archive.segments(P0, 1).await.unwrap().len(), 1);
        assert!(archive.segments(Partition(1), 1).await.unwrap().is_empty());
        let trimmed = memory();
        tell(&trimmed, &chat(1, 300)).await;
        trimmed.trim(P0, Offset(290));
        let joined = ArchivedLog::new(Arc::new(trimmed), archive);
        assert_eq!(entries(&joined, 0, 1000, None).await, whole);
    }
    let names: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[tokio::test]
async fn places_that_are_none_are_told() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let urls = [
        "",
        "ftp://host/x",
        "s3://",
        "s3:///prefix",
        "s3://key:secret@bucket/x",
        "s3://bucket?endpoint=http://key:secret@host",
        "s3://bucket?secret=canary",
    ];
    for url in urls.into_iter().chain([file.to_str().unwrap()]) {
        let error = Archive::open(url).unwrap_err().to_string();
        assert!(error.starts_with("archive.url: "), "{error}");
        assert!(!error.contains("canary") && !error.contains("secret@"), "{error}");
    }
}
