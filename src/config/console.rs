//! The section `console`: where the web console listens, and by which names it may be reached.

use super::sources::Unfit;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

/// Where the console listens where nobody says anything.
pub const CONSOLE_PORT: u16 = 8467;

/// The web console of a running node.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Console {
    /// Where it listens, or `off`.
    pub listen: Listen,
    /// Names by which browsers may reach it besides that address: those of a reverse proxy.
    pub hosts: Hosts,
}

/// An address to listen on, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere.
    Off,
    /// Here.
    At(SocketAddr),
}

impl Default for Listen {
    fn default() -> Self {
        Self::At(SocketAddr::from((Ipv4Addr::LOCALHOST, CONSOLE_PORT)))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "off" {
            return Ok(Self::Off);
        }
        let bad = |_| {
            D::Error::custom(format!("'{text}' is neither 'off' nor an address such as '127.0.0.1:8467'"))
        };
        text.parse().map(Self::At).map_err(bad)
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Names of hosts, in lower case: as a list in a file, with commas between them in the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(pub Vec<String>);

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// What stands in a file.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected names of hosts, with commas between them or as a list")]
enum Written {
    Text(String),
    List(Vec<String>),
}

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = match Written::deserialize(deserializer)? {
            Written::Text(text) => text.split(',').map(str::to_owned).collect(),
            Written::List(names) => names,
        };
        let names = names.iter().map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty());
        Ok(Self(names.collect()))
    }
}

impl Serialize for Hosts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Console {
    /// Every host is a name alone.
    pub(super) fn check(&self) -> Result<(), Unfit> {
        let is_name = |name: &&String| {
            let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            match inner {
                Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
                None => name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')),
            }
        };
        match self.hosts.0.iter().find(|name| !is_name(name)) {
            Some(name) => Err(Unfit {
                key: "console.hosts",
                why: format!(
                    "'{name}' is no name of a host such as 'mirror.example.org', without scheme and port"
                ),
            }),
            None => Ok(()),
        }
    }
}
