//! `drain`: a node hands over what it works on, before it is stopped or upgraded.

use super::answer::{Answer, Drained};
use super::{CommandError, Desk};

/// Only a running node has anything to hand over.
pub(super) async fn drain(desk: &Desk) -> Result<Answer, CommandError> {
    let Some(live) = &desk.live else {
        return Err(CommandError::Wrong("no node runs here: there is nothing to hand over".to_owned()));
    };
    live.drain().await?;
    Ok(Answer::Drained(Drained { node: desk.ports.node.to_string() }))
}
