//! What the server does with timestamps and conditions: the reasons why the store writes as it does. If one of these
//! ever changes, it is here that it is seen.

use crate::stage::Stage;
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::response::query_result::QueryRowsResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::unprepared::Statement;
use scylla::statement::{Consistency, SerialConsistency};
use scylla::value::{CqlValue, Row, Unset};

/// A session and a table `t (k int, c int, a blob, b blob)`, with others beside it.
struct Server {
    stage: Stage,
    session: Session,
}

impl Server {
    async fn given() -> Option<Self> {
        let stage = Stage::given("traps").await?;
        let session = stage.session().await;
        let server = Self { stage, session };
        server
            .run("CREATE TABLE {}.t (k int, c int, a blob, b blob, PRIMARY KEY ((k), c))", ())
            .await
            .expect("made");
        Some(server)
    }

    fn text(&self, text: &str) -> String {
        text.replace("{}", &self.stage.address.keyspace)
    }

    async fn run(&self, text: &str, values: impl SerializeRow) -> Result<Vec<Row>, ExecutionError> {
        let result = self.session.query_unpaged(self.text(text), values).await?;
        Ok(result.into_rows_result().map(|rows| all(&rows)).unwrap_or_default())
    }

    async fn do_all(&self, texts: &[&str]) {
        for text in texts {
            self.run(text, ()).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }

    /// Cells a and b of a row.
    async fn cells(&self, key: i32) -> Vec<[Option<u8>; 2]> {
        let rows = self.run("SELECT a, b FROM {}.t WHERE k = ?", (key,)).await.expect("rows");
        let byte = |cell: &Option<CqlValue>| cell.as_ref().and_then(CqlValue::as_blob).map(|blob| blob[0]);
        rows.iter().map(|row| [byte(&row.columns[0]), byte(&row.columns[1])]).collect()
    }

    async fn refuses(&self, text: &str, values: impl SerializeRow, words: &str) {
        let error = self.run(text, values).await.expect_err(text).to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
}

fn all(rows: &QueryRowsResult) -> Vec<Row> {
    rows.rows::<Row>().expect("rows").map(|row| row.expect("a row")).collect()
}

/// What it shows, its statements, and the cells afterwards.
type Story = (&'static str, &'static [&'static str], &'static [[Option<u8>; 2]]);

/// Statements of one story over row (K, 1), each with a key of its own, and what cells a and b are then. `I...` is an insert.
#[tokio::test(flavor = "multi_thread")]
async fn cells_end_as_told() {
    const INSERT: &str = "INSERT INTO {}.t (k, c, a) VALUES (K, 1, ";
    let Some(server) = Server::given().await else { return };
    let stories: &[Story] = &[
        (
            "an older write loses",
            &["I0x09) USING TIMESTAMP 9", "I0x08) USING TIMESTAMP 8"],
            &[[Some(9), None]],
        ),
        (
            "zero and negative versions count",
            &["I0x02) USING TIMESTAMP 0", "I0x09) USING TIMESTAMP -5"],
            &[[Some(2), None]],
        ),
        (
            "at a tie the greater bytes win",
            &["I0x05) USING TIMESTAMP 7", "I0x06) USING TIMESTAMP 7", "I0x05) USING TIMESTAMP 7"],
            &[[Some(6), None]],
        ),
        (
            "at a tie each cell wins apart: two writers leave a mixture",
            &[
                "UPDATE {}.t USING TIMESTAMP 7 SET a = 0x01, b = 0x09 WHERE k = K AND c = 1",
                "UPDATE {}.t USING TIMESTAMP 7 SET a = 0x02, b = 0x08 WHERE k = K AND c = 1",
            ],
            &[[Some(2), Some(9)]],
        ),
        (
            "a null beats any value at a tie",
            &["I0xff) USING TIMESTAMP 7", "Inull) USING TIMESTAMP 7"],
            &[[None, None]],
        ),
        (
            "a null beats any value at a tie, in either order",
            &["Inull) USING TIMESTAMP 7", "I0xff) USING TIMESTAMP 7"],
            &[[None, None]],
        ),
        (
            "a delete hides later writes of versions up to its own",
            &["DELETE FROM {}.t USING TIMESTAMP 7 WHERE k = K AND c = 1", "I0x01) USING TIMESTAMP 7"],
            &[],
        ),
        (
            "a delete without a timestamp takes the clock and hides what is replayed",
            &["DELETE FROM {}.t WHERE k = K AND c = 1", "I0x01) USING TIMESTAMP 7"],
            &[],
        ),
        (
            "a row made by an update alone is gone with its last cell",
            &[
                "UPDATE {}.t USING TIMESTAMP 7 SET a = 0x01 WHERE k = K AND c = 1",
                "UPDATE {}.t USING TIMESTAMP 8 SET a = null WHERE k = K AND c = 1",
            ],
            &[],
        ),
        (
            "a conditional write below a greater timestamp changes nothing, though it says that it was applied",
            &[
                "UPDATE {}.t USING TIMESTAMP 9000000000000000 SET a = 0x01 WHERE k = K AND c = 1",
                "UPDATE {}.t SET a = 0x02 WHERE k = K AND c = 1 IF a = 0x01",
            ],
            &[[Some(1), None]],
        ),
    ];
    for (key, (what, statements, wanted)) in (1..).zip(stories) {
        for statement in *statements {
            let text = statement.strip_prefix('I').filter(|rest| !rest.starts_with("NS"));
            let text = text.map_or_else(|| (*statement).to_owned(), |rest| format!("{INSERT}{rest}"));
            let text = text.replace('K', &key.to_string()).replace(&format!("{key}EY"), "KEY");
            let rows = server.run(&text, ()).await.unwrap_or_else(|error| panic!("{what}: {text}: {error}"));
            let applied = rows.first().and_then(|row| row.columns[0].as_ref()?.as_boolean());
            assert_ne!(applied, Some(false), "{what}: {text}");
        }
        assert_eq!(server.cells(key).await, *wanted, "{what}");
    }
    server.stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timestamps_are_never_null_unset_or_the_least() {
    let Some(server) = Server::given().await else { return };
    let update = "UPDATE {}.t USING TIMESTAMP ? SET a = 0x01 WHERE k = 1 AND c = 1";
    server.refuses(update, (None::<i64>,), "Invalid null value").await;
    server.refuses(update, (i64::MIN,), "Out of bound timestamp").await;
    server.run(update, (i64::MIN + 1,)).await.expect("the least there is");
    // Unset is taken silently, as the clock, and beats every small version for ever.
    server.run(update, (Unset,)).await.expect("taken");
    server
        .run("UPDATE {}.t USING TIMESTAMP 9 SET a = 0x02 WHERE k = 1 AND c = 1", ())
        .await
        .expect("written");
    assert_eq!(server.cells(1).await, [[Some(1), None]]);
    // One that is set on the statement is overruled by the text.
    let mut statement =
        Statement::new(server.text("UPDATE {}.t USING TIMESTAMP 5 SET a = 0x01 WHERE k = 2 AND c = 1"));
    statement.set_timestamp(Some(1_000));
    server.session.query_unpaged(statement, ()).await.expect("written");
    server
        .run("UPDATE {}.t USING TIMESTAMP 6 SET a = 0x02 WHERE k = 2 AND c = 1", ())
        .await
        .expect("written");
    assert_eq!(server.cells(2).await, [[Some(2), None]]);
    server.stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_goes_with_no_timestamp() {
    let Some(server) = Server::given().await else { return };
    let texts = [
        "UPDATE {}.t USING TIMESTAMP 5 SET a = 0x01 WHERE k = 1 AND c = 1 IF a = 0x00",
        "INSERT INTO {}.t (k, c) VALUES (1, 1) IF NOT EXISTS USING TIMESTAMP 5",
    ];
    for text in texts {
        server.refuses(text, (), "Cannot provide custom timestamp").await;
        let error = server.session.prepare(server.text(text)).await.expect_err(text).to_string();
        assert!(error.contains("Cannot provide custom timestamp"), "{error}");
    }
    // One statement with a timestamp of its own beside a condition is refused too.
    let mut batch = Batch::new(BatchType::Unlogged);
    for text in [
        "UPDATE {}.t SET a = 0x01 WHERE k = 1 AND c = 1 IF a = null",
        "UPDATE {}.t USING TIMESTAMP 5 SET b = 0x01 WHERE k = 1 AND c = 1",
    ] {
        batch.append_statement(server.text(text).as_str());
    }
    let outcome = server.session.batch(&batch, ((), ())).await;
    if let Err(error) = outcome {
        assert!(error.to_string().contains("custom timestamp"), "{error}");
    } else {
        // Or its timestamp is silently ignored: a later write of a greater version is then lost.
        server
            .run("UPDATE {}.t USING TIMESTAMP 6 SET b = 0x02 WHERE k = 1 AND c = 1", ())
            .await
            .expect("written");
        assert_eq!(server.cells(1).await, [[Some(1), Some(1)]]);
    }
    server.stage.end().await;
}

/// The columns of an answer depend on the outcome, so only the first is relied upon.
#[tokio::test(flavor = "multi_thread")]
async fn answers_of_conditions_vary() {
    let Some(server) = Server::given().await else { return };
    let insert = "INSERT INTO {}.t (k, c, a) VALUES (1, 1, 0x01) IF NOT EXISTS";
    for (text, applied, columns) in [
        (insert, true, 1),
        (insert, false, 5),
        ("UPDATE {}.t SET a = 0x02 WHERE k = 1 AND c = 1 IF a = 0x09", false, 2),
        ("UPDATE {}.t SET a = 0x02 WHERE k = 1 AND c = 1 IF a = 0x01", true, 1),
        ("UPDATE {}.t SET a = 0x02 WHERE k = 9 AND c = 1 IF a = 0x01", false, 1),
    ] {
        let rows = server.run(text, ()).await.expect(text);
        assert_eq!(rows[0].columns[0].as_ref().and_then(CqlValue::as_boolean), Some(applied), "{text}");
        assert_eq!(rows[0].columns.len(), columns, "{text}");
    }
    server.stage.end().await;
}

/// A serial read is of one partition (over a whole table the level is taken, and means nothing); a quorum read sees
/// what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn a_serial_read_is_of_one_partition() {
    let Some(server) = Server::given().await else { return };
    server.run("INSERT INTO {}.t (k, c, a) VALUES (1, 1, 0x01) IF NOT EXISTS", ()).await.expect("written");
    let read = async |text: &str, consistency| {
        let mut statement = Statement::new(server.text(text));
        statement.set_consistency(consistency);
        statement.set_serial_consistency(Some(SerialConsistency::Serial));
        let result = server.session.query_unpaged(statement, ()).await?;
        Ok::<_, ExecutionError>(result.into_rows_result().expect("rows").rows_num())
    };
    let error = read("SELECT a FROM {}.t WHERE k IN (1, 2)", Consistency::Serial)
        .await
        .expect_err("refused")
        .to_string();
    assert!(error.contains("one partition"), "{error}");
    assert_eq!(read("SELECT a FROM {}.t WHERE k = 1", Consistency::Serial).await.expect("read"), 1);
    assert_eq!(read("SELECT a FROM {}.t", Consistency::Quorum).await.expect("read"), 1);
    server.stage.end().await;
}

/// Why views have no collections, and why an event is a blob in a key.
#[tokio::test(flavor = "multi_thread")]
async fn collections_merge_and_uuids_are_not_bytes() {
    let Some(server) = Server::given().await else { return };
    server
        .do_all(&[
            "CREATE TABLE {}.l (k int PRIMARY KEY, l list<text>)",
            "UPDATE {}.l USING TIMESTAMP 5 SET l = ['a', 'b'] WHERE k = 1",
            "UPDATE {}.l USING TIMESTAMP 5 SET l = ['c'] WHERE k = 1",
            "UPDATE {}.l USING TIMESTAMP 5 SET l = ['c'] WHERE k = 1",
            "CREATE TABLE {}.u (k int, u uuid, PRIMARY KEY (k, u))",
            "INSERT INTO {}.u (k, u) VALUES (1, 00000000-0000-5000-8000-000000000000)",
            "INSERT INTO {}.u (k, u) VALUES (1, ff000000-0000-4000-8000-000000000000)",
        ])
        .await;
    let rows = server.run("SELECT l FROM {}.l WHERE k = 1", ()).await.expect("rows");
    let texts = rows[0].columns[0].as_ref().and_then(CqlValue::as_list).expect("a list");
    let texts: Vec<_> = texts.iter().filter_map(CqlValue::as_text).cloned().collect();
    assert_eq!(texts.concat(), "abcc");
    let rows = server.run("SELECT u FROM {}.u WHERE k = 1", ()).await.expect("rows");
    let first = rows[0].columns[0].as_ref().and_then(CqlValue::as_uuid).expect("a uuid");
    assert_eq!(first.as_bytes()[0], 0xff, "version 4 comes before version 5, whatever the bytes");
    server.stage.end().await;
}

/// The driver knows conditional statements on ScyllaDB alone, so ours say themselves what they are.
#[tokio::test(flavor = "multi_thread")]
async fn the_driver_does_not_know_conditions_on_cassandra() {
    let Some(server) = Server::given().await else { return };
    let version = server.run("SELECT release_version FROM system.local", ()).await.expect("rows");
    println!("server {version:?}");
    let text = server.text("UPDATE {}.t SET a = ? WHERE k = ? AND c = ? IF a = ?");
    let prepared = server.session.prepare(text).await.expect("prepared");
    let is_scylla = !server
        .run("SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system_schema' AND table_name = 'scylla_tables'", ())
        .await
        .expect("rows")
        .is_empty();
    assert_eq!(prepared.is_confirmed_lwt(), is_scylla);
    assert!(prepared.is_token_aware());
    server.stage.end().await;
}
