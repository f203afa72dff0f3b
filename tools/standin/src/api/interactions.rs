//! Slash commands and buttons, as people use them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    InteractionReply, Standin,
    world::{
        Author, World,
        interaction::{Asked, Deed, typed::Typed},
    },
};

/// What a person does: types a slash command.
#[derive(Clone, Debug, Default)]
pub struct SlashCommand {
    /// Where; none: in direct messages with the bot.
    pub guild: Option<u64>,
    /// The channel or thread. Without a guild 0 will do: see [`Standin::direct_channel`].
    pub channel: u64,
    /// Who.
    pub user: u64,
    /// What follows the slash: "mirror".
    pub name: String,
    /// The subcommand, after its group if it is in one: "link", "admin ban".
    pub subcommand: Option<String>,
    /// What is filled in: a text, a number, a boolean, or the id of a person, channel or role.
    pub options: Vec<(String, Value)>,
}

impl SlashCommand {
    /// Whoever speaks in a guild is a member of it; direct messages begin with the first.
    fn arrive(&mut self, world: &mut World) {
        match self.guild {
            Some(_) => world.join(self.channel, &Author::User(self.user)),
            None if self.channel == 0 => self.channel = world.direct_channel(self.user),
            None => {}
        }
    }

    fn typed(&self) -> Typed<'_> {
        Typed {
            guild: self.guild,
            channel: self.channel,
            user: self.user,
            name: &self.name,
            subcommand: self.subcommand.as_deref(),
            options: &self.options,
        }
    }

    fn asked(self, data: Value) -> Asked {
        let Self { guild, channel, user, name, .. } = self;
        Asked { guild, channel, user, deed: Deed::Command { name }, data }
    }
}

impl Standin {
    /// A person types a slash command; returns the interaction's id. Who was not a member of the guild is one now.
    ///
    /// # Errors
    /// A sentence that says why the person's Discord would not send it: there is no such command or subcommand, an option is
    /// unknown, missing or of the wrong kind, or the command is not offered to this person in this place.
    pub fn command(&self, mut typed: SlashCommand) -> Result<u64, String> {
        let mut world = self.core.world();
        typed.arrive(&mut world);
        let data = world.typed(&typed.typed())?;
        Ok(world.interact(typed.asked(data)))
    }

    /// The same, past the checks of the person's Discord: a forged request. Options are sent as they are.
    pub fn command_unchecked(&self, mut typed: SlashCommand) -> u64 {
        let mut world = self.core.world();
        typed.arrive(&mut world);
        let data = world.forged(&typed.typed());
        world.interact(typed.asked(data))
    }

    /// A person presses a button of a message of the bot's, or of its answer to an interaction. Any custom id is sent, a
    /// forged or old one too. Returns the interaction's id, or 0 if there is no such message, or the person does not see it:
    /// then Discord itself refuses.
    #[expect(clippy::too_many_arguments, reason = "one press is said in one line of a test")]
    pub fn press(
        &self,
        guild: Option<u64>,
        channel: u64,
        user: u64,
        message_or_interaction: u64,
        custom_id: &str,
    ) -> u64 {
        let mut world = self.core.world();
        world.join(channel, &Author::User(user));
        let Some(message) = world.pressable(channel, user, message_or_interaction) else { return 0 };
        let data = json!({"component_type": 2, "custom_id": custom_id});
        world.interact(Asked { guild, channel, user, deed: Deed::Button { message }, data })
    }

    /// What the person sees of the answer now; none until there is one (a deferral is one), and after it was deleted.
    pub fn answered(&self, interaction: u64) -> Option<InteractionReply> {
        self.core.world().reply_to(interaction)
    }

    /// What came after the first answer, in order.
    pub fn follow_ups(&self, interaction: u64) -> Vec<InteractionReply> {
        self.core.world().follow_ups(interaction)
    }

    /// Awaits the answer, not a deferral, for so long.
    pub async fn answer(&self, interaction: u64, patience: Duration) -> Option<InteractionReply> {
        let mut changes = self.core.world().interactions.watch();
        let replied = async {
            while !self.core.world().interactions.get(interaction).is_some_and(|known| known.replied) {
                changes.changed().await.ok()?;
            }
            self.answered(interaction)
        };
        tokio::time::timeout(patience, replied).await.ok().flatten()
    }

    /// The commands that the bot has registered, as Discord shows them.
    pub fn registered_commands(&self) -> Vec<Value> {
        self.core.world().commands.clone()
    }

    /// The channel of a person's direct messages with the bot, begun if need be.
    pub fn direct_channel(&self, user: u64) -> u64 {
        self.core.world().direct_channel(user)
    }

    /// All tokens of interactions, so that a test can search for them where none may be.
    pub fn interaction_tokens(&self) -> Vec<String> {
        self.core.world().interactions.iter().map(|known| known.token.clone()).collect()
    }
}
