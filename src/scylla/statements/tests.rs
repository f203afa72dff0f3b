//! Reads every statement that the module can prepare.

use super::{Class, Statement};

fn words(statement: Statement) -> Vec<String> {
    let text = statement.text("ks").to_uppercase().replace(['(', ')', ','], " ");
    text.split_whitespace().map(ToOwned::to_owned).collect()
}

fn has(words: &[String], wanted: &[&str]) -> bool {
    words.windows(wanted.len()).any(|at| at == wanted)
}

/// Which kinds of tables a statement may write, and how.
#[test]
fn registers_have_timestamps_and_conditions_have_none() {
    for statement in Statement::all() {
        let words = words(statement);
        let writes = words[0] != "SELECT";
        let (timestamp, condition) = (has(&words, &["USING", "TIMESTAMP", "?"]), has(&words, &["IF"]));
        let view = ["MESSAGES", "COPIES", "REVISIONS", "COPY_INDEX", "SETTINGS"]
            .iter()
            .any(|table| words.iter().any(|word| *word == format!("KS.{table}")));
        let locked = ["LANES", "CONTROL", "LEASES"]
            .iter()
            .any(|table| words.iter().any(|word| *word == format!("KS.{table}")));
        assert!(!(timestamp && condition), "{statement:?}: a condition beside a timestamp");
        assert_eq!(
            writes && view,
            timestamp,
            "{statement:?}: a view is written with its version, nothing else"
        );
        assert_eq!(writes && locked, condition, "{statement:?}: coordination is by condition, nothing else");
        assert_eq!(statement.class() == Class::Conditional, condition, "{statement:?}");
        assert_eq!(writes, matches!(statement.class(), Class::Conditional | Class::Repeatable));
    }
}

/// What must not be used at all, with what ScyllaDB or Cassandra alone know.
#[test]
fn nothing_is_deleted_expires_counts_or_collects() {
    let banned =
        "DELETE TTL COUNTER TRUNCATE FILTERING BATCH TIMEOUT BYPASS CACHE NULL NOW USE + - [ {".split(' ');
    for statement in Statement::all() {
        let words = words(statement);
        for word in banned.clone() {
            assert!(!words.iter().any(|at| at == word), "{statement:?} holds {word}");
        }
    }
    let schema = crate::scylla::schema::SCHEMA;
    let code: String = schema.lines().filter(|line| !line.starts_with("--")).collect();
    for word in
        ["counter", "list<", "set<", "map<", "frozen", "default_time_to_live", "static", "IncrementalC"]
    {
        assert!(!code.contains(word), "schema.cql holds {word}");
    }
}

/// Every table is named with its keyspace, and every value is bound.
#[test]
fn tables_are_qualified_and_values_bound() {
    for statement in Statement::all() {
        let text = statement.text("ks");
        assert_eq!(text.matches("ks.").count(), 1, "{text}");
        assert!(!text.contains('\'') && !text.contains("{}") && !text.contains(char::is_numeric), "{text}");
    }
}

#[test]
fn texts_are_as_they_should_be() {
    let check = |statement: Statement, text: &str| assert_eq!(statement.text("ks"), text);
    check(
        Statement::Join { table: 0, cell: 1 },
        "UPDATE ks.messages USING TIMESTAMP ? SET said = ? \
         WHERE mirror = ? AND generation = ? AND bucket = ? AND message = ?",
    );
    check(
        Statement::Scan { table: 1, leads: 2, after: true },
        "SELECT source, link, part, copy, WRITETIME(shown), shown, WRITETIME(gone), gone, WRITETIME(refused), refused, \
         WRITETIME(thread), thread \
         FROM ks.copies WHERE mirror = ? AND generation = ? AND bucket = ? \
         AND (source, link, part, copy) > (?, ?, ?, ?) AND (source, link) <= (?, ?)",
    );
    check(
        Statement::ScanKeys { until: true },
        "SELECT kind, key, WRITETIME(value), value, WRITETIME(cut), cut, WRITETIME(restored), restored \
         FROM ks.settings WHERE mirror = ? AND generation = ? AND bucket = ? AND kind = ? AND key >= ? AND key < ?",
    );
}
