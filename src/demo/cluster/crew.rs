//! The crew: the node processes of the cluster, and what they say of it.

use super::super::node::{Node, Setting};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Between two looks at how the cluster stands.
const LOOK: Duration = Duration::from_millis(100);
/// How long the cluster may take to stand as it should.
const STAND_MAX: Duration = Duration::from_secs(90);

/// The nodes.
pub(super) struct Crew {
    members: Vec<Member>,
}

/// One node.
pub(super) struct Member {
    /// Its name in the log and in leases.
    pub(super) name: String,
    /// How commands reach it.
    pub(super) setting: Setting,
    /// Its process.
    pub(super) node: Node,
    /// It was stopped, frozen or killed by us and is not back.
    away: bool,
}

/// How the cluster stands, as one node says.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Who holds each partition.
    pub(super) partitions: Vec<Option<String>>,
    /// Who holds each shard.
    pub(super) shards: Vec<Option<String>>,
    /// The end of each partition's log.
    pub(super) tails: Vec<u64>,
}

impl Standing {
    fn read(said: &Value) -> Self {
        let lines = |key: &str| said[key].as_array().cloned().unwrap_or_default();
        let holder = |line: &Value| line["holder"].as_str().map(str::to_owned);
        let offset = |line: &Value, key: &str| {
            line[key].as_u64().or_else(|| line[key].as_str()?.parse().ok()).unwrap_or_default()
        };
        Self {
            partitions: lines("partitions").iter().map(holder).collect(),
            shards: lines("shards").iter().map(holder).collect(),
            tails: lines("partitions").iter().map(|line| offset(line, "tail")).collect(),
        }
    }

    /// Whether somebody works on everything, and nobody of these does.
    #[must_use]
    pub(super) fn is_held_without(&self, names: &[&str]) -> bool {
        let held = |holder: &Option<String>| holder.as_deref().is_some_and(|holder| !names.contains(&holder));
        !self.shards.is_empty() && self.partitions.iter().chain(&self.shards).all(held)
    }

    /// Everybody who holds a partition.
    #[must_use]
    pub(super) fn workers(&self) -> BTreeSet<&str> {
        self.partitions.iter().flatten().map(String::as_str).collect()
    }
}

impl Crew {
    /// Starts one node for each setting, which is named after its place.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub(super) fn start(settings: Vec<Setting>) -> anyhow::Result<Self> {
        let mut members = Vec::new();
        for (place, mut setting) in settings.into_iter().enumerate() {
            let name = format!("node-{}", place + 1);
            std::fs::create_dir_all(&setting.data_dir)?;
            setting.environment.push(("MIRROR_NODE".to_owned(), name.clone()));
            let node = Node::start(setting.clone())?;
            members.push(Member { name, setting, node, away: false });
        }
        Ok(Self { members })
    }

    /// One of them.
    #[must_use]
    pub(super) fn member(&mut self, place: usize) -> &mut Member {
        &mut self.members[place]
    }

    /// How commands reach each.
    #[must_use]
    pub(super) fn settings(&self) -> Vec<Setting> {
        self.members.iter().map(|member| member.setting.clone()).collect()
    }

    /// How many there are.
    #[must_use]
    pub(super) fn count(&self) -> usize {
        self.members.len()
    }

    /// Where the node of this name is.
    #[must_use]
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }

    /// How often one was killed.
    #[must_use]
    pub(super) fn crashes(&self) -> usize {
        self.members.iter().map(|member| member.node.crashes).sum()
    }

    /// That all run that should.
    ///
    /// # Errors
    /// When one ended by itself, with its last words.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        for member in &mut self.members {
            member.node.check().map_err(|error| error.context(member.name.clone()))?;
        }
        Ok(())
    }

    /// Asks the first node that answers.
    ///
    /// # Errors
    /// When none does, with the words of the last.
    pub(super) async fn ask(&mut self, words: &[&str]) -> anyhow::Result<String> {
        let mut last = anyhow::anyhow!("no node runs");
        for member in self.members.iter().filter(|member| !member.away) {
            match member.setting.ask(words).await {
                Ok(said) => return Ok(said),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// How everything stands.
    ///
    /// # Errors
    /// When no node can say.
    pub(super) async fn standing(&mut self) -> anyhow::Result<Standing> {
        Ok(Standing::read(&serde_json::from_str(&self.ask(&["status", "--json"]).await?)?))
    }

    /// Waits until everything stands so; says how long it took.
    ///
    /// # Errors
    /// When it does not come to that, or a node ended by itself.
    pub(super) async fn stands(
        &mut self,
        what: &str,
        so: impl Fn(&Standing) -> bool,
    ) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let mut last = String::new();
        while began.elapsed() < STAND_MAX {
            self.check()?;
            match self.standing().await {
                Ok(standing) if so(&standing) => return Ok(began.elapsed()),
                Ok(standing) => last = format!("{standing:?}"),
                Err(error) => last = format!("{error:#}"),
            }
            sleep(LOOK).await;
        }
        anyhow::bail!("{what}: not after {} s; last seen: {last}", STAND_MAX.as_secs())
    }

    /// Marks a node as not to be asked, or to be asked again.
    pub(super) fn set_away(&mut self, place: usize, away: bool) {
        self.members[place].away = away;
    }

    /// Memory of each that runs, in MiB, and the size of its outbox, in MiB.
    #[must_use]
    pub(super) fn sizes(&self) -> Vec<(u64, u64)> {
        self.members
            .iter()
            .map(|member| (resident_mib(member.node.pid()), outbox_mib(&member.setting.data_dir)))
            .collect()
    }

    /// Asks all to stop, and waits.
    ///
    /// # Errors
    /// When one does not end well.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        for member in &mut self.members {
            member.node.stop().await.map_err(|error| error.context(member.name.clone()))?;
        }
        Ok(())
    }
}

/// Zero where it cannot be told.
fn resident_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

fn outbox_mib(dir: &Path) -> u64 {
    let files = ["outbox.db", "outbox.db-wal"];
    let size = |name: &&str| std::fs::metadata(dir.join(name)).map(|file| file.len()).unwrap_or_default();
    files.iter().map(size).sum::<u64>() >> 20
}
