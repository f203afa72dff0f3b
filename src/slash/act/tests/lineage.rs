//! What each guild is told of a message.

use super::*;
use events::event::{
    Author, Body, Created, Decor, Edited, Event, GoneBy, Outcome, Place, Producer, Receipt, Said, Shown,
};
use events::log::Durable;
use events::{MessageId, WebhookId};

/// Ann writes in channel 42, corrects it, and has copies in 43 and 52, of which a moderator removes one.
async fn written(stage: &Stage) -> MessageId {
    stage.act.links.reload().await.unwrap();
    let mirror = stage.act.links.now().all().next().unwrap().0;
    let message = MessageId::first_at(Version(1_764_003_600_000_000));
    let fact = |seconds: i64, body| {
        let version = Version(message.made().0 + seconds * 1_000_000);
        let place = Place { channel: ChannelId(42), message, ..Place::default() };
        let id = EventId(Uuid::from_u64_pair(9, seconds.unsigned_abs()));
        let (producer, raw) = (Producer::default(), bytes::Bytes::new());
        Event { id, mirror, place, version, observed: version, producer, body, raw }
    };
    let said = |text: &str| Said { text: text.into(), ..Said::default() };
    let author = Author { id: UserId(77), name: "Ann".into(), ..Author::default() };
    let created = Created {
        author,
        said: Some(said("good morning, **all** @everyone")),
        reply_to: None,
        decor: Decor::default(),
        kind: 0,
        thread: None,
    };
    let shown = || {
        let version = message.made();
        Outcome::Shown(Shown { version, hash: 1, webhook: WebhookId(9), last: true, files: Vec::new() })
    };
    let receipt = |link: u64, outcome| {
        let copy = MessageId(link * 100);
        Body::Receipt(Receipt { link: ChannelId(link), part: 0, copy, outcome, thread: None })
    };
    let events = vec![
        fact(0, Body::Created(created)),
        fact(1, receipt(43, shown())),
        fact(2, receipt(52, shown())),
        fact(3, Body::Edited(Edited { author: None, said: said("good evening") })),
        fact(4, receipt(43, Outcome::Gone(GoneBy::Another))),
    ];
    let Desk { ports, follow, .. } = &stage.act.desk;
    let partition = ports.partition(mirror);
    ports.log.append(partition, events, Durable::Here).await.unwrap();
    follow.caught_up(partition, ports.log.tail(partition).await.unwrap()).await.unwrap();
    message
}

/// Whoever may read and remove messages is told of those of their guild, and of others only what was shown there.
#[test]
fn a_lineage_tells_each_guild_its_own() {
    run(async {
        let stage = Stage::new().await;
        let request = asked(&stage).await;
        stage.says(4, 42, &link("lounge", Some("<#43>"))).await;
        stage.says(5, 52, &Wish::Answer { request, accept: true }).await;
        let message = written(&stage).await;
        let auditor = Powers(FULL.0 | Powers::MANAGE_MESSAGES.0);
        for (user, channel) in [(7, 42), (8, 52), (6, 62)] {
            stage.key(user, channel, Some(auditor));
        }
        let of = |message: String| Wish::Lineage { message };
        let address = format!("https://discord.com/channels/41/42/{message}");
        check(
            &stage,
            &[
                (7, 42, of(address.clone())),
                (7, 42, of("5200".to_owned())),
                (8, 52, of("5200".to_owned())),
                (4, 42, of(address.clone())),
                (6, 62, of(address.clone())),
                (7, 42, of("5".to_owned())),
            ],
            expect![[r#"
                7 in 42, lineage: By **Ann**, in <#42>, message 1442560396492800000.
                    2025-11-24T17:00:00.000Z created: good morning, \*\*all\*\* @everyone
                    2025-11-24T17:00:03.000Z edited: good evening
                    copy 4300 in <#43> was removed by somebody
                    one copy elsewhere
                7 in 42, lineage: By **Ann**, in <#42>, message 1442560396492800000.
                    2025-11-24T17:00:00.000Z created: good morning, \*\*all\*\* @everyone
                    2025-11-24T17:00:03.000Z edited: good evening
                    copy 4300 in <#43> was removed by somebody
                    one copy elsewhere
                8 in 52, lineage: By **Ann**, elsewhere, message 1442560396492800000.
                    2025-11-24T17:00:00.000Z created
                    2025-11-24T17:00:03.000Z edited
                    copy 5200 in <#52> is there
                    one copy elsewhere
                4 in 42, lineage: You need Manage Messages in that channel to do this.
                6 in 62, lineage: No mirror of this server knows such a message.
                7 in 42, lineage: No mirror of this server knows such a message.
            "#]],
        )
        .await;
    });
}
