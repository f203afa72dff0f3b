//! Who a token belongs to, for people who set things up: what [`super::me`] asks, with everything said about it.

use super::answer::Fault;
use super::calls::{Call, Unbuildable};
use super::history::PATIENCE;
use super::rest::{Failure, Rest};
use super::transport::Reply;
use events::{ApplicationId, UserId};
use serde::Deserialize;

/// The bot and its application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The application.
    pub application: ApplicationId,
    /// The bot's user.
    pub user: UserId,
    /// The bot's name.
    pub name: String,
    /// What the application was granted. Source: Discord, "Application Flags".
    pub flags: u64,
    /// Discord's clock when it answered, in seconds since 1970.
    pub at_s: Option<i64>,
}

/// Why nobody knows, by what an operator does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Get another token.
    Token,
    /// Discord's words say what is wrong.
    Refused(String),
    /// Try again, or look at the network.
    Unreached(String),
}

#[derive(Deserialize)]
struct Application {
    id: String,
    #[serde(default)]
    flags: u64,
}

#[derive(Deserialize)]
struct User {
    id: String,
    username: String,
}

/// Asks Discord.
///
/// # Errors
/// See [`Unanswered`].
pub async fn profile(rest: &Rest) -> Result<Profile, Unanswered> {
    let (application, _): (Application, _) = ask(rest, rest.calls.application()).await?;
    let (user, reply): (User, _) = ask(rest, rest.calls.user()).await?;
    let odd = |_| Unanswered::Unreached("the answer is none of Discord's".to_owned());
    Ok(Profile {
        application: application.id.parse().map_err(odd)?,
        user: user.id.parse().map_err(odd)?,
        name: user.username,
        flags: application.flags,
        at_s: reply.headers.date_s,
    })
}

async fn ask<T: serde::de::DeserializeOwned>(
    rest: &Rest,
    call: Result<Call, Unbuildable>,
) -> Result<(T, Reply), Unanswered> {
    let call = call.map_err(|error| Unanswered::Refused(error.0))?;
    let reply = rest.call(&call, PATIENCE).await.map_err(|failure| Unanswered::Unreached(words(failure)))?;
    match (reply.status, Fault::read(&reply)) {
        (401, Some(_)) => Err(Unanswered::Token),
        (400..=499, Some(fault)) if reply.status != 429 => Err(Unanswered::Refused(fault.words())),
        (status, _) => match serde_json::from_slice(&reply.body) {
            Ok(told) if (200..300).contains(&status) => Ok((told, reply)),
            Ok(_) | Err(_) => {
                Err(Unanswered::Unreached(format!("what answers there is not Discord (status {status})")))
            }
        },
    }
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Limited(ms) => format!("it asks to wait {} s", ms.div_ceil(1_000)),
        Failure::NotConnected(why) | Failure::Ambiguous(why) => why,
    }
}
