//! How many shards Discord recommends, and how they may start: asked when a node starts.

use super::gateway::Starts;
use super::history::{PATIENCE, wait};
use super::rest::Rest;
use super::webhooks::read;
use projections::sink::No;
use serde::Deserialize;

#[derive(Deserialize)]
struct Told {
    shards: u32,
    session_start_limit: Limit,
}

#[derive(Deserialize)]
struct Limit {
    total: u32,
    max_concurrency: u16,
}

/// What Discord says. Its count of today's IDENTIFYs is not used: ours is taken before one is sent.
///
/// # Errors
/// [`No::Wait`]: try again; [`No::Dead`]: in words for the operator.
pub async fn starts(rest: &Rest) -> Result<Starts, No> {
    let call = rest.calls.gateway().map_err(|error| No::Dead(error.0))?;
    let reply = rest.call(&call, PATIENCE).await.map_err(|failure| No::Wait(wait(&failure)))?;
    let Told { shards, session_start_limit: Limit { total, max_concurrency } } = read(&reply)?;
    Ok(Starts { shards: shards.max(1), max_concurrency: max_concurrency.max(1), total, ..Starts::default() })
}
