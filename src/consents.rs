//! Whether what was agreed to in Discord still stands: asked again before the mirror makes itself a webhook.
//!
//! Whoever accepted may have left or lost the rights since, and with the webhook the guild may have removed the mirror
//! for good. A link that an operator made needs nobody's word.

use crate::discord::powers::{Powers, powers};
use crate::discord::rest::Rest;
use crate::links::Links;
use async_trait::async_trait;
use events::ChannelId;
use events::UserId;
use projections::lanes::LaneId;
use projections::sink::No;
use std::sync::Arc;

/// What somebody may do in a channel, as Discord says now.
#[async_trait]
pub trait Rights: Send + Sync {
    /// `None`: not a member, or no channel of ours.
    ///
    /// # Errors
    /// [`No::Wait`] or [`No::Dead`].
    async fn of(&self, user: UserId, channel: ChannelId) -> Result<Option<Powers>, No>;
}

#[async_trait]
impl Rights for Arc<Rest> {
    async fn of(&self, user: UserId, channel: ChannelId) -> Result<Option<Powers>, No> {
        powers(self, user, channel).await
    }
}

/// The consents that links rest on.
pub struct Consents {
    links: Arc<Links>,
    rights: Arc<dyn Rights>,
}

impl Consents {
    /// Over the newest links.
    #[must_use]
    pub fn new(links: Arc<Links>, rights: Arc<dyn Rights>) -> Self {
        Self { links, rights }
    }

    /// Whether a webhook may be made for this lane.
    ///
    /// # Errors
    /// [`No::Dead`], in words: whoever agreed may no longer manage webhooks there.
    pub async fn stand(&self, lane: LaneId) -> Result<(), No> {
        let table = self.links.now();
        let agreed = table.settings(lane.mirror).and_then(|settings| settings.agreed(lane.link));
        let Some(user) = agreed else { return Ok(()) };
        let powers = self.rights.of(user, lane.link).await?;
        if powers.is_some_and(|powers| powers.has(Powers::MANAGE_WEBHOOKS)) {
            return Ok(());
        }
        Err(No::Dead(format!(
            "the webhook there is gone, and user {user}, who agreed to this link, may no longer manage webhooks in the \
             channel: somebody who may links it again with /mirror link there, or the operator with `mirror link`"
        )))
    }
}
