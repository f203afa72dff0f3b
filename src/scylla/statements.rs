//! Every statement that is ever prepared, in one list, so that a test reads them all.
//!
//! A view is written with its version as `USING TIMESTAMP` in the text: a timestamp set on the request would be
//! overruled, and an unset one replaced by the clock. A coordination row is written with `IF` and never with a
//! timestamp of ours. Tables are named with their keyspace, so that no `USE` is needed. Nothing is deleted.

use super::tables::{PARTITION, SETTINGS, TABLES, Table};

/// One statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Statement {
    /// Joins one cell. Binds: version, bytes, the whole key.
    Join {
        /// Number of the table.
        table: usize,
        /// Number of the cell in it.
        cell: usize,
    },
    /// The cells of one row. Binds: the whole key.
    Get {
        /// Number of the table.
        table: usize,
    },
    /// Rows of a partition in key order: key columns, then cells. Binds: the partition; the fixed columns;
    /// or with `after` the row behind which it goes on, then the fixed columns.
    Scan {
        /// Number of the table.
        table: usize,
        /// How many leading key columns are fixed.
        leads: usize,
        /// Whether it goes on behind a row.
        after: bool,
    },
    /// Settings of one kind by key. Binds: the partition, kind, the first key, and the key where it ends.
    ScanKeys {
        /// Whether it ends before a key.
        until: bool,
    },
    /// A follower's ring. Binds: partition, follower.
    LoadPosition,
    /// Binds: ring, partition, follower.
    SavePosition,
    /// A lane's rev, epoch, mark, row. Binds: mirror, link.
    LoadLane,
    /// Binds: rev, epoch, row, mark, mirror, link.
    NewLane,
    /// Binds: rev, epoch, row, mark, mirror, link, the rev before, the greatest epoch before.
    SaveLane,
    /// A mirror's mark, active, building, previous. Binds: mirror.
    LoadControl,
    /// The same, of what is decided and acknowledged. Binds: mirror.
    ReadControl,
    /// Binds: active, building, previous, mark, mirror.
    NewControl,
    /// Binds: as `NewControl`, then active, building, previous as expected.
    SaveControl,
    /// A lease's rev, epoch, mark, row. Binds: name.
    LoadLease,
    /// All names and rows.
    AllLeases,
    /// Binds: rev, epoch, row, mark, name.
    NewLease,
    /// Binds: rev, epoch, row, mark, name, the rev before.
    SaveLease,
}

/// How a statement may be treated when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Writes a register, or a position: again and again to the same end.
    Repeatable,
    /// Reads.
    Read,
    /// Reads a coordination row, at SERIAL: it settles what was in doubt.
    SerialRead,
    /// Reads a coordination row at QUORUM, whatever the views are read at: it meets every acknowledged write.
    QuorumRead,
    /// Writes on a condition: never repeated before a serial read.
    Conditional,
}

impl Statement {
    /// All there are.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::ScanKeys { until: false },
            Self::ScanKeys { until: true },
            Self::LoadPosition,
            Self::SavePosition,
            Self::LoadLane,
            Self::NewLane,
            Self::SaveLane,
            Self::LoadControl,
            Self::ReadControl,
            Self::NewControl,
            Self::SaveControl,
            Self::LoadLease,
            Self::AllLeases,
            Self::NewLease,
            Self::SaveLease,
        ];
        for (table, Table { cells, leads_max, .. }) in TABLES.iter().enumerate() {
            all.push(Self::Get { table });
            all.extend((0..cells.len()).map(|cell| Self::Join { table, cell }));
            if table != SETTINGS {
                let both = |leads| [false, true].map(|after| Self::Scan { table, leads, after });
                all.extend((0..=*leads_max).flat_map(both));
            }
        }
        all
    }

    /// How it may be treated.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Join { .. } | Self::SavePosition => Class::Repeatable,
            Self::Get { .. } | Self::Scan { .. } | Self::ScanKeys { .. } => Class::Read,
            Self::LoadPosition | Self::AllLeases => Class::Read,
            Self::LoadLane | Self::LoadControl | Self::LoadLease => Class::SerialRead,
            Self::ReadControl => Class::QuorumRead,
            Self::NewLane | Self::SaveLane | Self::NewControl => Class::Conditional,
            Self::SaveControl | Self::NewLease | Self::SaveLease => Class::Conditional,
        }
    }

    /// What is sent to the server.
    #[must_use]
    pub fn text(self, keyspace: &str) -> String {
        let text = match self {
            Self::Join { table, cell } => return join(keyspace, &TABLES[table], cell),
            Self::Get { table } => return get(keyspace, &TABLES[table]),
            Self::Scan { table, leads, after } => return scan(keyspace, &TABLES[table], leads, after),
            Self::ScanKeys { until } => return scan_keys(keyspace, until),
            Self::LoadPosition => "SELECT ring FROM {}.positions WHERE partition = ? AND follower = ?",
            Self::SavePosition => "UPDATE {}.positions SET ring = ? WHERE partition = ? AND follower = ?",
            Self::LoadLane => "SELECT rev, epoch, mark, row FROM {}.lanes WHERE mirror = ? AND link = ?",
            Self::NewLane => {
                "INSERT INTO {}.lanes (rev, epoch, row, mark, mirror, link) VALUES (?, ?, ?, ?, ?, ?)
                IF NOT EXISTS"
            }
            Self::SaveLane => {
                "UPDATE {}.lanes SET rev = ?, epoch = ?, row = ?, mark = ? WHERE mirror = ? AND link = ?
                IF rev = ? AND epoch <= ?"
            }
            Self::LoadControl | Self::ReadControl => {
                "SELECT mark, active, building, previous FROM {}.control WHERE mirror = ?"
            }
            Self::NewControl => {
                "INSERT INTO {}.control (active, building, previous, mark, mirror) VALUES (?, ?, ?, ?, ?)
                IF NOT EXISTS"
            }
            Self::SaveControl => {
                "UPDATE {}.control SET active = ?, building = ?, previous = ?, mark = ? WHERE mirror = ?
                IF active = ? AND building = ? AND previous = ?"
            }
            Self::LoadLease => "SELECT rev, epoch, mark, row FROM {}.leases WHERE name = ?",
            Self::AllLeases => "SELECT name, row FROM {}.leases",
            Self::NewLease => {
                "INSERT INTO {}.leases (rev, epoch, row, mark, name) VALUES (?, ?, ?, ?, ?) IF NOT EXISTS"
            }
            Self::SaveLease => {
                "UPDATE {}.leases SET rev = ?, epoch = ?, row = ?, mark = ? WHERE name = ? IF rev = ?"
            }
        };
        text.replace("{}", keyspace)
    }
}

/// An update, not an insert: a row then consists of its registers and has no marker beside them.
fn join(keyspace: &str, table: &Table, cell: usize) -> String {
    let (name, cell) = (table.name, table.cells[cell].1);
    format!("UPDATE {keyspace}.{name} USING TIMESTAMP ? SET {cell} = ? WHERE {}", whole_key(table))
}

fn get(keyspace: &str, table: &Table) -> String {
    format!("SELECT {} FROM {keyspace}.{} WHERE {}", cells(table), table.name, whole_key(table))
}

/// The bounds are tuples throughout: not every server takes them beside single columns.
fn scan(keyspace: &str, table: &Table, leads: usize, after: bool) -> String {
    let (keys, fixed) = (table.keys, &table.keys[..leads]);
    let mut text = select(keyspace, table);
    if after {
        text = format!("{text} AND ({}) > ({})", keys.join(", "), marks(keys.len()));
        if leads > 0 {
            text = format!("{text} AND ({}) <= ({})", fixed.join(", "), marks(leads));
        }
    } else if leads > 0 {
        text = format!("{text} AND {}", equal(fixed));
    }
    text
}

fn scan_keys(keyspace: &str, until: bool) -> String {
    let end = if until { " AND key < ?" } else { "" };
    format!("{} AND kind = ? AND key >= ?{end}", select(keyspace, &TABLES[SETTINGS]))
}

fn select(keyspace: &str, table: &Table) -> String {
    let keys = table.keys.join(", ");
    format!("SELECT {keys}, {} FROM {keyspace}.{} WHERE {}", cells(table), table.name, equal(&PARTITION))
}

fn cells(table: &Table) -> String {
    let both: Vec<_> = table.cells.iter().map(|(_, cell)| format!("WRITETIME({cell}), {cell}")).collect();
    both.join(", ")
}

fn whole_key(table: &Table) -> String {
    format!("{} AND {}", equal(&PARTITION), equal(table.keys))
}

fn equal(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{column} = ?")).collect::<Vec<_>>().join(" AND ")
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

#[cfg(test)]
mod tests;
