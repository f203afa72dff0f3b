//! The tables: what `schema.cql` defines, what the cluster has, and the way from there.
//!
//! `apply` makes what is missing: the keyspace, tables, columns. Whatever is there and differs it leaves alone and
//! lists: a type, a key, a replication or an expiry are not changed under a running system.

mod definition;

pub use definition::{Column, Kind, SCHEMA, Table, tables};

use super::address::Address;
use super::{Failure, Settings, link, retry};
use futures_util::TryStreamExt;
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::statement::unprepared;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Changing a schema waits for all nodes to agree.
const CHANGE_TIME_MAX: Duration = Duration::from_secs(60);

/// How the keyspace is replicated: `SimpleStrategy:3`, or `NetworkTopologyStrategy:dc1=3,dc2=3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replication {
    class: String,
    /// Copies, by data centre; for `SimpleStrategy` by `replication_factor`.
    factors: BTreeMap<String, u32>,
}

/// A replication that is not spelled as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("replication is {0:?}; it should be like SimpleStrategy:3 or NetworkTopologyStrategy:dc1=3,dc2=3")]
pub struct BadReplication(String);

impl FromStr for Replication {
    type Err = BadReplication;

    fn from_str(text: &str) -> Result<Self, BadReplication> {
        let bad = || BadReplication(text.to_owned());
        let (class, rest) = text.split_once(':').ok_or_else(bad)?;
        let factor = |text: &str| text.parse().ok().filter(|factor| *factor > 0).ok_or_else(bad);
        // They are written into a statement, between quotes.
        let plain = |name: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
            !name.is_empty() && name.chars().all(fits)
        };
        let one = |part: &str| match part.split_once('=') {
            Some((dc, count)) if plain(dc.trim()) => Ok((dc.trim().to_owned(), factor(count.trim())?)),
            Some(_) | None => Err(bad()),
        };
        let factors = match class {
            "SimpleStrategy" => [("replication_factor".to_owned(), factor(rest)?)].into(),
            "NetworkTopologyStrategy" => rest.split(',').map(one).collect::<Result<_, _>>()?,
            _ => return Err(bad()),
        };
        Ok(Self { class: class.to_owned(), factors })
    }
}

impl Replication {
    /// The map as CQL writes it.
    fn cql(&self) -> String {
        let factors = self.factors.iter().map(|(name, count)| format!(", '{name}': {count}"));
        format!("{{'class': '{}'{}}}", self.class, factors.collect::<String>())
    }

    /// What `system_schema.keyspaces` says, which qualifies the class.
    fn stored(mut map: BTreeMap<String, String>) -> Self {
        let class = map.remove("class").unwrap_or_default();
        let class = class.rsplit('.').next().unwrap_or_default().to_owned();
        let factors = map.into_iter().map(|(name, count)| (name, count.parse().unwrap_or(0)));
        Self { class, factors: factors.collect() }
    }
}

impl fmt::Display for Replication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let simple = self.factors.get("replication_factor").filter(|_| self.factors.len() == 1);
        let factors = self.factors.iter().map(|(name, count)| format!("{name}={count}"));
        let factors = simple.map_or_else(|| factors.collect::<Vec<_>>().join(","), ToString::to_string);
        write!(f, "{}:{factors}", self.class)
    }
}

/// One thing that is not as `schema.cql` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// There is no keyspace.
    NoKeyspace(String),
    /// There is no such table.
    NoTable(String),
    /// A table lacks a column.
    NoColumn {
        /// Where.
        table: String,
        /// Which.
        column: String,
        /// Of this type.
        kind: String,
    },
    /// The keyspace is replicated otherwise.
    Replication {
        /// As it is.
        found: Replication,
        /// As it is configured.
        wanted: Replication,
    },
    /// Acknowledged writes are not in a commit log.
    NotDurable,
    /// A column has another type, or another place in the key.
    OtherColumn {
        /// Where.
        table: String,
        /// Which.
        column: String,
        /// As it is.
        found: String,
        /// As it should be.
        wanted: String,
    },
    /// A column that this version does not know; it may be of a newer one.
    UnknownColumn {
        /// Where.
        table: String,
        /// Which.
        column: String,
    },
    /// Rows of a table expire.
    Expires {
        /// Which.
        table: String,
        /// After so many seconds.
        seconds: i32,
    },
}

impl Difference {
    /// Whether [`Schema::apply`] makes it good.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        match self {
            Self::NoKeyspace(_) | Self::NoTable(_) | Self::NoColumn { .. } => true,
            Self::Replication { .. } | Self::NotDurable | Self::OtherColumn { .. } => false,
            Self::UnknownColumn { .. } | Self::Expires { .. } => false,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKeyspace(name) => write!(f, "keyspace {name} is missing"),
            Self::NoTable(table) => write!(f, "table {table} is missing"),
            Self::NoColumn { table, column, kind } => {
                write!(f, "column {table}.{column} ({kind}) is missing")
            }
            Self::Replication { found, wanted } => {
                write!(f, "the keyspace is replicated as {found}, configured is {wanted}")
            }
            Self::NotDurable => write!(f, "the keyspace has durable_writes = false"),
            Self::OtherColumn { table, column, found, wanted } => {
                write!(f, "column {table}.{column} is {found}, it should be {wanted}")
            }
            Self::UnknownColumn { table, column } => write!(f, "column {table}.{column} is unknown"),
            Self::Expires { table, seconds } => write!(f, "rows of table {table} expire after {seconds} s"),
        }
    }
}

/// Why the tables are not as they should be.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// These differ, and are not changed by us. Nothing was done.
    #[error("nothing was changed: {}", list(.0))]
    Refused(Vec<Difference>),
    /// The cluster did not do it.
    #[error(transparent)]
    Failed(#[from] Failure),
}

fn list(differences: &[Difference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A keyspace whose tables are looked at or made.
pub struct Schema {
    session: Session,
    keyspace: String,
    replication: Replication,
}

impl Schema {
    /// Connects.
    ///
    /// # Errors
    /// When no node answers, or the address is refused.
    pub async fn connect(address: &Address, replication: Replication) -> Result<Self, Failure> {
        let settings = Settings { request_time_max: CHANGE_TIME_MAX, ..Settings::default() };
        let session = link::session(address, &settings).await?;
        Ok(Self { session, keyspace: address.keyspace.clone(), replication })
    }

    /// What differs from `schema.cql`, in its order.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn diff(&self) -> Result<Vec<Difference>, Failure> {
        let found = self.found().await?;
        Ok(compare(&self.keyspace, &self.replication, found.as_ref()))
    }

    /// Makes what is missing; says what it was.
    ///
    /// # Errors
    /// See [`SchemaError`].
    pub async fn apply(&self) -> Result<Vec<Difference>, SchemaError> {
        let differences = self.diff().await?;
        let (missing, other): (Vec<_>, Vec<_>) = differences.into_iter().partition(Difference::is_missing);
        if !other.is_empty() {
            return Err(SchemaError::Refused(other));
        }
        for difference in &missing {
            for statement in self.remedy(difference).await? {
                self.change(&statement).await?;
            }
        }
        Ok(missing)
    }

    /// The statements that make good what is missing.
    async fn remedy(&self, difference: &Difference) -> Result<Vec<String>, Failure> {
        let keyspace = &self.keyspace;
        Ok(match difference {
            Difference::NoKeyspace(name) => {
                vec![create_keyspace(name, &self.replication, self.has_tablets().await?)]
            }
            Difference::NoTable(name) => {
                let table = tables().iter().filter(|table| table.name == *name);
                table.map(|table| table.create(keyspace)).collect()
            }
            Difference::NoColumn { table, column, kind } => {
                vec![format!("ALTER TABLE {keyspace}.{table} ADD {column} {kind}")]
            }
            Difference::Replication { .. } | Difference::NotDurable | Difference::OtherColumn { .. } => {
                vec![]
            }
            Difference::UnknownColumn { .. } | Difference::Expires { .. } => vec![],
        })
    }

    async fn change(&self, statement: &str) -> Result<(), Failure> {
        let done = self.session.query_unpaged(statement, ()).await;
        done.map(drop).map_err(|error| retry::failure(&error))
    }

    /// Whether the server spreads tables as tablets, on which conditional writes need ScyllaDB 2025.4.
    async fn has_tablets(&self) -> Result<bool, Failure> {
        let text = "SELECT column_name FROM system_schema.columns WHERE keyspace_name = 'system_schema' \
                    AND table_name = 'scylla_keyspaces'";
        let columns: Vec<(String,)> = self.ask(text, ()).await?;
        Ok(columns.iter().any(|(name,)| name == "initial_tablets"))
    }

    async fn found(&self) -> Result<Option<Keyspace>, Failure> {
        let text = "SELECT replication, durable_writes FROM system_schema.keyspaces WHERE keyspace_name = ?";
        let name = (self.keyspace.as_str(),);
        let found: Vec<(BTreeMap<String, String>, bool)> = self.ask(text, name).await?;
        let Some((replication, is_durable)) = found.into_iter().next() else { return Ok(None) };
        let text =
            "SELECT table_name, default_time_to_live FROM system_schema.tables WHERE keyspace_name = ?";
        let expiries: Vec<(String, Option<i32>)> = self.ask(text, name).await?;
        let text = "SELECT table_name, column_name, type, kind, position FROM system_schema.columns \
                    WHERE keyspace_name = ?";
        let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        let rows: Vec<(String, String, String, String, i32)> = self.ask(text, name).await?;
        for (table, name, typ, kind, position) in rows {
            columns.entry(table).or_default().push(Column { name, typ, kind: Kind::stored(&kind, position) });
        }
        let expiries = expiries.into_iter().map(|(table, seconds)| (table, seconds.unwrap_or(0))).collect();
        Ok(Some(Keyspace { replication: Replication::stored(replication), is_durable, expiries, columns }))
    }

    async fn ask<R>(
        &self,
        text: &str,
        values: impl scylla::serialize::row::SerializeRow,
    ) -> Result<Vec<R>, Failure>
    where
        R: for<'f, 'm> DeserializeRow<'f, 'm> + 'static,
    {
        let pager = self.session.query_iter(unprepared::Statement::new(text), values).await;
        let pager = pager.map_err(|error| Failure::Retry(error.to_string()))?;
        let rows = pager.rows_stream::<R>().map_err(|error| Failure::Stopped(error.to_string()))?;
        rows.try_collect().await.map_err(|error| Failure::Retry(error.to_string()))
    }
}

/// A keyspace as it is.
struct Keyspace {
    replication: Replication,
    is_durable: bool,
    expiries: BTreeMap<String, i32>,
    columns: BTreeMap<String, Vec<Column>>,
}

/// Tablets are switched off where there are any: Cassandra does not know the word.
fn create_keyspace(name: &str, replication: &Replication, has_tablets: bool) -> String {
    let tablets = if has_tablets { " AND tablets = {'enabled': false}" } else { "" };
    let replication = replication.cql();
    format!(
        "CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = {replication} AND durable_writes = true{tablets}"
    )
}

fn compare(keyspace: &str, replication: &Replication, found: Option<&Keyspace>) -> Vec<Difference> {
    let missing = |table: &Table| Difference::NoTable(table.name.clone());
    let Some(found) = found else {
        let none = Difference::NoKeyspace(keyspace.to_owned());
        return std::iter::once(none).chain(tables().iter().map(missing)).collect();
    };
    let mut differences = Vec::new();
    if found.replication != *replication {
        let (found, wanted) = (found.replication.clone(), replication.clone());
        differences.push(Difference::Replication { found, wanted });
    }
    if !found.is_durable {
        differences.push(Difference::NotDurable);
    }
    for table in tables() {
        match found.columns.get(&table.name) {
            None => differences.push(missing(table)),
            Some(columns) => compare_columns(table, columns, &mut differences),
        }
        let seconds = found.expiries.get(&table.name).copied().unwrap_or(0);
        if seconds != 0 {
            differences.push(Difference::Expires { table: table.name.clone(), seconds });
        }
    }
    differences
}

fn compare_columns(table: &Table, found: &[Column], differences: &mut Vec<Difference>) {
    let name = || table.name.clone();
    for wanted in &table.columns {
        let column = wanted.name.clone();
        match found.iter().find(|found| found.name == wanted.name) {
            None if wanted.kind == Kind::Regular => {
                differences.push(Difference::NoColumn { table: name(), column, kind: wanted.typ.clone() });
            }
            None => {
                let (found, wanted) = ("missing".to_owned(), wanted.to_string());
                differences.push(Difference::OtherColumn { table: name(), column, found, wanted });
            }
            Some(found) if found != wanted => {
                let (found, wanted) = (found.to_string(), wanted.to_string());
                differences.push(Difference::OtherColumn { table: name(), column, found, wanted });
            }
            Some(_) => {}
        }
    }
    let known = |column: &Column| table.columns.iter().any(|wanted| wanted.name == column.name);
    let unknown = found.iter().filter(|column| !known(column)).map(|column| column.name.clone());
    differences.extend(unknown.map(|column| Difference::UnknownColumn { table: name(), column }));
}

#[cfg(test)]
mod tests;
