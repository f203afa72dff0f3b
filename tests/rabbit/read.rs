//! Reading: pages, filters, ends, floors, news, and what becomes of them when the broker goes.

use crate::hush::Hush;
use crate::stream::{LONG, P0, Publisher, Stream, all, event, events, in_the_end, mirror};
use events::log::{Read, ReadError};
use events::{MirrorId, Offset};
use mirror::rabbit::connect::Broker;
use mirror::rabbit::read::Readers;
use servers::{Proxy, Rabbit, RabbitOptions, given, with_servers};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::time::timeout;

fn read(from: u64, limit: usize) -> Read {
    Read { partition: P0, from: Offset(from), limit, mirror: None }
}

fn numbered(range: std::ops::Range<u64>) -> Vec<(u64, u64)> {
    range.map(|number| (number, number)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_stream_ends_where_it_begins() {
    let Some(given) = given().unwrap() else { return };
    let stream = Stream::new(&given.rabbitmq, &[]).await;
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(stream.readers.tail(P0).await.unwrap(), Offset(0));
        assert_eq!(stream.readers.floor(P0).await.unwrap(), Offset(0));
        let page = stream.readers.read(read(0, 10)).await.unwrap();
        assert_eq!((page.entries.len(), page.next), (0, Offset(0)));
        let of_one = stream.readers.read(Read { mirror: Some(mirror(1)), ..read(0, 10) }).await.unwrap();
        assert_eq!((of_one.entries.len(), of_one.next), (0, Offset(0)));
        assert!(start.elapsed() < Duration::from_secs(5), "nothing is waited for");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_whatever_the_limit() {
    let Some(given) = given().unwrap() else { return };
    let stream = Stream::new(&given.rabbitmq, &[]).await;
    let mut publisher = stream.publisher().await;
    for start in (0..200).step_by(8) {
        publisher.publish(&events(1, start..start + 8)).await;
    }
    for limit in [1, 3, 8, 9, 50, 200, 5000] {
        assert_eq!(all(&stream.readers, Offset(0), limit, None).await, numbered(0..200), "limit {limit}");
    }
    for from in [0, 1, 7, 8, 9, 100, 199, 200] {
        assert_eq!(all(&stream.readers, Offset(from), 64, None).await, numbered(from..200), "from {from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_is_read_and_the_end_is_behind_it() {
    let Some(given) = given().unwrap() else { return };
    let stream = Stream::new(&given.rabbitmq, &[]).await;
    let mut publisher = stream.publisher().await;
    let (mut at, mut of_one) = (0, 0);
    for round in 0..200 {
        let count = round % 5 + 1;
        // Each third batch is of another mirror.
        let of = if round % 3 == 0 { 2 } else { 1 };
        publisher.publish(&events(of, at..at + count)).await;
        assert_eq!(until_empty(&stream, &mut at, None).await, count, "round {round}: it is there at once");
        assert_eq!(stream.readers.tail(P0).await.unwrap(), Offset(at), "round {round}");
        let expected = if of == 1 { count } else { 0 };
        assert_eq!(until_empty(&stream, &mut of_one, Some(mirror(1))).await, expected, "round {round}");
        assert_eq!(of_one, at, "round {round}: over what is of others");
    }
}

/// Reads on until an empty page; the number of events.
async fn until_empty(stream: &Stream, at: &mut u64, mirror: Option<MirrorId>) -> u64 {
    let mut count = 0;
    loop {
        let page = stream.readers.read(Read { mirror, ..read(*at, 100) }).await.unwrap();
        *at = page.next.0;
        if page.entries.is_empty() {
            return count;
        }
        count += page.entries.len() as u64;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_mirror_is_read_alone() {
    let Some(given) = given().unwrap() else { return };
    let stream = Stream::new(&given.rabbitmq, &[]).await;
    let mut publisher = stream.publisher().await;
    let mut expected = vec![];
    for round in 0..60_u64 {
        let of = if round % 20 == 7 { 1 } else { 100 + u128::from(round % 9) };
        publisher.publish(&events(of, round * 10..round * 10 + 10)).await;
        if of == 1 {
            expected.extend(numbered(round * 10..round * 10 + 10));
        }
    }
    // A chunk that holds both.
    publisher.publish(&[event(100, 600, 9), event(1, 601, 9), event(100, 602, 9)]).await;
    expected.push((601, 601));
    for limit in [1, 4, 10, 1000] {
        assert_eq!(all(&stream.readers, Offset(0), limit, Some(mirror(1))).await, expected, "limit {limit}");
    }
    let page = stream.readers.read(Read { mirror: Some(mirror(77)), ..read(0, 10) }).await.unwrap();
    assert_eq!((page.entries.len(), page.next), (0, Offset(603)), "none of them: over all of it at once");
}

/// The end is behind the last chunk, be nothing in it of this mirror: whatever was found before, whatever was asked for,
/// and from a place in its midst as well.
#[tokio::test(flavor = "multi_thread")]
async fn one_mirror_is_read_to_the_end_of_the_others() {
    let Some(given) = given().unwrap() else { return };
    for found in [0, 1, 20] {
        let stream = Stream::new(&given.rabbitmq, &[]).await;
        let mut publisher = stream.publisher().await;
        publisher.publish(&events(1, 0..found)).await;
        publisher.publish(&events(2, found..found + 10)).await;
        let end = found + 10;
        for from in [0, found, found + 1, found + 5, end] {
            for limit in [1, 20, 1000] {
                let (mut at, mut pages, mut count) = (Offset(from), 0, 0);
                while at.0 < end && pages <= found + 2 {
                    let asked = Read { mirror: Some(mirror(1)), from: at, ..read(0, limit) };
                    let page = stream.readers.read(asked).await.unwrap();
                    count += page.entries.len() as u64;
                    (at, pages) = (page.next, pages + 1);
                }
                let wanted = (Offset(end), found.saturating_sub(from));
                assert_eq!((at, count), wanted, "{found} before, from {from}, {limit} a page: {pages} pages");
            }
        }
    }
}

/// With half of its credit used a broker rests, whatever lies behind: that is no end, and nothing there is passed over.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_rests_is_not_at_its_end() {
    let Some(given) = given().unwrap() else { return };
    let stream = Stream::new(&given.rabbitmq, &[]).await;
    let mut publisher = stream.publisher().await;
    let of = |number: u64| if number % 5 == 3 { 2 } else { 1 };
    // A chunk each: several times the credit of a subscription.
    for number in 0..120 {
        publisher.publish(&events(of(number), number..number + 1)).await;
    }
    let of_one: Vec<_> = numbered(0..120).into_iter().filter(|(number, _)| of(*number) == 1).collect();
    for limit in (1..=18).chain([1000]) {
        for from in [0, 7, 60] {
            let rest = |all: &[(u64, u64)]| {
                all.iter().copied().filter(|(offset, _)| *offset >= from).collect::<Vec<_>>()
            };
            let whole = all(&stream.readers, Offset(from), limit, None).await;
            assert_eq!(whole, rest(&numbered(0..120)), "all from {from} on, {limit} a page");
            let alone = all(&stream.readers, Offset(from), limit, Some(mirror(1))).await;
            assert_eq!(alone, rest(&of_one), "one mirror from {from} on, {limit} a page");
        }
    }
}

/// Retention goes on by itself for a little.
async fn settled_floor(stream: &Stream) -> Offset {
    let mut floor = Offset(0);
    loop {
        let now = stream.readers.floor(P0).await.unwrap();
        if now > Offset(0) && now == floor {
            return floor;
        }
        floor = now;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn below_the_floor_is_an_error_that_names_it() {
    let Some(given) = given().unwrap() else { return };
    let bytes = |name, bytes: u64| (name, bytes.to_string());
    let small = [bytes("max-length-bytes", 200_000), bytes("stream-max-segment-size-bytes", 50_000)];
    let stream = Stream::new(&given.rabbitmq, &small).await;
    let mut publisher = stream.publisher().await;
    publisher.publish(&events(1, 0..10)).await;
    // It reads on later, from where retention has passed.
    let page = stream.readers.read(read(0, 4)).await.unwrap();
    let of_one = Read { mirror: Some(mirror(1)), ..read(0, 4) };
    let first_of_one = stream.readers.read(of_one).await.unwrap();
    assert_eq!((page.next, first_of_one.next), (Offset(4), Offset(4)));
    let large = |number| event(2, number, 5_000);
    for start in (10..310).step_by(10) {
        publisher.publish(&(start..start + 10).map(large).collect::<Vec<_>>()).await;
    }
    let floor = settled_floor(&stream).await;
    assert!(floor > Offset(10), "retention has passed: {floor}");
    for mirror in [None, Some(mirror(1)), Some(mirror(2))] {
        for from in [0, 5, floor.0 - 1] {
            match stream.readers.read(Read { mirror, ..read(from, 5) }).await {
                Err(ReadError::Trimmed { floor: named }) => assert_eq!(named, floor),
                other => panic!("expected Trimmed from {from} of {mirror:?}, got {other:?}"),
            }
        }
    }
    let kept = all(&stream.readers, floor, 7, None).await;
    let messages: Vec<u64> = kept.iter().map(|(_, message)| *message).collect();
    assert_eq!(messages, (messages[0]..310).collect::<Vec<_>>(), "all that is kept, and none twice");
    // A segment begins with what the broker notes there, which takes an offset: there are holes.
    let holes = kept.windows(2).filter(|pair| pair[1].0 > pair[0].0 + 1).count();
    assert!(holes > 0 && kept[0].0 >= floor.0, "{holes} holes behind {floor}");
    // The last thing in the stream may be such a note. The end is behind it, and the next event not before the end.
    let tail = stream.readers.tail(P0).await.unwrap();
    assert!(tail > Offset(kept.last().unwrap().0), "{tail}");
    // Nobody is delivered that note; who asks for news hears where the end is all the same.
    let mut heard = stream.readers.appended(P0);
    timeout(LONG, heard.wait_for(|told| *told == tail)).await.unwrap().unwrap();
    publisher.publish(&[event(2, 310, 1)]).await;
    let news = all(&stream.readers, tail, 7, None).await;
    assert!(matches!(news[..], [(offset, 310)] if offset >= tail.0), "{news:?} from {tail}");
    assert_eq!(all(&stream.readers, floor, 7, Some(mirror(1))).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn news_come_to_all_who_listen() {
    let Some(given) = given().unwrap() else { return };
    let stream = Stream::new(&given.rabbitmq, &[]).await;
    let mut publisher = stream.publisher().await;
    for round in 0..2 {
        let (mut a, mut b) = (stream.readers.appended(P0), stream.readers.appended(P0));
        for batch in 0..20 {
            let start = round * 100 + batch * 5;
            publisher.publish(&events(1, start..start + 5)).await;
            let end = Offset(start + 5);
            timeout(LONG, a.wait_for(|told| *told >= end)).await.unwrap().unwrap();
            timeout(LONG, b.wait_for(|told| *told >= end)).await.unwrap().unwrap();
        }
    }
}

/// A broker of its own, behind a proxy.
struct Behind {
    rabbit: Rabbit,
    proxy: Proxy,
    readers: Readers,
    direct: Broker,
    stream: Stream,
    _dir: tempfile::TempDir,
}

impl Behind {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let rabbit = Rabbit::start(RabbitOptions::at(dir.path())).await.unwrap();
        let proxy = Proxy::start(rabbit.stream_port()).await.unwrap();
        let stream = Stream::new(&rabbit.stream_url(), &[]).await;
        let direct = stream.broker.clone();
        let url = format!("rabbitmq://mirror:mirror-test@127.0.0.1:{}/", proxy.port());
        let through = Broker::new(url.parse().unwrap(), "mirror test").unwrap();
        let readers = Readers::new(through, &stream.prefix);
        Self { rabbit, proxy, readers, direct, stream, _dir: dir }
    }

    async fn publish(&self, range: std::ops::Range<u64>) {
        let name = self.stream.name();
        let mut publisher = in_the_end(async || Publisher::to(&self.direct, &name, "p").await).await;
        publisher.publish(&events(1, range)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_cuts_stalls_freezes_and_deaths() {
    if !with_servers() {
        return;
    }
    let mut behind = Behind::new().await;
    let mut news = behind.readers.appended(P0);
    behind.publish(0..10).await;
    let told = async |news: &mut tokio::sync::watch::Receiver<Offset>, end: u64| {
        timeout(LONG, news.wait_for(|told| told.0 >= end)).await.expect("news come back").unwrap();
    };
    told(&mut news, 10).await;
    assert_eq!(all(&behind.readers, Offset(0), 3, None).await, numbered(0..10));

    behind.proxy.cut();
    behind.publish(10..20).await;
    let page = behind.readers.read(read(10, 100)).await.expect("a cut is not even noticed");
    assert_eq!(page.entries.len(), 10);
    told(&mut news, 20).await;

    news.mark_unchanged();
    behind.proxy.stall(true);
    timeout(LONG, news.changed()).await.expect("who waits for news hears that there are none").unwrap();
    behind.publish(20..30).await;
    let start = Instant::now();
    assert!(matches!(behind.readers.read(read(20, 100)).await, Err(ReadError::Retry(_))));
    assert!(matches!(behind.readers.tail(P0).await, Err(ReadError::Retry(_))));
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    behind.proxy.stall(false);
    assert_eq!(in_the_end(async || behind.readers.tail(P0).await).await, Offset(30));
    assert_eq!(all(&behind.readers, Offset(20), 100, None).await.len(), 10);
    told(&mut news, 30).await;

    behind.rabbit.freeze().await.unwrap();
    let start = Instant::now();
    let silent = behind.readers.read(read(30, 100)).await;
    assert!(matches!(silent, Err(ReadError::Retry(_))), "{silent:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    behind.rabbit.thaw().unwrap();
    behind.publish(30..40).await;
    told(&mut news, 40).await;

    for round in 4..6 {
        behind.rabbit.kill().await.unwrap();
        assert!(matches!(behind.readers.read(read(5, 100)).await, Err(ReadError::Retry(_))));
        assert!(matches!(behind.readers.floor(P0).await, Err(ReadError::Retry(_))));
        behind.rabbit.restart().await.unwrap();
        let end = round * 10;
        assert_eq!(in_the_end(async || behind.readers.tail(P0).await).await, Offset(end), "all is there");
        let again = in_the_end(async || behind.readers.read(read(0, 1000)).await).await;
        assert_eq!(again.entries.len() as u64, end);
        behind.publish(end..end + 10).await;
        told(&mut news, end + 10).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_a_broker_forgot_to_deliver_are_asked_for() {
    let Some(given) = given().unwrap() else { return };
    let stream = Stream::new(&given.rabbitmq, &[]).await;
    let (before, port) = given.rabbitmq.trim_end_matches('/').rsplit_once(':').unwrap();
    let hush = Hush::before(port.parse().unwrap()).await;
    let through = Broker::new(format!("{before}:{}/", hush.port).parse().unwrap(), "mirror test").unwrap();
    let readers = Readers::new(through, &stream.prefix);
    let (mut publisher, mut news) = (stream.publisher().await, readers.appended(P0));
    publisher.publish(&events(1, 0..10)).await;
    timeout(LONG, news.wait_for(|told| *told == Offset(10))).await.unwrap().unwrap();
    let mut kept = hush.kept.subscribe();
    hush.deaf.store(true, Ordering::SeqCst);
    publisher.publish(&events(1, 10..20)).await;
    timeout(LONG, kept.wait_for(|kept| *kept > 0)).await.unwrap().unwrap();
    hush.deaf.store(false, Ordering::SeqCst);
    timeout(LONG, news.wait_for(|told| *told == Offset(20))).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_made_anew_is_told_from_one_that_is_quiet() {
    let Some(given) = given().unwrap() else { return };
    let stream = Stream::new(&given.rabbitmq, &[]).await;
    stream.publisher().await.publish(&events(1, 0..20)).await;
    assert_eq!(all(&stream.readers, Offset(0), 100, None).await.len(), 20);
    let mut news = stream.readers.appended(P0);
    timeout(LONG, news.wait_for(|told| *told == Offset(20))).await.unwrap().unwrap();
    // Its last chunk begins where that of the new one does.
    assert_eq!(stream.readers.tail(P0).await.unwrap(), Offset(20));
    stream.broker.delete(&stream.name()).await.unwrap();
    let gone = stream.readers.read(read(20, 10)).await;
    assert!(matches!(gone, Err(ReadError::Retry(_))), "one that is gone may come back: {gone:?}");
    in_the_end(async || stream.broker.declare(&stream.name(), &[]).await).await;
    in_the_end(async || Publisher::to(&stream.broker, &stream.name(), "p").await)
        .await
        .publish(&events(2, 0..5))
        .await;
    assert_eq!(in_the_end(async || stream.readers.tail(P0).await).await, Offset(5));
    for mirror in [None, Some(mirror(1))] {
        let trimmed = async {
            loop {
                match stream.readers.read(Read { mirror, ..read(20, 10) }).await {
                    Err(ReadError::Trimmed { floor }) => return floor,
                    Err(ReadError::Retry(_)) => tokio::time::sleep(Duration::from_millis(200)).await,
                    other => panic!("nothing lies there: {other:?}"),
                }
            }
        };
        assert_eq!(timeout(LONG, trimmed).await.unwrap(), Offset(0), "what lay there is gone");
    }
    assert_eq!(all(&stream.readers, Offset(0), 100, None).await, numbered(0..5));
    // Whoever listened hears of the new one.
    timeout(LONG, news.wait_for(|told| *told == Offset(5))).await.unwrap().unwrap();
}
