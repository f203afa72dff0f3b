//! What is asked of Discord, within its limits: who we are, then channels, their guilds, their webhooks.

use crate::check::links::{Asked, Link, Told, links};
use crate::check::{Line, bot, machine};
use crate::clock::{Clock, Wall};
use crate::config::Config;
use crate::discord::invite;
use crate::discord::limits::Sharing;
use crate::discord::powers::{guild_roles, membership, place};
use crate::discord::profile::{Profile, profile};
use crate::discord::rest::Rest;
use crate::discord::starts::sessions;
use crate::discord::webhooks::hooks;
use crate::node;
use events::GuildId;
use futures_util::stream::{self, StreamExt as _};
use projections::sink::No;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tools::{Meter, Progress};

/// Questions under way at once.
const AT_ONCE: usize = 8;
/// How often one is asked while Discord asks to wait.
const TRIES_MAX: u32 = 5;
/// Longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A line for each thing. Where a node runs, the limits are shared with it.
pub(super) async fn look(config: &Config, all: &[Link], is_shared: bool, to: &dyn Progress) -> Vec<Line> {
    let Some(token) = &config.discord.token else { return vec![bot::no_token()] };
    let rest = match node::rest(config, token) {
        Ok(rest) => rest,
        Err(error) => return vec![bot::unusable(&error.to_string())],
    };
    if is_shared {
        rest.shared(Sharing::Unknown);
    }
    let before = Wall.now();
    let told = profile(&rest).await;
    let after = Wall.now();
    let mut lines = vec![bot::token(&told)];
    let Ok(profile) = told else { return lines };
    lines.push(bot::intent(&profile));
    match patient(|| sessions(&rest)).await {
        Ok(sessions) => lines.extend(bot::sessions(&sessions, config.discord.shards)),
        Err(why) => lines.push(Line::warn("sessions", format!("not known: {why}"), "run this again later")),
    }
    if let Some(theirs_s) = profile.at_s {
        lines.push(machine::clock(machine::Ticks { before, after, theirs_s }));
    }
    lines.extend(links(all, &ask_all(&rest, &profile, all, to).await, &invite::url(profile.application)));
    lines
}

/// Channels first, for they say which guilds to ask for; then these; then webhooks, where we may list them.
async fn ask_all(rest: &Rest, me: &Profile, all: &[Link], to: &dyn Progress) -> Told {
    let mut told = Told::default();
    let channels = all.iter().map(|link| link.channel).collect();
    told.places = each("channels", channels, async |channel| place(rest, channel).await, to).await;
    let standing = async |guild: GuildId| {
        let Some(roles) = guild_roles(rest, guild).await? else { return Ok(None) };
        Ok(membership(rest, guild, me.user).await?.map(|member| (roles, member)))
    };
    told.guilds = each("guilds", told.guilds_of(all), standing, to).await;
    let listed = async |channel| hooks(rest, me.application, channel).await;
    told.hooks = each("webhooks", told.homes_of(all), listed, to).await;
    told
}

/// Asks the same of each, a few at a time.
async fn each<K: Copy + Ord, T>(
    what: &str,
    keys: BTreeSet<K>,
    ask: impl AsyncFn(K) -> Result<T, No>,
    to: &dyn Progress,
) -> BTreeMap<K, Asked<T>> {
    let (total, done) = (keys.len() as u64, AtomicU64::new(0));
    let (ask, done) = (&ask, &done);
    let one = async |key| {
        let answer = patient(|| ask(key)).await;
        let done = done.fetch_add(1, Relaxed) + 1;
        to.report(Meter { what: what.to_owned(), done, total });
        (key, answer)
    };
    stream::iter(keys).map(one).buffer_unordered(AT_ONCE).collect().await
}

/// Asks until Discord answers, within bounds.
async fn patient<T, F: Future<Output = Result<T, No>>>(ask: impl Fn() -> F) -> Asked<T> {
    for _ in 0..TRIES_MAX {
        match ask().await {
            Ok(told) => return Ok(told),
            Err(No::Wait(ms)) => tokio::time::sleep(Duration::from_millis(ms).min(WAIT_MAX)).await,
            Err(No::Dead(why) | No::Refused(why)) => return Err(why),
            Err(No::Missing) => return Err("Discord does not know it".to_owned()),
        }
    }
    Err("Discord does not answer, or asks to wait longer than this does".to_owned())
}
