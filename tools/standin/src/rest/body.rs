//! Request bodies: JSON, or multipart with `payload_json` and files.

use bytes::Bytes;
use memchr::memmem;
use serde_json::{Value, json};

use super::{form, reply::ApiError, upload::Upload};

/// A body as JSON, and the files beside it.
pub(crate) type Read = (Value, Vec<Upload>);

/// Reads a body.
pub(crate) fn read(content_type: Option<&str>, bytes: &Bytes) -> Result<Read, ApiError> {
    if bytes.is_empty() {
        return Ok((json!({}), Vec::new()));
    }
    let kind = content_type.unwrap_or_default();
    if let Some((_, boundary)) =
        kind.split_once("boundary=").filter(|_| kind.starts_with("multipart/form-data"))
    {
        let boundary = boundary.split(';').next().unwrap_or_default();
        return multipart(boundary.trim_matches('"'), bytes);
    }
    if kind.starts_with("application/json") {
        Ok((parse(bytes)?, Vec::new()))
    } else {
        Err(form::content_type(kind))
    }
}

fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(bytes).map_err(|_| ApiError::invalid_json())
}

fn multipart(boundary: &str, bytes: &Bytes) -> Result<Read, ApiError> {
    let (mut value, mut files) = (json!({}), Vec::new());
    for part in pieces(bytes, boundary) {
        let Some(at) = memmem::find(&part, b"\r\n\r\n") else { continue };
        let (head, data) = (String::from_utf8_lossy(&part[..at]), part.slice(at + 4..));
        match attribute(&head, "name=\"") {
            Some("payload_json") => value = parse(&data)?,
            Some(name) if name.starts_with("file") => files.push(Upload {
                index: name
                    .trim_start_matches(|c: char| !c.is_ascii_digit())
                    .trim_end_matches(']')
                    .parse()
                    .ok(),
                name: attribute(&head, "filename=\"").unwrap_or("file").to_owned(),
                content_type: header(&head, "content-type").to_owned(),
                bytes: data,
            }),
            Some(name) if value.is_object() => value[name] = json!(String::from_utf8_lossy(&data)),
            _ => {}
        }
    }
    Ok((value, files))
}

fn attribute<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let at =
        head.match_indices(name).find(|(at, _)| *at == 0 || !head.as_bytes()[at - 1].is_ascii_alphabetic());
    head[at?.0 + name.len()..].split_once('"').map(|(value, _)| value)
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .next()
        .unwrap_or_default()
}

/// The parts between the marks: the first mark begins a line or the body, each later one ends a part.
fn pieces(bytes: &Bytes, boundary: &str) -> Vec<Bytes> {
    let mark = format!("\r\n--{boundary}");
    let whole = |at: &usize| {
        bytes[at + mark.len()..].starts_with(b"\r\n") || bytes[at + mark.len()..].starts_with(b"--")
    };
    let marks: Vec<usize> = memmem::find_iter(bytes, mark.as_bytes()).filter(whole).collect();
    let opening = mark.trim_start();
    let mut starts = vec![0; usize::from(bytes.starts_with(opening.as_bytes()))];
    starts.iter_mut().for_each(|start| *start += opening.len());
    starts.extend(marks.iter().map(|at| at + mark.len()));
    let ends = marks.iter().copied().skip(usize::from(!bytes.starts_with(opening.as_bytes())));
    starts.into_iter().zip(ends).map(|(start, end)| bytes.slice(start.min(end)..end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipart_is_json_and_files() {
        let text = "--B\r\nContent-Disposition: form-data; name=\"files[3]\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhe--B\r\n--Bx\r\nllo\r\n\r\n\
                    --B\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n\
                    {\"content\":\"x\"}\r\n--B--\r\n";
        let read = read(Some("multipart/form-data; boundary=B"), &Bytes::from(text));
        let file = Upload {
            index: Some(3),
            name: "a.txt".to_owned(),
            content_type: "text/plain".to_owned(),
            bytes: Bytes::from("he--B\r\n--Bx\r\nllo\r\n"),
        };
        assert_eq!(read.map_err(|error| error.code), Ok((json!({"content": "x"}), vec![file])));
    }

    #[test]
    fn other_types_are_refused() {
        let code = |kind| read(kind, &Bytes::from("{}")).map(|(value, _)| value).map_err(|error| error.code);
        assert_eq!(code(Some("text/plain")), Err(50035));
        assert_eq!(code(None), Err(50035));
        assert_eq!(code(Some("application/json; charset=utf-8")), Ok(json!({})));
    }
}
