//! Channels to be read again once GUILD_CREATE says where live frames begin. Those that share a mirror are let go
//! together, though their guilds are told of one by one: what they find is merged.

use crate::gapfill::Stretch;
use events::{ChannelId, GuildId, MessageId};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// How long a channel waits for its guild: one may be out of reach.
pub const GUILDS_WAIT: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    /// Their guilds were not told of.
    open: BTreeMap<ChannelId, Stretch>,
    /// Their guilds were, but not those of all that they are read with.
    told: BTreeMap<ChannelId, Stretch>,
    until: Option<Instant>,
}

impl Awaited {
    /// All that wait from now on.
    pub(super) fn new(stretches: Vec<Stretch>) -> Self {
        let open = stretches.into_iter().map(|stretch| (stretch.channel, stretch)).collect();
        Self { open, told: BTreeMap::new(), until: Some(Instant::now() + GUILDS_WAIT) }
    }

    /// Until when is waited, if at all.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until.filter(|_| !self.open.is_empty())
    }

    /// Channels of this guild that wait for it.
    pub(super) fn of(&self, guild: GuildId) -> impl Iterator<Item = ChannelId> {
        self.open.values().filter(move |stretch| stretch.guild == guild).map(|stretch| stretch.channel)
    }

    /// A guild names the last messages of its channels; who may go now.
    pub(super) fn told(
        &mut self,
        guild: GuildId,
        newest: &HashMap<ChannelId, MessageId>,
        together: impl Fn(ChannelId) -> HashSet<ChannelId>,
    ) -> Vec<Stretch> {
        let here: Vec<_> = self.open.extract_if(.., |_, stretch| stretch.guild == guild).collect();
        let bounded = |(channel, stretch)| {
            let newest = newest.get(&channel).copied();
            (channel, Stretch { newest, ..stretch })
        };
        let channels: Vec<_> = here.iter().map(|(channel, _)| *channel).collect();
        self.told.extend(here.into_iter().map(bounded));
        if self.open.is_empty() {
            return std::mem::take(&mut self.told).into_values().collect();
        }
        let groups = channels.into_iter().map(together);
        let whole = groups.filter(|group| group.iter().all(|channel| !self.open.contains_key(channel)));
        let free: HashSet<_> = whole.flatten().collect();
        self.told.extract_if(.., |channel, _| free.contains(channel)).map(|(_, stretch)| stretch).collect()
    }

    /// Those whose guilds were waited for long enough, and those that waited for them.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<Stretch> {
        if self.until().is_none_or(|until| now < until) {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.open).into_values();
        all.chain(std::mem::take(&mut self.told).into_values()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gapfill::Cause;
    use events::Version;

    fn stretch(channel: u64, guild: u64) -> Stretch {
        Stretch {
            channel: ChannelId(channel),
            guild: GuildId(guild),
            from: Version(1),
            to: Version(2),
            newest: None,
            cause: Cause::SessionLost,
        }
    }

    /// Channels 1 and 2 share a mirror, and 3 and 4; 1 and 3 are of guild 1, 2 of guild 2, and 4 of guild 3.
    fn awaited() -> Awaited {
        Awaited::new(vec![stretch(1, 1), stretch(2, 2), stretch(3, 1), stretch(4, 3)])
    }

    fn tell(awaited: &mut Awaited, guild: u64) -> Vec<(u64, Option<u64>)> {
        let newest = HashMap::from([(ChannelId(1), MessageId(11)), (ChannelId(2), MessageId(12))]);
        let together = |channel: ChannelId| match channel.0 {
            1 | 2 => HashSet::from([1, 2].map(ChannelId)),
            _ => HashSet::from([3, 4].map(ChannelId)),
        };
        shown(awaited.told(GuildId(guild), &newest, together))
    }

    fn shown(stretches: Vec<Stretch>) -> Vec<(u64, Option<u64>)> {
        stretches.into_iter().map(|stretch| (stretch.channel.0, stretch.newest.map(|id| id.0))).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn channels_of_one_mirror_go_together() {
        let mut awaited = awaited();
        assert_eq!(tell(&mut awaited, 1), []);
        assert_eq!(tell(&mut awaited, 9), []);
        assert_eq!(tell(&mut awaited, 2), [(1, Some(11)), (2, Some(12))]);
        assert!(awaited.until().is_some());
        assert_eq!(tell(&mut awaited, 3), [(3, None), (4, None)]);
        assert_eq!((awaited.until(), tell(&mut awaited, 1)), (None, vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_guild_out_of_reach_holds_nobody_up_for_long() {
        let mut awaited = awaited();
        assert_eq!(tell(&mut awaited, 1), []);
        let until = awaited.until().unwrap();
        assert_eq!(until, Instant::now() + GUILDS_WAIT);
        assert_eq!(shown(awaited.overdue(Instant::now())), []);
        assert_eq!(shown(awaited.overdue(until)), [(2, None), (4, None), (1, Some(11)), (3, None)]);
        assert_eq!(awaited.until(), None);
    }
}
