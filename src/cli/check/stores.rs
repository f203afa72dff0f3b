//! Whether what lies outside the data directory can be reached: the stores of a cluster, and the archive.

use crate::archive::Archive;
use crate::check::Line;
use crate::config::Config;
use crate::rabbit::connect::Broker;
use crate::rabbit::hints::{Hints, Settings};
use crate::rabbit::{self, read::stream_name};
use crate::scylla::{self, schema::Schema};
use events::{NodeId, Partition};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// Who this is to the broker; its queue is gone a minute later.
const NAME: &str = "mirror-check";

/// A line for each that is configured.
pub(super) async fn look(config: &Config) -> Vec<Line> {
    let mut lines = Vec::new();
    if config.is_cluster() {
        let none = SecretString::default();
        lines.push(log(config, config.log.as_ref().unwrap_or(&none)).await);
        lines.push(views(config, config.views.as_ref().unwrap_or(&none)).await);
        match &config.hints {
            Some(url) => lines.push(hints(config, url).await),
            None => lines.push(Line::ok("hints", "none: nodes find out a little later what has changed")),
        }
    }
    if let Some(url) = &config.archive.url {
        lines.push(archive(url).await);
    }
    lines
}

async fn log(config: &Config, url: &SecretString) -> Line {
    let fails = |why: String| Line::fails("log", why, "look at the broker, and at `log` (MIRROR_LOG)");
    let address: rabbit::Address = match url.expose_secret().parse() {
        Ok(address) => address,
        Err(error) => return fails(format!("{error}")),
    };
    let broker = match Broker::new(address, NAME) {
        Ok(broker) => broker,
        Err(failure) => return fails(failure.to_string()),
    };
    match broker.open().await {
        Ok(connection) => connection.close().await,
        Err(failure) => return fails(format!("RabbitMQ does not let us in: {failure}")),
    }
    let stream = stream_name(&config.cluster.name, Partition(0));
    match broker.leader(&stream).await {
        Ok(connection) => {
            connection.close().await;
            Line::ok("log", format!("RabbitMQ answers, and {stream} is there"))
        }
        Err(failure) => {
            let found = format!("RabbitMQ answers, but not for {stream}: {failure}");
            Line::warn(
                "log",
                found,
                "the first `mirror run` or `mirror link` makes it; else look at the broker",
            )
        }
    }
}

async fn views(config: &Config, url: &SecretString) -> Line {
    let fails =
        |why: String| Line::fails("views", why, "look at the CQL cluster, and at `views` (MIRROR_VIEWS)");
    let address: scylla::Address = match url.expose_secret().parse() {
        Ok(address) => address,
        Err(error) => return fails(format!("{error}")),
    };
    let replication = match config.cluster.replication.parse() {
        Ok(replication) => replication,
        Err(error) => return fails(format!("cluster.replication: {error}")),
    };
    let differences = match Schema::connect(&address, replication).await {
        Ok(schema) => schema.diff().await,
        Err(failure) => Err(failure),
    };
    match differences.as_deref() {
        Ok([]) => Line::ok("views", "the CQL cluster answers, and its tables are as they should be"),
        Ok([first, rest @ ..]) => {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
            Line::fails("views", format!("{first}{more}"), "mirror schema diff, then mirror schema apply")
        }
        Err(failure) => fails(format!("the CQL cluster does not let us in: {failure}")),
    }
}

async fn hints(config: &Config, url: &SecretString) -> Line {
    let odd = |why: &str| {
        Line::warn("hints", why, "look at `hints` (MIRROR_HINTS): without them nodes only find out later")
    };
    let Ok(node) = NAME.parse::<NodeId>() else { return odd("they have no name for us") };
    let settings = Settings { url: url.clone(), cluster: config.cluster.name.clone(), node };
    match Hints::probe(&settings).await {
        Ok(()) => Line::ok("hints", "the broker answers"),
        Err(why) => odd(&format!("the broker does not let us in: {why}")),
    }
}

async fn archive(url: &str) -> Line {
    let advice = "look at archive.url, and for s3:// at the AWS_* variables";
    // A directory would be made by looking.
    if !url.contains("://") && !Path::new(url).is_dir() {
        let parent = Path::new(url).ancestors().skip(1).any(Path::is_dir);
        return match parent {
            true => Line::ok("archive", format!("{url} is not there yet; the first seal makes it")),
            false => Line::fails("archive", format!("{url} cannot be made"), advice),
        };
    }
    match Archive::open(url) {
        Err(error) => Line::fails("archive", error.to_string(), advice),
        Ok(archive) => match archive.incarnations(Partition(0)).await {
            Ok(_) => Line::ok("archive", format!("{archive} answers")),
            Err(error) => Line::fails("archive", error.to_string(), advice),
        },
    }
}
