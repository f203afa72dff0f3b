//! Addresses of files that have expired, signed anew by Discord.

use super::history::PATIENCE;
use super::rest::Rest;
use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    refreshed_urls: Vec<Refreshed>,
}

#[derive(Deserialize)]
struct Refreshed {
    original: String,
    refreshed: Option<String>,
}

/// `url` signed anew, if Discord does so. The route is undocumented: whatever else it answers means no.
pub(super) async fn refreshed(rest: &Rest, url: &str) -> Option<String> {
    let call = rest.calls.refresh(url).ok()?;
    let reply = rest.call(&call, PATIENCE).await.ok().filter(|reply| reply.status == 200 && reply.whole)?;
    let answer: Answer = serde_json::from_slice(&reply.body).ok()?;
    answer.refreshed_urls.into_iter().find(|one| one.original == url)?.refreshed
}
