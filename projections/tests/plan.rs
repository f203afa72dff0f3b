//! The plan between wanted and held, as one table.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use events::event::{Author, GoneBy, Linked, Said, Shown};
use events::{ChannelId, MessageId, UserId, Version, WebhookId};
use projections::message::{CreatedCell, Message};
use projections::render::{Rendered, Slots};
use projections::settings::{Ban, Link, Settings};
use projections::wanted::{Facts, Files, Held, HeldCopy, Plan, plan};

const LINK: ChannelId = ChannelId(2);
const AUTHOR: UserId = UserId(9);

/// Made at this time, in microseconds; versions are told from here.
fn made() -> i64 {
    source().made().0
}

fn source() -> MessageId {
    MessageId(5 << 32)
}

fn at(version: i64) -> Version {
    Version(made() + version)
}

/// A message whose text is split into parts at its bars, as of a version after it was made.
fn message(text: &str, version: i64) -> Message {
    let said = |text: &str| Said { text: text.to_owned(), ..Said::default() };
    let author = Author { id: AUTHOR, ..Author::default() };
    let cell = CreatedCell {
        thread: None,
        claimed: true,
        channel: ChannelId(1),
        author,
        said: Some(said("first")),
        reply_to: None,
        kind: 0,
    };
    let edited = Some((at(version), said(text)));
    Message { id: source(), created: Some((at(0), cell)), edited, ..Message::default() }
}

fn bars(message: &Message, slots: Slots) -> Vec<Rendered> {
    let texts: Vec<&str> = message.said().map_or("", |said| &said.text).split('|').collect();
    let count = match slots {
        Slots::Free => texts.len(),
        Slots::Fixed(count) => texts.len().min(usize::from(count)),
    };
    let part = |text: &&str| Rendered { content: (*text).to_owned(), ..Rendered::default() };
    texts.iter().take(count).map(part).collect()
}

fn settings() -> Settings {
    let linked = Linked { since: at(-1), receives: true, publishes: true, ..Linked::default() };
    let never = Version::default();
    let link = Link { linked, linked_at: at(-1), cut_at: never, restored_at: never };
    Settings { links: [(LINK, link)].into(), ..Settings::default() }
}

/// A copy that shows this message.
fn copy(part: u16, id: u64, of: &Message) -> HeldCopy {
    let shown = Shown {
        version: of.version(),
        hash: hash(of, part),
        webhook: WebhookId(7),
        last: false,
        files: Vec::new(),
    };
    HeldCopy { id: MessageId(id), part, shown: (of.version(), shown), gone: None, within: None }
}

/// The hash that the plan gives to a part: that of the create which is next when those before it are there.
fn hash(of: &Message, part: u16) -> u64 {
    let shown = Shown { version: at(0), hash: 1, webhook: WebhookId(7), last: false, files: Vec::new() };
    let before =
        |part| HeldCopy { id: MessageId(1), part, shown: (at(0), shown.clone()), gone: None, within: None };
    let held = Held { copies: (0..part).map(before).collect(), ..Held::default() };
    let settings = settings();
    let facts = Facts { message: of, link: LINK, held: &held, settings: &settings, needed: false };
    let parts = |_, _: Files<'_>| vec![Rendered::default(); usize::from(part) + 1];
    match plan(facts, parts) {
        Plan::Create(post) => post.hash,
        other => panic!("{other:?}"),
    }
}

fn last(copy: HeldCopy) -> HeldCopy {
    let shown = Shown { last: true, ..copy.shown.1 };
    HeldCopy { shown: (copy.shown.0, shown), ..copy }
}

fn gone(copy: HeldCopy, by: GoneBy, version: i64) -> HeldCopy {
    HeldCopy { gone: Some((at(version), by)), ..copy }
}

fn words(plan: &Plan) -> String {
    match plan {
        Plan::Nothing => "nothing".to_owned(),
        Plan::Create(post) => {
            format!("create {} {}{}", post.part, post.rendered.content, if post.last { " last" } else { "" })
        }
        Plan::Edit(copy, post) => {
            format!("edit {copy} {}{}", post.rendered.content, if post.last { " last" } else { "" })
        }
        Plan::Delete(copy, part) => format!("delete {copy} part {part}"),
    }
}

fn check(name: &str, message: &Message, held: &[HeldCopy], settings: &Settings, expected: &str) {
    check_held(name, message, &Held { copies: held.to_vec(), ..Held::default() }, settings, expected);
}

fn check_held(name: &str, message: &Message, held: &Held, settings: &Settings, expected: &str) {
    let facts = Facts { message, link: LINK, held, settings, needed: false };
    assert_eq!(words(&plan(facts, |slots, _| bars(message, slots))), expected, "{name}");
}

#[test]
fn keep() {
    use GoneBy::{Another, Us};
    let (now, set) = (message("a", 10), settings());
    let (older, newer) = (message("old", 5), message("new", 20));
    let three = message("a|b|c", 10);
    let one = |of: &Message| last(copy(0, 100, of));
    let (p0, p1) = (|| copy(0, 100, &three), || copy(1, 101, &three));
    let p2 = || last(copy(2, 102, &three));
    for (name, message, held, expected) in [
        ("none", &now, vec![], "create 0 a last"),
        ("none, in parts", &three, vec![], "create 0 a"),
        ("the rest", &three, vec![p0()], "create 1 b"),
        ("the last of it", &three, vec![p0(), p1()], "create 2 c last"),
        ("all there", &three, vec![p0(), p1(), p2()], "nothing"),
        ("in step", &now, vec![one(&now)], "nothing"),
        ("behind", &now, vec![one(&older)], "edit 100 a last"),
        ("an edit never goes back", &now, vec![one(&newer)], "nothing"),
        ("removed by another", &now, vec![gone(one(&now), Another, 15)], "nothing"),
        ("removed by another, then edited", &newer, vec![gone(one(&now), Another, 15)], "nothing"),
        ("an edit never creates", &three, vec![one(&older)], "edit 100 a last"),
        ("one part was removed by another", &three, vec![p0(), gone(p1(), Another, 15), p2()], "nothing"),
        (
            "a part is superfluous",
            &now,
            vec![copy(0, 100, &now), copy(1, 101, &older), last(copy(2, 102, &older))],
            "delete 102 part 2",
        ),
        ("incomplete, shrunk: the tail goes", &now, vec![p0(), p1()], "delete 101 part 1"),
        (
            "incomplete, shrunk: then the last is told",
            &now,
            vec![p0(), gone(p1(), Us, 15)],
            "edit 100 a last",
        ),
        ("incomplete, shrunk and grown", &three, vec![p0(), gone(p1(), Us, 15)], "create 1 b"),
        ("doubled", &now, vec![one(&now), HeldCopy { id: MessageId(105), ..one(&now) }], "delete 105 part 0"),
        (
            "doubled, one of them removed",
            &now,
            vec![one(&now), gone(HeldCopy { id: MessageId(105), ..one(&now) }, Us, 15)],
            "nothing",
        ),
    ] {
        check(name, message, &held, &set, expected);
    }
}

#[test]
fn gone_and_nothing() {
    let now = message("a|b", 10);
    let deleted = Message { deleted: Some(at(12)), ..now.clone() };
    let unknown = Message { created: None, ..now.clone() };
    let parts = [copy(0, 100, &now), last(copy(1, 101, &now))];
    let half = [parts[0].clone(), gone(parts[1].clone(), GoneBy::Us, 13)];
    let (open, mut cut, mut publishes, mut own) = (settings(), settings(), settings(), now.clone());
    cut.links.get_mut(&LINK).unwrap().cut_at = at(11);
    publishes.links.get_mut(&LINK).unwrap().linked.receives = false;
    own.created.as_mut().unwrap().1.channel = LINK;
    for (name, message, held, settings, expected) in [
        ("deleted, never sent", &deleted, &[][..], &open, "nothing"),
        ("deleted: tail first", &deleted, &parts[..], &open, "delete 101 part 1"),
        ("deleted: then the rest", &deleted, &half[..], &open, "delete 100 part 0"),
        ("author unknown", &unknown, &[][..], &open, "nothing"),
        ("author unknown, edited: no create", &unknown, &[][..], &open, "nothing"),
        ("cut", &now, &[][..], &cut, "nothing"),
        ("cut: a delete is not owed", &deleted, &parts[..], &cut, "nothing"),
        ("only publishes", &now, &[][..], &publishes, "nothing"),
        ("its own", &own, &[][..], &open, "nothing"),
        ("no such link", &now, &[][..], &Settings::default(), "nothing"),
    ] {
        check(name, message, held, settings, expected);
    }
}

#[test]
fn since_the_link_began() {
    let now = message("new", 20);
    let mut later = settings();
    later.links.get_mut(&LINK).unwrap().linked.since = at(1);
    check("before the link: not sent", &now, &[], &later, "nothing");
    let held = [last(copy(0, 100, &message("old", 5)))];
    check("before the link, but held: in step", &now, &held, &later, "edit 100 new last");
    let half = [copy(0, 100, &message("a|b", 5))];
    check("before the link, half sent: completed", &message("a|b", 5), &half, &later, "create 1 b last");
    later.links.get_mut(&LINK).unwrap().linked.since = at(0);
    check("at the link", &now, &[], &later, "create 0 new last");
}

#[test]
fn restored() {
    let now = message("a|b", 10);
    let (p0, p1) = (copy(0, 100, &now), last(copy(1, 101, &now)));
    let wiped = [gone(p0.clone(), GoneBy::Another, 20), gone(p1.clone(), GoneBy::Another, 21)];
    let mut set = settings();
    let mut restored_at = |version| {
        set.links.get_mut(&LINK).unwrap().restored_at = at(version);
        set.clone()
    };
    let all = |more: &[HeldCopy]| [&wiped[..], more].concat();
    let (q0, q1) = (copy(0, 200, &now), last(copy(1, 201, &now)));
    let by_part = |mut copies: Vec<HeldCopy>| {
        copies.sort_by_key(|copy| (copy.part, copy.id));
        copies
    };
    for (name, held, settings, expected) in [
        ("restored before the wipe", all(&[]), restored_at(19), "nothing"),
        ("restored between", all(&[]), restored_at(21), "nothing"),
        ("restored", all(&[]), restored_at(22), "create 0 a"),
        ("restored, half of it back", all(std::slice::from_ref(&q0)), restored_at(22), "create 1 b last"),
        ("restored, all back", all(&[q0.clone(), q1.clone()]), restored_at(22), "nothing"),
        (
            "removed again",
            all(&[gone(q0.clone(), GoneBy::Another, 30), gone(q1.clone(), GoneBy::Another, 30)]),
            restored_at(22),
            "nothing",
        ),
        (
            "and restored again",
            all(&[gone(q0.clone(), GoneBy::Another, 30), gone(q1.clone(), GoneBy::Another, 30)]),
            restored_at(31),
            "create 0 a",
        ),
        ("one part was left: stays as it is", vec![wiped[0].clone(), p1.clone()], restored_at(22), "nothing"),
        (
            "what we removed ourselves stays removed",
            vec![gone(p0.clone(), GoneBy::Us, 20), gone(p1.clone(), GoneBy::Us, 20)],
            restored_at(22),
            "nothing",
        ),
    ] {
        check(name, &now, &by_part(held), &settings, expected);
    }
}

#[test]
fn refused() {
    let now = message("a", 10);
    let held = |copies: &[HeldCopy], version| Held {
        copies: copies.to_vec(),
        refused: Some(at(version)),
        threads: vec![],
    };
    let one = last(copy(0, 100, &message("old", 5)));
    for (name, held, expected) in [
        ("at this version", held(&[], 10), "nothing"),
        ("at an older one", held(&[], 9), "create 0 a last"),
        ("an edit, at this version", held(std::slice::from_ref(&one), 10), "nothing"),
        ("an edit, at an older one", held(std::slice::from_ref(&one), 9), "edit 100 a last"),
    ] {
        check_held(name, &now, &held, &settings(), expected);
    }
}

#[test]
fn banned() {
    let now = message("a", 10);
    let one = [last(copy(0, 100, &now))];
    let bans = |bans: &[(i64, bool, bool)]| {
        let ban = |&(from, banned, purge): &(i64, bool, bool)| Ban { from: at(from), banned, purge };
        Settings { bans: [(AUTHOR, bans.iter().map(ban).collect())].into(), ..settings() }
    };
    for (name, held, settings, expected) in [
        ("banned before: not sent", &[][..], bans(&[(-5, true, false)]), "nothing"),
        ("banned before: what is there goes", &one[..], bans(&[(-5, true, false)]), "delete 100 part 0"),
        ("banned later: sent", &[][..], bans(&[(5, true, false)]), "create 0 a last"),
        ("banned later: stays", &one[..], bans(&[(5, true, false)]), "nothing"),
        ("purged later", &one[..], bans(&[(15, true, true)]), "delete 100 part 0"),
        (
            "purged before, unbanned before",
            &[][..],
            bans(&[(-9, true, true), (-5, false, false)]),
            "create 0 a last",
        ),
        ("unbanned later", &[][..], bans(&[(-5, true, false), (5, false, false)]), "nothing"),
        (
            "unbanned after a purge: stays removed",
            &one[..],
            bans(&[(5, true, true), (6, false, false)]),
            "delete 100 part 0",
        ),
    ] {
        check(name, &now, held, &settings, expected);
    }
}
