//! Where the streams are: `rabbitmq://user:password@host:5552,host2:5552/vhost`, or `rabbitmqs://...?ca=FILE`.

use crate::server_url::{Kind, ServerUrl, shown};
use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The port of streams where a host names none.
const PORT: u16 = 5552;
/// The same over TLS.
const PORT_TLS: u16 = 5551;

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

/// How its addresses begin.
const KIND: Kind = Kind { plain: ("rabbitmq", PORT), tls: ("rabbitmqs", PORT_TLS) };

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let url = ServerUrl::parse(text, KIND).map_err(BadAddress)?;
        // Who a broker takes everybody for, from its own machine.
        let (user, password) = url.user.unwrap_or_else(|| ("guest".to_owned(), "guest".into()));
        let tls = url.is_tls.then(Tls::default);
        let mut address = Self { hosts: url.hosts, user, password, vhost: vhost_of(url.path)?, tls };
        for (key, value) in &url.options {
            address.set(key, value)?;
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

/// `host/` and `host` mean the default one to everybody.
fn vhost_of(name: String) -> Result<String, BadAddress> {
    match name.len() {
        0 => Ok("/".to_owned()),
        length if length > usize::from(u8::MAX) => bad("the virtual host is longer than 255 bytes"),
        _ => Ok(name),
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "rabbitmqs" } else { "rabbitmq" };
        write!(f, "{scheme}://***@")?;
        for (at, (host, port)) in self.hosts.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}", shown(host, *port))?;
        }
        write!(f, "/{}", self.vhost.trim_start_matches('/'))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
