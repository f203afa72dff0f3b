//! A client that neither retries nor pools more than it must.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

pub(crate) struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    token: String,
}

/// An answer, or how there was none.
pub(crate) enum Got {
    Answer { status: u16, headers: HeaderMap, body: Value, text: String, bytes: Bytes },
    Refused,
    Cut,
    TimedOut,
}

impl Http {
    pub(crate) fn new(base: &str, token: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http();
        Self { client, base: base.to_owned(), token: format!("Bot {token}") }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&str>, deadline_ms: u64) -> Got {
        let path = if path.starts_with("/standin") { path.to_owned() } else { format!("/api/v10{path}") };
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !self.token.ends_with("none") {
            request = request.header("authorization", &self.token);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::from(body.unwrap_or_default().to_owned())).unwrap();
        self.ask(request, deadline_ms).await
    }

    /// Downloads from an address, as anybody would.
    pub(crate) async fn fetch(&self, url: &str, deadline_ms: u64) -> Got {
        self.ask(Request::get(url).body(Full::default()).unwrap(), deadline_ms).await
    }

    /// Sends a JSON body and files as multipart: a name and bytes each.
    pub(crate) async fn upload(&self, method: &str, path: &str, json: &str, files: &[(&str, &[u8])]) -> Got {
        let mut body = format!(
            "--MARK\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n{json}"
        )
        .into_bytes();
        for (at, (name, bytes)) in files.iter().enumerate() {
            let head = format!(
                "\r\n--MARK\r\nContent-Disposition: form-data; name=\"files[{at}]\"; filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
        }
        body.extend_from_slice(b"\r\n--MARK--\r\n");
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/api/v10{path}", self.base))
            .header("authorization", &self.token)
            .header("content-type", "multipart/form-data; boundary=MARK")
            .body(Full::from(body));
        self.ask(request.unwrap(), 10_000).await
    }

    /// What is answered below `/api` must be what Discord's OpenAPI file allows; see [`crate::openapi`].
    async fn ask(&self, request: Request<Full<Bytes>>, deadline_ms: u64) -> Got {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let asked = async {
            let answer = match self.client.request(request).await {
                Ok(answer) => answer,
                Err(error) if error.is_connect() => return Got::Refused,
                Err(_) => return Got::Cut,
            };
            let (head, body) = answer.into_parts();
            let Ok(body) = body.collect().await else { return Got::Cut };
            let bytes = body.to_bytes();
            let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            let is_json = head.headers.get("content-type").is_none_or(|kind| kind == "application/json");
            if let Some(path) = path.strip_prefix("/api/v10").filter(|_| is_json) {
                crate::openapi::check(method.as_str(), path, head.status.as_u16(), &body);
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Got::Answer { status: head.status.as_u16(), headers: head.headers, body, text, bytes }
        };
        tokio::time::timeout(Duration::from_millis(deadline_ms), asked).await.unwrap_or(Got::TimedOut)
    }
}
