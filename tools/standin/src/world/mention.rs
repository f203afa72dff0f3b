//! Who a text mentions, and whom of those a message may notify.

use serde_json::Value;

use crate::{id, ledger::Pings};

/// One class of mentions that a message may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Allow {
    All,
    Only(Vec<u64>),
}

/// `allowed_mentions`, with Discord's defaults filled in.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    pub(crate) users: Allow,
    pub(crate) roles: Allow,
    pub(crate) everyone: bool,
    pub(crate) replied_user: bool,
}

impl Allowed {
    /// What people and bots get without `allowed_mentions`.
    pub(crate) fn everything() -> Self {
        Self { users: Allow::All, roles: Allow::All, everyone: true, replied_user: true }
    }

    /// What webhooks get without it: users only.
    pub(crate) fn users_only() -> Self {
        Self { users: Allow::All, roles: Allow::Only(Vec::new()), everyone: false, replied_user: false }
    }

    /// What system messages get.
    pub(crate) fn nothing() -> Self {
        Self { users: Allow::Only(Vec::new()), ..Self::users_only() }
    }

    /// Reads the object of a request body.
    pub(crate) fn read(value: &Value) -> Self {
        let parse =
            |name: &str| value["parse"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        let only = |name: &str| Allow::Only(ids(&value[name]));
        Self {
            users: if parse("users") { Allow::All } else { only("users") },
            roles: if parse("roles") { Allow::All } else { only("roles") },
            everyone: parse("everyone"),
            replied_user: value["replied_user"].as_bool().unwrap_or(false),
        }
    }
}

fn ids(value: &Value) -> Vec<u64> {
    value.as_array().into_iter().flatten().filter_map(id::from_json).collect()
}

/// All that a text names.
pub(crate) fn found(text: &str) -> Pings {
    let mut found = Pings::default();
    for part in text.split("<@").skip(1) {
        let Some((inside, _)) = part.split_once('>') else { continue };
        let (list, digits) = match inside.strip_prefix('&') {
            Some(digits) => (&mut found.roles, digits),
            None => (&mut found.users, inside.trim_start_matches('!')),
        };
        if let Ok(id) = digits.parse()
            && !list.contains(&id)
        {
            list.push(id);
        }
    }
    found.everyone = text.contains("@everyone") || text.contains("@here");
    found
}

/// Those of `found` that may be notified.
pub(crate) fn permitted(mut found: Pings, allowed: &Allowed) -> Pings {
    let keep = |allow: &Allow, id: &u64| match allow {
        Allow::All => true,
        Allow::Only(ids) => ids.contains(id),
    };
    found.users.retain(|id| keep(&allowed.users, id));
    found.roles.retain(|id| keep(&allowed.roles, id));
    found.everyone &= allowed.everyone;
    found
}
