//! End to end: the real binary as a child process, against the stand-in.
//!
//! Each test has a stage of its own: a stand-in, a data directory, and the children that it starts and ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "node/alerts.rs"]
mod alerts;
#[path = "node/archive.rs"]
mod archive;
#[path = "node/backfill.rs"]
mod backfill;
#[path = "node/bucket.rs"]
mod bucket;
#[path = "node/check.rs"]
mod check;
#[path = "node/cluster.rs"]
mod cluster;
#[path = "node/commands.rs"]
mod commands;
#[path = "node/company.rs"]
mod company;
#[path = "node/damage.rs"]
mod damage;
#[path = "node/dead_lane.rs"]
mod dead_lane;
#[path = "node/files.rs"]
mod files;
#[path = "node/first_day.rs"]
mod first_day;
#[path = "node/forums.rs"]
mod forums;
#[path = "node/gap.rs"]
mod gap;
#[path = "node/gateway.rs"]
mod gateway;
#[path = "node/health.rs"]
mod health;
#[path = "node/init.rs"]
mod init;
#[path = "node/kills.rs"]
mod kills;
#[path = "node/lineage.rs"]
mod lineage;
#[path = "node/lost_past.rs"]
mod lost_past;
#[path = "node/migrate.rs"]
mod migrate;
#[path = "node/reach.rs"]
mod reach;
#[path = "node/scrape.rs"]
mod scrape;
#[path = "node/secrets.rs"]
mod secrets;
#[path = "node/settings.rs"]
mod settings;
#[path = "node/shards.rs"]
mod shards;
#[path = "node/slash.rs"]
mod slash;
#[path = "node/stage.rs"]
mod stage;
#[path = "node/stop.rs"]
mod stop;
#[path = "node/threads.rs"]
mod threads;
