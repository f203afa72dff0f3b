//! The operator's jobs over the ports: rebuild, verify, lineage, plans, and the names of mirrors.
//!
//! A job does no IO besides its [`Ports`] and reads no clock; whoever runs it lends it the log, the views
//! and the lanes, and draws its [`progress`]. No job can touch Discord: none can name a sink.

pub mod census;
pub mod follow;
pub mod lanes;
pub mod lineage;
pub mod migrate;
pub mod mirrors;
pub mod plan;
pub mod ports;
pub mod progress;
pub mod quoted;
pub mod reader;
pub mod replay;
pub mod verify;
pub mod when;

pub use follow::Follow;
pub use ports::{JobError, Ports};
pub use progress::{Meter, Progress};
