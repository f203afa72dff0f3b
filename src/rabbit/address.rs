//! Where the streams are: `rabbitmq://user:password@host:5552,host2:5552/vhost`, or `rabbitmqs://...?ca=FILE`.

use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The port of streams where a host names none.
const PORT: u16 = 5552;
/// The same over TLS.
const PORT_TLS: u16 = 5551;
/// Hosts that one address may name.
const HOSTS_MAX: usize = 32;

/// Where the broker is, and who we are there. Neither `Debug` nor an error shows the password.
#[derive(Clone)]
pub struct Address {
    /// Each node of the broker that may be asked first: host without brackets, and port.
    pub hosts: Vec<(String, u16)>,
    /// Who we are.
    pub user: String,
    /// And how we prove it.
    pub password: SecretString,
    /// The virtual host that holds the streams.
    pub vhost: String,
    /// TLS, where it is `rabbitmqs://`.
    pub tls: Option<Tls>,
}

/// How the broker is known. It is always verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the authority that signs the nodes' certificates; without it, those that the system trusts.
    /// Certificates must name the hosts that the nodes advertise.
    pub ca: Option<PathBuf>,
}

/// What is wrong with an address. The address itself is not repeated: it holds a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; it should be rabbitmq://user:password@host:5552,host2/vhost, or rabbitmqs://...?ca=FILE")]
pub struct BadAddress(String);

fn bad<T>(words: impl Into<String>) -> Result<T, BadAddress> {
    Err(BadAddress(words.into()))
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (tls, rest) = match text.split_once("://") {
            Some(("rabbitmq", rest)) => (None, rest),
            Some(("rabbitmqs", rest)) => (Some(Tls::default()), rest),
            Some(_) | None => {
                return bad("the address of the log begins with neither rabbitmq:// nor rabbitmqs://");
            }
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may hold '@' or '/' only in its encoded form, but the last '@' is the safer guess.
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let (hosts, vhost) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, password) = user.map_or_else(guest, user_of)?;
        let port = if tls.is_some() { PORT_TLS } else { PORT };
        let hosts = hosts_of(hosts, port)?;
        let mut address = Self { hosts, user, password, vhost: vhost_of(vhost)?, tls };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            address.set(key, &decode(value)?)?;
        }
        Ok(address)
    }
}

impl Address {
    fn set(&mut self, key: &str, value: &str) -> Result<(), BadAddress> {
        match (key, &mut self.tls) {
            ("ca", Some(tls)) if !value.is_empty() => tls.ca = Some(value.into()),
            ("ca", Some(_)) => return bad("ca names no file"),
            ("ca", None) => return bad("ca is for rabbitmqs:// only"),
            // What is written there may be a password gone astray.
            _ => return bad("behind the ? stands something else than ca=FILE"),
        }
        Ok(())
    }
}

/// Who a broker takes everybody for, from its own machine.
fn guest() -> Result<(String, SecretString), BadAddress> {
    Ok(("guest".to_owned(), "guest".into()))
}

fn user_of(text: &str) -> Result<(String, SecretString), BadAddress> {
    let Some((user, password)) = text.split_once(':') else {
        return bad("there is a user without a password");
    };
    let (user, password) = (decode(user)?, decode(password)?);
    // They are sent in one text, parted by zero bytes.
    if user.is_empty() || user.contains('\0') || password.contains('\0') {
        return bad("the user is empty, or it or the password holds a zero byte");
    }
    Ok((user, password.into()))
}

fn hosts_of(text: &str, port: u16) -> Result<Vec<(String, u16)>, BadAddress> {
    let hosts: Vec<_> = text.split(',').map(|text| host(text, port)).collect::<Result<_, _>>()?;
    if hosts.len() > HOSTS_MAX {
        return bad(format!("there are more than {HOSTS_MAX} hosts"));
    }
    Ok(hosts)
}

fn host(text: &str, port: u16) -> Result<(String, u16), BadAddress> {
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
        (_, Some(v6)) if v6.parse::<std::net::Ipv6Addr>().is_ok() => Ok((v6.to_owned(), port)),
        (_, None) if !name.contains(['/', '[', ']', ':', '@', ' ', '%']) => Ok((name.to_owned(), port)),
        (_, Some(_) | None) => bad("a host has characters that a host cannot have"),
    }
}

/// `host/` and `host` mean the default one to everybody.
fn vhost_of(text: &str) -> Result<String, BadAddress> {
    match decode(text)?.as_str() {
        "" => Ok("/".to_owned()),
        name if name.len() > usize::from(u8::MAX) => bad("the virtual host is longer than 255 bytes"),
        name => Ok(name.to_owned()),
    }
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<String, BadAddress> {
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

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "rabbitmqs" } else { "rabbitmq" };
        write!(f, "{scheme}://***@")?;
        for (at, (host, port)) in self.hosts.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            write!(f, "{comma}{host}:{port}")?;
        }
        write!(f, "/{}", self.vhost.trim_start_matches('/'))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
