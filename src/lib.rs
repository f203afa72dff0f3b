//! The node: everything of `mirror` that does IO. See ARCHITECTURE.md.

pub mod admin;
pub mod archive;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod console;
pub mod demo;
pub mod discord;
pub mod follower;
pub mod following;
pub mod gapfill;
pub mod ingest;
pub mod lanes;
pub mod links;
pub mod metrics;
pub mod node;
pub mod rabbit;
pub mod scylla;
mod server_url;
pub mod sqlite;
pub mod stores;
pub mod tenure;
mod tls;
