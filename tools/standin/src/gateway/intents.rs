//! Intents: which dispatches a session gets, which of them the application may ask for.

use crate::Privileged;

const GUILDS: u64 = 1;
pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
const GUILD_MODERATION: u64 = 1 << 2;
const GUILD_EXPRESSIONS: u64 = 1 << 3;
const GUILD_INTEGRATIONS: u64 = 1 << 4;
const GUILD_WEBHOOKS: u64 = 1 << 5;
const GUILD_INVITES: u64 = 1 << 6;
const GUILD_VOICE_STATES: u64 = 1 << 7;
const GUILD_PRESENCES: u64 = 1 << 8;
const GUILD_MESSAGES: u64 = 1 << 9;
const GUILD_REACTIONS: u64 = 1 << 10;
const GUILD_TYPING: u64 = 1 << 11;
pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;
const SCHEDULED_EVENTS: u64 = 1 << 16;
const AUTO_MODERATION: u64 = 1 << 20;
const AUTO_MODERATION_EXECUTION: u64 = 1 << 21;
const GUILD_POLLS: u64 = 1 << 24;
const DIRECT_POLLS: u64 = 1 << 25;
/// The three that a guild has too are so many bits higher for direct messages.
const DIRECT_SHIFT: u32 = 3;
/// Bits 0 to 16 without a hole.
const LOW: u64 = (1 << 17) - 1;
const KNOWN: u64 = LOW | AUTO_MODERATION | AUTO_MODERATION_EXECUTION | GUILD_POLLS | DIRECT_POLLS;

/// Dispatches by the start of their names, the longer first.
const BY_NAME: &[(&str, u64)] = &[
    ("GUILD_MEMBERS_CHUNK", 0),
    ("GUILD_MEMBER_", GUILD_MEMBERS),
    ("GUILD_BAN_", GUILD_MODERATION),
    ("GUILD_AUDIT_LOG_ENTRY_", GUILD_MODERATION),
    ("GUILD_EMOJIS_", GUILD_EXPRESSIONS),
    ("GUILD_STICKERS_", GUILD_EXPRESSIONS),
    ("GUILD_SOUNDBOARD_", GUILD_EXPRESSIONS),
    ("GUILD_INTEGRATIONS_", GUILD_INTEGRATIONS),
    ("INTEGRATION_", GUILD_INTEGRATIONS),
    ("GUILD_SCHEDULED_EVENT_", SCHEDULED_EVENTS),
    ("WEBHOOKS_UPDATE", GUILD_WEBHOOKS),
    ("INVITE_", GUILD_INVITES),
    ("VOICE_", GUILD_VOICE_STATES),
    ("PRESENCE_", GUILD_PRESENCES),
    ("AUTO_MODERATION_RULE_", AUTO_MODERATION),
    ("AUTO_MODERATION_ACTION_", AUTO_MODERATION_EXECUTION),
    ("MESSAGE_REACTION_", GUILD_REACTIONS),
    ("MESSAGE_POLL_", GUILD_POLLS),
    ("MESSAGE_", GUILD_MESSAGES),
    ("TYPING_", GUILD_TYPING),
    ("GUILD_", GUILDS),
    ("CHANNEL_", GUILDS),
    ("THREAD_", GUILDS),
    ("STAGE_INSTANCE_", GUILDS),
];

/// The intent without which a client does not get this dispatch; 0: everyone gets it.
pub(crate) fn of_dispatch(name: &str, guild: u64) -> u64 {
    let found = BY_NAME.iter().find(|(start, _)| name.starts_with(start)).map_or(0, |(_, intent)| *intent);
    match (guild, found) {
        (0, GUILD_MESSAGES | GUILD_REACTIONS | GUILD_TYPING) => found << DIRECT_SHIFT,
        (0, GUILD_POLLS) => DIRECT_POLLS,
        _ => found,
    }
}

/// What is wrong with the intents asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// There are no such bits.
    Invalid,
    /// A privileged one that the application was not granted.
    Disallowed,
}

/// Are these intents good?
pub(crate) fn check(intents: u64, granted: Privileged) -> Result<(), Wrong> {
    if intents & !KNOWN != 0 {
        return Err(Wrong::Invalid);
    }
    if intents & denied(granted) != 0 { Err(Wrong::Disallowed) } else { Ok(()) }
}

fn denied(granted: Privileged) -> u64 {
    let all = [
        (granted.members, GUILD_MEMBERS),
        (granted.presences, GUILD_PRESENCES),
        (granted.content, MESSAGE_CONTENT),
    ];
    all.iter().filter(|(has, _)| !has).map(|(_, bit)| bit).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispatch_needs_its_intent() {
        for (name, guild, bit) in [
            ("MESSAGE_CREATE", 1, Some(9)),
            ("MESSAGE_CREATE", 0, Some(12)),
            ("MESSAGE_REACTION_ADD", 1, Some(10)),
            ("MESSAGE_REACTION_ADD", 0, Some(13)),
            ("TYPING_START", 1, Some(11)),
            ("TYPING_START", 0, Some(14)),
            ("MESSAGE_POLL_VOTE_ADD", 1, Some(24)),
            ("MESSAGE_POLL_VOTE_ADD", 0, Some(25)),
            ("GUILD_CREATE", 1, Some(0)),
            ("CHANNEL_PINS_UPDATE", 1, Some(0)),
            ("THREAD_CREATE", 1, Some(0)),
            ("GUILD_MEMBER_ADD", 1, Some(1)),
            ("GUILD_BAN_ADD", 1, Some(2)),
            ("GUILD_EMOJIS_UPDATE", 1, Some(3)),
            ("GUILD_STICKERS_UPDATE", 1, Some(3)),
            ("WEBHOOKS_UPDATE", 1, Some(5)),
            ("PRESENCE_UPDATE", 1, Some(8)),
            ("GUILD_MEMBERS_CHUNK", 1, None),
            ("READY", 0, None),
            ("RATE_LIMITED", 0, None),
        ] {
            assert_eq!(of_dispatch(name, guild), bit.map_or(0, |bit: u32| 1 << bit), "{name} in {guild}");
        }
    }

    #[test]
    fn unknown_bits_are_invalid_and_privileged_ones_a_matter_of_the_portal() {
        let none = Privileged { members: false, presences: false, content: false };
        let all = Privileged { members: true, presences: true, content: true };
        assert_eq!(check(KNOWN, all), Ok(()));
        for bit in [17, 18, 19, 22, 23, 26, 40, 63] {
            assert_eq!(check(1 << bit, all), Err(Wrong::Invalid), "{bit}");
        }
        for bit in [1, 8, 15] {
            assert_eq!(check(1 << bit, none), Err(Wrong::Disallowed), "{bit}");
        }
        assert_eq!(check(KNOWN & !(1 << 1 | 1 << 8 | 1 << 15), none), Ok(()));
    }
}
