//! The JSON of messages, users, members: written straight from the model, once per dispatch.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    Author, Channel, Extra, Member, Message, User, World,
    reaction::reactions_json,
    thread::{HAS_THREAD, THREAD_STARTER},
};
use crate::{clock::Stamp, id::Id};

/// Who looks at a message.
#[derive(Clone, Copy)]
struct View {
    way: Way,
    /// What people write is hidden from the application: MESSAGE_CONTENT is missing.
    is_blind: bool,
}

/// Where a payload goes: the gateway adds `guild_id`, `member` and `channel_type`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Gateway,
    Rest,
}

#[derive(Serialize)]
struct UserOut<'a> {
    id: Id,
    username: &'a str,
    global_name: Option<&'a str>,
    discriminator: &'static str,
    avatar: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    bot: bool,
    public_flags: u32,
    flags: u32,
    avatar_decoration_data: Null,
    clan: Null,
    primary_guild: Null,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<MemberOut<'a>>,
}

#[derive(Clone, Copy)]
struct Null;

impl Serialize for Null {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

impl<'a> UserOut<'a> {
    fn new(user: &'a User, member: Option<MemberOut<'a>>) -> Self {
        Self {
            id: Id(user.id),
            username: &user.username,
            global_name: user.global_name.as_deref(),
            discriminator: "0",
            avatar: user.avatar.as_deref(),
            bot: user.bot,
            public_flags: 0,
            flags: 0,
            avatar_decoration_data: Null,
            clan: Null,
            primary_guild: Null,
            member,
        }
    }

    fn webhook(id: u64, name: &'a str, avatar: Option<&'a str>) -> Self {
        let user =
            Self { id: Id(id), username: name, global_name: None, discriminator: "0000", avatar, ..BLANK };
        Self { bot: true, ..user }
    }
}

const BLANK: UserOut<'static> = UserOut {
    id: Id(0),
    username: "",
    global_name: None,
    discriminator: "0",
    avatar: None,
    bot: false,
    public_flags: 0,
    flags: 0,
    avatar_decoration_data: Null,
    clan: Null,
    primary_guild: Null,
    member: None,
};

#[derive(Serialize)]
struct MemberOut<'a> {
    roles: Vec<Id>,
    nick: Option<&'a str>,
    avatar: Null,
    banner: Null,
    joined_at: Stamp,
    premium_since: Null,
    communication_disabled_until: Null,
    pending: bool,
    deaf: bool,
    mute: bool,
    flags: u32,
}

impl<'a> MemberOut<'a> {
    fn new(member: &'a Member) -> Self {
        Self {
            roles: member.roles.iter().copied().map(Id).collect(),
            nick: member.nick.as_deref(),
            avatar: Null,
            banner: Null,
            joined_at: Stamp(member.joined_us),
            premium_since: Null,
            communication_disabled_until: Null,
            pending: false,
            deaf: false,
            mute: false,
            flags: 0,
        }
    }
}

#[derive(Serialize)]
struct ReferenceOut {
    #[serde(rename = "type")]
    kind: u8,
    channel_id: Id,
    message_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    guild_id: Option<Id>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reference<'a> {
    Reply(ReferenceOut),
    Other(&'a Value),
}

#[derive(Serialize)]
struct MessageOut<'a> {
    #[serde(rename = "type")]
    kind: u8,
    tts: bool,
    timestamp: Stamp,
    pinned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a Value>,
    mentions: Vec<UserOut<'a>>,
    mention_roles: Vec<Id>,
    mention_everyone: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<MemberOut<'a>>,
    id: Id,
    flags: u32,
    embeds: &'a [Value],
    edited_timestamp: Option<Stamp>,
    content: &'a str,
    components: &'a [Value],
    channel_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_type: Option<u8>,
    author: UserOut<'a>,
    attachments: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guild_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_reference: Option<Reference<'a>>,
    /// Present and null: the target was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    referenced_message: Option<Option<Box<MessageOut<'a>>>>,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    sticker_items: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    poll: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    message_snapshots: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction_metadata: Option<&'a Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Value>,
    /// The thread that was started from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<Value>,
}

impl World {
    /// A message object as text.
    pub(crate) fn message_json(&self, message: &Message, way: Way) -> String {
        serde_json::to_string(&self.message_out(message, self.view(way), true)).unwrap_or_default()
    }

    /// A message object for the gateway, as text; and as sessions without MESSAGE_CONTENT get it, if there are any.
    pub(crate) fn message_for_sessions(&self, message: &Message) -> (String, Option<String>) {
        let censored = (self.sessions.any_without_content() && self.is_private(message)).then(|| {
            let view = View { way: Way::Gateway, is_blind: true };
            serde_json::to_string(&self.message_out(message, view, true)).unwrap_or_default()
        });
        (self.message_json(message, Way::Gateway), censored)
    }

    /// The gateway's sessions differ; REST goes by what the application was granted.
    fn view(&self, way: Way) -> View {
        View { way, is_blind: way == Way::Rest && !self.rules.privileged.content }
    }

    /// Is it hidden without MESSAGE_CONTENT? Not what the application itself wrote, nor what mentions it, nor what is said
    /// to it directly. (The last exception, targets of a context menu, does not exist here.)
    fn is_private(&self, message: &Message) -> bool {
        let is_own = match &message.author {
            Author::User(id) => *id == self.bot,
            Author::Webhook { application, .. } => *application == Some(self.bot),
        };
        let is_direct = || self.channels.get(&message.channel).is_some_and(|place| place.recipient.is_some());
        !is_own && !message.pings.users.contains(&self.bot) && !is_direct()
    }

    /// A page of message objects as text.
    pub(crate) fn messages_json<'a>(&self, messages: impl Iterator<Item = &'a Message>) -> String {
        let page: Vec<_> =
            messages.map(|message| self.message_out(message, self.view(Way::Rest), true)).collect();
        serde_json::to_string(&page).unwrap_or_default()
    }

    /// A user object.
    pub(crate) fn user_json(&self, id: u64) -> Value {
        self.users.get(&id).map_or(Value::Null, |user| json!(UserOut::new(user, None)))
    }

    /// A member object, with its user.
    pub(crate) fn member_json(&self, guild: u64, user: u64) -> Option<Value> {
        let member = self.guilds.get(&guild)?.members.get(&user)?;
        let mut value = json!(MemberOut::new(member));
        value["user"] = self.user_json(user);
        Some(value)
    }

    fn member_out(&self, guild: u64, user: u64) -> Option<MemberOut<'_>> {
        Some(MemberOut::new(self.guilds.get(&guild)?.members.get(&user)?))
    }

    fn author_out<'a>(&'a self, author: &'a Author) -> UserOut<'a> {
        match author {
            Author::Webhook { id, name, avatar, .. } => UserOut::webhook(*id, name, avatar.as_deref()),
            Author::User(id) => self.users.get(id).map_or(BLANK, |user| UserOut::new(user, None)),
        }
    }

    fn mentions_out(&self, message: &Message, guild: u64, way: Way) -> Vec<UserOut<'_>> {
        let named = message.pings.users.iter().filter_map(|id| self.users.get(id));
        let member = |user: &User| self.member_out(guild, user.id).filter(|_| way == Way::Gateway);
        named.map(|user| UserOut::new(user, member(user))).collect()
    }

    /// What a reply answers, or what a thread was started from; the inner `None`: it was deleted.
    #[expect(clippy::option_option, reason = "absent, null and present are three things to Discord")]
    fn referenced_out<'a>(
        &'a self,
        message: &'a Message,
        channel: Option<&'a Channel>,
        is_blind: bool,
    ) -> Option<Option<Box<MessageOut<'a>>>> {
        let target = match message.kind {
            THREAD_STARTER => {
                let parent = channel.and_then(|thread| self.channels.get(&thread.parent?));
                parent.and_then(|parent| parent.messages.get(&message.channel))
            }
            _ => {
                let target = message.reply_to?;
                channel.and_then(|channel| channel.messages.get(&target))
            }
        };
        Some(
            target.map(|target| Box::new(self.message_out(target, View { way: Way::Rest, is_blind }, false))),
        )
    }

    /// With fresh addresses.
    fn attachments_out(&self, extra: &Extra) -> Vec<Value> {
        extra.attachments.iter().map(|file| self.cdn.shown(file)).collect()
    }

    fn message_out<'a>(&'a self, message: &'a Message, view: View, deep: bool) -> MessageOut<'a> {
        let View { way, is_blind } = view;
        let is_hidden = is_blind && self.is_private(message);
        let channel = self.channels.get(&message.channel);
        let guild = channel.map_or(0, |channel| channel.guild);
        let gateway = way == Way::Gateway;
        let extra = message.extra.as_deref().unwrap_or(&self.no_extra);
        let (webhook, application) = match message.author {
            Author::User(id) if extra.interaction.is_some() => (Some(Id(id)), Some(Id(id))),
            Author::Webhook { id, application, .. } => (Some(Id(id)), application.map(Id)),
            Author::User(_) => (None, None),
        };
        let member = gateway && message.author.webhook().is_none();
        MessageOut {
            kind: message.kind,
            tts: message.tts,
            timestamp: Stamp(message.created_us()),
            pinned: message.pinned_us.is_some(),
            nonce: message.nonce.as_ref(),
            mentions: self.mentions_out(message, guild, way),
            mention_roles: message.pings.roles.iter().copied().map(Id).collect(),
            mention_everyone: message.pings.everyone,
            member: if member { self.member_out(guild, message.author.id()) } else { None },
            id: Id(message.id),
            flags: message.flags,
            embeds: if is_hidden { &[] } else { &extra.embeds },
            edited_timestamp: message.edited_us.map(Stamp),
            content: if is_hidden { "" } else { &message.content },
            components: if is_hidden { &[] } else { &extra.components },
            channel_id: Id(message.channel),
            channel_type: channel.filter(|_| gateway).map(|channel| channel.kind.number()),
            author: self.author_out(&message.author),
            attachments: if is_hidden { Vec::new() } else { self.attachments_out(extra) },
            guild_id: in_guild(guild).filter(|_| gateway),
            webhook_id: webhook,
            application_id: application,
            message_reference: reference(message, extra.reference.as_ref(), guild),
            referenced_message: if deep { self.referenced_out(message, channel, is_blind) } else { None },
            thread: if message.flags & HAS_THREAD == 0 { None } else { self.channel_json(message.id) },
            sticker_items: &extra.stickers,
            poll: extra.poll.as_ref().filter(|_| !is_hidden),
            message_snapshots: &extra.snapshots,
            interaction_metadata: extra.interaction.as_ref(),
            reactions: if gateway { Vec::new() } else { reactions_json(message, self.bot) },
        }
    }
}

/// Direct messages are in none.
fn in_guild(guild: u64) -> Option<Id> {
    (guild != 0).then_some(Id(guild))
}

fn reference<'a>(message: &Message, other: Option<&'a Value>, guild: u64) -> Option<Reference<'a>> {
    let reply = message.reply_to.map(|target| {
        let (channel_id, message_id) = (Id(message.channel), Id(target));
        Reference::Reply(ReferenceOut { kind: 0, channel_id, message_id, guild_id: in_guild(guild) })
    });
    reply.or(other.map(Reference::Other))
}
