//! What the lines of the manual stand for, and the few that are not run here, each with its reason.

/// Lines that are run in another form: what would take long, or never end, or is named otherwise here.
pub(crate) const RUN_AS: &[(&str, &str)] = &[
    ("cargo run --release -- demo", "mirror demo --duration 2 --kills 1"),
    ("mirror demo", "mirror demo --duration 2 --kills 1"),
    ("mirror init", INIT),
    (
        "mirror init --config /etc/mirror/mirror.toml --data-dir /var/lib/mirror --token-file /etc/mirror/token --yes",
        INIT,
    ),
    ("mirror demo --seed 7 --kills 10", "mirror demo --duration 2 --seed 7 --kills 2"),
    ("mirror bench --events 100000", "mirror bench --events 1000"),
    (
        "mirror log --mirror lounge --from 2h --kind edited --follow",
        "mirror log --mirror lounge --from 2h --kind edited --follow --limit 1",
    ),
];

/// Nobody types here: the token comes from a file, and what is written lies beside the stage.
const INIT: &str = "mkdir -p new && (umask 077 && printf %s \"$MIRROR_DISCORD_TOKEN\" > new/token) && mirror init --config new/mirror.toml --data-dir new/data --token-file new/token --yes --force --api \"$MIRROR_DISCORD_API\" --gateway \"$MIRROR_DISCORD_GATEWAY\"";

/// Programs that a line may begin with: what is run here must harm nobody's machine.
pub(crate) const PROGRAMS: &[&str] =
    &["mirror", "sqlite3", "systemctl", "alias", "export", "cp", "mkdir", "mv", "rm"];

const BUILDS: &str = "builds the program, which this test has done";
const ROOT: &str = "changes the machine; tests/packaging.rs runs the unit in a namespace of its own";
const DOCKER: &str = "needs a container engine; tests/packaging.rs holds the files against the program";
const SERVERS: &str = "needs a broker and a CQL server; tests/cluster plays it";
const CQL: &str = "needs a CQL server; tests/cql/tables.rs makes and compares the tables";
const BROKER: &str = "needs a broker's management interface; docs/cluster.md says what was run";
const NODES: &str = "means something where there are other nodes; tests/cluster drains one";

/// Lines that are not run here. They have to be words that the program understands all the same.
pub(crate) const NOT_RUN: &[(&str, &str)] = &[
    ("tools/test", "runs this test"),
    ("cargo install --path . --locked", BUILDS),
    ("cargo install --path .", BUILDS),
    ("cargo build --release --locked", BUILDS),
    ("sudo install -m 0755 target/release/mirror /usr/local/bin/mirror", ROOT),
    ("sudo install -m 0644 ops/systemd/mirror.sysusers /etc/sysusers.d/mirror.conf", ROOT),
    ("sudo install -m 0644 ops/systemd/mirror.service /etc/systemd/system/mirror.service", ROOT),
    ("sudo systemd-sysusers", ROOT),
    ("sudo install -d -o mirror -g mirror -m 0700 /etc/mirror /var/lib/mirror", ROOT),
    ("sudo -u mirror mirror init --config /etc/mirror/mirror.toml --data-dir /var/lib/mirror", ROOT),
    ("sudo -u mirror mirror --config /etc/mirror/mirror.toml check", ROOT),
    ("sudo systemctl daemon-reload", ROOT),
    ("sudo systemctl enable --now mirror", ROOT),
    ("sudo install -o 10001 -m 0600 /dev/stdin ops/mirror.token", DOCKER),
    ("docker compose --file ops/compose.embedded.yaml up --detach", DOCKER),
    ("docker compose --file ops/compose.embedded.yaml exec mirror mirror check", DOCKER),
    (
        "docker compose --file ops/compose.embedded.yaml exec mirror mirror link lounge https://discord.com/channels/...",
        DOCKER,
    ),
    ("mirror demo --cluster", SERVERS),
    ("mirror demo --cluster --havoc kill-node,zombie --duration 30", SERVERS),
    ("mirror schema apply --views cql://127.0.0.1:9042/mirror --replication SimpleStrategy:1", CQL),
    ("ssh -L 8467:127.0.0.1:8467 host-of-the-node", "needs another machine"),
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
pub(crate) const ARRIVING: &[(&str, &str)] = &[];
