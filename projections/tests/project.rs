//! What each kind of event changes, as text: `bucket row column@version value`.

use events::event::{
    Author, Consent, ConsentStep, Created, Declared, Decor, Edited, Gap, GoneBy, Grant, Linked, Other,
    Outcome, Receipt, Refreshed, Said, Shown, Terms, Thread, ThreadShown,
};
use events::{
    Body, ChannelId, Event, EventId, GuildId, MessageId, MirrorId, Place, Producer, UserId, Version,
    WebhookId,
};
use expect_test::{Expect, expect};
use projections::key::RowKey;
use projections::settings::name_key;
use projections::{Change, Generation, project};
use std::fmt::Write;
use uuid::Uuid;

const MESSAGE: MessageId = MessageId(3_600_000 << 22);
const COPY: MessageId = MessageId((7_200_000 << 22) + 5);

fn event(body: Body) -> Event {
    Event {
        id: EventId(Uuid::from_u64_pair(0, 0xe)),
        mirror: MirrorId(Uuid::from_u64_pair(1, 2)),
        place: Place { channel: ChannelId(10), message: MESSAGE, ..Place::default() },
        version: Version(77),
        observed: Version(99),
        producer: Producer::default(),
        body,
        raw: bytes::Bytes::new(),
    }
}

fn show(changes: &[Change]) -> String {
    let mut text = String::new();
    for Change { key, column, register } in changes {
        assert_eq!(key.generation, if key.mirror.0.is_nil() { Generation(0) } else { Generation(4) });
        let row = match &key.row {
            RowKey::Message(id) => format!("message {id}"),
            RowKey::Copy { source, link, part, copy } => format!("copy {source} {link} {part} {copy}"),
            RowKey::Revision { message, version, event } => format!("revision {message} {version} {event}"),
            RowKey::CopyIndex(id) => format!("copy-index {id}"),
            RowKey::Setting { kind, key } => {
                let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{kind:?} {hex}")
            }
        };
        let value: serde_json::Value = register.read().unwrap_or_else(|| "unreadable".into());
        writeln!(text, "{} {row} {column:?}@{} {value}", key.bucket.0, register.version).unwrap_or_default();
    }
    text
}

/// Everything but producer, observation and payload counts, and only for the build asked for.
fn check(body: Body, wanted: &Expect) {
    let one = event(body);
    let mut changes = Vec::new();
    project(&one, Generation(4), &mut changes);
    wanted.assert_eq(&show(&changes));
    let producer = Producer { node: "other".parse().unwrap_or_default(), seq: 9 };
    let other = Event { observed: Version(-1), producer, raw: "{}".into(), ..one };
    let mut same = Vec::new();
    project(&other, Generation(4), &mut same);
    assert_eq!(same, changes, "observation, producer and payload enter no register");
}

fn author() -> Author {
    Author { id: UserId(3), name: " Ann".into(), username: "ann".into(), ..Author::default() }
}

fn said(text: &str) -> Said {
    Said { text: text.into(), ..Said::default() }
}

fn created(said: Option<Said>) -> Created {
    Created { author: author(), said, reply_to: None, decor: Decor::default(), kind: 0, thread: None }
}

fn receipt(copy: MessageId, outcome: Outcome) -> Body {
    Body::Receipt(Receipt { link: ChannelId(20), part: 1, copy, outcome, thread: None })
}

#[test]
fn messages() {
    check(
        Body::Created(created(Some(said("hi")))),
        &expect![[r#"
            1 message 15099494400000 Created@77 [true,10,[3," Ann","ann",null,"u"],["hi",[],[],[],null,null,[[],[],[]]],null,0]
            0 User 0000000000000003 Value@77 [3," Ann","ann",null]
            0 Name 482c89484cbd62c80000000000000003 Value@-77 null
            0 Bucket 00000001 Value@0 null
            1 message 15099494400000 Decor@77 [[],0,false]
        "#]],
    );
    check(
        Body::Created(created(None)),
        &expect![[r#"
            1 message 15099494400000 Created@77 [false,10,[3," Ann","ann",null,"u"],null,null,0]
            0 User 0000000000000003 Value@77 [3," Ann","ann",null]
            0 Name 482c89484cbd62c80000000000000003 Value@-77 null
            0 Bucket 00000001 Value@0 null
            1 message 15099494400000 Decor@77 [[],0,false]
        "#]],
    );
    check(
        Body::Edited(Edited { author: Some(author()), said: said("ho") }),
        &expect![[r#"
            1 message 15099494400000 Said@77 ["ho",[],[],[],null,null,[[],[],[]]]
            1 revision 15099494400000 77 00000000-0000-0000-0000-00000000000e Value@77 ["ho",[],[],[],null,null,[[],[],[]]]
            0 User 0000000000000003 Value@77 [3," Ann","ann",null]
            0 Bucket 00000001 Value@0 null
        "#]],
    );
    check(
        Body::Edited(Edited { author: None, said: said("ho") }),
        &expect![[r#"
            1 message 15099494400000 Said@77 ["ho",[],[],[],null,null,[[],[],[]]]
            1 revision 15099494400000 77 00000000-0000-0000-0000-00000000000e Value@77 ["ho",[],[],[],null,null,[[],[],[]]]
            0 Bucket 00000001 Value@0 null
        "#]],
    );
    let decor = Decor { flags: 4, pinned: true, embeds: vec!["{}".into()] };
    check(
        Body::Refreshed(Refreshed { created: None, decor: decor.clone() }),
        &expect![[r#"
            0 Bucket 00000001 Value@0 null
            1 message 15099494400000 Decor@77 [["{}"],4,true]
        "#]],
    );
    let full = Refreshed { created: Some(created(Some(said("answer")))), decor };
    check(
        Body::Refreshed(full),
        &expect![[r#"
            1 message 15099494400000 Created@77 [true,10,[3," Ann","ann",null,"u"],["answer",[],[],[],null,null,[[],[],[]]],null,0]
            0 User 0000000000000003 Value@77 [3," Ann","ann",null]
            0 Name 482c89484cbd62c80000000000000003 Value@-77 null
            0 Bucket 00000001 Value@0 null
            1 message 15099494400000 Decor@77 [["{}"],4,true]
        "#]],
    );
    check(
        Body::Deleted,
        &expect![[r#"
            1 message 15099494400000 Deleted@77 null
            1 revision 15099494400000 77 00000000-0000-0000-0000-00000000000e Value@77 null
            1 copy-index 15099494400000 Gone@77 "a"
            0 Bucket 00000001 Value@0 null
        "#]],
    );
}

#[test]
fn threads() {
    let thread =
        Thread { name: "plans".into(), kind: 11, archived: true, owner: UserId(3), ..Thread::default() };
    check(
        Body::Thread(thread),
        &expect![[r#"
        1 message 15099494400000 Thread@77 ["plans",11,true,false,[],3,false]
        0 Bucket 00000001 Value@0 null
    "#]],
    );
    let inside = Created { thread: Some(ChannelId(21)), ..created(None) };
    check(
        Body::Created(inside),
        &expect![[r#"
        1 message 15099494400000 Created@77 [false,10,[3," Ann","ann",null,"u"],null,null,0,21]
        0 User 0000000000000003 Value@77 [3," Ann","ann",null]
        0 Name 482c89484cbd62c80000000000000003 Value@-77 null
        0 Bucket 00000001 Value@0 null
        1 message 15099494400000 Decor@77 [[],0,false]
    "#]],
    );
}

#[test]
fn receipts() {
    let shown = Shown { version: Version(70), hash: 9, webhook: WebhookId(8), last: true, files: Vec::new() };
    check(
        receipt(COPY, Outcome::Shown(shown.clone())),
        &expect![[r#"
            1 copy 15099494400000 20 1 30198988800005 Shown@77 [70,9,8,true]
            0 Bucket 00000001 Value@0 null
            2 copy-index 30198988800005 Source@0 [15099494400000,20,1]
            0 Bucket 00000002 Value@0 null
        "#]],
    );
    check(
        receipt(MessageId(MESSAGE.0 + 1), Outcome::Shown(shown)),
        &expect![[r#"
            1 copy 15099494400000 20 1 15099494400001 Shown@77 [70,9,8,true]
            0 Bucket 00000001 Value@0 null
            1 copy-index 15099494400001 Source@0 [15099494400000,20,1]
        "#]],
    );
    check(
        receipt(COPY, Outcome::Gone(GoneBy::Us)),
        &expect![[r#"
            1 copy 15099494400000 20 1 30198988800005 Gone@77 "u"
            0 Bucket 00000001 Value@0 null
            2 copy-index 30198988800005 Source@0 [15099494400000,20,1]
            0 Bucket 00000002 Value@0 null
        "#]],
    );
    check(
        receipt(COPY, Outcome::Gone(GoneBy::Another)),
        &expect![[r#"
            1 copy 15099494400000 20 1 30198988800005 Gone@77 "a"
            0 Bucket 00000001 Value@0 null
            2 copy-index 30198988800005 Source@0 [15099494400000,20,1]
            0 Bucket 00000002 Value@0 null
        "#]],
    );
    check(
        receipt(COPY, Outcome::Threaded(ThreadShown { version: Version(70), hash: 9 })),
        &expect![[r#"
        1 copy 15099494400000 20 1 30198988800005 Thread@77 [70,9]
        0 Bucket 00000001 Value@0 null
    "#]],
    );
    let shown = Shown { version: Version(70), hash: 9, webhook: WebhookId(8), last: true, files: Vec::new() };
    let post = ThreadShown { version: Version(60), hash: 7 };
    let posted = Receipt {
        link: ChannelId(20),
        part: 0,
        copy: COPY,
        outcome: Outcome::Posted { shown, post },
        thread: Some(ChannelId(COPY.0)),
    };
    check(
        Body::Receipt(posted),
        &expect![[r#"
        1 copy 15099494400000 20 0 30198988800005 Thread@77 [60,7]
        1 copy 15099494400000 20 0 30198988800005 Shown@77 [70,9,8,true]
        0 Bucket 00000001 Value@0 null
        2 copy-index 30198988800005 Source@0 [15099494400000,20,0,30198988800005]
        0 Bucket 00000002 Value@0 null
    "#]],
    );
    let within = Receipt {
        link: ChannelId(20),
        part: 1,
        copy: COPY,
        outcome: Outcome::Gone(GoneBy::Us),
        thread: Some(ChannelId(21)),
    };
    check(
        Body::Receipt(within),
        &expect![[r#"
        1 copy 15099494400000 20 1 30198988800005 Gone@77 "u"
        0 Bucket 00000001 Value@0 null
        2 copy-index 30198988800005 Source@0 [15099494400000,20,1,21]
        0 Bucket 00000002 Value@0 null
    "#]],
    );
    let refused = Outcome::Refused { version: Version(70), reason: "50035".into() };
    check(
        receipt(COPY, refused),
        &expect![[r#"
            1 copy 15099494400000 20 1 0 Refused@77 [70,"50035"]
            0 Bucket 00000001 Value@0 null
        "#]],
    );
}

#[test]
fn settings() {
    check(
        Body::Declared(Declared { name: "news".into() }),
        &expect![[r#"
            0 Mirror  Value@77 "news"
            0 Mirror 00000000000000010000000000000002 Value@77 "news"
        "#]],
    );
    let linked = Linked { guild: GuildId(6), name: "general".into(), receives: true, ..Linked::default() };
    check(
        Body::Linked(linked),
        &expect![[r#"
            0 Link 000000000000000a Value@77 [6,null,"general",0,false,true]
        "#]],
    );
    check(
        Body::Cut,
        &expect![[r#"
            0 Link 000000000000000a Cut@77 null
        "#]],
    );
    check(
        Body::Restored,
        &expect![[r#"
            0 Link 000000000000000a Restored@77 null
        "#]],
    );
    let ban = Grant { user: UserId(3), role: "banned".into(), purge: true };
    check(
        Body::RoleGranted(ban.clone()),
        &expect![[r#"
            0 Role 0000000000000003000000000000004d0000000000000000000000000000000e Value@77 [true,[3,"banned",true]]
        "#]],
    );
    check(
        Body::RoleRevoked(ban),
        &expect![[r#"
            0 Role 0000000000000003000000000000004d0000000000000000000000000000000e Value@77 [false,[3,"banned",true]]
        "#]],
    );
    check(
        Body::Gap(Gap { from: MessageId(1), to: MessageId(2), cause: "lost".into() }),
        &expect![[r#"
            0 Gap 000000000000000a00000000000000010000000000000000000000000000000e Value@77 [1,2,"lost"]
        "#]],
    );
    check(Body::Other(Other { kind: "CHANNEL_PINS_UPDATE".into() }), &expect![[r#""#]]);
}

/// The first end of a request counts: its version is negative. An attempt that was denied changes nothing.
#[test]
fn requests() {
    let terms =
        Terms { from: ChannelId(1), guild: GuildId(2), publishes: true, receives: false, backfill: true };
    let step = |step| {
        let request = EventId(uuid::Uuid::from_u128(9));
        Body::Consent(Consent { request, by: UserId(3), guild: GuildId(4), step })
    };
    check(
        step(ConsentStep::Asked(terms)),
        &expect![[r#"
        0 Request 00000000000000000000000000000009 Value@77 [10,3,4,[1,2,true,false,true]]
    "#]],
    );
    check(
        step(ConsentStep::Accepted),
        &expect![[r#"
            0 Request 00000000000000000000000000000009 Restored@77 3
        "#]],
    );
    check(
        step(ConsentStep::Refused),
        &expect![[r#"
        0 Request 00000000000000000000000000000009 Cut@-77 ["n",3]
    "#]],
    );
    check(
        step(ConsentStep::Withdrawn),
        &expect![[r#"
        0 Request 00000000000000000000000000000009 Cut@-77 ["w",3]
    "#]],
    );
    check(step(ConsentStep::Denied("why".into())), &expect![[r#""#]]);
}

#[test]
fn names_that_differ_in_case_and_outer_space_are_one() {
    for (one, other, same) in
        [("Ann", "ann", true), (" Ann ", "aNN", true), ("Ann", "Anna", false), ("ÄRGER", "ärger", true)]
    {
        assert_eq!(name_key(one, UserId(1)) == name_key(other, UserId(1)), same, "{one:?} {other:?}");
        assert_ne!(name_key(one, UserId(1)), name_key(other, UserId(2)));
    }
}
