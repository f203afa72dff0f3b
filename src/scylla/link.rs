//! The session, and calls that outlive it.
//!
//! A call that may be repeated is, with growing pauses, for [`Settings::patience`]. A session whose nodes were killed
//! recovers by itself, but only after up to 8 s; a new one connects in a moment. So whoever finds the session without
//! any connection makes a new one, one caller at a time, and the others use it.

use super::address::Address;
use super::retry::{self, Pace, Verdict};
use super::statements::{Class, Statement};
use super::value::{Columns, Value};
use super::{Failure, Settings, tls};
use futures_util::{StreamExt, TryStreamExt, stream};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::ColumnIterator;
use scylla::errors::{DeserializationError, ExecutionError};
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, SerialConsistency};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// A frozen node is noticed within twice this.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// Statements prepared at once while connecting.
const PREPARING_MAX: usize = 8;
/// Rows of one page: a MiB or so of ordinary rows.
pub(super) const PAGE_ROWS_MAX: usize = 1000;

/// One write of a batch.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) statement: Statement,
    pub(super) values: Vec<Value>,
}

/// One page of rows as the server sent it.
pub(super) struct Page {
    result: QueryResult,
    next: PagingStateResponse,
}

impl Page {
    /// Reads each row; says where the next page begins, if there is one.
    pub(super) fn read(
        self,
        mut each: impl FnMut(Columns<'_, '_>) -> Result<(), DeserializationError>,
    ) -> Result<Option<PagingState>, Failure> {
        let Self { result, next } = self;
        let damaged =
            |error: &dyn fmt::Display| Failure::Stopped(format!("an answer cannot be read: {error}"));
        let rows = result.into_rows_result().map_err(|error| damaged(&error))?;
        for row in rows.rows::<ColumnIterator<'_, '_>>().map_err(|error| damaged(&error))? {
            let read = row.and_then(|row| each(Columns::new(row)));
            read.map_err(|error| damaged(&error))?;
        }
        Ok(match next {
            PagingStateResponse::HasMorePages { state } => Some(state),
            PagingStateResponse::NoMorePages => None,
        })
    }
}

/// A session with its statements.
struct Connected {
    session: Session,
    prepared: HashMap<Statement, PreparedStatement>,
}

/// The way to the cluster.
pub(super) struct Link {
    address: Address,
    settings: Settings,
    current: RwLock<Arc<Connected>>,
    /// Held by whoever makes a new session.
    renewing: tokio::sync::Mutex<()>,
}

impl Link {
    pub(super) async fn connect(address: Address, settings: Settings) -> Result<Self, Failure> {
        let connected = connect(&address, &settings).await?;
        let current = RwLock::new(Arc::new(connected));
        Ok(Self { address, settings, current, renewing: tokio::sync::Mutex::new(()) })
    }

    /// How long a call is repeated.
    pub(super) fn pace(&self) -> Pace {
        Pace::new(self.settings.patience)
    }

    /// One page of a statement that may be repeated.
    pub(super) async fn page(
        &self,
        statement: Statement,
        values: &[Value],
        from: PagingState,
        rows: usize,
    ) -> Result<Page, Failure> {
        let size = i32::try_from(rows.clamp(1, PAGE_ROWS_MAX)).unwrap_or(i32::MAX);
        self.persist(|connected| {
            let from = from.clone();
            async move { connected.page(statement, values, from, size).await }
        })
        .await
    }

    /// A statement with few rows or none, that may be repeated.
    pub(super) async fn call(&self, statement: Statement, values: &[Value]) -> Result<Page, Failure> {
        self.page(statement, values, PagingState::start(), PAGE_ROWS_MAX).await
    }

    /// Writes of one partition that may be repeated.
    pub(super) async fn write(&self, writes: &[Write]) -> Result<(), Failure> {
        match writes {
            [] => Ok(()),
            [one] => self.call(one.statement, &one.values).await.map(drop),
            _ => self.persist(|connected| async move { connected.batch(writes).await }).await,
        }
    }

    /// One attempt at a conditional write: whether its condition held.
    pub(super) async fn attempt(
        &self,
        statement: Statement,
        values: &[Value],
    ) -> Result<bool, ExecutionError> {
        let connected = self.current();
        let done = connected.page(statement, values, PagingState::start(), 1).await;
        if let Err(error) = &done
            && retry::verdict(error) == Verdict::Reconnect
        {
            self.renew(&connected).await;
        }
        let mut applied = false;
        // Only the first column is always there.
        let read = done?.read(|mut columns| columns.next().map(|first| applied = first));
        // An answer that cannot be read leaves it open, as a lost one does: the serial read finds out.
        Ok(read.is_ok() && applied)
    }

    /// Repeats `what` until it is done, is refused, or patience ends.
    async fn persist<T, F, W>(&self, what: W) -> Result<T, Failure>
    where
        W: Fn(Arc<Connected>) -> F,
        F: Future<Output = Result<T, ExecutionError>> + Send,
    {
        let mut pace = self.pace();
        loop {
            let connected = self.current();
            let error = match what(Arc::clone(&connected)).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match retry::verdict(&error) {
                Verdict::Stop => return Err(retry::failure(&error)),
                Verdict::Reconnect => self.renew(&connected).await,
                Verdict::Again => {}
            }
            if !pace.next().await {
                return Err(retry::failure(&error));
            }
            tracing::debug!(%error, "the CQL cluster did not answer, trying again");
        }
    }

    fn current(&self) -> Arc<Connected> {
        // A panic elsewhere cannot leave half an Arc.
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the session that was `seen` without connections, unless somebody does or did.
    async fn renew(&self, seen: &Arc<Connected>) {
        let Ok(_renewing) = self.renewing.try_lock() else { return };
        if !Arc::ptr_eq(seen, &self.current()) {
            return;
        }
        match connect(&self.address, &self.settings).await {
            Ok(connected) => {
                tracing::info!(cluster = %self.address, "connected to the CQL cluster again");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(connected);
            }
            Err(Failure::Retry(error)) => tracing::debug!(%error, "the CQL cluster cannot be reached"),
            Err(Failure::Stopped(error)) => tracing::warn!(%error, "the CQL cluster refuses us"),
        }
    }
}

impl Connected {
    async fn page(
        &self,
        statement: Statement,
        values: &[Value],
        from: PagingState,
        size: i32,
    ) -> Result<Page, ExecutionError> {
        let mut prepared = self.prepared[&statement].clone();
        prepared.set_page_size(size);
        let (result, next) = self.session.execute_single_page(&prepared, values, from).await?;
        Ok(Page { result, next })
    }

    /// Unlogged: a partition's part of a batch is one mutation anyway, and a log of it would only cost.
    async fn batch(&self, writes: &[Write]) -> Result<(), ExecutionError> {
        let mut batch = Batch::new(BatchType::Unlogged);
        batch.set_is_idempotent(true);
        let mut values = Vec::with_capacity(writes.len());
        for write in writes {
            let prepared = &self.prepared[&write.statement];
            if let Some(consistency) = prepared.get_consistency() {
                batch.set_consistency(consistency);
            }
            batch.append_statement(prepared.clone());
            values.push(write.values.as_slice());
        }
        self.session.batch(&batch, values).await.map(drop)
    }
}

async fn connect(address: &Address, settings: &Settings) -> Result<Connected, Failure> {
    let session = session(address, settings).await?;
    let all: Vec<_> = Statement::all();
    let prepare = |statement| prepare(&session, address, statement);
    let prepared = stream::iter(all).map(prepare).buffer_unordered(PREPARING_MAX).try_collect().await?;
    Ok(Connected { session, prepared })
}

/// A session without statements.
pub(super) async fn session(address: &Address, settings: &Settings) -> Result<Session, Failure> {
    let mut policy = DefaultPolicy::builder().token_aware(true);
    if let Some(dc) = &address.dc {
        // Nodes elsewhere are asked where none of ours lives: QUORUM counts them anyway.
        policy = policy.prefer_datacenter(dc.clone()).permit_dc_failover(true);
    }
    let profile = ExecutionProfile::builder()
        .request_timeout(Some(settings.request_time_max))
        .load_balancing_policy(policy.build())
        .serial_consistency(Some(SerialConsistency::Serial))
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&address.hosts)
        .default_execution_profile_handle(profile.into_handle())
        .connection_timeout(settings.connect_time_max)
        .keepalive_interval(KEEPALIVE)
        .keepalive_timeout(KEEPALIVE)
        .keyspaces_to_fetch([address.keyspace.as_str()])
        .fetch_full_schema_metadata(false)
        .driver_config_reporting(false);
    if let Some((user, password)) = &address.user {
        builder = builder.user(user, password.expose_secret());
    }
    if let Some(tls) = &address.tls {
        builder = builder.tls_context(Some(tls::config(tls).map_err(Failure::Stopped)?));
    }
    builder.build().await.map_err(|error| retry::no_session(&error))
}

async fn prepare(
    session: &Session,
    address: &Address,
    statement: Statement,
) -> Result<(Statement, PreparedStatement), Failure> {
    let prepared = session.prepare(statement.text(&address.keyspace)).await;
    let mut prepared = prepared.map_err(|error| match retry::prepared(&error) {
        Verdict::Stop => Failure::Stopped(format!("{error}; `mirror schema diff` says what the tables lack")),
        Verdict::Again | Verdict::Reconnect => Failure::Retry(error.to_string()),
    })?;
    match statement.class() {
        Class::Repeatable | Class::Read => {
            prepared.set_consistency(address.consistency);
            prepared.set_is_idempotent(true);
        }
        Class::QuorumRead => {
            // As the commit of a conditional write: any quorum of one meets any of the other.
            prepared.set_consistency(Consistency::Quorum);
            prepared.set_is_idempotent(true);
        }
        Class::SerialRead => {
            prepared.set_consistency(Consistency::Serial);
            prepared.set_is_idempotent(true);
        }
        Class::Conditional => {
            // SERIAL, not LOCAL_SERIAL: two data centres that each decide alone would give two owners. And QUORUM of
            // all for the commit, so that a plain QUORUM read sees what was decided.
            prepared.set_serial_consistency(Some(SerialConsistency::Serial));
            prepared.set_consistency(Consistency::Quorum);
            prepared.set_is_idempotent(false);
            prepared.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
        }
    }
    Ok((statement, prepared))
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("address", &self.address).finish_non_exhaustive()
    }
}
