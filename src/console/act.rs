//! What can be done from a page: it is asked of the desk, and what came of it is said on the next page.

use super::House;
use super::jobs::What;
use super::route::{Act, Fields};
use super::sessions::Notice;
use crate::commands::answer::Answer;
use crate::commands::ask::{Release, Replay, ReplayAction};
use crate::commands::{Command, CommandError, Deaf, Desk, execute};
use events::MirrorId;

/// What came of it, and where to go on.
pub(super) struct Done {
    pub(super) notice: Option<Notice>,
    pub(super) path: String,
}

/// Does it.
pub(super) async fn act(house: &House, desk: &Desk, (act, fields): (Act, &Fields)) -> Done {
    let replay = |mirror: MirrorId| format!("/replay/{mirror}");
    let (result, path) = match act {
        Act::Leave => (Ok(String::new()), "/".to_owned()),
        Act::Release => (release(desk, fields).await, "/quarantine".to_owned()),
        Act::Rollback(mirror) => (rollback(desk, mirror).await, replay(mirror)),
        Act::Rebuild(mirror) => {
            let ask = Replay {
                mirror: Some(mirror.to_string()),
                accept: fields.has("accept"),
                ..Replay::default()
            };
            (
                house.jobs.start((desk, &house.snapshots), mirror, (What::Rebuild, Command::Replay(ask))),
                replay(mirror),
            )
        }
        Act::Plan(mirror) | Act::Apply(mirror) => {
            let (restore, yes) = (fields.has("restore"), act == Act::Apply(mirror));
            let what = if yes { What::Apply { restore } } else { What::Plan { restore } };
            let ask =
                Replay { mirror: Some(mirror.to_string()), apply: true, restore, yes, ..Replay::default() };
            (house.jobs.start((desk, &house.snapshots), mirror, (what, Command::Replay(ask))), replay(mirror))
        }
    };
    house.snapshots.forget();
    let notice = match result {
        Ok(words) if words.is_empty() => None,
        Ok(words) => Some(Notice { is_fine: true, words }),
        Err(error) => Some(Notice { is_fine: false, words: error.to_string() }),
    };
    Done { notice, path }
}

async fn release(desk: &Desk, fields: &Fields) -> Result<String, CommandError> {
    let ask = Release {
        mirror: fields.get("mirror").to_owned(),
        channel: fields.get("channel").to_owned(),
        adopt: fields.has("adopt"),
        dry_run: false,
    };
    execute(desk, Command::Release(ask), &Deaf).await.map(words)
}

async fn rollback(desk: &Desk, mirror: MirrorId) -> Result<String, CommandError> {
    let action = Some(ReplayAction::Rollback { mirror: mirror.to_string() });
    execute(desk, Command::Replay(Replay { action, ..Replay::default() }), &Deaf).await.map(words)
}

fn words(answer: Answer) -> String {
    if let Answer::Changed(changed) = answer { changed.lines.join(" ") } else { String::new() }
}
