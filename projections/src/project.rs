//! The projector: what one event changes. Pure.

use crate::change::Change;
use crate::key::Generation;
use events::Event;

/// Adds to `changes` what `event` changes in one build of its mirror's views.
pub fn project(event: &Event, generation: Generation, changes: &mut Vec<Change>) {
    let _ = (event, generation, changes);
}
