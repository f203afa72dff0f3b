//! The codec: from an event to a record and back.
//!
//! ```text
//! record = format version (1 byte) | event as MessagePack, positional | raw payload to the end
//! ```

/// Largest record, in bytes. A larger one is put aside as a dead letter.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
