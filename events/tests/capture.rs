//! Capture: dispatches in, events out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use events::capture::*;
use events::event::*;
use events::*;
use expect_test::{Expect, expect};
use std::fmt::Write as _;

/// Channel 10 publishes to mirrors 1 and 2, channel 20 only receives (of mirror 1), 30 is not linked.
struct World {
    both: [Member; 2],
    receives: [Member; 1],
}

const OBSERVED: Version = Version(1_700_000_000_000_000);

fn mirror(number: u128) -> MirrorId {
    MirrorId(uuid::Uuid::from_u128(number))
}

impl Default for World {
    fn default() -> Self {
        let member = |number, publishes| Member { mirror: mirror(number), publishes };
        Self { both: [member(1, true), member(2, true)], receives: [member(1, false)] }
    }
}

impl Context for World {
    fn members(&self, channel: ChannelId) -> &[Member] {
        match channel.0 {
            10 => &self.both,
            20 => &self.receives,
            _ => &[],
        }
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
        Me { user: UserId(99), application: ApplicationId(98) }
    }
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

#[expect(clippy::needless_pass_by_value, reason = "tables read better without a borrow")]
fn check(kind: &str, data: &str, expected: Expect) {
    let result = capture(&Dispatch { kind, data }, &World::default(), OBSERVED);
    expected.assert_eq(&told(&result));
    for event in result.iter().flat_map(|captured| &captured.events) {
        assert_eq!(event.raw, data.as_bytes());
        assert_eq!(event.observed, OBSERVED);
    }
}

#[test]
fn a_message_is_created_in_each_mirror() {
    check(
        "MESSAGE_CREATE",
        r#"{"id":"4194304","channel_id":"10","guild_id":"6","content":"hi <#10> <@&5> <@8>","attachments":[],
            "author":{"id":"7","username":"ann","global_name":"Ann","avatar":"ab"},"member":{"nick":"A"},
            "mentions":[{"id":"8","username":"bob"}],"type":0}"#,
        expect![[r#"
            m1 10/4194304 @1420070400001000 Created(Created { author: Author { id: UserId(7), name: "A", username: "ann", avatar: Some("avatars/7/ab"), kind: User }, said: Some(Said { text: "hi <#10> <@&5> <@8>", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [(UserId(8), "bob")], channels: [(ChannelId(10), "general")], roles: [(RoleId(5), "mods")] } }), reply_to: None, decor: Decor { embeds: [], flags: 0, pinned: false }, kind: 0 })
            m2 10/4194304 @1420070400001000 Created(Created { author: Author { id: UserId(7), name: "A", username: "ann", avatar: Some("avatars/7/ab"), kind: User }, said: Some(Said { text: "hi <#10> <@&5> <@8>", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [(UserId(8), "bob")], channels: [(ChannelId(10), "general")], roles: [(RoleId(5), "mods")] } }), reply_to: None, decor: Decor { embeds: [], flags: 0, pinned: false }, kind: 0 })
        "#]],
    );
}
