//! Three brokers. The one that leads a stream is killed, stopped, or told to let another lead, again and again, under
//! load: the log goes on by itself, and everybody reads the same, once, in order.

use crate::crash::check;
use crate::node::{Node, P0, by, everything, numbers, settings};
use crate::stream::{LONG, all, events, in_the_end, mirror};
use events::log::{AppendError, Durable, Log, Read, ReadError};
use events::{MirrorId, Offset, Partition, codec};
use mirror::rabbit::RabbitLog;
use mirror::rabbit::connect::Broker;
use mirror::rabbit::read::{Readers, stream_name};
use servers::RabbitCluster;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

const P1: Partition = Partition(1);
/// Events of one append, all of one mirror.
const BATCH: u64 = 10;
/// Mirrors take turns.
const MIRRORS: u64 = 3;

/// A broker that is killed right after the very first stream was declared forgets that it has a part in electing leaders,
/// and two of three are left for good. Nothing tells when it has written that down: RabbitMQ does so every half second.
const FIRST: Duration = Duration::from_secs(3);

/// What a leader suffers.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// `kill -9`, and a restart.
    Killed,
    /// A clean stop, and a restart.
    Stopped,
    /// It lives, and another leads.
    Moved,
}

/// Somebody at work until told to stop, who says how far he is.
struct Work<T, R> {
    at: watch::Receiver<T>,
    task: JoinHandle<R>,
}

impl<R> Work<u64, R> {
    /// Until he is there.
    async fn has(&mut self, messages: u64) {
        timeout(LONG, self.at.wait_for(|seen| *seen >= messages)).await.expect("it is read").unwrap();
    }
}

/// Appends, and waits for the stream each time. Says the number of messages that are acknowledged, and when the last append
/// began that was.
fn load(log: RabbitLog, partition: Partition, stop: CancellationToken) -> Work<(u64, Instant), u64> {
    let (say, at) = watch::channel((0, Instant::now()));
    let task = tokio::spawn(async move {
        let mut next = 0;
        while !stop.is_cancelled() {
            let (began, of) = (Instant::now(), u128::from(next / BATCH % MIRRORS));
            let batch = events(of, next..next + BATCH);
            next += BATCH;
            match log.append(partition, batch, Durable::Everywhere).await {
                Ok(()) => drop(say.send_replace((next, began))),
                // It is in the outbox all the same.
                Err(AppendError::Retry(_)) => {}
                Err(other) => panic!("{other}"),
            }
            // As fast as a busy chat, not as fast as the disk.
            sleep(Duration::from_millis(5)).await;
        }
        next
    });
    Work { at, task }
}

/// Reads page by page behind the load, as a follower does; what it read. Says how many messages it has.
fn follow(log: RabbitLog, mirror: Option<MirrorId>, stop: CancellationToken) -> Work<u64, Vec<(u64, u64)>> {
    let (say, at) = watch::channel(0);
    let task = tokio::spawn(async move {
        let mut news = log.appended(P0);
        let (mut found, mut from) = (Vec::new(), Offset(0));
        loop {
            let is_last = stop.is_cancelled();
            news.mark_unchanged();
            match log.read(Read { partition: P0, from, limit: 64, mirror }).await {
                Ok(page) if page.entries.is_empty() && is_last => return found,
                Ok(page) if page.entries.is_empty() => {
                    tokio::select! {
                        news = timeout(LONG, news.changed()) => news.expect("news come back").unwrap(),
                        () = stop.cancelled() => {}
                    }
                    from = page.next;
                }
                Ok(page) => {
                    assert!(page.next > from, "it never goes back");
                    from = page.next;
                    found.extend(page.entries.iter().map(|entry| {
                        (entry.offset.0, codec::decode(&entry.record).unwrap().place.message.0)
                    }));
                    say.send_replace(found.last().map_or(0, |(_, message)| message + 1));
                }
                Err(ReadError::Retry(_)) => sleep(Duration::from_millis(20)).await,
                Err(other) => panic!("after {} messages: {other}", found.len()),
            }
        }
    });
    Work { at, task }
}

/// The end of the stream never goes back: a lane that begins reads up to it first.
fn watch_end(log: RabbitLog, stop: CancellationToken) -> JoinHandle<Offset> {
    tokio::spawn(async move {
        let mut end = Offset(0);
        while !stop.is_cancelled() {
            match log.tail(P0).await {
                Ok(tail) => {
                    assert!(tail >= end, "the end went back from {end} to {tail}");
                    end = tail;
                    // Often, and not all the time.
                    sleep(Duration::from_millis(5)).await;
                }
                Err(ReadError::Retry(_)) => sleep(Duration::from_millis(10)).await,
                Err(other) => panic!("{other}"),
            }
        }
        end
    })
}

/// Three brokers.
struct Three {
    cluster: RabbitCluster,
    broker: Broker,
    url: String,
}

impl Three {
    async fn start(folder: &Path) -> Self {
        let cluster = RabbitCluster::start(folder, 3).await.unwrap();
        let url = cluster.stream_url();
        let broker = Broker::new(url.parse().unwrap(), "mirror test").unwrap();
        in_the_end(async || broker.declare("the-very-first", &[]).await).await;
        sleep(FIRST).await;
        Self { cluster, broker, url }
    }

    /// Which leads, by the stream protocol.
    async fn leader(&self, stream: &str) -> usize {
        let connection = in_the_end(async || self.broker.leader(stream).await).await;
        let (_, port) = connection.advertised().unwrap();
        let at = self.cluster.at_port(port).expect("one of ours");
        connection.close().await;
        at
    }

    /// How many have the stream, as the management API says.
    async fn replicas(&mut self, stream: &str) -> usize {
        let path = format!("/api/queues/%2F/{stream}?columns=members");
        let answer = self.cluster.broker(0).ask(&path).await.unwrap();
        answer.matches("@localhost").count()
    }

    /// Does it to the leader; which that was.
    async fn suffer(&mut self, fate: Fate, stream: &str) -> usize {
        let led = self.leader(stream).await;
        match fate {
            Fate::Killed => self.cluster.broker(led).kill().await.unwrap(),
            Fate::Stopped => self.cluster.broker(led).terminate().await.unwrap(),
            Fate::Moved => self.cluster.move_leader(stream, (led + 1) % 3).await.unwrap(),
        }
        led
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_brokers() {
    if !servers::with_servers() {
        return;
    }
    let (folder, start) = (tempfile::tempdir().unwrap(), Instant::now());
    let mut three = Three::start(folder.path()).await;
    println!("three brokers after {:.1?}", start.elapsed());
    the_log_goes_on_whoever_leads(&mut three).await;
    println!("leaders have moved after {:.1?}", start.elapsed());
    what_one_broker_alone_has_is_not_acknowledged(&mut three).await;
    println!("all of it took {:.1?}", start.elapsed());
}

async fn the_log_goes_on_whoever_leads(three: &mut Three) {
    let settings = settings(&three.url);
    let node = Node::start(&settings).await;
    let streams = [P0, P1].map(|at| stream_name(&settings.prefix, at));
    assert_eq!(three.replicas(&streams[0]).await, 3, "one on each broker");
    assert_ne!(three.leader(&streams[0]).await, three.leader(&streams[1]).await, "each leads a share");

    let (stop, done) = (CancellationToken::new(), CancellationToken::new());
    let loads = [P0, P1].map(|at| load(node.log.clone(), at, stop.clone()));
    let of = [None, Some(mirror(1))];
    let mut followers = of.map(|mirror| follow(node.log.clone(), mirror, done.clone()));
    let end = watch_end(node.log.clone(), done.clone());
    followers[0].has(1000).await;
    for fate in [Fate::Killed, Fate::Moved, Fate::Stopped, Fate::Killed] {
        survive(three, (fate, &streams[0]), &node, &loads[0], &mut followers).await;
    }
    stop.cancel();
    for (at, load) in [P0, P1].into_iter().zip(loads) {
        once_and_in_order(&node, at, load.task.await.unwrap()).await;
    }
    done.cancel();
    let readers = Readers::new(three.broker.clone(), &settings.prefix);
    for (mirror, follower) in of.into_iter().zip(followers) {
        let found = follower.task.await.unwrap();
        assert_eq!(found, all(&readers, Offset(0), 500, mirror).await, "as one reads who comes later");
    }
    assert!(end.await.unwrap() > Offset(0));
    node.stop().await;
}

/// It comes over the leader of a stream, and the log goes on.
async fn survive(
    three: &mut Three,
    (fate, stream): (Fate, &str),
    node: &Node,
    load: &Work<(u64, Instant), u64>,
    followers: &mut [Work<u64, Vec<(u64, u64)>>; 2],
) {
    let moment = Instant::now();
    let led = three.suffer(fate, stream).await;
    let suffered = Instant::now();
    let mut acknowledged = load.at.clone();
    let acknowledged = timeout(LONG, acknowledged.wait_for(|(_, began)| *began > suffered)).await;
    let (messages, _) =
        *acknowledged.unwrap_or_else(|_| panic!("{fate:?}: {:?}", node.log.status())).unwrap();
    let written = moment.elapsed();
    for (follower, behind) in followers.iter_mut().zip([0, MIRRORS * BATCH]) {
        follower.has(messages.saturating_sub(behind)).await;
    }
    let (read, leads) = (moment.elapsed(), three.leader(stream).await);
    println!(
        "{fate:?} in {:.2?}: broker {led} -> {leads}; written after {written:.2?}, read after {read:.2?}; {messages} \
         acknowledged",
        suffered - moment
    );
    // An election among all may end as before.
    if !matches!(fate, Fate::Moved) {
        assert_ne!(led, leads, "{fate:?}");
        three.cluster.broker(led).restart().await.unwrap();
    }
}

/// All that was appended, whatever was said of it then.
async fn once_and_in_order(node: &Node, at: Partition, appended: u64) {
    node.settle(at).await;
    let found = everything(&node.log, at).await;
    check(&found, 0..appended);
    assert!(found.is_sorted_by_key(|event| event.place.message), "in the order of the appends");
}

/// A leader without replicas cannot confirm, though it counts the numbers: what it took would be lost with it.
async fn what_one_broker_alone_has_is_not_acknowledged(three: &mut Three) {
    let settings = settings(&three.url);
    Node::start(&settings).await.stop().await;
    let led = three.leader(&stream_name(&settings.prefix, P0)).await;
    let url = three.cluster.broker(led).stream_url();
    let node = Node::start(&by(&url, &settings)).await;
    node.append(events(1, 1..6), Durable::Everywhere).await;
    let others = [(led + 1) % 3, (led + 2) % 3];
    for other in others {
        three.cluster.broker(other).kill().await.unwrap();
    }
    node.append(events(1, 6..11), Durable::Here).await;
    let refused = node.log.append(P0, Vec::new(), Durable::Everywhere).await;
    assert!(matches!(refused, Err(AppendError::Retry(_))), "nobody else has it: {refused:?}");
    assert_eq!(node.log.status().waiting, 5, "{:?}", node.log.status());
    for other in others {
        three.cluster.broker(other).restart().await.unwrap();
    }
    node.settle(P0).await;
    assert_eq!(numbers(&node.log).await, (1..11).map(|number| (number, number)).collect::<Vec<_>>());
    node.stop().await;
}
