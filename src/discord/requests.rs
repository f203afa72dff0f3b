//! What became of requests to Discord, counted: by route and outcome, and by whom each 429 was for.

use super::limits::Scope;
use super::route::Kind;
use super::transport::{Failure, Reply};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a request can come to: a class of status, no connection, or nobody knows.
const OUTCOMES: [&str; 7] = ["1xx", "2xx", "3xx", "4xx", "5xx", "not_connected", "ambiguous"];
/// Whom a 429 can be for; `unannounced`: its headers do not say.
const SCOPES: [&str; 4] = ["user", "shared", "global", "unannounced"];

/// Requests since the start of the node.
#[derive(Debug, Default)]
pub struct Requests {
    ended: [[AtomicU64; OUTCOMES.len()]; Kind::ALL.len()],
    limited: [AtomicU64; SCOPES.len()],
}

impl Requests {
    /// Counts one that has ended.
    pub fn ended(&self, kind: Kind, result: &Result<Reply, Failure>) {
        let outcome = match result {
            Ok(reply) => (usize::from(reply.status / 100)).clamp(1, 5) - 1,
            Err(Failure::NotConnected(_)) => 5,
            Err(Failure::Ambiguous(_)) => 6,
        };
        // A route that nobody listed is not counted: that is no reason to stop.
        if let Some(counts) = self.ended.get(kind as usize) {
            counts[outcome].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a 429.
    pub fn limited(&self, scope: Option<Scope>) {
        self.limited[place(scope)].fetch_add(1, Ordering::Relaxed);
    }

    /// How many of each route came to what.
    pub fn outcomes(&self) -> impl Iterator<Item = (Kind, &'static str, u64)> {
        Kind::ALL.into_iter().zip(&self.ended).flat_map(|(kind, counts)| {
            let count =
                move |(outcome, count): (_, &AtomicU64)| (kind, outcome, count.load(Ordering::Relaxed));
            OUTCOMES.into_iter().zip(counts).map(count)
        })
    }

    /// How many 429s of each scope.
    pub fn scopes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        SCOPES.into_iter().zip(&self.limited).map(|(scope, count)| (scope, count.load(Ordering::Relaxed)))
    }
}

/// What a scope is called.
#[must_use]
pub const fn name(scope: Option<Scope>) -> &'static str {
    SCOPES[place(scope)]
}

const fn place(scope: Option<Scope>) -> usize {
    match scope {
        Some(Scope::User) => 0,
        Some(Scope::Shared) => 1,
        Some(Scope::Global) => 2,
        None => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::limits::Headers;
    use bytes::Bytes;

    #[test]
    fn each_route_has_a_place_of_its_own() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{kind:?}");
        }
    }

    #[test]
    fn each_outcome_is_counted_once() {
        let reply =
            |status| Ok(Reply { status, headers: Headers::default(), body: Bytes::new(), whole: true });
        let requests = Requests::default();
        for result in [reply(200), reply(204), reply(429), reply(502), reply(0), reply(999)] {
            requests.ended(Kind::EditCopy, &result);
        }
        requests.ended(Kind::EditCopy, &Err(Failure::NotConnected(String::new())));
        requests.ended(Kind::ReadUser, &Err(Failure::Ambiguous(String::new())));
        let counted: Vec<_> = requests.outcomes().filter(|(.., count)| *count > 0).collect();
        let edit = |outcome, count| (Kind::EditCopy, outcome, count);
        let wanted = [
            edit("1xx", 1),
            edit("2xx", 2),
            edit("4xx", 1),
            edit("5xx", 2),
            edit("not_connected", 1),
            (Kind::ReadUser, "ambiguous", 1),
        ];
        assert_eq!(counted, wanted);
    }

    #[test]
    fn each_429_is_counted_by_its_scope() {
        let requests = Requests::default();
        for scope in [Some(Scope::User), None, Some(Scope::Shared), Some(Scope::Global), None] {
            requests.limited(scope);
        }
        let counted: Vec<_> = requests.scopes().collect();
        assert_eq!(counted, [("user", 1), ("shared", 1), ("global", 1), ("unannounced", 2)]);
    }
}
