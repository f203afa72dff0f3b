//! Mentions as plain names, that ping nobody and look the same in every guild; links to the local copy.

use super::code;
use super::local::Local;
use super::plain::plain;
use super::units::is_blank;
use events::event::Names;
use rustc_hash::FxHashMap;

/// Longest name put into a text, in UTF-16 units.
const NAME_UNITS_MAX: usize = 100;

/// The names of what a text mentions.
pub(super) struct Mentions<'a> {
    users: FxHashMap<u64, &'a str>,
    channels: FxHashMap<u64, &'a str>,
    roles: FxHashMap<u64, &'a str>,
    local: &'a Local,
}

/// One mention: its kind, the id, and the token's length.
struct Token {
    sign: &'static str,
    id: u64,
    length: usize,
}

/// How a mention begins. The longer ones first.
const SIGNS: [&str; 4] = ["<@!", "<@&", "<@", "<#"];

impl<'a> Mentions<'a> {
    pub(super) fn of(names: &'a Names, local: &'a Local) -> Self {
        Self {
            users: names.users.iter().map(|(id, name)| (id.0, name.as_str())).collect(),
            channels: names.channels.iter().map(|(id, name)| (id.0, name.as_str())).collect(),
            roles: names.roles.iter().map(|(id, name)| (id.0, name.as_str())).collect(),
            local,
        }
    }

    /// Markdown without mentions. Code stays as it is: Discord shows no mention there.
    pub(super) fn replace(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for code in code::spans(text) {
            self.stretch(&text[at..code.all.start], &mut out);
            out.push_str(&text[code.all.clone()]);
            at = code.all.end;
        }
        self.stretch(&text[at..], &mut out);
        out
    }

    fn stretch(&self, text: &str, out: &mut String) {
        if self.local.is_empty() {
            return self.named(text, out);
        }
        self.named(&self.local.rewrite(text), out);
    }

    fn named(&self, text: &str, out: &mut String) {
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let length = match token(rest) {
                Some(token) => self.push(&token, out),
                None => {
                    out.push('<');
                    1
                }
            };
            rest = &rest[length..];
        }
        out.push_str(rest);
    }

    /// Puts the name in and says how long the token was.
    fn push(&self, token: &Token, out: &mut String) -> usize {
        if out.ends_with('<') {
            // A name of digits would make a mention of `<<@1>>`.
            out.push('\u{200b}');
        }
        let (sign, name) = self.name(token);
        out.push(sign);
        out.push_str(&plain(name, NAME_UNITS_MAX));
        token.length
    }

    /// Words without mentions, not yet made plain: what stands in code is replaced too.
    pub(super) fn names(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let length = token(rest).map_or(1, |token| {
                let (sign, name) = self.name(&token);
                out.push(sign);
                out.push_str(name);
                token.length
            });
            if length == 1 {
                out.push('<');
            }
            rest = &rest[length..];
        }
        out + rest
    }

    fn name(&self, token: &Token) -> (char, &str) {
        let (sign, known, unknown) = match token.sign {
            "<#" => ('#', self.channels.get(&token.id), "unknown"),
            "<@&" => ('@', self.roles.get(&token.id), "unknown-role"),
            _ => ('@', self.users.get(&token.id), "unknown-user"),
        };
        // The role of everyone has the sign in its name.
        let known = known.map(|name| name.strip_prefix(sign).unwrap_or(name));
        (sign, known.filter(|name| !is_blank(name)).unwrap_or(unknown))
    }
}

/// The mention that `text` begins with.
fn token(text: &str) -> Option<Token> {
    let sign = SIGNS.into_iter().find(|sign| text.starts_with(sign))?;
    let digits = text[sign.len()..].bytes().take_while(u8::is_ascii_digit).count();
    let end = sign.len() + digits;
    if digits == 0 || text.as_bytes().get(end) != Some(&b'>') {
        return None;
    }
    // More than 64 bits is nobody's id, but Discord may still take it for a mention.
    let id = text[sign.len()..end].parse().unwrap_or(0);
    Some(Token { sign, id, length: end + 1 })
}
