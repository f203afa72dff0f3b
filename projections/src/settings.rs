//! Settings of one mirror as the views know them: its name, links, bans.

use crate::change::{Column, Row};
use crate::key::{Bucket, Generation, Key, Kind, Prefix, RowKey};
use crate::requests::{Request, request_of};
use crate::views::{Scan, Views, ViewsError};
use events::event::{Author, Gap, Grant, Linked};
use events::{ChannelId, EventId, MessageId, MirrorId, UserId, Version};
use std::collections::BTreeMap;

/// Settings of one mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Its name; empty where it was never declared.
    pub name: String,
    /// Its links, open and cut.
    pub links: BTreeMap<ChannelId, Link>,
    /// Grants and revocations of [`Grant::BANNED`] by user, in order of version.
    pub bans: BTreeMap<UserId, Vec<Ban>>,
    /// Requests that channels become members.
    pub requests: BTreeMap<EventId, Request>,
    /// Users who asked to be forgotten, and when they last did.
    pub forget: BTreeMap<UserId, Version>,
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How the channel takes part.
    pub linked: Linked,
    /// When it was last linked.
    pub linked_at: Version,
    /// When it was last cut, or zero.
    pub cut_at: Version,
    /// When it was last restored, or zero.
    pub restored_at: Version,
}

impl Link {
    /// Whether it takes part now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.linked_at > self.cut_at
    }

    /// Whether copies are owed to it.
    #[must_use]
    pub fn receives(&self) -> bool {
        self.is_open() && self.linked.receives
    }

    /// Whether what is said there is shown elsewhere.
    #[must_use]
    pub fn publishes(&self) -> bool {
        self.is_open() && self.linked.publishes
    }
}

/// One grant or revocation of the role [`Grant::BANNED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ban {
    /// From this version on
    pub from: Version,
    /// the user is banned, or no longer.
    pub banned: bool,
    /// Copies made before are removed too.
    pub purge: bool,
}

/// The `value` register of a role row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RoleCell {
    /// Granted, or revoked.
    pub granted: bool,
    /// To whom, and which.
    pub grant: Grant,
}

/// The `value` register of a user row: who somebody is, as last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserCell {
    /// User id; for a webhook its id.
    pub id: UserId,
    /// Display name.
    pub name: String,
    /// Unique user name.
    pub username: String,
    /// Path of the avatar below the CDN's root, or none.
    pub avatar: Option<String>,
}

/// Writes what [`UserCell`] reads, without copies.
#[derive(serde::Serialize)]
pub(crate) struct UserCellRef<'a> {
    id: UserId,
    name: &'a str,
    username: &'a str,
    avatar: Option<&'a str>,
}

impl<'a> UserCellRef<'a> {
    pub(crate) fn of(author: &'a Author) -> Self {
        let Author { id, name, username, avatar, kind: _ } = author;
        Self { id: *id, name, username, avatar: avatar.as_deref() }
    }
}

impl Settings {
    /// Reads the settings of a mirror, page by page.
    ///
    /// # Errors
    /// When the views do not answer.
    pub async fn load(
        views: &dyn Views,
        mirror: MirrorId,
        generation: Generation,
    ) -> Result<Self, ViewsError> {
        let mut settings = Self::default();
        for kind in [Kind::Mirror, Kind::Link, Kind::Role, Kind::Request] {
            for (key, row) in scan_kind(views, mirror, generation, kind).await? {
                settings.take(&key.row, &row);
            }
        }
        Ok(settings)
    }

    /// Whether `user` is banned at `version`: the last grant or revocation up to it says so.
    #[must_use]
    pub fn is_banned(&self, user: UserId, version: Version) -> bool {
        self.bans_of(user).iter().rev().find(|ban| ban.from <= version).is_some_and(|ban| ban.banned)
    }

    /// Whether nothing is to be shown of what `user` wrote at `made`: banned then, or purged later.
    #[must_use]
    pub fn is_shunned(&self, user: UserId, made: Version) -> bool {
        let purged = |ban: &Ban| ban.banned && ban.purge && ban.from >= made;
        self.is_banned(user, made) || self.bans_of(user).iter().any(purged)
    }

    /// Who agreed that a channel be the member that it is now, if that was agreed to in Discord: a link that an operator
    /// made, or changed since, needs nobody's word.
    #[must_use]
    pub fn agreed(&self, channel: ChannelId) -> Option<UserId> {
        let linked_at = self.links.get(&channel)?.linked_at;
        let mut accepted = self.requests.values().filter(|request| request.asked.channel == channel);
        accepted.find_map(|request| request.accepted.filter(|(_, at)| *at == linked_at)).map(|(by, _)| by)
    }

    fn bans_of(&self, user: UserId) -> &[Ban] {
        self.bans.get(&user).map_or(&[], Vec::as_slice)
    }

    fn take(&mut self, key: &RowKey, row: &Row) {
        let RowKey::Setting { kind, key } = key else { return };
        match kind {
            Kind::Mirror => self.name = read(row).unwrap_or_default(),
            Kind::Link => self.take_link(key, row),
            Kind::Role => self.take_role(row),
            Kind::Request => {
                self.requests.extend(request_of(key).zip(Request::of_row(row)));
            }
            Kind::User | Kind::Name | Kind::Bucket | Kind::Gap => {}
        }
    }

    fn take_link(&mut self, key: &[u8], row: &Row) {
        let Ok(channel) = key.try_into().map(u64::from_be_bytes) else { return };
        let Some(linked) = read(row) else { return };
        let at = |column| row.get(column).map_or(Version::default(), |register| register.version);
        let link = Link {
            linked,
            linked_at: at(Column::Value),
            cut_at: at(Column::Cut),
            restored_at: at(Column::Restored),
        };
        self.links.insert(ChannelId(channel), link);
    }

    fn take_role(&mut self, row: &Row) {
        let (Some(role), Some(register)) = (read::<RoleCell>(row), row.get(Column::Value)) else { return };
        if role.grant.role == Grant::BANNED {
            let ban = Ban { from: register.version, banned: role.granted, purge: role.grant.purge };
            let bans = self.bans.entry(role.grant.user).or_default();
            let at = bans.partition_point(|other| *other <= ban);
            bans.insert(at, ban);
        } else if role.grant.role == Grant::FORGET && role.granted {
            let at = self.forget.entry(role.grant.user).or_default();
            *at = register.version.max(*at);
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(row: &Row) -> Option<T> {
    row.get(Column::Value)?.read()
}

/// All settings of one kind, in key order, read page by page.
///
/// # Errors
/// When the views do not answer.
pub async fn scan_kind(
    views: &dyn Views,
    mirror: MirrorId,
    generation: Generation,
    kind: Kind,
) -> Result<Vec<(Key, Row)>, ViewsError> {
    let scan = Scan {
        mirror,
        generation,
        bucket: Bucket::SETTINGS,
        prefix: Prefix::Settings(kind),
        after: None,
        limit: PAGE,
    };
    crate::views::scan_all(views, scan).await
}

/// Rows read at a time.
const PAGE: usize = 1000;

/// The settings key of a link.
#[must_use]
pub fn link_key(channel: ChannelId) -> RowKey {
    RowKey::Setting { kind: Kind::Link, key: channel.0.to_be_bytes().to_vec() }
}

/// The settings key of the mirror itself.
#[must_use]
pub fn mirror_key() -> RowKey {
    RowKey::Setting { kind: Kind::Mirror, key: Vec::new() }
}

/// The mirror of no events whose settings, in generation 0, name all mirrors.
pub const REGISTRY: MirrorId = MirrorId(uuid::Uuid::nil());

/// Where the registry keeps the name of `mirror`.
#[must_use]
pub fn registry_key(mirror: MirrorId) -> Key {
    let row = RowKey::Setting { kind: Kind::Mirror, key: mirror.0.as_bytes().to_vec() };
    Key { mirror: REGISTRY, generation: Generation(0), bucket: Bucket::SETTINGS, row }
}

/// Every mirror that was ever declared, with its name, by id.
///
/// # Errors
/// When the views do not answer.
pub async fn mirrors(views: &dyn Views) -> Result<Vec<(MirrorId, String)>, ViewsError> {
    let rows = scan_kind(views, REGISTRY, Generation(0), Kind::Mirror).await?;
    Ok(rows.iter().filter_map(|(key, row)| Some((registered(&key.row)?, read(row)?))).collect())
}

fn registered(row: &RowKey) -> Option<MirrorId> {
    match row {
        RowKey::Setting { kind: Kind::Mirror, key } => uuid::Uuid::from_slice(key).ok().map(MirrorId),
        RowKey::Setting { .. }
        | RowKey::Message(_)
        | RowKey::Copy { .. }
        | RowKey::Revision { .. }
        | RowKey::CopyIndex(_) => None,
    }
}

/// The settings key of a grant or revocation.
#[must_use]
pub fn role_key(user: UserId, version: Version, event: EventId) -> RowKey {
    let key = [&user.0.to_be_bytes()[..], &version.0.to_be_bytes(), event.0.as_bytes()].concat();
    RowKey::Setting { kind: Kind::Role, key }
}

/// The settings key of a user.
#[must_use]
pub fn user_key(user: UserId) -> RowKey {
    RowKey::Setting { kind: Kind::User, key: user.0.to_be_bytes().to_vec() }
}

/// The settings key that says that `user` used a display name. Case and outer white space do not tell
/// names apart.
#[must_use]
pub fn name_key(name: &str, user: UserId) -> RowKey {
    let key = [name_hash(name).to_be_bytes(), user.0.to_be_bytes()].concat();
    RowKey::Setting { kind: Kind::Name, key }
}

/// The hash under which a display name is found.
#[must_use]
pub fn name_hash(name: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(name.trim().to_lowercase().as_bytes())
}

/// The settings key of a bucket.
#[must_use]
pub fn bucket_key(bucket: Bucket) -> RowKey {
    RowKey::Setting { kind: Kind::Bucket, key: bucket.0.to_be_bytes().to_vec() }
}

/// The settings key of a gap in `channel` after the message `from`.
#[must_use]
pub fn gap_key(channel: ChannelId, from: MessageId, event: EventId) -> RowKey {
    let key = [&channel.0.to_be_bytes()[..], &from.0.to_be_bytes(), event.0.as_bytes()].concat();
    RowKey::Setting { kind: Kind::Gap, key }
}

/// A gap and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownGap {
    /// The channel.
    pub channel: ChannelId,
    /// The stretch, and why.
    pub gap: Gap,
    /// When it was noticed.
    pub at: Version,
}

/// All gaps of a mirror, in key order.
///
/// # Errors
/// When the views do not answer.
pub async fn gaps_of(
    views: &dyn Views,
    mirror: MirrorId,
    generation: Generation,
) -> Result<Vec<KnownGap>, ViewsError> {
    let known = |(key, row): &(Key, Row)| {
        let RowKey::Setting { key, .. } = &key.row else { return None };
        let channel = key.first_chunk().map(|bytes| ChannelId(u64::from_be_bytes(*bytes)))?;
        Some(KnownGap { channel, gap: read(row)?, at: row.get(Column::Value)?.version })
    };
    Ok(scan_kind(views, mirror, generation, Kind::Gap).await?.iter().filter_map(known).collect())
}

/// The bucket that a row of [`Kind::Bucket`] names.
#[must_use]
pub fn bucket_of_key(row: &RowKey) -> Option<Bucket> {
    match row {
        RowKey::Setting { kind: Kind::Bucket, key } => {
            key.as_slice().try_into().ok().map(|bytes| Bucket(u32::from_be_bytes(bytes)))
        }
        RowKey::Setting { .. }
        | RowKey::Message(_)
        | RowKey::Copy { .. }
        | RowKey::Revision { .. }
        | RowKey::CopyIndex(_) => None,
    }
}

/// Whether another author of this mirror used the same display name earlier: then this one is told apart.
///
/// # Errors
/// When the views do not answer.
pub async fn is_namesake(
    views: &dyn Views,
    (mirror, generation): (MirrorId, Generation),
    author: &events::event::Author,
) -> Result<bool, ViewsError> {
    let prefix = Prefix::SettingsOfName(name_hash(&author.name));
    let scan = Scan { mirror, generation, bucket: Bucket::SETTINGS, prefix, after: None, limit: PAGE };
    let rows = crate::views::scan_all(views, scan).await?;
    let RowKey::Setting { key: own, .. } = name_key(&author.name, author.id) else { return Ok(false) };
    // The version of a name row is the negative of its first use: the greatest was first.
    let since = |row: &Row| row.get(Column::Value).map(|register| register.version);
    let first = rows.iter().max_by_key(|(_, row)| since(row));
    Ok(first.is_some_and(|(key, _)| !matches!(&key.row, RowKey::Setting { key, .. } if *key == own)))
}
