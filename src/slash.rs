//! Administration from inside Discord: slash commands and buttons, with consent on both sides.
//!
//! ```text
//! INTERACTION_CREATE ─> read ─> act: rights? sight? consent? ─> the same commands as on the command line
//!                                                                     │
//!            to this person alone, within three seconds  <─ reply ────┘
//! ```
//! A guild sees the mirrors that it takes part in, and of these its own channels. A channel of another guild becomes a
//! member when somebody who decides over a member channel asks, and somebody who decides over that channel accepts, there.
//! Every attempt that is denied goes on the log.

pub mod act;
pub mod consent;
pub mod definition;
pub mod interaction;
pub mod reply;
pub mod sight;

use crate::discord::rest::Rest;
use crate::discord::telemetry;
use act::Act;
use events::ApplicationId;
use interaction::{Interaction, Wish};
use reply::{Reply, Way};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Interactions that are worked on at once.
const AT_ONCE_MAX: usize = 16;
/// What takes longer is answered twice: that it comes, and then with what came. Discord waits for three seconds, and
/// the way there and back is part of them.
const DIRECTLY: Duration = Duration::from_millis(1_500);
/// How long an answer waits for the limits.
const PATIENCE: Duration = Duration::from_millis(1_000);
/// How long one that was announced may take: its token is good for fifteen minutes.
const LATER_MAX: Duration = Duration::from_secs(600);
/// Between attempts to register the commands, and how many there are.
const REGISTER_AGAIN: Duration = Duration::from_secs(30);
const REGISTER_TRIES: usize = 20;

/// Answers interactions.
pub struct Slash {
    /// Does what is asked.
    pub act: Act,
    /// To Discord.
    pub rest: Arc<Rest>,
    /// Whose commands they are.
    pub application: ApplicationId,
}

impl Slash {
    /// Answers until told to stop; what is under way then is dropped: nobody waits longer than three seconds.
    pub async fn run(self: Arc<Self>, mut frames: mpsc::Receiver<String>, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(AT_ONCE_MAX));
        let mut under_way = JoinSet::new();
        while let Some(Some(frame)) = stop.run_until_cancelled(frames.recv()).await {
            while under_way.try_join_next().is_some() {}
            let Some(interaction) = interaction::read(&frame) else { continue };
            let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
                telemetry::interaction_dropped();
                continue;
            };
            let slash = Arc::clone(&self);
            under_way.spawn(async move {
                slash.handle(interaction).await;
                drop(permit);
            });
        }
    }

    async fn handle(&self, interaction: Interaction) {
        let is_button = matches!(interaction.wish, Wish::Answer { .. });
        let work = self.act.perform(interaction.scene, &interaction.wish);
        tokio::pin!(work);
        let (now, later) =
            if is_button { (Way::Update, Way::UpdateLater) } else { (Way::Message, Way::Later) };
        if let Ok(reply) = tokio::time::timeout(DIRECTLY, &mut work).await {
            self.answer(&interaction, &reply.callback(now)).await;
            return;
        }
        if !self.answer(&interaction, &Reply::default().callback(later)).await {
            // It is done all the same: half of it may be on the log.
            work.await;
            return;
        }
        let reply = tokio::time::timeout(LATER_MAX, work).await;
        let reply = reply.unwrap_or_else(|_| Reply::words("This took too long. Try again."));
        let from = (self.application, interaction.id);
        match self.rest.calls.change_answer(from, &interaction.token, &reply.message()) {
            Ok(call) => drop(self.send(&interaction, &call).await),
            Err(error) => telemetry::interaction_unanswered(interaction.id, &error.0),
        }
    }

    async fn answer(&self, interaction: &Interaction, answer: &Value) -> bool {
        match self.rest.calls.answer(interaction.id, &interaction.token, answer) {
            Ok(call) => self.send(interaction, &call).await,
            Err(error) => {
                telemetry::interaction_unanswered(interaction.id, &error.0);
                false
            }
        }
    }

    async fn send(&self, interaction: &Interaction, call: &crate::discord::calls::Call) -> bool {
        let why = match self.rest.call(call, PATIENCE).await {
            Ok(reply) if (200..300).contains(&reply.status) => return true,
            Ok(reply) => format!("status {}", reply.status),
            Err(failure) => format!("{failure:?}"),
        };
        telemetry::interaction_unanswered(interaction.id, &why);
        false
    }
}

/// Makes the application's commands ours, however often it takes.
pub async fn register(rest: &Rest, application: ApplicationId, stop: &CancellationToken) {
    let Ok(call) = rest.calls.register_commands(application, &definition::commands()) else { return };
    for _ in 0..REGISTER_TRIES {
        let why = match rest.call(&call, PATIENCE).await {
            Ok(reply) if reply.status == 200 => return telemetry::commands_registered(),
            Ok(reply) => format!("status {}", reply.status),
            Err(failure) => format!("{failure:?}"),
        };
        telemetry::commands_not_registered(&why);
        if stop.run_until_cancelled(tokio::time::sleep(REGISTER_AGAIN)).await.is_none() {
            return;
        }
    }
}
