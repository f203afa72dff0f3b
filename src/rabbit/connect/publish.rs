//! Publishing over a [`Connection`]: what is sent, what it weighs, and what a name has published before.

use super::connection::Connection;
use super::frame::{Request, key};
use super::{Failure, Lost};
use bytes::Buf;

/// Version 2 of a publish has filter values.
const WITH_FILTER: u16 = 2;
/// A frame's length, key, version, publisher and number of messages.
const FRAME_HEAD_BYTES: usize = 4 + 2 + 2 + 1 + 4;
/// `described: a data section` of AMQP 1.0, then its length in four bytes.
const DATA: [u8; 4] = [0x00, 0x53, 0x75, 0xb0];

/// One message to publish.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its publishing id: from 1 on and ascending on the wire, or the broker confirms it and does not store it.
    pub id: u64,
    /// Its filter value.
    pub filter: &'a str,
    /// Its record. It becomes the one data section of an AMQP message.
    pub record: &'a [u8],
}

impl Message<'_> {
    /// What it takes in a frame, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        8 + 2 + self.filter.len() + 4 + DATA.len() + 4 + self.record.len()
    }
}

/// What a frame of these messages takes on the wire.
#[must_use]
pub fn frame_bytes(messages: &[Message<'_>]) -> usize {
    FRAME_HEAD_BYTES + messages.iter().map(Message::bytes).sum::<usize>()
}

impl Connection {
    /// The last publishing id that the broker has of a name; 0 also for a name, or a stream, that it does not know.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn publisher_sequence(&mut self, name: &str, stream: &str) -> Result<u64, Failure> {
        let mut body = self.grant(key::QUERY_PUBLISHER, 1, |request| request.text(name).text(stream)).await?;
        Ok(body.try_get_u64().map_err(|_| Lost::from(super::Malformed))?)
    }

    /// Declares that this connection publishes to a stream that its node leads, under a name.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn declare_publisher(&mut self, id: u8, name: &str, stream: &str) -> Result<(), Failure> {
        self.grant(key::DECLARE_PUBLISHER, 1, |request| request.u8(id).text(name).text(stream)).await?;
        Ok(())
    }

    /// Sends messages in one frame; the broker says `Confirmed` or `Refused` of each, in any number of frames, from
    /// [`Connection::next`]. The caller keeps [`frame_bytes`] below [`super::connection::FRAME_BYTES_MAX`].
    ///
    /// # Errors
    /// The connection is lost; whether they are stored is not known.
    pub async fn publish(&mut self, publisher: u8, messages: &[Message<'_>]) -> Result<(), Lost> {
        // A frame without messages is an error to the broker.
        if !messages.is_empty() {
            let head = Request::with_room(frame_bytes(messages), key::PUBLISH, WITH_FILTER)
                .u8(publisher)
                .u32(messages.len() as u32);
            self.push(messages.iter().fold(head, |request, message| message.write(request)));
        }
        self.flush().await
    }
}

impl Message<'_> {
    fn write(&self, request: Request) -> Request {
        let length = (DATA.len() + 4 + self.record.len()) as u32;
        request.u64(self.id).text(self.filter).u32(length).raw(&DATA).bytes(self.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_weighs_what_it_says() {
        let messages = [
            Message { id: 1, filter: "f", record: b"abc" },
            Message { id: 2, filter: "", record: &[7; 300] },
        ];
        let head = Request::new(key::PUBLISH, WITH_FILTER).u8(0).u32(2);
        let frame = messages.iter().fold(head, |request, message| message.write(request)).finish();
        assert_eq!(frame.len(), frame_bytes(&messages));
    }
}
