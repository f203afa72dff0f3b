//! The log in memory passes the suite of all logs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use async_trait::async_trait;
use events::log::conformance::{self, Subject};
use events::log::memory::MemoryLog;
use events::{NodeId, Offset, Partition};

struct Memory {
    page_events_max: usize,
}

fn node() -> NodeId {
    "a".parse().unwrap()
}

#[async_trait]
impl Subject for Memory {
    type Log = MemoryLog;

    async fn fresh(&self) -> MemoryLog {
        MemoryLog::new(node()).with_page_events_max(self.page_events_max)
    }

    async fn reopen(&self, log: MemoryLog) -> Option<MemoryLog> {
        Some(log.as_node(node()))
    }

    async fn trim(&self, log: &MemoryLog, partition: Partition, floor: Offset) -> bool {
        log.trim(partition, floor);
        true
    }
}

#[tokio::test]
async fn conforms() {
    for page_events_max in [1, 3, usize::MAX] {
        conformance::run(&Memory { page_events_max }).await;
    }
}
