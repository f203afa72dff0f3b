//! Values on their way to and from the server.

use bytes::Bytes;
use scylla::deserialize::row::ColumnIterator;
use scylla::deserialize::value::DeserializeValue;
use scylla::errors::{DeserializationError, SerializationError};
use scylla::frame::response::result::ColumnType;
use scylla::serialize::value::SerializeValue;
use scylla::serialize::writers::{CellWriter, WrittenCellProof};
use uuid::Uuid;

/// One bound value. There is no null and no "unset" among them: the first is refused as a timestamp and beats any
/// register, the second would silently take the server's clock as the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `int`.
    Int(i32),
    /// `bigint`.
    Big(i64),
    /// `uuid`.
    Uuid(Uuid),
    /// `blob`; an empty one is a value like any other.
    Blob(Bytes),
    /// `text`.
    Text(String),
}

impl Value {
    /// A Discord id. Their 64th bit is not in use before the year 2154.
    pub(super) const fn id(id: u64) -> Self {
        Self::Big(id.cast_signed())
    }
}

impl SerializeValue for Value {
    fn serialize<'b>(
        &self,
        typ: &ColumnType<'_>,
        writer: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>, SerializationError> {
        match self {
            Self::Int(value) => value.serialize(typ, writer),
            Self::Big(value) => value.serialize(typ, writer),
            Self::Uuid(value) => value.serialize(typ, writer),
            Self::Blob(value) => value.serialize(typ, writer),
            Self::Text(value) => value.serialize(typ, writer),
        }
    }
}

/// Reads the columns of one row from the first to the last; the statement says which they are.
pub(super) struct Columns<'f, 'm>(ColumnIterator<'f, 'm>);

impl<'f, 'm> Columns<'f, 'm> {
    pub(super) const fn new(row: ColumnIterator<'f, 'm>) -> Self {
        Self(row)
    }

    /// The next column.
    pub(super) fn next<T: DeserializeValue<'f, 'm>>(&mut self) -> Result<T, DeserializationError> {
        let column = self.0.next().transpose()?;
        let column = column.ok_or_else(|| DeserializationError::new(Missing))?;
        T::type_check(column.spec.typ()).map_err(DeserializationError::new)?;
        T::deserialize(column.spec.typ(), column.slice)
    }

    pub(super) fn int(&mut self) -> Result<i32, DeserializationError> {
        self.next()
    }

    pub(super) fn big(&mut self) -> Result<i64, DeserializationError> {
        self.next()
    }

    /// A Discord id.
    pub(super) fn id(&mut self) -> Result<u64, DeserializationError> {
        self.big().map(i64::cast_unsigned)
    }

    /// A copy: a shared slice would keep the whole page in memory.
    pub(super) fn blob(&mut self) -> Result<Bytes, DeserializationError> {
        self.next::<&[u8]>().map(Bytes::copy_from_slice)
    }
}

/// A row with fewer columns than its statement asks for.
#[derive(Debug, thiserror::Error)]
#[error("the row has fewer columns than were asked for")]
struct Missing;
