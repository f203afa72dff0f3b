//! Facts: what happened, as immutable events, and the log that keeps them.
//!
//! Everything here is pure: no IO, no clock, no randomness. [`capture`] turns a Discord frame into
//! [`Event`]s, [`codec`] turns an event into a record and back, [`log`] is the port that stores them.

pub mod capture;
pub mod codec;
pub mod event;
pub mod id;
pub mod log;
pub mod sample;

pub use event::{Body, Event, Place, Producer, Service};
pub use id::{
    ApplicationId, ChannelId, EventId, GuildId, MessageId, MirrorId, NodeId, Offset, Partition, RoleId,
    UserId, Version, WebhookId,
};
