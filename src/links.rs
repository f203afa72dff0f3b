//! What the node knows of its mirrors: settings by mirror, members by channel. A snapshot that the follower
//! renews whenever settings change, so that capture and lanes read it without a question to the views.

use events::capture::Member;
use events::{ChannelId, GuildId, MirrorId};
use projections::lanes::LaneId;
use projections::settings::Settings;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::{Mutex, watch};
use tools::{JobError, Ports};

/// One snapshot.
#[derive(Clone, Debug, Default)]
pub struct Table {
    mirrors: HashMap<MirrorId, Arc<Settings>>,
    members: HashMap<ChannelId, Vec<Member>>,
    /// Guilds that have, or had, a link.
    guilds: HashSet<GuildId>,
}

impl Table {
    /// The settings of a mirror.
    #[must_use]
    pub fn settings(&self, mirror: MirrorId) -> Option<&Arc<Settings>> {
        self.mirrors.get(&mirror)
    }

    /// The open links of a channel.
    #[must_use]
    pub fn members(&self, channel: ChannelId) -> &[Member] {
        self.members.get(&channel).map_or(&[], Vec::as_slice)
    }

    /// Whether a linked channel is a forum.
    #[must_use]
    pub fn is_forum(&self, channel: ChannelId) -> bool {
        let of = |member: &Member| self.settings(member.mirror)?.links.get(&channel);
        self.members(channel).iter().filter_map(of).any(|link| link.linked.forum)
    }

    /// Whether any channel of a guild is linked, or was.
    #[must_use]
    pub fn has_guild(&self, guild: GuildId) -> bool {
        self.guilds.contains(&guild)
    }

    /// Every mirror.
    pub fn all(&self) -> impl Iterator<Item = (MirrorId, &Arc<Settings>)> {
        self.mirrors.iter().map(|(mirror, settings)| (*mirror, settings))
    }

    /// Every link of every mirror, cut ones too.
    pub fn lanes(&self) -> impl Iterator<Item = LaneId> + '_ {
        let of = |(mirror, settings): (&MirrorId, &Arc<Settings>)| {
            let mirror = *mirror;
            settings.links.keys().map(move |link| LaneId { mirror, link: *link }).collect::<Vec<_>>()
        };
        self.mirrors.iter().flat_map(of)
    }

    /// The channels that share a mirror with `channel`, or with one that does.
    #[must_use]
    pub fn together(&self, channel: ChannelId) -> HashSet<ChannelId> {
        let mut found = HashSet::from([channel]);
        let mut open = vec![channel];
        while let Some(channel) = open.pop() {
            let settings = self.members(channel).iter().filter_map(|member| self.settings(member.mirror));
            open.extend(
                settings.flat_map(|settings| settings.links.keys()).filter(|next| found.insert(**next)),
            );
        }
        found
    }

    /// How many mirrors there are.
    #[must_use]
    pub fn mirrors(&self) -> usize {
        self.mirrors.len()
    }

    fn put(&mut self, mirror: MirrorId, settings: Settings) {
        self.forget(mirror);
        for (channel, link) in settings.links.iter().filter(|(_, link)| link.is_open()) {
            let member = Member { mirror, publishes: link.publishes() };
            self.members.entry(*channel).or_default().push(member);
        }
        self.guilds.extend(settings.links.values().map(|link| link.linked.guild));
        self.mirrors.insert(mirror, Arc::new(settings));
    }

    /// Takes a mirror out of its channels: only of those that it had, for there may be thousands of others.
    fn forget(&mut self, mirror: MirrorId) {
        let Some(old) = self.mirrors.get(&mirror) else { return };
        for channel in old.links.keys() {
            if let Entry::Occupied(mut members) = self.members.entry(*channel) {
                members.get_mut().retain(|member| member.mirror != mirror);
                if members.get().is_empty() {
                    members.remove();
                }
            }
        }
    }
}

/// The newest snapshot.
pub struct Links {
    ports: Ports,
    table: watch::Sender<Arc<Table>>,
    /// One refresh at a time: an older one must not overwrite a newer.
    refreshing: Mutex<()>,
}

impl Links {
    /// Loads the settings of all mirrors.
    ///
    /// # Errors
    /// When the views do not answer.
    pub async fn load(ports: Ports) -> Result<Self, JobError> {
        let links = Self { ports, table: watch::Sender::default(), refreshing: Mutex::default() };
        links.reload().await?;
        Ok(links)
    }

    /// Reads the settings of all mirrors again: some may have changed on other nodes.
    ///
    /// # Errors
    /// When the views do not answer.
    pub async fn reload(&self) -> Result<(), JobError> {
        let known = tools::mirrors::all(&self.ports).await?;
        self.refresh(known.into_iter().map(|known| known.id)).await
    }

    /// The newest snapshot.
    #[must_use]
    pub fn now(&self) -> Arc<Table> {
        self.table.borrow().clone()
    }

    /// Changes whenever the snapshot does.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Table>> {
        self.table.subscribe()
    }

    /// Reads these mirrors again: their settings have changed.
    ///
    /// # Errors
    /// When the views do not answer.
    pub async fn refresh(&self, mirrors: impl IntoIterator<Item = MirrorId>) -> Result<(), JobError> {
        let _one = self.refreshing.lock().await;
        let mut table = Table::clone(&self.now());
        let mut changed = false;
        for mirror in mirrors {
            let generation = self.ports.lanes.control(mirror).await?.active;
            let settings = Settings::load(&*self.ports.views, mirror, generation).await?;
            if table.settings(mirror).is_none_or(|known| **known != settings) {
                table.put(mirror, settings);
                changed = true;
            }
        }
        if changed {
            self.table.send_replace(Arc::new(table));
        }
        Ok(())
    }
}
