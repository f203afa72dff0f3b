//! A bucket as far as the archive uses one: an S3-compatible store in this process, which checks that it is asked
//! properly.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// One bucket; its objects by key.
#[derive(Clone, Default)]
pub(crate) struct Bucket(Arc<Mutex<BTreeMap<String, Bytes>>>);

type Answer = Response<Full<Bytes>>;

impl Bucket {
    /// Serves it on a free port until the test ends.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bucket = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let bucket = bucket.clone();
                let service = service_fn(move |request| {
                    let bucket = bucket.clone();
                    async move { Ok::<_, std::convert::Infallible>(bucket.answer(request).await) }
                });
                tokio::spawn(async move {
                    // A client that goes is no failure.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        address
    }

    /// The keys of all objects.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (head, body) = request.into_parts();
        let header =
            |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKCANARY/") {
            return plain(StatusCode::FORBIDDEN, "who are you?");
        }
        let body = body.collect().await.unwrap().to_bytes();
        let path = head.uri.path().trim_start_matches('/');
        let key = path.strip_prefix("vault").unwrap().trim_start_matches('/');
        let mut objects = self.0.lock().unwrap();
        match head.method {
            Method::PUT if header("if-none-match") == "*" && objects.contains_key(key) => {
                plain(StatusCode::PRECONDITION_FAILED, "it is there")
            }
            Method::PUT => {
                objects.insert(key.to_owned(), body);
                with(plain(StatusCode::OK, ""), "etag", "\"1\"")
            }
            Method::GET if key.is_empty() => list(&objects, head.uri.query().unwrap_or_default()),
            Method::GET => objects.get(key).map_or_else(missing, |object| part(object, header("range"))),
            _ => plain(StatusCode::METHOD_NOT_ALLOWED, ""),
        }
    }
}

fn missing() -> Answer {
    plain(StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>")
}

fn plain(status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *answer.status_mut() = status;
    answer
}

fn with(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    answer.headers_mut().insert(name, value.parse().unwrap());
    answer
}

fn part(object: &Bytes, range: &str) -> Answer {
    let answer = |status, bytes: Bytes| {
        let mut answer = plain(status, "");
        *answer.body_mut() = Full::new(bytes);
        with(with(answer, "etag", "\"1\""), "last-modified", "Tue, 24 Nov 2026 12:00:00 GMT")
    };
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return answer(StatusCode::OK, object.clone());
    };
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    let to = to.min(object.len() - 1);
    let shown = format!("bytes {from}-{to}/{}", object.len());
    with(answer(StatusCode::PARTIAL_CONTENT, object.slice(from..=to)), "content-range", &shown)
}

/// `ListObjectsV2`, one page.
fn list(objects: &BTreeMap<String, Bytes>, query: &str) -> Answer {
    let value = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        pair.unwrap_or_default().replace("%2F", "/")
    };
    assert_eq!(value("list-type"), "2", "{query}");
    let (prefix, delimiter) = (value("prefix"), value("delimiter"));
    let mut text = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    let mut folders = BTreeSet::new();
    for (key, object) in objects.iter().filter(|(key, _)| key.starts_with(&prefix)) {
        match key[prefix.len()..].split_once('/') {
            Some((folder, _)) if !delimiter.is_empty() => drop(folders.insert(format!("{prefix}{folder}/"))),
            _ => write!(
                text,
                "<Contents><Key>{key}</Key><LastModified>2026-11-24T12:00:00.000Z</LastModified><ETag>1</ETag>\
                 <Size>{}</Size></Contents>",
                object.len()
            )
            .unwrap(),
        }
    }
    for folder in folders {
        write!(text, "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>").unwrap();
    }
    plain(StatusCode::OK, &(text + "</ListBucketResult>"))
}
