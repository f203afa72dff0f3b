//! Files of messages, and what goes wrong with their downloads.

use crate::{CdnFault, File, Standin, id};

impl Standin {
    /// The files of a message, as they were sent; those that are not kept here are left out.
    pub fn files(&self, channel: u64, message: u64) -> Vec<File> {
        let ids = self.file_ids(channel, message);
        let world = self.core.world();
        ids.into_iter().filter_map(|id| world.cdn.file(id).cloned()).collect()
    }

    /// The ids of a message's attachments.
    pub fn file_ids(&self, channel: u64, message: u64) -> Vec<u64> {
        let shown = self.message(channel, message);
        let files = shown.into_iter().flat_map(|shown| shown.attachments);
        files.filter_map(|file| id::from_json(&file["id"])).collect()
    }

    /// How often the files of a message were downloaded, all together.
    pub fn downloads(&self, channel: u64, message: u64) -> u64 {
        let ids = self.file_ids(channel, message);
        let world = self.core.world();
        ids.into_iter().map(|id| world.cdn.served(id)).sum()
    }

    /// Every address given out so far runs out now; payloads carry new ones.
    pub fn expire_urls(&self) {
        self.core.world().cdn.expire();
    }

    /// The files of messages that are gone are gone too, now instead of in two minutes.
    pub fn purge_files(&self) {
        self.core.world().cdn.purge();
    }

    /// What happens to the next downloads, one fault each, in this order.
    pub fn set_cdn_faults(&self, faults: Vec<CdnFault>) {
        self.core.world().cdn.faults = faults;
    }
}
