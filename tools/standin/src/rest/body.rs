//! Request bodies: JSON, or multipart with `payload_json` and files.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{form, reply::ApiError};

/// Reads a body. Files of a multipart body become `attachments_new`: name and size; their bytes are not kept.
pub(crate) fn read(content_type: Option<&str>, bytes: &Bytes) -> Result<Value, ApiError> {
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    let kind = content_type.unwrap_or_default();
    if let Some((_, boundary)) =
        kind.split_once("boundary=").filter(|_| kind.starts_with("multipart/form-data"))
    {
        return multipart(boundary.trim_matches('"'), bytes);
    }
    if kind.starts_with("application/json") { parse(bytes) } else { Err(form::content_type(kind)) }
}

fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(bytes).map_err(|_| ApiError::invalid_json())
}

fn multipart(boundary: &str, bytes: &Bytes) -> Result<Value, ApiError> {
    let mark = format!("--{boundary}");
    let mut value = json!({});
    let mut files = Vec::new();
    for part in pieces(bytes, mark.as_bytes()) {
        let Some((head, data)) = split_at(part, b"\r\n\r\n") else { continue };
        let (head, data) = (String::from_utf8_lossy(head), data.strip_suffix(b"\r\n").unwrap_or(data));
        match attribute(&head, "name=\"") {
            Some("payload_json") => value = parse(data)?,
            Some(name) if name.starts_with("file") => {
                files.push(json!({"filename": attribute(&head, "filename=\"").unwrap_or("file"), "size": data.len()}));
            }
            Some(name) => value[name] = json!(String::from_utf8_lossy(data)),
            None => {}
        }
    }
    if !files.is_empty() && value.is_object() {
        value["attachments_new"] = json!(files);
    }
    Ok(value)
}

fn attribute<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let at =
        head.match_indices(name).find(|(at, _)| *at == 0 || !head.as_bytes()[at - 1].is_ascii_alphabetic());
    head[at?.0 + name.len()..].split_once('"').map(|(value, _)| value)
}

/// The stretches of `bytes` between the marks.
fn pieces<'a>(bytes: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some((piece, after)) = split_at(rest, mark) {
        found.push(piece);
        rest = after;
    }
    found
}

fn split_at<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipart_is_json_and_files() {
        let text = "--B\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.txt\"\r\n\r\nhello\r\n\
                    --B\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n\
                    {\"content\":\"x\"}\r\n--B--\r\n";
        let read = read(Some("multipart/form-data; boundary=B"), &Bytes::from(text));
        let expected = json!({"content": "x", "attachments_new": [{"filename": "a.txt", "size": 5}]});
        assert_eq!(read.map_err(|error| error.code), Ok(expected));
    }

    #[test]
    fn other_types_are_refused() {
        let code = |kind| read(kind, &Bytes::from("{}")).map_err(|error| error.code);
        assert_eq!(code(Some("text/plain")), Err(50035));
        assert_eq!(code(None), Err(50035));
        assert_eq!(code(Some("application/json; charset=utf-8")), Ok(json!({})));
    }
}
