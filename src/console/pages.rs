//! Pages: from what the desk says to HTML. Pure; one page a file.
//!
//! All that comes from people is escaped by `maud`, cut, and told apart from our own words by [`text`]. Addresses are made
//! of ids alone. Nothing here is script or style: the policy in [`super::reply`] would not let it run.

pub(super) mod door;
pub(super) mod feed;
pub(super) mod frame;
pub(super) mod links;
pub(super) mod message;
pub(super) mod mirror;
pub(super) mod mirrors;
pub(super) mod overview;
pub(super) mod parts;
pub(super) mod quarantine;
pub(super) mod replay;
pub(super) mod text;

#[cfg(test)]
mod tests;
