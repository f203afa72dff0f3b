//! Meaning: what the events add up to, what each channel should show, and what to do about it.
//!
//! Pure, like [`events`]: no IO of its own, no clock, no randomness; the loops are *steps* over ports
//! ([`Views`], [`Lanes`], [`Sink`] and [`events::log::Log`]), which the node, a replay and a simulation drive alike.

pub mod change;
pub mod company;
pub mod copies;
pub mod deliver;
pub mod digest;
pub mod fold;
pub mod follow;
pub mod key;
pub mod lane;
pub mod lanes;
pub mod laws;
pub mod leases;
pub mod message;
pub mod project;
pub mod register;
pub mod render;
pub mod requests;
pub mod revisions;
pub mod sample;
pub mod settings;
pub mod sink;
pub mod tenancy;
pub mod views;
pub mod wanted;

pub use change::{Change, Column, Row};
pub use key::{Bucket, Generation, Key, Kind, Prefix, RowKey};
pub use lanes::Lanes;
pub use leases::Leases;
pub use project::project;
pub use register::Register;
pub use sink::Sink;
pub use views::Views;
