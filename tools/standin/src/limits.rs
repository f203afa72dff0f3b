//! Discord's rate limits as settings: fixed windows per bucket, a global one, one that no header announces, and the
//! budget of invalid requests. `meters` counts.

pub(crate) mod meters;

use serde::Serialize;

/// So many requests in so many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Requests a window.
    pub requests: u32,
    /// Its length.
    pub per_ms: u64,
}

impl Window {
    /// `requests` in `per_ms` milliseconds.
    pub const fn new(requests: u32, per_ms: u64) -> Self {
        Self { requests, per_ms }
    }
}

/// The limits in force. The numbers for webhooks are a staff comment of 2017, not documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All requests of the bot together; those without Authorization count apart, per address.
    pub global: Window,
    /// Each webhook's own routes.
    pub webhook: Window,
    /// Edits, deletes and reads of a webhook's messages by themselves, under the bucket hash of executes all the same
    /// (discord-api-docs 8073). `None`: in one window with them.
    pub webhook_edits: Option<Window>,
    /// Message writes, per channel and route.
    pub channel_messages: Window,
    /// Deletes of messages by themselves, under the bucket hash of creates. `None`: as other writes.
    pub channel_deletes: Option<Window>,
    /// Every other route, per guild, channel or webhook in its path.
    pub other: Window,
    /// All webhooks of a channel together, announced by no header: the 429 comes by surprise (scope `shared`).
    pub channel_webhooks_hidden: Option<Window>,
    /// Edits in a channel of messages older than an hour; more are refused with 30046. The number is not documented.
    pub old_edits: Option<Window>,
    /// What too many invalid requests lead to.
    pub invalid: Invalid,
}

/// The budget of invalid requests: those answered 401, 403 or 429 (but for scope `shared`), all clients together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// So many are one too many.
    pub window: Window,
    /// How long everything is answered by a page of Cloudflare's then.
    pub block_ms: u64,
    /// With this status: 429 or 403.
    pub status: u16,
}

impl Default for Invalid {
    fn default() -> Self {
        Self { window: Window::new(10_000, 600_000), block_ms: 600_000, status: 429 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            global: Window::new(50, 1000),
            webhook: Window::new(5, 2000),
            webhook_edits: None,
            channel_messages: Window::new(5, 5000),
            channel_deletes: None,
            other: Window::new(50, 10_000),
            channel_webhooks_hidden: None,
            old_edits: Some(Window::new(30, 3_600_000)),
            invalid: Invalid::default(),
        }
    }
}

impl Limits {
    /// The default plus 30 webhook messages a minute and channel, as met by users since 2017.
    pub fn with_hidden_channel_limit() -> Self {
        Self { channel_webhooks_hidden: Some(Window::new(30, 60_000)), ..Self::default() }
    }

    /// All that was ever met: the hidden limit, and different limits under one bucket hash.
    pub fn harsh() -> Self {
        Self {
            webhook_edits: Some(Window::new(3, 1000)),
            channel_deletes: Some(Window::new(3, 1000)),
            ..Self::with_hidden_channel_limit()
        }
    }
}

/// The kinds of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// 429 of a bucket, scope `user`.
    User,
    /// 429 of a resource that others use too, scope `shared`. Costs nothing of the budget of invalid requests.
    Shared,
    /// 429 of all requests, scope `global`.
    Global,
    /// 429 without any header.
    Bare,
    /// A page of Cloudflare's, after too many invalid requests.
    Blocked,
}

/// A refusal, and whose fault it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Which.
    pub kind: Refusal,
    /// The client's own: it overran a limit that was announced or is documented, or it did not wait as it was told.
    pub own: bool,
}

impl Refusal {
    /// Not the client's fault.
    pub(crate) fn sudden(self) -> Refused {
        Refused { kind: self, own: false }
    }

    /// What `X-RateLimit-Scope` says.
    pub(crate) fn scope(self) -> Option<&'static str> {
        match self {
            Self::User => Some("user"),
            Self::Shared => Some("shared"),
            Self::Global => Some("global"),
            Self::Bare | Self::Blocked => None,
        }
    }
}
