//! The language of the stories. One step a line; what a step answers is printed below it, ids by their names.
//!
//! ```text
//! tell CHANNEL USER {text, embeds, attachments, poll, reply_to}
//! say CHANNEL USER text          m1, m2, ... are the messages in order of appearance anywhere
//! reply CHANNEL USER MESSAGE text
//! edit | delete | pin | unfurl CHANNEL MESSAGE [text]
//! wipe | drop CHANNEL            removes webhook messages | the channel
//! GET /path [{json}] | field field.field     any REST call; then the fields to print (none: status only)
//! faults {json} | fault {json}   a whole plan | one REST rule for the next match
//! old CHANNEL USER MS text       as say, so many milliseconds ago
//! partly CHANNEL MESSAGE url | defer CHANNEL BOT | finish CHANNEL MESSAGE text
//! role NAME | may ROLE BITS | wear USER ROLE true | allows CHANNEL ROLE ALLOW DENY
//! shows CHANNEL                  what the channel shows
//! forum TAG,TAG | post forum USER TAG,TAG TITLE TEXT | start CHANNEL MESSAGE USER NAME | aside CHANNEL USER NAME
//! joins THREAD USER | leaves THREAD USER | strict FORUM true
//! rename THREAD NAME | archive THREAD true | lock THREAD true | threads CHANNEL
//! slash CHANNEL USER COMMAND | press INTERACTION USER BUTTON | answered INTERACTION | advance MS
//!                                i1, i2, ... are the interactions in order; `{i1/}` is an id and its token
//! ws NAME [zstd | zlib | QUERY] | NAME identify [intents [SHARD/TOTAL | compress]] | NAME resume FROM SEQ | NAME send {json}
//! NAME close CODE | NAME is quiet | NAME was binary
//! NAME reads N [field ...]       N payloads, then no more than that are printed
//! ```

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use serde_json::{Value, json};
use standin::{Config, Faults, Rule, Said, Standin};

use crate::{
    http::{Got, Http},
    ws::{Heard, Ws},
};

pub(crate) fn run(config: Config, script: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stage = Stage::new(config);
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            stage.printed.push_str(&format!("> {line}\n"));
            stage.step(line).await;
        }
        stage.printed
    })
}

pub(crate) struct Stage {
    pub(crate) discord: Standin,
    http: Http,
    token: String,
    ids: BTreeMap<String, u64>,
    hook_token: String,
    sockets: BTreeMap<String, Ws>,
    sessions: BTreeMap<String, String>,
    printed: String,
}

impl Stage {
    pub(crate) fn new(config: Config) -> Self {
        let token = config.token.clone();
        let discord = Standin::start(config).unwrap();
        let mut ids = BTreeMap::new();
        let home = discord.create_guild("home");
        ids.insert("home".to_owned(), home);
        ids.insert("bot".to_owned(), discord.bot_id());
        for name in ["general", "random"] {
            ids.insert(name.to_owned(), discord.create_channel(home, name));
        }
        for name in ["alice", "bob"] {
            ids.insert(name.to_owned(), discord.create_user(name));
        }
        ids.insert("hook".to_owned(), discord.create_webhook(ids["random"], "hook", ids["alice"]));
        let hook_token = discord.webhook_tokens().remove(0);
        discord.restart_ledger(standin::Keep::All);
        let http = Http::new(&discord.api_url(), &token);
        let (sockets, sessions, printed) = Default::default();
        Self { discord, http, token, ids, hook_token, sockets, sessions, printed }
    }

    fn id(&self, name: &str) -> u64 {
        *self.ids.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.ids.keys()))
    }

    /// Gives names to what has none: threads are called what they are called, messages m1, m2, ...
    fn name_messages(&mut self) {
        let mut channels: Vec<u64> =
            ["general", "random", "forum"].iter().filter_map(|name| self.ids.get(*name)).copied().collect();
        let threads: Vec<_> = channels.iter().flat_map(|&channel| self.discord.threads(channel)).collect();
        for thread in threads {
            channels.push(thread.id);
            // A thread from a message has that message's id: one id, two names.
            self.ids.entry(thread.name.replace(' ', "-")).or_insert(thread.id);
        }
        for shown in channels.into_iter().flat_map(|channel| self.discord.messages(channel)) {
            if !self.ids.values().any(|&id| id == shown.id) {
                let next = (1..).map(|n| format!("m{n}")).find(|name| !self.ids.contains_key(name)).unwrap();
                self.ids.insert(next, shown.id);
            }
        }
    }

    /// What people do with threads and posts.
    fn threads(&mut self, words: &[&str]) {
        let (discord, id) = (self.discord.clone(), self.id(words[1]));
        match *words {
            ["start", _, message, user, name] => {
                assert_ne!(discord.start_thread(id, self.id(message), self.id(user), name), 0);
            }
            ["aside", _, user, name] => assert_ne!(discord.create_thread_as(id, self.id(user), name), 0),
            ["post", _, user, tags, title, text] => {
                let tags: Vec<&str> = tags.split(',').collect();
                assert_ne!(discord.create_post(id, self.id(user), (title, text), &tags), 0);
            }
            ["strict", _, on] => assert!(discord.require_tag(id, on == "true")),
            ["rename", _, name] => assert!(discord.rename_thread(id, name)),
            ["archive", _, on] => assert!(discord.archive_thread(id, on == "true")),
            ["lock", _, on] => assert!(discord.lock_thread(id, on == "true")),
            ["joins", _, user] => assert!(discord.join_thread(id, self.id(user))),
            ["leaves", _, user] => assert!(discord.leave_thread(id, self.id(user))),
            ["threads", _] => {
                for thread in discord.threads(id) {
                    let state = [(thread.archived, "archived"), (thread.locked, "locked")];
                    let state: Vec<_> = state.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
                    let (id, owner, count) = (thread.id, thread.owner, thread.message_count);
                    let line =
                        format!("{id} {} by {owner}: {count} {:?} {state:?}", thread.name, thread.tags);
                    self.print(&line);
                }
            }
            _ => panic!("unknown step {words:?}"),
        }
    }

    /// `{name}` becomes an id; `{hook/}` the webhook's id and token.
    fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (at, token) in (1..).zip(self.discord.interaction_tokens()) {
            let known = self.ids.get(&format!("i{at}")).copied().unwrap_or(0);
            text = text.replace(&format!("{{i{at}/}}"), &format!("{known}/{token}"));
            text = text.replace(&format!("{{i{at}-token}}"), &token);
        }
        text = text.replace("{hook/}", &format!("{}/{}", self.id("hook"), self.hook_token));
        for (name, id) in &self.ids {
            text = text.replace(&format!("{{{name}}}"), &id.to_string());
        }
        text
    }

    /// The opposite: ids become `{name}`, times and secrets a word.
    fn hide(&self, text: &str) -> String {
        let mut text = text.replace(&self.hook_token, "HOOK-TOKEN");
        for (at, token) in (1..).zip(self.discord.interaction_tokens()) {
            text = text.replace(&token, &format!("I{at}-TOKEN"));
        }
        for (name, id) in &self.ids {
            text = text.replace(&id.to_string(), &format!("{{{name}}}"));
        }
        text.replace(&self.discord.addr().to_string(), "ADDRESS")
    }

    fn print(&mut self, text: &str) {
        self.name_messages();
        let hidden = self.hide(text);
        writeln!(self.printed, "  {hidden}").unwrap();
    }

    pub(crate) async fn step(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "GET" | "POST" | "PUT" | "PATCH" | "DELETE" => self.rest(line).await,
            "ws" => {
                let query = match words.get(2).copied().unwrap_or_default() {
                    "zstd" => "compress=zstd-stream",
                    "zlib" => "compress=zlib-stream",
                    other => other,
                };
                match Ws::connect(&self.discord.gateway_url(), query).await {
                    Ok(socket) => drop(self.sockets.insert(words[1].to_owned(), socket)),
                    Err(error) => self.print(&error),
                }
            }
            name if self.sockets.contains_key(name) => self.socket(name, &words[1..]).await,
            _ => self.world(line, &words).await,
        }
        self.name_messages();
    }

    async fn world(&mut self, line: &str, words: &[&str]) {
        let tail = |from: usize| line.splitn(from + 1, ' ').nth(from).unwrap_or_default().to_owned();
        let channel = words.get(1).and_then(|name| self.ids.get(*name)).copied().unwrap_or(0);
        let third = words.get(2).and_then(|name| self.ids.get(*name)).copied().unwrap_or(0);
        let discord = self.discord.clone();
        match words[0] {
            "say" => drop(discord.say(channel, third, &self.fill(&tail(3)))),
            "reply" => {
                let reply_to = Some(self.id(words[3]));
                discord.say_with(channel, third, &tail(4), Said { reply_to, ..Said::default() });
            }
            "edit" => assert!(discord.edit(channel, third, &tail(3))),
            "delete" => assert!(discord.delete(channel, third)),
            "pin" => assert!(discord.pin(channel, third, true)),
            "react" => assert!(discord.react(channel, third, self.id("bob"), "👍")),
            "unfurl" => {
                assert!(discord.unfurl(channel, third, vec![json!({"type": "link", "url": tail(3)})]))
            }
            "wipe" => drop(discord.wipe(channel)),
            "drop" => assert!(discord.delete_channel(channel)),
            "thread" => drop(self.ids.insert(words[2].to_owned(), discord.create_thread(channel, words[2]))),
            "forum" => {
                let tags: Vec<&str> = words[1].split(',').collect();
                let forum = discord.create_forum(self.id("home"), "forum", &tags);
                self.ids.insert("forum".to_owned(), forum);
                for (id, name) in discord.tags(forum) {
                    self.ids.insert(name, id);
                }
            }
            "start" | "aside" | "post" | "strict" | "threads" => self.threads(words),
            "rename" | "archive" | "lock" | "joins" | "leaves" => self.threads(words),
            "permit" => discord.set_permissions(channel, serde_json::from_str(&tail(2)).unwrap()),
            "lag" => discord.set_history_lag(channel, words[2].parse().unwrap()),
            "unhook" => assert!(discord.delete_webhook(self.id("hook"))),
            "lose" => discord.lose_sessions(),
            "reconnect" => discord.reconnect_all(),
            "beat" => discord.beat_all(),
            "silence" => discord.silence_all(),
            "close" => discord.close_all(words[1].parse().unwrap()),
            "guild" => drop(self.ids.insert(words[1].to_owned(), discord.create_guild(words[1]))),
            "tell" => {
                let with: Value = serde_json::from_str(&self.fill(&tail(3))).unwrap();
                let list = |name: &str| with[name].as_array().cloned().unwrap_or_default();
                let said = Said {
                    embeds: list("embeds"),
                    attachments: list("attachments"),
                    poll: with.get("poll").cloned(),
                    reply_to: with["reply_to"].as_str().map(|id| id.parse().unwrap()),
                    ..Said::default()
                };
                discord.say_with(channel, third, with["text"].as_str().unwrap_or_default(), said);
            }
            "invalidate" => discord.invalidate_all(words[1] == "true"),
            "faults" => discord.set_faults(serde_json::from_str(&self.fill(&tail(1))).unwrap()),
            "fault" => {
                let rule: Rule = serde_json::from_str(&self.fill(&tail(1))).unwrap();
                discord.set_faults(Faults::script(vec![rule]));
            }
            "unreact" => assert!(discord.unreact(channel, third, self.id("bob"), "👍")),
            "clear" => assert!(discord.clear_reactions(channel, third)),
            "unpin" => assert!(discord.pin(channel, third, false)),
            "old" => {
                let age_ms = words[3].parse().unwrap();
                discord.say_with(channel, third, &tail(4), Said { age_ms, ..Said::default() });
            }
            "partly" => {
                let embed = json!({"type": "link", "url": tail(3)});
                assert!(discord.unfurl_partially(channel, third, vec![embed]));
            }
            "defer" => drop(discord.defer(channel, third, self.id("alice"))),
            "finish" => assert!(discord.finish(channel, third, &tail(3))),
            "role" => {
                self.ids.insert(words[1].to_owned(), discord.create_role(self.id("home"), words[1]));
            }
            "allows" => {
                let (role, allow, deny) =
                    (self.id(words[2]), words[3].parse().unwrap(), words[4].parse().unwrap());
                assert!(discord.set_overwrite(channel, role, allow, deny));
            }
            "may" => assert!(discord.set_role(self.id("home"), channel, words[2].parse().unwrap())),
            "wear" => assert!(discord.wear(self.id("home"), channel, third, words[3] == "true")),
            "slash" | "press" | "answered" => self.interacts(line, words),
            "advance" => discord.advance(words[1].parse().unwrap()),
            "refused" => self.refused(),
            "within" => self.within(words[1].parse().unwrap(), words[2], words[3].parse().unwrap()).await,
            "await" => self.listening().await,
            "shows" => self.shows(channel),
            "requests" => self.requests(),
            "noted" => self.noted(),
            other => panic!("unknown step {other}"),
        }
    }

    /// What people do with commands and buttons.
    fn interacts(&mut self, line: &str, words: &[&str]) {
        let discord = self.discord.clone();
        let begun = match words {
            ["slash", ..] => discord.obey(&self.fill(line)),
            ["press", on, user, button] => discord.obey(&format!("press {} {button} {user}", self.id(on))),
            ["answered", interaction] => {
                let text = discord.answered(self.id(interaction)).map_or("nothing".to_owned(), |reply| {
                    let marks = [(reply.ephemeral, " ephemeral"), (reply.deferred, " deferred")];
                    let marks: String = marks.iter().filter(|(on, _)| *on).map(|(_, mark)| *mark).collect();
                    format!("{:?}{marks} {:?}", reply.content, reply.custom_ids)
                });
                return self.print(&text);
            }
            other => panic!("unknown step {other:?}"),
        };
        match begun {
            Ok(begun) => {
                let next = (1..).map(|n| format!("i{n}")).find(|name| !self.ids.contains_key(name)).unwrap();
                self.ids.insert(next, begun["interaction"].as_str().unwrap().parse().unwrap());
            }
            Err(why) => self.print(&why),
        }
    }

    /// Awaits that a channel shows so many messages.
    async fn within(&mut self, ms: u64, channel: &str, count: usize) {
        let channel = self.id(channel);
        let awaited = async {
            while self.discord.message_count(channel) != count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let good = tokio::time::timeout(Duration::from_millis(ms), awaited).await.is_ok();
        self.print(if good { "yes" } else { "no" });
    }

    async fn listening(&self) {
        while tokio::net::TcpStream::connect(self.discord.addr()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn shows(&mut self, channel: u64) {
        for shown in self.discord.messages(channel) {
            let edited = if shown.edited_ms.is_some() { " (edited)" } else { "" };
            let embeds =
                if shown.embeds.is_empty() { String::new() } else { json!(shown.embeds).to_string() };
            self.print(&format!("{} {}: {}{edited}{embeds}", shown.id, shown.name, shown.content));
        }
    }

    fn requests(&mut self) {
        for request in self.discord.requests(&standin::Filter::default()) {
            let (kind, effect) = (request.kind, request.effect.map(|id| id.to_string()));
            let status = request.status.map_or("cut".to_owned(), |status| status.to_string());
            let fault = request.fault.unwrap_or("-");
            self.print(&format!(
                "{} {kind} {status} {fault} {}",
                request.method,
                effect.unwrap_or("-".to_owned())
            ));
        }
    }

    /// Refusals by kind, and how many of each were the client's own doing.
    fn refused(&mut self) {
        let counts = self.discord.counts();
        for (kind, count) in &counts.refused {
            self.print(&format!("{kind:?} {count}, own {}", counts.refused_own[kind]));
        }
        self.print(&format!("invalid {}", counts.invalid));
    }

    fn noted(&mut self) {
        for note in self.discord.faults() {
            self.print(&format!("{} {}", note.fault, note.event.as_deref().unwrap_or("-")));
        }
    }

    async fn rest(&mut self, line: &str) {
        let (call, fields) = line.split_once(" | ").unwrap_or((line, ""));
        let mut words = call.splitn(3, ' ');
        let (method, path, body) = (words.next().unwrap(), words.next().unwrap(), words.next());
        let (path, body) = (self.fill(path), body.map(|body| self.fill(body)));
        let text = match self.http.send(method, &path, body.as_deref(), 300).await {
            Got::Refused => "refused".to_owned(),
            Got::Cut => "cut".to_owned(),
            Got::TimedOut => "timed out".to_owned(),
            Got::Answer { status, headers, body, text, .. } => {
                let fields: Vec<&str> = fields.split_whitespace().collect();
                let heads = fields.iter().filter_map(|field| field.strip_prefix('^'));
                let heads: String = heads
                    .map(|name| format!(" {name}={}", headers.get(name).map_or("-", |v| v.to_str().unwrap())))
                    .collect();
                let wanted: Vec<&str> =
                    fields.iter().copied().filter(|field| !field.starts_with('^')).collect();
                let body = if wanted == ["text"] { text } else { picked(&body, &wanted) };
                format!("{status}{heads} {body}").trim_end().to_owned()
            }
        };
        self.print(&text);
    }

    async fn socket(&mut self, name: &str, words: &[&str]) {
        let mut socket = self.sockets.remove(name).unwrap();
        match words {
            ["identify", rest @ ..] => {
                let intents = rest.first().copied().unwrap_or("34337");
                let mut d = json!({"token": self.token, "intents": intents.parse::<u64>().unwrap(), "properties": {}});
                if let Some((shard, total)) = rest.get(1).and_then(|shard| shard.split_once('/')) {
                    d["shard"] = json!([shard.parse::<u64>().unwrap(), total.parse::<u64>().unwrap()]);
                }
                d["compress"] = json!(rest.get(1) == Some(&"compress"));
                socket.send(&json!({"op": 2, "d": d}).to_string()).await;
            }
            ["resume", from, seq] => {
                let session = self.sessions.get(*from).cloned().unwrap_or_default();
                let d =
                    json!({"token": self.token, "session_id": session, "seq": seq.parse::<u64>().unwrap()});
                socket.send(&json!({"op": 6, "d": d}).to_string()).await;
            }
            ["send", rest @ ..] => socket.send(&self.fill(&rest.join(" "))).await,
            ["close", code] => socket.close(code.parse().unwrap()).await,
            ["reads", count, fields @ ..] => {
                for _ in 0..count.parse::<usize>().unwrap() {
                    self.read(name, &mut socket, fields).await;
                }
            }
            ["is", "quiet"] => {
                let quiet = matches!(socket.hear(150).await, Heard::Silence);
                self.print(if quiet { "yes" } else { "no" });
            }
            ["was", "binary"] => self.print(if socket.is_binary { "yes" } else { "no" }),
            ["gone"] => return,
            other => panic!("unknown step {other:?}"),
        }
        self.sockets.insert(name.to_owned(), socket);
    }

    async fn read(&mut self, name: &str, socket: &mut Ws, fields: &[&str]) {
        let text = match socket.hear(3000).await {
            Heard::Payload(payload) => {
                if let Some(session) = payload["d"]["session_id"].as_str() {
                    self.sessions.insert(name.to_owned(), session.to_owned());
                }
                match payload["op"].as_u64() {
                    Some(0) => {
                        let (s, t) = (&payload["s"], payload["t"].as_str().unwrap());
                        format!("{s} {t} {}", picked(&payload["d"], fields)).trim_end().to_owned()
                    }
                    _ => payload.to_string(),
                }
            }
            Heard::Closed(code) => format!("closed {code}"),
            Heard::Cut => "cut".to_owned(),
            Heard::Silence => "silence".to_owned(),
        };
        self.print(&text);
    }
}

/// The named fields of an object, or of each object of a list.
fn picked(value: &Value, fields: &[&str]) -> String {
    if fields.is_empty() {
        return String::new();
    }
    if let Some(list) = value.as_array() {
        let all: Vec<String> = list.iter().map(|one| picked(one, fields)).collect();
        return format!("[{}]", all.join("; "));
    }
    let field = |path: &str| match value.pointer(&format!("/{}", path.replace('.', "/"))) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "-".to_owned(),
    };
    fields.iter().map(|path| field(path)).collect::<Vec<_>>().join(" ")
}
