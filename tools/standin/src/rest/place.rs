//! Where messages can go: channels that take them, and threads that are open.

use super::reply::ApiError;
use crate::world::Channel;

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
