//! Servers that a test is given by its environment.

use std::{env, io::Write};

/// What a test without servers has to say.
const REMEDY: &str = "this test needs real servers and finds no MIRROR_TEST_RABBITMQ, MIRROR_TEST_AMQP and MIRROR_TEST_CQL: run \
                      `eval \"$(tools/services up)\"` first, or all tests by `tools/test`; set MIRROR_TEST_SERVERS=none to pass \
                      without";

/// Addresses of servers that run.
#[derive(Clone, Debug)]
pub struct Given {
    /// `rabbitmq://user:password@host:port/`: the port of streams.
    pub rabbitmq: String,
    /// `amqp://user:password@host:port/`.
    pub amqp: String,
    /// `cql://host:port/`.
    pub cql: String,
}

/// The servers of `tools/services`. `None` only if MIRROR_TEST_SERVERS=none says that there are none: the test says
/// so and returns.
///
/// # Errors
/// There are none, and nobody said so: the test fails with these words.
pub fn given() -> Result<Option<Given>, &'static str> {
    if !with_servers() {
        return Ok(None);
    }
    let of = |name| env::var(name).ok().filter(|value| !value.is_empty());
    match (of("MIRROR_TEST_RABBITMQ"), of("MIRROR_TEST_AMQP"), of("MIRROR_TEST_CQL")) {
        (Some(rabbitmq), Some(amqp), Some(cql)) => Ok(Some(Given { rabbitmq, amqp, cql })),
        _ => Err(REMEDY),
    }
}

/// Whether tests over real servers are to run; says so loudly if not. For tests that start servers of their own.
#[must_use]
pub fn with_servers() -> bool {
    let without = env::var("MIRROR_TEST_SERVERS").is_ok_and(|value| value == "none");
    if without {
        let thread = std::thread::current();
        // Not `eprintln!`: what a passing test prints by that is never seen.
        let _ = writeln!(std::io::stderr(), "not run: no server: {}", thread.name().unwrap_or("a test"));
    }
    !without
}
