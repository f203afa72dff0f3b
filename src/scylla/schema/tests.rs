use super::*;
use crate::scylla::tables::{PARTITION, TABLES};

fn replication(text: &str) -> Replication {
    text.parse().expect("a replication")
}

/// The keyspace as it would be after `apply`.
fn whole() -> Keyspace {
    let columns = tables().iter().map(|table| (table.name.clone(), table.columns.clone())).collect();
    let expiries = tables().iter().map(|table| (table.name.clone(), 0)).collect();
    Keyspace { replication: replication("SimpleStrategy:1"), is_durable: true, expiries, columns }
}

#[test]
fn the_file_defines_what_the_code_uses() {
    let names: Vec<_> = tables().iter().map(|table| table.name.as_str()).collect();
    let wanted = [
        "messages",
        "copies",
        "revisions",
        "copy_index",
        "settings",
        "positions",
        "lanes",
        "control",
        "leases",
    ];
    assert_eq!(names, wanted);
    for (table, defined) in TABLES.iter().zip(tables()) {
        assert_eq!(table.name, defined.name);
        let of = |wanted: fn(&Kind) -> Option<usize>| {
            let columns = defined
                .columns
                .iter()
                .filter_map(|column| Some((wanted(&column.kind)?, column.name.as_str())));
            let mut columns: Vec<_> = columns.collect();
            columns.sort_unstable_by_key(|(at, _)| *at);
            columns.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
        };
        assert_eq!(of(|kind| if let Kind::Partition(at) = kind { Some(*at) } else { None }), PARTITION);
        assert_eq!(of(|kind| if let Kind::Clustering(at) = kind { Some(*at) } else { None }), table.keys);
        let cells: Vec<_> = table.cells.iter().map(|(_, cell)| *cell).collect();
        assert_eq!(of(|kind| (*kind == Kind::Regular).then_some(0)), cells, "{}", table.name);
        let blobs = defined.columns.iter().filter(|column| column.kind == Kind::Regular);
        assert!(blobs.into_iter().all(|column| column.typ == "blob"), "{}", table.name);
    }
    let control = &tables()[7];
    assert_eq!(control.columns.len(), 5);
    assert_eq!(control.columns[0].kind, Kind::Partition(0));
    assert_eq!(
        control.create("ks"),
        "CREATE TABLE IF NOT EXISTS ks.control (mirror uuid, active bigint, building bigint, previous bigint, mark uuid, \
         PRIMARY KEY ((mirror)))"
    );
}

#[test]
fn what_differs_is_named() {
    let check = |spoil: fn(&mut Keyspace), wanted: &[(&str, bool)]| {
        let mut found = whole();
        spoil(&mut found);
        let differences = compare("ks", &replication("SimpleStrategy:1"), Some(&found));
        let said: Vec<_> = differences.iter().map(|one| (one.to_string(), one.is_missing())).collect();
        let said: Vec<_> = said.iter().map(|(words, missing)| (words.as_str(), *missing)).collect();
        assert_eq!(said, wanted);
    };
    check(|_| {}, &[]);
    check(|found| drop(found.columns.remove("leases")), &[("table leases is missing", true)]);
    check(
        |found| found.columns.get_mut("messages").unwrap().retain(|column| column.name != "decor"),
        &[("column messages.decor (blob) is missing", true)],
    );
    check(
        |found| found.columns.get_mut("messages").unwrap().retain(|column| column.name != "message"),
        &[("column messages.message is missing, it should be bigint at 0 of the clustering key", false)],
    );
    check(
        |found| found.columns.get_mut("copies").unwrap()[5].typ = "text".to_owned(),
        &[(
            "column copies.part is text at 2 of the clustering key, it should be int at 2 of the clustering key",
            false,
        )],
    );
    check(
        |found| {
            let new = Column { name: "mood".to_owned(), typ: "text".to_owned(), kind: Kind::Regular };
            found.columns.get_mut("lanes").unwrap().push(new);
        },
        &[("column lanes.mood is unknown", false)],
    );
    check(
        |found| found.expiries = [("settings".to_owned(), 60)].into(),
        &[("rows of table settings expire after 60 s", false)],
    );
    check(|found| found.is_durable = false, &[("the keyspace has durable_writes = false", false)]);
    check(
        |found| found.replication = replication("NetworkTopologyStrategy:a=3, b=2"),
        &[(
            "the keyspace is replicated as NetworkTopologyStrategy:a=3,b=2, configured is SimpleStrategy:1",
            false,
        )],
    );
    let none = compare("ks", &replication("SimpleStrategy:1"), None);
    assert_eq!(none.len(), 1 + tables().len());
    assert!(none.iter().all(Difference::is_missing));
}

#[test]
fn replication_is_a_map_of_plain_words() {
    assert_eq!(
        create_keyspace("ks", &replication("NetworkTopologyStrategy:dc1=3,dc2=2"), false),
        "CREATE KEYSPACE IF NOT EXISTS ks WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 2} \
         AND durable_writes = true"
    );
    let tablets = create_keyspace("ks", &replication("SimpleStrategy:3"), true);
    assert!(
        tablets.contains("'replication_factor': 3}") && tablets.ends_with("AND tablets = {'enabled': false}")
    );
    for bad in
        ["", "SimpleStrategy", "SimpleStrategy:0", "SimpleStrategy:x", "Other:1", "NetworkTopologyStrategy:a"]
    {
        assert!(bad.parse::<Replication>().is_err(), "{bad}");
    }
    assert!("NetworkTopologyStrategy:a'=1".parse::<Replication>().is_err());
    let map = [("class", "org.apache.cassandra.locator.SimpleStrategy"), ("replication_factor", "3")];
    let stored = Replication::stored(map.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!(stored, replication("SimpleStrategy:3"));
}
