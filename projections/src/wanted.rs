//! What a channel should show of a message, what it shows, and the next step from one to the other.
//!
//! [`wanted`] and [`plan`] are pure. Live mirroring, backfill, repair and re-rendering are this
//! one comparison.

use crate::message::Message;
use crate::render::{Keep, Rendered, Slots};
use crate::settings::Settings;
use events::event::{GoneBy, Said, Shown, Thread, ThreadShown};
use events::{ChannelId, MessageId, Version};

/// What a channel should show of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The message, as of this version.
    Keep(Version),
    /// Nothing of it.
    Gone,
    /// The link owes nothing: it is cut, it only publishes, or the message is its own.
    Nothing,
}

/// What `link` should show of `message`.
#[must_use]
pub fn wanted(message: &Message, link: ChannelId, settings: &Settings) -> Wanted {
    if !settings.links.get(&link).is_some_and(crate::settings::Link::receives) {
        return Wanted::Nothing;
    }
    if message.deleted.is_some() {
        return Wanted::Gone;
    }
    let Some((_, created)) = &message.created else { return Wanted::Nothing };
    if created.channel == link {
        Wanted::Nothing
    } else if settings.is_shunned(created.author.id, message.id.made()) {
        Wanted::Gone
    } else {
        Wanted::Keep(message.version())
    }
}

/// The message without an edit that was made under a ban: a ban stops later edits too.
#[must_use]
pub fn permitted(mut message: Message, settings: &Settings) -> Message {
    let author = message.created.as_ref().map(|(_, created)| created.author.id).unwrap_or_default();
    message.edited.take_if(|(version, _)| settings.is_banned(author, *version));
    message
}

/// One copy as the views know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCopy {
    /// Its id.
    pub id: MessageId,
    /// Which part.
    pub part: u16,
    /// What it shows, with the version of that knowledge.
    pub shown: (Version, Shown),
    /// Whether and when it went, and by whom.
    pub gone: Option<(Version, GoneBy)>,
    /// The thread that it lies in.
    pub within: Option<ChannelId>,
}

impl HeldCopy {
    fn removed_by_other(&self) -> bool {
        matches!(self.gone, Some((_, GoneBy::Another)))
    }

    fn removed_by_us(&self) -> bool {
        matches!(self.gone, Some((_, GoneBy::Us)))
    }
}

/// What a channel shows of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Every copy ever posted, gone ones too, by (part, id).
    pub copies: Vec<HeldCopy>,
    /// The source version that Discord refused last.
    pub refused: Option<Version>,
    /// The threads that we opened, by the message that they stand on: what each was made to show, with the version
    /// of that knowledge.
    pub threads: Vec<(MessageId, (Version, ThreadShown))>,
}

/// How a message is held, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was ever sent.
    None,
    /// Some part of it is there.
    Live,
    /// Somebody else removed all of it: it stays removed.
    RemovedByOther,
    /// We removed all of it.
    RemovedByUs,
    /// Discord refused it, at this version.
    Refused(Version),
}

impl Held {
    /// In one word, where what others removed before `restored_at` counts as never sent.
    #[must_use]
    pub fn state(&self, restored_at: Version) -> State {
        let copies = self.since(restored_at);
        if copies.iter().any(|copy| copy.gone.is_none()) {
            State::Live
        } else if copies.iter().any(HeldCopy::removed_by_other) {
            State::RemovedByOther
        } else if !copies.is_empty() {
            State::RemovedByUs
        } else {
            self.refused.map_or(State::None, State::Refused)
        }
    }

    /// The copies that count: all, unless everything that was left was removed by others before a restore:
    /// then only what was sent again since.
    fn since(&self, restored_at: Version) -> Vec<HeldCopy> {
        let removed = |copy: &HeldCopy| matches!(copy.gone, Some((at, GoneBy::Another)) if at < restored_at);
        let (old, new): (Vec<_>, Vec<_>) =
            self.copies.iter().cloned().partition(|copy| copy.removed_by_us() || removed(copy));
        // A part is sent twice only after a restore.
        let again = |copy: &HeldCopy| new.iter().any(|new| new.part == copy.part && new.id > copy.id);
        let restored = old.iter().any(|copy| removed(copy) && (new.is_empty() || again(copy)));
        if restored { new } else { self.copies.clone() }
    }
}

/// Everything that a plan looks at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The message.
    pub message: &'a Message,
    /// The receiving channel.
    pub link: ChannelId,
    /// What it shows.
    pub held: &'a Held,
    /// The mirror's settings.
    pub settings: &'a Settings,
    /// A message of its thread is owed, so that it is too, however old it is.
    pub needed: bool,
}

/// The next step for one message in one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Wanted and held agree.
    Nothing,
    /// Post a part.
    Create(Post),
    /// Make a copy show this.
    Edit(MessageId, Post),
    /// Remove a copy.
    Delete(MessageId, u16),
}

/// One part to post or to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Which part.
    pub part: u16,
    /// What it shows.
    pub rendered: Rendered,
    /// Hash of what it was rendered from.
    pub hash: u64,
    /// It completes the first send.
    pub last: bool,
    /// The files that the copy carries afterwards: see [`Keep`].
    pub files: Vec<u64>,
}

/// Which files a message's copy carries itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files<'a> {
    /// Its last part is sent now: those that can be had.
    New,
    /// It is there: these and no others, for an edit sends none.
    Held(&'a [u64]),
}

/// The next step from held to wanted. `render` makes the parts; it is called only where something may differ.
pub fn plan(facts: Facts<'_>, render: impl Fn(Slots, Files<'_>) -> Vec<Rendered>) -> Plan {
    let restored_at = facts.settings.links.get(&facts.link).map(|link| link.restored_at).unwrap_or_default();
    let copies = facts.held.since(restored_at);
    match wanted(facts.message, facts.link, facts.settings) {
        Wanted::Nothing => Plan::Nothing,
        Wanted::Gone => remove_last(&copies, |_| true),
        Wanted::Keep(version) if facts.held.refused.is_some_and(|refused| refused >= version) => {
            Plan::Nothing
        }
        Wanted::Keep(version) => match facts.held.state(restored_at) {
            State::None | State::Refused(_) if is_first_send_owed(facts) => {
                send_rest(facts, &copies, Files::New, &render)
            }
            State::Live if is_complete(&copies) => keep_in_step(facts, version, &copies, &render),
            State::Live => send_rest(facts, &copies, Files::New, &render),
            State::None | State::Refused(_) | State::RemovedByOther | State::RemovedByUs => Plan::Nothing,
        },
    }
}

/// A first send needs a message made since the link's beginning, or one that was there before (a restore), or one
/// that has a thread to carry: made since then, or written in since then.
fn is_first_send_owed(facts: Facts<'_>) -> bool {
    let Facts { message, held, needed, .. } = facts;
    let since = facts.settings.links.get(&facts.link).map_or(Version(i64::MAX), |link| link.linked.since);
    let opened = |(at, thread): &(Version, Thread)| *at >= since && !thread.archived && !thread.deleted;
    let carries = needed || message.thread.as_ref().is_some_and(opened);
    message.said().is_some() && (message.id.made() >= since || !held.copies.is_empty() || carries)
}

/// The number of parts was fixed by the part that completed the first send.
fn is_complete(copies: &[HeldCopy]) -> bool {
    copies.iter().any(|copy| copy.shown.1.last)
}

/// The first send, or what is missing of it: parts in order, then whatever an edit made superfluous.
fn send_rest(
    facts: Facts<'_>,
    copies: &[HeldCopy],
    files: Files<'_>,
    render: &impl Fn(Slots, Files<'_>) -> Vec<Rendered>,
) -> Plan {
    let mut parts = render(Slots::Free, files);
    let count = parts.len() as u16;
    // A part that an edit made superfluous is sent again where a later one brings it back.
    let sent = |part: u16| copies.iter().any(|copy| copy.part == part && !copy.removed_by_us());
    if let Some(part) = (0..count).find(|part| !sent(*part)) {
        return Plan::Create(post(facts, parts.swap_remove(usize::from(part)), part, part + 1 == count));
    }
    // What is left are edits, which send no files.
    if parts.iter().any(|part| !part.files.is_empty()) {
        return send_rest(facts, copies, Files::Held(&[]), render);
    }
    let extra = remove_last(copies, |copy| copy.part >= count);
    if extra != Plan::Nothing {
        return extra;
    }
    // An edit shrank it to the parts already there: showing the last of them completes the send.
    match copies.iter().rfind(|copy| copy.gone.is_none() && copy.part < count) {
        Some(copy) => {
            let rendered = parts.swap_remove(usize::from(copy.part));
            Plan::Edit(copy.id, edit(facts, rendered, copy, true))
        }
        None => Plan::Nothing,
    }
}

/// The number of parts is fixed: edits and deletes only. An edit never creates, and never goes back.
fn keep_in_step(
    facts: Facts<'_>,
    version: Version,
    copies: &[HeldCopy],
    render: &impl Fn(Slots, Files<'_>) -> Vec<Rendered>,
) -> Plan {
    let standing: Vec<_> = copies.iter().filter(|copy| !copy.removed_by_us()).collect();
    if let Some(twice) = standing.windows(2).find(|two| is_doubled(two)) {
        return Plan::Delete(twice[1].id, twice[1].part);
    }
    let slots = standing.iter().map(|copy| copy.part + 1).max().unwrap_or_default();
    let stale = |copy: &&&HeldCopy| {
        copy.gone.is_none() && version >= copy.shown.1.version && copy.shown.1.hash != hash(facts, copy.part)
    };
    if !standing.iter().any(|copy| stale(&copy)) {
        return Plan::Nothing;
    }
    let mut parts = render_held(&standing, slots, render);
    let count = parts.len();
    match standing.iter().find(|copy| stale(copy) && usize::from(copy.part) < count) {
        Some(copy) => {
            let rendered = parts.swap_remove(usize::from(copy.part));
            Plan::Edit(copy.id, edit(facts, rendered, copy, copy.shown.1.last))
        }
        None => remove_last(copies, |copy| usize::from(copy.part) >= count),
    }
}

/// The parts, with the files that the last of them carries. Where the copy that has them is to go, they are links.
fn render_held(
    standing: &[&HeldCopy],
    slots: u16,
    render: &impl Fn(Slots, Files<'_>) -> Vec<Rendered>,
) -> Vec<Rendered> {
    let carrier = standing.iter().rfind(|copy| copy.gone.is_none() && !copy.shown.1.files.is_empty());
    let Some(carrier) = carrier else { return render(Slots::Fixed(slots), Files::Held(&[])) };
    let parts = render(Slots::Fixed(slots), Files::Held(&carrier.shown.1.files));
    if parts.len() == usize::from(carrier.part) + 1 {
        return parts;
    }
    render(Slots::Fixed(slots), Files::Held(&[]))
}

fn is_doubled(two: &[&HeldCopy]) -> bool {
    two[0].part == two[1].part && two[0].gone.is_none() && two[1].gone.is_none()
}

/// Removes the last live copy that `which` names: tail first, so that what is left reads well meanwhile.
fn remove_last(copies: &[HeldCopy], which: impl Fn(&HeldCopy) -> bool) -> Plan {
    let last = copies.iter().rfind(|copy| copy.gone.is_none() && which(copy));
    last.map_or(Plan::Nothing, |copy| Plan::Delete(copy.id, copy.part))
}

fn post(facts: Facts<'_>, rendered: Rendered, part: u16, last: bool) -> Post {
    let files = rendered.files.iter().map(|file| file.id).collect();
    Post { part, rendered, hash: hash(facts, part), last, files }
}

/// An edit sends no files; those that the author took back, or that are links from now on, are removed.
fn edit(facts: Facts<'_>, mut rendered: Rendered, copy: &HeldCopy, last: bool) -> Post {
    let Shown { files: had, hash, .. } = &copy.shown.1;
    let stays = |id: &u64| if rendered.files.iter().any(|file| file.id == *id) { *id } else { 0 };
    let keeps: Vec<u64> = had.iter().map(stays).collect();
    rendered.keep = Keep::of(had, &keeps, *hash == 0);
    Post { files: keeps, ..post(facts, rendered, copy.part, last) }
}

/// Hash of what a part is rendered from: the author's own words. Names, avatars and the quote of a reply
/// are not in it, so nothing is rendered again when those change. Never zero.
fn hash(facts: Facts<'_>, part: u16) -> u64 {
    let nothing = Said::default();
    let said = facts.message.said().unwrap_or(&nothing);
    // An attachment's URL is signed anew each time; its id says whether it is the same file.
    let files: Vec<_> = said.attachments.iter().map(|file| (file.id, &file.name)).collect();
    let words = (&said.text, files, &said.stickers, &said.embeds, &said.poll, &said.forward, part);
    let bytes = rmp_serde::to_vec(&words).unwrap_or_default();
    xxhash_rust::xxh3::xxh3_64(&bytes).max(1)
}
