//! The world as a test or a person drives it: synchronous calls, each one step under the lock.

mod answers;
mod files;
mod gateway;
pub(crate) mod interactions;
mod powers;
mod threads;

use serde_json::Value;
use tokio::sync::broadcast;

use crate::{
    Actor, Change, ChannelKind, Counts, Effect, FaultNote, File, Filter, Happening, Request, Shown, Standin,
    ledger::Keep,
    world::{
        Author, Extra, World,
        message::{Draft, Revision},
        reaction::Emoji,
    },
};

/// The parts of a message besides its text; `Said::default()` has none.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The message that it answers.
    pub reply_to: Option<u64>,
    /// Attachment objects, as Discord shows them, of files that are elsewhere.
    pub attachments: Vec<Value>,
    /// Files to be kept and served; their attachment objects come after those above.
    pub files: Vec<File>,
    /// Embed objects.
    pub embeds: Vec<Value>,
    /// Sticker item objects (`id`, `name`, `format_type`).
    pub stickers: Vec<Value>,
    /// A poll object.
    pub poll: Option<Value>,
    /// `message_snapshots` of a forward; the reference is given in `forward`.
    pub snapshots: Vec<Value>,
    /// The `message_reference` of a forward (`type` 1).
    pub forward: Option<Value>,
    /// Message type, if neither 0 nor that of a reply.
    pub kind: u8,
    /// Message flags.
    pub flags: u32,
    /// The tags of a post, by name.
    pub tags: Vec<String>,
    /// So long ago it was said: the id says so.
    pub age_ms: u64,
}

impl Said {
    /// Adds these parts to a message.
    fn draft(self, world: &mut World, mut draft: Draft) -> Draft {
        let mut attachments = self.attachments;
        attachments.extend(self.files.into_iter().map(|file| world.store(draft.channel, file)));
        (draft.reply_to, draft.kind, draft.flags) = (self.reply_to, self.kind, self.flags);
        draft.id = (self.age_ms > 0).then(|| world.past_id(draft.channel, self.age_ms));
        draft.extra = Extra {
            embeds: self.embeds,
            attachments,
            stickers: self.stickers,
            poll: self.poll,
            snapshots: self.snapshots,
            reference: self.forward,
            ..Extra::default()
        };
        draft
    }
}

/// Guilds, channels, people.
impl Standin {
    /// Makes a guild with the bot in it (GUILD_CREATE); returns its id.
    pub fn create_guild(&self, name: &str) -> u64 {
        self.core.world().add_guild(name)
    }

    /// Makes a text channel (CHANNEL_CREATE); returns its id, or 0 if there is no such guild.
    pub fn create_channel(&self, guild: u64, name: &str) -> u64 {
        self.create_channel_of(guild, ChannelKind::Text, name)
    }

    /// Makes a channel of any kind that is no thread; returns its id, or 0 if there is no such guild.
    pub fn create_channel_of(&self, guild: u64, kind: ChannelKind, name: &str) -> u64 {
        self.core.world().add_channel(guild, kind, name, &[]).unwrap_or(0)
    }

    /// Makes a forum with tags; returns its id, or 0 if there is no such guild.
    pub fn create_forum(&self, guild: u64, name: &str, tags: &[&str]) -> u64 {
        self.core.world().add_channel(guild, ChannelKind::Forum, name, tags).unwrap_or(0)
    }

    /// Makes a person. A name that is no username ("Alice B") becomes the display name, its lower case the username.
    pub fn create_user(&self, name: &str) -> u64 {
        self.core.world().add_user(name)
    }

    /// Makes a role (GUILD_ROLE_CREATE); returns its id, or 0 if there is no such guild.
    pub fn create_role(&self, guild: u64, name: &str) -> u64 {
        self.core.world().add_role(guild, name).unwrap_or(0)
    }

    /// Renames a person for all guilds; messages posted from now on carry the name.
    pub fn rename_user(&self, user: u64, display_name: &str) {
        if let Some(user) = self.core.world().users.get_mut(&user) {
            user.global_name = Some(display_name.to_owned());
        }
    }

    /// Sets an avatar hash.
    pub fn set_avatar(&self, user: u64, hash: Option<&str>) {
        if let Some(user) = self.core.world().users.get_mut(&user) {
            user.avatar = hash.map(str::to_owned);
        }
    }

    /// Sets a nickname in one guild; the person joins it if need be.
    pub fn set_nick(&self, guild: u64, user: u64, nick: Option<&str>) {
        if let Some(guild) = self.core.world().guilds.get_mut(&guild) {
            guild.members.entry(user).or_default().nick = nick.map(str::to_owned);
        }
    }

    /// Makes a webhook by a person's hand; returns its id, or 0 if there is no such channel.
    pub fn create_webhook(&self, channel: u64, name: &str, user: u64) -> u64 {
        self.core.world().add_webhook(channel, name, Actor::User(user)).unwrap_or(0)
    }

    /// Hides messages younger than `lag_ms` from lists of this channel, until set to 0.
    pub fn set_history_lag(&self, channel: u64, lag_ms: u64) {
        if let Some(channel) = self.core.world().channels.get_mut(&channel) {
            channel.history.lag_ms = lag_ms;
            channel.history.lag_until_ms = if lag_ms == 0 { 0 } else { u64::MAX };
        }
    }

    /// The bot's id, which is its application's too.
    pub fn bot_id(&self) -> u64 {
        self.core.world().bot
    }

    /// `guild/#channel`, for people; the id if there is no such channel.
    pub fn channel_name(&self, channel: u64) -> String {
        let world = self.core.world();
        let known = world.channels.get(&channel);
        let guild = known.and_then(|channel| world.guilds.get(&channel.guild));
        match (known, guild) {
            (Some(channel), Some(guild)) => format!("{}/#{}", guild.name, channel.name),
            _ => channel.to_string(),
        }
    }

    /// The webhooks of a channel, oldest first.
    pub fn webhooks(&self, channel: u64) -> Vec<u64> {
        self.core.world().channels.get(&channel).map(|channel| channel.webhooks.clone()).unwrap_or_default()
    }

    /// A webhook's token.
    pub fn webhook_token(&self, webhook: u64) -> Option<String> {
        self.core.world().webhooks.get(&webhook).map(|webhook| webhook.token.clone())
    }

    /// All webhook tokens, so that a test can search for them where none may be.
    pub fn webhook_tokens(&self) -> Vec<String> {
        self.core.world().webhooks.values().map(|webhook| webhook.token.clone()).collect()
    }
}

/// What people and moderators do.
impl Standin {
    /// A person says something; returns the message's id, or 0 if there is no such channel, or it is a locked thread.
    pub fn say(&self, channel: u64, user: u64, text: &str) -> u64 {
        self.say_with(channel, user, text, Said::default())
    }

    /// [`Standin::say`] with more than text.
    pub fn say_with(&self, channel: u64, user: u64, text: &str, with: Said) -> u64 {
        let mut world = self.core.world();
        let thread = world.channels.get(&channel).and_then(|channel| channel.thread.as_ref());
        if thread.is_some_and(|thread| thread.archived && thread.locked) {
            return 0;
        }
        let draft = with.draft(&mut world, Draft::new(channel, Author::User(user), text));
        world.post(draft, Actor::User(user))
    }

    /// The author edits a text; false if there is no such message.
    pub fn edit(&self, channel: u64, message: u64, text: &str) -> bool {
        let mut world = self.core.world();
        let author = world.message_mut(channel, message).map(|message| message.author.id());
        let revision = Revision { content: Some(text.to_owned()), ..Revision::default() };
        author.is_some_and(|author| world.revise(channel, message, revision, Actor::User(author)))
    }

    /// A moderator deletes one message (MESSAGE_DELETE); false if there is no such message.
    pub fn delete(&self, channel: u64, message: u64) -> bool {
        self.core.world().remove(channel, message, Actor::Moderator)
    }

    /// A moderator deletes many (MESSAGE_DELETE_BULK, 100 each); returns how many there were.
    pub fn bulk_delete(&self, channel: u64, messages: &[u64]) -> usize {
        self.core.world().remove_many(channel, messages, Actor::Moderator)
    }

    /// A moderator removes all that webhooks posted in a channel; returns how many messages.
    pub fn wipe(&self, channel: u64) -> usize {
        let mut world = self.core.world();
        let messages = world.channels.get(&channel).into_iter().flat_map(|channel| channel.messages.values());
        let posted = messages.filter(|message| message.author.webhook().is_some());
        let ids: Vec<u64> = posted.map(|message| message.id).collect();
        world.remove_many(channel, &ids, Actor::Moderator)
    }

    /// Discord unfurls links: MESSAGE_UPDATE with embeds, `edited_timestamp` null or the last edit cut to milliseconds.
    pub fn unfurl(&self, channel: u64, message: u64, embeds: Vec<Value>) -> bool {
        self.core.world().unfurl(channel, message, embeds)
    }

    /// The guild's owner pins or unpins.
    pub fn pin(&self, channel: u64, message: u64, pinned: bool) -> bool {
        let mut world = self.core.world();
        let owner = world.guilds.get(&world.guild_of(channel)).map_or(0, |guild| guild.owner);
        world.pin(channel, message, owner, pinned)
    }

    /// A person reacts with a Unicode emoji, or with `name:id` (MESSAGE_REACTION_ADD). False: no such message or emoji.
    pub fn react(&self, channel: u64, message: u64, user: u64, emoji: &str) -> bool {
        let emoji = Emoji::read(emoji);
        emoji.is_some_and(|emoji| self.core.world().react(channel, message, user, &emoji))
    }

    /// Removes a channel or thread with all in it.
    pub fn delete_channel(&self, channel: u64) -> bool {
        self.core.world().remove_channel(channel, Actor::Moderator)
    }

    /// Removes a webhook; its messages stay.
    pub fn delete_webhook(&self, webhook: u64) -> bool {
        self.core.world().remove_webhook(webhook, Actor::Moderator)
    }
}

/// Questions.
impl Standin {
    /// What a channel shows now, oldest first.
    pub fn messages(&self, channel: u64) -> Vec<Shown> {
        self.core.world().shown_all(channel)
    }

    /// One message as it is shown now.
    pub fn message(&self, channel: u64, message: u64) -> Option<Shown> {
        let world = self.core.world();
        world.channels.get(&channel)?.messages.get(&message).map(|message| world.shown(message))
    }

    /// How many messages a channel shows now.
    pub fn message_count(&self, channel: u64) -> usize {
        self.core.world().channels.get(&channel).map_or(0, |channel| channel.messages.len())
    }

    /// What happens from now on. A reader that lags more than 8,192 happenings behind loses the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<Happening> {
        self.core.world().happenings.subscribe()
    }

    /// Requests that match, by arrival.
    pub fn requests(&self, filter: &Filter) -> Vec<Request> {
        self.core.world().ledger.requests(filter)
    }

    /// All that was done to a channel, in order.
    pub fn effects_on(&self, channel: u64) -> Vec<Effect> {
        self.core.world().ledger.effects_on(channel)
    }

    /// All changes of one kind by one actor, in order.
    pub fn effects_by(&self, actor: Actor, change: Change) -> Vec<Effect> {
        self.core.world().ledger.effects(|effect| effect.actor == actor && effect.change == change)
    }

    /// Effects on messages that notified somebody, in order.
    pub fn pings(&self) -> Vec<Effect> {
        self.core.world().ledger.effects(|effect| !effect.pings.is_empty())
    }

    /// The injected faults, in order (the first 100,000).
    pub fn faults(&self) -> Vec<FaultNote> {
        self.core.world().ledger.faults()
    }

    /// The counters.
    pub fn counts(&self) -> Counts {
        self.core.world().ledger.counts.clone()
    }

    /// Empties the ledger and its counters; `keep` decides what is kept from now on.
    pub fn restart_ledger(&self, keep: Keep) {
        self.core.world().ledger.restart(keep);
    }
}
