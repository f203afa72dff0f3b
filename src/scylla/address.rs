//! Where the cluster is: `cql://user:password@host:9042,host2/keyspace?ca=/path&dc=dc1`.

use crate::server_url::{Kind, ServerUrl, shown};
use scylla::statement::Consistency;
use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The port where a host names none.
const PORT: u16 = 9042;
/// The keyspace where the address names none.
const KEYSPACE: &str = "mirror";
/// The longest name of a keyspace. Source: Cassandra, "Data definition: common definitions".
const KEYSPACE_LEN_MAX: usize = 48;

/// Where the cluster is, and who we are there. Neither `Debug` nor an error shows the password.
#[derive(Clone)]
pub struct Address {
    /// Contact points, `host:port`.
    pub hosts: Vec<String>,
    /// Where the tables are: lower case letters, digits and `_`.
    pub keyspace: String,
    /// User and password.
    pub user: Option<(String, SecretString)>,
    /// TLS, where it is `cqls://`.
    pub tls: Option<Tls>,
    /// The data centre whose nodes are asked first.
    pub dc: Option<String>,
    /// Of views and positions: `quorum`, or `local_quorum` (the data centre alone; another may read older ones).
    pub consistency: Consistency,
}

/// How the other side is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the authority that signs the nodes' certificates; without it, those that the system trusts.
    /// Certificates must name the nodes' IP addresses: that is what the driver checks.
    pub ca: Option<PathBuf>,
    /// PEM files of our own certificate and its key, where the cluster asks for one.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// What is wrong with an address. The address itself is not repeated: it holds a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; it should be cql://user:password@host:9042,host2/keyspace?dc=NAME, or cqls://...?ca=FILE")]
pub struct BadAddress(String);

fn bad<T>(words: impl Into<String>) -> Result<T, BadAddress> {
    Err(BadAddress(words.into()))
}

/// How its addresses begin.
const KIND: Kind = Kind { plain: ("cql", PORT), tls: ("cqls", PORT) };

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let url = ServerUrl::parse(text, KIND).map_err(BadAddress)?;
        let mut address = Self {
            hosts: url.hosts.iter().map(|(host, port)| shown(host, *port)).collect(),
            keyspace: keyspace_name(&url.path)?,
            user: url.user,
            tls: url.is_tls.then(Tls::default),
            dc: None,
            consistency: Consistency::Quorum,
        };
        let mut key_file = None;
        for (key, value) in url.options {
            address.set(&key, value, &mut key_file)?;
        }
        address.finish(key_file)
    }
}

impl Address {
    fn set(&mut self, key: &str, value: String, key_file: &mut Option<PathBuf>) -> Result<(), BadAddress> {
        match (key, &mut self.tls) {
            ("dc", _) if !value.is_empty() => self.dc = Some(value),
            ("consistency", _) if value == "quorum" => self.consistency = Consistency::Quorum,
            ("consistency", _) if value == "local_quorum" => self.consistency = Consistency::LocalQuorum,
            ("consistency", _) => return bad("consistency is neither quorum nor local_quorum"),
            ("ca", Some(tls)) => tls.ca = Some(value.into()),
            ("cert", Some(tls)) => tls.client = Some((value.into(), PathBuf::new())),
            ("key", Some(_)) => *key_file = Some(value.into()),
            ("ca" | "cert" | "key", None) => return bad(format!("{key} is for cqls:// only")),
            _ => return bad(format!("{key:?} is no option of the address")),
        }
        Ok(())
    }

    fn finish(mut self, key_file: Option<PathBuf>) -> Result<Self, BadAddress> {
        let client = self.tls.as_mut().and_then(|tls| tls.client.as_mut());
        match (client, key_file) {
            (Some((_, at)), Some(file)) => *at = file,
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => return bad("cert and key belong together"),
        }
        Ok(self)
    }
}

/// It is written into statements, so nothing but a plain name passes.
fn keyspace_name(text: &str) -> Result<String, BadAddress> {
    let name = if text.is_empty() { KEYSPACE } else { text };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let fits = name.len() <= KEYSPACE_LEN_MAX && name.bytes().all(plain);
    if fits && name.as_bytes()[0].is_ascii_lowercase() {
        return Ok(name.to_owned());
    }
    bad("the keyspace is not a lower case letter, followed by up to 47 lower case letters, digits or _")
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "cqls" } else { "cql" };
        let user = self.user.as_ref().map_or("", |_| "***@");
        write!(f, "{scheme}://{user}{}/{}", self.hosts.join(","), self.keyspace)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn an_address_says_where_and_who() {
        let address: Address =
            "cqls://me:p%40ss%2f@a.example:1,b,[::1]:3,[::1]/ks_1?ca=/c.pem&dc=dc%201&cert=/x&key=/y"
                .parse()
                .unwrap();
        assert_eq!(address.hosts, ["a.example:1", "b:9042", "[::1]:3", "[::1]:9042"]);
        assert_eq!(address.keyspace, "ks_1");
        let (user, password) = address.user.clone().unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("me", "p@ss/"));
        let client = Some(("/x".into(), "/y".into()));
        assert_eq!(address.tls, Some(Tls { ca: Some("/c.pem".into()), client }));
        assert_eq!(address.dc.as_deref(), Some("dc 1"));
        assert_eq!(address.consistency, Consistency::Quorum);
        assert_eq!(address.to_string(), "cqls://***@a.example:1,b:9042,[::1]:3,[::1]:9042/ks_1");
        let plain: Address = "cql://h?consistency=local_quorum".parse().unwrap();
        assert_eq!((plain.keyspace.as_str(), plain.tls.is_none()), ("mirror", true));
        assert_eq!(plain.consistency, Consistency::LocalQuorum);
        assert_eq!("cql://127.0.0.1:19042/".parse::<Address>().unwrap().hosts, ["127.0.0.1:19042"]);
    }

    #[test]
    fn a_bad_address_is_named_without_its_password() {
        for (text, words) in [
            ("http://me:hunter2@h", "neither"),
            ("me:hunter2@h", "neither"),
            ("cql://me:hunter2@", "no host"),
            ("cql://me:hunter2@a,,b", "no host"),
            ("cql://me:hunter2@a:x", "no number"),
            ("cql://me:hunter2@a b", "characters"),
            ("cql://me:hunter2@a/Keys", "keyspace"),
            ("cql://me:hunter2@a/1", "keyspace"),
            ("cql://me:hunter2@a/k;drop", "keyspace"),
            ("cql://hunter2@a", "without a password"),
            ("cql://me:hunter2%4@a", "two digits"),
            ("cql://me:hunter2@a?ca=/x", "cqls:// only"),
            ("cqls://me:hunter2@a?cert=/x", "together"),
            ("cqls://me:hunter2@a?key=/x", "together"),
            ("cql://me:hunter2@a?consistency=one", "quorum"),
            ("cql://me:hunter2@a?colour=red", "no option"),
        ] {
            let error = text.parse::<Address>().map(|_| ()).expect_err(text).to_string();
            assert!(error.contains(words) && !error.contains("hunter2"), "{text}: {error}");
        }
        let fine: Address = "cql://me:hunter2@h".parse().unwrap();
        assert!(!format!("{fine:?} {fine:#?} {fine}").contains("hunter2"));
    }
}
