//! `mirror schema` on a real server, by the binary.

use crate::stage::Stage;
use mirror::scylla::schema::{Schema, SchemaError};
use mirror::scylla::{Failure, Settings, Store};
use std::process::Command;

/// Exit code and what was said, on both streams.
fn mirror(url: &str, words: &[&str]) -> (i32, String) {
    let place = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mirror"));
    command.arg("schema").args(words).arg("--data-dir").arg(place.path()).current_dir(place.path());
    let output = command.args(["--views", url, "--replication", "SimpleStrategy:1"]).output().expect("run");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().expect("a code"), String::from_utf8(said).expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_tables_and_columns_are_made_and_nothing_else_is_changed() {
    let Some(stage) = Stage::given("tables").await else { return };
    let (keyspace, session) = (stage.address.keyspace.clone(), stage.session().await);
    let url = format!("cql://{}/{keyspace}", stage.address.hosts[0]);
    let change = async |text: &str| {
        let text = text.replace("{}", &keyspace);
        session.query_unpaged(text.clone(), ()).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    };
    let check = |words: &[&str], code: i32, wanted: &[&str]| {
        let (found, said) = mirror(&url, words);
        assert_eq!(found, code, "{words:?}: {said}");
        assert!(wanted.iter().all(|wanted| said.contains(wanted)), "{words:?}: {said}, not {wanted:?}");
    };
    check(&["diff"], 0, &["is as it should be"]);
    check(&["apply"], 0, &["is as it should be"]);

    change("DROP TABLE {}.leases").await;
    change("ALTER TABLE {}.messages DROP decor").await;
    check(&["diff"], 1, &["column messages.decor (blob) is missing", "table leases is missing"]);
    let refused = Store::connect(&stage.address, Settings::default()).await.map(drop).expect_err("no table");
    assert!(matches!(&refused, Failure::Stopped(words) if words.contains("mirror schema diff")), "{refused}");
    check(&["apply"], 0, &["made: column messages.decor", "made: table leases"]);
    check(&["diff"], 0, &[]);
    Store::connect(&stage.address, Settings::default()).await.map(drop).expect("all tables");

    change("DROP TABLE {}.leases").await;
    change("ALTER TABLE {}.settings WITH default_time_to_live = 60").await;
    change("ALTER TABLE {}.lanes ADD mood text").await;
    change("DROP TABLE {}.control").await;
    change("CREATE TABLE {}.control (mirror uuid PRIMARY KEY, active int, building bigint, previous bigint, mark uuid)")
        .await;
    let by_hand = [
        "to be changed by hand: rows of table settings expire after 60 s",
        "to be changed by hand: column lanes.mood is unknown",
        "to be changed by hand: column control.active is int, it should be bigint",
    ];
    check(&["apply"], 1, &by_hand);
    check(&["diff", "--json"], 1, &["table leases is missing", "differs"]);
    let schema =
        Schema::connect(&stage.address, "SimpleStrategy:2".parse().expect("two")).await.expect("connected");
    let Err(SchemaError::Refused(differences)) = schema.apply().await else { panic!("it is refused") };
    assert!(
        differences[0].to_string().contains("replicated as SimpleStrategy:1, configured is SimpleStrategy:2")
    );
    stage.end().await;
}

#[test]
fn a_wrong_word_is_exit_code_two_and_never_a_password() {
    for url in ["cql://me:hunter2@", "http://me:hunter2@h", "cql://me:hunter2@h/Bad?x"] {
        let (code, said) = mirror(url, &["diff"]);
        assert!(code == 2 && !said.contains("hunter2"), "{code}: {said}");
    }
    let (code, said) = mirror("cql://me:hunter2@127.0.0.1:1/ks", &["diff"]);
    assert!(code == 1 && !said.contains("hunter2"), "{code}: {said}");
}
