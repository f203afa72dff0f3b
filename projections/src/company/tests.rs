use super::*;
use events::event::{Author, Decor, Said};
use events::{EventId, Producer};
use expect_test::{Expect, expect};

const EPOCH_US: i64 = 1_700_000_000_000_000;

/// Plays lines of `SECONDS CHANNEL WHAT ...` and prints what came of them:
///
/// ```text
/// 1.0 1 alice: hi          a person says something
/// 1.0 1 hook alice: hi     a webhook does
/// 1.5 1 gone 1.0           what was said in this channel at that second is removed
/// ```
fn check(script: &str, expected: &Expect) {
    let mut company = Company::default();
    let mut out = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let event = event(line);
        let caught = company.hear(&event);
        assert_eq!(company.hear(&event), None, "the log may say everything twice");
        let waits = |after| {
            let wall = Version(event.place.message.made().0 + after);
            company.waits(event.mirror, event.place.message, wall)
        };
        let fate = match (caught, waits(0)) {
            (Some(Echoer { author, .. }), _) => format!("hook {} is a mirror", author.0),
            (None, true) => "waits".to_owned(),
            (None, false) => "-".to_owned(),
        };
        assert!(!waits(HOLD_US), "nothing waits for longer");
        out += &format!("{line:<30} {fate}\n");
    }
    expected.assert_eq(&out);
}

fn at(seconds: &str) -> Version {
    Version(EPOCH_US + (seconds.parse::<f64>().unwrap() * 1e6) as i64)
}

fn event(line: &str) -> Event {
    let words: Vec<&str> = line.splitn(4, ' ').collect();
    let channel = ChannelId(words[1].parse().unwrap());
    let now = at(words[0]);
    let id = |time: Version| MessageId(MessageId::first_at(time).0 + channel.0);
    let (message, body) = match words[2] {
        "gone" => (id(at(words[3])), Body::Deleted),
        "hook" => {
            let (name, text) = words[3].split_once(": ").unwrap();
            (id(now), created(AuthorKind::Webhook, name, text))
        }
        name => (id(now), created(AuthorKind::User, name.trim_end_matches(':'), words[3])),
    };
    Event {
        id: EventId::default(),
        mirror: MirrorId::default(),
        place: Place { channel, message, ..Place::default() },
        version: now,
        observed: now,
        producer: Producer::default(),
        body,
        raw: bytes::Bytes::new(),
    }
}

/// A webhook's id is the length of its name.
fn created(kind: AuthorKind, name: &str, text: &str) -> Body {
    let author = Author { id: UserId(name.len() as u64), name: name.to_owned(), kind, ..Author::default() };
    let said = Said { text: text.to_owned(), ..Said::default() };
    Body::Created(Created {
        author,
        said: Some(said),
        reply_to: None,
        decor: Decor::default(),
        kind: 0,
        thread: None,
    })
}

#[test]
fn a_channel_with_a_proxy_is_known_by_its_work() {
    check(
        "0 1 alice: hi
         0.5 1 gone 0
         0.7 1 hook Fox: hi
         5 1 alice: again
         5.5 1 hook Fox: again
         5.6 1 gone 5
         9 2 bob: elsewhere nobody waits
         86400 1 alice: the next day
         172900 1 alice: long after",
        &expect![[r#"
            0 1 alice: hi                  -
            0.5 1 gone 0                   -
            0.7 1 hook Fox: hi             -
            5 1 alice: again               waits
            5.5 1 hook Fox: again          -
            5.6 1 gone 5                   waits
            9 2 bob: elsewhere nobody waits -
            86400 1 alice: the next day    waits
            172900 1 alice: long after     -
        "#]],
    );
}

#[test]
fn removals_and_webhooks_by_themselves_are_no_proxy() {
    check(
        "0 1 alice: hi
         0.5 1 gone 0
         9 1 hook News: today
         20 1 alice: a slip
         60 1 gone 20
         61 1 hook News: tomorrow
         62 1 alice: so what",
        &expect![[r#"
            0 1 alice: hi                  -
            0.5 1 gone 0                   -
            9 1 hook News: today           -
            20 1 alice: a slip             -
            60 1 gone 20                   -
            61 1 hook News: tomorrow       -
            62 1 alice: so what            -
        "#]],
    );
}

#[test]
fn a_mirror_says_elsewhere_what_a_person_said() {
    check(
        "0 1 alice: hi
         1 2 hook alice: hi
         2 1 hook alice: hi
         3 1 bob: hello
         4 2 hook alice: hello",
        &expect![[r#"
            0 1 alice: hi                  -
            1 2 hook alice: hi             hook 5 is a mirror
            2 1 hook alice: hi             -
            3 1 bob: hello                 -
            4 2 hook alice: hello          -
        "#]],
    );
}

#[test]
fn a_mirror_brings_back_what_we_carried_away() {
    check(
        "0 1 alice: hi
         1 1 hook alice: hi
         2 1 hook alice: hi
         3 1 hook alice: hi
         4 1 hook alice · 7: hi
         5 1 hook alice · 7: hi",
        &expect![[r#"
            0 1 alice: hi                  -
            1 1 hook alice: hi             -
            2 1 hook alice: hi             hook 5 is a mirror
            3 1 hook alice: hi             -
            4 1 hook alice · 7: hi         -
            5 1 hook alice · 7: hi         hook 10 is a mirror
        "#]],
    );
}

#[test]
fn a_proxy_says_everything_again_but_once() {
    check(
        "0 1 alice: ok
         1 1 hook alice: ok
         2 1 gone 0
         3 1 alice: ok
         4 1 hook alice: ok
         5 1 hook Fox: ok",
        &expect![[r#"
            0 1 alice: ok                  -
            1 1 hook alice: ok             -
            2 1 gone 0                     -
            3 1 alice: ok                  waits
            4 1 hook alice: ok             -
            5 1 hook Fox: ok               -
        "#]],
    );
}

#[test]
fn under_other_names_it_takes_three() {
    check(
        "0 1 alice: one
         1 2 hook Bridge: one
         2 1 alice: two
         3 2 hook Bridge: two
         4 1 alice: three
         5 2 hook Bridge: three
         6 1 alice: four
         7 2 hook Bridge: four",
        &expect![[r#"
            0 1 alice: one                 -
            1 2 hook Bridge: one           -
            2 1 alice: two                 -
            3 2 hook Bridge: two           -
            4 1 alice: three               -
            5 2 hook Bridge: three         hook 6 is a mirror
            6 1 alice: four                -
            7 2 hook Bridge: four          -
        "#]],
    );
}

#[test]
fn chance_is_no_proof() {
    check(
        "0 1 alice: ok
         1 2 hook Bot: ok
         700 1 alice: ok
         701 2 hook Bot: ok
         1400 1 alice: ok
         1401 2 hook Bot: ok
         2000 1 alice: thanks
         2090 2 hook alice: thanks
         3000 1 hook News: a release
         3001 2 hook News: a release",
        &expect![[r#"
            0 1 alice: ok                  -
            1 2 hook Bot: ok               -
            700 1 alice: ok                -
            701 2 hook Bot: ok             -
            1400 1 alice: ok               -
            1401 2 hook Bot: ok            -
            2000 1 alice: thanks           -
            2090 2 hook alice: thanks      -
            3000 1 hook News: a release    -
            3001 2 hook News: a release    -
        "#]],
    );
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut company = Company::default();
    for number in 0..3 * AUTHORS_MAX {
        let (seconds, name) = (number as f64, "x".repeat(number % 2_000));
        company.hear(&event(&format!("{seconds} {number} alice: {number}")));
        company.hear(&event(&format!("{seconds} {} hook {name}: {number}", number + 1)));
        company.hear(&event(&format!("{seconds} {number} gone {seconds}")));
    }
    assert!(company.channels.len() <= CHANNELS_MAX && company.authors.len() <= AUTHORS_MAX);
    assert!(company.words.values().all(|words| words.len() <= WORDS_MAX));
    assert!(company.waiting.len() <= WAITING_MAX);
}
