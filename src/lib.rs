//! The node: everything of `mirror` that does IO. See ARCHITECTURE.md.

pub mod clock;
pub mod discord;
pub mod follower;
pub mod lanes;
pub mod links;
pub mod sqlite;
