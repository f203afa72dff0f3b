//! The tables of both files, and how a file is opened: made, recognised, or refused.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// How long a writer waits for a person's `sqlite3` that holds the file's write lock.
const BUSY_TIME_MAX: Duration = Duration::from_secs(5);
/// Prepared statements kept by a writer: all that it uses.
const STATEMENTS_MAX: usize = 128;

/// One file's schema.
#[derive(Debug)]
pub struct Schema {
    /// The file's name in the data directory.
    pub file: &'static str,
    /// Marks the file as ours (`PRAGMA application_id`).
    pub application: i32,
    /// Each change of the tables, the first of an empty file. `PRAGMA user_version` says how many were made.
    /// Added to, never changed: files of every age exist.
    pub steps: &'static [&'static str],
    /// Settings of the writing connection, before the tables are made.
    pub writer: &'static str,
}

impl Schema {
    /// The newest that this program knows.
    fn version(&self) -> usize {
        self.steps.len()
    }
}

/// Settings of a reading connection. Reads go through the page cache of the kernel: no second copy in a
/// private cache.
pub const READER: &str = "PRAGMA query_only = 1; PRAGMA mmap_size = 1073741824; PRAGMA cache_size = -4096;
    PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;";

/// `log.db`.
pub const LOG: Schema = Schema {
    file: "log.db",
    application: 0x6d69_724c,
    writer: "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864;
        PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;",
    steps: &["
    -- A row holds the events of one commit, mirror by mirror (see src/sqlite/chunk.rs).
    CREATE TABLE commits (
        id      INTEGER PRIMARY KEY,  -- partition << 47 | offset of the first event
        count   INTEGER NOT NULL,     -- events
        runs    BLOB NOT NULL,        -- where each mirror's events lie in bytes
        bytes   BLOB NOT NULL
    );
    -- Where the events of one mirror lie. Written for many commits at once (see src/sqlite/log/index.rs).
    CREATE TABLE mirror_runs (
        mirror BLOB NOT NULL, id INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
        PRIMARY KEY (mirror, id)
    ) WITHOUT ROWID;
    -- Rows up to this one are in mirror_runs.
    CREATE TABLE indexed (partition INTEGER PRIMARY KEY, upto INTEGER NOT NULL);
    -- Where the log begins, once something has been removed.
    CREATE TABLE floors (partition INTEGER PRIMARY KEY, floor INTEGER NOT NULL);
    -- The last running number that a node gave out.
    CREATE TABLE producers (
        partition INTEGER NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (partition, node)
    ) WITHOUT ROWID;
    CREATE TABLE lanes (
        mirror BLOB NOT NULL, link INTEGER NOT NULL, epoch INTEGER NOT NULL, row BLOB NOT NULL,
        PRIMARY KEY (mirror, link)
    ) WITHOUT ROWID;
    CREATE TABLE control (mirror BLOB PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE dead (
        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, why TEXT NOT NULL, place TEXT NOT NULL,
        payload BLOB NOT NULL
    );
    CREATE TABLE node (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE sessions (
        shard INTEGER PRIMARY KEY, session TEXT NOT NULL, seq INTEGER NOT NULL, resume_url TEXT NOT NULL
    );
    CREATE TABLE identifies (id INTEGER PRIMARY KEY, at INTEGER NOT NULL);
    CREATE INDEX identifies_by_time ON identifies (at);

    CREATE VIEW show_commits AS SELECT id >> 47 AS partition, id & 0x7fffffffffff AS offset, count,
        length(runs) / 24 AS mirrors, lower(hex(substr(runs, 1, 16))) AS first_mirror, length(bytes) AS bytes
        FROM commits;
    CREATE VIEW show_lanes AS SELECT lower(hex(mirror)) AS mirror, link, epoch, length(row) AS bytes FROM lanes;
    CREATE VIEW show_dead AS SELECT id, datetime(at / 1000000, 'unixepoch') AS at, why, place,
        length(payload) AS bytes FROM dead;
    ", LEASES, SINCE_WHEN, UP_TO_WHERE],
};

/// Up to when a session was heard, and since when a gap fill is owed.
const SINCE_WHEN: &str = "
    ALTER TABLE sessions ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sessions ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
";

/// The last message of each channel before live frames began, while a gap fill is owed.
const UP_TO_WHERE: &str = "
    CREATE TABLE bounds (
        shard INTEGER NOT NULL, channel INTEGER NOT NULL, newest INTEGER NOT NULL, PRIMARY KEY (shard, channel)
    ) WITHOUT ROWID;
";

/// `outbox.db`: a log of its own.
pub const OUTBOX: Schema = Schema { file: "outbox.db", ..LOG };

/// `views.db`.
pub const VIEWS: Schema = Schema {
    file: "views.db",
    application: 0x6d69_7256,
    writer: "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
        PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864;
        PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY;",
    steps: &[
        "
    -- A register is a pair: its version (microseconds) and its bytes (MessagePack); both null: no cell.
    CREATE TABLE messages (
        mirror BLOB NOT NULL, generation INTEGER NOT NULL, bucket INTEGER NOT NULL,
        message INTEGER NOT NULL,
        created_v INTEGER, created BLOB, said_v INTEGER, said BLOB, decor_v INTEGER, decor BLOB,
        deleted_v INTEGER, deleted BLOB,
        PRIMARY KEY (mirror, generation, bucket, message)
    ) WITHOUT ROWID;
    CREATE TABLE copies (
        mirror BLOB NOT NULL, generation INTEGER NOT NULL, bucket INTEGER NOT NULL,
        source INTEGER NOT NULL, link INTEGER NOT NULL, part INTEGER NOT NULL, copy INTEGER NOT NULL,
        shown_v INTEGER, shown BLOB, gone_v INTEGER, gone BLOB, refused_v INTEGER, refused BLOB,
        PRIMARY KEY (mirror, generation, bucket, source, link, part, copy)
    ) WITHOUT ROWID;
    CREATE TABLE revisions (
        mirror BLOB NOT NULL, generation INTEGER NOT NULL, bucket INTEGER NOT NULL,
        message INTEGER NOT NULL, version INTEGER NOT NULL, event BLOB NOT NULL,
        value_v INTEGER, value BLOB,
        PRIMARY KEY (mirror, generation, bucket, message, version, event)
    ) WITHOUT ROWID;
    CREATE TABLE copy_index (
        mirror BLOB NOT NULL, generation INTEGER NOT NULL, bucket INTEGER NOT NULL,
        copy INTEGER NOT NULL,
        source_v INTEGER, source BLOB, gone_v INTEGER, gone BLOB,
        PRIMARY KEY (mirror, generation, bucket, copy)
    ) WITHOUT ROWID;
    -- bucket is 0
    CREATE TABLE settings (
        mirror BLOB NOT NULL, generation INTEGER NOT NULL, bucket INTEGER NOT NULL,
        kind INTEGER NOT NULL, key BLOB NOT NULL,
        value_v INTEGER, value BLOB, cut_v INTEGER, cut BLOB, restored_v INTEGER, restored BLOB,
        PRIMARY KEY (mirror, generation, bucket, kind, key)
    ) WITHOUT ROWID;
    -- A ring per follower; the greatest offset is the newest.
    CREATE TABLE positions (
        partition INTEGER NOT NULL, follower TEXT NOT NULL, offset INTEGER NOT NULL, event BLOB NOT NULL,
        PRIMARY KEY (partition, follower, offset)
    ) WITHOUT ROWID;

    CREATE VIEW show_messages AS SELECT lower(hex(mirror)) AS mirror, generation, message,
        datetime(((message >> 22) + 1420070400000) / 1000, 'unixepoch') AS made,
        created IS NOT NULL AS known, datetime(said_v / 1000000, 'unixepoch') AS edited,
        deleted IS NOT NULL AS deleted FROM messages;
    CREATE VIEW show_copies AS SELECT lower(hex(mirror)) AS mirror, generation, source, link, part, copy,
        shown_v, gone IS NOT NULL AS gone, refused IS NOT NULL AS refused FROM copies;
    CREATE VIEW show_settings AS SELECT lower(hex(mirror)) AS mirror, generation,
        CASE kind WHEN 1 THEN 'mirror' WHEN 2 THEN 'link' WHEN 3 THEN 'role' WHEN 4 THEN 'user'
            WHEN 5 THEN 'name' WHEN 6 THEN 'bucket' WHEN 7 THEN 'gap' END AS kind,
        hex(key) AS key, datetime(value_v / 1000000, 'unixepoch') AS set_at,
        cut_v IS NOT NULL AND cut_v > coalesce(value_v, 0) AS cut FROM settings;
    ",
        THREADS,
    ],
};

/// Threads, since events of format 2.
const THREADS: &str = "
    ALTER TABLE messages ADD COLUMN thread_v INTEGER;
    ALTER TABLE messages ADD COLUMN thread BLOB;
    ALTER TABLE copies ADD COLUMN thread_v INTEGER;
    ALTER TABLE copies ADD COLUMN thread BLOB;
    ";

/// The turns to IDENTIFY are leases too: see src/discord/gateway/gate.rs.
const LEASES: &str = "
    DROP TABLE identifies;
    -- name: cluster, node/N, partition/N, shard/N, identify/N. Nobody holds it: node and home are null.
    CREATE TABLE leases (
        name TEXT PRIMARY KEY, rev INTEGER NOT NULL, epoch INTEGER NOT NULL, node TEXT, home BLOB,
        note BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE VIEW show_leases AS SELECT name, node, epoch, rev, lower(hex(home)) AS home,
        length(note) AS bytes FROM leases;
    ";

/// Why a file was refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Made by a newer program.
    #[error("its tables have version {found}, this program knows up to {known}")]
    Newer {
        /// The file's.
        found: i32,
        /// Ours.
        known: i32,
    },
    /// Another program's SQLite file.
    #[error("it is a database of another program")]
    Foreign,
    /// SQLite refused it.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Opens `schema`'s file in `directory` for writing, and makes it where there is none.
///
/// # Errors
/// When the file is not ours, newer, damaged or cannot be written.
pub fn open_writer(directory: &Path, schema: &Schema) -> Result<Connection, FileError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(directory.join(schema.file), flags)?;
    connection.busy_timeout(BUSY_TIME_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    keep_plans(&connection)?;
    // Looked at before anything is written: a refused file stays as it is.
    let made = recognise(&connection, schema)?;
    connection.execute_batch(schema.writer)?;
    if made < schema.version() {
        bring_up(&mut connection, schema, made)?;
    }
    Ok(connection)
}

/// Looks at `schema`'s file in `directory`, which another process may be writing.
///
/// # Errors
/// When there is none, or it is not ours or newer.
pub fn open_reader(directory: &Path, schema: &Schema) -> Result<Connection, FileError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(directory.join(schema.file), flags)?;
    connection.execute_batch(READER)?;
    match recognise(&connection, schema)? {
        0 => Err(FileError::Foreign),
        _ => Ok(connection),
    }
}

/// Else SQLite compiles a kept statement again whenever other values are bound to it.
///
/// # Errors
/// When SQLite does not know the setting.
pub fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// How many of the steps were made; an error if the file is not ours.
fn recognise(connection: &Connection, schema: &Schema) -> Result<usize, FileError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match usize::try_from(version) {
        _ if objects == 0 => Ok(0),
        _ if application != schema.application => Err(FileError::Foreign),
        Ok(made) if made <= schema.version() => Ok(made),
        _ => Err(FileError::Newer { found: version, known: schema.version() as i32 }),
    }
}

/// Makes the steps after the first `made`, all or none.
fn bring_up(connection: &mut Connection, schema: &Schema, made: usize) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for step in schema.steps.iter().skip(made) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", schema.application)?;
    transaction.pragma_update(None, "user_version", schema.version() as i32)?;
    transaction.commit()
}

/// Begins a transaction that will write. It takes the write lock at once: a transaction that reads first and
/// then meets the lock, which a reader takes for a moment when it looks at a fresh WAL, fails without waiting.
///
/// # Errors
/// When the lock is not free within the busy time.
pub fn write_transaction(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
}
