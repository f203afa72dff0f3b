//! Capture: dispatches in, events out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod errors;
mod ids;
mod law;
mod messages;
mod odd;
mod other;
mod said;
mod threads;

use events::capture::{CaptureError, Captured, Context, Dispatch, Me, Member, Systems, ThreadAt, capture};
use events::{ApplicationId, ChannelId, MirrorId, Place, RoleId, UserId, Version, WebhookId};
use expect_test::Expect;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// 2026-01-01T00:00:00Z.
const OBSERVED: Version = Version(1_767_225_600_000_000);

/// Channel 10 publishes to mirrors 1 and 2, 11 to mirror 1; 20 receives of mirror 1; others are not linked.
/// 40 is a thread of 10, 41 a private one, 20 has the thread 42. Webhook 77 is ours, user 99 and application 98 are us.
struct World {
    all_linked: bool,
    systems: Systems,
    links: [Member; 3],
}

fn world() -> World {
    let member = |number, publishes| Member { mirror: mirror(number), publishes };
    World {
        all_linked: false,
        systems: Systems::NONE,
        links: [member(1, true), member(2, true), member(1, false)],
    }
}

fn mirror(number: u128) -> MirrorId {
    MirrorId(uuid::Uuid::from_u128(number))
}

impl Context for World {
    fn members(&self, channel: ChannelId) -> &[Member] {
        match channel.0 {
            10 => &self.links[..2],
            11 => &self.links[..1],
            20 => &self.links[2..],
            _ if self.all_linked => &self.links[..1],
            _ => &[],
        }
    }

    fn thread(&self, channel: ChannelId) -> Option<ThreadAt> {
        let at = |parent, kind| Some(ThreadAt { parent: ChannelId(parent), kind });
        match channel.0 {
            40 => at(10, 11),
            41 => at(10, 12),
            42 => at(20, 11),
            _ => None,
        }
    }

    fn tag_name(&self, forum: ChannelId, tag: u64) -> Option<&str> {
        (forum.0 == 10 && tag == 8).then_some("bug")
    }

    fn is_ours(&self, webhook: WebhookId) -> bool {
        webhook.0 == 77
    }

    fn channel_name(&self, channel: ChannelId) -> Option<&str> {
        (channel.0 == 10).then_some("general")
    }

    fn role_name(&self, role: RoleId) -> Option<&str> {
        (role.0 == 5).then_some("mods")
    }

    fn me(&self) -> Me {
        Me { user: UserId(99), application: ApplicationId(98), systems: self.systems }
    }
}

/// An ordinary message of channel 11, with `patch` laid over it; a null removes the field.
fn message(patch: Value) -> String {
    let mut message = json!({
        "id": "4194304", "channel_id": "11", "guild_id": "6", "type": 0, "content": "hi", "attachments": [],
        "author": {"id": "7", "username": "ann"}, "edited_timestamp": null,
    });
    let Value::Object(patch) = patch else { panic!("a patch is an object") };
    for (field, value) in patch {
        message[field] = value;
    }
    message.as_object_mut().unwrap().retain(|field, value| field == "edited_timestamp" || !value.is_null());
    message.to_string()
}

fn run(kind: &str, data: &str) -> Result<Captured, CaptureError> {
    capture(&Dispatch { kind, data }, &world(), OBSERVED)
}

/// What a result says, a line an event: mirror, place, version, body.
fn told(result: &Result<Captured, CaptureError>) -> String {
    let captured = match result {
        Err(error) => return format!("{error}\n"),
        Ok(captured) => captured,
    };
    let mut out = String::new();
    for event in &captured.events {
        let Place { channel, message, .. } = event.place;
        let number = event.mirror.0.as_u128();
        let version = if event.version == OBSERVED { "now".to_owned() } else { event.version.to_string() };
        writeln!(out, "m{number} {channel}/{message} @{version} {:?}", event.body).unwrap();
    }
    if let Some(echo) = captured.echo {
        writeln!(out, "{echo:?}").unwrap();
    }
    out
}

/// Events carry the payload as sent and our clock, whatever else they say.
#[expect(clippy::needless_pass_by_value, reason = "tables read better without a borrow")]
fn check(kind: &str, data: impl AsRef<str>, expected: Expect) {
    let data = data.as_ref();
    let result = run(kind, data);
    expected.assert_eq(&told(&result));
    for event in result.iter().flat_map(|captured| &captured.events) {
        assert_eq!((&event.raw[..], event.observed), (data.as_bytes(), OBSERVED));
    }
}
