//! Clients that nobody here wrote live on the stand-in: discord.py with each of its stream compressions, discord.js with
//! compressed payloads. What they say of it and what the ledger holds must agree, and they must not complain.
//!
//! They are installed once, from their usual package index, into the user's cache folder. Where Python, Node or the index
//! is absent, or with `MIRROR_TEST_CLIENTS=none`, a test says so and passes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bot;
mod cache;
mod commands;
mod story;

/// Without the package `zstandard` it asks for zlib-stream.
#[tokio::test]
async fn discord_py_lives_on_zlib_stream() {
    story::live(cache::discord_py(false).await, "zlib-stream", true).await;
}

#[tokio::test]
async fn discord_py_lives_on_zstd_stream() {
    story::live(cache::discord_py(true).await, "zstd-stream", true).await;
}

#[tokio::test]
async fn discord_js_lives_on_compressed_payloads() {
    story::live(cache::discord_js().await, "payload", false).await;
}

#[tokio::test]
async fn discord_py_answers_commands_and_buttons() {
    commands::are_answered(cache::discord_py(false).await).await;
}
