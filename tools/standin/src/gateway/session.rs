//! One gateway session: a numbered, bounded replay buffer, which is also the send queue. It outlives its connection; a
//! connection reads from the place that it was given.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::Notify;

use super::{
    event::Event,
    intents::{GUILD_MEMBERS, MESSAGE_CONTENT},
};
use crate::fault::GatewayFault;

/// What a connection does besides sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Drop the TCP connection.
    Cut,
    /// Op 7, then close.
    Reconnect,
    /// Op 9 with this `d`.
    Invalid { resumable: bool },
    /// Op 1: the client is to send a heartbeat now.
    Beat,
    /// Close with this code.
    Close { code: u16 },
    /// Send nothing and read nothing any more; the TCP connection stays.
    Silence,
}

/// What a connection sends next.
pub(crate) struct Work {
    pub(crate) frames: Vec<String>,
    pub(crate) order: Option<Order>,
    /// Held dispatches wait for a tick.
    pub(crate) held: bool,
}

/// What an IDENTIFY asks for.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) intents: u64,
    pub(crate) shard: (u64, u64),
    /// Payload compression.
    pub(crate) compress: bool,
}

impl Wish {
    pub(crate) fn reads_content(&self) -> bool {
        self.intents & MESSAGE_CONTENT != 0
    }

    pub(crate) fn lists_members(&self) -> bool {
        self.intents & GUILD_MEMBERS != 0
    }

    /// Is this guild of the session's shard? What belongs to no guild is of shard 0.
    pub(crate) fn has(&self, guild: u64) -> bool {
        (guild >> 22) % self.shard.1 == self.shard.0
    }
}

/// See the module.
pub(crate) struct Session {
    pub(crate) wish: Wish,
    pub(crate) seq: u64,
    /// The sequence number of `events[0]`.
    pub(crate) first: u64,
    events: VecDeque<Arc<Event>>,
    /// The last number that the connection was given.
    pub(crate) cursor: u64,
    pub(crate) connection: Option<u64>,
    /// The connection is there and dead.
    pub(crate) silent: bool,
    pub(crate) left_ms: u64,
    pub(crate) wake: Arc<Notify>,
    /// (after which number, what).
    pub(crate) orders: VecDeque<(u64, Order)>,
    held: Vec<(u8, Arc<Event>)>,
}

impl Session {
    pub(crate) fn new(wish: Wish, connection: u64) -> Self {
        Self {
            wish,
            seq: 0,
            first: 1,
            events: VecDeque::new(),
            cursor: 0,
            connection: Some(connection),
            silent: false,
            left_ms: 0,
            wake: Arc::default(),
            orders: VecDeque::new(),
            held: Vec::new(),
        }
    }

    pub(crate) fn wants(&self, event: &Event) -> bool {
        (event.intent == 0 || self.wish.intents & event.intent != 0) && self.wish.has(event.guild)
    }

    pub(crate) fn push(&mut self, event: Arc<Event>, max: usize) {
        self.seq += 1;
        self.events.push_back(event);
        if self.events.len() > max {
            self.events.pop_front();
            self.first += 1;
        }
    }

    /// Pushes what is due after one more dispatch, or all of it.
    pub(crate) fn release(&mut self, all: bool, max: usize) {
        let held = std::mem::take(&mut self.held);
        for (after, event) in held {
            if all || after <= 1 {
                self.push(event, max);
            } else {
                self.held.push((after - 1, event));
            }
        }
    }

    /// Gives the connection an order, after all that it was sent so far.
    pub(crate) fn order(&mut self, order: Order) {
        self.orders.push_back((self.seq, order));
        self.wake.notify_one();
    }

    pub(crate) fn suffer(&mut self, event: &Arc<Event>, fault: Option<GatewayFault>, max: usize) {
        match fault {
            Some(GatewayFault::Drop) => return,
            Some(GatewayFault::Reorder { window }) => {
                self.held.push((window.max(1), Arc::clone(event)));
                self.wake.notify_one();
                return;
            }
            Some(GatewayFault::Duplicate) => self.push(Arc::clone(event), max),
            Some(GatewayFault::Zombie) => self.order(Order::Silence),
            _ => {}
        }
        self.push(Arc::clone(event), max);
        self.release(false, max);
        if let Some(order) = fault.and_then(order_after) {
            self.order(order);
        }
        self.wake.notify_one();
    }

    pub(crate) fn frames(&mut self, limit: usize) -> Vec<String> {
        let until = self.orders.front().map_or(self.seq, |(after, _)| (*after).min(self.seq));
        let from = usize::try_from((self.cursor + 1).saturating_sub(self.first)).unwrap_or(0);
        let count = usize::try_from(until.saturating_sub(self.cursor)).unwrap_or(0).min(limit);
        let (first, reads_content) = (self.cursor + 1, self.wish.reads_content());
        let frames: Vec<_> = self
            .events
            .range(from.min(self.events.len())..)
            .take(count)
            .zip(first..)
            .map(|(event, seq)| event.frame(seq, reads_content))
            .collect();
        self.cursor += frames.len() as u64;
        frames
    }

    /// Is silence the order that is due?
    pub(crate) fn falls_silent(&self) -> bool {
        self.orders.front().is_some_and(|(after, order)| *after <= self.cursor && *order == Order::Silence)
    }

    /// The order that is due, once all before it is sent.
    pub(crate) fn due(&mut self) -> Option<Order> {
        self.orders.front().filter(|(after, _)| *after <= self.cursor)?;
        let (_, order) = self.orders.pop_front()?;
        self.silent |= order == Order::Silence;
        Some(order)
    }

    pub(crate) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }
}

/// What follows a dispatch that this fault hit.
fn order_after(fault: GatewayFault) -> Option<Order> {
    match fault {
        GatewayFault::Cut => Some(Order::Cut),
        GatewayFault::Reconnect => Some(Order::Reconnect),
        GatewayFault::Invalid { resumable } => Some(Order::Invalid { resumable }),
        GatewayFault::Beat => Some(Order::Beat),
        GatewayFault::Close { code } => Some(Order::Close { code }),
        GatewayFault::Duplicate
        | GatewayFault::Drop
        | GatewayFault::Reorder { .. }
        | GatewayFault::SessionLost
        | GatewayFault::Zombie => None,
    }
}
