//! A reply as HTTP: its headers, those of the rate limits, and what Cloudflare says.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde_json::json;

use crate::{
    limits::{
        Refusal,
        meters::{Standing, Wait},
    },
    rest::reply::Reply,
};

pub(crate) type Answer = Response<Full<Bytes>>;

/// An answer without rate-limit headers.
pub(crate) fn bare(reply: &Reply) -> Answer {
    // Exactly this: discord.py takes a body with a charset parameter for text.
    let kind = if reply.body.is_empty() { "" } else { "application/json" };
    plain(reply.status, kind, reply.body.clone())
}

fn plain(status: u16, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    if !kind.is_empty() {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    answer
}

pub(crate) fn announced(reply: &Reply, standing: &Standing) -> Answer {
    let mut answer = bare(reply);
    announce(answer.headers_mut(), standing);
    answer
}

fn announce(headers: &mut HeaderMap, standing: &Standing) {
    set(headers, "x-ratelimit-limit", &standing.limit.to_string());
    set(headers, "x-ratelimit-remaining", &standing.remaining.to_string());
    set(headers, "x-ratelimit-reset", &seconds(standing.reset_ms));
    set(headers, "x-ratelimit-reset-after", &seconds(standing.after_ms));
    set(headers, "x-ratelimit-bucket", &standing.bucket);
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// 429 with the headers of its kind.
pub(crate) fn too_many(wait: &Wait) -> Answer {
    let global = wait.refused.kind == Refusal::Global;
    let retry_after = wait.retry_ms as f64 / 1000.0;
    let body =
        json!({"message": "You are being rate limited.", "retry_after": retry_after, "global": global});
    let mut answer = bare(&Reply { status: 429, body: body.to_string().into() });
    let headers = answer.headers_mut();
    if let Some(standing) = &wait.standing {
        announce(headers, standing);
    }
    if let Some(scope) = wait.refused.kind.scope() {
        set(headers, "x-ratelimit-scope", scope);
    }
    set(headers, "retry-after", &wait.retry_ms.div_ceil(1000).to_string());
    if global {
        set(headers, "x-ratelimit-global", "true");
    }
    answer
}

/// 429 with nothing that a limiter could read.
pub(crate) fn headless() -> Answer {
    plain(429, "text/plain; charset=UTF-8", Bytes::from_static(b"error code: 1015"))
}

/// The page of an address that Cloudflare has blocked.
pub(crate) fn blocked(status: u16) -> Answer {
    const PAGE: &[u8] = b"<!DOCTYPE html><html lang=\"en-US\"><head>\
        <title>Access denied | discord.com used Cloudflare to restrict access</title></head>\
        <body><h1>Error 1015</h1><h2>You are being rate limited</h2></body></html>";
    plain(status, "text/html; charset=UTF-8", Bytes::from_static(PAGE))
}
