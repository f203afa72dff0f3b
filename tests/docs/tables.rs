//! What the lines of the manual stand for, and the few that are not run here, each with its reason.

/// Lines that are run in another form: what would take long, or never end, or is named otherwise here.
pub(crate) const RUN_AS: &[(&str, &str)] = &[
    ("cargo run --release -- demo", "mirror demo --duration 2 --kills 1"),
    ("mirror demo", "mirror demo --duration 2 --kills 1"),
    ("mirror demo --seed 7 --kills 10", "mirror demo --duration 2 --seed 7 --kills 2"),
    ("mirror bench --events 100000", "mirror bench --events 1000"),
    (
        "mirror log --mirror lounge --from 2h --kind edited --follow",
        "mirror log --mirror lounge --from 2h --kind edited --follow --limit 1",
    ),
];

/// Programs that a line may begin with: what is run here must harm nobody's machine.
pub(crate) const PROGRAMS: &[&str] =
    &["mirror", "sqlite3", "systemctl", "alias", "export", "cp", "mkdir", "mv", "rm"];

const SERVERS: &str = "needs a broker and a CQL server; tests/cluster plays it";
const CQL: &str = "needs a CQL server; tests/cql/tables.rs makes and compares the tables";
const BROKER: &str = "needs a broker's management interface; docs/cluster.md says what was run";
const NODES: &str = "means something where there are other nodes; tests/cluster drains one";

/// Lines that are not run here. They have to be words that the program understands all the same.
pub(crate) const NOT_RUN: &[(&str, &str)] = &[
    ("tools/test", "runs this test"),
    ("cargo install --path . --locked", "builds the program, which this test has done"),
    ("mirror demo --cluster", SERVERS),
    ("mirror demo --cluster --havoc kill-node,zombie --duration 30", SERVERS),
    ("mirror schema apply --views cql://127.0.0.1:9042/mirror --replication SimpleStrategy:1", CQL),
    ("mirror drain", NODES),
    ("rabbitmq-plugins enable rabbitmq_stream rabbitmq_management", BROKER),
    (
        "curl -u admin:... -H content-type:application/json -X PUT http://mq1:15672/api/users/mirror \\
     -d '{\"password\": \"...\", \"tags\": \"\"}'",
        BROKER,
    ),
    (
        "curl -u admin:... -H content-type:application/json -X PUT http://mq1:15672/api/permissions/%2F/mirror \\
     -d '{\"configure\": \"^mirror\\\\.\", \"write\": \"^mirror\\\\.\", \"read\": \"^mirror\\\\.\"}'",
        BROKER,
    ),
    (
        "curl -u admin:... -H content-type:application/json -X PUT http://mq1:15672/api/policies/%2F/mirror-events \\
     -d '{\"pattern\": \"^mirror\\\\.events\\\\.\", \"apply-to\": \"streams\",
          \"definition\": {\"max-age\": \"30D\", \"max-length-bytes\": 20000000000}}'",
        BROKER,
    ),
];

/// Verbs that another branch brings, by its name. Their lines are run once the verb is there and this entry is gone.
pub(crate) const ARRIVING: &[(&str, &str)] = &[("init", "setup"), ("check", "setup")];
