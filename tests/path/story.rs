//! One story: its lines are played, and what comes of them is written beside them.

use crate::discord::{Act, Asked, Discord};
use crate::frames::{Frames, Sent};
use crate::names::Names;
use crate::node::{Ground, Node, Still};
use crate::script::Line;
use crate::stores::{Engine, Stores, awake};
use async_trait::async_trait;
use events::{ApplicationId, ChannelId, MessageId, Offset};
use mirror::cli::args::{Cli, Verb};
use mirror::cli::print;
use mirror::clock::Clock;
use mirror::commands::answer::LogEntry;
use mirror::commands::{self, Answer, CommandError, Desk, Listener};
use mirror::discord::gateway::Frame;
use mirror::discord::rest::Rest;
use mirror::discord::transport::{self, Transport};
use mirror::discord::webhooks::Webhooks;
use mirror::discord::{guilds::Guilds, limits};
use mirror::lanes::{LaneReport, LaneState};
use projections::lane::Rules;
use projections::sink::{Answer as Said, HistoryError, No};
use secrecy::SecretString;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;
use tokio::task::JoinHandle;
use tools::{Meter, Progress};

/// How long a lane may wait before the story goes on without it.
const PATIENCE: Duration = Duration::from_secs(120);
/// What takes longer than this never ends.
const STUCK: Duration = Duration::from_secs(3600);
/// Between two looks at the lanes.
const LOOK: Duration = Duration::from_millis(5);

/// Plays `text` and returns it with what came of it.
pub(crate) async fn tell(text: &str, engine: Engine) -> String {
    let mut story = Story::begin(engine).await;
    for line in text.lines() {
        let played = tokio::time::timeout(STUCK, story.play(line)).await;
        assert!(played.is_ok(), "the story never ends after: {line}");
    }
    story.flush().await;
    story.end().await
}

struct Story {
    ground: Ground,
    node: Node,
    names: Arc<Mutex<Names>>,
    frames: Frames,
    /// Every dispatch so far, for a resume.
    sent: Vec<Frame>,
    batch: Vec<Frame>,
    patience: Duration,
    /// A command that runs while the next frames arrive.
    meanwhile: Option<JoinHandle<String>>,
    /// What was said of each lane last.
    lanes: BTreeMap<String, String>,
    dead: u64,
    out: String,
}

impl Story {
    async fn begin(engine: Engine) -> Self {
        let names = Arc::new(Mutex::new(Names::default()));
        let clock = Still::new();
        let webhooks = webhooks();
        let ground = Ground {
            stores: Stores::open(engine),
            discord: Discord::new(names.clone(), clock.clone(), webhooks.clone()),
            webhooks,
            clock,
            ids: Arc::new(AtomicU64::new(1)),
            guilds: Arc::new(RwLock::new(Guilds::default())),
        };
        let node = Node::start(&ground, Rules::default()).await;
        Self {
            ground,
            node,
            names,
            frames: Frames::default(),
            sent: Vec::new(),
            batch: Vec::new(),
            patience: PATIENCE,
            meanwhile: None,
            lanes: BTreeMap::new(),
            dead: 0,
            out: String::new(),
        }
    }

    fn say(&mut self, line: &str) {
        self.out += line.trim_end();
        self.out.push('\n');
    }

    fn ids(&self, text: &str) -> String {
        self.names.lock().unwrap().with_ids(text, self.ground.clock.now())
    }

    fn id(&self, name: &str) -> u64 {
        self.names.lock().unwrap().id(name, self.ground.clock.now())
    }

    /// With names for ids, and seconds since the story began for times.
    fn names(&self, text: &str) -> String {
        let text = times(&self.names.lock().unwrap().with_names(text));
        text.split_inclusive(char::is_whitespace).map(without_digest).collect()
    }

    async fn play(&mut self, text: &str) {
        let line = Line::read(text);
        if !matches!(line, Line::Frame(_)) {
            self.flush().await;
        }
        if line != Line::Expected {
            self.say(text);
        }
        match line {
            Line::Blank | Line::Expected => {}
            Line::Frame(frame) => self.frame(&frame),
            Line::Command(command) => {
                self.command(&command).await;
                self.settle().await;
            }
            Line::Stage(direction) => self.stage(&direction).await,
            Line::Ask(what) => self.ask(&what).await,
        }
    }

    /// Adds a frame to those that arrive together; `again` is the last one once more, `many CHANNEL USER 400` are
    /// so many messages with their numbers as texts.
    fn frame(&mut self, line: &str) {
        if let Some(["many", channel, user, count]) = line.split(' ').collect::<Vec<_>>().first_chunk::<4>() {
            let count: usize = count.parse().unwrap();
            return (1..=count).for_each(|at| self.frame(&format!("create {channel} n{at} {user} \"{at}\"")));
        }
        if line == "again" {
            let last = self.sent.last().unwrap().clone();
            self.batch.push(last);
            return;
        }
        let now = self.ground.clock.now();
        let sent = self.frames.expand(line, &mut self.names.lock().unwrap(), now);
        self.happens(&sent);
        let frame = self.framed(&sent);
        self.sent.push(frame.clone());
        self.batch.push(frame);
    }

    fn framed(&self, sent: &Sent) -> Frame {
        let seq = self.sent.len() as u64 + 1;
        let frame = json!({"op": 0, "s": seq, "t": sent.kind, "d": sent.data}).to_string();
        Frame {
            text: sent.text.clone().unwrap_or(frame),
            seq,
            kind: sent.kind.clone(),
            session: "session".into(),
            resume_url: "wss://gateway".into(),
        }
    }

    /// The channels are as the frame says.
    fn happens(&self, sent: &Sent) {
        let id = |value: &serde_json::Value| value.as_str().and_then(|id| id.parse::<u64>().ok());
        let discord = &self.ground.discord;
        let text = sent.data["content"].as_str();
        if let (true, Some(thread)) = (sent.kind.starts_with("THREAD_"), id(&sent.data["id"])) {
            return match sent.kind.as_str() {
                "THREAD_DELETE" => drop(discord.unthread(ChannelId(thread))),
                _ if sent.data["owner_id"].is_string() => discord.thread(ChannelId(thread), &sent.data),
                _ => {}
            };
        }
        if let (15 | 16, Some(forum)) = (sent.data["type"].as_u64().unwrap_or(0), id(&sent.data["id"])) {
            return discord.forum(ChannelId(forum), &sent.data);
        }
        if let (true, Some(message)) = (text.is_some(), id(&sent.data["id"])) {
            discord.told(message, &sent.data);
        }
        match (sent.kind.as_str(), id(&sent.data["id"]).map(MessageId), id(&sent.data["channel_id"])) {
            ("MESSAGE_CREATE", Some(message), Some(channel)) => {
                let author = sent.data["author"]["username"].as_str().unwrap_or_default();
                discord.write(ChannelId(channel), message, author, text.unwrap_or_default());
            }
            ("MESSAGE_UPDATE", Some(message), _) => {
                text.into_iter().for_each(|text| discord.change(message, Some(text)))
            }
            ("MESSAGE_DELETE", Some(message), _) => discord.change(message, None),
            ("MESSAGE_DELETE_BULK", ..) => {
                let ids = sent.data["ids"].as_array().into_iter().flatten();
                ids.filter_map(id).for_each(|message| discord.change(MessageId(message), None));
            }
            _ => {}
        }
    }

    /// What waits to be taken arrives.
    async fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            self.node.take(&batch).await;
            self.settle().await;
        }
    }

    async fn command(&mut self, line: &str) {
        let text = tokio::select! {
            text = execute(self.node.desk.clone(), self.ids(line)) => text,
            () = self.ground.discord.crash() => "failed: the node died".to_owned(),
        };
        self.answer(&text);
    }

    fn answer(&mut self, text: &str) {
        let text = self.names(text);
        text.lines().for_each(|line| self.say(&format!("| {line}")));
    }

    /// Until nothing is under way any more.
    async fn settle(&mut self) {
        let began = self.ground.clock.now();
        if let Some(command) = self.meanwhile.take() {
            let text = command.await.unwrap();
            // How much of what arrived it saw is nobody's promise.
            self.answer(&numberless(&text));
        }
        let until = tokio::time::Instant::now() + std::mem::replace(&mut self.patience, PATIENCE);
        let lanes = loop {
            if self.echo().await {
                continue;
            }
            if self.ground.discord.has_crashed() {
                self.restart().await;
                continue;
            }
            let tail = self.ground.stores.tail().await;
            let lanes = self.node.lanes(tail).await;
            let rests = |lane: &LaneReport| matches!(lane.state, LaneState::Idle | LaneState::Held);
            let is_quiet = lanes.iter().all(rests) && !self.ground.discord.is_waiting();
            let is_late = tokio::time::Instant::now() >= until
                && lanes.iter().all(|lane| lane.state != LaneState::Working);
            if (is_quiet && tail == self.ground.stores.tail().await) || is_late {
                break lanes;
            }
            tokio::time::sleep(LOOK).await;
        };
        // Whatever comes next comes later.
        tokio::time::sleep(LOOK).await;
        self.asked(began);
        self.aside().await;
        lanes.iter().for_each(|lane| self.lane(lane));
    }

    /// What we did comes back as dispatches.
    async fn echo(&mut self) -> bool {
        let Some((kind, data)) = self.ground.discord.echo() else { return false };
        let frame = self.framed(&Sent { kind: kind.to_owned(), data, text: None });
        self.sent.push(frame.clone());
        self.node.take(&[frame]).await;
        true
    }

    async fn restart(&mut self) {
        let node = Node::start(&self.ground, Rules::default()).await;
        self.node = node;
    }

    fn asked(&mut self, began: events::Version) {
        let mut asked = self.ground.discord.asked();
        asked.sort_by(|one, other| one.channel.cmp(&other.channel));
        if asked.is_empty() {
            self.say("< nothing");
        }
        for lane in asked.chunk_by(|one, other| one.channel == other.channel) {
            let lines: Vec<String> = lane.iter().map(|asked| told(asked, began)).collect();
            few(&lines).into_iter().for_each(|line| self.say(&format!("< {} {line}", lane[0].channel)));
        }
    }

    async fn aside(&mut self) {
        for dead in awake(self.ground.stores.state.dead_after(self.dead)).await.unwrap() {
            self.dead = dead.id;
            let line = self.names(&format!(
                "= put aside: {} ({}, {} bytes)",
                dead.why,
                dead.place,
                dead.payload.len()
            ));
            self.say(&line);
        }
    }

    fn lane(&mut self, lane: &LaneReport) {
        let trouble = lane.trouble.clone().unwrap_or_default();
        let mut words = match lane.state {
            LaneState::Idle => String::new(),
            LaneState::Working => "works".to_owned(),
            LaneState::Waiting if trouble.is_empty() => "waits".to_owned(),
            LaneState::Waiting => format!("waits: {trouble}"),
            LaneState::Held => format!("is held: {trouble}"),
        };
        if !lane.strangers.is_empty() {
            let strangers: Vec<String> = lane.strangers.iter().map(ToString::to_string).collect();
            words += if words.is_empty() { "" } else { "; " };
            words += &format!("cannot explain {}", strangers.join(", "));
        }
        let words = self.names(&words);
        let channel = self.names.lock().unwrap().name(lane.id.link.0);
        let key = format!("{channel} {}", lane.id.mirror);
        if self.lanes.insert(key, words.clone()).unwrap_or_default() != words && !words.is_empty() {
            self.say(&format!("= {channel} {}", words.trim()));
        }
    }

    /// `CHANNEL: ACT`, or something else that happens to the world.
    async fn stage(&mut self, direction: &str) {
        if let Some((channel, act)) = direction.split_once(": ") {
            let channel = ChannelId(self.id(channel));
            return self.act(channel, act);
        }
        let (what, rest) = direction.split_once(' ').unwrap_or((direction, ""));
        match (what, rest) {
            ("linked", links) => self.link(links).await,
            ("meanwhile", command) => {
                self.meanwhile = Some(tokio::spawn(execute(self.node.desk.clone(), self.ids(command))));
            }
            // It happened before anybody listened.
            ("unheard", line) => {
                let now = self.ground.clock.now();
                let sent = self.frames.expand(line, &mut self.names.lock().unwrap(), now);
                self.happens(&sent);
            }
            ("echoes", "stop") => self.ground.discord.mute(true),
            ("echoes", "go on") => self.ground.discord.mute(false),
            ("within", seconds) => self.patience = Duration::from_secs_f64(seconds.parse().unwrap()),
            ("pass", seconds) => {
                tokio::time::sleep(Duration::from_secs_f64(seconds.parse().unwrap())).await;
                self.settle().await;
            }
            ("crash", "") => {
                self.restart().await;
                self.settle().await;
            }
            ("resume", "") => {
                let sent = self.sent.clone();
                self.node.take(&sent).await;
                self.settle().await;
            }
            ("trim", offset) => self.ground.stores.trim(Offset(offset.parse().unwrap())).await,
            (what, _) => panic!("no stage direction `{what}`"),
        }
    }

    /// `A, B --receive-only`: members from now on, and not a word about it.
    async fn link(&mut self, links: &str) {
        let said = self.out.clone();
        for link in links.split(", ") {
            self.command(&format!("mirror link room ${link}")).await;
            self.settle().await;
        }
        self.out = said;
    }

    fn act(&self, channel: ChannelId, act: &str) {
        let discord = &self.ground.discord;
        let (what, rest) = act.split_once(' ').unwrap_or((act, ""));
        let lost = || Said::Ambiguous("it had no effect".to_owned());
        let act = match (what, rest) {
            ("yes", "") => Act::Yes,
            ("wait", ms) => Act::Say(Said::No(No::Wait(ms.parse().unwrap()))),
            ("missing", "") => Act::Say(Said::No(No::Missing)),
            ("refused", why) => Act::Say(Said::No(No::Refused(why.to_owned()))),
            ("dead", why) => Act::Say(Said::No(No::Dead(why.to_owned()))),
            ("lost,", "no effect") => Act::Say(lost()),
            ("lost,", "with effect") => Act::LostWith,
            ("late", seconds) => Act::Late((seconds.parse::<f64>().unwrap() * 1000.0) as u64),
            ("crash", "before") => Act::CrashBefore,
            ("crash", "after") => Act::CrashAfter,
            ("posted", "unseen") => return discord.post_unseen(channel),
            ("history", "hidden") => return discord.blind(channel, true),
            ("history", "shown") => return discord.blind(channel, false),
            ("history", "forbidden") => {
                return discord.no_history(channel, Some(HistoryError::Dead("no access".to_owned())));
            }
            ("history", "back") => return discord.no_history(channel, None),
            _ => panic!("no act `{act}`"),
        };
        discord.act(channel, act);
    }

    async fn ask(&mut self, what: &str) {
        match what {
            "log" => self.log().await,
            "channels" => self.channels(),
            other => panic!("no question `{other}`"),
        }
    }

    async fn log(&mut self) {
        let heard = Heard::default();
        let command = commands::Command::Log(commands::ask::Log::default());
        commands::execute(&self.node.desk, command, &heard).await.unwrap();
        let mut entries = heard.0.into_inner().unwrap();
        // Which of two lanes comes first is nobody's promise.
        entries.chunk_by_mut(|one, other| one.kind == other.kind && one.kind != "edited").for_each(|run| {
            run.sort_by(|one, other| one.channel.cmp(&other.channel));
        });
        for LogEntry { kind, channel, message, says, .. } in entries {
            let line = self.names(&format!("= {kind} {channel} {message} {says}"));
            self.say(&line.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }

    fn channels(&mut self) {
        for (name, channel) in self.ground.discord.channels() {
            let shows = few(&self.ground.discord.shows(channel)).join(" | ");
            self.say(&format!("= {name}: {shows}"));
        }
    }

    /// What every story ends with: the channels, and that nothing is wrong or owed.
    async fn end(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out += "\n\n";
        self.channels();
        self.law("mirror verify").await;
        for mirror in tools::mirrors::all(&self.ground.stores.ports).await.unwrap() {
            self.law(&format!("mirror replay --mirror {} --apply --dry-run", mirror.id)).await;
        }
        self.out
    }

    async fn law(&mut self, line: &str) {
        let cli: Cli = clap::Parser::try_parse_from(line.split(' ')).unwrap();
        let Verb::Command(command) = cli.verb else { panic!("{line}") };
        let words = match commands::execute(&self.node.desk, command, &Heard::default()).await {
            Ok(Answer::Apply(apply)) if apply.calls == 0 => return,
            Ok(answer) if answer.is_fine() && !matches!(answer, Answer::Apply(_)) => return,
            Ok(answer) => print::text(&answer),
            Err(error) => error.to_string(),
        };
        let words = self.names(&words);
        words.lines().for_each(|line| self.say(&format!("= {line}")));
    }
}

/// A request, and how long after the frames it came.
fn told(asked: &Asked, began: events::Version) -> String {
    let tenths = (asked.at.0 - began.0) / 100_000;
    let later = if tenths > 0 { format!("  (+{}.{} s)", tenths / 10, tenths % 10) } else { String::new() };
    asked.says.clone() + &later
}

/// The first and the last of many lines.
fn few(lines: &[String]) -> Vec<String> {
    const MANY: usize = 16;
    const SHOWN: usize = 3;
    if lines.len() <= MANY {
        return lines.to_vec();
    }
    let hidden = lines.len() - 2 * SHOWN;
    let digits = |text: &str| text.split(',').next().and_then(|number| number.parse::<u64>().ok());
    let number = |line: &String| line.split('"').rev().nth(1).and_then(digits);
    let numbers: Vec<_> = lines[SHOWN..lines.len() - SHOWN].iter().map(number).collect();
    let rise = numbers.windows(2).all(|two| two[0].is_some() && two[0] < two[1]);
    let order = if rise { "each after the one before" } else { "in no order" };
    let mut few = lines[..SHOWN].to_vec();
    few.push(format!("… {hidden} more, {order} …"));
    few.extend_from_slice(&lines[lines.len() - SHOWN..]);
    few
}

fn numberless(text: &str) -> String {
    let is_number = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit()) && word.len() < 12;
    text.split_inclusive(' ').map(|word| if is_number(word) { "… " } else { word }).collect()
}

/// A digest covers times too, and is the same in no two runs.
fn without_digest(word: &str) -> String {
    let digits = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_digest = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { word.replace(digits, "…") } else { word.to_owned() }
}

/// `text` with times of the story's day as seconds since it began, cut to tenths.
fn times(text: &str) -> String {
    let mut pieces = text.split("2026-01-01T");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (time, rest) = piece.split_once('Z').unwrap_or((piece, ""));
        let part =
            |range: std::ops::Range<usize>| time.get(range).and_then(|digits| digits.parse::<u64>().ok());
        let seconds = part(0..2)
            .zip(part(3..5))
            .zip(part(6..8))
            .map(|((hours, minutes), seconds)| (hours * 60 + minutes) * 60 + seconds);
        out += &format!("{}.{} s{rest}", seconds.unwrap_or(0), time.get(9..10).unwrap_or("0"));
    }
    out
}

/// What a command line prints.
async fn execute(desk: Desk, line: String) -> String {
    let cli: Cli =
        clap::Parser::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{error}"));
    let Verb::Command(command) = cli.verb else { panic!("{line} is no command of a desk") };
    match commands::execute(&desk, command, &Heard::default()).await {
        Ok(answer) => said(&answer),
        Err(CommandError::Wrong(words)) => format!("wrong: {words}"),
        Err(CommandError::Failed(words)) => format!("failed: {words}"),
    }
}

/// The words of an answer, but for how long it took.
fn said(answer: &Answer) -> String {
    match answer {
        Answer::Replayed(replayed) => {
            print::text(&Answer::Replayed(commands::answer::Replayed { took_ms: 0, ..replayed.clone() }))
        }
        other => print::text(other),
    }
}

/// Over a client that is never called: the story's sink answers in Discord's place.
fn webhooks() -> Arc<Webhooks> {
    static REST: OnceLock<Arc<Rest>> = OnceLock::new();
    let rest = REST.get_or_init(|| {
        let base = "http://127.0.0.1:1".to_owned();
        let settings = transport::Settings { base, ..transport::Settings::default() };
        let transport = Transport::new(settings, &SecretString::from("token")).unwrap();
        Arc::new(Rest::new(transport, limits::Settings::default()))
    });
    Arc::new(Webhooks::new(rest.clone(), ApplicationId(crate::discord::ME)))
}

/// Keeps the entries of the log.
#[derive(Default)]
struct Heard(Mutex<Vec<LogEntry>>);

impl Progress for Heard {
    fn report(&self, _: Meter) {}
}

#[async_trait]
impl Listener for Heard {
    async fn entry(&self, entry: LogEntry) -> bool {
        self.0.lock().unwrap().push(entry);
        true
    }
}
