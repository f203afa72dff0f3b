//! A small Discord on one port of 127.0.0.1: gateway, REST, webhooks, interactions, rate limits, seeded faults, and a ledger
//! of all that was asked and done. For tests, for the demo, and (as `discord-standin`) for people.
//!
//! ```no_run
//! use standin::{Config, Standin};
//!
//! let discord = Standin::start(Config::default())?;
//! let guild = discord.create_guild("Home");
//! let general = discord.create_channel(guild, "general");
//! let alice = discord.create_user("Alice");
//! // ... point a bot at discord.api_url() and discord.gateway_url() ...
//! discord.say(general, alice, "hello");
//! assert_eq!(discord.messages(general).len(), 1);
//! # Ok::<(), standin::StartError>(())
//! ```
//!
//! It shares no code with what it tests. All state lives behind one lock: an effect, its dispatch and its ledger entry are
//! one step, so the order of dispatches is the order of effects.

mod act;
mod answer;
mod api;
mod cdn;
mod clock;
mod control;
mod fault;
mod gateway;
mod id;
mod ledger;
mod limits;
mod rest;
mod server;
mod start;
mod world;

pub use api::{Said, interactions::SlashCommand};
pub use cdn::{File, fault::CdnFault};
pub use fault::{CdnRate, Faults, GatewayFault, GatewayRate, GatewayRule, Matcher, Rate, RestFault, Rule};
pub use id::{DISCORD_EPOCH_MS, at_ms, created_ms};
pub use ledger::{Actor, Change, Counts, Effect, FaultNote, Filter, Keep, Pings, Request};
pub use limits::{Invalid, Limits, Refusal, Refused, Window};
pub use rest::route::RouteKind;
pub use start::{Config, Privileged, Rules, Standin, StartError, Starts};
pub use world::{
    channel_kind::ChannelKind,
    interaction::reply::InteractionReply,
    permission::Permissions,
    shown::{Happening, Shown},
    thread::ShownThread,
};
