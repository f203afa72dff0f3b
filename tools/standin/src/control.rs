//! JSON control routes under /standin/, so that `curl` can drive the world.

use bytes::Bytes;
use http::{Method, Response};
use http_body_util::Full;

use crate::{act, rest::reply::ApiError, server::Core};

/// Answers a control request.
pub(crate) fn answer(
    core: &Core,
    method: &Method,
    path: &str,
    query: &str,
    body: &Bytes,
) -> Response<Full<Bytes>> {
    let _ = (core, method, path, query, body);
    act::bare(&ApiError::not_found().reply())
}
