//! The path of a message, end to end in one process: short stories, frames in, requests out.
//!
//! Each file of `stories/` is one story (see [`script`] for its lines). The lines that begin with `<`, `=` and `|`
//! are what came of the others; `UPDATE_EXPECT=1 cargo test --test path` writes them anew. Everything between
//! frames and requests is the node's own; the clock stands still, so a wait costs nothing. At the end of every
//! story, besides what it says, the views must equal their rebuild and nothing may be owed to any channel.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod discord;
mod frames;
mod names;
mod node;
mod script;
mod stores;
mod story;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use stores::Engine;

/// Fewer stories than this mean that files were not found.
const STORIES_MIN: usize = 60;

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/path/stories");
    let only = std::env::var("STORY").unwrap_or_default();
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(paths.len() >= STORIES_MIN, "only {} stories", paths.len());
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "story"));
    paths.retain(|path| path.to_string_lossy().contains(&only));
    paths.sort();
    paths
}

/// Tells the story anew and compares.
fn check(path: &Path, engine: Engine) {
    let text = fs::read_to_string(path).unwrap();
    let clock =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let told = clock.block_on(story::tell(&text, engine));
    expect_test::expect_file![path].assert_eq(&told);
}

/// Tells all stories, some at a time: a new data directory waits for the disk, not for the processor.
fn check_all(engine: Engine) {
    const AT_ONCE: usize = 8;
    let (stories, next) = (stories(), AtomicUsize::new(0));
    let some = || {
        let mut bad = Vec::new();
        while let Some(path) = stories.get(next.fetch_add(1, Ordering::Relaxed)) {
            if catch_unwind(|| check(path, engine)).is_err() {
                bad.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
        bad
    };
    let bad: Vec<String> = std::thread::scope(|scope| {
        let tellers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(some)).collect();
        tellers.into_iter().flat_map(|teller| teller.join().unwrap()).collect()
    });
    assert!(bad.is_empty(), "over {engine:?} these stories end otherwise (STORY=name tells one): {bad:#?}");
}

#[test]
fn every_story_holds_in_memory() {
    check_all(Engine::Memory);
}

#[test]
fn every_story_holds_on_disk() {
    check_all(Engine::Sqlite);
}

#[test]
fn a_story_begins_with_what_it_shows() {
    for path in stories() {
        let text = fs::read_to_string(&path).unwrap();
        let title = text.lines().next().unwrap_or_default();
        assert!(title.starts_with("# ") && title.len() > 12, "{} has no title", path.display());
    }
}
