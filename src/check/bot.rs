//! The bot: its token, what its application may hear, how often it may begin a session.

use super::Line;
use crate::discord::profile::{Profile, Unanswered};
use crate::discord::starts::Sessions;

/// Message Content, for an application in many guilds, and for one in few. Source: Discord, "Application Flags".
const MESSAGE_CONTENT: u64 = 1 << 18 | 1 << 19;
/// Of a day's sessions, what the node leaves unused: a tenth.
const SPARED: u32 = 10;

/// No token is configured.
#[must_use]
pub fn no_token() -> Line {
    let advice = "`mirror init`, or MIRROR_DISCORD_TOKEN, or discord.token_file in mirror.toml";
    Line::fails("token", "none is configured, so nothing was asked of Discord", advice)
}

/// The token cannot be used as it is, or Discord's address cannot.
#[must_use]
pub fn unusable(why: &str) -> Line {
    Line::fails("token", why, "set it right in the configuration")
}

/// Who the token says that we are.
#[must_use]
pub fn token(asked: &Result<Profile, Unanswered>) -> Line {
    match asked {
        Ok(profile) => {
            Line::ok("token", format!("good: \"{}\", application {}", profile.name, profile.application))
        }
        Err(Unanswered::Token) => {
            let advice = "copy it again: developer portal, your application, Bot, Reset Token";
            Line::fails("token", "Discord refuses it", advice)
        }
        Err(Unanswered::Refused(words)) => {
            Line::fails("token", format!("Discord says: {words}"), "set that right in the developer portal")
        }
        Err(Unanswered::Unreached(why)) => {
            let advice =
                "look at the network, and at discord.api; https://discordstatus.com tells Discord's own";
            Line::fails("token", format!("Discord cannot be reached: {why}"), advice)
        }
    }
}

/// What the application may hear.
#[must_use]
pub fn intent(profile: &Profile) -> Line {
    if has_content(profile) {
        return Line::ok("intents", "Message Content is on");
    }
    let advice = "developer portal, your application, Bot, Privileged Gateway Intents: switch on Message Content Intent";
    Line::fails(
        "intents",
        "Message Content is off: Discord refuses such a session, and hides what people write",
        advice,
    )
}

/// Whether the application sees what people write.
#[must_use]
pub const fn has_content(profile: &Profile) -> bool {
    profile.flags & MESSAGE_CONTENT != 0
}

/// How many sessions may still be begun today, and over how many shards.
#[must_use]
pub fn sessions(sessions: &Sessions, configured: Option<u32>) -> [Line; 2] {
    [budget(sessions), shards(sessions.shards, configured)]
}

fn budget(sessions: &Sessions) -> Line {
    let Sessions { total, remaining, reset_after_ms, .. } = *sessions;
    let hours = reset_after_ms as f64 / 3_600_000.0;
    let found = format!("{remaining} of {total} sessions may still be begun, until {hours:.1} h from now");
    match remaining {
        0 => Line::fails(
            "sessions",
            found,
            "wait; and look why so many were begun: `mirror log`, other programs with this token",
        ),
        _ if remaining <= total / SPARED => Line::warn(
            "sessions",
            found,
            "the node leaves this last tenth alone; look what else uses the token",
        ),
        _ => Line::ok("sessions", found),
    }
}

fn shards(recommended: u32, configured: Option<u32>) -> Line {
    match configured {
        None => Line::ok("shards", format!("{recommended}, as Discord recommends")),
        Some(configured) if configured < recommended => {
            let found = format!("discord.shards is {configured}, Discord recommends {recommended}");
            Line::warn(
                "shards",
                found,
                "raise discord.shards, or leave it out: a shard of over 2,500 guilds is refused",
            )
        }
        Some(configured) => {
            Line::ok("shards", format!("discord.shards is {configured}, Discord recommends {recommended}"))
        }
    }
}
