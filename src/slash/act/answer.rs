//! Who asked for a channel, and what is answered.

use super::link::taking;
use super::{About, Act, At, KEEPER, Stop, consent, keeper, lines, moment, name};
use crate::commands::ask::Link;
use crate::commands::consent::Agreed;
use crate::slash::consent::{Denial, may_answer, open_for, still_asked};
use crate::slash::reply::Reply;
use events::event::{Consent, ConsentStep, Terms};
use events::{EventId, MirrorId};
use projections::lanes::LaneId;
use projections::requests::Request;
use projections::settings::Settings;

impl Act {
    /// The open requests for this channel, with buttons.
    pub(super) async fn asked_for(&self, at: At) -> Result<Reply, Stop> {
        let now = self.desk.clock.now();
        let table = self.links.now();
        let mut found: Vec<_> = Vec::new();
        for (mirror, settings) in table.all() {
            let open = open_for(settings, at.scene.channel, now).into_iter();
            let here = open.filter(|(_, request)| request.asked.terms.guild == at.guild);
            found.extend(here.map(|(id, request)| (mirror, settings, id, request)));
        }
        found.sort_by_key(|(_, _, id, request)| (request.at, *id));
        let about = found.first().map_or(
            About { channel: at.scene.channel, ..About::default() },
            |(mirror, _, request, _)| About {
                mirror: Some(*mirror),
                channel: at.scene.channel,
                request: *request,
            },
        );
        keeper(at.scene.powers, KEEPER).map_err(|denial| Stop::Denied(denial, about))?;
        found.truncate(Reply::REQUESTS_MAX);
        let lines: Vec<_> = found
            .iter()
            .enumerate()
            .map(|(number, (_, settings, _, request))| shown(number + 1, settings, request))
            .collect();
        if lines.is_empty() {
            return Ok(Reply::words("Nobody asks for this channel."));
        }
        let requests = found.iter().map(|(_, _, id, _)| *id).collect();
        Ok(Reply { text: lines.join("\n"), requests })
    }

    /// A button was pressed.
    pub(super) async fn answer(&self, at: At, request: EventId, accept: bool) -> Result<Reply, Stop> {
        let about = self.about(request);
        let denied = |denial| Stop::Denied(denial, about);
        let mirror = about.mirror.ok_or_else(|| denied(Denial::NoRequest))?;
        let _one = self.deciding.lock().await;
        let settings = consent::settings(&self.desk, mirror).await?;
        let known = settings.requests.get(&request).ok_or_else(|| denied(Denial::NoRequest))?;
        may_answer(known, &at.scene, self.desk.clock.now()).map_err(denied)?;
        if !accept {
            let (by, guild) = (at.scene.user, at.guild);
            let consent = Consent { request, by, guild, step: ConsentStep::Refused };
            consent::step(&self.desk, (mirror, known.asked.channel), consent).await?;
            return Ok(Reply::words(format!("Refused: {} gets nothing from here.", name(&settings.name))));
        }
        // What the other side may do, it may do no longer: it is asked anew.
        let asker = self.powers(at, known.asked.by, known.asked.terms.from).await?;
        still_asked(known, &settings, asker).map_err(denied)?;
        self.accept(at, (mirror, request), known).await
    }

    async fn accept(
        &self,
        at: At,
        (mirror, request): (MirrorId, EventId),
        known: &Request,
    ) -> Result<Reply, Stop> {
        let Terms { publishes, receives, backfill, guild, .. } = known.asked.terms;
        let channel = known.asked.channel;
        let link = Link {
            mirror: mirror.to_string(),
            channel: channel.to_string(),
            guild: Some(guild.to_string()),
            ..taking(((publishes, receives), backfill))
        };
        let agreed = Agreed { request: Some(request), by: at.scene.user, guild: at.guild };
        let said = lines(consent::link(&self.desk, link, agreed).await?);
        self.let_go(LaneId { mirror, link: channel }).await;
        Ok(Reply::words(said))
    }
}

fn shown(number: usize, settings: &Settings, request: &Request) -> String {
    let Terms { publishes, receives, backfill, .. } = request.asked.terms;
    let part = match (publishes, receives) {
        (true, false) => "what is said here is shown there",
        (false, true) => "what is said there is shown here",
        (true, true) | (false, false) => "each shows what is said in the other",
    };
    let history = if backfill { ", with all that was said before" } else { "" };
    format!(
        "{number}. {} asks: {part}{history}. Asked by <@{}> of another server, {}; good until {}.",
        name(&settings.name),
        request.asked.by,
        moment(request.at),
        moment(request.until())
    )
}
