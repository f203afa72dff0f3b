//! A change: one register for one cell. What [`crate::project()`] returns and views commit.

use crate::key::Key;
use crate::register::Register;

/// The cells of the view tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Column {
    /// Messages: author, first text, reply.
    Created = 1,
    /// Messages: edited text.
    Said = 2,
    /// Messages: what Discord added.
    Decor = 3,
    /// Messages: deleted.
    Deleted = 4,
    /// Copies: what the copy shows.
    Shown = 5,
    /// Copies and copy index: gone, and by whom.
    Gone = 6,
    /// Copies: Discord refused the source message.
    Refused = 7,
    /// Copy index: source, link, part.
    Source = 8,
    /// Revisions and settings: the value.
    Value = 9,
    /// Links: cut. Requests: refused, or taken back.
    Cut = 10,
    /// Links: restored. Requests: accepted.
    Restored = 11,
    /// Messages: the thread that people made on it. Copies: what its thread was made to show.
    Thread = 12,
}

impl Column {
    /// All columns, in order.
    pub const ALL: [Self; 12] = [
        Self::Created,
        Self::Said,
        Self::Decor,
        Self::Deleted,
        Self::Shown,
        Self::Gone,
        Self::Refused,
        Self::Source,
        Self::Value,
        Self::Cut,
        Self::Restored,
        Self::Thread,
    ];
}

/// One register for one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The row.
    pub key: Key,
    /// The cell.
    pub column: Column,
    /// What to join into it.
    pub register: Register,
}

/// The cells of one row, ordered by column. No cells: there is no such row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Few; searched one by one.
    pub cells: Vec<(Column, Register)>,
}

impl Row {
    /// One cell.
    #[must_use]
    pub fn get(&self, column: Column) -> Option<&Register> {
        self.cells.iter().find(|(at, _)| *at == column).map(|(_, register)| register)
    }

    /// Joins `register` into a cell; says whether the row changed.
    pub fn join(&mut self, column: Column, register: Register) -> bool {
        match self.cells.binary_search_by_key(&column, |(at, _)| *at) {
            Ok(at) => self.cells[at].1.join(register),
            Err(at) => {
                self.cells.insert(at, (column, register));
                true
            }
        }
    }

    /// Whether there is no such row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}
