//! The webhook of each (mirror, channel): found or made, its token in memory alone.
//!
//! A webhook is used by one (mirror, channel) and nothing else, and is known by its name. A thread has
//! none of its own: it uses its parent's, with its id beside. Discord is asked once whether a channel is one.

use super::answer::{Fault, dead};
use super::forum::Forum;
use super::guilds::{is_forum, is_thread};
use super::history::{AGAIN_MS, PATIENCE, wait};
use super::rest::Rest;
use super::telemetry;
use super::transport::Reply;
use crate::consents::Consents;
use events::{ApplicationId, ChannelId, MirrorId, WebhookId};
use projections::lanes::LaneId;
use projections::sink::No;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// A webhook that a lane may speak through.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its id.
    pub id: WebhookId,
    /// Its token. Never stored, never shown.
    pub token: SecretString,
    /// The channel that it belongs to.
    pub channel: ChannelId,
    /// The thread to speak in, where the lane's channel is one.
    pub thread: Option<ChannelId>,
}

/// Where a lane's channel has its webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// The channel itself, or a thread's parent.
    pub channel: ChannelId,
    /// The lane's channel, if it is a forum.
    pub forum: Option<Forum>,
}

/// Webhooks of ours that are remembered, so that what they say is not mirrored again.
pub const OURS_MAX: usize = 200_000;

/// Webhooks that a channel has at most. Source: Discord, JSON error 30007.
pub const HOOKS_MAX: usize = 15;

/// A channel's webhooks, as far as room for one more goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// How many there are, whoever made them.
    pub count: usize,
    /// The names of those that this application made.
    pub ours: Vec<String>,
}

/// Lists a channel's webhooks; `application` is the bot's own.
///
/// # Errors
/// [`No::Wait`] or [`No::Dead`].
pub async fn hooks(rest: &Rest, application: ApplicationId, channel: ChannelId) -> Result<Hooks, No> {
    let listed = list(rest, channel).await?;
    let (count, owner) = (listed.len(), application.to_string());
    let ours = listed.into_iter().filter(|hook| hook.application_id.as_deref() == Some(&owner));
    Ok(Hooks { count, ours: ours.filter_map(|hook| hook.name).collect() })
}

async fn list(rest: &Rest, channel: ChannelId) -> Result<Vec<Listed>, No> {
    let call = rest.calls.webhooks(channel).map_err(|error| No::Dead(error.0))?;
    let reply = rest.call(&call, PATIENCE).await.map_err(|failure| No::Wait(wait(&failure)))?;
    read(&reply)
}

/// `mirror` and the first eight hexadecimal digits of the mirror's id: the webhook's name in every channel.
#[must_use]
pub fn name(mirror: MirrorId) -> String {
    let hex = mirror.0.simple().to_string();
    format!("mirror {}", &hex[..8])
}

/// Whose webhook: a mirror's in a channel (for a thread, in its parent).
type Key = (MirrorId, ChannelId);
type Cell = Arc<OnceCell<Hook>>;

#[derive(Default)]
struct Known {
    homes: HashMap<ChannelId, Arc<OnceCell<Home>>>,
    cells: HashMap<Key, Cell>,
    refused: HashSet<Key>,
    ours: HashMap<WebhookId, MirrorId>,
}

/// All webhooks of this node.
pub struct Webhooks {
    rest: Arc<Rest>,
    application: ApplicationId,
    consents: Option<Consents>,
    known: Mutex<Known>,
}

impl Webhooks {
    /// None is open yet. `application` is the bot's own: see [`super::me`].
    #[must_use]
    pub fn new(rest: Arc<Rest>, application: ApplicationId) -> Self {
        Self { rest, application, consents: None, known: Mutex::default() }
    }

    /// None is made where nobody agrees to it any more.
    #[must_use]
    pub fn with_consents(self, consents: Consents) -> Self {
        Self { consents: Some(consents), ..self }
    }

    /// The lane's webhook; looked up, or made, at the first call. Calls at the same time make one request.
    ///
    /// # Errors
    /// [`No::Wait`] or [`No::Dead`]; nothing that a lane asked for was sent.
    pub async fn open(&self, lane: LaneId) -> Result<Hook, No> {
        let Home { channel, .. } = self.home(lane.link).await?;
        let key = (lane.mirror, channel);
        let cell = Arc::clone(self.known().cells.entry(key).or_default());
        let hook = cell.get_or_try_init(|| self.find_or_make(key, lane)).await?;
        Ok(Hook { channel, thread: (channel != lane.link).then_some(lane.link), ..hook.clone() })
    }

    /// Where a channel has its webhooks, and whether it is a forum; asked once.
    ///
    /// # Errors
    /// [`No::Wait`] or [`No::Dead`].
    pub async fn home(&self, channel: ChannelId) -> Result<Home, No> {
        let home = Arc::clone(self.known().homes.entry(channel).or_default());
        home.get_or_try_init(|| self.find_home(channel)).await.copied()
    }

    /// Forgets a lane's webhook: the next [`Self::open`] looks it up again.
    pub fn forget(&self, lane: LaneId) {
        let key = self.key(lane);
        self.known().cells.remove(&key);
    }

    /// The token was refused: forgets the webhook. Whether that may be healed by looking it up again:
    /// once, until [`Self::worked`].
    pub fn refused(&self, lane: LaneId) -> bool {
        let key = self.key(lane);
        telemetry::webhook_refused(key.0, key.1);
        let mut known = self.known();
        known.cells.remove(&key);
        known.refused.insert(key)
    }

    /// The token was accepted.
    pub fn worked(&self, lane: LaneId) {
        let key = self.key(lane);
        self.known().refused.remove(&key);
    }

    /// Whether a webhook is known to be one of ours. Those of lanes not yet opened are not known: a
    /// message's `application_id` tells these.
    #[must_use]
    pub fn is_ours(&self, webhook: WebhookId) -> bool {
        self.known().ours.contains_key(&webhook)
    }

    /// The mirror that a webhook of ours speaks for.
    #[must_use]
    pub fn mirror_of(&self, webhook: WebhookId) -> Option<MirrorId> {
        self.known().ours.get(&webhook).copied()
    }

    /// Remembers a webhook of ours, as receipts tell it.
    pub fn remember(&self, webhook: WebhookId, mirror: MirrorId) {
        let mut known = self.known();
        if known.ours.len() < OURS_MAX {
            known.ours.insert(webhook, mirror);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, lane: LaneId) -> Key {
        let home = self.known().homes.get(&lane.link).and_then(|home| home.get().copied());
        (lane.mirror, home.map_or(lane.link, |home| home.channel))
    }

    async fn find_home(&self, channel: ChannelId) -> Result<Home, No> {
        let call = self.rest.calls.channel(channel).map_err(|error| No::Dead(error.0))?;
        let reply = self.rest.call(&call, PATIENCE).await.map_err(|failure| No::Wait(wait(&failure)))?;
        let place: Place = read(&reply)?;
        let parent = place.parent_id.filter(|_| is_thread(place.kind));
        let guild = place.guild_id.filter(|_| is_forum(place.kind)).and_then(|id| id.parse().ok());
        let forum = guild.map(|guild| Forum { channel, guild });
        Ok(Home { channel: parent.and_then(|id| id.parse().ok()).unwrap_or(channel), forum })
    }

    async fn find_or_make(&self, key: Key, lane: LaneId) -> Result<Hook, No> {
        let (mirror, channel) = key;
        let found = pick(list(&self.rest, channel).await?, self.application, &name(mirror));
        if found.len() > 1 {
            telemetry::webhook_doubled(mirror, channel, found.len());
        }
        let made = found.is_empty();
        let hook = match found.into_iter().next() {
            Some(hook) => hook,
            None => {
                if let Some(consents) = &self.consents {
                    consents.stand(lane).await?;
                }
                self.make(key).await?
            }
        };
        self.remember(hook.id, mirror);
        telemetry::webhook_opened(mirror, channel, hook.id, made);
        Ok(hook)
    }

    /// A webhook whose making is ambiguous is found by its name at the next try.
    async fn make(&self, (mirror, channel): Key) -> Result<Hook, No> {
        let name = name(mirror);
        let call = self.rest.calls.create_webhook(channel, &name).map_err(|error| No::Dead(error.0))?;
        let reply = self.rest.call(&call, PATIENCE).await.map_err(|failure| No::Wait(wait(&failure)))?;
        let listed: Listed = read(&reply)?;
        listed.hook().ok_or_else(|| No::Dead("Discord made a webhook without a token".to_owned()))
    }
}

/// A channel, as far as it says where its webhooks are. Source: Discord, "Channel Object".
#[derive(Deserialize)]
struct Place {
    #[serde(rename = "type")]
    kind: u8,
    #[serde(default)]
    parent_id: Option<String>,
    #[serde(default)]
    guild_id: Option<String>,
}

/// A webhook as Discord lists it. Source: Discord, "Webhook Object".
#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    application_id: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    token: Option<SecretString>,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

impl Listed {
    fn hook(self) -> Option<Hook> {
        Some(Hook { id: self.id.parse().ok()?, token: self.token?, channel: ChannelId(0), thread: None })
    }
}

/// Those that this application owns under this name and has the token of, oldest first.
fn pick(listed: Vec<Listed>, application: ApplicationId, name: &str) -> Vec<Hook> {
    let owner = application.to_string();
    let ours =
        |hook: &Listed| hook.application_id.as_deref() == Some(&owner) && hook.name.as_deref() == Some(name);
    let mut hooks: Vec<_> = listed.into_iter().filter(ours).filter_map(Listed::hook).collect();
    hooks.sort_by_key(|hook| hook.id);
    hooks
}

/// The body of a 2xx; else what a lane does next.
pub(super) fn read<T: serde::de::DeserializeOwned>(reply: &Reply) -> Result<T, No> {
    match (reply.status, Fault::read(reply)) {
        (200..=299, _) => serde_json::from_slice(&reply.body).map_err(|_| No::Wait(AGAIN_MS)),
        (429, _) => Err(No::Wait(reply.headers.wait_ms().unwrap_or(AGAIN_MS))),
        (_, Some(fault)) => Err(dead(&fault)),
        (_, None) => Err(No::Wait(AGAIN_MS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::limits::Headers;

    #[test]
    fn the_name_is_the_mirrors_and_one_that_discord_takes() {
        let mirror: MirrorId = "0123abcd-0000-4000-8000-000000000000".parse().unwrap();
        assert_eq!(name(mirror), "mirror 0123abcd");
    }

    #[test]
    fn only_our_own_of_that_name_is_taken_and_the_oldest() {
        let listed: Vec<Listed> = serde_json::from_str(
            r#"[{"id":"9","name":"mirror 01","application_id":"5","token":"late"},
                {"id":"1","name":"mirror 01","application_id":"6","token":"anothers"},
                {"id":"2","name":"mirror 02","application_id":"5","token":"other mirror"},
                {"id":"3","name":"mirror 01","application_id":null,"token":"by hand"},
                {"id":"4","name":"mirror 01","application_id":"5"},
                {"id":"8","name":"mirror 01","application_id":"5","token":"ours"},
                {"id":"7","name":null,"type":2}]"#,
        )
        .unwrap();
        let ids: Vec<_> = pick(listed, ApplicationId(5), "mirror 01").iter().map(|hook| hook.id.0).collect();
        assert_eq!(ids, [8, 9]);
    }

    #[test]
    fn only_discords_own_word_stops_a_lane() {
        let error = r#"{"message":"m","code":50013}"#;
        for (status, body, whole, expected) in [
            (200, "[]", true, "read"),
            (200, "", false, "wait"),
            (200, "<html>", true, "wait"),
            (403, error, true, "dead"),
            (403, "", false, "wait"),
            (404, "nginx", true, "wait"),
            (429, "{}", true, "wait"),
            (500, error, true, "wait"),
            (302, "", true, "wait"),
        ] {
            let reply = Reply { status, headers: Headers::default(), body: body.into(), whole };
            let found = match read::<Vec<Listed>>(&reply) {
                Ok(_) => "read",
                Err(No::Wait(_)) => "wait",
                Err(No::Dead(_)) => "dead",
                Err(no @ (No::Missing | No::Refused(_))) => panic!("{no:?}"),
            };
            assert_eq!(found, expected, "{status} {body}");
        }
    }

    #[test]
    fn a_hook_does_not_show_its_token() {
        let hook =
            Hook { id: WebhookId(1), token: "s3cret".to_owned().into(), channel: ChannelId(2), thread: None };
        assert!(!format!("{hook:?}").contains("s3cret"));
    }
}
