//! Where a file may come from: Discord's own hosts over TLS, and what the configuration adds.

use http::Uri;
use http::uri::Authority;

/// Hosts that hold what people upload to Discord.
const HOSTS: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];
/// Longest address that is fetched, in bytes.
const URL_BYTES_MAX: usize = 2048;

/// A place outside Discord that files may come from too: a stand-in's. What it resolves to is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    encrypted: bool,
    authority: Authority,
}

impl Origin {
    /// Reads `http://HOST:PORT` or `https://HOST:PORT`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let encrypted = encrypted(&uri)?;
        let bare = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
        let authority = uri.authority().filter(|authority| bare && !authority.as_str().contains('@'))?;
        Some(Self { encrypted, authority: authority.clone() })
    }
}

/// An address that may be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Over TLS.
    pub encrypted: bool,
    /// Host, to be resolved.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path and query.
    pub path: String,
    /// It has to lie in the public internet.
    pub public: bool,
}

impl Source {
    /// Reads an address; `None`: nothing is fetched from there.
    pub(super) fn parse(url: &str, added: Option<&Origin>) -> Option<Self> {
        let uri: Uri = Some(url).filter(|url| url.len() <= URL_BYTES_MAX)?.parse().ok()?;
        let encrypted = encrypted(&uri)?;
        let authority = uri.authority()?;
        let is_added =
            added.is_some_and(|origin| (origin.encrypted, &origin.authority) == (encrypted, authority));
        // To the letter: no user, no port, no other spelling of the host.
        let is_discord = encrypted && HOSTS.contains(&authority.as_str());
        if !is_added && !is_discord {
            return None;
        }
        let port = authority.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        let path = uri.path_and_query()?.as_str().to_owned();
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { encrypted, host, port, path, public: is_discord })
    }

    /// The `Host` header.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.encrypted, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

fn encrypted(uri: &Uri) -> Option<bool> {
    match uri.scheme_str()? {
        "https" => Some(true),
        "http" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_on_the_list_are_fetched_from_in_any_spelling() {
        let added = Origin::parse("http://127.0.0.1:4010").unwrap();
        for (url, fetched) in [
            ("https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3&", true),
            ("https://media.discordapp.net/attachments/1/2/a.png", true),
            ("http://127.0.0.1:4010/attachments/1/2/a.png", true),
            ("http://cdn.discordapp.com/a", false),
            ("https://cdn.discordapp.com:8443/a", false),
            ("https://cdn.discordapp.com.evil.example/a", false),
            ("https://evil.example/cdn.discordapp.com/a", false),
            ("https://cdn.discordapp.com@evil.example/a", false),
            ("https://user@cdn.discordapp.com/a", false),
            ("https://evil.example#@cdn.discordapp.com/a", false),
            ("https://cdn.discordapp.com\\@evil.example/a", false),
            ("https://cdn.discordapp.com./a", false),
            ("https://CDN.DISCORDAPP.COM/a", false),
            ("https://cdn\u{3002}discordapp.com/a", false),
            ("https://127.0.0.1/a", false),
            ("https://2130706433/a", false),
            ("https://0x7f000001/a", false),
            ("https://0177.0.0.1/a", false),
            ("https://127.1/a", false),
            ("https://[::1]/a", false),
            ("https://[::ffff:127.0.0.1]/a", false),
            ("https://localhost/a", false),
            ("https://169.254.169.254/latest/meta-data", false),
            ("http://127.0.0.1:4011/a", false),
            ("https://127.0.0.1:4010/a", false),
            ("http://x@127.0.0.1:4010/a", false),
            ("http://0177.0.0.1:4010/a", false),
            ("file:///etc/passwd", false),
            ("ftp://cdn.discordapp.com/a", false),
            ("gopher://cdn.discordapp.com/a", false),
            ("data:text/plain,x", false),
            ("//cdn.discordapp.com/a", false),
            ("cdn.discordapp.com/a", false),
            ("https://cdn.discordapp.com/a b", false),
            ("https://cdn.discordapp.com/a\r\nHost: evil", false),
            ("", false),
        ] {
            assert_eq!(Source::parse(url, Some(&added)).is_some(), fetched, "{url:?}");
        }
        let long = format!("https://cdn.discordapp.com/{}", "a".repeat(URL_BYTES_MAX));
        assert_eq!(Source::parse(&long, None), None);
        assert_eq!(Source::parse("http://127.0.0.1:4010/a", None), None);
    }

    #[test]
    fn an_added_place_is_an_origin_and_nothing_more() {
        for (text, taken) in [
            ("http://127.0.0.1:4010", true),
            ("http://[::1]:4010/", true),
            ("https://cdn.example", true),
            ("http://127.0.0.1:4010/path", false),
            ("http://user@127.0.0.1:4010", false),
            ("127.0.0.1:4010", false),
            ("ftp://x", false),
        ] {
            assert_eq!(Origin::parse(text).is_some(), taken, "{text:?}");
        }
    }
}
