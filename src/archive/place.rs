//! From words of the configuration to an object store.

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often a request is repeated before the archive counts as not answering.
const RETRIES_MAX: usize = 5;
/// And how long that may take in all.
const RETRY_TIME_MAX: Duration = Duration::from_secs(20);
/// What a URL of a store looks like.
const EXAMPLE: &str = "s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION";

/// The place of an archive is none; the words say what one looks like. Never shows what came behind `?`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("archive.url: {0}")]
pub struct BadPlace(String);

/// The store, and what to call it.
pub(super) fn open(url: &str) -> Result<(Arc<dyn ObjectStore>, String), BadPlace> {
    match url.split_once("://") {
        Some(("file", path)) => directory(Path::new(path)),
        Some(("s3", rest)) => bucket(rest),
        Some((scheme, _)) => Err(BadPlace(format!("'{scheme}://' is neither a path, file:// nor {EXAMPLE}"))),
        None if url.is_empty() => Err(BadPlace(format!("it is empty; name a directory or {EXAMPLE}"))),
        None => directory(Path::new(url)),
    }
}

fn directory(path: &Path) -> Result<(Arc<dyn ObjectStore>, String), BadPlace> {
    let bad = |why: String| BadPlace(format!("cannot use the directory {}: {why}", path.display()));
    std::fs::create_dir_all(path).map_err(|error| bad(error.to_string()))?;
    let store = LocalFileSystem::new_with_prefix(path).map_err(|error| bad(error.to_string()))?;
    Ok((Arc::new(store.with_fsync(true)), path.display().to_string()))
}

/// `BUCKET/PREFIX?endpoint=...&region=...`; keys come from the environment and are never shown.
fn bucket(rest: &str) -> Result<(Arc<dyn ObjectStore>, String), BadPlace> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.is_empty() || place.contains('@') {
        return Err(BadPlace(format!("it has to look like {EXAMPLE}; keys come from AWS_* variables")));
    }
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: RETRIES_MAX,
        retry_timeout: RETRY_TIME_MAX,
    };
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
    for part in query.split('&').filter(|part| !part.is_empty()) {
        builder = match part.split_once('=') {
            Some(("endpoint", endpoint)) if !endpoint.contains('@') => {
                let plain = endpoint.starts_with("http://");
                builder.with_endpoint(endpoint).with_allow_http(plain)
            }
            Some(("region", region)) => builder.with_region(region),
            Some((key, _)) if key != "endpoint" => {
                return Err(BadPlace(format!("'{key}' means nothing there: {EXAMPLE}")));
            }
            Some(_) | None => {
                return Err(BadPlace(format!("what is behind '?' has to look like {EXAMPLE}")));
            }
        };
    }
    let store = builder.build().map_err(|error| BadPlace(error.to_string()))?;
    let prefix = prefix.trim_matches('/');
    let path = object_store::path::Path::parse(prefix).map_err(|error| BadPlace(error.to_string()))?;
    Ok((Arc::new(PrefixStore::new(store, path)), format!("s3://{bucket}/{prefix}")))
}
