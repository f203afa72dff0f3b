//! Old builds of the views: each replay leaves one, and only those that a control row names are ever read again.

use crate::sqlite::{Failure, SqliteViews};
use projections::Generation;
use projections::lanes::Control;
use tools::{JobError, Ports};

/// Rows removed in one transaction: the node's own writes wait no longer than for that.
const ROWS_MAX: usize = 10_000;

/// Removes what no control row names. Only while no replay can run: before the node takes commands.
pub(super) async fn forget(ports: &Ports, views: &SqliteViews) -> Result<(), JobError> {
    for known in tools::mirrors::all(ports).await? {
        let control = ports.lanes.control(known.id).await?;
        for generation in unused(control) {
            let mut removed = 0;
            loop {
                let gone = views
                    .remove(known.id, generation, ROWS_MAX)
                    .await
                    .map_err(|failure| stopped(&failure))?;
                removed += gone;
                if gone == 0 {
                    break;
                }
            }
            if removed > 0 {
                tracing::info!(
                    mirror = known.name,
                    build = generation.0,
                    rows = removed,
                    "an old build is removed"
                );
            }
        }
    }
    Ok(())
}

/// The builds before the newest that nothing names. A job that was killed may have left one behind it too.
fn unused(control: Control) -> impl Iterator<Item = Generation> {
    let Control { active, building, previous } = control;
    let kept = [Some(active), building, previous];
    let newest = kept.into_iter().flatten().max().unwrap_or_default();
    (0..=newest.0 + 1).map(Generation).filter(move |build| !kept.contains(&Some(*build)))
}

fn stopped(failure: &Failure) -> JobError {
    JobError::Retry(failure.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_control_row_names_is_kept() {
        let build = |number| Some(Generation(number));
        let control = Control { active: Generation(3), building: build(5), previous: build(1) };
        assert_eq!(unused(control).map(|build| build.0).collect::<Vec<_>>(), [0, 2, 4, 6]);
        let control = Control { active: Generation(0), building: None, previous: None };
        assert_eq!(unused(control).map(|build| build.0).collect::<Vec<_>>(), [1]);
    }
}
