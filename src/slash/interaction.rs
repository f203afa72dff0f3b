//! What somebody in Discord wants: an INTERACTION_CREATE, read. Pure.
//!
//! Source: Discord, "Interactions: Receiving and Responding".

use crate::discord::powers::Powers;
use events::{ChannelId, EventId, GuildId, UserId};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// One interaction.
#[derive(Debug)]
pub struct Interaction {
    /// Its id.
    pub id: u64,
    /// What it is answered with. Never shown.
    pub token: SecretString,
    /// Where it was typed or pressed.
    pub scene: Scene,
    /// What is wanted.
    pub wish: Wish,
}

/// Who, where, with which rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The guild; none: a direct message.
    pub guild: Option<GuildId>,
    /// The channel.
    pub channel: ChannelId,
    /// Who.
    pub user: UserId,
    /// What they may do in that channel, as Discord says.
    pub powers: Powers,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A channel is to be a member.
    Link {
        /// The mirror, by name.
        mirror: String,
        /// The channel, in words; none: this one.
        channel: Option<String>,
        /// How it takes part: (publishes, receives).
        part: (bool, bool),
        /// The mirror's whole history, too.
        backfill: bool,
    },
    /// Show who asked for this channel.
    Accept,
    /// A membership is to end, or a request to be taken back.
    Cut {
        /// The mirror, by name.
        mirror: String,
        /// The channel, in words; none: this one.
        channel: Option<String>,
    },
    /// The mirrors of this guild.
    List,
    /// A user's messages are not to be mirrored, or again.
    Ban {
        /// The mirror, by name.
        mirror: String,
        /// Whom.
        user: UserId,
        /// Earlier copies go too.
        purge: bool,
        /// Or, on the contrary, it ends.
        lift: bool,
    },
    /// How this guild's lanes stand.
    Status,
    /// All of one message.
    Lineage {
        /// The message, in words.
        message: String,
    },
    /// The person asks to be forgotten.
    ForgetMe,
    /// A button: a request is answered.
    Answer {
        /// Which.
        request: EventId,
        /// Yes or no.
        accept: bool,
    },
    /// What no button or command of ours says.
    Unknown,
}

/// What a button says when it is pressed.
#[must_use]
pub fn custom_id(request: EventId, accept: bool) -> String {
    format!("{}{}", if accept { ACCEPT } else { REFUSE }, request.0.simple())
}

const ACCEPT: &str = "mirror:accept:";
const REFUSE: &str = "mirror:refuse:";

fn pressed(custom_id: &str) -> Wish {
    let (accept, rest) = match (custom_id.strip_prefix(ACCEPT), custom_id.strip_prefix(REFUSE)) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        (None, None) => return Wish::Unknown,
    };
    // Only as we write it: a uuid has other spellings.
    match Uuid::try_parse(rest).ok().filter(|request| request.simple().to_string() == rest) {
        Some(request) => Wish::Answer { request: EventId(request), accept },
        None => Wish::Unknown,
    }
}

/// An interaction whose kind is one that we have; `None`: autocompletion, a form, or what cannot be read.
#[must_use]
pub fn read(frame: &str) -> Option<Interaction> {
    #[derive(Deserialize)]
    struct Frame {
        d: Told,
    }
    let told = serde_json::from_str::<Frame>(frame).ok()?.d;
    let wish = match told.kind {
        COMMAND => typed(told.data.as_ref()?),
        COMPONENT => pressed(told.data.as_ref()?.get("custom_id")?.as_str()?),
        _ => return None,
    };
    let (user, powers) = match (told.member, told.user) {
        (Some(member), _) => (member.user, member.permissions),
        (None, Some(user)) => (user, None),
        (None, None) => return None,
    };
    let powers = powers.and_then(|bits| bits.parse().ok()).map_or(Powers::NONE, Powers);
    let guild = told.guild_id.and_then(|id| id.parse().ok());
    let channel = told.channel_id?.parse().ok()?;
    let scene = Scene { guild, channel, user: user.id.parse().ok()?, powers };
    Some(Interaction { id: told.id.parse().ok()?, token: told.token.into(), scene, wish })
}

/// Types of interactions.
const COMMAND: u8 = 2;
const COMPONENT: u8 = 3;

#[derive(Deserialize)]
struct Told {
    id: String,
    token: String,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(default)]
    guild_id: Option<String>,
    #[serde(default)]
    channel_id: Option<String>,
    #[serde(default)]
    member: Option<Member>,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    data: Option<Value>,
}

#[derive(Deserialize)]
struct Member {
    user: User,
    #[serde(default)]
    permissions: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

fn typed(data: &Value) -> Wish {
    wish(data).unwrap_or(Wish::Unknown)
}

fn wish(data: &Value) -> Option<Wish> {
    if data.get("name")?.as_str()? != super::definition::NAME {
        return None;
    }
    let chosen = data.get("options")?.as_array()?.first()?;
    let options = Options(chosen.get("options").and_then(Value::as_array).map_or(&[], Vec::as_slice));
    Some(match chosen.get("name")?.as_str()? {
        "link" => Wish::Link {
            mirror: options.text("mirror")?,
            channel: options.text("channel"),
            part: match options.text("part").as_deref() {
                Some("publish") => (true, false),
                Some("receive") => (false, true),
                _ => (true, true),
            },
            backfill: options.switch("backfill"),
        },
        "accept" => Wish::Accept,
        "cut" => Wish::Cut { mirror: options.text("mirror")?, channel: options.text("channel") },
        "list" => Wish::List,
        name @ ("ban" | "unban") => Wish::Ban {
            mirror: options.text("mirror")?,
            user: options.text("user")?.parse().ok()?,
            purge: options.switch("purge"),
            lift: name == "unban",
        },
        "status" => Wish::Status,
        "lineage" => Wish::Lineage { message: options.text("message")? },
        "forget-me" => Wish::ForgetMe,
        _ => return None,
    })
}

struct Options<'a>(&'a [Value]);

impl Options<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        let option = self.0.iter().find(|option| option.get("name").and_then(Value::as_str) == Some(name));
        option?.get("value")
    }

    fn text(&self, name: &str) -> Option<String> {
        let text = self.value(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn switch(&self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests;
