//! What a hint is in bytes: a version, then MessagePack. Grows only; what is not known is skipped.

use events::{MirrorId, NodeId, Partition};
use serde::{Deserialize, Serialize};

/// First byte of a hint. Another one is of another time, and skipped.
const VERSION: u8 = 1;
/// Longest message that is looked at.
const BYTES_MAX: usize = 256;

/// Something to look at. Letters name the kinds: they never change, and none is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Hint {
    /// The settings of this mirror changed: a link was made or cut, a role given or taken.
    #[serde(rename = "m")]
    Mirror(MirrorId),
    /// This partition of the log has grown.
    #[serde(rename = "a")]
    Advanced(Partition),
    /// This partition changed hands, or is to be had.
    #[serde(rename = "p")]
    Moved(Partition),
    /// This gateway shard changed hands, or is to be had.
    #[serde(rename = "s")]
    Shard(u32),
    /// This node is there now.
    #[serde(rename = "j")]
    Joined(NodeId),
    /// This node left in order: what it held is to be had.
    #[serde(rename = "l")]
    Left(NodeId),
    /// This node is asked to leave.
    #[serde(rename = "d")]
    Drain(NodeId),
}

/// A hint by `from`.
pub(super) fn encode(from: NodeId, hint: Hint) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    // Into memory, of types that all have a form: it cannot fail, and a hint without content would be skipped.
    let _ = rmp_serde::encode::write(&mut bytes, &(from, hint));
    bytes
}

/// Who hinted what; `None` if it is no hint that this version knows.
pub(super) fn decode(bytes: &[u8]) -> Option<(NodeId, Hint)> {
    let (version, rest) = bytes.split_first()?;
    let known = *version == VERSION && bytes.len() <= BYTES_MAX;
    known.then(|| rmp_serde::from_slice(rest).ok()).flatten()
}
