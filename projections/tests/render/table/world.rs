//! A small mirror: dispatches are captured and folded, every link is brought to what it is owed, without waiting.

use events::capture::{Context, Dispatch, Me, Member, Systems, ThreadAt, capture};
use events::event::{Attachment, GoneBy, Outcome, Service};
use events::event::{Linked, Place, Receipt, Shown};
use events::{
    ApplicationId, Body, ChannelId, Event, EventId, GuildId, MessageId, MirrorId, Producer, RoleId, UserId,
    Version, WebhookId,
};
use projections::deliver::{self, Next, Scope, Touch};
use projections::fold::Fold;
use projections::lane::{Deed, Receipted, Work};
use projections::render::Rendered;
use projections::settings::Settings;
use projections::views::memory::MemoryViews;
use projections::{Generation, Views};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MIRROR: MirrorId = MirrorId(uuid::Uuid::from_u128(1));
const GENERATION: Generation = Generation(0);
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000;
/// The channels of the mirror; each lies in the guild of its tenth.
const CHANNELS: [u64; 4] = [10, 20, 30, 40];
/// The channel that is looked at.
const LOOKED_AT: ChannelId = ChannelId(30);

/// A mirror of four channels, everything said in which is shown in the others at once.
pub(super) struct World {
    views: MemoryViews,
    settings: Settings,
    runtime: tokio::runtime::Runtime,
    now: i64,
    shown: BTreeMap<(ChannelId, MessageId), Rendered>,
    /// Files that can be had.
    carried: Vec<u64>,
}

impl World {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let views = MemoryViews::new();
        let mut world = Self {
            views,
            settings: Settings::default(),
            runtime,
            now: START,
            shown: BTreeMap::new(),
            carried: Vec::new(),
        };
        for channel in CHANNELS {
            let name = format!("channel {channel}");
            let linked = Linked {
                guild: GuildId(channel / 10),
                parent: None,
                name,
                since: Linked::BEGINNING,
                publishes: true,
                receives: true,
                forum: false,
            };
            world.commands(ChannelId(channel), Body::Linked(linked));
        }
        world
    }

    /// What the channel looked at shows, in order.
    pub(super) fn shown(&self) -> impl Iterator<Item = (MessageId, &Rendered)> {
        self.shown
            .iter()
            .filter(|((channel, _), _)| *channel == LOOKED_AT)
            .map(|((_, copy), part)| (*copy, part))
    }

    /// One dispatch, or a command: `{"cut": 40}`, `{"carried": [1, 2]}`.
    pub(super) fn hears(&mut self, line: &str) {
        let patch: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        if let Some(channel) = patch.get("cut") {
            return self.commands(ChannelId(channel.as_u64().unwrap()), Body::Cut);
        }
        if let Some(ids) = patch.get("carried") {
            self.carried = serde_json::from_value(ids.clone()).unwrap();
            return;
        }
        self.now += 1_000_000;
        let kind = patch.get("t").and_then(Value::as_str).unwrap_or("MESSAGE_CREATE").to_owned();
        let payload = if kind == "MESSAGE_DELETE" { patch } else { message(patch) };
        let dispatch = Dispatch { kind: &kind, data: &payload.to_string() };
        let captured = capture(&dispatch, &Names, Version(self.now)).unwrap();
        for event in captured.events {
            self.fold(&event);
            if let Touch::Message(id) = deliver::touch(&event) {
                CHANNELS.iter().for_each(|channel| self.settle(ChannelId(*channel), id));
            }
        }
    }

    fn commands(&mut self, channel: ChannelId, body: Body) {
        self.now += 1_000_000;
        let place = Place { service: Service::Discord, channel, message: MessageId(0) };
        let id = EventId(uuid::Uuid::from_u64_pair(channel.0, self.now.unsigned_abs()));
        let version = Version(self.now);
        let producer = Producer::default();
        self.fold(&Event {
            id,
            mirror: MIRROR,
            place,
            version,
            observed: version,
            producer,
            body,
            raw: <_>::default(),
        });
        self.settings = self.runtime.block_on(Settings::load(&self.views, MIRROR, GENERATION)).unwrap();
    }

    fn fold(&mut self, event: &Event) {
        let mut fold = Fold::new(GENERATION);
        fold.add(event);
        self.runtime.block_on(self.views.commit(fold.into_changes(), None)).unwrap();
    }

    /// Does what is owed until nothing is.
    fn settle(&mut self, link: ChannelId, message: MessageId) {
        for _ in 0..100 {
            let carry = |_, files: &[Attachment]| {
                files.iter().map(|file| file.id).filter(|id| self.carried.contains(id)).collect::<Vec<_>>()
            };
            let scope = Scope {
                views: &self.views,
                mirror: MIRROR,
                generation: GENERATION,
                link,
                settings: &self.settings,
                carry: &carry,
            };
            match self.runtime.block_on(deliver::next(scope, message, None)).unwrap() {
                Next::Nothing => return,
                Next::Work(work) => self.does(link, *work),
                Next::Unsettled => panic!("nobody was patient"),
            }
        }
        panic!("no end of work");
    }

    /// Copies have ids that can be told: that of the source, the part, and the tenth of the channel.
    fn does(&mut self, link: ChannelId, work: Work) {
        let Work { place, deed, part, shown, rendered, .. } = work;
        let shown = Outcome::Shown(Shown { webhook: WebhookId(77), ..shown });
        let (copy, outcome) = match deed {
            Deed::Create => (MessageId(place.message.0 + u64::from(part) * 10 + link.0 / 10), shown),
            Deed::Edit(copy) => (copy, shown),
            Deed::Delete(copy) => (copy, Outcome::Gone(GoneBy::Us)),
            Deed::Notice | Deed::Thread(_) => panic!("a plan owes no notice, and nobody opened a thread"),
        };
        let before = self.shown.remove(&(link, copy));
        if let Some(mut rendered) = rendered {
            // A webhook cannot change these by an edit, and an edit sends no files.
            if let Some(Rendered { username, avatar_url, mut files, .. }) = before {
                let own: Vec<u64> = files.iter().map(|file| file.id).collect();
                let stays = rendered.keep.as_ref().and_then(|keep| keep.choose(&own));
                files.retain(|file| stays.as_ref().is_none_or(|stays| stays.contains(&file.id)));
                (rendered.username, rendered.avatar_url, rendered.files) = (username, avatar_url, files);
            }
            self.shown.insert((link, copy), *rendered);
        }
        self.now += 1;
        let receipted = Receipted {
            place,
            receipt: Receipt { link, part, copy, outcome, thread: None },
            version: Version(self.now),
        };
        self.fold(&deliver::receipt_event(MIRROR, &receipted, Version(self.now)));
    }
}

/// Ann's message 5000 in channel 10, with `patch` laid over it.
fn message(patch: Value) -> Value {
    let mut message = json!({
        "id": "5000", "channel_id": "10", "type": 0, "content": "", "attachments": [], "embeds": [], "mentions": [],
        "author": {"id": "70001234", "username": "ann", "global_name": "Ann", "avatar": null},
        "edited_timestamp": null, "flags": 0,
    });
    lay(&mut message, patch);
    let channel: u64 = message["channel_id"].as_str().unwrap().parse().unwrap();
    if message.get("guild_id").is_none() {
        message["guild_id"] = json!((channel / 10).to_string());
    }
    message
}

fn lay(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            over.into_iter().for_each(|(key, value)| lay(under.entry(key).or_insert(Value::Null), value));
        }
        (under, over) => *under = over,
    }
}

/// Who and what there is.
struct Names;

impl Context for Names {
    fn members(&self, channel: ChannelId) -> &[Member] {
        const MEMBER: [Member; 1] = [Member { mirror: MIRROR, publishes: true }];
        if CHANNELS.contains(&channel.0) { &MEMBER } else { &[] }
    }

    fn thread(&self, _: ChannelId) -> Option<ThreadAt> {
        None
    }

    fn tag_name(&self, _: ChannelId, _: u64) -> Option<&str> {
        None
    }

    fn is_ours(&self, webhook: WebhookId) -> bool {
        webhook.0 == 77
    }

    fn channel_name(&self, channel: ChannelId) -> Option<&str> {
        match channel.0 {
            10 => Some("general"),
            11 => Some("ru`l*es"),
            _ => None,
        }
    }

    fn role_name(&self, role: RoleId) -> Option<&str> {
        match role.0 {
            6 => Some("mods"),
            7 => Some("@everyone"),
            _ => None,
        }
    }

    fn me(&self) -> Me {
        Me { user: UserId(99), application: ApplicationId(98), systems: Systems::ALL }
    }
}
