//! The node's Discord side: all of it that does IO, and nothing that decides what to mirror.
//!
//! ```text
//! gateway   shard frames in, by one bounded channel                 guilds   names that frames spell out
//! sink  ->  calls  ->  rest (limits, then transport)  ->  answer    what a lane is told
//!            webhooks (tokens, in memory only)           files    what a copy carries as bytes
//! ```
//! Nothing here retries a write, reads a clock of the wall, or lets a token into a log line:
//! what may be logged of a request is its [`route::Route`].

pub mod answer;
pub mod calls;
pub mod files;
pub mod forum;
pub mod gateway;
pub mod guilds;
pub mod history;
pub mod invite;
pub mod limits;
mod lookup;
pub mod me;
pub mod multipart;
pub mod powers;
pub mod profile;
mod refresh;
pub mod requests;
pub mod rest;
pub mod route;
pub mod sink;
pub mod starts;
pub mod telemetry;
pub mod transport;
pub mod webhooks;
