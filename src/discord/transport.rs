//! Our own HTTP client: it sends a request once, and says what is known of it afterwards.
//!
//! twilight-http builds and checks requests; it does not send them, because it repeats a request on
//! a 429 by itself and so does hyper-util on a connection that died. Neither is allowed on a create.

use super::calls::Call;
use super::limits::Headers;
use super::multipart::{Form, content_type};
use super::telemetry;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, Error as ClientError, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::CryptoProvider;
use secrecy::{ExposeSecret as _, SecretString};
use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// Where and how requests are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `https://discord.com`, or `http://` and a loopback address for the stand-in; `/api` may follow.
    pub base: String,
    /// From the first byte to the last of one exchange.
    pub deadline: Duration,
    /// To make a connection. Shorter than `deadline`, so that a host which does not answer is known
    /// to have received nothing.
    pub connect_deadline: Duration,
    /// A connection that was idle for so long is not used again: the other side may be closing it.
    pub idle: Duration,
    /// Longest answer, in bytes.
    pub body_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base: "https://discord.com".to_owned(),
            deadline: Duration::from_secs(10),
            connect_deadline: Duration::from_secs(5),
            idle: Duration::from_secs(15),
            body_bytes_max: 4 << 20,
        }
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Rate limit headers.
    pub headers: Headers,
    /// The body; empty where it is not `whole`.
    pub body: Bytes,
    /// Whether all of the body arrived within its bound.
    pub whole: bool,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection was made, so nothing was sent.
    NotConnected(String),
    /// The request may have been received.
    Ambiguous(String),
}

/// Why a transport cannot be made: a fault of the configuration or the machine.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The base URL.
    #[error("the Discord address must be https://HOST, or http:// with a loopback address, not {0:?}")]
    Base(String),
    /// The token.
    #[error("the bot token has characters that a token cannot have; copy it again from the developer portal")]
    Token,
    /// Certificates.
    #[error("no trusted certificates could be loaded, install the system's CA certificates: {0}")]
    Tls(String),
}

/// The client.
pub struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Sent>,
    authorization: HeaderValue,
    agent: HeaderValue,
    settings: Settings,
}

/// The body of a request: from memory, or streamed.
type Sent = UnsyncBoxBody<Bytes, io::Error>;

/// `DiscordBot (url, version)`, which Discord asks for. Source: Discord, "Reference, User Agent".
pub(super) const AGENT: &str =
    concat!("DiscordBot (", env!("CARGO_PKG_REPOSITORY"), ", ", env!("CARGO_PKG_VERSION"), ")");

/// With a number of this process's own: processes that share a token can be told apart in whatever stands between.
fn agent() -> HeaderValue {
    let (number, ..) = Uuid::new_v4().as_fields();
    HeaderValue::from_str(&format!("{AGENT} {number:08x}")).unwrap_or(HeaderValue::from_static(AGENT))
}

impl Transport {
    /// A client for the bot that `token` belongs to.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub fn new(mut settings: Settings, token: &SecretString) -> Result<Self, Unusable> {
        settings.base = origin(&settings.base).to_owned();
        let encrypted = encrypted(&settings.base).ok_or_else(|| Unusable::Base(settings.base.clone()))?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle)
            .retry_canceled_requests(false)
            .build(connector(encrypted, settings.connect_deadline)?);
        Ok(Self { client, authorization: authorization(token)?, agent: agent(), settings })
    }

    /// Sends once.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn send(&self, call: &Call) -> Result<Reply, Failure> {
        let request = self.assemble(call)?;
        let started = Instant::now();
        let result = match timeout(self.settings.deadline, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => {
                Err(Failure::Ambiguous(format!("no answer within {} ms", self.settings.deadline.as_millis())))
            }
        };
        telemetry::sent(call.route, &result, started.elapsed());
        result
    }

    fn assemble(&self, call: &Call) -> Result<Request<Sent>, Failure> {
        let request = &call.request;
        let mut built = Request::builder()
            .method(call.route.kind.method())
            .uri(self.uri(request.path())?)
            .header(USER_AGENT, self.agent.clone());
        if request.use_authorization_token() {
            built = built.header(AUTHORIZATION, self.authorization.clone());
        }
        let (kind, body) = body(call);
        if let Some(kind) = kind {
            built = built.header(CONTENT_TYPE, kind);
        }
        built.body(body).map_err(|_| unsendable())
    }

    /// The error of a bad URI holds no part of it: it could be a token's.
    fn uri(&self, path: &str) -> Result<Uri, Failure> {
        format!("{}/api/v10/{path}", self.settings.base).parse().map_err(|_| unsendable())
    }

    async fn exchange(&self, request: Request<Sent>) -> Result<Reply, Failure> {
        let answer = self.client.request(request).await.map_err(|error| failure(&error))?;
        let status = answer.status().as_u16();
        let headers = Headers::parse(answer.headers());
        let (body, whole) = collect(answer.into_body(), self.settings.body_bytes_max).await;
        Ok(Reply { status, headers, body, whole })
    }
}

/// A call's body, and its media type where there is one.
fn body(call: &Call) -> (Option<String>, Sent) {
    let payload = call.request.body().unwrap_or_default();
    if call.files.is_empty() {
        let kind = (!payload.is_empty()).then(|| "application/json".to_owned());
        let body = Full::new(Bytes::copy_from_slice(payload));
        return (kind, body.map_err(|never| match never {}).boxed_unsync());
    }
    let boundary = uuid::Uuid::new_v4().simple().to_string();
    (Some(content_type(&boundary)), Form::new(&boundary, payload, &call.files).boxed_unsync())
}

/// `base` without `/api`: both forms are in use.
fn origin(base: &str) -> &str {
    let base = base.trim_end_matches('/');
    base.strip_suffix("/api").unwrap_or(base)
}

/// Whether `base` is encrypted; `None` where it is not an address that may be given a token.
fn encrypted(base: &str) -> Option<bool> {
    let uri: Uri = base.parse().ok()?;
    let bare = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
    let host = uri.host()?;
    match uri.scheme_str()? {
        "https" if bare => Some(true),
        "http" if bare && is_loopback(host) => Some(false),
        _ => None,
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn authorization(token: &SecretString) -> Result<HeaderValue, Unusable> {
    let token = token.expose_secret().trim();
    let mut value = match token.strip_prefix("Bot ") {
        Some(bare) => HeaderValue::from_str(&format!("Bot {bare}")),
        None => HeaderValue::from_str(&format!("Bot {token}")),
    }
    .map_err(|_| Unusable::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn connector(encrypted: bool, deadline: Duration) -> Result<HttpsConnector<HttpConnector>, Unusable> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(deadline));
    let schemes = HttpsConnectorBuilder::new();
    Ok(if encrypted {
        let schemes = schemes.with_provider_and_platform_verifier(provider()).map_err(tls)?;
        schemes.https_only().enable_http1().wrap_connector(tcp)
    } else {
        schemes.with_tls_config(no_roots()?).https_or_http().enable_http1().wrap_connector(tcp)
    })
}

/// Whether this machine can check certificates at all: twilight-gateway would panic without.
///
/// # Errors
/// [`Unusable::Tls`], in words for the operator.
pub fn check_certificates() -> Result<(), Unusable> {
    // Its own connector asks for the process-wide provider; a second install is refused and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    HttpsConnectorBuilder::new().with_provider_and_platform_verifier(provider()).map(drop).map_err(tls)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A loopback stand-in speaks plain HTTP: no certificate is ever looked at.
fn no_roots() -> Result<rustls::ClientConfig, Unusable> {
    Ok(rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(tls)?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

fn tls(error: impl std::fmt::Display) -> Unusable {
    Unusable::Tls(error.to_string())
}

fn unsendable() -> Failure {
    Failure::NotConnected("the request cannot be written as HTTP".to_owned())
}

/// Only a failed connect proves that nothing was sent; a pooled connection that died does not.
fn failure(error: &ClientError) -> Failure {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    if error.is_connect() { Failure::NotConnected(words) } else { Failure::Ambiguous(words) }
}

async fn collect(body: Incoming, bytes_max: usize) -> (Bytes, bool) {
    match Limited::new(body, bytes_max).collect().await {
        Ok(all) => (all.to_bytes(), true),
        Err(_) => (Bytes::new(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_loopback_is_given_a_token() {
        for (base, expected) in [
            ("https://discord.com/api", Some(true)),
            ("http://127.0.0.1:4010/api", Some(false)),
            ("http://[::1]:4010/api", Some(false)),
            ("http://localhost:1/api", Some(false)),
            ("http://discord.com/api", None),
            ("http://10.0.0.1:80/api", None),
            ("http://127.0.0.1.example.org/api", None),
            ("https://discord.com", Some(true)),
            ("https://discord.com/api/", Some(true)),
            ("https://discord.com/api/v10", None),
            ("https://discord.com/api?x", None),
            ("ftp://127.0.0.1/api", None),
            ("discord.com/api", None),
            ("", None),
        ] {
            assert_eq!(encrypted(origin(base)), expected, "{base:?}");
        }
    }

    #[test]
    fn a_token_is_sent_with_one_prefix_and_never_shown() {
        for token in ["abc.def", "Bot abc.def", " abc.def\n"] {
            let value = authorization(&SecretString::from(token)).unwrap();
            assert_eq!(value.to_str().unwrap(), "Bot abc.def");
            assert!(!format!("{value:?}").contains("abc"), "{value:?}");
        }
        assert!(matches!(authorization(&SecretString::from("a\nb")), Err(Unusable::Token)));
    }
}
