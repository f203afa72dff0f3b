//! Threads of a channel that is read again.

use super::*;
use crate::gapfill::read::ASKED_MAX;
use crate::gapfill::rooms::ROOMS_MAX;

/// A thread on the message of then, in which somebody wrote at these seconds.
fn thread(bench: &Bench, root: i64, archived: Option<i64>, said: &[i64]) -> ChannelId {
    let id = ChannelId(at(root).0);
    bench.fake.told_of(id, |told| told.thread = Some(archived));
    said.iter().for_each(|second| bench.fake.write_in(id, at(*second)));
    id
}

/// What Discord lists now is heard.
async fn heard(bench: &Bench) {
    bench.fill(0).await;
}

/// Without the last line, which names what nobody can know.
fn found(found: &str) -> Vec<&str> {
    let mut lines: Vec<_> = found.lines().collect();
    assert!(lines.pop().unwrap().contains(LOST), "{found}");
    lines
}

#[tokio::test(start_paused = true)]
async fn what_was_said_in_threads_comes_in_one_order_with_the_channel() {
    let bench = Bench::new(1).await;
    bench.heard([at(1), at(2)]).await;
    thread(&bench, 1, None, &[3, 4]);
    heard(&bench).await;
    // One goes on, one is new, one was archived again meanwhile.
    thread(&bench, 1, None, &[50, 53]);
    thread(&bench, 2, Some(60), &[51]);
    [at(49), at(52)].into_iter().for_each(|id| bench.fake.write(id));
    thread(&bench, 52, None, &[54]);
    let news = bench.fill(20).await;
    let wanted = [
        "2 thread 2 archived",
        "49 created said",
        "50 created said",
        "51 created said",
        "52 created said",
        "52 thread 52",
        "53 created said",
        "54 created said",
    ];
    assert_eq!(found(&news), wanted);
    assert_eq!(found(&bench.fill(20).await), [""; 0], "again: nothing is new");
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_gone_where_it_stood() {
    let bench = Bench::new(1).await;
    bench.heard([at(1), at(2), at(3)]).await;
    let going_on = thread(&bench, 1, None, &[4, 5, 6]);
    let gone = thread(&bench, 2, None, &[7]);
    thread(&bench, 3, None, &[8]);
    heard(&bench).await;
    bench.fake.told_of(going_on, |told| told.messages.remove(&at(5)));
    bench.fake.told_of(going_on, |told| told.messages.remove(&at(6)));
    bench.fake.told_of(gone, |told| told.gone = true);
    let news = bench.fill(20).await;
    assert_eq!(found(&news), ["5 deleted", "6 deleted", "2 thread deleted"]);
    assert_eq!(found(&bench.fill(20).await), [""; 0], "again: nothing is new");
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_link_is_left_alone_until_somebody_writes_in_it() {
    let bench = Bench::new(1).await;
    // Both are older: the first message of one is gone, too.
    bench.fake.write(at(-5_000));
    thread(&bench, -5_000, None, &[-4_000]);
    thread(&bench, -6_000, None, &[-4_000]);
    assert_eq!(found(&bench.fill(20).await), [""; 0]);
    thread(&bench, -5_000, None, &[50]);
    thread(&bench, -6_000, None, &[51]);
    let news = bench.fill(20).await;
    let mut first = found(&news)[..4].to_vec();
    first.sort_unstable();
    let roots = ["-5000 created said", "-5000 thread -5000", "-6000 created said", "-6000 thread -6000"];
    assert_eq!(first, roots);
    assert_eq!(found(&news)[4..], ["50 created said", "51 created said"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_twice_of_what_came_by_itself() {
    let bench = Bench::new(1).await;
    let id = thread(&bench, 11, None, &[50, 51, 52, 53]);
    bench.filler.live.came(CHANNEL, id, at(52));
    assert_eq!(found(&bench.fill(20).await), ["11 thread 11", "50 created said", "51 created said"]);
}

/// Discord says up to where, when a new session begins.
#[tokio::test(start_paused = true)]
async fn a_thread_is_read_up_to_where_live_frames_began() {
    let bench = Bench::new(1).await;
    let id = thread(&bench, 50, None, &[51, 52, 53]);
    bench.filler.live.ends([(id, at(52))]);
    let stretch = Stretch { newest: Some(at(50)), ..stretch(CHANNEL, 20) };
    let began = bench.filler.ports.log.tail(Partition(0)).await.unwrap();
    assert_eq!(bench.filler.fill(&Group::new(&[stretch]), stretch).await, Some(CHANNEL));
    let news = bench.log(began).await.join("\n");
    assert_eq!(found(&news), ["50 thread 50", "51 created said", "52 created said"]);
}

#[tokio::test(start_paused = true)]
async fn lists_that_are_refused_are_named_and_the_channel_is_read() {
    let bench = Bench::new(1).await;
    bench.fake.write(at(50));
    thread(&bench, 50, None, &[51]);
    let refused = || HistoryError::Dead("Missing Access (50001)".to_owned());
    bench.fake.told_of(GUILD_CALLS, |told| told.errors = (0..100).map(|_| refused()).collect());
    let news = bench.fill(20).await;
    let unread = "gap 10 to 30000: history could not be read: of threads";
    assert!(news.starts_with(&format!("50 created said\n{unread}")), "{news}");
}

#[tokio::test(start_paused = true)]
async fn too_many_threads_are_named() {
    let bench = Bench::new(1).await;
    let count = i64::try_from(ROOMS_MAX).unwrap() + 5;
    (0..count).for_each(|number| {
        thread(&bench, 50 + number, None, &[500 + number]);
    });
    let news = bench.fill(20).await;
    assert_eq!(news.matches("created").count(), ROOMS_MAX, "the newest are read");
    assert!(news.contains("704 created") && !news.contains("504 created"), "{news}");
    assert!(news.contains("gap 10 to 30000: history could not be read: of threads"), "{news}");
}

#[tokio::test(start_paused = true)]
async fn too_many_that_are_not_listed_are_named() {
    let bench = Bench::new(1).await;
    let count = i64::try_from(ASKED_MAX).unwrap() + 5;
    let all: Vec<_> = (0..count).map(|number| thread(&bench, number, None, &[200 + number])).collect();
    heard(&bench).await;
    all.iter().for_each(|id| bench.fake.told_of(*id, |told| told.gone = true));
    let news = bench.fill(1_000).await;
    assert_eq!(news.matches("thread deleted").count(), ASKED_MAX, "the newest are asked for");
    assert!(news.contains("of threads"), "{news}");
}
