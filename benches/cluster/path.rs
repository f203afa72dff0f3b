//! How long a copy takes on a cluster's stores, beside the embedded ones: the real binary, one node, and the stand-in.

use crate::costs;
use crate::links::{self, Channel};
use crate::site::{Keyspace, P0, Site};
use crate::stage::{Node, PATIENCE, Stage};
use events::Event;
use events::log::Durable;
use mirror::config::{Cluster, Config};
use mirror::rabbit::read::stream_name;
use mirror::stores;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const WARM_UP: usize = 50;
/// Between two messages, so that the machine is idle when one comes.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);
/// Messages between two turns of a node: they alternate.
const TURN: usize = 50;

/// One node with its stage.
struct Side {
    name: &'static str,
    stage: Stage,
    group: [Channel; 2],
    node: Node,
    times: Vec<Duration>,
}

pub(crate) fn run(site: &Site, runtime: &Runtime, count: usize) {
    println!("path: {count} messages, from the dispatch to the copy, nodes in turn, {TURN} messages each");
    costs::run(site, runtime, count);
    let (name, keyspace) = (Site::name(), runtime.block_on(site.keyspace()));
    let mut sides = [embedded(runtime), cluster(site, runtime, (&name, &keyspace))];
    for side in &mut sides {
        side.copy(WARM_UP);
        side.times.clear();
    }
    for _ in 0..count.div_ceil(TURN) {
        sides.iter_mut().for_each(|side| side.copy(TURN.min(count)));
        // Who was last is first.
        sides.reverse();
    }
    sides.sort_by_key(|side| side.name != "embedded");
    let [embedded, cluster] = sides.map(Side::end);
    println!(
        "  cluster to embedded: p50 {:.1} x, p99 {:.1} x",
        cluster.0 / embedded.0,
        cluster.1 / embedded.1
    );
    runtime.block_on(async {
        site.broker().delete(&stream_name(&name, P0)).await.expect("deleted");
        keyspace.end().await;
    });
}

fn group(stage: &Stage) -> [Channel; 2] {
    let guild = stage.discord.create_guild("Harbour");
    ["here", "there"].map(|name| Channel { guild, id: stage.discord.create_channel(guild, name) })
}

fn embedded(runtime: &Runtime) -> Side {
    let stage = Stage::new();
    let group = group(&stage);
    runtime.block_on(links::link(&stage.data(), &[group.to_vec()]));
    let node = stage.start();
    Side { name: "embedded", stage, group, node, times: vec![] }
}

fn cluster(site: &Site, runtime: &Runtime, (name, keyspace): (&str, &Keyspace)) -> Side {
    let stage = Stage::new();
    let group = group(&stage);
    let cluster = Cluster { name: name.to_owned(), partitions: 1, ..Cluster::default() };
    let (log, views) = (site.rabbitmq.clone(), keyspace.url.clone());
    let config = Config {
        data_dir: stage.data(),
        log: Some(log.clone().into()),
        views: Some(views.clone().into()),
        cluster,
        ..Config::default()
    };
    runtime.block_on(append(&config, links::events(&[group.to_vec()])));
    let node = stage.start_with(&[
        ("MIRROR_LOG", &log),
        ("MIRROR_VIEWS", &views),
        ("MIRROR_CLUSTER_NAME", name),
        ("MIRROR_CLUSTER_PARTITIONS", "1"),
    ]);
    Side { name: "cluster", stage, group, node, times: vec![] }
}

async fn append(config: &Config, events: Vec<Event>) {
    let opened = stores::open(config).await.unwrap_or_else(|error| panic!("{error}"));
    for event in events {
        let partition = opened.stores.ports.partition(event.mirror);
        opened.stores.ports.log.append(partition, vec![event], Durable::Everywhere).await.expect("appended");
    }
    opened.close().await.expect("closed");
}

impl Side {
    fn copy(&mut self, count: usize) {
        let mut seen = self.stage.discord.subscribe();
        for _ in 0..count {
            std::thread::sleep(PAUSE);
            let (here, there) = (self.group[0].id, self.group[1].id);
            let copied = self.stage.say_and_see(&mut seen, (here, there), PATIENCE);
            self.times.push(copied.expect("a copy"));
        }
    }

    /// Prints and returns p50 and p99 in milliseconds.
    fn end(mut self) -> (f64, f64) {
        self.times.sort_unstable();
        let last = self.times.len() - 1;
        let at = |share: usize| self.times[last * share / 100].as_secs_f64() * 1e3;
        let (p50, p99, most) = (at(50), at(99), at(100));
        println!("  {:<10} p50 {p50:.2} ms, p99 {p99:.2} ms, max {most:.2} ms", self.name);
        let began = Instant::now();
        let memory = self.node.memory_mib("VmRSS");
        self.node.stop();
        let stopped = began.elapsed().as_secs_f64();
        println!("  {:<10} {memory:.0} MiB resident, stopped in {stopped:.2} s", self.name);
        (p50, p99)
    }
}
