//! What the node knows of its mirrors: settings by mirror, members by channel. A snapshot that the follower
//! renews whenever settings change, so that capture and lanes read it without a question to the views.

use events::capture::Member;
use events::{ChannelId, MirrorId};
use projections::lanes::LaneId;
use projections::settings::Settings;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError, RwLock};
use tools::{JobError, Ports};

/// One snapshot.
#[derive(Clone, Debug, Default)]
pub struct Table {
    mirrors: HashMap<MirrorId, Arc<Settings>>,
    members: HashMap<ChannelId, Vec<Member>>,
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

    /// Every link of every mirror, cut ones too.
    pub fn lanes(&self) -> impl Iterator<Item = LaneId> + '_ {
        let of = |(mirror, settings): (&MirrorId, &Arc<Settings>)| {
            let mirror = *mirror;
            settings.links.keys().map(move |link| LaneId { mirror, link: *link }).collect::<Vec<_>>()
        };
        self.mirrors.iter().flat_map(of)
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
    table: RwLock<Arc<Table>>,
}

impl Links {
    /// Loads the settings of all mirrors.
    ///
    /// # Errors
    /// When the views do not answer.
    pub async fn load(ports: Ports) -> Result<Self, JobError> {
        let mut table = Table::default();
        for known in tools::mirrors::all(&ports).await? {
            let current = tools::mirrors::load(&ports, known).await?;
            table.put(current.known.id, current.settings);
        }
        Ok(Self { ports, table: RwLock::new(Arc::new(table)) })
    }

    /// The newest snapshot.
    #[must_use]
    pub fn now(&self) -> Arc<Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads these mirrors again: their settings have changed.
    ///
    /// # Errors
    /// When the views do not answer.
    pub async fn refresh(&self, mirrors: impl IntoIterator<Item = MirrorId>) -> Result<(), JobError> {
        let mut table = Table::clone(&self.now());
        for mirror in mirrors {
            let generation = self.ports.lanes.control(mirror).await?.active;
            let settings = Settings::load(&*self.ports.views, mirror, generation).await?;
            table.put(mirror, settings);
        }
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
        Ok(())
    }
}
