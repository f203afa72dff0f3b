//! How the bot is let into a guild.

use super::powers::Powers;
use events::ApplicationId;

/// All that links may ask of the bot, wherever they are; see `check::links`.
pub const NEEDED: Powers = Powers(
    Powers::VIEW_CHANNEL.0
        | Powers::SEND_MESSAGES.0
        | Powers::READ_MESSAGE_HISTORY.0
        | Powers::MANAGE_WEBHOOKS.0
        | Powers::MANAGE_THREADS.0
        | Powers::CREATE_PUBLIC_THREADS.0
        | Powers::SEND_MESSAGES_IN_THREADS.0,
);

/// The page on which whoever manages a guild lets the bot in, with its permissions and slash commands.
/// Source: Discord, "OAuth2, Bot Authorization Flow".
#[must_use]
pub fn url(application: ApplicationId) -> String {
    let permissions = NEEDED.0;
    format!(
        "https://discord.com/oauth2/authorize?client_id={application}&scope=bot+applications.commands&permissions={permissions}"
    )
}
