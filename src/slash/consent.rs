//! Who may answer a request, and who may make one: every check in one place. Pure.

use super::interaction::Scene;
use crate::discord::powers::Powers;
use events::{ChannelId, EventId, Version};
use projections::requests::{Request, RequestEnd};
use projections::settings::Settings;

/// What it takes to decide over a channel.
pub const KEEPER: Powers = Powers(Powers::MANAGE_CHANNELS.0 | Powers::MANAGE_WEBHOOKS.0);

/// Requests of one mirror that may be open at once.
pub const OPEN_MAX: usize = 20;

/// Why somebody may not do what they try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// In a direct message nobody has rights.
    Direct,
    /// No request of this id, or no button of ours.
    NoRequest,
    /// The button is for a channel of another guild.
    OtherGuild,
    /// The button is for another channel of this guild.
    OtherChannel,
    /// It was answered or taken back.
    Ended(RequestEnd),
    /// It was not answered in time.
    Expired,
    /// The person lacks rights in the channel.
    Powerless(Vec<&'static str>),
    /// Whoever asked has left, or lost the rights there.
    AskerPowerless,
    /// The channel in whose name it was asked is no member any more.
    MemberCut,
}

impl Denial {
    /// To the person. What is nobody's business here sounds as if it were not there.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Direct => "Type this in a channel of your server: in a direct message nobody has rights.".into(),
            Self::NoRequest | Self::OtherGuild | Self::OtherChannel => {
                "This button is no longer good. `/mirror accept` in the channel that was asked shows what is open.".into()
            }
            Self::Ended(RequestEnd::Accepted) => "It was accepted already.".into(),
            Self::Ended(RequestEnd::Refused) => "It was refused already.".into(),
            Self::Ended(RequestEnd::Withdrawn) => "It was taken back by those who asked.".into(),
            Self::Expired => "It is too old: they may ask again.".into(),
            Self::Powerless(missing) => format!("You need {} in that channel to do this.", missing.join(" and ")),
            Self::AskerPowerless => {
                "Whoever asked may no longer decide over the channel on the other side: somebody there who may has to \
                 ask again."
                    .into()
            }
            Self::MemberCut => "The channel in whose name it was asked is no member any more.".into(),
        }
    }

    /// For the log.
    #[must_use]
    pub fn recorded(&self) -> String {
        match self {
            Self::Direct => "in a direct message".into(),
            Self::NoRequest => "there is no such request".into(),
            Self::OtherGuild => "in a guild that was not asked".into(),
            Self::OtherChannel => "in a channel that was not asked".into(),
            Self::Ended(end) => format!("the request had ended: {end:?}").to_lowercase(),
            Self::Expired => "the request was too old".into(),
            Self::Powerless(missing) => format!("lacks {}", missing.join(", ")),
            Self::AskerPowerless => "whoever asked lacks the rights now".into(),
            Self::MemberCut => "the channel in whose name it was asked is cut".into(),
        }
    }
}

/// Whether a person with these rights decides over a channel.
///
/// # Errors
/// [`Denial::Powerless`].
pub fn keeper(powers: Powers, needed: Powers) -> Result<(), Denial> {
    if powers.has(needed) { Ok(()) } else { Err(Denial::Powerless(powers.missing(needed))) }
}

/// Whether this person may answer, here and now.
///
/// # Errors
/// See [`Denial`].
pub fn may_answer(request: &Request, scene: &Scene, now: Version) -> Result<(), Denial> {
    let guild = scene.guild.ok_or(Denial::Direct)?;
    if guild != request.asked.terms.guild {
        return Err(Denial::OtherGuild);
    }
    if scene.channel != request.asked.channel {
        return Err(Denial::OtherChannel);
    }
    keeper(scene.powers, KEEPER)?;
    match request.ended() {
        Some(end) => Err(Denial::Ended(end)),
        None if !request.is_open(now) => Err(Denial::Expired),
        None => Ok(()),
    }
}

/// Whether what was asked still stands on the side that asked. `powers`: those of whoever asked, in the channel in
/// whose name; `None`: not a member any more.
///
/// # Errors
/// See [`Denial`].
pub fn still_asked(request: &Request, settings: &Settings, powers: Option<Powers>) -> Result<(), Denial> {
    let from = settings.links.get(&request.asked.terms.from);
    if !from.is_some_and(|link| link.is_open() && link.linked.guild == request.asked.guild) {
        return Err(Denial::MemberCut);
    }
    if powers.is_some_and(|powers| powers.has(KEEPER)) { Ok(()) } else { Err(Denial::AskerPowerless) }
}

/// Requests for a channel that may be answered now, oldest first.
#[must_use]
pub fn open_for(settings: &Settings, channel: ChannelId, now: Version) -> Vec<(EventId, &Request)> {
    let open = settings.requests.iter().filter(|(_, request)| request.is_open(now));
    let mut found: Vec<_> = open
        .filter(|(_, request)| request.asked.channel == channel)
        .map(|(id, request)| (*id, request))
        .collect();
    found.sort_by_key(|(id, request)| (request.at, *id));
    found
}

/// How many requests of a mirror may be answered now.
#[must_use]
pub fn open_count(settings: &Settings, now: Version) -> usize {
    settings.requests.values().filter(|request| request.is_open(now)).count()
}

#[cfg(test)]
mod tests;
