//! The frames of the stream protocol that we speak, to bytes and back.
//!
//! ```text
//! frame   = length u32 | key u16 (answers: | 0x8000) | version u16 | body
//! request = correlation u32 | ...            answer = correlation u32 | code u16 | ...
//! ```
//! Source: RabbitMQ, `deps/rabbitmq_stream/docs/PROTOCOL.adoc`. All numbers are big-endian. Decoding never panics and
//! never reserves what a length claims before the bytes are there.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// What a frame is about.
pub mod key {
    pub(crate) const DECLARE_PUBLISHER: u16 = 1;
    pub(crate) const PUBLISH: u16 = 2;
    pub(crate) const CONFIRM: u16 = 3;
    pub(crate) const PUBLISH_ERROR: u16 = 4;
    pub(crate) const QUERY_PUBLISHER: u16 = 5;
    pub(crate) const SUBSCRIBE: u16 = 7;
    pub(crate) const DELIVER: u16 = 8;
    pub(crate) const CREDIT: u16 = 9;
    pub(crate) const UNSUBSCRIBE: u16 = 12;
    pub(crate) const CREATE: u16 = 13;
    pub(crate) const DELETE: u16 = 14;
    pub(crate) const METADATA: u16 = 15;
    pub(crate) const METADATA_UPDATE: u16 = 16;
    pub(crate) const PEER_PROPERTIES: u16 = 17;
    pub(crate) const SASL_HANDSHAKE: u16 = 18;
    pub(crate) const SASL_AUTHENTICATE: u16 = 19;
    pub(crate) const TUNE: u16 = 20;
    pub(crate) const OPEN: u16 = 21;
    pub(crate) const CLOSE: u16 = 22;
    pub(crate) const HEARTBEAT: u16 = 23;
    pub(crate) const STREAM_STATS: u16 = 28;
    pub(super) const ANSWER: u16 = 0x8000;
}

/// What a broker says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u16);

impl Code {
    pub(crate) const OK: Self = Self(1);
    pub(crate) const STREAM_EXISTS: Self = Self(5);
    pub(crate) const AUTHENTICATION: Self = Self(8);
    pub(crate) const LOOPBACK: Self = Self(11);
    pub(crate) const VHOST: Self = Self(12);
    pub(crate) const REFUSED: Self = Self(16);
    pub(crate) const PRECONDITION: Self = Self(17);

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self.0 {
            1 => "ok",
            2 => "the stream does not exist",
            3 => "the subscription exists already",
            4 => "the subscription does not exist",
            5 => "the stream exists already",
            6 => "the stream is not available",
            7 => "it does not know the way of authentication",
            8 => "user or password is wrong",
            9 => "the authentication is malformed",
            10 => "it asks for another step of authentication",
            11 => "this user may connect from the broker's own machine only",
            12 => "the virtual host does not exist, or this user may not use it",
            13 => "it does not know this kind of frame",
            14 => "the frame is too large",
            15 => "it has an internal error",
            16 => "this user may not do that",
            17 => "the stream exists with other arguments, or an argument is no good",
            18 => "the publisher does not exist",
            19 => "there is no such offset",
            _ => "a code that this version does not know",
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (code {})", self.words(), self.0)
    }
}

/// What comes from the broker.
#[derive(Debug)]
pub enum Frame {
    /// To a request.
    Answer {
        /// Which.
        correlation: u32,
        /// Whether it was granted.
        code: Code,
        /// The rest.
        body: Bytes,
    },
    /// The brokers and leaders of streams: an answer without a code.
    Metadata {
        /// To which request.
        correlation: u32,
        /// The rest.
        body: Bytes,
    },
    /// One chunk of a stream.
    Deliver {
        /// For whom.
        subscription: u8,
        /// Its bytes; see [`super::super::read`].
        chunk: Bytes,
    },
    /// These are stored.
    Confirmed {
        /// Whose.
        publisher: u8,
        /// Publishing ids.
        ids: Vec<u64>,
    },
    /// These are not.
    Refused {
        /// Whose.
        publisher: u8,
        /// Publishing ids, and why.
        ids: Vec<(u64, Code)>,
    },
    /// A stream has another leader, is restarted or gone: all that was declared for it here is void.
    Moved {
        /// Its name.
        stream: String,
    },
    /// A credit was refused: the subscription is gone.
    CreditRefused {
        /// Which.
        subscription: u8,
    },
    /// The limits that the broker proposes.
    Tune {
        /// Largest frame, in bytes.
        frame_bytes: u32,
        /// Seconds between heartbeats.
        heartbeat: u32,
    },
    /// The broker ends the connection.
    Closing {
        /// In its words.
        reason: String,
    },
    /// It lives.
    Heartbeat,
    /// Of a kind that we need not know.
    Other,
}

/// It is no frame of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker sent a frame that makes no sense")]
pub struct Malformed;

impl From<bytes::TryGetError> for Malformed {
    fn from(_: bytes::TryGetError) -> Self {
        Self
    }
}

impl Frame {
    /// What is behind the length.
    pub(super) fn decode(mut body: Bytes) -> Result<Self, Malformed> {
        let (key, version) = (body.try_get_u16()?, body.try_get_u16()?);
        match key {
            key::DELIVER => deliver(body, version),
            key::CONFIRM => confirmed(body),
            key::PUBLISH_ERROR => refused(body),
            key::METADATA_UPDATE => {
                body.try_get_u16()?;
                Ok(Self::Moved { stream: text(&mut body)? })
            }
            key::TUNE => Ok(Self::Tune { frame_bytes: body.try_get_u32()?, heartbeat: body.try_get_u32()? }),
            key::CLOSE => {
                let (_, code) = (body.try_get_u32()?, Code(body.try_get_u16()?));
                Ok(Self::Closing { reason: format!("{} ({code})", text(&mut body)?) })
            }
            key::HEARTBEAT => Ok(Self::Heartbeat),
            key if key == key::CREDIT | key::ANSWER => {
                body.try_get_u16()?;
                Ok(Self::CreditRefused { subscription: body.try_get_u8()? })
            }
            key if key == key::METADATA | key::ANSWER => {
                Ok(Self::Metadata { correlation: body.try_get_u32()?, body })
            }
            key if key & key::ANSWER != 0 => {
                let (correlation, code) = (body.try_get_u32()?, Code(body.try_get_u16()?));
                Ok(Self::Answer { correlation, code, body })
            }
            _ => Ok(Self::Other),
        }
    }
}

fn deliver(mut body: Bytes, version: u16) -> Result<Frame, Malformed> {
    let subscription = body.try_get_u8()?;
    if version > 1 {
        // The id of the last committed chunk. We do not ask for this version.
        body.try_get_u64()?;
    }
    Ok(Frame::Deliver { subscription, chunk: body })
}

fn confirmed(mut body: Bytes) -> Result<Frame, Malformed> {
    let publisher = body.try_get_u8()?;
    let ids = list(&mut body, |body| Ok(body.try_get_u64()?))?;
    Ok(Frame::Confirmed { publisher, ids })
}

fn refused(mut body: Bytes) -> Result<Frame, Malformed> {
    let publisher = body.try_get_u8()?;
    let ids = list(&mut body, |body| Ok((body.try_get_u64()?, Code(body.try_get_u16()?))))?;
    Ok(Frame::Refused { publisher, ids })
}

/// Elements behind their number.
pub(crate) fn list<T>(
    body: &mut Bytes,
    element: impl Fn(&mut Bytes) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = body.try_get_u32()?;
    (0..count).map(|_| element(body)).collect()
}

/// A text behind its length.
pub(crate) fn text(body: &mut Bytes) -> Result<String, Malformed> {
    let length = usize::try_from(body.try_get_i16()?).unwrap_or(0);
    if body.remaining() < length {
        return Err(Malformed);
    }
    String::from_utf8(body.split_to(length).to_vec()).map_err(|_| Malformed)
}

/// A request being written. Its length is filled in at the end.
#[derive(Debug)]
pub struct Request(BytesMut);

impl Request {
    /// Of a kind.
    pub(crate) fn new(key: u16, version: u16) -> Self {
        Self::with_room(64, key, version)
    }

    /// Of a kind, and about so many bytes long.
    pub(crate) fn with_room(room: usize, key: u16, version: u16) -> Self {
        let mut bytes = BytesMut::with_capacity(room);
        bytes.put_u32(0);
        bytes.put_u16(key);
        bytes.put_u16(version);
        Self(bytes)
    }

    pub(crate) fn u8(mut self, value: u8) -> Self {
        self.0.put_u8(value);
        self
    }

    pub(crate) fn u16(mut self, value: u16) -> Self {
        self.0.put_u16(value);
        self
    }

    pub(crate) fn u32(mut self, value: u32) -> Self {
        self.0.put_u32(value);
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.put_u64(value);
        self
    }

    /// Names of ours, and parts of an address: they are short. A longer one is cut, and the broker refuses it.
    pub(crate) fn text(mut self, text: &str) -> Self {
        let length = text.len().min(i16::MAX as usize);
        self.0.put_u16(length as u16);
        self.0.put_slice(&text.as_bytes()[..length]);
        self
    }

    /// As it is, without a length.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.put_slice(bytes);
        self
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.put_u32(bytes.len() as u32);
        self.0.put_slice(bytes);
        self
    }

    pub(crate) fn map(self, pairs: &[(&str, &str)]) -> Self {
        let counted = self.u32(pairs.len() as u32);
        pairs.iter().fold(counted, |request, (name, value)| request.text(name).text(value))
    }

    /// The whole frame.
    pub(super) fn finish(mut self) -> BytesMut {
        let length = (self.0.len() - 4) as u32;
        self.0[..4].copy_from_slice(&length.to_be_bytes());
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_comes_is_a_frame_or_an_error() {
        let mut bytes = Vec::new();
        for key in [1, 2, 3, 4, 8, 9, 15, 16, 20, 22, 23, 0x8001, 0x8009, 0x800f, 0x8015, 0xffff_u16] {
            bytes.clear();
            bytes.extend_from_slice(&key.to_be_bytes());
            bytes.extend_from_slice(&[0, 1]);
            for length in 0..40 {
                for fill in [0, 1, 0x7f, 0xff] {
                    let mut frame = bytes.clone();
                    frame.resize(4 + length, fill);
                    // A list of four thousand million elements in 36 bytes is refused, not reserved.
                    let _ = Frame::decode(frame.into());
                }
            }
        }
        assert!(Frame::decode(Bytes::from_static(&[0, 3, 0, 1, 7, 0xff, 0xff, 0xff, 0xff, 0])).is_err());
    }

    #[test]
    fn a_request_begins_with_its_length() {
        let request = Request::new(key::CREDIT, 1).u8(3).u16(2).finish();
        assert_eq!(request[..], [0, 0, 0, 7, 0, 9, 0, 1, 3, 0, 2]);
    }
}
