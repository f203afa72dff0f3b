//! Stories against a running stand-in: steps in, a transcript out, all through `check`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`expect!` makes a value")]

mod changes;
mod closes;
mod content;
mod control;
mod faults;
mod files;
mod gateway;
mod http;
mod interactions;
mod ledger;
mod limits;
mod openapi;
mod powers;
mod rest;
mod script;
mod speed;
mod thread_members;
mod threads;
mod twilight;
mod wire;
mod world;
mod ws;

use expect_test::Expect;

/// Runs a script on a world with guild `home`, channels `general` and `random`, people `alice` and `bob`, and a webhook
/// `hook` in `random`; compares what it prints. See `script` for the steps.
fn check(script: &str, expected: Expect) {
    check_with(standin::Config { unlimited: true, ..Default::default() }, script, expected);
}

fn check_with(config: standin::Config, script: &str, expected: Expect) {
    expected.assert_eq(&script::run(config, script));
}
