//! What one frame of a client asks for. Pure: who asked, how often and what is answered is decided by the caller.

use serde_json::Value;

use super::close;

/// Client frames larger than this are refused.
pub(crate) const CLIENT_BYTES_MAX: usize = 4096;

/// What a client frame asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked {
    /// Op 1.
    Heartbeat,
    /// Op 2.
    Identify(Value),
    /// Op 6.
    Resume(Value),
    /// Op 8.
    Members(Value),
    /// Ops that change nothing here: presence, voice state, soundboard, channel info.
    Nothing,
}

/// Understands a frame, or says with which code it is refused.
pub(crate) fn understand(text: &str, attached: bool) -> Result<Asked, u16> {
    if text.len() > CLIENT_BYTES_MAX {
        return Err(close::DECODE);
    }
    let mut payload = serde_json::from_str::<Value>(text).map_err(|_| close::DECODE)?;
    let op = payload["op"].as_u64().ok_or(close::DECODE)?;
    let d = payload["d"].take();
    match (op, attached) {
        (1, _) => Ok(Asked::Heartbeat),
        (2 | 6, true) => Err(close::ALREADY_AUTHENTICATED),
        (2 | 6, false) if !d.is_object() => Err(close::DECODE),
        (2, false) => Ok(Asked::Identify(d)),
        (6, false) => Ok(Asked::Resume(d)),
        (3 | 4 | 8 | 31 | 43, false) => Err(close::NOT_AUTHENTICATED),
        (8, true) => Ok(Asked::Members(d)),
        (3 | 4 | 31 | 43, true) => Ok(Asked::Nothing),
        _ => Err(close::UNKNOWN_OPCODE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_opcode_at_the_right_and_at_the_wrong_time() {
        for (text, before, after) in [
            (r#"{"op":1,"d":5}"#, Ok(Asked::Heartbeat), Ok(Asked::Heartbeat)),
            (r#"{"op":1,"d":null}"#, Ok(Asked::Heartbeat), Ok(Asked::Heartbeat)),
            (r#"{"op":2,"d":{"a":1}}"#, Ok(Asked::Identify(json!({"a": 1}))), Err(4005)),
            (r#"{"op":6,"d":{}}"#, Ok(Asked::Resume(json!({}))), Err(4005)),
            (r#"{"op":2,"d":null}"#, Err(4002), Err(4005)),
            (r#"{"op":3,"d":{}}"#, Err(4003), Ok(Asked::Nothing)),
            (r#"{"op":4,"d":{}}"#, Err(4003), Ok(Asked::Nothing)),
            (r#"{"op":8,"d":{}}"#, Err(4003), Ok(Asked::Members(json!({})))),
            (r#"{"op":31,"d":{}}"#, Err(4003), Ok(Asked::Nothing)),
            (r#"{"op":43,"d":{}}"#, Err(4003), Ok(Asked::Nothing)),
            (r#"{"op":0,"d":{}}"#, Err(4001), Err(4001)),
            (r#"{"op":10,"d":{}}"#, Err(4001), Err(4001)),
            (r#"{"op":"2","d":{}}"#, Err(4002), Err(4002)),
            (r"[1,2]", Err(4002), Err(4002)),
            ("not json", Err(4002), Err(4002)),
        ] {
            assert_eq!(understand(text, false), before, "{text} before IDENTIFY");
            assert_eq!(understand(text, true), after, "{text} after it");
        }
        let long = |bytes: usize| format!(r#"{{"op":1,"d":"{}"}}"#, "x".repeat(bytes - 15));
        assert_eq!(long(4096).len(), 4096);
        assert_eq!(understand(&long(4096), true), Ok(Asked::Heartbeat));
        assert_eq!(understand(&long(4097), true), Err(4002));
    }
}
