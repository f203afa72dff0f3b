//! What an administrator of RabbitMQ does to the streams, past the nodes.

use crate::rabbit::Address;
use anyhow::Context as _;
use futures_util::StreamExt as _;
use rabbitmq_stream_client::Environment;
use rabbitmq_stream_client::types::{ByteCapacity, OffsetSpecification};
use secrecy::ExposeSecret as _;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::timeout;

/// What a stream keeps where it is to be truncated: a few hundred events.
const KEPT_BYTES: u64 = 400_000;
/// Retention removes whole segments.
const SEGMENT_BYTES: u64 = 50_000;
/// Nothing comes for so long: that was all.
const SILENCE: Duration = Duration::from_millis(700);
/// How long the broker may take.
const ANSWER_MAX: Duration = Duration::from_secs(8);

fn stream(name: &str, partition: usize) -> String {
    format!("{name}.events.{partition}")
}

async fn environment(log: &str) -> anyhow::Result<Environment> {
    let address: Address = log.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let (host, port) = address.hosts.first().context("no broker is named")?;
    let environment = Environment::builder()
        .host(host)
        .port(*port)
        .username(&address.user)
        .password(address.password.expose_secret())
        .virtual_host(&address.vhost)
        .build();
    timeout(ANSWER_MAX, environment).await?.context("RabbitMQ does not answer")
}

/// Declares streams that forget soon, before the nodes declare theirs.
///
/// # Errors
/// When the broker does not.
pub(super) async fn declare_short(log: &str, name: &str, partitions: u16) -> anyhow::Result<()> {
    let environment = environment(log).await?;
    for partition in 0..usize::from(partitions) {
        let (stream, creator) = (stream(name, partition), environment.stream_creator());
        let creator = creator.max_length(ByteCapacity::B(KEPT_BYTES));
        let made = creator.max_segment_size(ByteCapacity::B(SEGMENT_BYTES)).create(&stream);
        timeout(ANSWER_MAX, made).await?.context("a stream is not declared")?;
    }
    Ok(())
}

/// Deletes one and declares it anew, empty: no node does that by itself.
///
/// # Errors
/// When the broker does not.
pub(super) async fn empty(log: &str, name: &str, partition: usize) -> anyhow::Result<()> {
    let environment = environment(log).await?;
    let stream = stream(name, partition);
    let deleted = environment.delete_stream(&stream);
    timeout(ANSWER_MAX, deleted).await?.context("the stream is not deleted")?;
    let made = environment.stream_creator().create(&stream);
    timeout(ANSWER_MAX, made).await?.context("the stream is not declared anew")
}

/// What is on one now, read by a client of our own from its first message to its last: as many different ones, for
/// what is sent again may stand there twice.
///
/// # Errors
/// When the broker does not answer.
pub(super) async fn records(log: &str, name: &str, partition: usize) -> anyhow::Result<HashSet<Vec<u8>>> {
    let environment = environment(log).await?;
    let stream = stream(name, partition);
    let built = environment.consumer().offset(OffsetSpecification::First).build(&stream);
    let mut consumer = timeout(ANSWER_MAX, built).await?.context("a stream cannot be read")?;
    let mut records = HashSet::new();
    while let Ok(Some(delivery)) = timeout(SILENCE, consumer.next()).await {
        records.extend(delivery?.message().data().map(<[u8]>::to_vec));
    }
    timeout(ANSWER_MAX, consumer.handle().close()).await?.ok();
    Ok(records)
}
