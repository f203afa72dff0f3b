//! `log` and `lineage`: what the log says.

use super::answer::{Answer, LogEntry, Logged};
use super::ask::{EventKind, Lineage, Log};
use super::{CommandError, Desk, Listener, words};
use events::event::{Body, Consent, ConsentStep, Decor, GoneBy, Outcome, Receipt, Said};
use events::{ChannelId, Event, MessageId, MirrorId, Offset, Partition};
use std::collections::BTreeMap;
use tools::mirrors;
use tools::reader::{Reader, Stretch, first_at};
use tools::when::{self, When};
use tools::{JobError, lineage as tracing};

/// Prints events.
pub(super) async fn log(desk: &Desk, ask: Log, to: &dyn Listener) -> Result<Answer, CommandError> {
    let filter = Filter::new(desk, &ask).await?;
    let mut logged = Logged::default();
    let mut stretches = Vec::new();
    for partition in filter.partitions(desk) {
        stretches.push(stretch(desk, &ask, filter.mirror, partition).await?);
    }
    loop {
        for stretch in &mut stretches {
            if !print(desk, *stretch, (&filter, to), &mut logged).await? {
                return Ok(Answer::Logged(ended(logged, &stretches)));
            }
            stretch.from = stretch.end;
        }
        let is_full = filter.limit.is_some_and(|limit| logged.entries >= limit);
        if !ask.follow || is_full {
            return Ok(Answer::Logged(ended(logged, &stretches)));
        }
        if desk.live.is_none() {
            logged.note = "no node runs, so nothing more will come".to_owned();
            return Ok(Answer::Logged(ended(logged, &stretches)));
        }
        grow(desk, &mut stretches).await?;
    }
}

fn ended(logged: Logged, stretches: &[Stretch]) -> Logged {
    Logged { next: stretches.iter().map(|stretch| stretch.end).collect(), ..logged }
}

async fn stretch(
    desk: &Desk,
    ask: &Log,
    mirror: Option<MirrorId>,
    partition: Partition,
) -> Result<Stretch, CommandError> {
    let log = &*desk.ports.log;
    let from = log.floor(partition).await.map_err(JobError::from)?;
    let end = log.tail(partition).await.map_err(JobError::from)?;
    let all = Stretch { partition, mirror: None, from, end };
    let last = ask.tail.map(|events| Offset(end.0.saturating_sub(events).max(from.0)));
    let from = offset(desk, all, ask.from.as_deref()).await?.or(last).unwrap_or(from);
    if from < all.from {
        return Err(JobError::Trimmed { floor: all.from }.into());
    }
    let end = offset(desk, all, ask.until.as_deref()).await?.unwrap_or(end).min(all.end);
    Ok(Stretch { mirror, from: from.min(all.end), end, ..all })
}

async fn offset(desk: &Desk, all: Stretch, word: Option<&str>) -> Result<Option<Offset>, CommandError> {
    let Some(word) = word else { return Ok(None) };
    match When::parse(word, desk.clock.now()).map_err(|bad| CommandError::Wrong(bad.to_string()))? {
        When::Offset(offset) => Ok(Some(offset)),
        When::Time(time) => Ok(Some(first_at(&*desk.ports.log, all, time).await?)),
    }
}

/// Waits until one of the partitions has more.
async fn grow(desk: &Desk, stretches: &mut [Stretch]) -> Result<(), CommandError> {
    let more = stretches.iter().map(|stretch| desk.follow.caught_up(stretch.partition, stretch.end.next()));
    if stretches.is_empty() {
        return Ok(());
    }
    futures_util::future::select_all(more).await.0?;
    for stretch in stretches {
        stretch.end = desk.ports.log.tail(stretch.partition).await.map_err(JobError::from)?;
    }
    Ok(())
}

/// Prints a stretch; false: nobody wants more.
async fn print(
    desk: &Desk,
    stretch: Stretch,
    (filter, to): (&Filter, &dyn Listener),
    logged: &mut Logged,
) -> Result<bool, CommandError> {
    let mut reader = Reader::new(&*desk.ports.log, stretch).with_limit(512);
    while let Some(events) = reader.next().await? {
        for (offset, event) in events.iter().filter(|(_, event)| filter.holds(event)) {
            if filter.limit.is_some_and(|limit| logged.entries >= limit) {
                return Ok(false);
            }
            if !to.entry(filter.entry(stretch.partition, *offset, event)).await {
                return Ok(false);
            }
            logged.entries += 1;
        }
    }
    Ok(true)
}

struct Filter {
    mirror: Option<MirrorId>,
    channel: Option<ChannelId>,
    message: Option<MessageId>,
    kinds: Vec<EventKind>,
    limit: Option<u64>,
    raw: bool,
    names: BTreeMap<MirrorId, String>,
}

impl Filter {
    async fn new(desk: &Desk, ask: &Log) -> Result<Self, CommandError> {
        let known = mirrors::all(&desk.ports).await?;
        let mirror = ask.mirror.as_deref().map(|word| mirrors::pick(&known, word)).transpose();
        Ok(Self {
            mirror: mirror.map_err(CommandError::Wrong)?.map(|known| known.id),
            channel: ask.channel.as_deref().map(words::channel).transpose()?.map(|spot| spot.channel),
            message: ask.message.as_deref().map(words::message).transpose()?,
            kinds: ask.kind.clone(),
            limit: ask.limit,
            raw: ask.raw,
            names: known.into_iter().map(|known| (known.id, known.name)).collect(),
        })
    }

    fn partitions(&self, desk: &Desk) -> Vec<Partition> {
        match self.mirror {
            Some(mirror) => vec![desk.ports.partition(mirror)],
            None => desk.ports.all_partitions().collect(),
        }
    }

    fn holds(&self, event: &Event) -> bool {
        let receipt = receipt(event);
        let channel =
            |wanted| event.place.channel == wanted || receipt.is_some_and(|receipt| receipt.link == wanted);
        let message =
            |wanted| event.place.message == wanted || receipt.is_some_and(|receipt| receipt.copy == wanted);
        self.mirror.is_none_or(|wanted| event.mirror == wanted)
            && self.channel.is_none_or(channel)
            && self.message.is_none_or(message)
            && (self.kinds.is_empty() || self.kinds.contains(&kind(&event.body)))
    }

    fn entry(&self, partition: Partition, offset: Offset, event: &Event) -> LogEntry {
        // What was tried in Discord and is about no mirror.
        let none = event.mirror.0.is_nil().then(|| "-".to_owned());
        let name = self.names.get(&event.mirror).cloned().or(none);
        let channel = receipt(event).map_or(event.place.channel, |receipt| receipt.link);
        let id = |id: u64| if id == 0 { String::new() } else { id.to_string() };
        LogEntry {
            partition: partition.0,
            offset,
            time: when::shown(event.observed),
            event: event.id.to_string(),
            mirror: name.unwrap_or_else(|| event.mirror.to_string()),
            kind: name_of(&event.body),
            channel: id(channel.0),
            message: id(event.place.message.0),
            version: event.version,
            node: event.producer.node.to_string(),
            seq: event.producer.seq,
            says: says(&event.body),
            raw: if self.raw { serde_json::from_slice(&event.raw).ok() } else { None },
        }
    }
}

fn receipt(event: &Event) -> Option<&Receipt> {
    if let Body::Receipt(receipt) = &event.body { Some(receipt) } else { None }
}

fn kind(body: &Body) -> EventKind {
    match body {
        Body::Created(_) => EventKind::Created,
        Body::Edited(_) => EventKind::Edited,
        Body::Refreshed(_) => EventKind::Refreshed,
        Body::Deleted => EventKind::Deleted,
        Body::Receipt(_) => EventKind::Receipt,
        Body::Declared(_) => EventKind::Declared,
        Body::Linked(_) => EventKind::Linked,
        Body::Cut => EventKind::Cut,
        Body::Restored => EventKind::Restored,
        Body::RoleGranted(_) => EventKind::Granted,
        Body::RoleRevoked(_) => EventKind::Revoked,
        Body::Thread(_) => EventKind::Thread,
        Body::Gap(_) => EventKind::Gap,
        Body::Consent(_) => EventKind::Consent,
        Body::Other(_) => EventKind::Other,
    }
}

fn name_of(body: &Body) -> String {
    format!("{:?}", kind(body)).to_lowercase()
}

/// What an event says, in a line.
fn says(body: &Body) -> String {
    match body {
        Body::Created(created) => {
            format!(
                "{}: {}",
                created.author.name,
                created.said.as_ref().map_or("(not known)".to_owned(), text)
            )
        }
        Body::Edited(edited) => text(&edited.said),
        Body::Refreshed(refreshed) => decor(&refreshed.decor),
        Body::Receipt(receipt) => outcome(receipt),
        Body::Declared(declared) => declared.name.clone(),
        Body::Linked(linked) => format!(
            "{}{}{}",
            if linked.publishes { "publishes " } else { "" },
            if linked.receives { "receives " } else { "" },
            linked.name
        ),
        Body::RoleGranted(grant) | Body::RoleRevoked(grant) => {
            format!("user {} {}{}", grant.user, grant.role, if grant.purge { " with purge" } else { "" })
        }
        Body::Thread(thread) if thread.deleted => "deleted".to_owned(),
        Body::Thread(thread) => format!(
            "{}{}{}",
            thread.name,
            if thread.archived { " archived" } else { "" },
            if thread.locked { " locked" } else { "" }
        ),
        Body::Gap(gap) => format!("{} to {}: {}", gap.from, gap.to, gap.cause),
        Body::Consent(consent) => self::consent(consent),
        Body::Other(other) => other.kind.clone(),
        Body::Deleted | Body::Cut | Body::Restored => String::new(),
    }
}

/// Who did what about a request.
fn consent(consent: &Consent) -> String {
    let Consent { request, by, step, .. } = consent;
    let done = match step {
        ConsentStep::Asked(terms) if terms.from.0 == 0 => "speaks for both sides".to_owned(),
        ConsentStep::Asked(terms) => format!("asks, in the name of channel {}", terms.from),
        ConsentStep::Accepted => "accepts".to_owned(),
        ConsentStep::Refused => "refuses".to_owned(),
        ConsentStep::Withdrawn => "takes it back".to_owned(),
        ConsentStep::Denied(why) => format!("was denied: {why}"),
    };
    let of = if request.0.is_nil() { String::new() } else { format!(" (request {request})") };
    format!("user {by} {done}{of}")
}

/// A message's text in one line, cut short.
fn text(said: &Said) -> String {
    const CHARS_MAX: usize = 80;
    let line: String = said.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(CHARS_MAX).collect();
    let cut = if short.len() < line.len() { "…" } else { "" };
    let files = said.attachments.len() + said.stickers.len();
    let files = if files > 0 { format!(" (+{files} files)") } else { String::new() };
    format!("{short}{cut}{files}")
}

fn decor(decor: &Decor) -> String {
    let pinned = if decor.pinned { ", pinned" } else { "" };
    format!("{} embeds, flags {}{pinned}", decor.embeds.len(), decor.flags)
}

fn outcome(receipt: &Receipt) -> String {
    let Receipt { copy, part, outcome, .. } = receipt;
    match outcome {
        Outcome::Shown(shown) => format!("copy {copy} part {part} shows {}", when::shown(shown.version)),
        Outcome::Posted { shown, .. } => format!("post {copy} made, shows {}", when::shown(shown.version)),
        Outcome::Gone(GoneBy::Us) => format!("copy {copy} part {part} gone by us"),
        Outcome::Gone(GoneBy::Another) => format!("copy {copy} part {part} gone by another"),
        Outcome::Threaded(shown) => format!("thread of {copy} shows {}", when::shown(shown.version)),
        Outcome::Refused { reason, .. } => format!("part {part} refused: {reason}"),
    }
}

/// Traces one message.
pub(super) async fn lineage(desk: &Desk, ask: Lineage, to: &dyn Listener) -> Result<Answer, CommandError> {
    let message = words::message(&ask.message)?;
    Ok(Answer::Lineage(Box::new(tracing::trace(&desk.ports, message, to).await?)))
}
