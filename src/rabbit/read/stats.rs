//! What a stream's leader says of it.

use crate::rabbit::connect::connection::Connection;
use crate::rabbit::connect::frame::{Malformed, key};
use crate::rabbit::connect::{Failure, Lost, frame};
use bytes::{Buf, Bytes};
use events::Offset;

/// Where a stream begins and ends, by chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stats {
    /// The first offset that is kept.
    pub(super) floor: Offset,
    /// The first offset of the last chunk that is safe; `None` in an empty stream.
    pub(super) last: Option<Offset>,
    /// The same of the last chunk that the leader has, be it alone.
    pub(super) written: Option<Offset>,
}

impl Stats {
    /// Whether something lies at `next` or behind it.
    pub(super) fn reach(self, next: Offset) -> bool {
        self.last.is_some_and(|last| last >= next)
    }

    /// Asks on a connection to the leader, and waits.
    pub(super) async fn of(connection: &mut Connection, stream: &str) -> Result<Self, Failure> {
        let body = connection.grant(key::STREAM_STATS, 1, |request| request.text(stream)).await?;
        Ok(Self::parse(body).map_err(Lost::from)?)
    }

    /// Asks; the answer, of the number returned, comes among the frames.
    pub(super) fn ask(connection: &mut Connection, stream: &str) -> u32 {
        connection.ask(key::STREAM_STATS, 1, |request| request.text(stream))
    }

    /// Reads the answer. Chunk ids are -1 in an empty stream.
    pub(super) fn parse(mut body: Bytes) -> Result<Self, Malformed> {
        let pairs = frame::list(&mut body, |body| Ok((frame::text(body)?, body.try_get_i64()?)))?;
        let of = |name: &str| {
            pairs.iter().find(|(known, _)| known == name).map(|(_, id)| u64::try_from(*id).ok().map(Offset))
        };
        let floor = of("first_chunk_id").ok_or(Malformed)?.unwrap_or(Offset(0));
        let last = of("committed_chunk_id").ok_or(Malformed)?;
        let written = of("last_chunk_id").unwrap_or(last);
        Ok(Self { floor, last, written })
    }
}
