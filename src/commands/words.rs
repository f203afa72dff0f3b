//! Words for channels, users and messages: an id, a mention, or an address in Discord.

use super::CommandError;
use events::{ChannelId, GuildId, MessageId, UserId};
use tools::mirrors::{Current, nearest};

/// A place in Discord, as far as its words tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The guild, or zero.
    pub(crate) guild: GuildId,
    /// The channel, or zero.
    pub(crate) channel: ChannelId,
    /// The message, or zero.
    pub(crate) message: MessageId,
}

/// The hosts of Discord's addresses.
const HOSTS: [&str; 4] = ["discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com"];

/// `https://discord.com/channels/GUILD/CHANNEL[/MESSAGE]`.
fn address(word: &str) -> Option<Spot> {
    let rest = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    let path = path.split(['?', '#']).next()?;
    let mut parts = path.strip_prefix("channels/")?.trim_end_matches('/').split('/');
    if !HOSTS.contains(&host) {
        return None;
    }
    let guild = parts.next()?;
    let guild = if guild == "@me" { Some(0) } else { id(guild) };
    let channel = id(parts.next()?)?;
    let message = parts.next().map_or(Some(0), id)?;
    Some(Spot { guild: GuildId(guild?), channel: ChannelId(channel), message: MessageId(message) })
}

/// A snowflake; zero is none.
fn id(word: &str) -> Option<u64> {
    let plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|id| plain && *id > 0)
}

fn mention<'a>(word: &'a str, marks: &[&str]) -> Option<&'a str> {
    let inner = word.strip_prefix('<')?.strip_suffix('>')?;
    marks.iter().find_map(|mark| inner.strip_prefix(mark))
}

/// A channel by id, mention or address.
pub(crate) fn channel(word: &str) -> Result<Spot, CommandError> {
    let bare = || id(mention(word, &["#"]).unwrap_or(word));
    let plain = || bare().map(|id| Spot { channel: ChannelId(id), ..Spot::default() });
    address(word).or_else(plain).ok_or_else(|| {
        let words = "is no channel: give its id (42), <#42>, or its address \
                     (https://discord.com/channels/41/42)";
        CommandError::Wrong(format!("'{word}' {words}"))
    })
}

/// A user by id or mention.
pub(super) fn user(word: &str) -> Result<UserId, CommandError> {
    let found = id(mention(word, &["@!", "@"]).unwrap_or(word)).map(UserId);
    found.ok_or_else(|| CommandError::Wrong(format!("'{word}' is no user: give an id (77) or <@77>")))
}

/// A guild by id.
pub(super) fn guild(word: &str) -> Result<GuildId, CommandError> {
    let found = id(word).map(GuildId);
    found.ok_or_else(|| CommandError::Wrong(format!("'{word}' is no guild: give its id (41)")))
}

/// A message by id or address.
pub(super) fn message(word: &str) -> Result<MessageId, CommandError> {
    let spot = address(word).map(|spot| spot.message);
    let found = spot.or_else(|| id(word).map(MessageId)).filter(|id| id.0 > 0);
    found.ok_or_else(|| {
        let words = "is no message: give its id (43) or its address (https://discord.com/channels/41/42/43)";
        CommandError::Wrong(format!("'{word}' {words}"))
    })
}

/// A channel of a mirror, by id, mention, address, or its name there.
pub(super) fn member(current: &Current, word: &str) -> Result<ChannelId, CommandError> {
    let links = &current.settings.links;
    let name = word.trim_start_matches('#');
    let named: Vec<_> =
        links.iter().filter(|(_, link)| link.linked.name == name && !name.is_empty()).collect();
    let found = match named.as_slice() {
        [(channel, _)] => Some(**channel),
        [] => channel(word).ok().map(|spot| spot.channel),
        [_, _, ..] => {
            return Err(CommandError::Wrong(format!("two channels are called '{name}': give its id")));
        }
    };
    found.filter(|channel| links.contains_key(channel)).ok_or_else(|| not_a_member(current, word))
}

fn not_a_member(current: &Current, word: &str) -> CommandError {
    let links = &current.settings.links;
    let ids: Vec<_> = links.keys().map(ToString::to_string).collect();
    let names = links.values().map(|link| link.linked.name.as_str());
    let all = ids.iter().map(String::as_str).chain(names).filter(|name| !name.is_empty());
    let hint = match nearest(word, all) {
        Some(near) => format!("did you mean '{near}'?"),
        None => "`mirror mirrors` lists its channels".to_owned(),
    };
    CommandError::Wrong(format!("'{word}' is no channel of '{}'; {hint}", current.known.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_mentions_and_addresses_are_read() {
        let check = |word: &str, wanted: Option<(u64, u64, u64)>| {
            let got = channel(word).ok().map(|spot| (spot.guild.0, spot.channel.0, spot.message.0));
            assert_eq!(got, wanted, "{word}");
        };
        check("42", Some((0, 42, 0)));
        check("<#42>", Some((0, 42, 0)));
        check("https://discord.com/channels/41/42", Some((41, 42, 0)));
        check("https://ptb.discord.com/channels/41/42/43", Some((41, 42, 43)));
        check("https://discordapp.com/channels/@me/42/", Some((0, 42, 0)));
        check("https://discord.com/channels/41/42?x=1", Some((41, 42, 0)));
        for wrong in [
            "",
            "0",
            "-1",
            "+1",
            "<@42>",
            "general",
            "99999999999999999999",
            "https://example.org/channels/1/2",
        ] {
            check(wrong, None);
        }
        assert_eq!(user("<@!77>"), Ok(UserId(77)));
        assert_eq!(user("<@77>"), Ok(UserId(77)));
        assert_eq!(message("https://discord.com/channels/41/42/43"), Ok(MessageId(43)));
        assert!(message("https://discord.com/channels/41/42").is_err());
    }
}
