//! One dispatch, serialised once for all sessions.

use std::sync::Arc;

use super::intents;

/// See the module.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: Box<str>,
    pub(crate) guild: u64,
    pub(crate) channel: Option<u64>,
    /// The intent without which a client does not get it; 0: everyone gets it.
    pub(crate) intent: u64,
    data: Box<str>,
    /// The same for sessions without MESSAGE_CONTENT, where it differs.
    censored: Option<Box<str>>,
}

impl Event {
    pub(crate) fn new(name: &str, guild: u64, channel: Option<u64>, data: String) -> Arc<Self> {
        Self::with((name, None), guild, channel, (data, None))
    }

    /// `data` as it is, and as those see it who may not read it; with the intent that it needs, if its name tells another.
    pub(crate) fn with(
        (name, intent): (&str, Option<u64>),
        guild: u64,
        channel: Option<u64>,
        (data, censored): (String, Option<String>),
    ) -> Arc<Self> {
        let censored = censored.map(Into::into);
        let intent = intent.unwrap_or_else(|| intents::of_dispatch(name, guild));
        Arc::new(Self { name: name.into(), guild, channel, intent, data: data.into(), censored })
    }

    pub(crate) fn frame(&self, seq: u64, reads_content: bool) -> String {
        let data = self.censored.as_ref().filter(|_| !reads_content).unwrap_or(&self.data);
        format!(r#"{{"t":"{}","s":{seq},"op":0,"d":{data}}}"#, self.name)
    }

    /// READY and its kin are never hit by a fault: a client without them is another kind of broken.
    pub(crate) fn may_fail(&self) -> bool {
        !matches!(&*self.name, "READY" | "RESUMED" | "GUILD_CREATE" | "GUILD_MEMBERS_CHUNK")
    }
}
