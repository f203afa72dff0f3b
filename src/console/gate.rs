//! Who is let in, decided from a request's head alone.
//!
//! ```text
//! Host        the address that it came to, this machine, or a configured name    else 421: DNS may have been turned
//! changes     come from a page of this origin                                    else 403
//! ```
//! What is behind it, the session and the token of its forms, is [`super::sessions`]'.

use http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use http::{Method, StatusCode, Uri};
use std::net::IpAddr;

/// Where a browser says from which kind of page a request comes. Source: W3C, "Fetch Metadata Request Headers".
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// And what for.
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It names no host, or one that this is not.
    Host,
    /// Another page made the browser send it.
    Origin,
    /// Nothing here is done by this method.
    Method,
}

impl Refused {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// What is wrong, and what to do.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Host => {
                "this is not the console of that host: use the address that `mirror console` prints, or add the \
                 name to console.hosts"
            }
            Self::Origin => "the request was made by another page: open the console and do it there",
            Self::Method => "the console is read with GET and changed with POST",
        }
    }
}

/// Decides. `here` is the address that the connection came to; `names` are further hosts, in lower case.
pub(super) fn check(
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
    here: IpAddr,
    names: &[String],
) -> Result<(), Refused> {
    let host = host(uri, headers).ok_or(Refused::Host)?;
    if !is_ours(host, here, names) {
        return Err(Refused::Host);
    }
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        Method::POST if is_same_origin(host, headers) => Ok(()),
        Method::POST => Err(Refused::Origin),
        _ => Err(Refused::Method),
    }
}

/// Whether a browser says that this is no page that somebody opened: another page put it in as a picture or a frame.
pub(super) fn is_embedded(headers: &HeaderMap) -> bool {
    one(headers, &FETCH_DEST).is_some_and(|dest| dest != "document")
}

/// The one host that a request names.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let host = one(headers, &HOST)?;
    uri.authority().is_none_or(|authority| authority.as_str() == host).then_some(host)
}

/// The value of a header that is there once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let value = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(value)
}

/// The port is not looked at: whoever came through SSH sees that of the tunnel. A name could be turned to this machine
/// by whoever owns it; an address cannot.
fn is_ours(host: &str, here: IpAddr, names: &[String]) -> bool {
    let host = host.to_lowercase();
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => host.split_once(':').map_or(host.as_str(), |(name, _)| name),
    };
    let is_address = |ip: IpAddr| ip.is_loopback() || ip.to_canonical() == here.to_canonical();
    name == "localhost"
        || name.parse().is_ok_and(is_address)
        || names.iter().any(|known| known.trim_matches(['[', ']']) == name)
}

/// A page of another origin cannot forge either header; a browser that sends neither is too old to be trusted.
fn is_same_origin(host: &str, headers: &HeaderMap) -> bool {
    let is_there = |name: &HeaderName| headers.contains_key(name);
    let site = one(headers, &FETCH_SITE).is_some_and(|site| site == "same-origin");
    let origin = one(headers, &ORIGIN)
        .and_then(|origin| origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")))
        .is_some_and(|of| of.eq_ignore_ascii_case(host));
    match (is_there(&FETCH_SITE), is_there(&ORIGIN)) {
        (true, true) => site && origin,
        (true, false) => site,
        (false, true) => origin,
        (false, false) => false,
    }
}

#[cfg(test)]
mod tests;
