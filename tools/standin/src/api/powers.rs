//! Roles and permissions, as moderators change them.

use crate::{Actor, Permissions, Standin, world::permission::Overwrite};

impl Standin {
    /// Switches what the bot may do in a channel, by an overwrite for the bot itself (CHANNEL_UPDATE); who gains sight of it
    /// is told of its threads (THREAD_LIST_SYNC).
    pub fn set_permissions(&self, channel: u64, permissions: Permissions) {
        let mut world = self.core.world();
        let deny = Permissions::default().bits() & !permissions.bits();
        let id = world.bot;
        let overwrite = (deny != 0).then_some(Overwrite { id, allow: 0, deny });
        world.overwrite(channel, id, overwrite, Actor::Moderator);
    }

    /// What the bot may do in a channel, all roles and overwrites added up.
    pub fn permissions(&self, channel: u64) -> Permissions {
        self.core.world().permissions_in(channel)
    }

    /// Puts an overwrite for a role (`@everyone` has the guild's id) or a member (CHANNEL_UPDATE); nothing allowed and
    /// nothing denied removes it.
    pub fn set_overwrite(&self, channel: u64, id: u64, allow: u64, deny: u64) -> bool {
        let overwrite = (allow | deny != 0).then_some(Overwrite { id, allow, deny });
        self.core.world().overwrite(channel, id, overwrite, Actor::Moderator)
    }

    /// Changes what a role may do, by Discord's bits (GUILD_ROLE_UPDATE); `@everyone` has the guild's id.
    pub fn set_role(&self, guild: u64, role: u64, permissions: u64) -> bool {
        self.core.world().empower(guild, role, permissions)
    }

    /// Gives a role to a member or takes it away (GUILD_MEMBER_UPDATE).
    pub fn wear(&self, guild: u64, user: u64, role: u64, worn: bool) -> bool {
        self.core.world().dress(guild, (user, role), worn)
    }
}
