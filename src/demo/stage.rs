//! The stage: the stand-in with the play's channels and people, and a record of what was said.

use super::judge::{Verdict, Wanted, judge};
use super::play::{Act, Line, Play};
use standin::{Said, Shown, Standin};
use std::collections::{BTreeMap, HashMap, HashSet};

/// One message that was said.
#[derive(Clone, Debug)]
struct Sent {
    channel: usize,
    id: u64,
    author: String,
    text: String,
    deleted: bool,
    /// Its author was banned before.
    shunned: bool,
}

/// A channel on the stage.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its mirror's name.
    pub(super) mirror: String,
    /// Its guild.
    pub(super) guild: u64,
    /// Its id.
    pub(super) id: u64,
    /// `#name` and guild, for people.
    pub(super) title: String,
}

/// The stage.
pub(super) struct Stage {
    /// The stand-in.
    pub(super) discord: Standin,
    /// The channels of the play, in its order.
    pub(super) places: Vec<Place>,
    users: HashMap<String, u64>,
    sent: Vec<Sent>,
    banned: HashSet<String>,
    copies: HashMap<(u64, String), u64>,
    /// Copies are in the order of each source channel alone: one that is read again does not hold up the others.
    pub(super) is_ordered_by_channel: bool,
    /// A channel that was made anew from the log, and where each message stands on that.
    from_log: Option<(u64, HashMap<u64, usize>)>,
    /// Edits done.
    pub(super) edits: usize,
    /// Messages removed.
    pub(super) deletes: usize,
}

impl Stage {
    /// Makes the guilds and channels of a play.
    #[must_use]
    pub(super) fn new(discord: Standin, play: &Play) -> Self {
        let mut guilds = BTreeMap::new();
        let places = play.channels.iter().map(|channel| {
            let guild =
                *guilds.entry(channel.guild.clone()).or_insert_with(|| discord.create_guild(&channel.guild));
            Place {
                mirror: channel.mirror.clone(),
                guild,
                id: discord.create_channel(guild, &channel.name),
                title: format!("#{} ({})", channel.name, channel.guild),
            }
        });
        let places = places.collect();
        Self {
            discord,
            places,
            users: HashMap::new(),
            sent: Vec::new(),
            banned: HashSet::new(),
            copies: HashMap::new(),
            is_ordered_by_channel: false,
            from_log: None,
            edits: 0,
            deletes: 0,
        }
    }

    /// Messages said so far.
    #[must_use]
    pub(super) fn messages(&self) -> usize {
        self.sent.len()
    }

    /// Copies that the messages said so far call for, roughly: edits and deletes are not counted.
    #[must_use]
    pub(super) fn owed(&self) -> usize {
        let receivers = |sent: &Sent| self.receivers(sent.channel);
        self.sent.iter().filter(|sent| !sent.shunned).map(receivers).sum()
    }

    fn receivers(&self, channel: usize) -> usize {
        let mirror = &self.places[channel].mirror;
        self.places.iter().filter(|place| place.mirror == *mirror).count() - 1
    }

    /// A user's id.
    pub(super) fn user(&mut self, name: &str) -> u64 {
        let discord = &self.discord;
        *self.users.entry(name.to_owned()).or_insert_with(|| discord.create_user(name))
    }

    /// The operator's ban counts from now on.
    pub(super) fn ban(&mut self, author: &str) {
        self.banned.insert(author.to_owned());
    }

    /// A channel is made anew: from now on its copies are to stand in this order of their sources.
    pub(super) fn made_anew(&mut self, channel: u64, sources: &[u64]) {
        let mut order = HashMap::new();
        for (place, source) in sources.iter().enumerate() {
            order.entry(*source).or_insert(place);
        }
        self.from_log = Some((channel, order));
    }

    /// A copy appeared: so people can answer it.
    pub(super) fn saw(&mut self, shown: &Shown) {
        if shown.webhook.is_some() && self.copies.len() < COPIES_MAX {
            self.copies.insert((shown.channel, shown.content.to_string()), shown.id);
        }
    }

    /// Does what an act says, as a person on Discord would. A ban is not done here.
    pub(super) fn perform(&mut self, act: &Act) {
        match act {
            Act::Say(line) => self.say(line),
            Act::Edit(number, text) => self.edit(*number, text),
            Act::Delete(number) => self.delete(*number),
            Act::BulkDelete(numbers) => self.bulk_delete(numbers),
            Act::Ban(_) => {}
        }
    }

    fn say(&mut self, line: &Line) {
        let user = self.user(&line.author);
        let channel = self.places[line.channel].id;
        let reply_to = line.reply_to.and_then(|number| self.nearest(number, line.channel));
        let id = self.discord.say_with(channel, user, &line.text, Said { reply_to, ..Said::default() });
        self.sent.push(Sent {
            channel: line.channel,
            id,
            author: line.author.clone(),
            text: line.text.clone(),
            deleted: false,
            shunned: self.banned.contains(&line.author),
        });
    }

    /// What a person in `channel` would answer: the message itself, or its copy there.
    fn nearest(&self, number: usize, channel: usize) -> Option<u64> {
        let sent = self.sent.get(number).filter(|sent| !sent.deleted)?;
        if sent.channel == channel {
            return Some(sent.id);
        }
        self.copies.get(&(self.places[channel].id, sent.text.clone())).copied()
    }

    fn edit(&mut self, number: usize, text: &str) {
        let Some(sent) = self.sent.get_mut(number).filter(|sent| !sent.deleted) else { return };
        if self.discord.edit(self.places[sent.channel].id, sent.id, text) {
            text.clone_into(&mut sent.text);
            self.edits += 1;
        }
    }

    fn delete(&mut self, number: usize) {
        let Some(sent) = self.sent.get_mut(number).filter(|sent| !sent.deleted) else { return };
        if self.discord.delete(self.places[sent.channel].id, sent.id) {
            sent.deleted = true;
            self.deletes += 1;
        }
    }

    fn bulk_delete(&mut self, numbers: &[usize]) {
        let Some(channel) =
            numbers.first().and_then(|number| self.sent.get(*number)).map(|sent| sent.channel)
        else {
            return;
        };
        let mut ids = Vec::new();
        for number in numbers {
            if let Some(sent) =
                self.sent.get_mut(*number).filter(|sent| !sent.deleted && sent.channel == channel)
            {
                sent.deleted = true;
                ids.push(sent.id);
            }
        }
        self.deletes += self.discord.bulk_delete(self.places[channel].id, &ids);
    }

    /// Judges every channel of the play.
    #[must_use]
    pub(super) fn judge(&self) -> Verdict {
        let mut verdict = Verdict::default();
        for (channel, place) in self.places.iter().enumerate() {
            let shown: Vec<Shown> = self.copies_in(place.id);
            verdict.add(judge(&self.wanted(channel), &shown));
        }
        verdict.latencies_ms.sort_unstable();
        verdict
    }

    /// The copies that a channel shows, in order.
    #[must_use]
    pub(super) fn copies_in(&self, channel: u64) -> Vec<Shown> {
        let mut shown = self.discord.messages(channel);
        shown.retain(|message| message.webhook.is_some());
        shown
    }

    fn wanted(&self, channel: usize) -> Vec<Wanted> {
        let mirror = &self.places[channel].mirror;
        let meant = |sent: &&Sent| {
            sent.channel != channel
                && self.places[sent.channel].mirror == *mirror
                && !sent.deleted
                && !sent.shunned
        };
        let order = |sent: &Sent| if self.is_ordered_by_channel { sent.channel } else { 0 };
        let wanted = |sent: &Sent| Wanted {
            id: sent.id,
            order: order(sent),
            author: sent.author.clone(),
            text: sent.text.clone(),
        };
        let mut sources: Vec<Wanted> = self.sent.iter().filter(meant).map(wanted).collect();
        if let Some((_, order)) = self.from_log.as_ref().filter(|(of, _)| *of == self.places[channel].id) {
            sources.sort_by_key(|source| order.get(&source.id));
        }
        sources
    }
}

/// Copies remembered for answers to them.
const COPIES_MAX: usize = 1_000_000;
