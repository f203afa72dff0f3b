//! Gateway sessions: a numbered, bounded replay buffer each, which is also the send queue. A session outlives its
//! connection; a connection reads from the place that it was given.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::sync::Notify;

use crate::{
    clock,
    fault::{FaultEngine, GatewayFault},
};

/// One dispatch, serialised once for all sessions.
#[derive(Debug)]
pub(crate) struct Event {
    name: Box<str>,
    guild: u64,
    channel: Option<u64>,
    data: Box<str>,
}

impl Event {
    pub(crate) fn new(name: &str, guild: u64, channel: Option<u64>, data: String) -> Arc<Self> {
        Arc::new(Self { name: name.into(), guild, channel, data: data.into() })
    }

    fn frame(&self, seq: u64) -> String {
        format!(r#"{{"t":"{}","s":{seq},"op":0,"d":{}}}"#, self.name, self.data)
    }

    /// The intent without which a client does not get it; 0: everyone gets it.
    fn intent(&self) -> u64 {
        let name = &*self.name;
        match name {
            "READY" | "RESUMED" => 0,
            "WEBHOOKS_UPDATE" => 1 << 5,
            _ if name.starts_with("GUILD_MEMBER") => 1 << 1,
            _ if name.starts_with("MESSAGE_REACTION") => 1 << 10,
            _ if name.starts_with("MESSAGE_POLL") => 1 << 24,
            _ if name.starts_with("MESSAGE_") => 1 << 9,
            _ if ["GUILD_", "CHANNEL_", "THREAD_"].iter().any(|start| name.starts_with(start)) => 1,
            _ => 0,
        }
    }

    /// READY and its kin are never hit by a fault: a client without them is another kind of broken.
    fn may_fail(&self) -> bool {
        !matches!(&*self.name, "READY" | "RESUMED" | "GUILD_CREATE")
    }
}

/// What a connection does besides sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Drop the TCP connection.
    Cut,
    /// Op 7, then close.
    Reconnect,
    /// Op 9 with this `d`, then close.
    Invalid { resumable: bool },
}

/// What a connection sends next.
pub(crate) struct Work {
    pub(crate) frames: Vec<String>,
    pub(crate) order: Option<Order>,
    /// Held dispatches wait for a tick.
    pub(crate) held: bool,
}

/// Why RESUME failed.
pub(crate) enum ResumeError {
    /// Unknown, expired or beyond the buffer: op 9 `d: false`.
    Gone,
    /// A sequence that was never sent: close 4007.
    InvalidSeq,
}

/// What an IDENTIFY asks for.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) intents: u64,
    pub(crate) shard: (u64, u64),
}

struct Session {
    wish: Wish,
    seq: u64,
    /// The sequence number of `events[0]`.
    first: u64,
    events: VecDeque<Arc<Event>>,
    /// The last number that the connection was given.
    cursor: u64,
    connection: Option<u64>,
    left_ms: u64,
    wake: Arc<Notify>,
    /// (after which number, what).
    orders: VecDeque<(u64, Order)>,
    held: Vec<(u8, Arc<Event>)>,
}

impl Session {
    fn wants(&self, event: &Event) -> bool {
        let intent = event.intent();
        let (shard, count) = self.wish.shard;
        (intent == 0 || self.wish.intents & intent != 0) && (event.guild >> 22) % count == shard
    }

    fn push(&mut self, event: Arc<Event>, max: usize) {
        self.seq += 1;
        self.events.push_back(event);
        if self.events.len() > max {
            self.events.pop_front();
            self.first += 1;
        }
    }

    /// Pushes what is due after one more dispatch, or all of it.
    fn release(&mut self, all: bool, max: usize) {
        let held = std::mem::take(&mut self.held);
        for (after, event) in held {
            if all || after <= 1 {
                self.push(event, max);
            } else {
                self.held.push((after - 1, event));
            }
        }
    }

    fn suffer(&mut self, event: &Arc<Event>, fault: Option<GatewayFault>, max: usize) {
        match fault {
            Some(GatewayFault::Drop) => return,
            Some(GatewayFault::Reorder { window }) => {
                self.held.push((window.max(1), Arc::clone(event)));
                self.wake.notify_one();
                return;
            }
            Some(GatewayFault::Duplicate) => self.push(Arc::clone(event), max),
            Some(GatewayFault::Cut | GatewayFault::Reconnect | GatewayFault::SessionLost) | None => {}
        }
        self.push(Arc::clone(event), max);
        self.release(false, max);
        match fault {
            Some(GatewayFault::Cut) => self.orders.push_back((self.seq, Order::Cut)),
            Some(GatewayFault::Reconnect) => self.orders.push_back((self.seq, Order::Reconnect)),
            _ => {}
        }
        self.wake.notify_one();
    }

    fn frames(&mut self, limit: usize) -> Vec<String> {
        let until = self.orders.front().map_or(self.seq, |(after, _)| (*after).min(self.seq));
        let from = usize::try_from((self.cursor + 1).saturating_sub(self.first)).unwrap_or(0);
        let count = usize::try_from(until.saturating_sub(self.cursor)).unwrap_or(0).min(limit);
        let first = self.cursor + 1;
        let frames: Vec<_> = self
            .events
            .range(from.min(self.events.len())..)
            .take(count)
            .zip(first..)
            .map(|(event, seq)| event.frame(seq))
            .collect();
        self.cursor += frames.len() as u64;
        frames
    }
}

/// All sessions of all clients.
pub(crate) struct Sessions {
    sessions: HashMap<String, Session>,
    replay_max: usize,
    ttl_ms: u64,
    connections: u64,
}

impl Sessions {
    pub(crate) fn new(replay_max: usize, ttl_ms: u64) -> Self {
        Self { sessions: HashMap::new(), replay_max: replay_max.max(16), ttl_ms, connections: 0 }
    }

    /// Opens a session; the caller pushes READY next.
    pub(crate) fn open(&mut self, id: &str, wish: Wish) -> (u64, Arc<Notify>) {
        self.expire();
        self.connections += 1;
        let wake = Arc::new(Notify::new());
        let session = Session {
            wish,
            seq: 0,
            first: 1,
            events: VecDeque::new(),
            cursor: 0,
            connection: Some(self.connections),
            left_ms: 0,
            wake: Arc::clone(&wake),
            orders: VecDeque::new(),
            held: Vec::new(),
        };
        self.sessions.insert(id.to_owned(), session);
        (self.connections, wake)
    }

    /// Forgets sessions whose client has been away too long.
    fn expire(&mut self) {
        let oldest_ms = clock::now_ms().saturating_sub(self.ttl_ms);
        self.sessions.retain(|_, session| session.connection.is_some() || session.left_ms >= oldest_ms);
    }

    /// Takes a session up again after `seq`; returns the connection, its alarm and how many dispatches are replayed.
    pub(crate) fn resume(&mut self, id: &str, seq: u64) -> Result<(u64, Arc<Notify>, u64), ResumeError> {
        self.expire();
        let session = self.sessions.get_mut(id).ok_or(ResumeError::Gone)?;
        if seq > session.seq {
            return Err(ResumeError::InvalidSeq);
        }
        if seq + 1 < session.first {
            self.sessions.remove(id);
            return Err(ResumeError::Gone);
        }
        self.connections += 1;
        session.release(true, self.replay_max);
        session.orders.clear();
        session.connection = Some(self.connections);
        session.cursor = seq;
        session.wake.notify_one();
        session.wake = Arc::new(Notify::new());
        Ok((self.connections, Arc::clone(&session.wake), session.seq - seq))
    }

    /// Sends one event to one session, whatever its intents.
    pub(crate) fn push(&mut self, id: &str, event: &Arc<Event>) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.push(Arc::clone(event), self.replay_max);
            session.wake.notify_one();
        }
    }

    /// Sends an event to all who want it; returns the faults that hit.
    pub(crate) fn publish(&mut self, event: &Arc<Event>, faults: &mut FaultEngine) -> Vec<&'static str> {
        let mut noted = Vec::new();
        let mut lost = Vec::new();
        for (id, session) in &mut self.sessions {
            if !session.wants(event) {
                continue;
            }
            let hit = if event.may_fail() { faults.of_dispatch(&event.name, event.channel) } else { None };
            noted.extend(hit.map(|fault| fault.name()));
            if hit == Some(GatewayFault::SessionLost) {
                lost.push(id.clone());
            } else {
                session.suffer(event, hit, self.replay_max);
            }
        }
        lost.iter().for_each(|id| self.forget(id));
        noted
    }

    /// What this connection sends next; `None`: it has lost its session and is cut.
    pub(crate) fn take(&mut self, id: &str, connection: u64, limit: usize) -> Option<Work> {
        let session = self.sessions.get_mut(id)?;
        if session.connection != Some(connection) || session.cursor + 1 < session.first {
            return None;
        }
        let frames = session.frames(limit);
        let due = session.orders.front().is_some_and(|(after, _)| *after <= session.cursor);
        let order = if due { session.orders.pop_front().map(|(_, order)| order) } else { None };
        Some(Work { frames, order, held: !session.held.is_empty() })
    }

    /// Time is up for held dispatches.
    pub(crate) fn release_held(&mut self, id: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.release(true, self.replay_max);
        }
    }

    /// A connection has ended; the session stays for a while, unless the client said goodbye.
    pub(crate) fn leave(&mut self, id: &str, connection: u64, goodbye: bool) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.connection != Some(connection) {
            return;
        }
        session.connection = None;
        session.left_ms = clock::now_ms();
        if goodbye {
            self.sessions.remove(id);
        }
    }

    /// Drops a session: its connection is cut, RESUME will be refused.
    pub(crate) fn forget(&mut self, id: &str) {
        if let Some(session) = self.sessions.remove(id) {
            session.wake.notify_one();
        }
    }

    /// Gives every connected session an order; an invalid session that cannot be resumed is forgotten once told.
    pub(crate) fn order_all(&mut self, order: Order) {
        for session in self.sessions.values_mut().filter(|session| session.connection.is_some()) {
            session.orders.push_back((session.seq, order));
            session.wake.notify_one();
        }
    }

    /// Drops all sessions; see [`Sessions::forget`].
    pub(crate) fn forget_all(&mut self) {
        self.sessions.drain().for_each(|(_, session)| session.wake.notify_one());
    }

    /// Sessions with a connection now.
    pub(crate) fn connected(&self) -> usize {
        self.sessions.values().filter(|session| session.connection.is_some()).count()
    }
}
