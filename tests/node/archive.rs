//! The archive of a running node, in a directory and in a bucket.

use crate::bucket::Bucket;
use crate::stage::{MIRROR, Stage};
use std::path::Path;

/// Messages that make more events than the sealer leaves alone.
const MESSAGES: usize = 450;

/// Says much, and waits until it is in step.
async fn talk(stage: &Stage) {
    let wanted: Vec<String> = (0..MESSAGES).map(|number| format!("message {number}")).collect();
    for text in &wanted {
        stage.say(stage.channels[0], text);
    }
    for channel in &stage.channels[1..] {
        stage.until_texts(*channel, &wanted).await;
    }
}

fn segments(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let of = |entry: std::fs::DirEntry| match entry.path() {
        path if path.is_dir() => segments(&path),
        path => usize::from(path.extension().is_some_and(|ending| ending == "seg")),
    };
    entries.map(|entry| of(entry.unwrap())).sum()
}

/// A node seals by itself; what it sealed is whole, and an empty log is filled from it: every view and every lane is
/// right, and nothing is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_data_directory_is_filled_again() {
    let mut stage = Stage::new(3);
    let vault = stage.beside("vault");
    let archive = ("MIRROR_ARCHIVE_URL".to_owned(), vault.display().to_string());
    let pace = [("MIRROR_ARCHIVE_SEAL_EVENTS", "100"), ("MIRROR_ARCHIVE_MARGIN_SECONDS", "1")];
    stage.environment.extend(pace.map(|(key, value)| (key.to_owned(), value.to_owned())));
    stage.environment.push(archive);
    stage.link_all().await;
    let node = stage.start().await;
    talk(&stage).await;
    stage.until("the node seals", || (segments(&vault) > 0).then_some(())).await;
    let status = stage.json(&["archive", "status"]).await;
    assert!(status["partitions"][0]["sealed"].as_u64().unwrap() >= 100, "{status}");
    let status = stage.json(&["status"]).await;
    let retention = &status["partitions"][0]["retention"];
    assert!(retention["may_pass"].as_u64().unwrap() >= 100, "{status}");
    assert!(retention["sealed_until"].is_i64() && retention["lost"].is_null(), "{status}");
    stage.done(&["archive", "verify"]).await;
    node.stop().await;
    stage.done(&["archive", "seal"]).await;
    let verified = stage.json(&["verify"]).await;

    // Log, views, lanes: all is gone. Only the archive is left.
    std::fs::rename(stage.data(), stage.beside("lost")).unwrap();
    let restored = stage.json(&["archive", "restore"]).await;
    assert!(restored["partitions"][0]["events"].as_u64().unwrap() > 1000, "{restored}");
    let again = stage.json(&["verify"]).await;
    assert_eq!(again["mirrors"], verified["mirrors"], "the same views");
    let before = stage.deeds(standin::Change::Create);
    let node = stage.start().await;
    stage.say(stage.channels[0], "and on it goes");
    let texts: Vec<String> = (0..MESSAGES).map(|number| format!("message {number}")).collect();
    let texts = [texts, vec!["and on it goes".to_owned()]].concat();
    for channel in &stage.channels[1..] {
        stage.until_texts(*channel, &texts).await;
    }
    node.stop().await;
    let posted = stage.deeds(standin::Change::Create) - before;
    // The lanes' rows are lost too, so that each link's notice is asked for again; its nonce makes that harmless.
    assert_eq!(posted, 2, "nothing is sent twice");
}

/// The same store calls against a bucket; its keys are nowhere to be read.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_an_archive() {
    let bucket = Bucket::default();
    let address = bucket.serve().await;
    let mut stage = Stage::new(2);
    let url = format!("s3://vault/deep/place?endpoint=http://{address}&region=here");
    let environment = [
        ("MIRROR_ARCHIVE_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKCANARY"),
        ("AWS_SECRET_ACCESS_KEY", "secret-canary"),
        ("MIRROR_TELEMETRY_LEVEL", "trace"),
    ];
    stage.environment.extend(environment.map(|(name, value)| (name.to_owned(), value.to_owned())));
    stage.link_all().await;
    let sealed = stage.json(&["archive", "seal"]).await;
    assert!(sealed[0]["segments"] == 1, "{sealed}");
    assert_eq!(stage.json(&["archive", "seal"]).await[0]["segments"], 0);
    let status = stage.json(&["archive", "status"]).await;
    assert_eq!(status["archive"], "s3://vault/deep/place");
    stage.done(&["archive", "verify"]).await;
    assert!(bucket.keys().iter().all(|key| key.starts_with("deep/place/")), "{:?}", bucket.keys());
    assert_eq!(bucket.keys().len(), 3, "{:?}", bucket.keys());

    std::fs::rename(stage.data(), stage.beside("lost")).unwrap();
    stage.done(&["archive", "restore"]).await;
    let mirrors = stage.json(&["mirrors"]).await;
    assert_eq!(mirrors["mirrors"][0]["name"], MIRROR);

    // Nobody answers there: words, and no keys.
    let nobody = url.replace(&address.port().to_string(), "1");
    stage.environment.push(("MIRROR_ARCHIVE_URL".to_owned(), nobody));
    let said = stage.ask(&["archive", "status"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("does not answer"), "{}", said.err);
    let heard = stage.heard.lock().unwrap();
    assert!(heard.contains("DEBUG") || heard.contains("TRACE"), "everything was asked to be said");
    assert!(!heard.contains("secret-canary"), "a secret is in what was printed");
}
