//! The lane's row: what a new owner must know.

use events::event::{Outcome, Place, Receipt, Shown, ThreadShown};
use events::{ChannelId, MessageId, Offset, Version};
use serde::{Deserialize, Serialize};

/// The durable state of one lane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneRow {
    /// Grows by one with each write: a write holds only over the revision it was made from.
    pub rev: u64,
    /// Fences older owners.
    pub epoch: u64,
    /// The owner's epoch, to be taken at opening. Not stored.
    #[serde(skip)]
    pub claim: u64,
    /// Where it is in the protocol.
    pub phase: Phase,
    /// The greatest copy that is ours for certain.
    pub last: MessageId,
    /// The last few messages that are certainly in the channel, oldest first: history that shows none of
    /// them shows nothing (without READ_MESSAGE_HISTORY Discord answers an empty list, not an error).
    pub anchors: Vec<MessageId>,
    /// Creates that were ambiguous and settled as without effect.
    pub settled: Vec<Settled>,
    /// The log is to be read again from here for this link. `None`: it has come as far as all lanes.
    pub behind: Option<Offset>,
    /// Held for this reason until the operator decides.
    pub hold: Option<String>,
    /// The notice was posted, or Discord refused it.
    pub noticed: bool,
    /// Duplicates removed in which hour since 1970.
    pub removals: (i64, u32),
}

impl LaneRow {
    /// Anchors kept.
    pub const ANCHORS_MAX: usize = 5;
    /// Settled intents kept.
    pub const SETTLED_MAX: usize = 16;
    /// And how long, by the ids of copies: opening reads history from the oldest on.
    pub const SETTLED_KEPT_US: i64 = 86_400_000_000;

    /// Whether it may be written over `stored`: made from it, and by no older owner.
    #[must_use]
    pub fn follows(&self, stored: &Self) -> bool {
        stored.rev.checked_add(1) == Some(self.rev) && stored.epoch <= self.epoch
    }

    /// Notes a message that is certainly in the channel.
    pub fn anchor(&mut self, message: MessageId) {
        if self.anchors.contains(&message) {
            return;
        }
        self.anchors.push(message);
        self.anchors.sort_unstable();
        if self.anchors.len() > Self::ANCHORS_MAX {
            self.anchors.remove(0);
        }
    }

    /// Notes a copy of ours. One in a thread is no anchor: the channel's own history does not show it.
    pub fn claimed(&mut self, copy: MessageId, thread: Option<ChannelId>) {
        self.last = self.last.max(copy);
        if thread.is_none() {
            self.anchor(copy);
        }
    }

    /// What was settled as without effect is settled with this copy, of which Discord itself gave the id.
    pub fn close(&mut self, copy: MessageId) {
        for settled in self.settled.iter_mut().filter(|settled| settled.until.0 == 0) {
            settled.until = copy;
        }
        let old = |settled: &Settled| settled.until.made().0 + Self::SETTLED_KEPT_US < copy.made().0;
        self.settled.retain(|settled| settled.until.0 == 0 || !old(settled));
    }

    /// Nothing up to this message is a late effect any more: the operator accepts it as it is.
    pub fn accept(&mut self, upto: MessageId) {
        self.settled.retain(|settled| settled.until.0 == 0 || settled.until > upto);
        for settled in &mut self.settled {
            settled.after = settled.after.max(upto);
        }
    }

    /// A late effect is removed: its intent explains no other message.
    pub fn spend(&mut self, late: MessageId, late_ms: u64) {
        if let Some(at) = self.settled.iter().position(|settled| settled.covers(late, late_ms)) {
            self.settled.remove(at);
        }
    }

    /// Where opening begins to read: behind the last copy, or behind the oldest doubt.
    #[must_use]
    pub fn horizon(&self) -> MessageId {
        let doubts = self.settled.iter().map(|settled| settled.after);
        let intent = match &self.phase {
            Phase::Intent(intent) => Some(intent.after),
            Phase::Idle | Phase::Done(_) => None,
        };
        doubts.chain(intent).fold(self.last, MessageId::min)
    }

    /// Where a read begins that must show an anchor.
    #[must_use]
    pub fn before_anchors(&self) -> MessageId {
        let oldest = self.anchors.first().map_or(self.last, |anchor| MessageId(anchor.0.saturating_sub(1)));
        oldest.min(self.horizon())
    }
}

/// Where a lane is in the protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Nothing is out.
    #[default]
    Idle,
    /// A request may be out.
    Intent(Intent),
    /// Its outcome is known; its receipt may not be on the log.
    Done(Receipted),
}

/// A request that may be out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The source message.
    pub place: Place,
    /// What is done.
    pub deed: Deed,
    /// To which part.
    pub part: u16,
    /// What the copy shows afterwards.
    pub shown: Shown,
    /// Version of the receipt to come.
    pub version: Version,
    /// Our last certain copy at the time: its effect lies behind it.
    pub after: MessageId,
    /// The thread that the copy lies in, or is to lie in. Written even if there is none: more may follow it.
    #[serde(default)]
    pub thread: Option<ChannelId>,
    /// What the post shows of itself that a create makes around the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<ThreadShown>,
}

impl Intent {
    /// How the copy stands once a create or an edit took effect and shows this.
    #[must_use]
    pub fn outcome(&self, shown: Shown) -> Outcome {
        match self.post {
            Some(post) => Outcome::Posted { shown, post },
            None => Outcome::Shown(shown),
        }
    }
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// Posts a part.
    Create,
    /// Makes this copy show something else.
    Edit(MessageId),
    /// Removes this copy.
    Delete(MessageId),
    /// Posts the notice of the link.
    Notice,
    /// Makes the thread on this message show something else, or opens or removes it.
    Thread(MessageId),
}

/// An outcome that belongs on the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipted {
    /// The source message.
    pub place: Place,
    /// What came of it.
    pub receipt: Receipt,
    /// Its version.
    pub version: Version,
}

/// A create that was settled as without effect. A message of ours within (after, until] that no receipt
/// knows is its late effect: the one thing that the audit removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Its effect lies behind this message.
    pub after: MessageId,
    /// The next copy that was certain; zero: none yet.
    pub until: MessageId,
}

impl Settled {
    /// Whether `id` can be the late effect; `late_ms` past `until` count too, on Discord's own clock.
    #[must_use]
    pub fn covers(&self, id: MessageId, late_ms: u64) -> bool {
        let within = Version(self.until.made().0 + (late_ms * 1000) as i64);
        id > self.after && id != self.until && (self.until.0 == 0 || id.made() <= within)
    }
}
