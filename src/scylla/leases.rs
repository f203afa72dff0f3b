//! Leases on CQL: a partition each, so that renewals do not contend.

use super::Failure;
use super::conditional::{self, Conditional, Stored};
use super::link::{Link, PAGE_ROWS_MAX};
use super::statements::Statement;
use super::value::Value;
use async_trait::async_trait;
use projections::lanes::{LanesError, Saved};
use projections::leases::{LeaseName, LeaseRow, Leases};
use scylla::response::PagingState;
use std::sync::Arc;
use uuid::Uuid;

/// The lease store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CqlLeases {
    link: Arc<Link>,
}

impl CqlLeases {
    pub(super) const fn new(link: Arc<Link>) -> Self {
        Self { link }
    }
}

#[async_trait]
impl Leases for CqlLeases {
    /// At QUORUM, since a serial read is of one partition. It sees every write whose writer was told of it, and it
    /// decides nothing: a lease is taken on the condition that its row is still as it was seen.
    async fn all(&self) -> Result<Vec<(LeaseName, LeaseRow)>, LanesError> {
        let (mut rows, mut from) = (Vec::new(), Some(PagingState::start()));
        while let Some(at) = from {
            let page = self.link.page(Statement::AllLeases, &[], at, PAGE_ROWS_MAX).await?;
            from = page.read(|mut columns| {
                rows.push((columns.next::<String>()?, columns.blob()?));
                Ok(())
            })?;
        }
        let decode = |(name, row): (String, _)| {
            // A kind of lease that a newer node has: none of ours.
            let known = name.parse().ok()?;
            let stored = Stored { rev: 0, epoch: 0, mark: Uuid::nil(), row };
            Some(stored.decode(&name).map(|row| (known, row)))
        };
        let mut leases = rows.into_iter().filter_map(decode).collect::<Result<Vec<_>, Failure>>()?;
        leases.sort_by_key(|(name, _)| *name);
        Ok(leases)
    }

    async fn load(&self, name: LeaseName) -> Result<Option<LeaseRow>, LanesError> {
        let text = name.to_string();
        let page = self.link.call(Statement::LoadLease, &[Value::Text(text.clone())]).await?;
        let stored = conditional::stored(page)?;
        Ok(stored.map(|stored| stored.decode(&text)).transpose()?)
    }

    async fn save(&self, name: LeaseName, row: LeaseRow) -> Saved {
        let (Ok(rev), Ok(epoch)) = (i64::try_from(row.rev), i64::try_from(row.epoch)) else {
            return Saved::Unknown;
        };
        let Ok(encoded) = rmp_serde::to_vec(&row) else { return Saved::Unknown };
        let ours = Stored { rev, epoch, mark: Uuid::new_v4(), row: encoded.into() };
        let key = [Value::Text(name.to_string())];
        let values = [ours.values().as_slice(), &key].concat();
        let write = match rev {
            // No row has the revision before.
            0 => return Saved::Fenced,
            1 => (Statement::NewLease, values),
            _ => (Statement::SaveLease, [values, vec![Value::Big(rev - 1)]].concat()),
        };
        let conditional = Conditional { write, load: (Statement::LoadLease, &key) };
        conditional::save(&self.link, &conditional, |page| {
            Ok(conditional::found(conditional::stored(page)?.as_ref(), &ours, false))
        })
        .await
    }
}
