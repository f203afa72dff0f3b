//! `link` and `cut`: who is a member, as far as it is this guild's to say.

use super::{About, Act, At, KEEPER, Stop, consent, keeper, lines, moment, name, sight};
use crate::commands::ask::{Cut, Link};
use crate::commands::consent::Agreed;
use crate::commands::{Command, words};
use crate::discord::powers::Powers;
use crate::slash::consent::{OPEN_MAX, open_count, open_for};
use crate::slash::reply::Reply;
use crate::slash::sight::Seen;
use events::event::{Consent, ConsentStep, Terms};
use events::{ChannelId, GuildId, Version};
use projections::lanes::LaneId;
use projections::requests::GOOD_FOR_US;

/// How a channel is to take part: ((publishes, receives), backfill).
type Part = ((bool, bool), bool);

/// A channel that somebody means.
#[derive(Clone, Copy)]
enum Spot {
    /// Of this guild.
    Own(ChannelId),
    /// Of another, or of one that we are not in: that is not told.
    Foreign(GuildId, ChannelId),
}

impl Act {
    pub(super) async fn link(
        &self,
        at: At,
        (mirror, channel): (&str, Option<&str>),
        part: Part,
    ) -> Result<Reply, Stop> {
        match self.spot(at, channel).await? {
            Spot::Own(channel) => self.link_own(at, mirror, channel, part).await,
            Spot::Foreign(guild, channel) => self.ask(at, mirror, (guild, channel), part).await,
        }
    }

    /// Whose channel is meant. What an address says of its guild counts only where it is not this one.
    async fn spot(&self, at: At, word: Option<&str>) -> Result<Spot, Stop> {
        let Some(word) = word else { return Ok(Spot::Own(at.scene.channel)) };
        let said = words::channel(word)?;
        if said.guild.0 != 0 && said.guild != at.guild {
            return Ok(Spot::Foreign(said.guild, said.channel));
        }
        let known = match &self.desk.live {
            Some(live) => live.channel(said.channel).await,
            None => None,
        };
        if said.channel == at.scene.channel || known.is_some_and(|known| known.guild == at.guild) {
            return Ok(Spot::Own(said.channel));
        }
        Err(Stop::Words(
            "There is no such channel here. For a channel of another server, give its link: \"Copy Link\" in Discord."
                .to_owned(),
        ))
    }

    /// A channel of this guild: whoever decides over it speaks for both sides.
    async fn link_own(&self, at: At, word: &str, channel: ChannelId, part: Part) -> Result<Reply, Stop> {
        let seen = self.seen(at.guild);
        let picked = sight::pick(&seen, word).ok();
        let powers = self.powers(at, at.scene.user, channel).await?.unwrap_or(Powers::NONE);
        let about = About { mirror: picked.as_ref().map(|seen| seen.id), channel, ..About::default() };
        keeper(powers, KEEPER).map_err(|denial| Stop::Denied(denial, about))?;
        let mirror = match &picked {
            Some(seen) => seen.id.to_string(),
            None => sight::name_of_new(word, (self.desk.ids)()),
        };
        let agreed = Agreed { request: None, by: at.scene.user, guild: at.guild };
        let link =
            Link { mirror, channel: channel.to_string(), guild: Some(at.guild.to_string()), ..taking(part) };
        let said = lines(consent::link(&self.desk, link, agreed).await?);
        match picked {
            Some(seen) => {
                self.let_go(LaneId { mirror: seen.id, link: channel }).await;
                Ok(Reply::words(said))
            }
            None => Ok(Reply::words(format!("{said}{}", meant(word, &seen)))),
        }
    }

    /// A channel of another guild is asked. Nothing is posted there, and nothing is told of it, not even whether this bot
    /// is there.
    async fn ask(
        &self,
        at: At,
        word: &str,
        (guild, channel): (GuildId, ChannelId),
        ((publishes, receives), backfill): Part,
    ) -> Result<Reply, Stop> {
        let seen = sight::pick(&self.seen(at.guild), word)?;
        let from = self.member_keeper(at, &seen, KEEPER).await?;
        let _one = self.deciding.lock().await;
        let settings = consent::settings(&self.desk, seen.id).await?;
        let now = self.desk.clock.now();
        let mirror = name(&seen.settings.name);
        if let Some((_, open)) = open_for(&settings, channel, now).first() {
            return Ok(Reply::words(how_to_accept(&mirror, channel, open.until())));
        }
        if open_count(&settings, now) >= OPEN_MAX {
            let words = format!(
                "{OPEN_MAX} requests of {mirror} wait for an answer already: take one back first, with `/mirror cut`."
            );
            return Err(Stop::Words(words));
        }
        let terms = Terms { from, guild, publishes, receives, backfill };
        let by = (at.scene.user, at.guild);
        consent::ask(&self.desk, (seen.id, channel), by, terms).await?;
        Ok(Reply::words(how_to_accept(&mirror, channel, Version(now.0 + GOOD_FOR_US))))
    }

    pub(super) async fn cut(&self, at: At, word: &str, channel: Option<&str>) -> Result<Reply, Stop> {
        let seen = sight::pick(&self.seen(at.guild), word)?;
        let channel = match channel {
            None => at.scene.channel,
            Some(word) => words::channel(word)?.channel,
        };
        if !seen.own(at.guild).any(|(own, _)| own == channel) {
            return self.take_back(at, &seen, channel).await;
        }
        let powers = self.powers(at, at.scene.user, channel).await?.unwrap_or(Powers::NONE);
        let about = About { mirror: Some(seen.id), channel, ..About::default() };
        keeper(powers, KEEPER).map_err(|denial| Stop::Denied(denial, about))?;
        let (mirror, channel) = (seen.id.to_string(), channel.to_string());
        self.done(Command::Cut(Cut { mirror, channel, dry_run: false })).await
    }

    /// A request of this guild is taken back.
    async fn take_back(&self, at: At, seen: &Seen, channel: ChannelId) -> Result<Reply, Stop> {
        self.member_keeper(at, seen, KEEPER).await?;
        let _one = self.deciding.lock().await;
        let settings = consent::settings(&self.desk, seen.id).await?;
        let open = open_for(&settings, channel, self.desk.clock.now());
        let own = open.iter().find(|(_, request)| request.asked.guild == at.guild);
        let Some((request, _)) = own else {
            let mirror = name(&seen.settings.name);
            return Err(Stop::Words(format!(
                "No channel of this server with that id takes part in {mirror}."
            )));
        };
        let (by, guild) = (at.scene.user, at.guild);
        let consent = Consent { request: *request, by, guild, step: ConsentStep::Withdrawn };
        consent::step(&self.desk, (seen.id, channel), consent).await?;
        Ok(Reply::words("The request is taken back."))
    }

    /// A lane that was held for want of consent goes on; any other reason holds it again.
    pub(super) async fn let_go(&self, lane: LaneId) {
        if let Some(live) = &self.desk.live {
            // It was not held, as a rule.
            drop(live.release(lane, false).await);
        }
    }
}

/// A new mirror may have been a slip: says so where one of this guild's is called almost the same.
fn meant(word: &str, seen: &[Seen]) -> String {
    let words = |near: &Seen| {
        let near = name(&near.settings.name);
        format!("\n(This server takes part in {near}, too. If you meant that one, cut this one again.)")
    };
    sight::near(seen, word).map(words).unwrap_or_default()
}

/// How a channel takes part, as a command says it.
pub(super) fn taking(((publishes, receives), backfill): Part) -> Link {
    Link {
        publish_only: publishes && !receives,
        receive_only: receives && !publishes,
        backfill,
        ..Link::default()
    }
}

fn how_to_accept(mirror: &str, channel: ChannelId, until: Version) -> String {
    format!(
        "Asked. Nothing was posted there. Somebody who has Manage Channels and Manage Webhooks in <#{channel}> types \
         `/mirror accept` there and sees that {mirror} asks. It may be answered until {}.",
        moment(until)
    )
}
