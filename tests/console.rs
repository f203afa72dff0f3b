//! The console of a real node, in a real browser: headless Chromium, driven over its DevTools protocol.
//!
//! Each test has a stage of its own: a stand-in, a data directory, a node whose console listens on a free port. Chromium is
//! installed where it is absent and may be; where it is not, or with `MIRROR_TEST_CLIENTS=none`, tests that need it say so
//! and pass. `MIRROR_SCREENSHOTS=DIR` makes the pictures of docs/console.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "console/browser.rs"]
mod browser;
#[path = "console/door.rs"]
mod door;
#[path = "console/hostile.rs"]
mod hostile;
#[path = "console/house.rs"]
mod house;
#[path = "console/many.rs"]
mod many;
#[path = "console/pages.rs"]
mod pages;
#[path = "console/pictures.rs"]
mod pictures;
#[path = "node/stage.rs"]
#[allow(dead_code, reason = "what other tests need of it")]
mod stage;
#[path = "console/work.rs"]
mod work;
