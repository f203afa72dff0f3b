//! Ten thousand links: pages stay short and quick.

use crate::browser::browser;
use crate::house::{House, with_console};
use crate::stage::Stage;
use events::event::{Declared, Linked};
use events::log::{Durable, Log};
use events::{Body, ChannelId, Event, EventId, GuildId, MirrorId, Partition, Place, Producer, Version};
use mirror::clock::{Clock, Wall};
use mirror::sqlite::DataDir;
use std::time::{Duration, Instant};
use uuid::Uuid;

const MIRRORS: usize = 100;
const CHANNELS: usize = 100;
/// What a page may take on two busy cores, once the node has looked; it took 40 ms on quiet ones.
const QUICK: Duration = Duration::from_secs(2);

fn event(mirror: MirrorId, channel: u64, body: Body) -> Event {
    let version: Version = Wall.now();
    Event {
        id: EventId(Uuid::new_v4()),
        mirror,
        place: Place { channel: ChannelId(channel), ..Place::default() },
        version,
        observed: version,
        producer: Producer::default(),
        body,
        raw: bytes::Bytes::new(),
    }
}

/// Links in a guild that the bot is not in: a node has nothing to read there.
async fn link(stage: &Stage) {
    let directory = DataDir::open(&stage.data()).unwrap();
    for number in 0..MIRRORS {
        let id = MirrorId(Uuid::new_v4());
        let declared = event(id, 0, Body::Declared(Declared { name: format!("mirror-{number}") }));
        let linked = (0..CHANNELS).map(|channel| {
            let channel = (1_000_000 + number * CHANNELS + channel) as u64;
            let linked = Linked {
                guild: GuildId(77),
                parent: None,
                name: format!("room-{channel}"),
                since: Wall.now(),
                publishes: false,
                receives: true,
                forum: false,
            };
            event(id, channel, Body::Linked(linked))
        });
        let all = [declared].into_iter().chain(linked).collect();
        directory.log().append(Partition(0), all, Durable::Here).await.unwrap();
    }
    directory.close().await.unwrap();
}

#[tokio::test]
async fn ten_thousand_links_are_paged_found_and_quick() {
    let Some(mut browser) = browser().await else { return };
    let mut stage = Stage::new(0);
    with_console(&mut stage);
    link(&stage).await;
    let house = House::over(stage).await;
    house.enter(&mut browser).await;
    let (cookie, _) = house.session().await;
    let began = Instant::now();
    house.get("/", &[("cookie", &cookie)]).await;
    println!("the first look: {:?}", began.elapsed());
    for path in ["/", "/links", "/links?page=100", "/links?q=room-1009999", "/mirrors", "/quarantine"] {
        house.get(path, &[("cookie", &cookie)]).await;
        let began = Instant::now();
        let told = house.get(path, &[("cookie", &cookie)]).await;
        let (took, bytes) = (began.elapsed(), told.text.len());
        println!("{path}: {took:?}, {bytes} bytes");
        assert!(told.status.is_success() && bytes < 200_000, "{path}: {} with {bytes} bytes", told.status);
        assert!(took < QUICK, "{path} took {took:?}");
    }
    browser.open(&format!("{}/links?page=3", house.base)).await;
    assert_eq!(browser.run("document.querySelectorAll('tbody tr').length").await, 100);
    let pager = browser.run("document.querySelector('.pager').innerText").await;
    assert!(pager.as_str().unwrap().contains("10,000 links"), "{pager}");
    assert!(pager.as_str().unwrap().contains("Page 3 of 100"), "{pager}");
    browser.run("document.querySelector('[rel=next]').click()").await;
    browser
        .until(
            "the next page is there",
            "location.search === '?page=4' && document.readyState === 'complete'",
        )
        .await;
    browser.run("document.querySelector('#q').value = 'room-1009999'; document.querySelector('.filter').requestSubmit()").await;
    browser.until("it is found", "document.querySelectorAll('tbody tr').length === 1").await;
    let found = browser.run("document.querySelector('tbody th').innerText").await;
    assert!(found.as_str().unwrap().contains("room-1009999"), "{found}");
    browser.is_content("links").await;
    house.stop().await;
}
