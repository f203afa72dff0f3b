//! Files of messages: kept as bytes, served under signed addresses that run out, as from Discord's CDN.
//!
//! `http://ADDRESS/attachments/CHANNEL/ID/NAME?ex=HEX&is=HEX&hm=HEX&`: expires, issued (seconds), signature. Every payload
//! carries fresh ones. An address that has run out, or that was never signed, is 404.

pub(crate) mod fault;
pub(crate) mod serve;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use self::fault::CdnFault;
use crate::{
    clock,
    id::{self, Id},
    world::{Message, World},
};

/// How long an address is good: about a day at Discord.
const ADDRESS_S: u64 = 24 * 3600;

/// How long bytes outlive their message: minutes, as others have met it.
const REMAINS_MS: u64 = 120_000;

/// Letters of a name that stay as they are in an address.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A file of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Its name; Discord replaces blanks and drops what is no letter, digit, `.`, `-` or `_`.
    pub name: String,
    /// `image/png`, ...; empty: none is said.
    pub content_type: String,
    /// What is in it.
    pub bytes: Bytes,
    /// The size that messages claim, if it is not the true one.
    pub claimed: Option<u64>,
    /// Further fields of the attachment object (`description`, `duration_secs`, `waveform`).
    pub more: Value,
}

impl File {
    /// A file without a content type.
    pub fn new(name: &str, bytes: impl Into<Bytes>) -> Self {
        Self { name: name.to_owned(), bytes: bytes.into(), ..Self::default() }
    }
}

struct Stored {
    file: File,
    channel: u64,
    /// When its message went away.
    gone_ms: Option<u64>,
    served: u64,
}

/// All files.
pub(crate) struct Cdn {
    files: HashMap<u64, Stored>,
    /// `127.0.0.1:PORT`
    pub(crate) origin: String,
    secret: u64,
    /// Addresses signed under an earlier one have run out.
    reign: u64,
    pub(crate) faults: Vec<CdnFault>,
}

/// An address taken apart.
struct Signed<'a> {
    path: &'a str,
    expires: u64,
    issued: u64,
}

impl Cdn {
    pub(crate) fn new(origin: String, secret: u64) -> Self {
        Self { files: HashMap::new(), origin, secret, reign: 0, faults: Vec::new() }
    }

    /// From now on no address is good that was given out before.
    pub(crate) fn expire(&mut self) {
        self.reign += 1;
    }

    fn signature(&self, signed: &Signed<'_>) -> String {
        let part = |number: u8| {
            let mut hasher = DefaultHasher::new();
            (self.secret, self.reign, number, signed.path, signed.expires, signed.issued).hash(&mut hasher);
            format!("{:016x}", hasher.finish())
        };
        (0..4).map(part).collect()
    }

    fn address(&self, path: &str) -> String {
        let issued = clock::now_ms() / 1000;
        let signed = Signed { path, expires: issued + ADDRESS_S, issued };
        let hm = self.signature(&signed);
        format!("http://{}{path}?ex={:x}&is={issued:x}&hm={hm}&", self.origin, signed.expires)
    }

    /// Is this query what was signed for this path, and still good?
    fn admits(&self, path: &str, query: &str) -> bool {
        let part = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, v)| v)
        };
        let number = |name| part(name).and_then(|text| u64::from_str_radix(text, 16).ok());
        let (Some(expires), Some(issued), Some(hm)) = (number("ex"), number("is"), part("hm")) else {
            return false;
        };
        clock::now_ms() / 1000 < expires && hm == self.signature(&Signed { path, expires, issued })
    }

    /// The file under a path, if the query is good and it is still there.
    pub(crate) fn open(&mut self, path: &str, query: &str) -> Option<File> {
        if !self.admits(path, query) {
            return None;
        }
        let id: u64 = path.split('/').nth(3)?.parse().ok()?;
        let stored = self.files.get_mut(&id)?;
        if stored.gone_ms.is_some_and(|gone_ms| clock::now_ms() > gone_ms + REMAINS_MS) {
            return None;
        }
        stored.served += 1;
        Some(stored.file.clone())
    }

    /// The files of a message stay for a while.
    pub(crate) fn lose(&mut self, message: &Message) {
        let listed = message.extra.as_deref().map(|extra| &extra.attachments);
        for id in listed.into_iter().flatten().filter_map(|file| id::from_json(&file["id"])) {
            if let Some(stored) = self.files.get_mut(&id) {
                stored.gone_ms = Some(clock::now_ms());
            }
        }
    }

    /// Files of messages that are gone are gone now.
    pub(crate) fn purge(&mut self) {
        self.files.retain(|_, stored| stored.gone_ms.is_none());
    }

    /// An address of ours with a fresh signature.
    pub(crate) fn refreshed(&self, url: &str) -> Option<String> {
        let path = url.split('?').next()?.strip_prefix(&format!("http://{}", self.origin))?;
        let id: u64 = path.strip_prefix("/attachments/")?.split('/').nth(1)?.parse().ok()?;
        self.files.contains_key(&id).then(|| self.address(path))
    }

    /// An attachment object as it is sent: with addresses, if it is a file of ours.
    pub(crate) fn shown(&self, attachment: &Value) -> Value {
        let mut shown = attachment.clone();
        let stored = id::from_json(&attachment["id"]).and_then(|id| Some((id, self.files.get(&id)?)));
        if let Some((id, stored)) = stored {
            let name = attachment["filename"].as_str().unwrap_or("file");
            let path = format!("/attachments/{}/{id}/{}", stored.channel, utf8_percent_encode(name, KEPT));
            shown["url"] = json!(self.address(&path));
            shown["proxy_url"] = shown["url"].clone();
        }
        shown
    }

    pub(crate) fn file(&self, id: u64) -> Option<&File> {
        self.files.get(&id).map(|stored| &stored.file)
    }

    /// How often a file was served.
    pub(crate) fn served(&self, id: u64) -> u64 {
        self.files.get(&id).map_or(0, |stored| stored.served)
    }
}

impl World {
    /// Keeps a file; returns its attachment object, without addresses.
    pub(crate) fn store(&mut self, channel: u64, file: File) -> Value {
        let id = self.ids.next();
        let size = file.claimed.unwrap_or(file.bytes.len() as u64);
        let mut shown = json!({"id": Id(id), "filename": clean(&file.name), "size": size});
        if !file.content_type.is_empty() {
            shown["content_type"] = json!(file.content_type);
        }
        if let (Value::Object(all), Value::Object(more)) = (&mut shown, &file.more) {
            all.extend(more.clone());
        }
        self.ledger.counts.files += 1;
        self.cdn.files.insert(id, Stored { file, channel, gone_ms: None, served: 0 });
        shown
    }
}

/// A file name as Discord keeps it.
fn clean(name: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name.replace(' ', "_").chars().filter(kept).collect();
    if name.trim_matches('.').is_empty() { "unknown".to_owned() } else { name }
}
