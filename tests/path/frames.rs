//! Short forms of frames, expanded to what Discord sends.

use crate::names::Names;
use crate::node::Still;
use crate::script::{Word, repeated, words};
use events::Version;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A dispatch to be framed; `text` where the frame is to be taken as it is.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub kind: String,
    pub data: Value,
    pub text: Option<String>,
}

/// Messages as they were sent last.
#[derive(Default)]
pub(crate) struct Frames {
    messages: BTreeMap<u64, Value>,
    threads: BTreeMap<u64, Value>,
    guild: u64,
}

impl Frames {
    /// The dispatch of a short form: `create CHANNEL NAME USER "text"`, `edit NAME "text" [at SECONDS]`,
    /// `forum NAME TAG...`, `thread NAME in CHANNEL "title" USER`, `rethread NAME`, `unthread NAME`,
    /// `update NAME`, `delete NAME [in CHANNEL]`, `bulk NAME...`, `raw KIND {json}`, `text ...`; a JSON object at
    /// the end replaces fields.
    pub(crate) fn expand(&mut self, line: &str, names: &mut Names, now: Version) -> Sent {
        if let Some(text) = line.strip_prefix("text ") {
            return Sent { kind: "?".to_owned(), data: Value::Null, text: Some(names.with_ids(text, now)) };
        }
        let line = &repeated(line);
        let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut words = words(&self.known_users(head, rest, names, now));
        let patch = match words.last() {
            Some(Word::Object(_)) => words.pop(),
            Some(_) | None => None,
        };
        let (kind, mut data) = match head {
            "create" => ("MESSAGE_CREATE".to_owned(), self.create(&words, names, now)),
            "edit" => ("MESSAGE_UPDATE".to_owned(), self.edit(&words, names, now)),
            "update" => ("MESSAGE_UPDATE".to_owned(), self.known(&words, names, now)),
            "delete" => ("MESSAGE_DELETE".to_owned(), self.delete(&words, names, now)),
            "bulk" => ("MESSAGE_DELETE_BULK".to_owned(), self.bulk(&words, names, now)),
            "forum" => ("CHANNEL_CREATE".to_owned(), forum(&words, names, now)),
            "thread" => ("THREAD_CREATE".to_owned(), thread(&words, names, now)),
            "rethread" => ("THREAD_UPDATE".to_owned(), self.thread(&words, names, now)),
            "unthread" => {
                let known = self.thread(&words, names, now);
                let part = json!({
                    "id": known["id"], "guild_id": "1", "parent_id": known["parent_id"], "type": known["type"],
                });
                ("THREAD_DELETE".to_owned(), part)
            }
            "raw" => (plain(&words, 0), json!({})),
            other => panic!("no short form `{other}`"),
        };
        if let Some(Word::Object(Value::Object(fields))) = patch {
            fields.into_iter().for_each(|(key, value)| data[key] = value);
        }
        let id = data["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        match head {
            "create" | "edit" | "update" => drop(self.messages.insert(id, data.clone())),
            "thread" | "rethread" => drop(self.threads.insert(id, data.clone())),
            _ => {}
        }
        Sent { kind, data, text: None }
    }

    /// The user's name is known before the text that may mention it.
    fn known_users(&self, head: &str, rest: &str, names: &mut Names, now: Version) -> String {
        if head == "create" {
            rest.split(' ').nth(2).filter(|user| !user.starts_with('"')).map(|user| names.user(user));
        }
        names.with_ids(rest, now)
    }

    fn create(&mut self, words: &[Word], names: &mut Names, now: Version) -> Value {
        let (channel, name, user) = (plain(words, 0), plain(words, 1), plain(words, 2));
        self.guild = 1;
        json!({
            "id": names.id(&name, now).to_string(),
            "channel_id": names.id(&channel, now).to_string(),
            "guild_id": "1",
            "type": 0,
            "author": {"id": names.user(&user).to_string(), "username": user, "global_name": user, "avatar": null},
            "content": text(words, 3),
            "timestamp": time(now),
            "edited_timestamp": null,
            "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
            "attachments": [], "embeds": [], "pinned": false, "flags": 0,
        })
    }

    fn edit(&mut self, words: &[Word], names: &mut Names, now: Version) -> Value {
        let mut data = self.known(words, names, now);
        data["content"] = text(words, 1).into();
        let at = match words.get(2) {
            Some(Word::Plain(word)) if word == "at" => after(&plain(words, 3)),
            Some(_) | None => now,
        };
        data["edited_timestamp"] = time(at).into();
        data
    }

    /// The message as it was sent last; of one that was never sent, as `ada` would have written it in `A`.
    fn known(&mut self, words: &[Word], names: &mut Names, now: Version) -> Value {
        let id = names.id(&plain(words, 0), now);
        match self.messages.get(&id) {
            Some(known) => known.clone(),
            None => {
                let made = [Word::Plain("A".to_owned()), words[0].clone(), Word::Plain("ada".to_owned())];
                self.create(&made, names, now)
            }
        }
    }

    fn thread(&self, words: &[Word], names: &mut Names, now: Version) -> Value {
        self.threads[&names.id(&plain(words, 0), now)].clone()
    }

    fn delete(&mut self, words: &[Word], names: &mut Names, now: Version) -> Value {
        let id = names.id(&plain(words, 0), now);
        let channel = match words.get(1) {
            Some(_) => names.id(&plain(words, 2), now).to_string(),
            None => self.channel_of(id, &plain(words, 0), names, now),
        };
        json!({"id": id.to_string(), "channel_id": channel, "guild_id": "1"})
    }

    /// Where it was sent; a copy's name begins with its channel.
    fn channel_of(&self, id: u64, name: &str, names: &mut Names, now: Version) -> String {
        match self.messages.get(&id) {
            Some(known) => known["channel_id"].as_str().unwrap_or_default().to_owned(),
            None => names.id(&name[..1].to_uppercase(), now).to_string(),
        }
    }

    fn bulk(&mut self, words: &[Word], names: &mut Names, now: Version) -> Value {
        let ids: Vec<u64> = (0..words.len()).map(|at| names.id(&plain(words, at), now)).collect();
        let channel = self.channel_of(ids[0], &plain(words, 0), names, now);
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        json!({"ids": ids, "channel_id": channel, "guild_id": "1"})
    }
}

/// Its tags have names of their own: `$bugA` is the id of forum A's `bug`.
fn forum(words: &[Word], names: &mut Names, now: Version) -> Value {
    let name = plain(words, 0);
    let mut tag = |at: usize| {
        let tag = plain(words, at);
        json!({"id": names.id(&format!("{tag}{name}"), now).to_string(), "name": tag})
    };
    let tags: Vec<Value> = (1..words.len()).map(&mut tag).collect();
    json!({
        "id": names.id(&name, now).to_string(), "guild_id": "1", "type": 15, "name": name.to_lowercase(),
        "available_tags": tags,
    })
}

fn thread(words: &[Word], names: &mut Names, now: Version) -> Value {
    let (name, channel, user) = (plain(words, 0), plain(words, 2), plain(words, 4));
    json!({
        "id": names.id(&name, now).to_string(), "parent_id": names.id(&channel, now).to_string(),
        "guild_id": "1", "type": 11, "name": text(words, 3), "owner_id": names.user(&user).to_string(),
        "newly_created": true, "thread_metadata": {"archived": false, "locked": false},
    })
}

fn plain(words: &[Word], at: usize) -> String {
    match words.get(at) {
        Some(Word::Plain(word)) => word.clone(),
        other => panic!("word {at} of {words:?} is {other:?}"),
    }
}

fn text(words: &[Word], at: usize) -> String {
    match words.get(at) {
        Some(Word::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

/// So many seconds after the story began.
fn after(seconds: &str) -> Version {
    let seconds: f64 = seconds.parse().unwrap();
    Still::at((seconds * 1e6).round() as i64)
}

/// As Discord writes a time.
pub(crate) fn time(at: Version) -> String {
    let time = jiff::Timestamp::from_microsecond(at.0).unwrap();
    format!("{}+00:00", time.strftime("%Y-%m-%dT%H:%M:%S%.6f"))
}
