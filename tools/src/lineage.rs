//! Lineage: everything that is known of one message, from its first word to each copy's last receipt.

mod changes;

pub use changes::{Piece, pieces, word_changes};

use crate::mirrors::{self, Known};
use crate::ports::{JobError, Ports};
use crate::progress::Progress;
use crate::quoted;
use crate::reader::{Reader, Stretch};
use events::event::{Created, GoneBy, Outcome, Receipt, Refreshed};
use events::{Body, ChannelId, Event, EventId, GuildId, MessageId, MirrorId, Offset, Version};
use projections::settings::Settings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that is known of one source message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Its mirror.
    #[serde(with = "quoted")]
    pub mirror: MirrorId,
    /// The mirror's name.
    pub mirror_name: String,
    /// The source message.
    #[serde(with = "quoted")]
    pub source: MessageId,
    /// Where it was written.
    pub channel: Channel,
    /// Its author's display name; empty where nobody knows.
    pub author: String,
    /// What was asked for, where that was a copy.
    pub asked_for_copy: Option<String>,
    /// What happened to it, in the order of the log.
    pub versions: Vec<Fact>,
    /// Its copies, by channel and part.
    pub copies: Vec<CopyLine>,
    /// Refusals of it, in the order of the log.
    pub refusals: Vec<Refusal>,
}

/// A channel with what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its id.
    #[serde(with = "quoted")]
    pub id: ChannelId,
    /// Its name, where the mirror knows it.
    pub name: String,
    /// Its guild, or zero.
    #[serde(with = "quoted")]
    pub guild: GuildId,
}

/// Where an event was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The place in the log.
    pub offset: Offset,
    /// The event.
    #[serde(with = "quoted")]
    pub event: EventId,
    /// The node that appended it.
    pub node: String,
    /// When that node observed it.
    pub observed: Version,
    /// How often the log holds it.
    pub times: u32,
}

/// One thing that happened to the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// `created`, `edited`, `refreshed`, `deleted`.
    pub what: String,
    /// Its version.
    pub version: Version,
    /// Where it was found.
    pub found: Source,
    /// The text from here on, where this says one.
    pub text: Option<String>,
    /// What changed since the text before, word by word: `[-old-]{+new+}`.
    pub changes: Option<String>,
}

/// One copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyLine {
    /// Where it lies.
    pub channel: Channel,
    /// Which part of the source, from 0.
    pub part: u16,
    /// Its id.
    #[serde(with = "quoted")]
    pub copy: MessageId,
    /// How it stands.
    pub state: CopyState,
    /// The source version that it shows.
    pub shows: Version,
    /// What was done to it, in the order of the log.
    pub receipts: Vec<ReceiptLine>,
}

/// How a copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// It is there.
    Live,
    /// We removed it.
    GoneByUs,
    /// Somebody else removed it.
    GoneByAnother,
}

/// One receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// `shows VERSION`, `gone by us`, `gone by another`, `seen gone`.
    pub what: String,
    /// Where it was found.
    pub found: Source,
}

/// Discord did not take the message in one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Where.
    pub channel: Channel,
    /// Which part.
    pub part: u16,
    /// Discord's words.
    pub reason: String,
    /// Where it was found.
    pub found: Source,
}

/// Traces `id`, a source message or any copy of one.
///
/// # Errors
/// When a store does not answer, or nobody knows the message.
pub async fn trace(ports: &Ports, id: MessageId, progress: &dyn Progress) -> Result<Lineage, JobError> {
    let found = mirrors::source_of(ports, id).await?;
    let (known, source) = found.ok_or_else(|| JobError::Wrong(unknown(id)))?;
    let current = mirrors::load(ports, known).await?;
    let mut tracer = Tracer::new(&current.known, source, &current.settings);
    tracer.lineage.asked_for_copy = (id != source).then(|| id.to_string());
    let stretch = Stretch::of_mirror(ports, current.known.id).await?;
    let mut reader = Reader::new(&*ports.log, stretch);
    while let Some(events) = reader.next().await? {
        for (offset, event) in &events {
            tracer.take(*offset, event);
        }
        progress.at("reading the log", reader.at().0 - stretch.from.0, stretch.end.0 - stretch.from.0);
    }
    Ok(tracer.finish())
}

fn unknown(id: MessageId) -> String {
    format!(
        "no mirror knows a message or copy {id}; `mirror log --message {id}` shows whether any event names it"
    )
}

struct Tracer<'a> {
    settings: &'a Settings,
    lineage: Lineage,
    copies: BTreeMap<MessageId, CopyLine>,
    text: Option<String>,
}

impl<'a> Tracer<'a> {
    fn new(known: &Known, source: MessageId, settings: &'a Settings) -> Self {
        let lineage = Lineage {
            mirror: known.id,
            mirror_name: known.name.clone(),
            source,
            channel: Channel::default(),
            author: String::new(),
            asked_for_copy: None,
            versions: Vec::new(),
            copies: Vec::new(),
            refusals: Vec::new(),
        };
        Self { settings, lineage, copies: BTreeMap::new(), text: None }
    }

    fn take(&mut self, offset: Offset, event: &Event) {
        let found = Source {
            offset,
            event: event.id,
            node: event.producer.node.to_string(),
            observed: event.observed,
            times: 1,
        };
        if event.place.message == self.lineage.source {
            self.take_own(event, found);
        } else if event.body == Body::Deleted
            && let Some(copy) = self.copies.get_mut(&event.place.message)
        {
            // Our own delete comes back from Discord as one by somebody.
            if copy.state == CopyState::Live {
                copy.state = CopyState::GoneByAnother;
            }
            note(&mut copy.receipts, "seen gone".to_owned(), found);
        }
    }

    fn take_own(&mut self, event: &Event, found: Source) {
        match &event.body {
            Body::Created(created) => {
                self.take_author(event, created);
                let text = created.said.as_ref().map(|said| said.text.clone());
                self.fact("created", event, found, text);
            }
            Body::Edited(edited) => self.fact("edited", event, found, Some(edited.said.text.clone())),
            Body::Refreshed(refreshed) => self.refreshed(event, refreshed, found),
            Body::Deleted => self.fact("deleted", event, found, None),
            Body::Receipt(receipt) => self.receipt(receipt, found),
            Body::Thread(thread) => {
                self.fact(if thread.deleted { "thread deleted" } else { "thread" }, event, found, None);
            }
            Body::Other(other) => self.fact(&other.kind.to_lowercase(), event, found, None),
            Body::Declared(_)
            | Body::Linked(_)
            | Body::Cut
            | Body::Restored
            | Body::RoleGranted(_)
            | Body::RoleRevoked(_)
            | Body::Gap(_)
            | Body::Consent(_) => {}
        }
    }

    fn take_author(&mut self, event: &Event, created: &Created) {
        self.lineage.author.clone_from(&created.author.name);
        self.lineage.channel = self.channel(event.place.channel);
    }

    fn refreshed(&mut self, event: &Event, refreshed: &Refreshed, found: Source) {
        let text = refreshed.created.as_ref().and_then(|created| created.said.as_ref());
        self.fact("refreshed", event, found, text.map(|said| said.text.clone()));
    }

    fn fact(&mut self, what: &str, event: &Event, found: Source, text: Option<String>) {
        if let Some(seen) = self.lineage.versions.iter_mut().find(|fact| fact.found.event == event.id) {
            seen.found.times += 1;
            return;
        }
        let before = self.text.as_deref();
        let changes = before.zip(text.as_deref()).filter(|(old, new)| old != new);
        let changes = changes.map(|(old, new)| word_changes(old, new));
        self.text = text.clone().or_else(|| self.text.take());
        self.lineage.versions.push(Fact {
            what: what.to_owned(),
            version: event.version,
            found,
            text,
            changes,
        });
    }

    fn receipt(&mut self, receipt: &Receipt, found: Source) {
        let channel = self.channel(receipt.link);
        if let Outcome::Refused { reason, .. } = &receipt.outcome {
            let refusal = Refusal { channel, part: receipt.part, reason: reason.clone(), found };
            self.lineage.refusals.push(refusal);
            return;
        }
        let copy = self.copies.entry(receipt.copy).or_insert_with(|| CopyLine {
            channel,
            part: receipt.part,
            copy: receipt.copy,
            state: CopyState::Live,
            shows: Version::default(),
            receipts: Vec::new(),
        });
        let what = match &receipt.outcome {
            Outcome::Shown(shown) | Outcome::Posted { shown, .. } => {
                copy.shows = shown.version;
                format!("shows {}", crate::when::shown(shown.version))
            }
            Outcome::Gone(by) => gone(copy, *by),
            Outcome::Threaded(shown) => format!("its thread shows {}", crate::when::shown(shown.version)),
            Outcome::Refused { reason, .. } => reason.clone(),
        };
        note(&mut copy.receipts, what, found);
    }

    fn channel(&self, id: ChannelId) -> Channel {
        let linked = self.settings.links.get(&id).map(|link| link.linked.clone()).unwrap_or_default();
        Channel { id, name: linked.name, guild: linked.guild }
    }

    fn finish(self) -> Lineage {
        let mut copies: Vec<_> = self.copies.into_values().collect();
        copies.sort_by_key(|copy| (copy.channel.id, copy.part, copy.copy));
        Lineage { copies, ..self.lineage }
    }
}

fn gone(copy: &mut CopyLine, by: GoneBy) -> String {
    let (state, what) = match by {
        GoneBy::Us => (CopyState::GoneByUs, "gone by us"),
        GoneBy::Another => (CopyState::GoneByAnother, "gone by another"),
    };
    if copy.state != CopyState::GoneByUs {
        copy.state = state;
    }
    what.to_owned()
}

fn note(receipts: &mut Vec<ReceiptLine>, what: String, found: Source) {
    match receipts.iter_mut().find(|receipt| receipt.found.event == found.event) {
        Some(seen) => seen.found.times += 1,
        None => receipts.push(ReceiptLine { what, found }),
    }
}
