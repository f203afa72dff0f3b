//! One gateway shard: Discord's frames, as they came, in one bounded channel with back-pressure.
//!
//! ```text
//! shard --text--> heard --Frame-----> channel --> ingest     full: the shard is not polled, so it stops
//!   |               |                                        reading and beating. Longer than a heartbeat or
//!   |               '-----Happening-> channel --> node       two, and Discord ends the session (4009)
//!   '-- IDENTIFY waits for its turn among all shards, and for the budget of the day: see `gateway/identify.rs`
//! ```
//! twilight does hello, heartbeats, compression, reconnects and resumes. Its typed events are not used: a
//! partial MESSAGE_UPDATE does not parse as one, and an ingest that drops what it cannot type loses events.
//! What must survive a restart rides on each [`Frame`]; the caller keeps that of the last frame whose events are
//! *durable*, never of the last one received.

mod gate;
mod identify;
mod pace;
mod pulse;

pub use gate::{IdentifyGate, Starts};
pub use identify::{IdentifyBudget, Permit};
pub use pulse::{Beat, Pulse};

use super::telemetry;
use super::transport::{Unusable, check_certificates};
use futures_util::StreamExt as _;
use identify::IdentifyQueue;
use pace::Pace;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use twilight_gateway::error::{ReceiveMessageError, ReceiveMessageErrorType};
use twilight_gateway::{
    CloseFrame, Config, ConfigBuilder, Intents, Message, Session, Shard, ShardId, ShardState,
};
use twilight_model::gateway::event::GatewayEventDeserializer;

/// How to connect.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The gateway, `ws://` or `wss://`; `None`: Discord's own. For the stand-in: resumes go to the URL
    /// that READY names.
    pub url: Option<String>,
    /// Which shard this is: it hears the guilds whose id, without its last 22 bits, modulo `shards` is this.
    pub shard: u32,
    /// Of how many.
    pub shards: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { url: None, shard: 0, shards: 1 }
    }
}

/// Frames that may wait for ingest: the capacity of its channel. Beyond, the shard stops reading.
pub const FRAMES_MAX: usize = 1_024;
/// Interactions that may wait; beyond, they are dropped: their three seconds would be over.
pub const INTERACTIONS_MAX: usize = 64;
/// Happenings that may wait: the capacity of their channel.
pub const HAPPENINGS_MAX: usize = 64;
/// Close codes after which a session cannot be resumed, and a new one may begin.
/// Source: Discord, "Opcodes and Status Codes, Gateway Close Event Codes".
const INVALID_SEQ: u16 = 4007;
const SESSION_TIMED_OUT: u16 = 4009;
/// How long a stop waits to send its close frame.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// A session to resume, as kept from an earlier run, or by another node in the note of the shard's lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// From [`Frame::session`].
    pub session_id: String,
    /// Sequence of the last frame whose events are durable.
    pub seq: u64,
    /// From [`Frame::resume_url`].
    pub resume_url: String,
}

/// One dispatch, READY and RESUMED among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The whole frame (`{"t","s","op","d"}`), JSON text as it came.
    pub text: String,
    /// Its sequence in the session.
    pub seq: u64,
    /// Discord's event name.
    pub kind: String,
    /// The session it belongs to.
    pub session: Arc<str>,
    /// Where that session can be resumed.
    pub resume_url: Arc<str>,
}

/// What became of the connection. Told before the frames that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A new session began.
    Ready(Ready),
    /// The session goes on; what was missed has been replayed.
    Resumed,
    /// The session is gone, and with it what happened until the next [`Happening::Ready`]: fill the gap.
    SessionLost,
    /// The connection was closed; the shard reconnects by itself. One that merely breaks may not be told.
    Disconnected {
        /// The close code, where one came.
        code: Option<u16>,
    },
}

/// A new session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Its id.
    pub session: Arc<str>,
    /// Where it can be resumed.
    pub resume_url: Arc<str>,
}

/// How [`Gateway::run`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop, or nobody listens; the session can be resumed.
    Stopped,
    /// Discord closed for good.
    Fatal {
        /// Its close code.
        code: u16,
        /// For the operator.
        what_to_do: &'static str,
    },
    /// The day's IDENTIFYs are spent: one more could make Discord reset the bot token.
    BudgetSpent {
        /// When one may be sent again, in milliseconds since 1970; none: nobody can tell.
        again_ms: Option<i64>,
    },
}

/// Why a shard cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// An address.
    #[error("the gateway address must be ws:// or wss:// and a host, not {0:?}")]
    Url(String),
    /// Certificates.
    #[error(transparent)]
    Certificates(#[from] Unusable),
    /// A shard that is not among them.
    #[error("there is no shard {shard} of {shards}")]
    Shard {
        /// The shard.
        shard: u32,
        /// Of how many.
        shards: u32,
    },
}

/// What is heard, and nothing more. MESSAGE_CONTENT must be enabled in the developer portal.
#[must_use]
pub fn intents() -> Intents {
    Intents::GUILDS
        | Intents::GUILD_WEBHOOKS
        | Intents::GUILD_MESSAGES
        | Intents::GUILD_MESSAGE_REACTIONS
        | Intents::MESSAGE_CONTENT
}

/// What to do about a close code after which Discord wants no reconnect; `None`: the shard reconnects.
/// Source: Discord, "Opcodes and Status Codes, Gateway Close Event Codes".
#[must_use]
pub const fn what_to_do(code: u16) -> Option<&'static str> {
    Some(match code {
        4004 => {
            "Discord refused the bot token; copy it again from the developer portal (your application, Bot, Reset \
             Token) into discord.token, discord.token_file or MIRROR_DISCORD_TOKEN"
        }
        4010 => {
            "Discord knows no such shard; set discord.shards on all nodes to the same number, or leave it out: then \
             it is as many as Discord recommends"
        }
        4011 => {
            "the bot is in too many guilds for so few shards; set discord.shards higher, or leave it out: then it is \
             as many as Discord recommends"
        }
        4012 => "Discord no longer speaks this version of the gateway; update mirror",
        4013 => {
            "Discord knows no such intents; mirror asks for guilds, webhooks, messages, reactions and message content, \
             all of which are to be seen in the developer portal (your application, Bot): update mirror if they changed"
        }
        4014 => {
            "the bot may not read messages; switch on \"Message Content Intent\" in the developer portal (your \
             application, Bot, Privileged Gateway Intents), then start again"
        }
        _ => return None,
    })
}

/// A shard that is not connected yet.
pub struct Gateway {
    shard: Shard<IdentifyQueue>,
    /// What it is made of, for another without its session.
    settings: Settings,
    token: SecretString,
    queue: IdentifyQueue,
    session: Option<Ready>,
    pulse: Arc<Pulse>,
}

/// Where a shard's findings go.
#[derive(Clone, Debug)]
pub struct Outlets {
    /// To ingest; see [`FRAMES_MAX`].
    pub frames: mpsc::Sender<Frame>,
    /// To the node; see [`HAPPENINGS_MAX`].
    pub happenings: mpsc::Sender<Happening>,
    /// What people type and press, a second time: it is answered in three seconds or never, so it waits for no log.
    /// See [`INTERACTIONS_MAX`].
    pub interactions: mpsc::Sender<String>,
}

impl Gateway {
    /// Prepares a shard, to resume `saved` if there is one. Must be called inside a runtime.
    ///
    /// # Errors
    /// See [`GatewayError`].
    pub fn new(
        settings: &Settings,
        token: &SecretString,
        saved: Option<Saved>,
        budget: Arc<dyn IdentifyBudget>,
    ) -> Result<Self, GatewayError> {
        check_certificates()?;
        let (shard, shards) = (settings.shard, settings.shards);
        if shard >= shards {
            return Err(GatewayError::Shard { shard, shards });
        }
        let queue = IdentifyQueue::new(budget);
        let session = saved.as_ref().map(|saved| Ready {
            session: Arc::from(saved.session_id.as_str()),
            resume_url: Arc::from(saved.resume_url.as_str()),
        });
        let config = config(settings, token, saved, queue.clone())?;
        let shard = Shard::with_config(ShardId::new(shard, shards), config);
        let (settings, token, pulse) = (settings.clone(), token.clone(), Arc::new(Pulse::new()));
        Ok(Self { shard, settings, token, queue, session, pulse })
    }

    /// How it can be seen from outside that the shard lives.
    #[must_use]
    pub fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    /// Lets the session go: twilight would try to resume it for ever.
    fn forget(&mut self) -> Option<Happening> {
        let config = config(&self.settings, &self.token, None, self.queue.clone()).ok()?;
        self.shard = Shard::with_config(ShardId::new(self.settings.shard, self.settings.shards), config);
        self.session.take().map(|_| Happening::SessionLost)
    }

    fn closed(&mut self, code: Option<u16>) -> Heard {
        let mut heard = Heard::closed(code);
        if matches!(code, Some(INVALID_SEQ | SESSION_TIMED_OUT)) {
            heard.happenings.extend(self.forget());
        }
        heard
    }

    /// Runs until stopped, refused for good, or without a listener. A stop leaves the session resumable.
    pub async fn run(mut self, out: Outlets, stop: CancellationToken) -> Ended {
        let (mut pace, spent) = (Pace::default(), self.queue.spent());
        self.pulse.leads_to(&out.frames);
        loop {
            let item = tokio::select! {
                biased;
                () = stop.cancelled() => return self.close().await,
                again_ms = spent.wait() => return Ended::BudgetSpent { again_ms },
                item = self.shard.next() => item,
            };
            let heard = match item {
                None => return Ended::Stopped,
                Some(Ok(Message::Text(text))) => self.heard(text),
                Some(Ok(Message::Close(frame))) => self.closed(frame.map(|frame| frame.code)),
                Some(Err(error)) => Heard::failed(&error),
            };
            if let Some(ended) = heard.fatal() {
                return ended;
            }
            let wait = heard.wait(&mut pace);
            let told = async {
                let listened = heard.tell(&out).await;
                // Even a sleep of nothing takes a tick of the timer, and this is the way of every frame.
                if !wait.is_zero() {
                    sleep(wait).await;
                }
                listened
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.close().await,
                listened = told => if !listened { return self.close().await },
            }
        }
    }

    /// Not with 1000 or 1001: these end the session, and a restart could not resume it. Polled no further
    /// than to the close frame: the shard would connect anew.
    async fn close(mut self) -> Ended {
        self.shard.close(CloseFrame::RESUME);
        let closing = poll_fn(|context| {
            loop {
                let polled = self.shard.poll_next_unpin(context);
                match (self.shard.state(), polled) {
                    (ShardState::Disconnected { .. } | ShardState::FatallyClosed, _) => {
                        return Poll::Ready(());
                    }
                    (_, Poll::Pending) => return Poll::Pending,
                    (_, Poll::Ready(_)) => {}
                }
            }
        });
        let _ = timeout(CLOSE_WAIT, closing).await;
        Ended::Stopped
    }

    fn heard(&mut self, text: String) -> Heard {
        self.pulse.heard();
        let happenings = match parse(&text) {
            Some(Parsed::Dispatch { .. }) | None => Vec::new(),
            Some(Parsed::Hello { heartbeat_ms }) => {
                self.pulse.beats_every(heartbeat_ms);
                Vec::new()
            }
            Some(Parsed::Ready(ready)) => self.began(ready),
            Some(Parsed::Resumed) => vec![Happening::Resumed],
            Some(Parsed::Lost) => self.session.take().map(|_| Happening::SessionLost).into_iter().collect(),
        };
        let frame = self.frame(text);
        frame.iter().for_each(|frame| self.pulse.framed(frame));
        Heard { happenings, frame }
    }

    /// An earlier session that ended without a word is lost all the same.
    fn began(&mut self, ready: Ready) -> Vec<Happening> {
        let lost = self.session.replace(ready.clone()).map(|_| Happening::SessionLost);
        lost.into_iter().chain([Happening::Ready(ready)]).collect()
    }

    fn frame(&self, text: String) -> Option<Frame> {
        let (op, seq, kind) = GatewayEventDeserializer::from_json(&text)?.into_parts();
        let (seq, kind) = (seq.filter(|_| op == 0)?, kind?.into_owned());
        let Ready { session, resume_url } = self.session.clone()?;
        Some(Frame { text, seq, kind, session, resume_url })
    }
}

/// What one message of the shard gave.
#[derive(Debug, Default)]
struct Heard {
    happenings: Vec<Happening>,
    frame: Option<Frame>,
}

impl Heard {
    fn closed(code: Option<u16>) -> Self {
        telemetry::gateway_closed(code);
        Self { happenings: vec![Happening::Disconnected { code }], frame: None }
    }

    /// The error's own words hold the frame, so they are not used.
    fn failed(error: &ReceiveMessageError) -> Self {
        match error.kind() {
            ReceiveMessageErrorType::Reconnect => telemetry::gateway_unreachable(),
            ReceiveMessageErrorType::Compression => telemetry::frame_broken("its compression"),
            _ => telemetry::frame_broken("its shape"),
        }
        Self::default()
    }

    fn fatal(&self) -> Option<Ended> {
        self.happenings.iter().find_map(|happening| match happening {
            Happening::Disconnected { code: Some(code) } => {
                what_to_do(*code).map(|what_to_do| Ended::Fatal { code: *code, what_to_do })
            }
            Happening::Disconnected { code: None }
            | Happening::Ready(_)
            | Happening::Resumed
            | Happening::SessionLost => None,
        })
    }

    /// How long to wait before the shard goes on.
    fn wait(&self, pace: &mut Pace) -> Duration {
        let wait = |happening: &Happening| match happening {
            Happening::Ready(_) | Happening::Resumed => pace.began(Instant::now()),
            Happening::Disconnected { .. } => pace.ended(Instant::now()),
            Happening::SessionLost => Duration::ZERO,
        };
        self.happenings.iter().map(wait).sum()
    }

    /// Whether somebody still listens to frames.
    async fn tell(self, out: &Outlets) -> bool {
        for happening in self.happenings {
            let _ = out.happenings.send(happening).await;
        }
        match self.frame {
            Some(frame) => {
                if frame.kind == "INTERACTION_CREATE"
                    && out.interactions.try_send(frame.text.clone()).is_err()
                {
                    telemetry::interaction_dropped();
                }
                out.frames.send(frame).await.is_ok()
            }
            None => !out.frames.is_closed(),
        }
    }
}

fn config(
    settings: &Settings,
    token: &SecretString,
    saved: Option<Saved>,
    queue: IdentifyQueue,
) -> Result<Config<IdentifyQueue>, GatewayError> {
    let mut builder = ConfigBuilder::new(token.expose_secret().trim().to_owned(), intents());
    if let Some(url) = &settings.url {
        builder = builder.proxy_url(address(url)?);
    }
    if let Some(saved) = saved {
        builder = builder.session(Session::new(saved.seq, saved.session_id));
        builder = builder.resume_url(address(&saved.resume_url)?);
    }
    Ok(builder.queue(queue).build())
}

/// twilight panics at a URL that is none, and appends `/?v=...`.
fn address(url: &str) -> Result<String, GatewayError> {
    let bare = url.trim_end_matches('/');
    let fits = bare.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("ws" | "wss")) && uri.host().is_some() && uri.query().is_none()
    });
    if fits { Ok(bare.to_owned()) } else { Err(GatewayError::Url(url.to_owned())) }
}

/// What a message of the gateway means for the session.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Dispatch { seq: u64 },
    Ready(Ready),
    Resumed,
    Lost,
    Hello { heartbeat_ms: u64 },
}

/// `None`: nothing that concerns anyone but the shard.
fn parse(text: &str) -> Option<Parsed> {
    let (op, seq, kind) = GatewayEventDeserializer::from_json(text)?.into_parts();
    match (op, seq, kind.as_deref()) {
        (0, Some(_), Some("READY")) => ready(text),
        (0, Some(_), Some("RESUMED")) => Some(Parsed::Resumed),
        (0, Some(seq), Some(_)) => Some(Parsed::Dispatch { seq }),
        (9, ..) => lost(text),
        (10, ..) => hello(text),
        _ => None,
    }
}

fn ready(text: &str) -> Option<Parsed> {
    #[derive(Deserialize)]
    struct Told {
        session_id: String,
        resume_gateway_url: String,
    }
    #[derive(Deserialize)]
    struct Outer {
        d: Told,
    }
    let told = serde_json::from_str::<Outer>(text).ok()?.d;
    let (session, resume_url) = (Arc::from(told.session_id), Arc::from(told.resume_gateway_url));
    Some(Parsed::Ready(Ready { session, resume_url }))
}

/// Invalid session; `d` tells whether it may still be resumed.
fn lost(text: &str) -> Option<Parsed> {
    #[derive(Deserialize)]
    struct Outer {
        d: bool,
    }
    let resumable = serde_json::from_str::<Outer>(text).is_ok_and(|outer| outer.d);
    (!resumable).then_some(Parsed::Lost)
}

/// How often a heartbeat is wanted.
fn hello(text: &str) -> Option<Parsed> {
    #[derive(Deserialize)]
    struct Told {
        heartbeat_interval: u64,
    }
    #[derive(Deserialize)]
    struct Outer {
        d: Told,
    }
    let heartbeat_ms = serde_json::from_str::<Outer>(text).ok()?.d.heartbeat_interval;
    Some(Parsed::Hello { heartbeat_ms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;

    fn ready(session: &str, url: &str) -> Parsed {
        Parsed::Ready(Ready { session: Arc::from(session), resume_url: Arc::from(url) })
    }

    #[test]
    fn what_a_message_means_for_the_session() {
        for (text, expected) in [
            (r#"{"t":"MESSAGE_CREATE","s":4,"op":0,"d":{"id":"1"}}"#, Some(Parsed::Dispatch { seq: 4 })),
            (r#"{"op":0,"d":{"id":"1"},"s":5,"t":"NEW_THING"}"#, Some(Parsed::Dispatch { seq: 5 })),
            (
                r#"{"t":"READY","s":1,"op":0,"d":{"session_id":"a","resume_gateway_url":"wss://r"}}"#,
                Some(ready("a", "wss://r")),
            ),
            (r#"{"t":"READY","s":1,"op":0,"d":{}}"#, None),
            (r#"{"t":"RESUMED","s":9,"op":0,"d":{}}"#, Some(Parsed::Resumed)),
            (r#"{"t":null,"s":null,"op":9,"d":false}"#, Some(Parsed::Lost)),
            (r#"{"t":null,"s":null,"op":9,"d":true}"#, None),
            (r#"{"t":null,"s":null,"op":11}"#, None),
            (
                r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":1}}"#,
                Some(Parsed::Hello { heartbeat_ms: 1 }),
            ),
            (r#"{"t":null,"s":null,"op":10,"d":null}"#, None),
            ("nonsense", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    struct Plenty;

    #[async_trait]
    impl IdentifyBudget for Plenty {
        async fn permit(&self, _: u32) -> Permit {
            Permit::Go { left: 1 }
        }
    }

    #[tokio::test]
    async fn a_session_that_is_replaced_without_a_word_is_lost() {
        let token = SecretString::from("t");
        let mut gateway = Gateway::new(&Settings::default(), &token, None, Arc::new(Plenty)).unwrap();
        let ready = |id| {
            format!(
                r#"{{"t":"READY","s":1,"op":0,"d":{{"session_id":"{id}","resume_gateway_url":"wss://r"}}}}"#
            )
        };
        let mut told = |text: String| gateway.heard(text).happenings;
        assert!(matches!(told(ready("a"))[..], [Happening::Ready(_)]));
        assert!(matches!(told(ready("b"))[..], [Happening::SessionLost, Happening::Ready(_)]));
        assert_eq!(told(r#"{"op":9,"d":false}"#.to_owned()), [Happening::SessionLost]);
        assert_eq!(told(r#"{"op":9,"d":false}"#.to_owned()), [], "told once");
        assert!(matches!(told(ready("c"))[..], [Happening::Ready(_)]));
    }

    #[test]
    fn addresses_that_would_panic_are_refused() {
        for (url, fits) in [
            ("ws://127.0.0.1:4010", true),
            ("wss://gateway.discord.gg/", true),
            ("http://127.0.0.1", false),
            ("127.0.0.1:4010", false),
            ("ws://", false),
            ("ws://a b", false),
            ("", false),
        ] {
            assert_eq!(address(url).is_ok(), fits, "{url:?}");
        }
    }

    #[test]
    fn exactly_the_closes_that_twilight_takes_for_fatal_have_advice() {
        use twilight_model::gateway::CloseCode;
        for code in 4000..=4020 {
            let fatal = CloseCode::try_from(code).is_ok_and(|code| !code.can_reconnect());
            assert_eq!(what_to_do(code).is_some(), fatal, "{code}");
        }
    }
}
