//! The socket: what a client is answered, and when it says that nobody is there.

use super::*;
use crate::clock::Wall;
use crate::commands::{Command, Deaf, Desk};
use events::log::memory::MemoryLog;
use projections::lanes::memory::MemoryLanes;
use projections::views::memory::MemoryViews;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tools::Ports;
use tools::follow::Stepper;

fn desk() -> Desk {
    let ports = Ports {
        log: Arc::new(MemoryLog::new("main".parse().unwrap())),
        views: Arc::new(MemoryViews::new()),
        lanes: Arc::new(MemoryLanes::new()),
        node: "main".parse().unwrap(),
        partitions: 1,
    };
    let follow = Arc::new(Stepper::new(ports.clone()));
    Desk {
        is_shared: false,
        archive: None,
        ports,
        leases: Arc::new(projections::leases::memory::MemoryLeases::new()),
        clock: Arc::new(Wall),
        ids: Arc::new(uuid::Uuid::new_v4),
        follow,
        live: None,
    }
}

/// Serves in a directory whose name is too long for a socket address.
async fn serving(story: impl AsyncFnOnce(PathBuf)) {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("long".repeat(30));
    std::fs::create_dir(&dir).unwrap();
    // A killed node's file is in the way.
    std::fs::write(dir.join(SOCKET_FILE), "").unwrap();
    let stop = CancellationToken::new();
    let admin = Admin::bind(&dir).unwrap();
    let server = {
        let stop = stop.clone();
        tokio::spawn(async move { admin.serve(desk(), stop, Duration::ZERO).await })
    };
    story(dir.clone()).await;
    stop.cancel();
    server.await.unwrap();
    assert!(!dir.join(SOCKET_FILE).exists(), "the file goes with the node");
    assert!(ask(&dir, &Command::Status, &Deaf).await.is_none());
}

#[tokio::test]
async fn a_command_is_answered() {
    serving(async |dir| {
        let link = serde_json::json!({"link": {"mirror": "lounge", "channel": "42", "guild": "41",
            "publish_only": false, "receive_only": false, "backfill": false, "dry_run": false}});
        let link: Command = serde_json::from_value(link).unwrap();
        let linked = ask(&dir, &link, &Deaf).await.unwrap().unwrap();
        assert!(matches!(linked, Answer::Changed(changed) if changed.changed));
        let mirrors = ask(&dir, &Command::Mirrors, &Deaf).await.unwrap().unwrap();
        assert!(matches!(mirrors, Answer::Mirrors(all) if all.mirrors[0].name == "lounge"));
        let verified = ask(&dir, &Command::Verify(Default::default()), &Deaf).await.unwrap().unwrap();
        assert!(verified.is_fine());
        let mode = std::fs::metadata(dir.join(SOCKET_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_command_is_refused_in_words() {
    serving(async |dir| {
        let check = async |request: String, wanted: &str| {
            let way = Way::to(&dir, SOCKET_FILE).unwrap();
            let mut stream = UnixStream::connect(&way.path).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok();
            assert!(answer.contains(wanted), "{request:.40} -> {answer}");
        };
        let post = |body: &str| {
            format!("POST /command HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        };
        check(post("{\"statsu\": {}}"), "no command: unknown variant `statsu`").await;
        check(post("{"), "400 Bad Request").await;
        check(post(&" ".repeat(COMMAND_BYTES_MAX + 1)), "413 Payload Too Large").await;
        check("GET /command HTTP/1.1\r\nhost: x\r\n\r\n".into(), "405 Method Not Allowed").await;
        check("GET / HTTP/1.1\r\nhost: x\r\n\r\n".into(), "there is only /command").await;
        check(post("\"status\""), "{\"answer\":{\"status\":").await;
    })
    .await;
}

/// A node that begins takes over from the one that waited: what was asked of that one is answered.
#[tokio::test]
async fn what_is_under_way_at_the_stop_may_end() {
    let dir = tempfile::tempdir().unwrap();
    let admin = Admin::bind(dir.path()).unwrap();
    let stop = CancellationToken::new();
    let first = {
        let stop = stop.clone();
        async { admin.serve(desk(), stop, Duration::from_secs(60)).await }
    };
    let asks = async {
        let mut stream = UnixStream::connect(dir.path().join(SOCKET_FILE)).await.unwrap();
        stream.write_all(b"POST /command HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\n").await.unwrap();
        // Another that is answered says that this one was accepted before.
        ask(dir.path(), &Command::Status, &Deaf).await.unwrap().unwrap();
        stop.cancel();
        // A second later, which takes no time.
        tokio::time::pause();
        tokio::time::sleep(Duration::from_secs(1)).await;
        tokio::time::resume();
        stream.write_all(b"\"status\"").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let ((), answer) = tokio::join!(first, asks);
    assert!(answer.contains("{\"answer\":{\"status\":"), "{answer}");
}

#[tokio::test]
async fn as_many_commands_as_may_be_hold_up_no_stop() {
    serving(async |dir| {
        let way = Way::to(&dir, SOCKET_FILE).unwrap();
        for _ in 0..COMMANDS_MAX {
            let mut stream = UnixStream::connect(&way.path).await.unwrap();
            // Its body never comes.
            stream
                .write_all(b"POST /command HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\n")
                .await
                .unwrap();
            std::mem::forget(stream);
        }
        let one_more = ask(&dir, &Command::Status, &Deaf);
        assert!(timeout(Duration::from_millis(200), one_more).await.is_err(), "there is room for one more");
    })
    .await;
}

#[tokio::test]
async fn nobody_is_there_where_no_node_runs() {
    let dir = tempfile::tempdir().unwrap();
    assert!(ask(dir.path(), &Command::Status, &Deaf).await.is_none());
    // The socket of a killed node: bound once, nobody listens.
    drop(std::os::unix::net::UnixListener::bind(dir.path().join(SOCKET_FILE)).unwrap());
    assert!(ask(dir.path(), &Command::Status, &Deaf).await.is_none());
}
