//! The names of what a text mentions, as they are at capture.

use super::Context;
use super::message::display_name;
use super::payload::Message;
use crate::event::Names;
use crate::id::{ChannelId, RoleId, UserId};
use std::collections::BTreeSet;

/// What one token of Discord's markdown mentions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mention {
    /// `<@1>` or `<@!1>`.
    User(u64),
    /// `<#1>`.
    Channel(u64),
    /// `<@&1>`.
    Role(u64),
}

/// The mentions in a text, in order.
pub(super) fn mentions(text: &str) -> impl Iterator<Item = Mention> + '_ {
    // A token begins after every `<` and ends at the next `>`; nothing nests.
    text.split('<').skip(1).filter_map(|rest| token(rest.split_once('>')?.0))
}

fn token(token: &str) -> Option<Mention> {
    if let Some(id) = token.strip_prefix('#') {
        return number(id).map(Mention::Channel);
    }
    let id = token.strip_prefix('@')?;
    match id.strip_prefix('&') {
        Some(role) => number(role).map(Mention::Role),
        None => number(id.strip_prefix('!').unwrap_or(id)).map(Mention::User),
    }
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The names that `message` and what it forwards mention. Users by the payload, the rest by `context`.
pub(super) fn names(message: &Message<'_>, said_embeds: &[String], context: &dyn Context) -> Names {
    let forwards = message.message_snapshots.iter().map(|snapshot| &snapshot.message);
    let texts = message.content.iter().chain(forwards.clone().map(|forward| &forward.content));
    let found: BTreeSet<Mention> = texts.chain(said_embeds).flat_map(|text| mentions(text)).collect();

    let mut names = Names::default();
    for mention in found {
        match mention {
            Mention::User(_) => {}
            Mention::Channel(id) => {
                let id = ChannelId(id);
                names.channels.extend(context.channel_name(id).map(|name| (id, name.to_owned())));
            }
            Mention::Role(id) => {
                let id = RoleId(id);
                names.roles.extend(context.role_name(id).map(|name| (id, name.to_owned())));
            }
        }
    }
    let users = message.mentions.iter().chain(forwards.flat_map(|forward| &forward.mentions));
    for user in users {
        let id = UserId(user.id.0);
        if names.users.iter().all(|(known, _)| *known != id) {
            names.users.push((id, display_name(user, user.member.as_ref())));
        }
    }
    names
}
