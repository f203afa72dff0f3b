//! All sessions of all clients, with a connection or without.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::Notify;

use super::{
    event::Event,
    session::{Order, Session, Wish, Work},
};
use crate::{
    clock,
    fault::{FaultEngine, GatewayFault},
};

/// Why RESUME failed.
pub(crate) enum ResumeError {
    /// Unknown, expired or beyond the buffer: op 9 `d: false`.
    Gone,
    /// A sequence that was never sent: close 4007.
    InvalidSeq,
}

/// A session that was taken up again.
pub(crate) struct Resumed {
    pub(crate) connection: u64,
    pub(crate) wake: Arc<Notify>,
    /// Dispatches that are sent again.
    pub(crate) replayed: u64,
    pub(crate) wish: Wish,
}

/// See the module.
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
        let session = Session::new(wish, self.connections);
        let wake = Arc::clone(&session.wake);
        self.sessions.insert(id.to_owned(), session);
        (self.connections, wake)
    }

    /// Forgets sessions whose client has been away too long.
    fn expire(&mut self) {
        let oldest_ms = clock::now_ms().saturating_sub(self.ttl_ms);
        self.sessions.retain(|_, session| session.connection.is_some() || session.left_ms >= oldest_ms);
    }

    /// Takes a session up again after `seq`.
    pub(crate) fn resume(&mut self, id: &str, seq: u64) -> Result<Resumed, ResumeError> {
        self.expire();
        let session = self.sessions.get_mut(id).ok_or(ResumeError::Gone)?;
        if seq > session.seq {
            self.forget(id);
            return Err(ResumeError::InvalidSeq);
        }
        if seq + 1 < session.first {
            self.forget(id);
            return Err(ResumeError::Gone);
        }
        self.connections += 1;
        session.release(true, self.replay_max);
        session.orders.clear();
        session.connection = Some(self.connections);
        session.silent = false;
        session.cursor = seq;
        session.wake.notify_one();
        session.wake = Arc::new(Notify::new());
        let (wake, replayed) = (Arc::clone(&session.wake), session.seq - seq);
        Ok(Resumed { connection: self.connections, wake, replayed, wish: session.wish })
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
        Some(Work { frames, order: session.due(), held: session.is_holding() })
    }

    /// Is silence what comes next?
    pub(crate) fn falls_silent(&self, id: &str) -> bool {
        self.sessions.get(id).is_some_and(Session::falls_silent)
    }

    /// Is this connection still the session's, and was it told nothing new since it fell silent?
    pub(crate) fn is_silent(&self, id: &str, connection: u64) -> bool {
        let mine = self.sessions.get(id).filter(|session| session.connection == Some(connection));
        mine.is_some_and(|session| session.orders.is_empty())
    }

    /// What the session was begun with.
    pub(crate) fn wish(&self, id: &str) -> Option<Wish> {
        self.sessions.get(id).map(|session| session.wish)
    }

    /// Is there a session that gets messages without their content?
    pub(crate) fn any_without_content(&self) -> bool {
        self.sessions.values().any(|session| !session.wish.reads_content())
    }

    /// Time is up for held dispatches.
    pub(crate) fn release_held(&mut self, id: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.release(true, self.replay_max);
        }
    }

    /// A connection has ended; the session stays for a while, unless it ended for good.
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
        self.sessions
            .values_mut()
            .filter(|session| session.connection.is_some())
            .for_each(|session| session.order(order));
    }

    /// Drops all sessions; see [`Sessions::forget`].
    pub(crate) fn forget_all(&mut self) {
        self.sessions.drain().for_each(|(_, session)| session.wake.notify_one());
    }

    /// Drops the sessions that nobody is connected with.
    pub(crate) fn forget_idle(&mut self) {
        self.sessions.retain(|_, session| session.connection.is_some());
    }

    /// Sessions with a connection now that is not dead.
    pub(crate) fn connected(&self) -> usize {
        self.sessions.values().filter(|session| session.connection.is_some() && !session.silent).count()
    }
}
