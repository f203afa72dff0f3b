//! Where messages can go: channels that take them, and threads that are open.

use super::{form::MessageForm, reply::ApiError};
use crate::{
    cdn::File,
    clock, id,
    world::{Channel, World},
};

/// Messages are old from an hour on.
const OLD_MS: u64 = 3_600_000;

/// May the bot write this here?
pub(crate) fn may_write(
    world: &World,
    channel: &Channel,
    form: &MessageForm,
    files: &[File],
) -> Result<(), ApiError> {
    let may = world.permissions_in(channel.id);
    let write = if channel.thread.is_some() { may.send_messages_in_threads } else { may.send_messages };
    let embed = may.embed_links || form.embeds.as_ref().is_none_or(Vec::is_empty);
    if write && embed && (may.attach_files || files.is_empty()) {
        Ok(())
    } else {
        Err(ApiError::missing_permissions())
    }
}

/// Edits of messages older than an hour are counted.
pub(crate) fn may_edit(world: &mut World, (channel, id): (u64, u64)) -> Result<(), ApiError> {
    let World { meters, limits, .. } = world;
    let old = clock::now_ms() > id::created_ms(id) + OLD_MS;
    let counted = limits.as_ref().and_then(|limits| limits.old_edits).filter(|_| old);
    let Some(window) = counted else { return Ok(()) };
    meters.edit_old(window, channel).map_err(ApiError::too_many_old_edits)
}

/// Changes need a thread that is not archived; deletes do not.
pub(crate) fn not_archived(channel: &Channel) -> Result<(), ApiError> {
    let archived = channel.thread.as_ref().is_some_and(|thread| thread.archived);
    if archived { Err(ApiError::thread_archived()) } else { Ok(()) }
}

/// A forum takes posts only; an archived thread comes back for a message, unless it is locked.
pub(crate) fn takes_messages(channel: &Channel) -> Result<(), ApiError> {
    if channel.kind.has_posts() {
        return Err(ApiError::not_a_text_channel());
    }
    let shut = channel.thread.as_ref().is_some_and(|thread| thread.archived && thread.locked);
    if shut { Err(ApiError::thread_archived()) } else { Ok(()) }
}
