//! Consent: what somebody asked of a channel, and what was said to it.

use crate::id::{ChannelId, EventId, GuildId, UserId};
use serde::{Deserialize, Serialize};

/// One step in the matter of whether `place.channel` may be a member of the mirror. Since format 3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The request: the id of the event by which it was asked, that one included. Zero: an attempt that names none.
    pub request: EventId,
    /// Who did this.
    pub by: UserId,
    /// In which guild; zero: in none.
    pub guild: GuildId,
    /// What was done.
    pub step: ConsentStep,
}

/// What was done about a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsentStep {
    /// It was asked.
    #[serde(rename = "a")]
    Asked(Terms),
    /// Ends it: yes. The [`super::Linked`] that it leads to has the same version.
    #[serde(rename = "y")]
    Accepted,
    /// Ends it: no.
    #[serde(rename = "n")]
    Refused,
    /// Ends it: taken back by the side that asked.
    #[serde(rename = "w")]
    Withdrawn,
    /// Somebody tried what is not theirs to do, and why not. Changes nothing.
    #[serde(rename = "d")]
    Denied(String),
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The member channel in whose name it is asked.
    pub from: ChannelId,
    /// The guild of the channel that is asked.
    pub guild: GuildId,
    /// What is said there is to be shown in the others.
    pub publishes: bool,
    /// What is said in the others is to be shown there.
    pub receives: bool,
    /// The mirror's whole history, too.
    pub backfill: bool,
}
