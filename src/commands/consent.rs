//! Consent on the log: what somebody in Discord asked or answered. Whether they may is decided before (`slash::consent`).

use super::answer::Answer;
use super::ask::Link;
use super::link::link_as;
use super::{CommandError, Desk};
use events::event::{Consent, ConsentStep, Linked, Terms};
use events::{Body, ChannelId, Event, EventId, GuildId, MirrorId, UserId};

/// Somebody's word that a channel may be a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// The request that is accepted; none: the person speaks for both sides.
    pub(crate) request: Option<EventId>,
    /// Who.
    pub(crate) by: UserId,
    /// In which guild.
    pub(crate) guild: GuildId,
}

impl Agreed {
    /// Its events, of the same version as the link that they lead to.
    pub(super) fn events(self, linked: &Linked, event: &impl Fn(Body) -> Event) -> Vec<Event> {
        let Self { request, by, guild } = self;
        let step = |request, step| Body::Consent(Consent { request, by, guild, step });
        let own = request.is_none().then(|| {
            let Linked { publishes, receives, .. } = *linked;
            let backfill = linked.since == Linked::BEGINNING;
            let terms = Terms { from: ChannelId(0), guild, publishes, receives, backfill };
            let mut asked = event(step(EventId::default(), ConsentStep::Asked(terms.clone())));
            asked.body = step(asked.id, ConsentStep::Asked(terms));
            asked
        });
        let request = own.as_ref().map(|asked| asked.id).or(request).unwrap_or_default();
        own.into_iter().chain([event(step(request, ConsentStep::Accepted))]).collect()
    }
}

/// A request is made; returns its id.
pub(crate) async fn ask(
    desk: &Desk,
    (mirror, channel): (MirrorId, ChannelId),
    (by, guild): (UserId, GuildId),
    terms: Terms,
) -> Result<EventId, CommandError> {
    let request = EventId((desk.ids)());
    let consent = Consent { request, by, guild, step: ConsentStep::Asked(terms) };
    let event = desk.event(mirror, channel, desk.clock.now(), Body::Consent(consent));
    desk.append(mirror, vec![Event { id: request, ..event }]).await?;
    Ok(request)
}

/// Any other step; a mirror that nobody knows takes what was tried without one.
pub(crate) async fn step(
    desk: &Desk,
    (mirror, channel): (MirrorId, ChannelId),
    consent: Consent,
) -> Result<(), CommandError> {
    let event = desk.event(mirror, channel, desk.clock.now(), Body::Consent(consent));
    desk.append(mirror, vec![event]).await
}

/// A channel is linked on somebody's word.
pub(crate) async fn link(desk: &Desk, ask: Link, agreed: Agreed) -> Result<Answer, CommandError> {
    Box::pin(link_as(desk, ask, Some(agreed))).await
}

/// A mirror as it is now: id, name, settings.
pub(crate) async fn settings(
    desk: &Desk,
    mirror: MirrorId,
) -> Result<projections::settings::Settings, CommandError> {
    desk.up_to_date(desk.ports.partition(mirror)).await?;
    let known = tools::mirrors::Known { id: mirror, name: String::new() };
    Ok(desk.load(known).await?.settings)
}

/// A user asks to be forgotten.
pub(crate) async fn forget(desk: &Desk, mirror: MirrorId, user: UserId) -> Result<(), CommandError> {
    let grant = events::event::Grant { user, role: events::event::Grant::FORGET.to_owned(), purge: false };
    let event = desk.event(mirror, ChannelId(0), desk.clock.now(), Body::RoleGranted(grant));
    desk.append(mirror, vec![event]).await
}
