//! The page that Prometheus reads. docs/metrics.md has a row for each line of it.

use super::links::{BEHIND_SECONDS, LINKS_MAX, Lag, STATES, lags};
use crate::health::{Counted, Health, PartitionAt, Reason, ShardAt, Snapshot};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The metrics of a node that stands so, and is judged so.
#[must_use]
pub fn page(seen: &Snapshot, judged: &Health) -> String {
    let mut registry = Registry::with_prefix("mirror");
    node(&mut registry, seen, judged);
    gateway(&mut registry, seen);
    partitions(&mut registry, seen);
    links(&mut registry, seen);
    lanes(&mut registry, seen);
    counted(&mut registry, &seen.counted);
    requests(&mut registry, seen);
    outbox(&mut registry, seen);
    let mut text = String::new();
    // It only fails where the string does, which never does.
    let _ = encode(&mut text, &registry);
    text
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstGauge::new(number(value)));
}

/// One line for each label.
fn gauges<V>(
    registry: &mut Registry,
    (name, help): (&str, &str),
    label: &'static str,
    values: impl IntoIterator<Item = (V, u64)>,
) where
    V: EncodeLabelValue + Clone + Hash + Eq + Send + Sync + std::fmt::Debug + 'static,
{
    let family = Family::<[(&'static str, V); 1], Gauge>::default();
    for (of, value) in values {
        family.get_or_create(&[(label, of)]).set(number(value));
    }
    registry.register(name, help, family);
}

/// The same of what only grows.
fn counters<L>(
    registry: &mut Registry,
    (name, help): (&str, &str),
    values: impl IntoIterator<Item = (L, u64)>,
) where
    L: EncodeLabelSet + Clone + Hash + Eq + Send + Sync + std::fmt::Debug + 'static,
{
    let family = Family::<L, Counter>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).inc_by(value);
    }
    registry.register(name, help, family);
}

fn node(registry: &mut Registry, seen: &Snapshot, judged: &Health) {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    registry.register("node", "The node", Info::new([("name", seen.name.clone()), ("version", version)]));
    let started = seen.started.0.unsigned_abs() / 1_000_000;
    gauge(registry, "node_start_time_seconds", "When the node began, since 1970", started);
    gauge(registry, "healthy", "1: no part of the node has fallen silent", judged.is_alive().into());
    gauge(registry, "ready", "1: the node does all that it is there for", judged.is_ready().into());
    let of = |kind: &'static str| {
        let count = judged.reasons.iter().filter(|reason| reason.kind() == kind).count();
        (kind, count as u64)
    };
    let help = "What /readyz says, by kind; some kinds are named at most ten times";
    gauges(registry, ("unready_reasons", help), "kind", Reason::KINDS.map(of));
    let troubles = seen.troubles.len() as u64;
    gauge(registry, "partitions_in_trouble", "Partitions held here that cannot be worked on", troubles);
    if let Some(dead) = seen.dead {
        gauge(registry, "dead_letters", "What could not be read and was put aside", dead);
    }
}

/// What one line says of a shard.
type OfShard = fn(&ShardAt) -> u64;

fn gateway(registry: &mut Registry, seen: &Snapshot) {
    let each = |value: OfShard| seen.shards.iter().map(move |at| (at.shard, value(at)));
    let lines: [(&str, &str, OfShard); 4] = [
        ("gateway_ready", "1: the shard has a session", |at| at.session.is_ready().into()),
        (
            "gateway_silent_seconds",
            "Since nothing at all came from Discord, heartbeats' answers included",
            |at| at.beat.silent.as_secs(),
        ),
        ("gateway_frameless_seconds", "Since the last frame", |at| at.beat.frameless.as_secs()),
        ("gateway_frames_queued", "Frames that wait to be captured", |at| at.beat.queued as u64),
    ];
    for (name, help, value) in lines {
        gauges(registry, (name, help), "shard", each(value));
    }
    let full = ShardAt::QUEUE_MAX as u64;
    gauge(registry, "gateway_frames_queued_limit", "Frames that may wait, for each shard", full);
    let frames = each(|at| at.beat.frames).map(|(shard, frames)| ([("shard", shard)], frames));
    counters(registry, ("gateway_frames", "Frames received"), frames);
}

fn partitions(registry: &mut Registry, seen: &Snapshot) {
    let each =
        |value: fn(&PartitionAt) -> u64| seen.partitions.iter().map(move |at| (at.partition.0, value(at)));
    let behind = ("views_behind_events", "Events on the log that the views lack");
    gauges(registry, behind, "partition", each(PartitionAt::behind));
    let still = ("views_still_seconds", "Since when the views have not moved though the log has more");
    gauges(registry, still, "partition", each(|at| at.still.as_secs()));
    let Some(within) = seen.seals_within else { return };
    let waiting = ("archive_unsealed_events", "Events on the log that no segment holds");
    gauges(registry, waiting, "partition", each(PartitionAt::waiting_for_seal));
    let unsealed = ("archive_unsealed_seconds", "Since when nothing was sealed though something waits");
    gauges(registry, unsealed, "partition", each(|at| at.unsealed.as_secs()));
    let help = "Within this what waits is sealed, if nothing is wrong";
    gauge(registry, "archive_unsealed_seconds_limit", help, within.as_secs());
}

fn links(registry: &mut Registry, seen: &Snapshot) {
    let lags = lags(seen);
    let states = STATES.into_iter();
    let help =
        "Lanes that do not rest: at work, waiting, held for an operator, or going through the log again";
    gauges(registry, ("lanes", help), "state", states.clone().zip(lags.lanes));
    let help = "For how long the oldest message is owed to any link, by what its lane does";
    gauges(registry, ("links_lag_seconds_max", help), "state", states.zip(lags.oldest));
    gauge(registry, "links_lag_messages", "Messages that are owed to all links, at least", lags.messages);
    let help = "Links to which a message is owed for so many seconds or more";
    gauges(registry, ("links_behind", help), "seconds", BEHIND_SECONDS.into_iter().zip(lags.behind));
    let few = format!("only the {LINKS_MAX} links that lag most, and by a second or more, are named");
    let (seconds, messages) = (Family::default(), Family::default());
    for Lag { id, messages: owed, seconds: age } in lags.worst {
        let labels = [("mirror", id.mirror.to_string()), ("channel", id.link.to_string())];
        let set = |family: &Family<[(&'static str, String); 2], Gauge>, value| {
            family.get_or_create(&labels).set(number(value));
        };
        set(&seconds, age);
        set(&messages, owed);
    }
    let help = format!("For how long the oldest message is owed to a link: {few}");
    registry.register("link_lag_seconds", help, seconds);
    registry.register("link_lag_messages", format!("Messages that are owed to a link: {few}"), messages);
}

fn lanes(registry: &mut Registry, seen: &Snapshot) {
    let (running, most) = seen.runs;
    gauge(registry, "lanes_running", "Lanes that have a request under way or are about to", running as u64);
    gauge(registry, "lanes_running_limit", "Of these there may be so many at once", most as u64);
    let mute = seen.partitions.iter().filter(|at| !at.answers).count() as u64;
    gauge(registry, "lanes_mute_partitions", "Partitions whose lanes did not say how they stand", mute);
    let longest = seen.lanes.iter().map(|lane| lane.still).max().unwrap_or(Duration::ZERO);
    let help = "For how long the lane that stands longest has not moved though it is due and names no reason";
    gauge(registry, "lanes_still_seconds_max", help, longest.as_secs());
}

fn counted(registry: &mut Registry, counted: &Counted) {
    let kinds = counted.appended.kinds().map(|(kind, count)| ([("kind", kind)], count));
    counters(registry, ("events_appended", "Events that this node has put on the log"), kinds);
    let lanes = &counted.lanes;
    let lines: [(&str, &str, &AtomicU64); 5] = [
        ("copies_shown", "Parts of copies that were posted or edited", &lanes.shown),
        ("copies_removed", "Parts of copies that were removed", &lanes.gone),
        ("copies_refused", "Messages that a channel refused", &lanes.refused),
        (
            "ambiguous_outcomes",
            "Requests of lanes of which it was not known at once what they did",
            &lanes.ambiguous,
        ),
        ("duplicates_removed", "Late duplicates that the audit removed", &lanes.healed),
    ];
    for (name, help, counter) in lines {
        registry.register(name, help, ConstCounter::new(counter.load(Ordering::Relaxed)));
    }
}

fn requests(registry: &mut Registry, seen: &Snapshot) {
    let requests = &seen.counted.requests;
    let outcomes = requests
        .outcomes()
        .map(|(kind, outcome, count)| ([("route", kind.template()), ("outcome", outcome)], count));
    counters(registry, ("discord_requests", "Requests to Discord, by what they came to"), outcomes);
    let scopes = requests.scopes().map(|(scope, count)| ([("scope", scope)], count));
    counters(registry, ("discord_limited", "Answers 429, by whom they are for"), scopes);
    let (invalid, most) = seen.invalid;
    let help = "Refused requests of the last ten minutes: Discord blocks whoever sends too many";
    gauge(registry, "discord_invalid_requests", help, invalid.into());
    let help = "Of these the node never sends more; from half of it on it goes slower";
    gauge(registry, "discord_invalid_requests_limit", help, most.into());
}

fn outbox(registry: &mut Registry, seen: &Snapshot) {
    let Some(outbox) = &seen.outbox else { return };
    let lines = [
        ("outbox_events", "Events that no broker has confirmed", outbox.waiting),
        ("outbox_bytes", "Their size", outbox.bytes),
        ("outbox_bytes_limit", "Past this size frames wait", outbox.bytes_max),
        ("outbox_kept_bytes", "Confirmed events, kept in case the stream loses them", outbox.kept_bytes),
        ("outbox_oldest_seconds", "How long the oldest event waits", outbox.oldest_s.unwrap_or_default()),
        ("outbox_stuck_partitions", "Partitions whose events no broker takes", outbox.stuck.len() as u64),
        ("outbox_full", "1: frames wait until the broker is back", u64::from(outbox.is_full())),
        (
            "outbox_alarm",
            "1: no broker takes what waits, or there is no more room",
            u64::from(outbox.is_alarm()),
        ),
    ];
    for (name, help, value) in lines {
        gauge(registry, name, help, value);
    }
}
