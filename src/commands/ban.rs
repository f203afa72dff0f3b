//! `ban` and `unban`: whose messages are mirrored.

use super::answer::Answer;
use super::ask::{Ban, Unban};
use super::link::{Done, finish};
use super::{CommandError, Desk, words};
use events::event::{Body, Grant};
use events::{ChannelId, UserId, Version};
use projections::settings;
use tools::mirrors::Current;

/// Stops mirroring a user's messages.
pub(super) async fn ban(desk: &Desk, ask: Ban) -> Result<Answer, CommandError> {
    let user = words::user(&ask.user)?;
    let current = desk.mirror(&ask.mirror).await?;
    let last = newest(&current, user);
    let as_asked = last.is_some_and(|last| last.banned && (last.purge || !ask.purge));
    let name = &current.known.name;
    let line = match (as_asked, ask.purge) {
        (true, _) => format!("user {user} is banned from '{name}' already"),
        (false, false) => format!("banned user {user} from '{name}'; copies of earlier messages stay"),
        (false, true) => format!("banned user {user} from '{name}'; copies of earlier messages are removed"),
    };
    let grant = grant(user, ask.purge);
    let body = (!as_asked).then_some(Body::RoleGranted(grant));
    change(desk, &current, (body, last), (line, ask.dry_run)).await
}

/// Mirrors a user's messages again.
pub(super) async fn unban(desk: &Desk, ask: Unban) -> Result<Answer, CommandError> {
    let user = words::user(&ask.user)?;
    let current = desk.mirror(&ask.mirror).await?;
    let last = newest(&current, user);
    let banned = last.is_some_and(|last| last.banned);
    let name = &current.known.name;
    let line = if banned {
        format!("user {user} is no longer banned from '{name}'; messages written meanwhile are not sent")
    } else {
        format!("user {user} is not banned from '{name}'")
    };
    let body = banned.then(|| Body::RoleRevoked(grant(user, false)));
    change(desk, &current, (body, last), (line, ask.dry_run)).await
}

fn grant(user: UserId, purge: bool) -> Grant {
    Grant { user, role: Grant::BANNED.to_owned(), purge }
}

fn newest(current: &Current, user: UserId) -> Option<settings::Ban> {
    current.settings.bans.get(&user).and_then(|bans| bans.last()).copied()
}

async fn change(
    desk: &Desk,
    current: &Current,
    (body, last): (Option<Body>, Option<settings::Ban>),
    (line, dry_run): (String, bool),
) -> Result<Answer, CommandError> {
    let version = desk.version(last.map_or(Version(0), |last| last.from));
    let event = body.map(|body| desk.event(current.known.id, ChannelId(0), version, body));
    let events = event.into_iter().collect();
    finish(desk, Done { current, events, lines: vec![line], dry_run }).await
}
