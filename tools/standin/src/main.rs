//! `discord-standin`.
fn main() {}
