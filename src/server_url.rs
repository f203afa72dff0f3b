//! Addresses of servers, as operators write them: `SCHEME://user:password@host:port,host2/path?key=value`.
//!
//! No error repeats the address or a part of it: it holds a password, which may also have gone astray.

use secrecy::SecretString;
use std::net::Ipv6Addr;

/// Hosts that one address may name.
const HOSTS_MAX: usize = 32;

/// How the addresses of one kind of server begin, and their usual ports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Without TLS.
    pub(crate) plain: (&'static str, u16),
    /// Over TLS.
    pub(crate) tls: (&'static str, u16),
}

/// An address in its parts, all of them decoded.
pub(crate) struct ServerUrl {
    pub(crate) is_tls: bool,
    pub(crate) user: Option<(String, SecretString)>,
    /// Host without brackets, and port.
    pub(crate) hosts: Vec<(String, u16)>,
    /// What follows the first `/`.
    pub(crate) path: String,
    pub(crate) options: Vec<(String, String)>,
}

impl ServerUrl {
    /// Takes an address apart; the error is words for the operator.
    pub(crate) fn parse(text: &str, kind: Kind) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let is_tls = scheme == kind.tls.0;
        if !is_tls && scheme != kind.plain.0 {
            return Err(format!("it begins with neither {}:// nor {}://", kind.plain.0, kind.tls.0));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may hold '@' or '/' only in its encoded form, but the last '@' is the safer guess.
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let port = if is_tls { kind.tls.1 } else { kind.plain.1 };
        Ok(Self {
            is_tls,
            user: user.map(user_of).transpose()?,
            hosts: hosts_of(hosts, port)?,
            path: decode(path)?,
            options: query
                .split('&')
                .filter(|pair| !pair.is_empty())
                .map(option)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// A host and its port as one text.
pub(crate) fn shown(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn bad<T>(words: &str) -> Result<T, String> {
    Err(words.to_owned())
}

fn option(pair: &str) -> Result<(String, String), String> {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok((key.to_owned(), decode(value)?))
}

fn user_of(text: &str) -> Result<(String, SecretString), String> {
    let Some((user, password)) = text.split_once(':') else {
        return bad("there is a user without a password");
    };
    let (user, password) = (decode(user)?, decode(password)?);
    // Servers are sent both in one text, parted by zero bytes.
    if user.is_empty() || user.contains('\0') || password.contains('\0') {
        return bad("the user is empty, or it or the password holds a zero byte");
    }
    Ok((user, password.into()))
}

fn hosts_of(text: &str, port: u16) -> Result<Vec<(String, u16)>, String> {
    let hosts: Vec<_> = text.split(',').map(|text| host(text, port)).collect::<Result<_, _>>()?;
    if hosts.len() > HOSTS_MAX {
        return Err(format!("there are more than {HOSTS_MAX} hosts"));
    }
    Ok(hosts)
}

fn host(text: &str, port: u16) -> Result<(String, u16), String> {
    let (name, port) = match text.rsplit_once(':') {
        // An IPv6 address in brackets, without a port.
        Some(_) if text.ends_with(']') => (text, port),
        Some((name, port)) => match port.parse() {
            Ok(port) if port > 0 => (name, port),
            Ok(_) | Err(_) => return bad("a host has a port that is no number from 1 to 65535"),
        },
        None => (text, port),
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match (name, bare) {
        ("", _) => bad("there is no host"),
        (_, Some(v6)) if v6.parse::<Ipv6Addr>().is_ok() => Ok((v6.to_owned(), port)),
        (_, None) if !name.contains(['/', '[', ']', ':', '@', ' ', '%']) => Ok((name.to_owned(), port)),
        (_, Some(_) | None) => bad("a host has characters that a host cannot have"),
    }
}

/// Undoes percent-encoding. Strict, where libraries let a lone `%` pass: in a password it is a mistake.
fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            (Some(_) | None, _) => return bad("there is a % without two digits"),
        }
    }
    String::from_utf8(bytes).or_else(|_| bad("a part of it is no UTF-8"))
}
