//! IDENTIFY and RESUME: what is checked, and how a session begins or goes on.

use serde_json::{Value, json};

use super::{
    Attached, close,
    event::Event,
    intents::{self, Wrong},
    session::Wish,
    sessions::{ResumeError, Resumed},
    starts::Start,
};
use crate::{
    clock,
    id::Id,
    rest::guild::me,
    world::{World, shown::Happening},
};

/// Why there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Op 9 with this `d`; the connection stays.
    Invalid { resumable: bool },
    /// The connection is closed with this code.
    Close(u16),
}

fn right_token(world: &World, d: &Value) -> bool {
    let given = d["token"].as_str().unwrap_or_default();
    given.strip_prefix("Bot ").unwrap_or(given) == world.token
}

/// `[shard, of]`; absent: the only one.
fn shard(d: &Value) -> Option<(u64, u64)> {
    match &d["shard"] {
        Value::Null => Some((0, 1)),
        shard => Some((shard[0].as_u64()?, shard[1].as_u64()?)).filter(|(shard, of)| shard < of),
    }
}

/// What is asked for, if it may be.
fn wish(world: &World, d: &Value) -> Result<Wish, u16> {
    if !right_token(world, d) {
        return Err(close::AUTHENTICATION_FAILED);
    }
    let shard = shard(d).ok_or(close::INVALID_SHARD)?;
    let intents = d["intents"].as_u64().ok_or(close::INVALID_INTENTS)?;
    intents::check(intents, world.rules.privileged).map_err(|wrong| match wrong {
        Wrong::Invalid => close::INVALID_INTENTS,
        Wrong::Disallowed => close::DISALLOWED_INTENTS,
    })?;
    let wish = Wish { intents, shard, compress: d["compress"] == true };
    let guilds = world.guilds.keys().filter(|guild| wish.has(**guild)).count();
    if guilds > world.rules.guilds_per_shard_max { Err(close::SHARDING_REQUIRED) } else { Ok(wish) }
}

/// Begins a session.
pub(crate) fn identify(world: &mut World, d: &Value, origin: &str) -> Result<Attached, Refused> {
    let refuse = |world: &mut World, refused| {
        world.ledger.counts.refused_sessions += 1;
        Err(refused)
    };
    let wish = match wish(world, d) {
        Ok(wish) => wish,
        Err(code) => return refuse(world, Refused::Close(code)),
    };
    match world.starts.ask(wish.shard.0, clock::now_ms()) {
        Start::Yes => Ok(begin(world, wish, origin)),
        Start::Crowded => refuse(world, Refused::Invalid { resumable: false }),
        Start::Spent => {
            world.reset_token();
            refuse(world, Refused::Close(close::AUTHENTICATION_FAILED))
        }
    }
}

/// A new session: READY, then its guilds.
fn begin(world: &mut World, wish: Wish, origin: &str) -> Attached {
    let session: String = world.random_text(32);
    let (connection, wake) = world.sessions.open(&session, wish);
    let guilds: Vec<u64> = world.guilds.keys().copied().filter(|guild| wish.has(*guild)).collect();
    let unavailable: Vec<_> = guilds.iter().map(|&id| json!({"id": Id(id), "unavailable": true})).collect();
    let ready = json!({
        "v": 10, "user_settings": {}, "user": me(world), "guilds": unavailable, "session_id": session,
        "resume_gateway_url": format!("ws://{origin}"), "shard": [wish.shard.0, wish.shard.1],
        "application": {"id": Id(world.bot), "flags": world.rules.privileged.flags()},
        "session_type": "normal", "relationships": [], "private_channels": [], "presences": [],
        "geo_ordered_rtc_regions": [],
    });
    world.sessions.push(&session, &Event::new("READY", 0, None, ready.to_string()));
    for guild in guilds.into_iter().filter(|_| wish.intents & 1 != 0) {
        let data = world.guild_create_json(guild).unwrap_or_default();
        world.sessions.push(&session, &Event::new("GUILD_CREATE", guild, None, data.to_string()));
    }
    world.ledger.counts.identified += 1;
    world.tell(|_| Happening::Identified);
    Attached { session, connection, wake, compress: wish.compress }
}

/// Takes a session up again: what was missed, then RESUMED.
pub(crate) fn resume(world: &mut World, d: &Value) -> Result<Attached, Refused> {
    let session = d["session_id"].as_str().unwrap_or_default().to_owned();
    let resumed = if right_token(world, d) {
        let resumed = world.sessions.resume(&session, d["seq"].as_u64().unwrap_or(0));
        resumed.map_err(|error| match error {
            ResumeError::InvalidSeq => Refused::Close(close::INVALID_SEQ),
            ResumeError::Gone => Refused::Invalid { resumable: false },
        })
    } else {
        Err(Refused::Close(close::AUTHENTICATION_FAILED))
    };
    let Resumed { connection, wake, replayed, wish } = resumed.inspect_err(|_| {
        world.ledger.counts.refused_sessions += 1;
    })?;
    world.sessions.push(&session, &Event::new("RESUMED", 0, None, r#"{"_trace":[]}"#.to_owned()));
    world.ledger.counts.resumed += 1;
    world.tell(|_| Happening::Resumed { replayed });
    Ok(Attached { session, connection, wake, compress: wish.compress })
}
