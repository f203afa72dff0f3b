//! Reading views: rows back from the tables.

use super::CqlViews;
use crate::scylla::Failure;
use crate::scylla::link::PAGE_ROWS_MAX;
use crate::scylla::statements::Statement;
use crate::scylla::tables::{self, SETTINGS, TABLES};
use crate::scylla::value::{Columns, Value};
use events::Version;
use futures_util::{StreamExt, TryStreamExt, stream};
use projections::views::Scan;
use projections::{Key, Kind, Prefix, Register, Row, RowKey};
use scylla::errors::DeserializationError;
use scylla::response::PagingState;
use std::cmp::Ordering;

/// Rows read one by one at once.
const READS_MAX: usize = 64;

impl CqlViews {
    /// The rows of these keys, in their order.
    pub(super) async fn rows(&self, keys: &[Key]) -> Result<Vec<Row>, Failure> {
        let row = |key: Key| async move { self.row(&key).await };
        stream::iter(keys.to_vec()).map(row).buffered(READS_MAX).try_collect().await
    }

    async fn row(&self, key: &Key) -> Result<Row, Failure> {
        let closed = |_| Failure::Stopped("the store is closed".to_owned());
        let _request = self.bounds.requests.acquire().await.map_err(closed)?;
        let table = tables::number(&key.row);
        let values = [&tables::partition(key)[..], &tables::row(&key.row)].concat();
        let page = self.link.call(Statement::Get { table }, &values).await?;
        let mut found = Row::default();
        page.read(|mut columns| cells(table, &mut columns).map(|row| found = row))?;
        Ok(found)
    }

    /// The rows of a scan, page by page.
    pub(super) async fn pages(&self, scan: &Scan) -> Result<Vec<(Key, Row)>, Failure> {
        let Some((statement, bounds)) = plan(scan) else { return Ok(Vec::new()) };
        let &Scan { mirror, generation, bucket, prefix, limit, .. } = scan;
        let key = |row| Key { mirror, generation, bucket, row };
        // Any row of the partition gives its values.
        let place = tables::partition(&key(RowKey::Message(events::MessageId(0))));
        let values = [&place[..], &bounds].concat();
        let (number, mut rows) = (tables::number_scanned(&prefix), Vec::new());
        let mut from = Some(PagingState::start());
        while let Some(at) = from
            && rows.len() < limit
        {
            let page =
                self.link.page(statement, &values, at, (limit - rows.len()).min(PAGE_ROWS_MAX)).await?;
            from = page.read(|mut columns| {
                let row = tables::read_row(number, &mut columns)?;
                let cells = cells(number, &mut columns)?;
                // What no version of ours writes is none of our rows.
                rows.extend(row.map(|row| (key(row), cells)));
                Ok(())
            })?;
        }
        rows.truncate(limit);
        Ok(rows)
    }
}

/// The cells of a row, as every statement that reads views selects them.
fn cells(table: usize, columns: &mut Columns<'_, '_>) -> Result<Row, DeserializationError> {
    let mut cells = Vec::with_capacity(TABLES[table].cells.len());
    for (column, _) in TABLES[table].cells {
        let (version, bytes) = (columns.next::<Option<i64>>()?, columns.next::<Option<&[u8]>>()?);
        if let (Some(version), Some(bytes)) = (version, bytes) {
            let bytes = bytes::Bytes::copy_from_slice(bytes);
            cells.push((*column, Register { version: Version(version), bytes }));
        }
    }
    Ok(Row { cells })
}

/// The statement of a scan and what it binds behind the partition. `None`: no row can lie there.
fn plan(scan: &Scan) -> Option<(Statement, Vec<Value>)> {
    let table = tables::number_scanned(&scan.prefix);
    let after = match &scan.after {
        // Rows of a later table lie behind all of this one.
        Some(after) => match tables::number(after).cmp(&table) {
            Ordering::Greater => return None,
            Ordering::Equal => Some(after),
            Ordering::Less => None,
        },
        None => None,
    };
    if table == SETTINGS {
        return plan_settings(&scan.prefix, after);
    }
    let fixed = fixed(&scan.prefix);
    let leads = fixed.len();
    let Some(after) = after else {
        return Some((Statement::Scan { table, leads, after: false }, ids(&fixed)));
    };
    match leading(after, leads).cmp(&fixed) {
        Ordering::Less => Some((Statement::Scan { table, leads, after: false }, ids(&fixed))),
        Ordering::Equal => {
            let values = [tables::row(after), ids(&fixed)].concat();
            Some((Statement::Scan { table, leads, after: true }, values))
        }
        Ordering::Greater => None,
    }
}

/// The leading ids that a prefix fixes.
fn fixed(prefix: &Prefix) -> Vec<u64> {
    match prefix {
        Prefix::CopiesOf(source) | Prefix::RevisionsOf(source) => vec![source.0],
        Prefix::CopiesIn(source, link) => vec![source.0, link.0],
        Prefix::Messages | Prefix::Copies | Prefix::Revisions | Prefix::CopyIndex => Vec::new(),
        Prefix::Settings(_) | Prefix::SettingsOfName(_) | Prefix::RolesOf(_) => Vec::new(),
    }
}

/// The first ids of a row's key.
fn leading(row: &RowKey, leads: usize) -> Vec<u64> {
    let all = match row {
        RowKey::Message(id) | RowKey::CopyIndex(id) => vec![id.0],
        RowKey::Copy { source, link, .. } => vec![source.0, link.0],
        RowKey::Revision { message, .. } => vec![message.0],
        RowKey::Setting { .. } => Vec::new(),
    };
    all.into_iter().take(leads).collect()
}

fn ids(ids: &[u64]) -> Vec<Value> {
    ids.iter().map(|id| Value::id(*id)).collect()
}

/// Settings are scanned from one key to another of the same kind.
fn plan_settings(prefix: &Prefix, after: Option<&RowKey>) -> Option<(Statement, Vec<Value>)> {
    let (kind, beginning) = match prefix {
        Prefix::SettingsOfName(hash) => (Kind::Name, Some(*hash)),
        Prefix::RolesOf(user) => (Kind::Role, Some(user.0)),
        Prefix::Settings(kind) => (*kind, None),
        Prefix::Messages | Prefix::Copies | Prefix::CopiesOf(_) | Prefix::CopiesIn(..) => return None,
        Prefix::Revisions | Prefix::RevisionsOf(_) | Prefix::CopyIndex => return None,
    };
    let mut first = beginning.map_or_else(Vec::new, |number| number.to_be_bytes().to_vec());
    // Where there is no next number the kind ends it.
    let until = beginning.and_then(|number| number.checked_add(1)).map(u64::to_be_bytes);
    if let Some(RowKey::Setting { kind: at, key }) = after {
        match at.cmp(&kind) {
            Ordering::Greater => return None,
            // The next greater key is the same with a zero behind it.
            Ordering::Equal => first = first.max([key.as_slice(), &[0]].concat()),
            Ordering::Less => {}
        }
    }
    if until.is_some_and(|until| first.as_slice() >= until.as_slice()) {
        return None;
    }
    let mut values = tables::setting(kind, &first);
    values.extend(until.map(|until| Value::Blob(bytes::Bytes::copy_from_slice(&until))));
    Some((Statement::ScanKeys { until: until.is_some() }, values))
}
