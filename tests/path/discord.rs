//! The other side: a sink that keeps channels, notes every request, and answers as scripted.

mod forum;

use crate::names::Names;
use crate::script::quoted;
use async_trait::async_trait;
use events::{ChannelId, MessageId, MirrorId, Version, WebhookId};
use mirror::clock::Clock;
use mirror::discord::webhooks::Webhooks;
use mirror::ingest::threads::{Lookup, Unanswered};
use projections::lanes::LaneId;
use projections::render::Rendered;
use projections::sink::{Answer, History, HistoryError, No, Request, Seen, Sink, ThreadState, Threading};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The bot's user and application.
pub(crate) const ME: u64 = 900_000_000_000_000_001;

/// How the next request of a channel is answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// As ever.
    Yes,
    /// With this, and it has no effect.
    Say(Answer),
    /// Nobody knows, and it had effect.
    LostWith,
    /// Nobody knows, and the effect comes so many milliseconds later.
    Late(u64),
    /// The node dies before it has effect.
    CrashBefore,
    /// The node dies after it had effect.
    CrashAfter,
}

/// A message in a channel.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// By which of our webhooks.
    pub webhook: Option<WebhookId>,
    /// Who is shown as its author.
    pub author: String,
    pub text: String,
}

/// A thread.
#[derive(Clone, Debug, Default)]
struct Thread {
    parent: ChannelId,
    name: String,
    owner: u64,
    kind: u64,
    archived: bool,
    locked: bool,
    /// Of a post that we made: the names of its tags.
    tags: Vec<String>,
    /// Of one that people made: their ids, as JSON.
    tag_ids: Value,
}

#[derive(Default)]
struct Site {
    posts: BTreeMap<MessageId, Post>,
    script: VecDeque<Act>,
    notices: BTreeMap<(MirrorId, MessageId), MessageId>,
    /// READ_MESSAGE_HISTORY is missing: an empty list.
    is_blind: bool,
    /// What is said of its history instead.
    no_history: Option<HistoryError>,
    count: u64,
}

/// A request, as the story tells it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub at: Version,
    pub channel: String,
    pub says: String,
}

#[derive(Default)]
struct State {
    sites: BTreeMap<ChannelId, Site>,
    asked: Vec<Asked>,
    threads: BTreeMap<ChannelId, Thread>,
    /// Forums, as they were told.
    forums: BTreeMap<ChannelId, Value>,
    /// What was told of each message and thread last, for who asks.
    told: BTreeMap<u64, Value>,
    /// Dispatches to come of what we did ourselves.
    echoes: VecDeque<(&'static str, Value)>,
    is_mute: bool,
    has_crashed: bool,
    late: usize,
}

/// All channels.
pub(crate) struct Discord {
    state: Mutex<State>,
    names: Arc<Mutex<Names>>,
    clock: Arc<dyn Clock>,
    webhooks: Arc<Webhooks>,
}

impl Discord {
    pub(crate) fn new(names: Arc<Mutex<Names>>, clock: Arc<dyn Clock>, webhooks: Arc<Webhooks>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), names, clock, webhooks })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn site<T>(&self, channel: ChannelId, look: impl FnOnce(&mut Site) -> T) -> T {
        look(self.state().sites.entry(channel).or_default())
    }

    /// Somebody writes.
    pub(crate) fn write(&self, channel: ChannelId, id: MessageId, author: &str, text: &str) {
        let post = Post { webhook: None, author: author.to_owned(), text: text.to_owned() };
        self.site(channel, |site| site.posts.insert(id, post));
    }

    /// Somebody changes or removes a message.
    pub(crate) fn change(&self, id: MessageId, text: Option<&str>) {
        for site in self.state().sites.values_mut() {
            match text {
                Some(text) => {
                    if let Some(post) = site.posts.get_mut(&id) {
                        text.clone_into(&mut post.text);
                    }
                }
                None => drop(site.posts.remove(&id)),
            }
        }
    }

    /// Somebody tells of a message.
    pub(crate) fn told(&self, id: u64, data: &Value) {
        self.state().told.insert(id, data.clone());
    }

    /// Somebody makes or changes a thread.
    pub(crate) fn thread(&self, id: ChannelId, data: &Value) {
        let number = |field: &str| data[field].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        let flag = |field: &str| data["thread_metadata"][field].as_bool().unwrap_or_default();
        let thread = Thread {
            parent: ChannelId(number("parent_id")),
            name: data["name"].as_str().unwrap_or_default().to_owned(),
            owner: number("owner_id"),
            kind: data["type"].as_u64().unwrap_or_default(),
            archived: flag("archived"),
            locked: flag("locked"),
            tags: Vec::new(),
            tag_ids: data["applied_tags"].clone(),
        };
        self.state().threads.insert(id, thread);
        self.site(id, |_| ());
    }

    /// A thread is removed, with all that is in it.
    pub(crate) fn unthread(&self, id: ChannelId) -> bool {
        let mut state = self.state();
        state.sites.remove(&id);
        state.threads.remove(&id).is_some()
    }

    /// A message of the lane's webhook of which nobody ever tells: another life of this node posted it.
    pub(crate) fn post_unseen(&self, channel: ChannelId) {
        let mirror = self.site(channel, |site| site.notices.keys().next().unwrap().0);
        let webhook = Some(self.webhook(LaneId { mirror, link: channel }));
        self.put(channel, Post { webhook, author: "somebody".to_owned(), text: "of a lost past".to_owned() });
    }

    pub(crate) fn act(&self, channel: ChannelId, act: Act) {
        self.site(channel, |site| site.script.push_back(act));
    }

    pub(crate) fn blind(&self, channel: ChannelId, is_blind: bool) {
        self.site(channel, |site| site.is_blind = is_blind);
    }

    pub(crate) fn no_history(&self, channel: ChannelId, error: Option<HistoryError>) {
        self.site(channel, |site| site.no_history = error);
    }

    pub(crate) fn mute(&self, is_mute: bool) {
        self.state().is_mute = is_mute;
    }

    /// What was asked since the last look.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state().asked)
    }

    pub(crate) fn echo(&self) -> Option<(&'static str, Value)> {
        self.state().echoes.pop_front()
    }

    pub(crate) fn has_crashed(&self) -> bool {
        std::mem::take(&mut self.state().has_crashed)
    }

    /// Returns once the node has died.
    pub(crate) async fn crash(&self) {
        while !self.state().has_crashed {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether an effect is still to come, or to be told.
    pub(crate) fn is_waiting(&self) -> bool {
        let state = self.state();
        state.late > 0 || !state.echoes.is_empty()
    }

    /// The channels that anything happened in, by name.
    pub(crate) fn channels(&self) -> Vec<(String, ChannelId)> {
        let channels: Vec<ChannelId> = self.state().sites.keys().copied().collect();
        let names = self.names.lock().unwrap();
        let mut named: Vec<_> =
            channels.into_iter().map(|channel| (names.name(channel.0), channel)).collect();
        named.sort();
        named
    }

    /// A channel's messages in words.
    pub(crate) fn shows(&self, channel: ChannelId) -> Vec<String> {
        let posts = self.site(channel, |site| site.posts.clone());
        let thread = self.state().threads.get(&channel).cloned();
        let names = self.names.lock().unwrap();
        let line = |(id, post): (&MessageId, &Post)| {
            format!("{} {}: {}", names.name(id.0), post.author, quoted(&names.with_names(&post.text)))
        };
        let thread = thread.map(|thread| {
            let flag = |flag, word| if flag { word } else { "" };
            let flags = flag(thread.archived, ", archived").to_owned() + flag(thread.locked, ", locked");
            let flags = thread.tags.iter().fold(flags, |flags, tag| flags + " #" + tag);
            format!("({:?} of {}{flags})", thread.name, names.name(thread.parent.0))
        });
        thread.into_iter().chain(posts.iter().map(line)).collect()
    }

    /// The webhook of a lane: the same for ever, and known from its first use on.
    pub(crate) fn webhook(&self, lane: LaneId) -> WebhookId {
        let (_, mirror) = lane.mirror.0.as_u64_pair();
        let webhook = WebhookId(700_000_000_000_000_000 + mirror * 1000 + lane.link.0 % 1000);
        self.webhooks.remember(webhook, lane.mirror);
        let mut names = self.names.lock().unwrap();
        let name = format!("hook{}", names.name(lane.link.0));
        if !names.is_known(&name) {
            names.put(&name, webhook.0);
        }
        webhook
    }

    fn effect(&self, lane: LaneId, request: &Request) -> Answer {
        let webhook = self.webhook(lane);
        match request {
            Request::Create(part)
                if part.post.is_some() != (self.is_forum(lane.link) && part.thread.is_none()) =>
            {
                Answer::No(No::Dead("a post in a forum, and nowhere else".to_owned()))
            }
            Request::Create(part) => match part.thread {
                None if part.post.is_some() => {
                    let state = part.post.clone().unwrap_or_default();
                    self.post_in_forum(lane, webhook, (part, &state))
                }
                Some(thread) if !self.state().threads.contains_key(&thread) => Answer::No(No::Missing),
                Some(_) | None => Answer::Yes(self.post(lane, webhook, part), webhook),
            },
            Request::Edit(copy, part) => self.edit(lane, *copy, part, webhook),
            Request::Delete(copy, None) if self.is_forum(lane.link) => self.remove_post(*copy),
            Request::Delete(copy, thread) => self.delete(thread.unwrap_or(lane.link), *copy, webhook),
            Request::Thread(on, to) => self.threading(lane, *on, to),
            Request::Notice(after) => self.notice(lane, *after),
        }
    }

    fn post(&self, lane: LaneId, webhook: WebhookId, part: &Rendered) -> MessageId {
        let post = Post { webhook: Some(webhook), author: part.username.clone(), text: shown(part) };
        let channel = part.thread.unwrap_or(lane.link);
        let id = self.put(channel, post);
        let echo = self.message(channel, id, webhook, part);
        self.told(id.0, &echo);
        self.tell("MESSAGE_CREATE", echo);
        id
    }

    fn threading(&self, lane: LaneId, on: MessageId, to: &Threading) -> Answer {
        let id = ChannelId(on.0);
        let there = self.state().threads.get(&id).cloned();
        let (kind, thread) = match (to, there) {
            (Threading::Open(_), Some(_)) => return Answer::Yes(on, WebhookId::default()),
            (Threading::Open(_), None) if !self.site(lane.link, |site| site.posts.contains_key(&on)) => {
                return Answer::No(No::Missing);
            }
            (Threading::Open(name), None) => {
                let thread = Thread { parent: lane.link, name: name.clone(), owner: ME, ..Thread::default() };
                ("THREAD_CREATE", thread)
            }
            (_, None) => return Answer::No(No::Missing),
            (Threading::Change(ThreadState { name, archived, locked, tags }), Some(thread)) => {
                let (name, archived, locked) = (name.clone(), *archived, *locked);
                let tags = self.tags(lane.link, tags);
                ("THREAD_UPDATE", Thread { name, archived, locked, tags, ..thread })
            }
            (Threading::Remove, Some(thread)) => {
                self.unthread(id);
                ("THREAD_DELETE", thread)
            }
        };
        let data = Thread { kind: 11, ..thread.clone() }.json(on.0);
        if kind != "THREAD_DELETE" {
            self.state().threads.insert(id, thread);
            self.site(id, |_| ());
        }
        self.tell(kind, data);
        Answer::Yes(on, WebhookId::default())
    }

    fn put(&self, channel: ChannelId, post: Post) -> MessageId {
        let mut names = self.names.lock().unwrap();
        let id = MessageId(names.message(self.clock.now()));
        let thread = if self.state().threads.contains_key(&channel) { "x" } else { "" };
        let place = names.name(channel.0).to_lowercase() + thread;
        self.site(channel, |site| {
            names.put(&format!("{place}{}", site.count), id.0);
            site.count += 1;
            site.posts.insert(id, post);
        });
        id
    }

    fn message(&self, channel: ChannelId, id: MessageId, webhook: WebhookId, part: &Rendered) -> Value {
        json!({
            "id": id.0.to_string(), "channel_id": channel.0.to_string(), "guild_id": "1", "type": 0,
            "webhook_id": webhook.0.to_string(), "application_id": ME.to_string(), "content": part.content,
            "author": {"id": webhook.0.to_string(), "username": part.username, "bot": true},
            "embeds": [], "attachments": [], "mentions": [], "edited_timestamp": null,
        })
    }

    fn edit(&self, lane: LaneId, copy: MessageId, part: &Rendered, webhook: WebhookId) -> Answer {
        let text = shown(part);
        let channel = part.thread.unwrap_or(lane.link);
        let found =
            self.site(channel, |site| site.posts.get_mut(&copy).map(|post| post.text = text).is_some());
        if !found {
            return Answer::No(No::Missing);
        }
        let mut echo = self.message(channel, copy, webhook, part);
        echo["edited_timestamp"] = "2026-01-01T00:00:00.000000+00:00".into();
        self.tell("MESSAGE_UPDATE", echo);
        Answer::Yes(copy, webhook)
    }

    fn delete(&self, channel: ChannelId, copy: MessageId, webhook: WebhookId) -> Answer {
        if self.site(channel, |site| site.posts.remove(&copy)).is_none() {
            return Answer::No(No::Missing);
        }
        let told = json!({"id": copy.0.to_string(), "channel_id": channel.0.to_string(), "guild_id": "1"});
        self.tell("MESSAGE_DELETE", told);
        Answer::Yes(copy, webhook)
    }

    /// The nonce makes it the same message however often it is posted.
    /// Its nonce is remembered, whatever has become of the message.
    fn notice(&self, lane: LaneId, after: MessageId) -> Answer {
        if self.is_forum(lane.link) {
            return self.notice_in_forum(lane.link);
        }
        let known = self.site(lane.link, |site| {
            let id = site.notices.get(&(lane.mirror, after)).copied();
            id.map(|id| (id, site.posts.contains_key(&id)))
        });
        match known {
            Some((id, true)) => Answer::Yes(id, WebhookId::default()),
            Some((_, false)) => Answer::No(No::Missing),
            None => {
                let post = Post { webhook: None, author: "mirror".to_owned(), text: "(notice)".to_owned() };
                let id = self.put(lane.link, post);
                self.site(lane.link, |site| site.notices.insert((lane.mirror, after), id));
                self.tell("MESSAGE_CREATE", notice(lane.link, id));
                Answer::Yes(id, WebhookId::default())
            }
        }
    }

    fn tell(&self, kind: &'static str, data: Value) {
        let mut state = self.state();
        if !state.is_mute {
            state.echoes.push_back((kind, data));
        }
    }

    fn note(&self, lane: LaneId, request: &Request, answer: &str, copy: Option<MessageId>) {
        let names = self.names.lock().unwrap();
        let copy = copy.map(|id| names.name(id.0)).unwrap_or_else(|| "-".to_owned());
        let says = match request {
            Request::Create(part) => {
                let place = within(&names, part.thread);
                let post = part.post.as_ref().map(|state| format!(" of a new {}", named(state)));
                let post = post.unwrap_or_default();
                format!("post {copy}{post}{place} as {:?}: {}", part.username, quoted(&shown(part)))
            }
            Request::Edit(copy, part) => {
                format!(
                    "edit {}{}: {}",
                    names.name(copy.0),
                    within(&names, part.thread),
                    quoted(&shown(part))
                )
            }
            Request::Delete(copy, thread) => {
                format!("delete {}{}", names.name(copy.0), within(&names, *thread))
            }
            Request::Thread(on, to) => format!("thread on {}: {}", names.name(on.0), threading(to)),
            Request::Notice(_) => format!("notice {copy}"),
        };
        let says = names.with_names(&says) + answer;
        let channel = names.name(lane.link.0);
        drop(names);
        self.state().asked.push(Asked { at: self.clock.now(), channel, says });
    }

    async fn late(&self, lane: LaneId, request: Request, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        let answer = self.effect(lane, &request);
        self.state().late -= 1;
        self.note(lane, &request, "  (late effect)", copy_of(&answer));
    }
}

fn within(names: &Names, thread: Option<ChannelId>) -> String {
    thread.map(|thread| format!(" in {}", names.name(thread.0))).unwrap_or_default()
}

fn threading(to: &Threading) -> String {
    match to {
        Threading::Open(name) => format!("open {name:?}"),
        Threading::Change(state) => format!("show {}", named(state)),
        Threading::Remove => "remove".to_owned(),
    }
}

fn named(state: &ThreadState) -> String {
    let ThreadState { name, archived, locked, tags } = state;
    let flag = |flag, word| if flag { word } else { "" };
    let named = format!("{name:?}{}{}", flag(*archived, " archived"), flag(*locked, " locked"));
    tags.iter().fold(named, |named, tag| named + " #" + tag)
}

/// What is asked for while frames wait.
#[async_trait]
impl Lookup for Wire {
    async fn channel(&self, channel: ChannelId) -> Result<Option<String>, Unanswered> {
        let state = self.0.state();
        let thread = state.threads.get(&channel).map(|thread| thread.json(channel.0));
        Ok(thread.or_else(|| state.forums.get(&channel).cloned()).map(|told| told.to_string()))
    }

    async fn message(&self, channel: ChannelId, message: MessageId) -> Result<Option<String>, Unanswered> {
        let state = self.0.state();
        let there = state.sites.get(&channel).is_some_and(|site| site.posts.contains_key(&message));
        let told = state.told.get(&message.0).filter(|told| there && told["channel_id"].is_string());
        Ok(told.map(Value::to_string))
    }
}

/// What a part shows: its text, and its embeds.
fn shown(part: &Rendered) -> String {
    let embeds = part.embeds.iter().map(|embed| format!(" + embed {embed}"));
    std::iter::once(part.content.clone()).chain(embeds).collect()
}

fn notice(channel: ChannelId, id: MessageId) -> Value {
    json!({
        "id": id.0.to_string(), "channel_id": channel.0.to_string(), "guild_id": "1", "type": 0,
        "author": {"id": ME.to_string(), "username": "mirror", "bot": true}, "content": "(notice)",
        "embeds": [], "attachments": [], "mentions": [], "edited_timestamp": null,
    })
}

fn copy_of(answer: &Answer) -> Option<MessageId> {
    match answer {
        Answer::Yes(copy, _) => Some(*copy),
        Answer::No(_) | Answer::Ambiguous(_) => None,
    }
}

fn words(answer: &Answer) -> String {
    match answer {
        Answer::Yes(..) => String::new(),
        Answer::No(No::Wait(ms)) => format!("  -> wait {ms} ms"),
        Answer::No(No::Missing) => "  -> missing".to_owned(),
        Answer::No(No::Refused(why)) => format!("  -> refused: {why}"),
        Answer::No(No::Dead(why)) => format!("  -> dead: {why}"),
        Answer::Ambiguous(why) => format!("  -> lost: {why}"),
    }
}

/// The sink of the running node: shared, for late effects outlive their request.
pub(crate) struct Wire(pub(crate) Arc<Discord>);

#[async_trait]
impl Sink for Wire {
    async fn send(&self, lane: LaneId, request: Request) -> Answer {
        let discord = &self.0;
        // Another lane has its turn, as it would over a network.
        tokio::task::yield_now().await;
        match discord.site(lane.link, |site| site.script.pop_front()).unwrap_or(Act::Yes) {
            Act::Yes => {
                let answer = discord.effect(lane, &request);
                discord.note(lane, &request, &words(&answer), copy_of(&answer));
                answer
            }
            Act::Say(answer) => {
                discord.note(lane, &request, &words(&answer), None);
                answer
            }
            Act::LostWith => {
                let answer = discord.effect(lane, &request);
                discord.note(lane, &request, "  -> lost: it had effect", copy_of(&answer));
                Answer::Ambiguous("lost".to_owned())
            }
            Act::Late(ms) => {
                discord.note(lane, &request, "  -> lost: its effect comes late", None);
                discord.state().late += 1;
                let discord = discord.clone();
                tokio::spawn(async move { discord.late(lane, request, ms).await });
                Answer::Ambiguous("lost".to_owned())
            }
            Act::CrashBefore => {
                discord.note(lane, &request, "  -> crash before its effect", None);
                discord.state().has_crashed = true;
                std::future::pending().await
            }
            Act::CrashAfter => {
                let answer = discord.effect(lane, &request);
                discord.note(lane, &request, "  -> crash after its effect", copy_of(&answer));
                discord.state().has_crashed = true;
                std::future::pending().await
            }
        }
    }

    async fn history(
        &self,
        lane: LaneId,
        thread: Option<ChannelId>,
        after: MessageId,
    ) -> Result<History, HistoryError> {
        let webhook = self.0.webhook(lane);
        let (is_post, is_shown) =
            self.0.site(lane.link, |site| (thread.is_none(), !site.is_blind && site.no_history.is_none()));
        if is_post && is_shown && self.0.is_forum(lane.link) {
            return Ok(self.0.posts_behind(lane.link, webhook, after));
        }
        self.0.site(thread.unwrap_or(lane.link), |site| {
            if let Some(error) = &site.no_history {
                return Err(error.clone());
            }
            if site.is_blind {
                return Ok(History::default());
            }
            let seen =
                |(id, post): (&MessageId, &Post)| Seen { id: *id, ours: post.webhook == Some(webhook) };
            let all = site.posts.range(MessageId(after.0 + 1)..).map(seen);
            let messages: Vec<_> = all.take(projections::sink::HISTORY_MAX).collect();
            let more = messages.len() == projections::sink::HISTORY_MAX;
            Ok(History { messages, more })
        })
    }
}
