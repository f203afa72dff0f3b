//! The contract of growth: an appended field with a default reads what was written before it.

use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Before {
    name: String,
    size: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct After {
    name: String,
    size: u64,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
}

/// `["cat", 7]`, as [`Before`] was written; frozen.
const BEFORE: [u8; 6] = [0x92, 0xa3, b'c', b'a', b't', 0x07];

#[test]
fn a_shorter_array_gives_the_defaults_of_what_was_appended() {
    let before = Before { name: "cat".into(), size: 7 };
    assert_eq!(rmp_serde::to_vec(&before).unwrap(), BEFORE);
    let after: After = rmp_serde::from_slice(&BEFORE).unwrap();
    assert_eq!(after, After { name: "cat".into(), size: 7, note: None, tags: Vec::new() });
}

/// Why an appended field needs a new format version: an older reader does not skip it.
#[test]
fn a_longer_array_is_refused() {
    let after = After { name: "cat".into(), size: 7, note: None, tags: Vec::new() };
    let written = rmp_serde::to_vec(&after).unwrap();
    assert!(rmp_serde::from_slice::<Before>(&written).is_err());
}
