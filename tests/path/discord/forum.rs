//! Forums of the other side: a post is a thread whose first message has its id.

use super::{Discord, ME, Post, Thread, shown};
use events::{ChannelId, MessageId, WebhookId};
use projections::lanes::LaneId;
use projections::render::Rendered;
use projections::sink::{Answer, History, No, Seen, ThreadState};
use serde_json::{Value, json};

impl Discord {
    /// Somebody makes a forum.
    pub(crate) fn forum(&self, id: ChannelId, data: &Value) {
        self.state().forums.insert(id, data.clone());
    }

    pub(crate) fn is_forum(&self, channel: ChannelId) -> bool {
        self.state().forums.contains_key(&channel)
    }

    /// The webhook makes a post around its first message.
    pub(super) fn post_in_forum(
        &self,
        lane: LaneId,
        webhook: WebhookId,
        (part, state): (&Rendered, &ThreadState),
    ) -> Answer {
        let post = Post { webhook: Some(webhook), author: part.username.clone(), text: shown(part) };
        let id = self.new_post(lane.link, (webhook.0, state), post);
        let echo = self.message(ChannelId(id.0), id, webhook, part);
        self.told(id.0, &echo);
        self.tell("MESSAGE_CREATE", echo);
        Answer::Yes(id, webhook)
    }

    fn new_post(&self, forum: ChannelId, (owner, state): (u64, &ThreadState), post: Post) -> MessageId {
        let mut names = self.names.lock().unwrap();
        let id = MessageId(names.message(self.clock.now()));
        let place = names.name(forum.0).to_lowercase();
        self.site(forum, |site| {
            names.put(&format!("{place}{}", site.count), id.0);
            site.count += 1;
        });
        drop(names);
        let tags = self.tags(forum, &state.tags);
        let thread =
            Thread { parent: forum, name: state.name.clone(), owner, kind: 11, tags, ..Thread::default() };
        self.tell("THREAD_CREATE", thread.json(id.0));
        self.state().threads.insert(ChannelId(id.0), thread);
        self.site(ChannelId(id.0), |site| site.posts.insert(id, post));
        id
    }

    /// Those of the forum's tags that have these names.
    pub(super) fn tags(&self, forum: ChannelId, names: &[String]) -> Vec<String> {
        let state = self.state();
        let known = state.forums.get(&forum).and_then(|forum| forum["available_tags"].as_array());
        let known = known.into_iter().flatten().filter_map(|tag| tag["name"].as_str());
        known.filter(|known| names.iter().any(|name| name == known)).map(str::to_owned).collect()
    }

    /// Any post will do; an empty forum gets one.
    pub(super) fn notice_in_forum(&self, forum: ChannelId) -> Answer {
        if let Some(post) = self.posts(forum).last() {
            return Answer::Yes(MessageId(post.0.0), WebhookId::default());
        }
        let post = Post { webhook: None, author: "mirror".to_owned(), text: "(notice)".to_owned() };
        let state = ThreadState { name: "(notice)".to_owned(), ..ThreadState::default() };
        let id = self.new_post(forum, (ME, &state), post);
        Answer::Yes(id, WebhookId::default())
    }

    pub(super) fn remove_post(&self, post: MessageId) -> Answer {
        let thread = self.state().threads.get(&ChannelId(post.0)).cloned();
        let Some(thread) = thread else { return Answer::No(No::Missing) };
        self.unthread(ChannelId(post.0));
        self.tell("THREAD_DELETE", thread.json(post.0));
        Answer::Yes(post, WebhookId::default())
    }

    pub(super) fn posts_behind(&self, forum: ChannelId, webhook: WebhookId, after: MessageId) -> History {
        let posts = self.posts(forum).into_iter().filter(|(id, _)| id.0 > after.0);
        let seen = |(id, owner): (ChannelId, u64)| Seen { id: MessageId(id.0), ours: owner == webhook.0 };
        History { messages: posts.map(seen).collect(), more: false }
    }

    fn posts(&self, forum: ChannelId) -> Vec<(ChannelId, u64)> {
        let state = self.state();
        let of = state.threads.iter().filter(|(_, thread)| thread.parent == forum);
        of.map(|(id, thread)| (*id, thread.owner)).collect()
    }
}

impl Thread {
    /// As Discord tells of it.
    pub(super) fn json(&self, id: u64) -> Value {
        json!({
            "id": id.to_string(), "parent_id": self.parent.0.to_string(), "guild_id": "1", "type": self.kind,
            "name": self.name, "owner_id": self.owner.to_string(), "applied_tags": self.tag_ids,
            "thread_metadata": {"archived": self.archived, "locked": self.locked},
        })
    }
}
