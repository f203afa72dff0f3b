//! Laws that hold for every message.

use super::{Rendered, Slots, Story};
use projections::render::Target;
use proptest::prelude::*;
use std::time::Instant;

/// Texts full of what is hard: marks, tokens, long runs.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z]{1,9}( |\n)",
        2 => "(`|``|```|````|```rs\n|\n```|\\|\\||\\\\|\\\\`|<|>|@|#|:|\\[|\\]\\()",
        2 => "(<@1>|<@!2>|<@&6>|<#5>|<<@1>>|<:e:1>|https://x.yz/[a-z]{1,30})",
        1 => "[ \n\u{200b}\u{3164}]{1,9}",
        1 => "[a-z]{100,700}",
        1 => "[ -~]{1,40}",
        1 => any::<String>(),
        1 => "`{7,11}",
        1 => "(👩‍👩‍👧|e\u{301}|🇩🇪|\u{301}){1,200}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn story() -> impl Strategy<Value = Story> {
    (text(), name(), name(), any::<bool>(), prop::option::of((name(), text())), 0..4_usize).prop_map(
        |(text, display, username, namesake, reply, files)| {
            let mut story = Story::named(&display, &username).calls(2, &display);
            story.said.text = text;
            story.said.names.roles[0].1.clone_from(&username);
            story.said.names.channels[0].1 = "123".to_owned();
            story.namesake = namesake;
            story.reply = reply.clone();
            let mut story = (0..files).fold(story, |story, n| {
                story.file(&format!("SPOILER_{username}"), &format!("https://x/{n}/{display}"))
            });
            // Every other one is carried.
            story.said.attachments.iter_mut().zip(1..).for_each(|(file, id)| file.id = id);
            story.carried = vec![1, 3];
            story
        },
    )
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,100}",
        "(clyde|DISCORD|d|is|cord|\u{200b}|\u{202e}| |here|everyone|ſ|<@|1|>|`|\\|\\|){0,30}",
    ]
}

fn slots() -> impl Strategy<Value = Slots> {
    prop_oneof![Just(Slots::Free), (0..5_u16).prop_map(Slots::Fixed)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn every_part_is_taken_by_discord(story in story(), slots in slots()) {
        for part in story.parts(slots) {
            let units = part.content.encode_utf16().count();
            prop_assert!(units <= 2000, "{units} units");
            let shows = is_visible(&part.content) || !part.embeds.is_empty() || !part.files.is_empty();
            prop_assert!(shows, "blank: {:?}", part.content);
            prop_assert!(is_legal_name(&part.username), "name {:?}", part.username);
        }
    }

    #[test]
    fn the_number_of_parts_is_kept(story in story(), count in 0..5_u16) {
        let free = story.parts(Slots::Free);
        let fixed = story.parts(Slots::Fixed(count));
        prop_assert!(!free.is_empty());
        prop_assert_eq!(fixed.len(), free.len().min(usize::from(count)));
        for (one, other) in fixed.iter().zip(&free) {
            prop_assert_eq!(&one.content, &other.content);
        }
        let whole = u16::try_from(free.len()).unwrap();
        prop_assert_eq!(story.parts(Slots::Fixed(whole)), free);
    }

    #[test]
    fn every_word_is_said_in_order(text in text()) {
        let parts = Story::says(&text).parts(Slots::Free);
        let shown: String = parts.iter().map(|part| part.content.as_str()).collect();
        let mut left = shown.chars().filter(|c| !c.is_whitespace());
        let said = super::Story::says(&text);
        for c in without_tokens(&said.said.text).chars().filter(|c| is_visible(&c.to_string())) {
            prop_assert!(left.any(|shown| shown == c), "{c:?} is missing or out of order");
        }
    }

    #[test]
    fn plain_text_is_only_split(text in "([a-zäß😀]{1,40}[ \n]{1,3}){0,300}") {
        let parts = Story::says(&text).parts(Slots::Free);
        prop_assume!(!text.trim().is_empty());
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let shown: Vec<String> = parts.iter().flat_map(|part| words(&part.content)).collect();
        prop_assert_eq!(shown, words(&text));
    }

    #[test]
    fn nothing_mentions(story in story(), slots in slots()) {
        for part in story.parts(slots) {
            for text in texts(&part) {
                prop_assert!(!has_mention(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn embeds_keep_their_limits(embeds in prop::collection::vec(embed(), 0..5), story in story(), slots in slots()) {
        let story = embeds.iter().fold(story, |story, embed| story.embed(embed));
        for part in story.parts(slots) {
            check_embeds(&part.embeds)?;
            for text in texts(&part) {
                prop_assert!(!has_mention(&text), "mention: {text:?}");
            }
        }
    }
}

/// Cases of each law; more with `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100)
}

fn embed() -> impl Strategy<Value = String> {
    let embed = (text(), text(), prop::collection::vec((text(), text()), 0..4), text(), any::<String>());
    embed.prop_map(|(title, description, fields, footer, url)| {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect();
        serde_json::json!({"title": title, "description": description, "fields": fields,
            "footer": {"text": footer, "icon_url": url}, "author": {"name": title}, "image": {"url": url}})
        .to_string()
    })
}

pub(super) fn check_embeds(embeds: &[String]) -> Result<(), TestCaseError> {
    prop_assert!(embeds.len() <= 10);
    let mut total = 0;
    for embed in embeds {
        let embed: serde_json::Value = serde_json::from_str(embed).unwrap();
        let mut limit = |path: &str, max: usize| {
            let text = embed.pointer(path).map(|text| text.as_str().unwrap());
            let units = text.unwrap_or_default().encode_utf16().count();
            total += units;
            prop_assert!(units <= max, "{path}: {units}");
            prop_assert!(text.is_none_or(|text| !text.trim().is_empty()), "{path} is empty");
            Ok(())
        };
        limit("/title", 256)?;
        limit("/description", 4096)?;
        limit("/footer/text", 2048)?;
        limit("/author/name", 256)?;
        for field in 0..30 {
            limit(&format!("/fields/{field}/name"), 256)?;
            limit(&format!("/fields/{field}/value"), 1024)?;
        }
        prop_assert!(embed.pointer("/fields/25").is_none());
    }
    prop_assert!(total <= 6000, "{total} units in all");
    Ok(())
}

/// All that a part shows as markdown.
pub(super) fn texts(part: &Rendered) -> Vec<String> {
    let mut texts = vec![part.content.clone()];
    for embed in &part.embeds {
        strings(&serde_json::from_str(embed).unwrap(), &mut texts);
    }
    texts
}

fn strings(value: &serde_json::Value, out: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => out.push(text.clone()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, out)),
        serde_json::Value::Object(values) => values.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}

pub(super) fn is_visible(text: &str) -> bool {
    !text.chars().all(|c| {
        c.is_whitespace() || c.is_control() || "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{3164}".contains(c)
    })
}

/// Discord's rules for the name of a webhook, and those for nicknames, written from its documents.
pub(super) fn is_legal_name(name: &str) -> bool {
    let seen: String =
        name.chars().filter(|c| !"\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}".contains(*c)).collect();
    let lower = seen.to_lowercase().replace('ſ', "s");
    let shape = (1..=80).contains(&name.encode_utf16().count()) && name.trim() == name && is_visible(name);
    let hidden = name.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    let refused =
        lower.contains("clyde") || lower.contains("discord") || lower == "here" || lower == "everyone";
    shape && !hidden && seen == name && !refused && !name.contains("  ")
}

/// Whether Discord would show a mention: a token of digits outside code.
pub(super) fn has_mention(text: &str) -> bool {
    let text = without_code(text);
    ["<@!", "<@&", "<@", "<#"].iter().any(|sign| {
        text.match_indices(sign).any(|(at, _)| {
            let rest = text[at + sign.len()..].trim_start_matches(|c: char| c.is_ascii_digit());
            rest.starts_with('>') && !text[at + sign.len()..].starts_with('>')
        })
    })
}

/// `text` with a space for each stretch of code, found the slow way.
fn without_code(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        let escaped = c == '\\' && rest[1..].starts_with(|c: char| c.is_ascii_punctuation());
        let code = if c == '`' { block(rest).or_else(|| inline(rest)) } else { None };
        let length = code.unwrap_or(if escaped { 2 } else { c.len_utf8() });
        out.push_str(if code.is_some() { " " } else { &rest[..length] });
        rest = &rest[length..];
    }
    out
}

fn block(text: &str) -> Option<usize> {
    let body = text.strip_prefix("```")?;
    let word = body.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_+-.#".contains(c));
    let language =
        if word.starts_with('\n') && word.len() < body.len() { body.len() - word.len() + 1 } else { 0 };
    let close = |from: usize| {
        let lines = body[from..].trim_start_matches('\n');
        let skip = body.len() - lines.len() + lines.chars().next()?.len_utf8();
        Some(3 + skip + body[skip..].find("```")? + 3)
    };
    close(language).or_else(|| close(0))
}

fn inline(text: &str) -> Option<usize> {
    let open = text.len() - text.trim_start_matches('`').len();
    let mut at = open;
    loop {
        at += text[at..].find('`')?;
        let run = text[at..].len() - text[at..].trim_start_matches('`').len();
        at += run;
        if run == open {
            return Some(at);
        }
    }
}

/// `text` without what looks like a mention, and without what only looks different afterwards.
fn without_tokens(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        rest = &rest[end.max(at + 1)..];
    }
    out + rest
}

#[test]
fn a_link_names_guild_channel_and_message() {
    let target = Target { guild: events::GuildId(0), ..Target::default() };
    assert_eq!(target.url(), "https://discord.com/channels/@me/0/0");
}

#[test]
fn a_megabyte_of_anything_is_bounded_work() {
    for piece in [
        "`",
        "``a",
        "```",
        "```\n",
        "[",
        "[a](",
        "[a](http",
        "[a](https://",
        "<",
        "<@1>",
        "||",
        "\\",
        "\u{301}",
        "a",
        " ",
        "https://",
        "🇩",
        "\n",
    ] {
        let started = Instant::now();
        let parts = Story::says(&piece.repeat((1 << 20) / piece.len())).parts(Slots::Free);
        assert!(parts.iter().all(|part| part.content.encode_utf16().count() <= 2000), "{piece:?}");
        // Squared work would take minutes; the limit only has to tell the two apart on a busy machine.
        assert!(started.elapsed().as_secs() < 20, "{piece:?} took {:?}", started.elapsed());
    }
}
