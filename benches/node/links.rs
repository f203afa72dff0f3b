//! Mirrors and links, written straight onto the log of a data directory, before a node runs over it.

use events::event::{Declared, Linked};
use events::log::{Durable, Log};
use events::{Body, ChannelId, Event, EventId, GuildId, MirrorId, Partition, Place, Producer, Version};
use mirror::clock::{Clock, Wall};
use mirror::sqlite::DataDir;
use std::path::Path;
use uuid::Uuid;

/// One channel, with its guild.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channel {
    pub(crate) guild: u64,
    pub(crate) id: u64,
}

/// Links every group of channels to a mirror of its own.
pub(crate) async fn link(data: &Path, groups: &[Vec<Channel>]) {
    const BATCH: usize = 1000;
    let directory = DataDir::open(data).expect("an open data directory");
    for batch in events(groups).chunks(BATCH) {
        directory.log().append(Partition(0), batch.to_vec(), Durable::Here).await.expect("appended");
    }
    directory.close().await.expect("closed");
}

/// What makes them.
pub(crate) fn events(groups: &[Vec<Channel>]) -> Vec<Event> {
    groups.iter().enumerate().flat_map(|(number, group)| mirror(number, group)).collect()
}

fn mirror(number: usize, channels: &[Channel]) -> Vec<Event> {
    let id = MirrorId(Uuid::new_v4());
    let declared = event(id, 0, Body::Declared(Declared { name: format!("mirror-{number}") }));
    let linked = channels.iter().map(|channel| {
        let linked = Linked {
            guild: GuildId(channel.guild),
            parent: None,
            name: format!("room-{}", channel.id),
            since: Wall.now(),
            publishes: true,
            receives: true,
            forum: false,
        };
        event(id, channel.id, Body::Linked(linked))
    });
    [declared].into_iter().chain(linked).collect()
}

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
