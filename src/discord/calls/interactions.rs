//! Requests about slash commands and buttons. An interaction is answered with its own token, not the bot's.
//!
//! Source: Discord, "Application Commands", "Interactions: Receiving and Responding".

use super::{Call, Calls, Unbuildable, json};
use crate::discord::route::{Kind, Route};
use events::ApplicationId;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use twilight_http::request::{Method, RequestBuilder};

impl Calls {
    /// Makes these the application's commands, in place of all that there were.
    ///
    /// # Errors
    /// None that is known.
    pub fn register_commands(
        &self,
        application: ApplicationId,
        commands: &Value,
    ) -> Result<Call, Unbuildable> {
        let path = format!("applications/{application}/commands");
        built(Kind::RegisterCommands, application.0, RequestBuilder::raw(Method::Put, path), commands)
    }

    /// Answers an interaction for the first time.
    ///
    /// # Errors
    /// Where its token cannot be part of a path.
    pub fn answer(
        &self,
        interaction: u64,
        token: &SecretString,
        answer: &Value,
    ) -> Result<Call, Unbuildable> {
        let path = format!("interactions/{interaction}/{}/callback", fit(token)?);
        let request = RequestBuilder::raw(Method::Post, path).use_authorization_token(false);
        built(Kind::AnswerInteraction, interaction, request, answer)
    }

    /// Changes that first answer.
    ///
    /// # Errors
    /// Where its token cannot be part of a path.
    pub fn change_answer(
        &self,
        (application, interaction): (ApplicationId, u64),
        token: &SecretString,
        message: &Value,
    ) -> Result<Call, Unbuildable> {
        let path = format!("webhooks/{application}/{}/messages/@original", fit(token)?);
        let request = RequestBuilder::raw(Method::Patch, path).use_authorization_token(false);
        built(Kind::ChangeAnswer, interaction, request, message)
    }
}

fn built(kind: Kind, major: u64, request: RequestBuilder, body: &Value) -> Result<Call, Unbuildable> {
    let request = request.body(json(body)?).build().map_err(|error| Unbuildable(error.to_string()))?;
    Ok(Call { route: Route { kind, major, message: 0, posts_in: None }, request, files: Vec::new() })
}

/// The token, if it is one: it becomes part of a path.
fn fit(token: &SecretString) -> Result<&str, Unbuildable> {
    let text = token.expose_secret();
    let fits =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    if fits { Ok(text) } else { Err(Unbuildable("an interaction's token is none".to_owned())) }
}
