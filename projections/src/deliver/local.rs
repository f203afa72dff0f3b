//! Links to messages of the mirror, resolved for one channel.
//!
//! ```text
//! link in the text ── copy_index ──> source ──> its copy here, or itself where it was written here
//! ```

use super::{Scope, nearest};
use crate::copies;
use crate::message::Message;
use crate::render::{Local, links};
use crate::views::ViewsError;
use events::MessageId;

/// Where the messages lie that `message` links to. What is not of this mirror stays as it was written.
pub(super) async fn local(scope: Scope<'_>, message: &Message) -> Result<Local, ViewsError> {
    let mut local = Local::default();
    for id in message.said().map(links).unwrap_or_default() {
        resolve(scope, id, &mut local).await?;
    }
    Ok(local)
}

async fn resolve(scope: Scope<'_>, id: MessageId, local: &mut Local) -> Result<(), ViewsError> {
    let copy = copies::source_of(scope.views, scope.mirror, scope.generation, id).await?;
    let of = copy.map_or((id, 0), |copy| (copy.source, copy.part));
    if let Some((_, created)) = &super::message(scope, of.0).await?.created {
        local.insert(id, nearest(scope, of, created).await?);
    }
    Ok(())
}
