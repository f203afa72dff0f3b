//! Op 8: members of a guild, in chunks, to the session that asked.

use serde_json::{Value, json};

use super::event::Event;
use crate::{
    id::{self, Id},
    world::World,
};

/// Members in one dispatch.
const CHUNK: usize = 1000;
/// Users that can be asked for by name or id.
const ASKED_MAX: u64 = 100;

/// Sends what op 8 asks for; a guild that is not there, or not the session's, is silence, as at Discord.
pub(crate) fn send(world: &mut World, session: &str, d: &Value) {
    let Some(wish) = world.sessions.wish(session) else { return };
    let guild = id::from_json(&d["guild_id"]).filter(|guild| wish.has(*guild));
    let Some(guild) = guild.filter(|guild| world.guilds.contains_key(guild)) else { return };
    let ids: Vec<u64> = match &d["user_ids"] {
        Value::Array(ids) => ids.iter().filter_map(id::from_json).collect(),
        one => id::from_json(one).into_iter().collect(),
    };
    let found = if d["query"].is_string() || ids.is_empty() {
        let all_allowed = wish.lists_members();
        by_name(world, guild, d, all_allowed)
    } else {
        ids.clone()
    };
    let (found, missing): (Vec<u64>, Vec<u64>) =
        found.into_iter().partition(|user| world.member_json(guild, *user).is_some());
    let chunks: Vec<&[u64]> = if found.is_empty() { vec![&[]] } else { found.chunks(CHUNK).collect() };
    for (index, chunk) in chunks.iter().enumerate() {
        let members: Vec<_> = chunk.iter().filter_map(|user| world.member_json(guild, *user)).collect();
        let mut data = json!({
            "guild_id": Id(guild), "members": members, "chunk_index": index, "chunk_count": chunks.len(),
            "not_found": missing.iter().copied().map(Id).collect::<Vec<_>>(),
        });
        if d["nonce"].is_string() {
            data["nonce"] = d["nonce"].clone();
        }
        world.sessions.push(session, &Event::new("GUILD_MEMBERS_CHUNK", guild, None, data.to_string()));
    }
}

/// Those whose name begins so. All of them are only for sessions with GUILD_MEMBERS.
fn by_name(world: &World, guild: u64, d: &Value, all_allowed: bool) -> Vec<u64> {
    let start = d["query"].as_str().unwrap_or_default().to_lowercase();
    if start.is_empty() && !all_allowed {
        return Vec::new();
    }
    let limit = match d["limit"].as_u64().unwrap_or(0) {
        0 if start.is_empty() => usize::MAX,
        limit => usize::try_from(limit.clamp(1, ASKED_MAX)).unwrap_or(1),
    };
    let members = world.guilds.get(&guild).into_iter().flat_map(|guild| guild.members.keys().copied());
    let fits = |user: &u64| world.display_name(guild, *user).to_lowercase().starts_with(&start);
    members.filter(fits).take(limit).collect()
}
