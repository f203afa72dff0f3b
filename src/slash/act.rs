//! What is asked in Discord, done: by the same commands as on the command line.

mod answer;
mod link;
mod look;

use super::consent::{Denial, KEEPER, keeper};
use super::interaction::{Scene, Wish};
use super::reply::{Reply, name};
use super::sight::{self, Seen};
use crate::commands::{Answer, Command, CommandError, Deaf, Desk, ask, consent, execute};
use crate::consents::Rights;
use crate::discord::powers::Powers;
use crate::links::Links;
use events::event::{Consent, ConsentStep};
use events::{ChannelId, EventId, GuildId, MirrorId, UserId, Version};
use projections::settings::REGISTRY;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tools::when;

/// Attempts that are recorded in an hour; what is denied beyond is only told in the node's own log.
const RECORDED_MAX: usize = 200;
const HOUR_US: i64 = 3_600_000_000;

/// Does what is asked.
pub struct Act {
    /// All that commands work with.
    desk: Desk,
    /// The newest links.
    links: Arc<Links>,
    /// What somebody may do.
    rights: Arc<dyn Rights>,
    /// When attempts were recorded, in the last hour.
    recorded: Mutex<VecDeque<Version>>,
    /// Held from a look at a request to what is made of it: two who answer at once must not both find it open.
    deciding: tokio::sync::Mutex<()>,
}

/// Why there is no other answer.
enum Stop {
    /// It is not theirs to do: recorded, with the request that it was about.
    Denied(Denial, About),
    /// Anything else, in words for the person.
    Words(String),
}

/// What an attempt was about.
#[derive(Clone, Copy, Default)]
struct About {
    mirror: Option<MirrorId>,
    channel: ChannelId,
    request: EventId,
}

impl From<CommandError> for Stop {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Wrong(words) => Self::Words(words),
            CommandError::Failed(why) => {
                tracing::warn!(why, "a slash command was not done");
                Self::Words(
                    "It could not be done now. Try again, or tell the operator of this bot.".to_owned(),
                )
            }
        }
    }
}

impl From<String> for Stop {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl Act {
    /// Nothing was recorded yet.
    #[must_use]
    pub fn new(desk: Desk, links: Arc<Links>, rights: Arc<dyn Rights>) -> Self {
        Self { desk, links, rights, recorded: Mutex::default(), deciding: tokio::sync::Mutex::default() }
    }

    /// Does it, and says what came of it.
    pub async fn perform(&self, scene: Scene, wish: &Wish) -> Reply {
        match Box::pin(self.wish(scene, wish)).await {
            Ok(reply) => reply,
            Err(Stop::Words(words)) => Reply::words(words),
            Err(Stop::Denied(denial, about)) => {
                self.record(scene, &denial, about).await;
                Reply::words(denial.words())
            }
        }
    }

    async fn wish(&self, scene: Scene, wish: &Wish) -> Result<Reply, Stop> {
        let at = match (scene.guild, wish) {
            (Some(guild), _) => At { guild, scene },
            // The request says which mirror's log is to know of it.
            (None, Wish::Answer { request, .. }) => {
                return Err(Stop::Denied(Denial::Direct, self.about(*request)));
            }
            (None, _) => return Err(Stop::Denied(Denial::Direct, About::default())),
        };
        match wish {
            Wish::Link { mirror, channel, part, backfill } => {
                self.link(at, (mirror, channel.as_deref()), (*part, *backfill)).await
            }
            Wish::Accept => self.asked_for(at).await,
            Wish::Answer { request, accept } => self.answer(at, *request, *accept).await,
            Wish::Cut { mirror, channel } => self.cut(at, mirror, channel.as_deref()).await,
            Wish::List => self.list(at),
            Wish::Status => self.status(at).await,
            Wish::Lineage { message } => self.lineage(at, message).await,
            Wish::Ban { mirror, user, purge, lift } => self.ban(at, mirror, (*user, *purge, *lift)).await,
            Wish::ForgetMe => self.forget(at).await,
            Wish::Unknown => {
                Err(Stop::Denied(Denial::NoRequest, About { channel: scene.channel, ..About::default() }))
            }
        }
    }

    async fn ban(
        &self,
        at: At,
        word: &str,
        (user, purge, lift): (UserId, bool, bool),
    ) -> Result<Reply, Stop> {
        let seen = sight::pick(&self.seen(at.guild), word)?;
        self.member_keeper(at, &seen, KEEPER | Powers::BAN_MEMBERS).await?;
        let (user, mirror) = (user.to_string(), seen.id.to_string());
        let command = if lift {
            Command::Unban(ask::Unban { user, mirror, dry_run: false })
        } else {
            Command::Ban(ask::Ban { user, mirror, purge, dry_run: false })
        };
        self.done(command).await
    }

    async fn forget(&self, at: At) -> Result<Reply, Stop> {
        let user = at.scene.user;
        let seen = self.seen(at.guild);
        for mirror in seen.iter().filter(|seen| !seen.settings.forget.contains_key(&user)) {
            consent::forget(&self.desk, mirror.id, user).await?;
        }
        Ok(Reply::words(if seen.is_empty() {
            "This server takes part in no mirror: nothing of yours is kept from here."
        } else {
            "It is recorded that you ask to be forgotten. The operator of this bot sees it and decides; until then what \
             you wrote stays where it is."
        }))
    }

    /// Does a command, and answers with its lines.
    async fn done(&self, command: Command) -> Result<Reply, Stop> {
        Ok(Reply::words(lines(execute(&self.desk, command, &Deaf).await?)))
    }

    fn seen(&self, guild: GuildId) -> Vec<Seen> {
        sight::seen(&self.links.now(), guild)
    }

    /// What somebody may do in a channel: where they typed, Discord has said it.
    async fn powers(&self, at: At, user: UserId, channel: ChannelId) -> Result<Option<Powers>, Stop> {
        if user == at.scene.user && channel == at.scene.channel {
            return Ok(Some(at.scene.powers));
        }
        let asked = self.rights.of(user, channel).await;
        asked.map_err(|_| Stop::Words("Discord did not say who may do what. Try again.".to_owned()))
    }

    /// This guild's member channel in whose name the person may speak: this one, else its first in the mirror.
    async fn member_keeper(&self, at: At, seen: &Seen, needed: Powers) -> Result<ChannelId, Stop> {
        let own: Vec<_> = seen.own(at.guild).map(|(channel, _)| channel).collect();
        let here = own.contains(&at.scene.channel).then_some(at.scene.channel);
        let Some(channel) = here.or(own.first().copied()) else {
            return Err(Stop::Words("This server takes part in it no longer.".to_owned()));
        };
        let powers = self.powers(at, at.scene.user, channel).await?.unwrap_or(Powers::NONE);
        let about = About { mirror: Some(seen.id), channel, ..About::default() };
        keeper(powers, needed).map_err(|denial| Stop::Denied(denial, about))?;
        Ok(channel)
    }

    /// What a request is about, as far as anybody knows it.
    fn about(&self, request: EventId) -> About {
        let table = self.links.now();
        let found =
            table.all().find_map(|(mirror, settings)| Some((mirror, settings.requests.get(&request)?)));
        let found = found.map(|(mirror, known)| (mirror, known.asked.channel));
        About {
            mirror: found.map(|(mirror, _)| mirror),
            channel: found.map_or(ChannelId(0), |(_, at)| at),
            request,
        }
    }

    /// Puts an attempt on the log.
    async fn record(&self, scene: Scene, denial: &Denial, about: About) {
        let why = denial.recorded();
        let Scene { user, channel, guild, .. } = scene;
        tracing::warn!(%user, %channel, guild = guild.map_or(0, |guild| guild.0), why, "a slash command was denied");
        if !self.may_record() {
            return;
        }
        let guild = guild.unwrap_or_default();
        let consent = Consent { request: about.request, by: user, guild, step: ConsentStep::Denied(why) };
        let place =
            (about.mirror.unwrap_or(REGISTRY), if about.channel.0 == 0 { channel } else { about.channel });
        if let Err(error) = consent::step(&self.desk, place, consent).await {
            tracing::warn!(%error, "a denied slash command cannot be recorded");
        }
    }

    fn may_record(&self) -> bool {
        let now = self.desk.clock.now();
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.retain(|at| at.0 > now.0 - HOUR_US);
        let may = recorded.len() < RECORDED_MAX;
        if may {
            recorded.push_back(now);
        }
        may
    }
}

/// Where somebody is, in a guild.
#[derive(Clone, Copy)]
struct At {
    guild: GuildId,
    scene: Scene,
}

/// What a command that changes something says, with names in the place of ids.
fn lines(answer: Answer) -> String {
    match answer {
        Answer::Changed(changed) => {
            changed.lines.iter().map(|line| named(line)).collect::<Vec<_>>().join("\n")
        }
        _ => "Done.".to_owned(),
    }
}

/// A line of the command line as people read it in Discord: `channel 42` and `user 77` as mentions, times as moments.
fn named(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let digits = word.trim_end_matches(|letter: char| letter.is_ascii_punctuation());
        let rest = &word[digits.len()..];
        let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let sign = match words.last().map(String::as_str) {
            Some("channel") if is_id => '#',
            Some("user") if is_id => '@',
            _ => {
                let time = word.parse::<jiff::Timestamp>();
                words.push(time.map_or(word.to_owned(), |time| moment(Version(time.as_microsecond()))));
                continue;
            }
        };
        words.pop();
        words.push(format!("<{sign}{digits}>{rest}"));
    }
    words.join(" ")
}

/// A moment as each reader's own clock shows it. Source: Discord, "Message Formatting".
fn moment(at: Version) -> String {
    format!("<t:{}:f>", at.0 / 1_000_000)
}

#[cfg(test)]
mod tests;
