//! Copies, refusals, sources and revisions, read from views that folded their events in any order.

#![allow(clippy::unwrap_used, reason = "tests")]

use events::event::{Edited, GoneBy, Outcome, Receipt, Said, Shown};
use events::{Body, ChannelId, Event, EventId, MessageId, MirrorId, Place, Producer, Version, WebhookId};
use projections::copies::{CopySource, copies_in, copies_of, source_of};
use projections::fold::Fold;
use projections::revisions::revisions_of;
use projections::sample::Dice;
use projections::views::memory::MemoryViews;
use projections::{Generation, Views};
use uuid::Uuid;

const MIRROR: MirrorId = MirrorId(Uuid::from_u64_pair(4, 4));
const GENERATION: Generation = Generation(2);
const SOURCE: MessageId = MessageId(5 << 40);

/// A copy in another hour than its source.
fn copy(number: u64) -> MessageId {
    MessageId((6 << 40) + (number << 36))
}

fn event(number: u64, message: MessageId, version: i64, body: Body) -> Event {
    Event {
        id: EventId(Uuid::from_u64_pair(number, number)),
        mirror: MIRROR,
        place: Place { message, ..Place::default() },
        version: Version(version),
        observed: Version(0),
        producer: Producer::default(),
        body,
        raw: bytes::Bytes::new(),
    }
}

fn receipt(version: i64, link: u64, copy: MessageId, outcome: Outcome) -> Event {
    event(
        0,
        SOURCE,
        version,
        Body::Receipt(Receipt { link: ChannelId(link), part: 0, copy, outcome, thread: None }),
    )
}

fn shown(version: i64) -> Shown {
    Shown { version: Version(version), hash: 1, webhook: WebhookId(1), last: true, files: Vec::new() }
}

/// The same in every one of some orders.
async fn folded(mut events: Vec<Event>, check: impl AsyncFn(&dyn Views)) {
    let mut dice = Dice::new(events.len() as u64);
    for _ in 0..24 {
        dice.shuffle(&mut events);
        let views = MemoryViews::new();
        for event in &events {
            let mut fold = Fold::new(GENERATION);
            fold.add(event);
            views.commit(fold.into_changes(), None).await.unwrap();
        }
        check(&views).await;
    }
}

/// Who removed a copy: receipts say `us` or `another`, Discord's own event always `another`.
#[tokio::test]
async fn gone_by() {
    let delete = |version| event(1, copy(1), version, Body::Deleted);
    let gone = |version, by| receipt(version, 7, copy(1), Outcome::Gone(by));
    for (events, wanted) in [
        (vec![], None),
        (vec![delete(9)], Some((9, GoneBy::Another))),
        (vec![gone(5, GoneBy::Us)], Some((5, GoneBy::Us))),
        (vec![gone(5, GoneBy::Us), delete(9)], Some((5, GoneBy::Us))),
        (vec![gone(9, GoneBy::Us), delete(5)], Some((9, GoneBy::Us))),
        (vec![gone(5, GoneBy::Another)], Some((5, GoneBy::Another))),
        (vec![gone(5, GoneBy::Another), gone(5, GoneBy::Us)], Some((5, GoneBy::Us))),
        (vec![gone(5, GoneBy::Another), delete(9)], Some((9, GoneBy::Another))),
        (vec![event(2, copy(2), 9, Body::Deleted)], None),
    ] {
        let all = [vec![receipt(3, 7, copy(1), Outcome::Shown(shown(2)))], events].concat();
        folded(all.clone(), async |views| {
            let found = copies_in(views, MIRROR, GENERATION, SOURCE, ChannelId(7)).await.unwrap();
            let wanted = wanted.map(|(version, by)| (Version(version), by));
            assert_eq!(found.copies.len(), 1);
            assert_eq!(found.copies[0].gone, wanted, "{all:?}");
            assert_eq!(found.copies[0].is_live(), wanted.is_none());
            assert_eq!(found.copies[0].shown, Some((Version(3), shown(2))));
        })
        .await;
    }
}

/// Each link has its own copies and refusals; a copy leads back to its source.
#[tokio::test]
async fn links_and_sources() {
    let refused = |version| Outcome::Refused { version: Version(version), reason: "no".into() };
    let events = vec![
        receipt(1, 7, copy(1), Outcome::Shown(shown(1))),
        receipt(2, 7, copy(1), Outcome::Shown(shown(4))),
        receipt(3, 7, copy(2), Outcome::Shown(shown(1))),
        receipt(4, 8, MessageId(0), refused(1)),
        receipt(5, 8, MessageId(0), refused(2)),
        receipt(6, 9, copy(3), Outcome::Gone(GoneBy::Another)),
        event(
            0,
            MessageId(SOURCE.0 + 1),
            1,
            Body::Receipt(Receipt {
                link: ChannelId(7),
                part: 0,
                copy: copy(4),
                outcome: Outcome::Shown(shown(1)),
                thread: None,
            }),
        ),
    ];
    folded(events, async |views| {
        let of = copies_of(views, MIRROR, GENERATION, SOURCE).await.unwrap();
        let ids: Vec<_> = of.copies.iter().map(|one| (one.link.0, one.id)).collect();
        assert_eq!(ids, [(7, copy(1)), (7, copy(2)), (9, copy(3))]);
        assert_eq!(of.copies[0].shown, Some((Version(2), shown(4))));
        assert_eq!(of.copies[2].shown, None);
        let refused: Vec<_> =
            of.refused.iter().map(|one| (one.link.0, one.at.0, one.cell.version.0)).collect();
        assert_eq!(refused, [(8, 5, 2)]);
        let in_seven = copies_in(views, MIRROR, GENERATION, SOURCE, ChannelId(7)).await.unwrap();
        assert_eq!(in_seven.copies, of.copies[..2]);
        assert_eq!(in_seven.refused, []);
        for (id, wanted) in [(copy(1), Some(7)), (copy(3), Some(9)), (copy(9), None), (SOURCE, None)] {
            let found = source_of(views, MIRROR, GENERATION, id).await.unwrap();
            let source = |link| CopySource { source: SOURCE, link: ChannelId(link), part: 0, thread: None };
            assert_eq!(found, wanted.map(source), "{id}");
        }
        let elsewhere = source_of(views, MIRROR, Generation(0), copy(1)).await.unwrap();
        assert_eq!(elsewhere, None, "another build");
    })
    .await;
}

/// Edits and deletes by version; a delete seen by two nodes is one revision.
#[tokio::test]
async fn revisions() {
    let edited = |number, version, text: &str| {
        let said = Said { text: text.into(), ..Said::default() };
        event(number, SOURCE, version, Body::Edited(Edited { author: None, said }))
    };
    let events = vec![
        edited(1, 20, "two"),
        edited(2, 10, "one"),
        edited(2, 10, "one"),
        event(3, SOURCE, 31, Body::Deleted),
        event(3, SOURCE, 30, Body::Deleted),
        event(4, MessageId(SOURCE.0 + 1), 5, Body::Deleted),
    ];
    folded(events, async |views| {
        let found = revisions_of(views, MIRROR, GENERATION, SOURCE).await.unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|one| {
                (one.version.0, one.event.0.as_u128() as u8, one.said.as_ref().map(|said| &*said.text))
            })
            .collect();
        assert_eq!(found, [(10, 2, Some("one")), (20, 1, Some("two")), (30, 3, None)]);
    })
    .await;
}
