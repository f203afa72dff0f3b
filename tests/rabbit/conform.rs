//! The suite that every log passes.

use async_trait::async_trait;
use events::log::conformance::{PARTITIONS, Subject, run};
use events::{NodeId, Offset, Partition};
use mirror::rabbit::{RabbitLog, Settings};
use mirror::sqlite::DataDir;
use std::sync::Mutex;
use tempfile::TempDir;

struct Engine {
    url: String,
    kept: Mutex<Vec<(String, TempDir, DataDir, RabbitLog)>>,
}

async fn open(url: &str, prefix: &str, directory: &DataDir, node: NodeId) -> RabbitLog {
    let settings = Settings {
        prefix: prefix.to_owned(),
        partitions: PARTITIONS,
        ..Settings::new(url.parse().expect("an address"))
    };
    RabbitLog::open(settings, directory.outbox().expect("an outbox"), node).await.expect("a log")
}

#[async_trait]
impl Subject for Engine {
    type Log = RabbitLog;

    async fn fresh(&self) -> RabbitLog {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::open_as(folder.path(), Some("main".parse().unwrap())).unwrap();
        let prefix = format!("t{}", &uuid::Uuid::new_v4().simple().to_string()[..10]);
        let log = open(&self.url, &prefix, &directory, "main".parse().unwrap()).await;
        self.kept.lock().unwrap().push((prefix, folder, directory, log.clone()));
        log
    }

    async fn reopen(&self, log: RabbitLog) -> Option<RabbitLog> {
        log.close().await.unwrap();
        let (prefix, folder, directory, kept) = self.kept.lock().unwrap().pop().unwrap();
        drop((log, kept));
        directory.close().await.unwrap();
        let directory = DataDir::open_as(folder.path(), Some("main".parse().unwrap())).unwrap();
        let log = open(&self.url, &prefix, &directory, "main".parse().unwrap()).await;
        self.kept.lock().unwrap().push((prefix, folder, directory, log.clone()));
        Some(log)
    }

    async fn trim(&self, _: &RabbitLog, _: Partition, _: Offset) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_conforms() {
    let Some(given) = servers::given().unwrap_or_else(|words| panic!("{words}")) else { return };
    let engine = Engine { url: given.rabbitmq, kept: Mutex::default() };
    run(&engine).await;
    let kept = std::mem::take(&mut *engine.kept.lock().unwrap());
    for (_, _folder, directory, log) in kept {
        log.close().await.unwrap();
        drop(log);
        directory.close().await.unwrap();
    }
}
