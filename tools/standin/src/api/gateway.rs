//! Gateway and faults, as a test or a person drives them.

use serde_json::Value;

use crate::{Faults, Limits, Standin, gateway::session::Order};

impl Standin {
    /// Sends an odd payload to every session that would get a dispatch of this name, guild and channel.
    pub fn dispatch(&self, name: &str, guild: u64, channel: Option<u64>, data: &Value) {
        self.core.world().dispatch_value(name, guild, channel, data);
    }

    /// Sessions with a connection now.
    pub fn connected(&self) -> usize {
        self.core.world().sessions.connected()
    }

    /// Op 7 to every connection; the server closes two seconds later.
    pub fn reconnect_all(&self) {
        self.core.world().sessions.order_all(Order::Reconnect);
    }

    /// Cuts every gateway connection; sessions can be resumed.
    pub fn cut_all(&self) {
        self.core.world().sessions.order_all(Order::Cut);
    }

    /// Op 9 to every connection.
    pub fn invalidate_all(&self, resumable: bool) {
        self.core.world().sessions.order_all(Order::Invalid { resumable });
    }

    /// Op 1 to every connection: a client sends a heartbeat at once.
    pub fn beat_all(&self) {
        self.core.world().sessions.order_all(Order::Beat);
    }

    /// Closes every connection with this code (4000 to 4014 are Discord's).
    pub fn close_all(&self, code: u16) {
        self.core.world().sessions.order_all(Order::Close { code });
    }

    /// From now on nothing is sent on the connections there are, acknowledgements of heartbeats included, and nothing
    /// is read; TCP stays open. A client notices by its heartbeats alone; see [`crate::Rules::heartbeat_ms`].
    pub fn silence_all(&self) {
        self.core.world().sessions.order_all(Order::Silence);
    }

    /// Cuts every gateway connection and forgets all sessions: RESUME is answered by op 9 `d: false`.
    pub fn lose_sessions(&self) {
        self.core.world().sessions.forget_all();
    }

    /// Forgets the sessions that nobody is connected with: only those can not be resumed any more.
    pub fn lose_idle_sessions(&self) {
        self.core.world().sessions.forget_idle();
    }

    /// This Discord's clock goes ahead of the system's: ids and edits are made as if so much time had passed.
    pub fn advance(&self, by_ms: u64) {
        self.core.world().ids.ahead_ms += by_ms;
    }

    /// Nobody listens for a time: connections are refused. Another call sets another end; 0 ends it.
    pub fn refuse(&self, for_ms: u64) {
        self.core.refuse(for_ms);
    }

    /// Puts Cloudflare's page before everything for a time.
    pub fn block(&self, for_ms: u64) {
        self.core.world().meters.block(for_ms);
    }

    /// Puts other limits in force; `None`: no limits. What was used in a window stays used.
    pub fn set_limits(&self, limits: Option<Limits>) {
        self.core.world().limits = limits;
    }

    /// Puts another plan of faults in force.
    pub fn set_faults(&self, faults: Faults) {
        self.core.world().faults.set(faults);
    }
}
