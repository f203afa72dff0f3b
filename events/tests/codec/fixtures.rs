//! Frozen records, `tests/fixtures/v<format>/*.hex`: added to, never changed.
//!
//! `MIRROR_FIXTURES=write` writes those that are missing; one that is there is never written again.
//! The `.txt` beside each is the event as Rust shows it; only there may an appended field show its default.

use crate::event;
use bytes::Bytes;
use events::event::*;
use events::*;
use expect_test::expect_file;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[test]
fn each_record_decodes_for_ever() {
    let mut letters = Vec::new();
    for path in [hex_files(1), hex_files(2), hex_files(3)].concat() {
        let event = codec::decode(&Bytes::from(unhex(&fs::read_to_string(&path).unwrap()))).unwrap();
        letters.push(event.body.letter());
        expect_file![path.with_extension("txt")].assert_eq(&format!("{event:#?}\n"));
    }
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(letters, *b"CDEGKLMOPRSTVXY", "every letter has a record");
}

/// What is written is what is frozen: a change of the bytes needs a new format. What format 1 can hold is
/// written in format 1, so that an older node reads it.
#[test]
fn the_encoder_writes_the_frozen_bytes() {
    assert_eq!(codec::FORMAT, 3, "keep the old fixtures, write new ones for the new format");
    for (format, events) in [(1, events()), (2, threads()), (3, consents())] {
        for (name, event) in &events {
            let mut record = Vec::new();
            codec::encode(event, &mut record).unwrap();
            assert_eq!(record[0], format, "{name}: the oldest format that can hold it");
            let path = folder(format).join(name).with_extension("hex");
            if !path.exists() && env::var("MIRROR_FIXTURES").as_deref() == Ok("write") {
                fs::write(&path, hex(&record)).unwrap();
            }
            let frozen = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(hex(&record), frozen, "{name}: the bytes of format {format} are frozen");
        }
        assert_eq!(events.len(), hex_files(format).len(), "every fixture has its event here");
    }
}

/// What format 3 brought.
fn consents() -> Vec<(&'static str, Event)> {
    let terms =
        Terms { from: ChannelId(61), guild: GuildId(62), publishes: true, receives: false, backfill: true };
    let consent = |step| {
        Body::Consent(Consent {
            request: EventId(uuid::Uuid::from_u128(63)),
            by: UserId(64),
            guild: GuildId(65),
            step,
        })
    };
    vec![
        ("consent_asked", event(consent(ConsentStep::Asked(terms)), b"{}")),
        ("consent_accepted", event(consent(ConsentStep::Accepted), b"")),
        ("consent_refused", event(consent(ConsentStep::Refused), b"")),
        ("consent_withdrawn", event(consent(ConsentStep::Withdrawn), b"")),
        ("consent_denied", event(consent(ConsentStep::Denied("no rights there".into())), b"")),
    ]
}

/// What format 2 brought.
fn threads() -> Vec<(&'static str, Event)> {
    let thread = Thread {
        name: "déjà vu".into(),
        kind: 11,
        archived: true,
        locked: false,
        tags: vec!["bug".into(), "🙂".into()],
        owner: UserId(51),
        deleted: false,
    };
    let deleted = Thread { deleted: true, ..Thread::default() };
    let said = Some(Said { text: "in it".into(), ..Said::default() });
    let created = Created { said, thread: Some(ChannelId(52)), ..plain() };
    let again = Refreshed { created: Some(created.clone()), decor: decor() };
    let receipt = |outcome| Body::Receipt(receipt(outcome));
    let within = Receipt { thread: Some(ChannelId(54)), ..self::receipt(Outcome::Gone(GoneBy::Us)) };
    let files = vec![11, u64::MAX];
    let shown = Shown { version: Version(33), hash: 1, webhook: WebhookId(34), last: true, files };
    let post = ThreadShown { version: Version(37), hash: 38 };
    let posted = Outcome::Posted { shown: shown.clone(), post };
    let bare = Outcome::Posted { shown: Shown { files: vec![], ..shown.clone() }, post };
    let forum = Linked { name: "ideas".into(), forum: true, ..Linked::default() };
    let threaded = Outcome::Threaded(ThreadShown { version: Version(53), hash: u64::MAX });
    let voice =
        Said { attachments: vec![Attachment { seconds: Some(12), ..attachment() }], ..Said::default() };
    let terms = Some(PollTerms { multiple: true, ends: Version(36) });
    let poll = Said { poll: Some(Poll { terms, ..Poll::default() }), ..Said::default() };
    let stickers = vec![Sticker { id: 12, name: "wave".into(), format: 3 }];
    let forward = Said { forward: Some(Forward { stickers, ..Forward::default() }), ..Said::default() };
    let rich = |said| Body::Created(Created { said: Some(said), ..plain() });
    let edited = Body::Edited(Edited { author: None, said: poll.clone() });
    vec![
        ("created_voice", event(rich(voice), b"{}")),
        ("created_poll_terms", event(rich(poll), b"{}")),
        ("created_forward_sticker", event(rich(forward), b"{}")),
        ("edited_poll_terms", event(edited, b"{}")),
        ("thread", event(Body::Thread(thread), b"{}")),
        ("thread_deleted", event(Body::Thread(deleted), b"{}")),
        ("created_in_thread", event(Body::Created(created), b"{}")),
        ("refreshed_in_thread", event(Body::Refreshed(again), b"{}")),
        ("receipt_files", event(receipt(Outcome::Shown(shown)), b"")),
        ("receipt_threaded", event(receipt(threaded), b"")),
        ("receipt_in_thread", event(Body::Receipt(within), b"")),
        ("receipt_posted", event(receipt(posted), b"")),
        ("receipt_posted_bare", event(receipt(bare), b"")),
        ("linked_forum", event(Body::Linked(forum), b"")),
    ]
}

fn receipt(outcome: Outcome) -> Receipt {
    Receipt { link: ChannelId(31), part: 2, copy: MessageId(32), outcome, thread: None }
}

fn plain() -> Created {
    Created { author: author(), said: None, reply_to: None, decor: Decor::default(), kind: 0, thread: None }
}

fn events() -> Vec<(&'static str, Event)> {
    let mut events = messages();
    events.extend(receipts());
    events.extend(settings());
    events.push(("extremes", extremes()));
    events
}

fn messages() -> Vec<(&'static str, Event)> {
    let created = Created { said: Some(said()), decor: decor(), ..plain() };
    let quote = Some(Quote { author: "Bo".into(), text: "did it?".into() });
    let reply_to =
        Some(ReplyTo { channel: ChannelId(21), message: MessageId(22), guild: GuildId(23), quote });
    let yes = Said { text: "yes".into(), ..Said::default() };
    let reply = Created { said: Some(yes), reply_to, kind: 19, ..plain() };
    let untold = Created { said: None, ..reply.clone() };
    let webhook = Author { avatar: None, kind: AuthorKind::Webhook, ..author() };
    let again = Refreshed { created: Some(reply.clone()), decor: decor() };
    vec![
        ("created", event(Body::Created(created), br#"{"id":"3","content":"hi"}"#)),
        ("created_reply", event(Body::Created(reply), b"{}")),
        ("created_untold", event(Body::Created(untold), b"{}")),
        ("edited", event(Body::Edited(Edited { author: Some(webhook), said: said() }), b"{}")),
        ("edited_by_nobody", event(Body::Edited(Edited { author: None, said: said() }), b"{}")),
        ("refreshed", event(Body::Refreshed(Refreshed { created: None, decor: decor() }), b"{}")),
        ("refreshed_again", event(Body::Refreshed(again), b"{}")),
        ("deleted", event(Body::Deleted, br#"{"id":"3"}"#)),
        ("other", event(Body::Other(Other { kind: "MESSAGE_REACTION_ADD".into() }), b"{}")),
    ]
}

fn receipts() -> Vec<(&'static str, Event)> {
    let receipt = |outcome| Body::Receipt(receipt(outcome));
    let shown =
        Shown { version: Version(33), hash: u64::MAX, webhook: WebhookId(34), last: true, files: vec![] };
    let refused = Outcome::Refused { version: Version(35), reason: "Cannot send an empty message".into() };
    vec![
        ("receipt_shown", event(receipt(Outcome::Shown(shown)), b"")),
        ("receipt_gone_by_us", event(receipt(Outcome::Gone(GoneBy::Us)), b"")),
        ("receipt_gone_by_another", event(receipt(Outcome::Gone(GoneBy::Another)), b"")),
        ("receipt_refused", event(receipt(refused), b"")),
    ]
}

fn settings() -> Vec<(&'static str, Event)> {
    let linked = Linked {
        guild: GuildId(41),
        parent: None,
        name: "général".into(),
        since: Linked::BEGINNING,
        publishes: true,
        receives: false,
        forum: false,
    };
    let thread = Linked { parent: Some(ChannelId(42)), since: Version(43), receives: true, ..linked.clone() };
    let grant = |purge| Grant { user: UserId(44), role: Grant::BANNED.into(), purge };
    let gap = Gap { from: MessageId(45), to: MessageId(46), cause: "more than 1000 messages".into() };
    vec![
        ("declared", event(Body::Declared(Declared { name: "games".into() }), b"")),
        ("linked", event(Body::Linked(linked), b"")),
        ("linked_thread", event(Body::Linked(thread), b"")),
        ("cut", event(Body::Cut, b"")),
        ("restored", event(Body::Restored, b"")),
        ("role_granted", event(Body::RoleGranted(grant(true)), b"")),
        ("role_revoked", event(Body::RoleRevoked(grant(false)), b"")),
        ("gap", event(Body::Gap(gap), b"")),
    ]
}

/// The greatest of everything, and a payload that is no text.
fn extremes() -> Event {
    let place = Place { service: Service::Discord, channel: ChannelId(u64::MAX), message: MessageId(0) };
    Event {
        id: EventId(uuid::Uuid::max()),
        version: Version(i64::MIN),
        observed: Version(i64::MAX),
        producer: Producer { node: "a-0123456789-zzz".parse().unwrap(), seq: u64::MAX },
        place,
        ..event(Body::Declared(Declared { name: "\u{0}\u{10ffff} 🙂 \"".into() }), &[0, 0xff, 1, 0xc1])
    }
}

fn author() -> Author {
    let avatar = Some("avatars/7/a1b2".into());
    Author { id: UserId(7), name: "Ann É".into(), username: "ann".into(), avatar, kind: AuthorKind::Bot }
}

fn said() -> Said {
    Said {
        text: "look: <@8> <#9> <@&10>\n🙂".into(),
        attachments: vec![attachment()],
        stickers: vec![Sticker { id: 12, name: "wave".into(), format: 4 }],
        embeds: vec![r#"{"type":"rich","title":"t"}"#.into()],
        poll: Some(Poll {
            question: "when?".into(),
            answers: vec!["now".into(), "later".into()],
            terms: None,
        }),
        forward: Some(Forward {
            text: "seen".into(),
            attachments: vec![Attachment { content_type: None, description: None, ..attachment() }],
            embeds: vec!["{}".into()],
            stickers: vec![],
        }),
        names: Names {
            users: vec![(UserId(8), "Bo".into())],
            channels: vec![(ChannelId(9), "general".into())],
            roles: vec![(RoleId(10), "mods".into())],
        },
    }
}

fn attachment() -> Attachment {
    Attachment {
        id: 11,
        name: "cat.png".into(),
        url: "https://cdn.example/11/cat.png?ex=1&is=2&hm=3".into(),
        size: 70_000,
        content_type: Some("image/png".into()),
        description: Some("a cat".into()),
        seconds: None,
    }
}

fn decor() -> Decor {
    Decor { embeds: vec![r#"{"type":"link"}"#.into()], flags: 1 << 40, pinned: true }
}

fn folder(format: u8) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/v{format}"))
}

fn hex_files(format: u8) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(format)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "hex")).collect()
}

/// 32 bytes a line.
fn hex(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    bytes.chunks(32).map(line).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
