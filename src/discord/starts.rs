//! How many shards Discord recommends, and how they may start: asked when a node starts.

use super::gateway::Starts;
use super::history::{PATIENCE, wait};
use super::rest::Rest;
use super::webhooks::read;
use projections::sink::No;
use serde::Deserialize;

/// What Discord says of sessions. Source: Discord, "Get Gateway Bot".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// Shards that it recommends.
    pub shards: u32,
    /// IDENTIFYs in 24 hours.
    pub total: u32,
    /// Those that are left.
    pub remaining: u32,
    /// Until there are `total` again, in milliseconds.
    pub reset_after_ms: u64,
    /// Shards that may IDENTIFY at the same time.
    pub max_concurrency: u16,
}

#[derive(Deserialize)]
struct Told {
    shards: u32,
    session_start_limit: Limit,
}

#[derive(Deserialize)]
struct Limit {
    total: u32,
    remaining: u32,
    reset_after: u64,
    max_concurrency: u16,
}

/// How the node may start. Discord's count of today's IDENTIFYs is not used: ours is taken before one is sent.
///
/// # Errors
/// [`No::Wait`]: try again; [`No::Dead`]: in words for the operator.
pub async fn starts(rest: &Rest) -> Result<Starts, No> {
    let Sessions { shards, max_concurrency, total, .. } = sessions(rest).await?;
    Ok(Starts { shards: shards.max(1), max_concurrency: max_concurrency.max(1), total, ..Starts::default() })
}

/// What Discord says.
///
/// # Errors
/// See [`starts`].
pub async fn sessions(rest: &Rest) -> Result<Sessions, No> {
    let call = rest.calls.gateway().map_err(|error| No::Dead(error.0))?;
    let reply = rest.call(&call, PATIENCE).await.map_err(|failure| No::Wait(wait(&failure)))?;
    let Told { shards, session_start_limit: limit } = read(&reply)?;
    let Limit { total, remaining, reset_after: reset_after_ms, max_concurrency } = limit;
    Ok(Sessions { shards, total, remaining, reset_after_ms, max_concurrency })
}
