//! The gateway: one WebSocket connection from Hello to its end. Sessions outlive connections: see `session`.

pub(crate) mod session;
pub(crate) mod starts;
pub(crate) mod wire;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

use self::{
    session::{Event, Order, ResumeError, Wish, Work},
    starts::Start,
    wire::{Ended, Frames, Wire},
};
use crate::{
    clock,
    id::Id,
    rest::guild::{APPLICATION_FLAGS, me},
    server::Core,
    world::{World, shown::Happening},
};

const HEARTBEAT_MS: u64 = 41_250;
/// Client frames larger than this are refused (close 4002).
const CLIENT_BYTES_MAX: usize = 4096;
/// Client frames in a minute and connection (close 4008).
const CLIENT_FRAMES_MAX: u32 = 120;
/// Dispatches sent between two looks at the socket.
const BATCH: usize = 256;
/// How long a dispatch is held back at most by the reorder fault.
const HELD_MS: u64 = 100;
/// From op 7 to the close by the server.
const RECONNECT_GRACE_MS: u64 = 2000;

/// Does a client ask for a WebSocket?
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    let value = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Answers the handshake and starts the connection.
pub(crate) fn upgrade(core: &Arc<Core>, request: &mut Request<Incoming>) -> Response<Full<Bytes>> {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).cloned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let (Some(key), false) = (key, query.contains("compress=zlib-stream")) else {
        let mut refusal = Response::new(Full::new(Bytes::from_static(
            b"the stand-in speaks WebSocket with compress=zstd-stream or without compression; not zlib-stream\n",
        )));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return refusal;
    };
    let upgrading = hyper::upgrade::on(request);
    let (core, zipped) = (Arc::clone(core), query.contains("compress=zstd-stream"));
    tokio::spawn(async move {
        let Ok(upgraded) = upgrading.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let (sink, frames) = socket.split();
        let Ok(wire) = Wire::new(sink, zipped) else { return };
        let mut talk = Talk { core, wire, frames, count: 0, minute: Instant::now() };
        let _ = talk.run().await;
    });
    switching(&key)
}

fn switching(key: &HeaderValue) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    answer
}

/// One connection.
struct Talk {
    core: Arc<Core>,
    wire: Wire,
    frames: Frames,
    count: u32,
    minute: Instant,
}

/// A connection that holds a session.
struct Attached {
    session: String,
    connection: u64,
    wake: Arc<Notify>,
}

/// What a client frame asks for.
enum Asked {
    Nothing,
    Identify(Value),
    Resume(Value),
}

impl Talk {
    async fn run(&mut self) -> Result<(), Ended> {
        self.wire
            .send(json!({"t": null, "s": null, "op": 10, "d": {"heartbeat_interval": HEARTBEAT_MS}}))
            .await?;
        loop {
            let attached = self.attach().await?;
            let ended = self.pump(&attached).await;
            let goodbye = matches!(ended, Err(Ended::Goodbye));
            let mut world = self.core.world();
            world.sessions.leave(&attached.session, attached.connection, goodbye);
            world.tell(|_| Happening::Disconnected);
            drop(world);
            ended?;
        }
    }

    /// Waits for IDENTIFY or RESUME.
    async fn attach(&mut self) -> Result<Attached, Ended> {
        loop {
            let Some(frame) = self.frames.next().await else { return Err(Ended::Dropped) };
            let attached = match self.hear(frame.map_err(|_| Ended::Dropped)?, false).await? {
                Asked::Nothing => None,
                Asked::Identify(d) => self.identify(&d).await?,
                Asked::Resume(d) => self.resume(&d).await?,
            };
            if let Some(attached) = attached {
                return Ok(attached);
            }
        }
    }

    /// Sends what the session holds and listens, until the connection or the session ends.
    async fn pump(&mut self, at: &Attached) -> Result<(), Ended> {
        let mut close_at: Option<Instant> = None;
        loop {
            let work = self.core.world().sessions.take(&at.session, at.connection, BATCH);
            let Work { frames, order, held } = work.ok_or(Ended::Dropped)?;
            let more = frames.len() == BATCH || order.is_some();
            self.wire.send_all(frames).await?;
            match order {
                Some(Order::Cut) => return Err(Ended::Dropped),
                Some(Order::Invalid { resumable }) => return self.invalid(at, resumable).await,
                Some(Order::Reconnect) => {
                    self.wire.send(json!({"t": null, "s": null, "op": 7, "d": null})).await?;
                    close_at = Some(Instant::now() + Duration::from_millis(RECONNECT_GRACE_MS));
                }
                None => {}
            }
            if !more {
                self.wait(at, held, close_at).await?;
            }
        }
    }

    async fn wait(&mut self, at: &Attached, held: bool, close_at: Option<Instant>) -> Result<(), Ended> {
        let end = close_at.unwrap_or_else(Instant::now);
        tokio::select! {
            () = at.wake.notified() => Ok(()),
            frame = self.frames.next() => {
                let frame = frame.ok_or(Ended::Dropped)?.map_err(|_| Ended::Dropped)?;
                self.hear(frame, true).await.map(drop)
            }
            () = sleep(Duration::from_millis(HELD_MS)), if held => {
                self.core.world().sessions.release_held(&at.session);
                Ok(())
            }
            () = sleep_until(end), if close_at.is_some() => Err(Ended::Dropped),
        }
    }

    async fn invalid(&mut self, at: &Attached, resumable: bool) -> Result<(), Ended> {
        if !resumable {
            self.core.world().sessions.forget(&at.session);
        }
        self.wire.send(json!({"t": null, "s": null, "op": 9, "d": resumable})).await
    }

    /// Understands one client frame; heartbeats are answered here.
    async fn hear(&mut self, frame: Message, attached: bool) -> Result<Asked, Ended> {
        let text = match frame {
            Message::Text(text) => text,
            Message::Close(close) => return Err(Ended::of(close.as_ref().map(|close| close.code.into()))),
            Message::Binary(_) => return self.wire.close(4002, "Error while decoding payload.").await,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(Asked::Nothing),
        };
        if self.too_often() {
            return self.wire.close(4008, "You are being rate limited.").await;
        }
        let parsed = serde_json::from_str::<Value>(&text).ok().filter(|_| text.len() <= CLIENT_BYTES_MAX);
        let Some(mut payload) = parsed else {
            return self.wire.close(4002, "Error while decoding payload.").await;
        };
        match (payload["op"].as_u64(), attached) {
            (Some(1), _) => self.wire.send(json!({"t": null, "s": null, "op": 11, "d": null})).await?,
            (Some(2), false) => return Ok(Asked::Identify(payload["d"].take())),
            (Some(6), false) => return Ok(Asked::Resume(payload["d"].take())),
            (Some(2 | 6), true) => return self.wire.close(4005, "Already authenticated.").await,
            (Some(3 | 4 | 8 | 31 | 43), true) => {}
            (Some(3 | 4 | 8 | 31 | 43), false) => return self.wire.close(4003, "Not authenticated.").await,
            _ => return self.wire.close(4001, "Unknown opcode.").await,
        }
        Ok(Asked::Nothing)
    }

    fn too_often(&mut self) -> bool {
        if self.minute.elapsed() > Duration::from_secs(60) {
            (self.minute, self.count) = (Instant::now(), 0);
        }
        self.count += 1;
        self.count > CLIENT_FRAMES_MAX
    }

    async fn identify(&mut self, d: &Value) -> Result<Option<Attached>, Ended> {
        if !right_token(&self.core.world(), d) {
            self.core.world().ledger.counts.refused_sessions += 1;
            return self.wire.close(4004, "Authentication failed.").await;
        }
        let shard = (d["shard"][0].as_u64().unwrap_or(0), d["shard"][1].as_u64().unwrap_or(1));
        if shard.0 >= shard.1 {
            return self.wire.close(4010, "Invalid shard.").await;
        }
        let Some(intents) = d["intents"].as_u64() else {
            return self.wire.close(4013, "Invalid intent(s).").await;
        };
        let start = self.core.world().starts.ask(shard.0, clock::now_ms());
        match start {
            Start::Yes => Ok(Some(begin(&mut self.core.world(), Wish { intents, shard }, &self.core.origin))),
            Start::Crowded => {
                self.core.world().ledger.counts.refused_sessions += 1;
                self.wire.send(json!({"t": null, "s": null, "op": 9, "d": false})).await?;
                Ok(None)
            }
            Start::Spent => {
                self.core.world().reset_token();
                self.wire.close(4004, "Authentication failed.").await
            }
        }
    }

    async fn resume(&mut self, d: &Value) -> Result<Option<Attached>, Ended> {
        if !right_token(&self.core.world(), d) {
            return self.wire.close(4004, "Authentication failed.").await;
        }
        let session = d["session_id"].as_str().unwrap_or_default().to_owned();
        let seq = d["seq"].as_u64().unwrap_or(0);
        let resumed = again(&mut self.core.world(), &session, seq);
        match resumed {
            Ok((connection, wake)) => Ok(Some(Attached { session, connection, wake })),
            Err(ResumeError::InvalidSeq) => self.wire.close(4007, "Invalid seq.").await,
            Err(ResumeError::Gone) => {
                self.core.world().ledger.counts.refused_sessions += 1;
                self.wire.send(json!({"t": null, "s": null, "op": 9, "d": false})).await?;
                Ok(None)
            }
        }
    }
}

fn right_token(world: &World, d: &Value) -> bool {
    let given = d["token"].as_str().unwrap_or_default();
    given.strip_prefix("Bot ").unwrap_or(given) == world.token
}

/// A new session: READY, then its guilds.
fn begin(world: &mut World, wish: Wish, origin: &str) -> Attached {
    let session: String = world.random_text(32);
    let (connection, wake) = world.sessions.open(&session, wish);
    let guilds: Vec<u64> =
        world.guilds.keys().copied().filter(|id| (id >> 22) % wish.shard.1 == wish.shard.0).collect();
    let unavailable: Vec<_> = guilds.iter().map(|&id| json!({"id": Id(id), "unavailable": true})).collect();
    let ready = json!({
        "v": 10, "user_settings": {}, "user": me(world), "guilds": unavailable, "session_id": session,
        "resume_gateway_url": format!("ws://{origin}"), "shard": [wish.shard.0, wish.shard.1],
        "application": {"id": Id(world.bot), "flags": APPLICATION_FLAGS}, "session_type": "normal",
        "relationships": [], "private_channels": [], "presences": [], "geo_ordered_rtc_regions": [],
    });
    world.sessions.push(&session, &Event::new("READY", 0, None, ready.to_string()));
    for guild in guilds.into_iter().filter(|_| wish.intents & 1 != 0) {
        let data = world.guild_create_json(guild).unwrap_or_default();
        world.sessions.push(&session, &Event::new("GUILD_CREATE", guild, None, data.to_string()));
    }
    world.ledger.counts.identified += 1;
    world.tell(|_| Happening::Identified);
    Attached { session, connection, wake }
}

/// An old session: what was missed, then RESUMED.
fn again(world: &mut World, session: &str, seq: u64) -> Result<(u64, Arc<Notify>), ResumeError> {
    let (connection, wake, replayed) = world.sessions.resume(session, seq)?;
    world.sessions.push(session, &Event::new("RESUMED", 0, None, r#"{"_trace":[]}"#.to_owned()));
    world.ledger.counts.resumed += 1;
    world.tell(|_| Happening::Resumed { replayed });
    Ok((connection, wake))
}
