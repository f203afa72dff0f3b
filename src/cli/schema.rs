//! `mirror schema`: the tables of a CQL cluster.

use super::args::{Schema as Args, SchemaTask};
use super::write_out;
use crate::commands::CommandError;
use crate::config::Config;
use crate::scylla::schema::{Difference, Replication, Schema, SchemaError};
use crate::scylla::{Address, Failure};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::process::ExitCode;

/// Does it, and prints what it found or made.
pub(super) async fn run(config: &Config, args: &Args, is_json: bool) -> Result<ExitCode, CommandError> {
    let (address, replication) = target(config, args)?;
    let schema = Schema::connect(&address, replication).await.map_err(failed)?;
    let (differences, done) = match args.task {
        SchemaTask::Diff => (schema.diff().await.map_err(failed)?, false),
        SchemaTask::Apply => match schema.apply().await {
            Ok(made) => (made, true),
            Err(SchemaError::Refused(differences)) => (differences, false),
            Err(SchemaError::Failed(failure)) => return Err(failed(failure)),
        },
    };
    write_out(&if is_json {
        as_json(&address, &differences, done)
    } else {
        as_text(&address, &differences, done)
    })?;
    Ok(if done || differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where, from the command line or the configuration.
fn target(config: &Config, args: &Args) -> Result<(Address, Replication), CommandError> {
    let given = args.views.clone().map(SecretString::from);
    let views = given.or_else(|| config.views.clone()).filter(|views| views.expose_secret().contains("://"));
    let Some(views) = views else {
        let words =
            "no CQL cluster is configured: set views (MIRROR_VIEWS), or give --views cql://host/keyspace";
        return Err(CommandError::Wrong(words.to_owned()));
    };
    let wrong = |error: &dyn std::fmt::Display| CommandError::Wrong(error.to_string());
    let address = views.expose_secret().parse().map_err(|error| wrong(&error))?;
    let replication = args.replication.as_ref().unwrap_or(&config.cluster.replication);
    Ok((address, replication.parse().map_err(|error| wrong(&error))?))
}

fn failed(failure: Failure) -> CommandError {
    match failure {
        Failure::Retry(words) | Failure::Stopped(words) => CommandError::Failed(words),
    }
}

fn as_json(address: &Address, differences: &[Difference], done: bool) -> String {
    let words: Vec<_> = differences.iter().map(ToString::to_string).collect();
    let found = if done { "made" } else { "differs" };
    format!("{}\n", json!({ "keyspace": address.keyspace, found: words }))
}

fn as_text(address: &Address, differences: &[Difference], done: bool) -> String {
    if differences.is_empty() {
        return format!("{address} is as it should be\n");
    }
    let line = |difference: &Difference| {
        let remedy = match (done, difference.is_missing()) {
            (true, _) => "made: ",
            (false, true) => "",
            (false, false) => "to be changed by hand: ",
        };
        format!("{remedy}{difference}\n")
    };
    differences.iter().map(line).collect()
}
