//! `list`, `status`, `lineage`: this guild's share of what there is to know.

use super::{About, Act, At, KEEPER, Stop, keeper, name, when};
use crate::commands::answer::{LaneLine, LaneState};
use crate::commands::ask::Lineage as Trace;
use crate::commands::{Answer, Command, Deaf, execute};
use crate::discord::powers::Powers;
use crate::slash::consent::open_count;
use crate::slash::reply::Reply;
use crate::slash::sight::Seen;
use events::{ChannelId, GuildId, Version};
use projections::render::plain;
use tools::lineage::{CopyLine, CopyState, Fact, Lineage};

/// Lines of a lineage that are shown.
const LINES_MAX: usize = 20;
/// Most of one version's text, in UTF-16 units.
const TEXT_MAX: usize = 120;
/// What it takes to see what others wrote and removed.
const AUDITOR: Powers = Powers(Powers::VIEW_CHANNEL.0 | Powers::MANAGE_MESSAGES.0);

impl Act {
    /// Whoever decides over the channel where they type may look.
    fn may_look(at: At) -> Result<(), Stop> {
        let about = About { channel: at.scene.channel, ..About::default() };
        keeper(at.scene.powers, KEEPER).map_err(|denial| Stop::Denied(denial, about))
    }

    pub(super) fn list(&self, at: At) -> Result<Reply, Stop> {
        Self::may_look(at)?;
        let now = self.desk.clock.now();
        let lines: Vec<_> = self.seen(at.guild).iter().map(|seen| line(seen, at.guild, now)).collect();
        Ok(Reply::words(if lines.is_empty() {
            "This server takes part in no mirror. `/mirror link` makes one of this channel.".to_owned()
        } else {
            lines.join("\n")
        }))
    }

    pub(super) async fn status(&self, at: At) -> Result<Reply, Stop> {
        Self::may_look(at)?;
        let seen = self.seen(at.guild);
        let Answer::Status(status) = execute(&self.desk, Command::Status, &Deaf).await? else {
            return Ok(Reply::default());
        };
        let is_own = |lane: &&LaneLine| {
            let mirror = seen.iter().find(|seen| seen.id == lane.mirror);
            mirror.is_some_and(|seen| seen.own(at.guild).any(|(channel, _)| channel == lane.channel))
        };
        let lines: Vec<_> = status.lanes.iter().filter(is_own).map(state).collect();
        Ok(Reply::words(if lines.is_empty() {
            "No channel of this server receives anything.".to_owned()
        } else {
            lines.join("\n")
        }))
    }

    /// What is not this guild's sounds as if it were not there.
    pub(super) async fn lineage(&self, at: At, message: &str) -> Result<Reply, Stop> {
        let unknown = || Stop::Words("No mirror of this server knows such a message.".to_owned());
        let trace = Command::Lineage(Trace { message: message.to_owned() });
        let Ok(Answer::Lineage(lineage)) = execute(&self.desk, trace, &Deaf).await else {
            return Err(unknown());
        };
        let seen = self.seen(at.guild);
        let seen = seen.iter().find(|seen| seen.id == lineage.mirror).ok_or_else(unknown)?;
        let own: Vec<ChannelId> = seen.own(at.guild).map(|(channel, _)| channel).collect();
        let source = own.contains(&lineage.channel.id).then_some(lineage.channel.id);
        let copied =
            || lineage.copies.iter().map(|copy| copy.channel.id).find(|channel| own.contains(channel));
        let channel = source.or_else(copied).ok_or_else(unknown)?;
        let powers = self.powers(at, at.scene.user, channel).await?.unwrap_or(Powers::NONE);
        let about = About { mirror: Some(seen.id), channel, ..About::default() };
        keeper(powers, AUDITOR).map_err(|denial| Stop::Denied(denial, about))?;
        Ok(Reply::words(told(&lineage, &own, source.is_some())))
    }
}

fn line(seen: &Seen, guild: GuildId, now: Version) -> String {
    let own: Vec<_> = seen
        .own(guild)
        .map(|(channel, link)| match (link.linked.publishes, link.linked.receives) {
            (true, false) => format!("<#{channel}> (is shown)"),
            (false, true) => format!("<#{channel}> (shows)"),
            (true, true) | (false, false) => format!("<#{channel}>"),
        })
        .collect();
    let elsewhere = match seen.elsewhere(guild) {
        0 => String::new(),
        1 => ", and one channel elsewhere".to_owned(),
        many => format!(", and {many} channels elsewhere"),
    };
    let open = match open_count(&seen.settings, now) {
        0 => String::new(),
        open => format!("; {open} asked and not answered"),
    };
    format!("{}: {}{elsewhere}{open}", name(&seen.settings.name), own.join(", "))
}

fn state(lane: &LaneLine) -> String {
    let behind = match lane.lag {
        Some(0) => String::new(),
        Some(lag) => format!(", {lag} behind"),
        None => ", catching up".to_owned(),
    };
    let state = match &lane.state {
        LaneState::Idle => "in step".to_owned(),
        LaneState::Working => "working".to_owned(),
        LaneState::Waiting(_) => "waiting".to_owned(),
        LaneState::Held(_) => "held: the operator of this bot is needed".to_owned(),
    };
    format!("<#{}> in {}: {state}{behind}", lane.channel, name(&lane.mirror_name))
}

/// Texts are told only of what was written in this guild: those of others have been shown here, or not.
fn told(lineage: &Lineage, own: &[ChannelId], is_own: bool) -> String {
    let author = if lineage.author.is_empty() { "nobody known".to_owned() } else { name(&lineage.author) };
    let place = if is_own { format!("in <#{}>", lineage.channel.id) } else { "elsewhere".to_owned() };
    let versions = lineage.versions.iter().map(|fact| version(fact, is_own));
    let (here, there): (Vec<_>, Vec<_>) =
        lineage.copies.iter().partition(|copy| own.contains(&copy.channel.id));
    let elsewhere = match there.len() {
        0 => None,
        1 => Some("one copy elsewhere".to_owned()),
        many => Some(format!("{many} copies elsewhere")),
    };
    let rest = versions.chain(here.into_iter().map(copy)).chain(elsewhere);
    let all: Vec<_> =
        std::iter::once(format!("By {author}, {place}, message {}.", lineage.source)).chain(rest).collect();
    let more = all.len().saturating_sub(LINES_MAX);
    let shown: Vec<_> = all.into_iter().take(LINES_MAX).collect();
    if more == 0 { shown.join("\n") } else { format!("{}\nand {more} more.", shown.join("\n")) }
}

fn version(fact: &Fact, is_own: bool) -> String {
    let text = fact.text.as_deref().filter(|_| is_own).map(|text| format!(": {}", plain(text, TEXT_MAX)));
    format!("{} {}{}", when::shown(fact.version), fact.what, text.unwrap_or_default())
}

fn copy(copy: &CopyLine) -> String {
    let state = match copy.state {
        CopyState::Live => "is there",
        CopyState::GoneByUs => "was removed by the mirror",
        CopyState::GoneByAnother => "was removed by somebody",
    };
    format!("copy {} in <#{}> {state}", copy.copy, copy.channel.id)
}
