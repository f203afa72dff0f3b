//! A stage for one node of a cluster.

use crate::stage::Stage;
use servers::{Rabbit, RabbitOptions, given};
use tempfile::TempDir;
use uuid::Uuid;

/// A stage of two linked channels whose node works on the given CQL server, and on a broker of its own.
pub(crate) struct Cluster {
    pub(crate) stage: Stage,
    pub(crate) rabbit: Rabbit,
    /// The cluster's name, and the keyspace.
    pub(crate) name: String,
    pub(crate) dir: TempDir,
}

impl Cluster {
    /// `None`: there are no servers.
    pub(crate) async fn start() -> Option<Self> {
        let given = given().unwrap()?;
        let dir = tempfile::tempdir().unwrap();
        let rabbit = Rabbit::start(RabbitOptions::at(dir.path())).await.unwrap();
        let name = format!("node_{:08x}", Uuid::new_v4().as_fields().0);
        let mut stage = Stage::new(2);
        stage.watched();
        let settings = [
            ("MIRROR_LOG", rabbit.stream_url()),
            ("MIRROR_HINTS", rabbit.amqp_url()),
            ("MIRROR_VIEWS", format!("{}/{name}", given.cql.trim_end_matches('/'))),
            ("MIRROR_CLUSTER_NAME", name.clone()),
            ("MIRROR_CLUSTER_PARTITIONS", "1".to_owned()),
            ("MIRROR_CLUSTER_OUTBOX_MB", "1".to_owned()),
        ];
        stage.environment.extend(settings.map(|(key, value)| (key.to_owned(), value)));
        stage.done(&["schema", "apply", "--replication", "SimpleStrategy:1"]).await;
        stage.link_all().await;
        Some(Self { stage, rabbit, name, dir })
    }
}
