//! One dispatch, serialised once for all sessions.

use std::sync::Arc;

use super::intents;

/// See the module.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: Box<str>,
    pub(crate) guild: u64,
    pub(crate) channel: Option<u64>,
    data: Box<str>,
    /// The same for sessions without MESSAGE_CONTENT, where it differs.
    censored: Option<Box<str>>,
}

impl Event {
    pub(crate) fn new(name: &str, guild: u64, channel: Option<u64>, data: String) -> Arc<Self> {
        Self::with(name, guild, channel, (data, None))
    }

    /// `data` as it is, and as those see it who may not read it.
    pub(crate) fn with(
        name: &str,
        guild: u64,
        channel: Option<u64>,
        (data, censored): (String, Option<String>),
    ) -> Arc<Self> {
        let censored = censored.map(Into::into);
        Arc::new(Self { name: name.into(), guild, channel, data: data.into(), censored })
    }

    pub(crate) fn frame(&self, seq: u64, reads_content: bool) -> String {
        let data = self.censored.as_ref().filter(|_| !reads_content).unwrap_or(&self.data);
        format!(r#"{{"t":"{}","s":{seq},"op":0,"d":{data}}}"#, self.name)
    }

    pub(crate) fn intent(&self) -> u64 {
        intents::of_dispatch(&self.name, self.guild)
    }

    /// READY and its kin are never hit by a fault: a client without them is another kind of broken.
    pub(crate) fn may_fail(&self) -> bool {
        !matches!(&*self.name, "READY" | "RESUMED" | "GUILD_CREATE" | "GUILD_MEMBERS_CHUNK")
    }
}
