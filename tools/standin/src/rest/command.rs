//! The application's global commands.

use super::{
    Call, command_form, form,
    reply::{ApiError, Reply},
};
use crate::world::World;

/// `GET /applications/{id}/commands`
pub(crate) fn list(world: &World, call: &Call) -> Result<Reply, ApiError> {
    own(world, call)?;
    Ok(Reply::json(&world.commands))
}

/// `PUT` of the same: these and no others.
pub(crate) fn put(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    own(world, call)?;
    let body = call.body.clone()?;
    let commands = command_form::list(body.as_array().ok_or_else(form::not_a_list)?)?;
    world.set_commands(commands);
    Ok(Reply::json(&world.commands))
}

/// `POST` of the same: 201, or 200 where it takes the place of another.
pub(crate) fn create(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    own(world, call)?;
    let command = command_form::one(call.object()?)?;
    let others = world.commands.iter().filter(|known| known["type"] == command["type"]);
    if others.filter(|known| known["name"] != command["name"]).count() >= command_form::COMMANDS_MAX {
        return Err(ApiError::too_many_commands());
    }
    let (command, is_new) = world.add_command(command);
    let reply = Reply::json(&command);
    Ok(if is_new { reply.created() } else { reply })
}

fn own(world: &World, call: &Call) -> Result<(), ApiError> {
    if call.route.application == Some(world.bot) { Ok(()) } else { Err(ApiError::not_your_application()) }
}
