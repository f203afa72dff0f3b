//! Replies, each with the policy that lets nothing in it run.

use super::assets::Asset;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    LOCATION, REFERRER_POLICY, REFRESH, RETRY_AFTER, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use maud::Markup;
use std::convert::Infallible;

pub(super) type Body = BoxBody<Bytes, Infallible>;
pub(super) type Reply = Response<Body>;

/// Script and style come from files of ours alone; nothing else is fetched, framed, or sent anywhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// On every reply. Under `no-referrer` a browser would send `Origin: null` with our own forms too (Fetch, "append a
/// request `Origin` header"), and they could not be told from others'.
const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (VARY, "Cookie"),
];

/// Seconds after which a page that was not ready is asked for again.
const AGAIN: HeaderValue = HeaderValue::from_static("3");

const HTML: &str = "text/html; charset=utf-8";
const NEVER_KEPT: &str = "no-store";
const KEPT_FOR_EVER: &str = "public, max-age=31536000, immutable";

fn reply(status: StatusCode, (kind, kept): (&'static str, &'static str), body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    let own = [(CONTENT_TYPE, kind), (CACHE_CONTROL, kept)];
    for (name, value) in HEADERS.into_iter().chain(own) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    reply
}

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).boxed()
}

/// A page.
pub(super) fn page(status: StatusCode, markup: Markup) -> Reply {
    let mut reply = reply(status, (HTML, NEVER_KEPT), full(markup.into_string()));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    }
    reply
}

/// Not now: the browser asks again by itself.
pub(super) fn again(markup: Markup) -> Reply {
    let mut reply = page(StatusCode::SERVICE_UNAVAILABLE, markup);
    reply.headers_mut().insert(REFRESH, AGAIN);
    reply.headers_mut().insert(RETRY_AFTER, AGAIN);
    reply
}

/// A file of ours.
pub(super) fn asset(asset: Asset) -> Reply {
    reply(StatusCode::OK, (asset.kind, KEPT_FOR_EVER), full(asset.text))
}

/// Go on there.
pub(super) fn go(path: &str) -> Reply {
    let mut reply = reply(StatusCode::SEE_OTHER, (HTML, NEVER_KEPT), full(""));
    // Paths are ours: words and ids.
    reply
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/")));
    reply
}

/// What changes while it is looked at.
pub(super) fn events(body: Body) -> Reply {
    reply(StatusCode::OK, ("text/event-stream", NEVER_KEPT), body)
}

/// A reply that gives a session, or takes it away.
pub(super) fn with_session(mut reply: Reply, name: &str, id: Option<&str>) -> Reply {
    let cookie = match id {
        Some(id) => format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict"),
        None => format!("{name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"),
    };
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        reply.headers_mut().insert(SET_COOKIE, cookie);
    }
    reply
}

/// The session that a request brings.
pub(super) fn session<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(http::header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies =
        lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    cookies.find(|(known, _)| *known == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_from_among_other_cookies() {
        let check = |lines: &[&'static str], wanted: Option<&str>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(http::header::COOKIE, HeaderValue::from_static(line));
            }
            assert_eq!(session(&headers, "mirror-1"), wanted);
        };
        check(&[], None);
        check(&["a=b; mirror-1=x"], Some("x"));
        check(&["a=b", "mirror-1=x=y; c=d"], Some("x=y"));
        check(&["xmirror-1=x; mirror-12=y"], None);
    }
}
