//! Files of the console. Their address holds a hash of what is in them: a browser keeps them for ever and has the right ones.

use std::sync::LazyLock;
use xxhash_rust::xxh3::xxh3_64;

/// One file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

/// All files.
pub(super) const ALL: [Asset; 3] = [
    Asset { name: "console.css", kind: "text/css; charset=utf-8", text: include_str!("assets/console.css") },
    Asset {
        name: "console.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("assets/console.js"),
    },
    Asset { name: "icon.svg", kind: "image/svg+xml", text: include_str!("assets/icon.svg") },
];

/// Of all of them together.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let all: String = ALL.iter().map(|asset| asset.text).collect();
    format!("{:016x}", xxh3_64(all.as_bytes()))
});

/// The file of this name.
pub(super) fn find(name: &str) -> Option<Asset> {
    ALL.into_iter().find(|asset| asset.name == name)
}

/// Where a file is.
pub(super) fn path(name: &str) -> String {
    format!("/assets/{}/{name}", *HASH)
}
