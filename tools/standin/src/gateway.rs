//! The gateway: one WebSocket connection from Hello to its end. Sessions outlive connections: see `session`.
//!
//! ```text
//! upgrade ─> Hello ─> attach: IDENTIFY or RESUME ─> pump: the session's frames and orders, the client's frames
//!                        ^──────── op 9 ────────────────┘
//! ```
//! What a fault does to Hello, IDENTIFY and RESUME themselves: [`Talk::strike`].

pub(crate) mod close;
pub(crate) mod event;
mod hear;
mod identify;
pub(crate) mod intents;
mod members;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod starts;
pub(crate) mod upgrade;
pub(crate) mod wire;

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use tokio_tungstenite::tungstenite::Message;

use self::{
    hear::{Asked, understand},
    identify::Refused,
    session::{Order, Work},
    wire::{Ended, Frames, Wire},
};
use crate::{fault::GatewayFault, server::Core, world::shown::Happening};

/// Client frames in a minute and connection.
const CLIENT_FRAMES_MAX: u32 = 120;
const MINUTE: Duration = Duration::from_secs(60);
/// Dispatches sent between two looks at the socket.
const BATCH: usize = 256;
/// How long a dispatch is held back at most by the reorder fault.
const HELD_MS: u64 = 100;
/// From op 7 to the close by the server.
const RECONNECT_GRACE_MS: u64 = 2000;
/// How long a connection that fell silent stays open, where nobody ends it.
const SILENCE_MAX: Duration = Duration::from_secs(300);

/// One connection.
struct Talk {
    core: Arc<Core>,
    wire: Wire,
    frames: Frames,
    count: u32,
    minute: Instant,
    /// From one heartbeat to the next, as Hello says.
    interval: Duration,
    /// Without a heartbeat until then the session times out.
    beat_by: Instant,
}

/// A connection that holds a session.
struct Attached {
    session: String,
    connection: u64,
    wake: Arc<Notify>,
    compress: bool,
}

impl Talk {
    fn new(core: Arc<Core>, wire: Wire, frames: Frames) -> Self {
        let interval = Duration::from_millis(core.world().rules.heartbeat_ms);
        let now = Instant::now();
        Self { core, wire, frames, count: 0, minute: now, interval, beat_by: now + patience(interval) }
    }

    async fn run(&mut self, version_is_known: bool) -> Result<(), Ended> {
        if !version_is_known {
            return self.wire.close(close::INVALID_VERSION).await;
        }
        if let Some(fault) = self.fault_at("HELLO") {
            self.strike(fault).await?;
        }
        let interval_ms = u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX);
        self.say(10, json!({"heartbeat_interval": interval_ms})).await?;
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

    async fn say(&mut self, op: u8, d: Value) -> Result<(), Ended> {
        self.wire.send(json!({"t": null, "s": null, "op": op, "d": d})).await
    }

    fn fault_at(&self, point: &str) -> Option<GatewayFault> {
        self.core.world().fault_at(point)
    }

    /// A fault of Hello, IDENTIFY or RESUME. Returns whether the client's wish is void.
    async fn strike(&mut self, fault: GatewayFault) -> Result<bool, Ended> {
        match fault {
            GatewayFault::Cut => Err(Ended::Dropped),
            GatewayFault::Close { code } => self.wire.close(code).await,
            GatewayFault::Zombie => {
                sleep(SILENCE_MAX).await;
                Err(Ended::Dropped)
            }
            GatewayFault::Reconnect => {
                self.say(7, Value::Null).await?;
                sleep(Duration::from_millis(RECONNECT_GRACE_MS)).await;
                Err(Ended::Dropped)
            }
            GatewayFault::SessionLost => self.say(9, json!(false)).await.map(|()| true),
            GatewayFault::Invalid { resumable } => self.say(9, json!(resumable)).await.map(|()| true),
            GatewayFault::Beat => self.say(1, Value::Null).await.map(|()| false),
            GatewayFault::Drop => Ok(true),
            GatewayFault::Duplicate | GatewayFault::Reorder { .. } => Ok(false),
        }
    }

    /// Waits for IDENTIFY or RESUME.
    async fn attach(&mut self) -> Result<Attached, Ended> {
        loop {
            let frame = self.frame().await?;
            let (point, d) = match self.hear(frame, None).await? {
                Asked::Identify(d) => ("IDENTIFY", d),
                Asked::Resume(d) => ("RESUME", d),
                Asked::Heartbeat | Asked::Members(_) | Asked::Nothing => continue,
            };
            if let Some(fault) = self.fault_at(point)
                && self.strike(fault).await?
            {
                continue;
            }
            let answered = self.answered(point, &d);
            match answered {
                Ok(attached) => {
                    if attached.compress {
                        self.wire.compress_payloads();
                    }
                    let counts = &mut self.core.world().ledger.counts;
                    *counts.by_compression.entry(self.wire.compression()).or_default() += 1;
                    return Ok(attached);
                }
                Err(Refused::Invalid { resumable }) => self.say(9, json!(resumable)).await?,
                Err(Refused::Close(code)) => return self.wire.close(code).await,
            }
        }
    }

    fn answered(&self, point: &str, d: &Value) -> Result<Attached, Refused> {
        let mut world = self.core.world();
        match point {
            "IDENTIFY" => identify::identify(&mut world, d, &self.core.origin),
            _ => identify::resume(&mut world, d),
        }
    }

    /// The client's next frame, if it comes while heartbeats do.
    async fn frame(&mut self) -> Result<Message, Ended> {
        tokio::select! {
            biased;
            frame = self.frames.next() => frame.ok_or(Ended::Dropped)?.map_err(|_| Ended::Dropped),
            () = sleep_until(self.beat_by) => self.wire.close(close::TIMED_OUT).await,
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
                Some(Order::Close { code }) => return self.wire.close(code).await,
                Some(Order::Silence) => return self.silence(at).await,
                Some(Order::Beat) => self.say(1, Value::Null).await?,
                Some(Order::Reconnect) => {
                    self.say(7, Value::Null).await?;
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
            frame = self.frame() => self.listen(at, frame?).await,
            () = sleep(Duration::from_millis(HELD_MS)), if held => {
                self.core.world().sessions.release_held(&at.session);
                Ok(())
            }
            () = sleep_until(end), if close_at.is_some() => Err(Ended::Dropped),
        }
    }

    async fn listen(&mut self, at: &Attached, frame: Message) -> Result<(), Ended> {
        // It came after the silence began, and is not answered any more.
        if self.core.world().sessions.falls_silent(&at.session) {
            return Ok(());
        }
        if let Asked::Members(d) = self.hear(frame, Some(at)).await? {
            members::send(&mut self.core.world(), &at.session, &d);
        }
        Ok(())
    }

    async fn invalid(&mut self, at: &Attached, resumable: bool) -> Result<(), Ended> {
        if !resumable {
            self.core.world().sessions.forget(&at.session);
        }
        self.say(9, json!(resumable)).await
    }

    /// Nothing is sent and nothing is read any more: a dead connection that TCP does not know of. It ends with the
    /// session's next connection.
    async fn silence(&self, at: &Attached) -> Result<(), Ended> {
        let until = Instant::now() + SILENCE_MAX;
        while self.core.world().sessions.is_silent(&at.session, at.connection) && Instant::now() < until {
            tokio::select! {
                () = at.wake.notified() => {}
                () = sleep_until(until) => {}
            }
        }
        Err(Ended::Dropped)
    }

    /// Understands one client frame; heartbeats are answered here.
    async fn hear(&mut self, frame: Message, at: Option<&Attached>) -> Result<Asked, Ended> {
        let text = match frame {
            Message::Text(text) => text,
            Message::Close(close) => return Err(Ended::of(close.as_ref().map(|close| close.code.into()))),
            Message::Binary(_) => return self.wire.close(close::DECODE).await,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(Asked::Nothing),
        };
        if self.too_often() {
            return self.wire.close(close::RATE_LIMITED).await;
        }
        match understand(&text, at.is_some()) {
            Err(code) => self.wire.close(code).await,
            Ok(Asked::Heartbeat) => {
                self.beat_by = Instant::now() + patience(self.interval);
                self.core.world().ledger.counts.heartbeats += 1;
                self.say(11, Value::Null).await.map(|()| Asked::Heartbeat)
            }
            Ok(asked) => Ok(asked),
        }
    }

    fn too_often(&mut self) -> bool {
        if self.minute.elapsed() > MINUTE {
            (self.minute, self.count) = (Instant::now(), 0);
        }
        self.count += 1;
        self.count > CLIENT_FRAMES_MAX
    }
}

/// How long Discord waits for a heartbeat is not documented: half an interval longer than it asked for.
fn patience(interval: Duration) -> Duration {
    interval * 3 / 2
}
