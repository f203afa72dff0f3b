//! Who we are: asked once, when the node starts; proves that the bot token is good.

use super::calls::{Call, Unbuildable};
use super::history::{PATIENCE, wait};
use super::rest::Rest;
use super::webhooks::read;
use events::capture::{Me, Systems};
use projections::sink::No;
use serde::Deserialize;

#[derive(Deserialize)]
struct Own {
    id: String,
}

/// The bot's user and its application, which shows no system messages yet.
///
/// # Errors
/// [`No::Wait`]: try again; [`No::Dead`]: in words for the operator.
pub async fn me(rest: &Rest) -> Result<Me, No> {
    let application = ask(rest, rest.calls.application()).await?;
    let user = ask(rest, rest.calls.user()).await?;
    Ok(Me {
        user: events::UserId(user),
        application: events::ApplicationId(application),
        systems: Systems::NONE,
    })
}

async fn ask(rest: &Rest, call: Result<Call, Unbuildable>) -> Result<u64, No> {
    let call = call.map_err(|error| No::Dead(error.0))?;
    let reply = rest.call(&call, PATIENCE).await.map_err(|failure| No::Wait(wait(&failure)))?;
    let own: Own = read(&reply)?;
    own.id.parse().map_err(|_| No::Dead("Discord's answer holds no id of our own".to_owned()))
}
