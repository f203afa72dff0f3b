//! The account and guilds.

use serde_json::{Value, json};

use super::{
    Call,
    reply::{ApiError, Reply},
    route::RouteKind,
};
use crate::{
    Starts, clock,
    id::Id,
    world::{Guild, Role, World, guild::role_json},
};

/// `GET /gateway` and `GET /gateway/bot`
pub(crate) fn gateway(world: &World, call: &Call, origin: &str) -> Reply {
    let mut value = json!({"url": format!("ws://{origin}")});
    if call.route.kind == RouteKind::GatewayBot {
        let Starts { shards, max_concurrency, total, .. } = world.starts.rules;
        let (remaining, reset_ms) = world.starts.left(clock::now_ms());
        value["shards"] = json!(shards);
        value["session_start_limit"] = json!({
            "total": total, "remaining": remaining, "reset_after": reset_ms, "max_concurrency": max_concurrency,
        });
    }
    Reply::json(&value)
}

/// The bot, its application, its guilds, and other users.
pub(crate) fn account(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let value = match call.route.kind {
        RouteKind::Application => application(world),
        RouteKind::MyGuilds => world.guilds.values().map(|guild| my_guild(world, guild)).collect(),
        RouteKind::User => {
            let known = call.route.user.filter(|id| world.users.contains_key(id));
            world.user_json(known.ok_or(ApiError::unknown_user())?)
        }
        _ => me(world),
    };
    Ok(Reply::json(&value))
}

/// The bot's own user object.
pub(crate) fn me(world: &World) -> Value {
    let mut value = world.user_json(world.bot);
    value["verified"] = json!(true);
    value["mfa_enabled"] = json!(true);
    value["email"] = Value::Null;
    value["locale"] = json!("en-US");
    value
}

/// A guild as the list of one's own shows it.
fn my_guild(world: &World, guild: &Guild) -> Value {
    let mut value = world.guild_json(guild);
    value["owner"] = json!(guild.owner == world.bot);
    let worn = |role: &&Role| role.id == guild.id;
    let bits = guild.roles.iter().find(worn).map_or(0, |role| role.permissions);
    value["permissions"] = json!(bits.to_string());
    value
}

fn application(world: &World) -> Value {
    let bot = world.user_json(world.bot);
    json!({
        "id": Id(world.bot), "name": bot["username"], "icon": null, "description": "", "summary": "", "type": null,
        "bot_public": false, "bot_require_code_grant": false, "verify_key": "0".repeat(64),
        "flags": world.rules.privileged.flags(), "hook": true, "redirect_uris": [], "interactions_endpoint_url": null,
        "role_connections_verification_url": null, "explicit_content_filter": 0, "eligible_oauth2_scopes": [],
        "approximate_guild_count": world.guilds.len(), "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "flags_new": world.rules.privileged.flags().to_string(),
        "owner": bot, "bot": bot, "team": null,
    })
}

/// One guild, or a list of what is in it.
pub(crate) fn guild(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let guild = call.route.guild.and_then(|id| world.guilds.get(&id)).ok_or(ApiError::unknown_guild())?;
    let value = match call.route.kind {
        RouteKind::GuildChannels => json!(world.channels_json(guild)),
        RouteKind::GuildRoles => guild.roles.iter().map(role_json).collect(),
        RouteKind::GuildMember => {
            let member = call.route.user.and_then(|user| world.member_json(guild.id, user));
            member.ok_or(ApiError::unknown_member())?
        }
        _ => world.guild_json(guild),
    };
    Ok(Reply::json(&value))
}
