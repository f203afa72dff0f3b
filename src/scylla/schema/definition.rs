//! `schema.cql`, read by simple rules: comments behind `--`, statements that end with `;`, each
//! `CREATE TABLE name ( column type, ..., PRIMARY KEY ((a, b), c) )`.

use std::fmt;
use std::sync::LazyLock;

/// The text.
pub const SCHEMA: &str = include_str!("../../../schema.cql");

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, as they are written.
    pub columns: Vec<Column>,
    /// What stands between its parentheses.
    body: String,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub typ: String,
    /// Its place.
    pub kind: Kind,
}

/// A column's place: in the key, or beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of the partition key, from 0.
    Partition(usize),
    /// Of the order within a partition, from 0.
    Clustering(usize),
    /// A cell.
    Regular,
    /// What we have none of.
    Other(String),
}

impl Kind {
    /// As `system_schema.columns` has it.
    pub(super) fn stored(kind: &str, position: i32) -> Self {
        match (kind, usize::try_from(position)) {
            ("partition_key", Ok(at)) => Self::Partition(at),
            ("clustering", Ok(at)) => Self::Clustering(at),
            ("regular", _) => Self::Regular,
            _ => Self::Other(kind.to_owned()),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Partition(at) => write!(f, "{} at {at} of the partition key", self.typ),
            Kind::Clustering(at) => write!(f, "{} at {at} of the clustering key", self.typ),
            Kind::Regular => f.write_str(&self.typ),
            Kind::Other(kind) => write!(f, "{} ({kind})", self.typ),
        }
    }
}

impl Table {
    /// The statement that makes it.
    pub(super) fn create(&self, keyspace: &str) -> String {
        format!("CREATE TABLE IF NOT EXISTS {keyspace}.{} ({})", self.name, self.body)
    }
}

/// All tables, in the order of the text.
#[must_use]
pub fn tables() -> &'static [Table] {
    static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| parse(SCHEMA));
    &TABLES
}

fn parse(text: &str) -> Vec<Table> {
    let code: Vec<_> = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    code.join(" ").split(';').filter_map(table).collect()
}

fn table(statement: &str) -> Option<Table> {
    let rest = statement.trim().strip_prefix("CREATE TABLE ")?;
    let (name, rest) = rest.split_once('(')?;
    let body = rest.rsplit_once(')')?.0.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = outer(&body);
    let key = parts.iter().find_map(|part| part.strip_prefix("PRIMARY KEY"))?;
    let (partition, clustering) = key_columns(key);
    let kind = |name: &str| {
        let within = |key: &[String]| key.iter().position(|column| column == name);
        let clustering = || within(&clustering).map(Kind::Clustering);
        within(&partition).map(Kind::Partition).or_else(clustering).unwrap_or(Kind::Regular)
    };
    let column = |part: &String| {
        let (name, typ) = part.split_once(' ')?;
        (name != "PRIMARY").then(|| Column { name: name.to_owned(), typ: typ.to_owned(), kind: kind(name) })
    };
    let columns = parts.iter().filter_map(column).collect();
    Some(Table { name: name.trim().to_owned(), columns, body })
}

/// The columns of `((a, b), c, d)`.
fn key_columns(key: &str) -> (Vec<String>, Vec<String>) {
    let within = key.trim().trim_start_matches('(');
    let (partition, clustering) = within.split_once(')').unwrap_or((within, ""));
    let names = |text: &str| {
        let plain = text.replace([')', '('], "");
        let names = plain.split(',').map(|name| name.trim().to_owned());
        names.filter(|name| !name.is_empty()).collect()
    };
    (names(partition), names(clustering))
}

/// The parts between commas that stand in no parentheses.
fn outer(body: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0_i32, vec![String::new()]);
    for c in body.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}
