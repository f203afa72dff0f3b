//! Threads and posts of forums, as people make, change and remove them.

use super::Said;
use crate::{
    Actor, ShownThread, Standin,
    world::{
        Author, World,
        channel::ChannelChange,
        message::Draft,
        thread::{NewThread, ThreadChange},
    },
};

impl Standin {
    /// Makes a public thread of a channel, by the bot and unannounced; returns its id, or 0 if there is no such channel.
    pub fn create_thread(&self, parent: u64, name: &str) -> u64 {
        let mut world = self.core.world();
        let (id, new) = (world.ids.next(), NewThread::new(name, world.bot));
        world.add_thread(parent, id, new, Actor::Moderator).unwrap_or(0)
    }

    /// A person starts a thread from a message; its id is the message's. 0: no such message, or it has one already.
    pub fn start_thread(&self, channel: u64, message: u64, user: u64, name: &str) -> u64 {
        let new = NewThread::new(name, user);
        self.core.world().start_thread(channel, message, new, Actor::User(user)).unwrap_or(0)
    }

    /// A person makes a thread without a message; the channel shows a system message (type 18). 0: no such channel.
    pub fn create_thread_as(&self, channel: u64, user: u64, name: &str) -> u64 {
        self.core.world().create_thread(channel, NewThread::new(name, user), Actor::User(user)).unwrap_or(0)
    }

    /// A moderator has a forum ask for a tag on every post, or no longer (CHANNEL_UPDATE); false: no such forum.
    pub fn require_tag(&self, forum: u64, required: bool) -> bool {
        let mut world = self.core.world();
        let known = world.channels.get(&forum).is_some_and(|forum| forum.kind.has_posts());
        let change = ChannelChange { requires_tag: Some(required), ..ChannelChange::default() };
        known && world.change_channel(forum, change, Actor::Moderator)
    }

    /// A person makes a post in a forum (title and text; tags by name). Returns the id of thread and first message, or 0
    /// where there is no such forum, or it asks for a tag and gets none.
    pub fn create_post(&self, forum: u64, user: u64, post: (&str, &str), tags: &[&str]) -> u64 {
        let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        self.create_post_with(forum, user, post, Said { tags, ..Said::default() })
    }

    /// [`Standin::create_post`] with more than text.
    pub fn create_post_with(&self, forum: u64, user: u64, (title, text): (&str, &str), with: Said) -> u64 {
        let mut world = self.core.world();
        let mut new = NewThread::new(title, user);
        new.tags = tag_ids(&world, forum, &with.tags);
        let draft = with.draft(&mut world, Draft::new(forum, Author::User(user), text));
        world.create_post(forum, new, draft, Actor::User(user)).unwrap_or(0)
    }

    /// Its owner renames a thread (THREAD_UPDATE, and a system message in it).
    pub fn rename_thread(&self, thread: u64, name: &str) -> bool {
        self.change_thread(thread, ThreadChange { name: Some(name.to_owned()), ..ThreadChange::default() })
    }

    /// Its owner archives a thread, or brings it back (THREAD_UPDATE).
    pub fn archive_thread(&self, thread: u64, archived: bool) -> bool {
        self.change_thread(thread, ThreadChange { archived: Some(archived), ..ThreadChange::default() })
    }

    /// Its owner locks or unlocks a thread: once archived, nobody can write in it (THREAD_UPDATE).
    pub fn lock_thread(&self, thread: u64, locked: bool) -> bool {
        self.change_thread(thread, ThreadChange { locked: Some(locked), ..ThreadChange::default() })
    }

    /// Its owner changes the tags of a post, given by name (THREAD_UPDATE).
    pub fn tag_post(&self, thread: u64, tags: &[&str]) -> bool {
        let forum = self.core.world().channels.get(&thread).and_then(|post| post.parent).unwrap_or(0);
        let tags = Some(tag_ids(&self.core.world(), forum, tags));
        self.change_thread(thread, ThreadChange { tags, ..ThreadChange::default() })
    }

    /// A person or the bot joins a thread (THREAD_MEMBERS_UPDATE); false: no such thread or person, or in it already.
    pub fn join_thread(&self, thread: u64, user: u64) -> bool {
        self.core.world().join_thread(thread, user)
    }

    /// A person or the bot leaves a thread (THREAD_MEMBERS_UPDATE); false: no such thread, or not in it.
    pub fn leave_thread(&self, thread: u64, user: u64) -> bool {
        self.core.world().leave_thread(thread, user)
    }

    /// Removes a thread with all in it (THREAD_DELETE). A message that it was started from stays.
    pub fn delete_thread(&self, thread: u64) -> bool {
        self.delete_channel(thread)
    }

    /// The threads of a channel or the posts of a forum, oldest first, archived ones too.
    pub fn threads(&self, channel: u64) -> Vec<ShownThread> {
        self.core.world().shown_threads(channel)
    }

    /// The tags of a forum: id and name.
    pub fn tags(&self, forum: u64) -> Vec<(u64, String)> {
        let world = self.core.world();
        let tags = world.channels.get(&forum).map(|forum| &forum.tags).into_iter().flatten();
        tags.map(|tag| (tag.id, tag.name.clone())).collect()
    }

    fn change_thread(&self, thread: u64, change: ThreadChange) -> bool {
        let mut world = self.core.world();
        let actor = owner(&world, thread);
        world.change_thread(thread, change, actor)
    }
}

/// The person who made a thread, or the owner of the guild where that was a webhook.
fn owner(world: &World, thread: u64) -> Actor {
    let channel = world.channels.get(&thread);
    let made = channel.and_then(|channel| channel.thread.as_ref()).map_or(0, |thread| thread.owner);
    let of_guild =
        channel.and_then(|channel| world.guilds.get(&channel.guild)).map_or(0, |guild| guild.owner);
    Actor::User(if world.users.contains_key(&made) { made } else { of_guild })
}

fn tag_ids<S: AsRef<str>>(world: &World, forum: u64, names: &[S]) -> Vec<u64> {
    let tags = world.channels.get(&forum).map(|forum| &forum.tags).into_iter().flatten();
    tags.filter(|tag| names.iter().any(|name| name.as_ref() == tag.name)).map(|tag| tag.id).collect()
}
