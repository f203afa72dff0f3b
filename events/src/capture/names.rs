//! The names of what a text mentions, as they are at capture.

use super::Context;
use super::message::display_name;
use super::payload::{Message, User};
use crate::event::Names;
use crate::id::{ChannelId, RoleId, UserId};
use std::collections::BTreeSet;

/// What a token of Discord's markdown mentions; users are listed by the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mention {
    /// `<#1>`.
    Channel(ChannelId),
    /// `<@&1>`.
    Role(RoleId),
}

/// The names that `message` mentions, and what it quotes, forwards or embeds.
pub(super) fn names(message: &Message<'_>, embeds: &[String], context: &dyn Context) -> Names {
    let forwards = message.message_snapshots.iter().map(|snapshot| &snapshot.message);
    let quote = message.referenced_message.iter();
    let quoted = quote.clone().map(|quote| &quote.content);
    let texts = message.content.iter().chain(forwards.clone().map(|forward| &forward.content));
    let texts = texts.chain(quoted).chain(embeds);
    let mut names = Names::default();
    for mention in texts.flat_map(|text| mentions(text)).collect::<BTreeSet<_>>() {
        match mention {
            Mention::Channel(id) => {
                names.channels.extend(context.channel_name(id).map(|name| (id, name.to_owned())));
            }
            Mention::Role(id) => {
                names.roles.extend(context.role_name(id).map(|name| (id, name.to_owned())));
            }
        }
    }
    let elsewhere =
        forwards.flat_map(|forward| &forward.mentions).chain(quote.flat_map(|quote| &quote.mentions));
    names.users = users(message.mentions.iter().chain(elsewhere));
    names
}

/// Each user once, by the first name told.
fn users<'a>(mentioned: impl Iterator<Item = &'a User>) -> Vec<(UserId, String)> {
    let mut users: Vec<(UserId, String)> = Vec::new();
    for user in mentioned {
        let id = UserId(user.id.0);
        if users.iter().all(|(known, _)| *known != id) {
            users.push((id, display_name(user, user.member.as_ref())));
        }
    }
    users
}

fn mentions(text: &str) -> impl Iterator<Item = Mention> + '_ {
    // A token begins after every `<` and ends at the next `>`; nothing nests.
    text.split('<').skip(1).filter_map(|rest| mention(rest.split_once('>')?.0))
}

fn mention(token: &str) -> Option<Mention> {
    if let Some(id) = token.strip_prefix('#') {
        return number(id).map(|id| Mention::Channel(ChannelId(id)));
    }
    number(token.strip_prefix("@&")?).map(|id| Mention::Role(RoleId(id)))
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}
