//! Tables: what is asked and answered, and when a request may go.

mod rate;

use super::*;
use crate::discord::route::Kind;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

const WEBHOOK: RouteKey = RouteKey { kind: Kind::ExecuteWebhook, major: 7 };
const OTHER: RouteKey = RouteKey { kind: Kind::ExecuteWebhook, major: 8 };
const EDIT: RouteKey = RouteKey { kind: Kind::EditCopy, major: 7 };
const MS: u64 = 1_000_000;

fn headers(text: &str) -> Headers {
    let mut map = HeaderMap::new();
    for pair in text.split_whitespace() {
        let (name, value) = pair.split_once('=').unwrap();
        let name = match name {
            "retry" => "retry-after".to_owned(),
            short => format!("x-ratelimit-{short}"),
        };
        map.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    Headers::parse(&map)
}

#[test]
fn the_other_sides_clock_is_told_by_every_answer() {
    for (text, expected) in
        [("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)), ("yesterday", None), ("", None)]
    {
        let map = HeaderMap::from_iter([(http::header::DATE, text.parse().unwrap())]);
        assert_eq!(Headers::parse(&map).date_s, expected, "{text:?}");
    }
    assert_eq!(headers("").date_s, None);
}

fn go(limits: &mut Limits, route: RouteKey, now: u64) -> Ticket {
    match limits.permit(route, None, now) {
        Permit::Go(ticket) => ticket,
        Permit::Wait(ms) => panic!("must wait {ms} ms at {now}"),
    }
}

fn wait(limits: &mut Limits, route: RouteKey, now: u64) -> u64 {
    match limits.permit(route, None, now) {
        Permit::Go(_) => 0,
        Permit::Wait(ms) => ms,
    }
}

/// Discord's side of one bucket: `limit` per window that begins with its first request.
struct Server {
    limit: u32,
    window_ms: u64,
    begun: u64,
    used: u32,
    refused: u32,
}

impl Server {
    fn take(&mut self, now: u64) -> (u16, Headers) {
        if now >= self.begun + self.window_ms {
            (self.begun, self.used) = (now, 0);
        }
        let after = (self.begun + self.window_ms - now) as f64 / 1000.0;
        let told = format!("bucket=b limit={} reset-after={after:.3}", self.limit);
        if self.used == self.limit {
            self.refused += 1;
            return (429, headers(&format!("{told} remaining=0 scope=user retry={}", after.ceil())));
        }
        self.used += 1;
        (200, headers(&format!("{told} remaining={}", self.limit - self.used)))
    }
}

/// Sends `count` one after another with `trip` ms each way; gives (refused, elapsed).
fn sequence(settings: Settings, count: u32, trip: u64) -> (u32, u64) {
    let mut server = Server { limit: 5, window_ms: 2000, begun: 0, used: 0, refused: 0 };
    let mut limits = Limits::new(settings);
    let (mut now, mut done) = (MS, 0);
    while done < count {
        match limits.permit(WEBHOOK, None, now) {
            Permit::Wait(ms) => now += ms,
            Permit::Go(ticket) => {
                let (status, headers) = server.take(now + trip);
                now += 2 * trip;
                limits.answered(ticket, status, &headers, now);
                done += u32::from(status == 200);
            }
        }
    }
    (server.refused, now - MS)
}

#[test]
fn fourteen_in_a_row_against_five_per_two_seconds_meet_no_429() {
    for trip in [0, 1, 17, 80, 300] {
        let (refused, elapsed) = sequence(Settings::default(), 14, trip);
        assert_eq!(refused, 0, "trip {trip} ms");
        assert!((4_000..7_000.max(30 * trip)).contains(&elapsed), "trip {trip} ms: took {elapsed} ms");
    }
    let (refused, _) = sequence(Settings { unlimited: true, ..Settings::default() }, 14, 0);
    assert!(refused > 0, "the test must be able to see a 429");
}

#[test]
fn one_request_at_a_time_until_a_bucket_is_known() {
    let mut limits = Limits::new(Settings::default());
    let ticket = go(&mut limits, WEBHOOK, MS);
    assert_eq!(wait(&mut limits, WEBHOOK, MS), BUSY_MS);
    assert_eq!(wait(&mut limits, OTHER, MS), 0, "another webhook has its own bucket");
    let told = headers("bucket=b limit=3 remaining=2 reset-after=1");
    limits.answered(ticket, 200, &told, MS);
    let _two = [go(&mut limits, WEBHOOK, MS), go(&mut limits, WEBHOOK, MS)];
    assert_eq!(wait(&mut limits, WEBHOOK, MS + 400), 610, "until the window ends, and the margin");
}

#[test]
fn answers_out_of_order_do_not_give_back_what_was_used() {
    let mut limits = Limits::new(Settings::default());
    let first = go(&mut limits, WEBHOOK, MS);
    limits.answered(first, 200, &headers("bucket=b limit=4 remaining=3 reset-after=2"), MS);
    let (a, b) = (go(&mut limits, WEBHOOK, MS), go(&mut limits, WEBHOOK, MS));
    limits.answered(b, 200, &headers("bucket=b limit=4 remaining=1 reset-after=2"), MS);
    limits.answered(a, 200, &headers("bucket=b limit=4 remaining=2 reset-after=2"), MS);
    let _last = go(&mut limits, WEBHOOK, MS);
    assert!(wait(&mut limits, WEBHOOK, MS) > 0);
}

#[test]
fn one_hash_with_two_limits_is_two_buckets() {
    let mut limits = Limits::new(Settings::default());
    let create = go(&mut limits, WEBHOOK, MS);
    limits.answered(create, 200, &headers("bucket=b limit=5 remaining=0 reset-after=2"), MS);
    let edit = go(&mut limits, EDIT, MS);
    limits.answered(edit, 200, &headers("bucket=b limit=30 remaining=29 reset-after=60"), MS);
    assert_eq!(wait(&mut limits, WEBHOOK, MS), 2_010);
    assert_eq!(wait(&mut limits, EDIT, MS), 0);
}

#[test]
fn shared_hash_with_one_limit_is_one_bucket() {
    let mut limits = Limits::new(Settings::default());
    for route in [WEBHOOK, EDIT] {
        let ticket = go(&mut limits, route, MS);
        limits.answered(ticket, 200, &headers("bucket=b limit=5 remaining=0 reset-after=2"), MS);
    }
    assert!(wait(&mut limits, WEBHOOK, MS) > 0 && wait(&mut limits, EDIT, MS) > 0);
}

#[test]
fn each_kind_of_429_holds_what_it_is_about() {
    let bucket = "bucket=b limit=5 remaining=4 reset-after=0.5";
    let row = |told: &str, own: u64, other: u64, counted: u32| {
        let mut limits = Limits::new(Settings::default());
        let ticket = go(&mut limits, WEBHOOK, MS);
        limits.answered(ticket, 429, &headers(told), MS);
        let waits = (wait(&mut limits, WEBHOOK, MS), wait(&mut limits, OTHER, MS));
        assert_eq!(waits, (own, other), "{told}");
        assert_eq!(limits.invalid.count(MS), counted, "{told}");
    };
    row(&format!("{bucket} scope=user retry=1"), 1_010, 0, 1);
    row(&format!("{bucket} scope=user retry=40"), 40_010, 0, 1);
    row(&format!("{bucket} scope=shared retry=3"), 3_010, 0, 0);
    row("scope=global global=true retry=2", 2_010, 2_010, 1);
    row("global=true retry=2", 2_010, 2_010, 1);
    row("scope=user retry=2", 2_010, 0, 1);
    row("retry=9", 9_010, 9_010, 1);
    row("", 60_010, 60_010, 1);
    row(&format!("{bucket} retry=1"), 1_010, 0, 1);
    row("retry=nonsense", 60_010, 60_010, 1);
    row("retry=1e99", 86_400_010, 86_400_010, 1);
}

#[test]
fn fifty_a_second_over_all_routes() {
    let mut limits = Limits::new(Settings::default());
    for major in 0..50 {
        let ticket = go(&mut limits, RouteKey { major, ..WEBHOOK }, MS + major);
        limits.answered(ticket, 204, &Headers::default(), MS + major + 20);
    }
    let next = RouteKey { major: 50, ..WEBHOOK };
    assert_eq!(wait(&mut limits, next, MS + 100), 1_025 - 100, "a second behind the first answer");
    assert_eq!(wait(&mut limits, next, MS + 1_025), 0);
}

#[test]
fn a_node_of_three_sends_a_third_and_the_whole_when_it_is_alone() {
    let mut limits = Limits::new(Settings::default());
    let sent = |limits: &mut Limits, now| {
        let routes = (0..100).map(|major| RouteKey { major: now + major, ..WEBHOOK });
        routes.filter(|route| matches!(limits.permit(*route, None, now), Permit::Go(_))).count()
    };
    for (n, (sharing, expected)) in
        [(Sharing::Unknown, 2), (Sharing::Among(3), 16), (Sharing::Alone, 50)].into_iter().enumerate()
    {
        limits.shared(sharing);
        assert_eq!(sent(&mut limits, MS + 10_000 * n as u64), expected, "{sharing:?}");
    }
}

#[test]
fn thirty_a_minute_in_a_channel_whatever_the_headers_say() {
    let mut limits = Limits::new(Settings { global_per_second: 1_000, ..Settings::default() });
    let wide = headers("bucket=b limit=1000 remaining=999 reset-after=1");
    let post = |limits: &mut Limits, route, channel, now| match limits.permit(route, Some(channel), now) {
        Permit::Go(ticket) => {
            limits.answered(ticket, 200, &wide, now);
            0
        }
        Permit::Wait(ms) => ms,
    };
    // Two webhooks of one channel, in turn.
    for number in 0..30 {
        let route = if number % 2 == 0 { WEBHOOK } else { OTHER };
        assert_eq!(post(&mut limits, route, 1, MS + number * 100), 0, "{number}");
    }
    assert_eq!(post(&mut limits, WEBHOOK, 1, MS + 3_000), 58_000, "until the first is a minute old");
    assert_eq!(post(&mut limits, WEBHOOK, 2, MS + 3_000), 0, "another channel is free");
    assert_eq!(post(&mut limits, WEBHOOK, 1, MS + 61_000), 0);
    assert_eq!(post(&mut limits, WEBHOOK, 1, MS + 61_000), 100, "one at a time, as they grow old");
    // What was posted before the process began counts too.
    let mut limits = Limits::new(Settings::default());
    (0..30).rev().for_each(|number| limits.posted(1, MS - number * 1_000));
    assert_eq!(post(&mut limits, WEBHOOK, 1, MS), 61_000 - 29_000);
    // A bucket that nobody knows yet may be one that was used up before a crash.
    let mut limits = Limits::new(Settings::default());
    limits.posted(1, MS - 500);
    assert_eq!(post(&mut limits, WEBHOOK, 1, MS), UNKNOWN_MS - 500);
    assert_eq!(post(&mut limits, WEBHOOK, 1, MS + UNKNOWN_MS - 500), 0);
    assert_eq!(post(&mut limits, WEBHOOK, 1, MS + UNKNOWN_MS), 0, "now it is known");
    // It can be switched off.
    let mut limits = Limits::new(Settings { channel_per_minute: 0, ..Settings::default() });
    (0..30).for_each(|number| limits.posted(1, MS - 3_000 - number));
    assert_eq!(post(&mut limits, WEBHOOK, 1, MS), 0);
}

#[test]
fn refused_requests_make_everything_slow_and_it_comes_back() {
    for (status, told, slow) in
        [(401, "", true), (403, "", true), (404, "", false), (429, "scope=shared retry=0", false)]
    {
        let mut limits = Limits::new(Settings { invalid_max: 3, ..Settings::default() });
        for n in 0..2 {
            let ticket = go(&mut limits, WEBHOOK, MS + n * 100);
            limits.answered(ticket, status, &headers(told), MS + n * 100);
        }
        assert_eq!(wait(&mut limits, OTHER, MS + 200) > 9 * 60_000, slow, "{status}");
        let third = RouteKey { major: 9, ..WEBHOOK };
        assert_eq!(wait(&mut limits, third, MS + 11 * 60_000), 0, "{status}");
    }
}

#[test]
fn a_page_stops_everything_and_one_request_finds_out_when_it_is_over() {
    for status in [403, 429] {
        let mut limits = Limits::new(Settings { stop_ms: 1_000, ..Settings::default() });
        let page = Headers { is_page: true, ..Headers::default() };
        let ticket = go(&mut limits, WEBHOOK, MS);
        assert_eq!(limits.answered(ticket, status, &page, MS), Noticed::Everything { ms: 1_010 });
        assert_eq!((wait(&mut limits, OTHER, MS), wait(&mut limits, EDIT, MS)), (1_010, 1_010));
        let later = MS + 1_010;
        let scout = go(&mut limits, OTHER, later);
        assert_eq!(wait(&mut limits, EDIT, later), BUSY_MS, "the scout is out");
        limits.answered(scout, status, &page, later);
        assert_eq!(wait(&mut limits, EDIT, later), 1_010, "still blocked");
        let scout = go(&mut limits, OTHER, later + 1_010);
        limits.unanswered(&scout, later + 1_010);
        let scout = go(&mut limits, EDIT, later + 1_010);
        limits.answered(scout, 204, &Headers::default(), later + 1_020);
        let _both = [go(&mut limits, WEBHOOK, later + 1_020), go(&mut limits, EDIT, later + 1_020)];
    }
    // Discord's own 403 is about one request.
    let mut limits = Limits::new(Settings::default());
    let ticket = go(&mut limits, WEBHOOK, MS);
    assert_eq!(limits.answered(ticket, 403, &Headers::default(), MS), Noticed::Nothing);
    assert_eq!(wait(&mut limits, OTHER, MS), 0);
}

#[test]
fn a_lost_answer_frees_its_place_and_heals() {
    let mut limits = Limits::new(Settings::default());
    let lost = go(&mut limits, WEBHOOK, MS);
    limits.unanswered(&lost, MS);
    let ticket = go(&mut limits, WEBHOOK, MS);
    limits.answered(ticket, 200, &headers("bucket=b limit=2 remaining=1 reset-after=1"), MS);
    let later = MS + 5_000;
    for _ in 0..2 {
        let lost = go(&mut limits, WEBHOOK, later);
        limits.unanswered(&lost, later);
    }
    assert_eq!(wait(&mut limits, WEBHOOK, later), LOST_RESET_MS);
    assert_eq!(wait(&mut limits, WEBHOOK, later + LOST_RESET_MS), 0);
}

#[test]
fn what_is_lost_at_the_end_of_a_window_may_count_in_the_next() {
    for (lost_at, free) in [(MS + 3_000, 2), (MS + 4_500, 1)] {
        let mut limits = Limits::new(Settings::default());
        let ticket = go(&mut limits, WEBHOOK, MS);
        limits.answered(ticket, 200, &headers("bucket=b limit=2 remaining=1 reset-after=5"), MS);
        let lost = go(&mut limits, WEBHOOK, lost_at);
        limits.unanswered(&lost, lost_at);
        let next = MS + 5_010;
        let _sent: Vec<_> = (0..free).map(|_| go(&mut limits, WEBHOOK, next)).collect();
        assert!(wait(&mut limits, WEBHOOK, next) > 0, "lost at {lost_at}, {free} are free");
    }
}

/// What is in trouble answers without headers: nobody then says when the window ends, and it ends all the same.
#[test]
fn answers_that_tell_nothing_spend_a_window_and_hold_nothing_up() {
    let reads = RouteKey { kind: Kind::ReadMessages, major: 7 };
    let told = headers("bucket=b limit=5 remaining=4 reset-after=5");
    for sharing in [Sharing::Alone, Sharing::Among(3)] {
        let mut limits = Limits::new(Settings { global_per_second: 1_000, ..Settings::default() });
        limits.shared(sharing);
        let ticket = go(&mut limits, reads, MS);
        limits.answered(ticket, 200, &told, MS);
        let mut now = MS + 10_000;
        let mut asked = 0;
        while asked < 20 && now < MS + 30 * LOST_RESET_MS {
            match limits.permit(reads, None, now) {
                Permit::Go(ticket) => {
                    limits.answered(ticket, 503, &Headers::default(), now);
                    asked += 1;
                }
                Permit::Wait(ms) => now += ms,
            }
        }
        let spent = now - MS - 10_000;
        assert!(asked == 20 && spent >= LOST_RESET_MS, "{sharing:?}: {asked} in {spent} ms");
    }
}

/// Two nodes that know of each other by the headers alone: each sends when it may, requests and answers take their time, are
/// lost, or tell nothing; and nothing is ever refused.
#[test]
fn two_nodes_that_read_one_channel_use_its_bucket_up_and_no_more() {
    let reads = RouteKey { kind: Kind::ReadMessages, major: 7 };
    for seed in 0..200 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut nodes = [(); 2].map(|()| {
            let mut limits = Limits::new(Settings { global_per_second: 1_000, ..Settings::default() });
            limits.shared(Sharing::Among(3));
            limits
        });
        let mut server = Server { limit: 5, window_ms: 5_000, begun: 0, used: 0, refused: 0 };
        let mut there: Vec<(u64, usize, Ticket)> = Vec::new();
        let mut back: Vec<(u64, usize, Ticket, Option<Headers>)> = Vec::new();
        let mut sent = 0;
        for now in (MS..MS + 60_000).step_by(10) {
            for (_, node, ticket) in there.extract_if(.., |request| request.0 <= now) {
                let (_, told) = server.take(now);
                sent += 1;
                let (told, way) = match random.random_range(0..20) {
                    0 => (None, 3_000),
                    1 => (Some(Headers::default()), 100),
                    _ => (Some(told), random.random_range(10..200)),
                };
                back.push((now + way, node, ticket, told));
            }
            for (_, node, ticket, told) in back.extract_if(.., |answer| answer.0 <= now) {
                match told {
                    Some(told) => drop(nodes[node].answered(ticket, 200, &told, now)),
                    None => nodes[node].unanswered(&ticket, now),
                }
            }
            // At times one of them has nothing to ask.
            let asks = [(); 2].map(|()| random.random_bool(0.3));
            for (node, limits) in nodes.iter_mut().enumerate().filter(|(node, _)| asks[*node]) {
                if let Permit::Go(ticket) = limits.permit(reads, None, now) {
                    there.push((now + random.random_range(10..100), node, ticket));
                }
            }
        }
        assert_eq!(server.refused, 0, "seed {seed}: of {sent}");
        assert!(sent >= 24, "seed {seed}: {sent} of about 60 that are allowed");
    }
}

#[test]
fn unlimited_waits_for_nothing_but_a_429() {
    let mut limits = Limits::new(Settings { unlimited: true, ..Settings::default() });
    let mut tickets: Vec<_> = (0..200).map(|_| go(&mut limits, WEBHOOK, MS)).collect();
    let told = headers("bucket=b limit=5 remaining=0 reset-after=2");
    limits.answered(tickets.pop().unwrap(), 200, &told, MS);
    let ticket = go(&mut limits, WEBHOOK, MS);
    limits.answered(ticket, 429, &headers("bucket=b limit=5 remaining=0 scope=user retry=2"), MS);
    assert_eq!(wait(&mut limits, WEBHOOK, MS), 2_010);
}

#[test]
fn idle_buckets_are_forgotten_and_busy_ones_are_not() {
    let mut limits = Limits::new(Settings { buckets_max: 16, unlimited: true, ..Settings::default() });
    let busy = go(&mut limits, WEBHOOK, MS);
    for major in 100..1_100 {
        let ticket = go(&mut limits, RouteKey { major, ..EDIT }, MS + major);
        limits.answered(ticket, 200, &headers("bucket=e limit=5 remaining=4 reset-after=0"), MS + major);
        assert!(limits.remembered() <= 17, "{}", limits.remembered());
    }
    assert!(limits.buckets.contains_key(&busy.bucket));
    assert!(limits.known.len() <= 17, "{}", limits.known.len());
}

proptest::proptest! {
    /// Whatever the server tells, and in whatever order: no panic, and waiting as long as told ends.
    #[test]
    fn waiting_always_ends(steps in proptest::collection::vec((0u8..3, 0u16..4, 0u64..3_000, 0u32..3), 1..60)) {
        let mut limits = Limits::new(Settings::default());
        let mut now = MS;
        for (what, status, ms, left) in steps {
            let mut waits = 0;
            let ticket = loop {
                match limits.permit(WEBHOOK, None, now) {
                    Permit::Go(ticket) => break ticket,
                    Permit::Wait(ms) => {
                        waits += 1;
                        proptest::prop_assert!(ms > 0 && waits < 10);
                        now += ms;
                    }
                }
            };
            let after = ms as f64 / 1000.0;
            let told = format!("bucket=b limit=2 remaining={left} reset-after={after}");
            match what {
                0 => limits.unanswered(&ticket, now),
                _ => { limits.answered(ticket, [200, 204, 404, 429][usize::from(status)], &headers(&told), now); }
            }
            now += ms / 3;
        }
    }
}
