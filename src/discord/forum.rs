//! A forum as a lane needs it: its tags by name, and its posts in the place of messages.
//!
//! Whoever may not read history is refused the list of archived posts, where a channel's messages would be an empty
//! list. An anchor is asked for all the same: nothing is concluded from a list alone.

use super::calls::{Call, Unbuildable};
use super::history::{PATIENCE, refused, wait};
use super::rest::Rest;
use super::webhooks::read;
use events::{ChannelId, GuildId, MessageId, Version, WebhookId};
use projections::sink::{History, HistoryError, No, Seen};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Tags on one post. Source: Discord, "Start Thread in Forum or Media Channel".
pub const TAGS_MAX: usize = 5;
/// Archived posts are read in pages of 100; behind so many nothing is concluded.
const PAGES_MAX: usize = 100;

/// Flag of a forum where a post without a tag is refused. Source: Discord, "Channel Flags".
const REQUIRE_TAG: u64 = 1 << 4;

const TOO_MANY: &str = "over 10,000 posts were archived in the forum since the last copy that is known here, too many to \
                        look through";

/// A forum: where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forum {
    /// Its own id.
    pub channel: ChannelId,
    /// Its guild.
    pub guild: GuildId,
}

#[derive(Deserialize)]
struct Tagged {
    #[serde(default)]
    flags: u64,
    #[serde(default)]
    available_tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    id: String,
    name: String,
    /// Given by those alone who may manage threads.
    #[serde(default)]
    moderated: bool,
}

#[derive(Deserialize)]
struct Page {
    threads: Vec<Post>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct Post {
    id: String,
    #[serde(default)]
    parent_id: String,
    #[serde(default)]
    owner_id: String,
    #[serde(default)]
    thread_metadata: Times,
}

#[derive(Default, Deserialize)]
struct Times {
    #[serde(default)]
    archive_timestamp: Option<String>,
}

impl Forum {
    /// The ids of its tags for a post with tags of these names, at most [`TAGS_MAX`]: as the forum is now, whatever frames
    /// said of it.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn tags(self, rest: &Rest, names: &[String]) -> Result<Vec<u64>, No> {
        let call = rest.calls.channel(self.channel).map_err(|error| No::Dead(error.0))?;
        let reply = rest.call(&call, PATIENCE).await.map_err(|failure| No::Wait(wait(&failure)))?;
        let tagged: Tagged = read(&reply)?;
        Ok(tagged.choose(names))
    }

    /// Its posts behind `after`, oldest first; `hook` made those that are ours.
    ///
    /// # Errors
    /// By what the caller does next.
    pub async fn posts(
        self,
        rest: &Rest,
        after: MessageId,
        hook: WebhookId,
    ) -> Result<History, HistoryError> {
        // In this order: a post that is archived meanwhile is in both lists, not in none.
        let mut posts = self.active(rest).await?;
        posts.extend(self.archived(rest, after).await?);
        let seen = |post: &Post| {
            let ours = post.owner_id.parse().is_ok_and(|owner: u64| owner == hook.0);
            Some(Seen { id: post.id.parse().ok()?, ours })
        };
        let mut messages: Vec<Seen> = posts
            .iter()
            .map(seen)
            .collect::<Option<_>>()
            .ok_or(HistoryError::Wait(super::history::AGAIN_MS))?;
        messages.retain(|seen| seen.id > after);
        messages.sort_by_key(|seen| seen.id);
        messages.dedup_by_key(|seen| seen.id);
        Ok(History { messages, more: false })
    }

    /// One post that is there, whoever made it.
    ///
    /// # Errors
    /// By what the caller does next.
    pub async fn any(self, rest: &Rest) -> Result<Option<MessageId>, HistoryError> {
        let newest = |posts: &[Post]| posts.iter().filter_map(|post| post.id.parse().ok()).max();
        match newest(&self.active(rest).await?) {
            Some(id) => Ok(Some(id)),
            None => Ok(newest(&self.page(rest, None).await?.threads)),
        }
    }

    async fn active(self, rest: &Rest) -> Result<Vec<Post>, HistoryError> {
        let page: Page = ask(rest, rest.calls.active_threads(self.guild)).await?;
        let forum = self.channel.to_string();
        Ok(page.threads.into_iter().filter(|post| post.parent_id == forum).collect())
    }

    /// The one archived last comes first, and none was archived before it was made.
    async fn archived(self, rest: &Rest, after: MessageId) -> Result<Vec<Post>, HistoryError> {
        let mut posts = Vec::new();
        let mut before: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(rest, before.as_deref()).await?;
            before = page.threads.last().and_then(|post| post.thread_metadata.archive_timestamp.clone());
            posts.extend(page.threads);
            let is_behind = before.as_deref().and_then(moment).is_none_or(|at| at < after.made());
            if !page.has_more || is_behind {
                return Ok(posts);
            }
        }
        Err(HistoryError::Dead(TOO_MANY.to_owned()))
    }

    async fn page(self, rest: &Rest, before: Option<&str>) -> Result<Page, HistoryError> {
        ask(rest, rest.calls.archived_threads(self.channel, before)).await
    }
}

async fn ask<T: DeserializeOwned>(rest: &Rest, call: Result<Call, Unbuildable>) -> Result<T, HistoryError> {
    let call = call.map_err(|error| HistoryError::Dead(error.0))?;
    let reply = rest.call(&call, PATIENCE).await.map_err(|failure| HistoryError::Wait(wait(&failure)))?;
    let told = (reply.status == 200 && reply.whole).then(|| serde_json::from_slice(&reply.body).ok());
    told.flatten().ok_or_else(|| refused(&reply))
}

fn moment(text: &str) -> Option<Version> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Version(time.as_microsecond()))
}

impl Tagged {
    /// Those of these names. Where a forum asks for one and has none of them, its first is better than no post.
    fn choose(&self, names: &[String]) -> Vec<u64> {
        let mut ids = matching(&self.available_tags, names);
        if ids.is_empty() && self.flags & REQUIRE_TAG != 0 {
            let mut open = self.available_tags.iter().filter(|tag| !tag.moderated);
            ids.extend(open.find_map(|tag| tag.id.parse::<u64>().ok()));
        }
        ids
    }
}

/// In the order of `names`; letters of either case are the same.
fn matching(tags: &[Tag], names: &[String]) -> Vec<u64> {
    let of = |name: &String| {
        let tag = tags.iter().find(|tag| tag.name.to_lowercase() == name.to_lowercase())?;
        tag.id.parse().ok()
    };
    let mut ids: Vec<u64> = Vec::new();
    for id in names.iter().filter_map(of) {
        if !ids.contains(&id) && ids.len() < TAGS_MAX {
            ids.push(id);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_match_by_name_and_five_at_most() {
        let tag = |id: u64, name: &str| Tag { id: id.to_string(), name: name.to_owned(), moderated: false };
        let tags: Vec<Tag> = (1..=7).map(|id| tag(id, &format!("Tag {id}"))).chain([tag(8, "Été")]).collect();
        let check = |names: &[&str], expected: &[u64]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(matching(&tags, &names), expected, "{names:?}");
        };
        check(&[], &[]);
        check(&["tag 3", "no such", "Tag 1"], &[3, 1]);
        check(&["été", "tag 1", "TAG 1"], &[8, 1]);
        check(&["tag 1", "tag 2", "tag 3", "tag 4", "tag 5", "tag 6"], &[1, 2, 3, 4, 5]);
    }

    #[test]
    fn where_a_tag_is_asked_for_the_first_that_anybody_may_give_stands_in() {
        let tags = r#"[{"id":"1","name":"news","moderated":true},{"id":"2","name":"bug","moderated":false},{"id":"3","name":"idea"}]"#;
        let check = |flags: u64, tags: &str, names: &[&str], expected: &[u64]| {
            let forum = format!(r#"{{"id":"9","flags":{flags},"available_tags":{tags}}}"#);
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let forum: Tagged = serde_json::from_str(&forum).unwrap();
            assert_eq!(forum.choose(&names), expected, "{flags} {tags} {names:?}");
        };
        check(1 << 4, tags, &[], &[2]);
        check(1 << 4 | 1 << 15, tags, &["no such"], &[2]);
        check(1 << 4, tags, &["Idea"], &[3]);
        check(0, tags, &["no such"], &[]);
        check(1 << 15, tags, &[], &[]);
        check(1 << 4, r#"[{"id":"1","name":"news","moderated":true}]"#, &[], &[]);
        check(1 << 4, "[]", &["bug"], &[]);
    }
}
