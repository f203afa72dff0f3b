//! What the broker does, and the writer counts on or steps round. Numbers are those of the facts about engines.

use crate::node::{name, settings};
use crate::stream::{LONG, Stream, in_the_end};
use events::Partition;
use mirror::rabbit::RabbitLog;
use mirror::rabbit::connect::frame::Frame;
use mirror::rabbit::connect::publish::Message;
use mirror::rabbit::connect::{Broker, Connection, Failure};
use mirror::sqlite::DataDir;
use tokio::time::timeout;

fn given() -> Option<String> {
    servers::given().unwrap_or_else(|words| panic!("{words}")).map(|given| given.rabbitmq)
}

async fn publisher(stream: &Stream, name: &str) -> Connection {
    let mut connection = stream.broker.leader(&stream.name()).await.unwrap();
    connection.declare_publisher(1, name, &stream.name()).await.unwrap();
    connection
}

/// Publishes each number in a frame of its own, and waits for its confirmation.
async fn confirmed(connection: &mut Connection, numbers: &[u64]) {
    for id in numbers {
        let record = [1, *id as u8];
        connection.publish(1, &[Message { id: *id, filter: "f", record: &record }]).await.unwrap();
        match timeout(LONG, connection.next()).await.unwrap().unwrap() {
            Frame::Confirmed { ids, .. } => assert_eq!(ids, [*id]),
            other => panic!("number {id}: {other:?}"),
        }
    }
}

/// How many messages the stream holds.
async fn stored(stream: &Stream) -> u64 {
    stream.readers.tail(Partition(0)).await.unwrap().0
}

/// Trap 10. Why numbers are sent in ascending order, begin with 1, and why a name that is known to have more than was
/// given is never used again.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_not_greater_is_confirmed_and_not_stored() {
    let Some(url) = given() else { return };
    let stream = Stream::new(&url, &[]).await;
    let mut connection = publisher(&stream, "n").await;
    confirmed(&mut connection, &[5, 3, 5, 4]).await;
    assert_eq!(stored(&stream).await, 1);
    confirmed(&mut connection, &[9, 6]).await;
    assert_eq!(stored(&stream).await, 2, "holes are no matter");
    let mut other = publisher(&stream, "another").await;
    confirmed(&mut other, &[1]).await;
    assert_eq!(stored(&stream).await, 3, "another name has numbers of its own");
}

/// Trap 10. Why a stream is asked only where it is known to be: 0 does not say "nothing".
#[tokio::test(flavor = "multi_thread")]
async fn the_last_number_is_0_for_whatever_is_not_known() {
    let Some(url) = given() else { return };
    let stream = Stream::new(&url, &[]).await;
    let mut connection = publisher(&stream, "n").await;
    let name = stream.name();
    assert_eq!(connection.publisher_sequence("n", &name).await.unwrap(), 0);
    confirmed(&mut connection, &[7]).await;
    assert_eq!(connection.publisher_sequence("n", &name).await.unwrap(), 7);
    assert_eq!(connection.publisher_sequence("never", &name).await.unwrap(), 0);
    assert_eq!(connection.publisher_sequence("n", "no-such-stream").await.unwrap_or(0), 0);
}

/// Traps 4 and 6. A deleted stream is heard of at once, and is never made anew by the one who writes: it is asked for
/// again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_stream_is_heard_of() {
    let Some(url) = given() else { return };
    let stream = Stream::new(&url, &[]).await;
    let mut connection = publisher(&stream, "n").await;
    confirmed(&mut connection, &[1]).await;
    stream.broker.delete(&stream.name()).await.unwrap();
    match timeout(LONG, connection.next()).await.unwrap().unwrap() {
        Frame::Moved { stream: moved } => assert_eq!(moved, stream.name()),
        other => panic!("{other:?}"),
    }
    match stream.broker.leader(&stream.name()).await {
        Err(Failure::Retry(words)) => assert!(words.contains("does not exist"), "{words}"),
        other => panic!("{other:?}"),
    }
}

/// Traps 5 and 9. What is published where there is no publisher is refused, each number by name.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_stored_is_refused() {
    let Some(url) = given() else { return };
    let stream = Stream::new(&url, &[]).await;
    let mut connection = stream.broker.leader(&stream.name()).await.unwrap();
    let messages = [1, 2].map(|id| Message { id, filter: "f", record: b"\x01" });
    connection.publish(1, &messages).await.unwrap();
    match timeout(LONG, connection.next()).await.unwrap().unwrap() {
        Frame::Refused { ids, .. } => assert_eq!(ids.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2]),
        other => panic!("{other:?}"),
    }
    assert_eq!(stored(&stream).await, 0);
}

/// Trap 13, and how often it may be said: a stream that is there is left as it is, whatever its arguments.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_declared_again_and_again() {
    let Some(url) = given() else { return };
    let stream = Stream::new(&url, &[("max-length-bytes", "1000000".to_owned())]).await;
    confirmed(&mut publisher(&stream, "n").await, &[1]).await;
    for arguments in [&[("max-length-bytes", "1000000".to_owned())][..], &[]] {
        in_the_end(async || stream.broker.declare(&stream.name(), arguments).await).await;
    }
    assert_eq!(stored(&stream).await, 1);
}

/// A wrong password stops the start, in words without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_stops_the_start() {
    let Some(url) = given() else { return };
    let url = url.replace(servers::PASSWORD, "wrong-secret");
    let folder = tempfile::tempdir().unwrap();
    let directory = DataDir::open_as(folder.path(), Some(name())).unwrap();
    let settings = settings(&url);
    assert!(!format!("{settings:?}").contains("wrong-secret"));
    match RabbitLog::open(settings, directory.outbox().unwrap(), name()).await {
        Err(Failure::Stopped(words)) => {
            assert!(
                words.contains("user or password is wrong") && !words.contains("wrong-secret"),
                "{words}"
            );
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was let in"),
    }
    assert!(Broker::new(url.parse().unwrap(), "n").unwrap().open().await.is_err());
}
