//! What a path means.

use events::{MessageId, MirrorId};
use http::Method;

/// Bytes of a query that are read.
const QUERY_BYTES_MAX: usize = 4 * 1024;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The way in, with a token.
    Enter,
    /// A file of ours.
    Asset(String),
    /// A page.
    Page(Page),
    /// What a page shows, again and again.
    Live(Page),
    /// Something is done.
    Act(Act),
    /// There is no such thing.
    Nothing,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// How everything stands.
    Overview,
    /// All mirrors.
    Mirrors,
    /// One mirror.
    Mirror(MirrorId),
    /// All links.
    Links,
    /// Held lanes.
    Quarantine,
    /// One message, by what was written in the search box.
    Message(String),
    /// All replays.
    Replays,
    /// A mirror's replay.
    Replay(MirrorId),
    /// What happens.
    Events,
}

/// Something that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The session ends.
    Leave,
    /// A held lane goes on.
    Release,
    /// A mirror's views are built anew.
    Rebuild(MirrorId),
    /// The build before is read again.
    Rollback(MirrorId),
    /// What the channels are owed is counted.
    Plan(MirrorId),
    /// And sent.
    Apply(MirrorId),
}

/// Fields of a query or of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `name=value&...`.
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// Of a query. One that is too long is none.
    pub(super) fn of_query(query: Option<&str>) -> Self {
        let query = query.filter(|query| query.len() <= QUERY_BYTES_MAX).unwrap_or_default();
        Self::parse(query.as_bytes())
    }

    /// The first of this name, trimmed; empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// Whether a box is ticked.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// A page's number, from 1.
    pub(super) fn page(&self) -> usize {
        self.get("page").parse().unwrap_or(1).max(1)
    }
}

/// What a request means.
pub(super) fn route(method: &Method, path: &str, query: &Fields) -> Route {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if *method == Method::POST {
        return act(&parts).map_or(Route::Nothing, Route::Act);
    }
    match parts.as_slice() {
        ["enter"] => Route::Enter,
        ["assets", _, name] => Route::Asset((*name).to_owned()),
        ["live", rest @ ..] => live(rest, query).map_or(Route::Nothing, Route::Live),
        rest => page(rest, query).map_or(Route::Nothing, Route::Page),
    }
}

fn page(parts: &[&str], query: &Fields) -> Option<Page> {
    Some(match parts {
        [""] => Page::Overview,
        ["mirrors"] => Page::Mirrors,
        ["mirrors", id] => Page::Mirror(id.parse().ok()?),
        ["links"] => Page::Links,
        ["quarantine"] => Page::Quarantine,
        ["message"] => Page::Message(query.get("q").to_owned()),
        ["message", id] => Page::Message(id.parse::<MessageId>().ok()?.to_string()),
        ["replay"] => Page::Replays,
        ["replay", id] => Page::Replay(id.parse().ok()?),
        ["events"] => Page::Events,
        _ => return None,
    })
}

/// What changes while it is looked at.
fn live(parts: &[&str], query: &Fields) -> Option<Page> {
    let page = page(if parts == ["overview"] { &[""] } else { parts }, query)?;
    matches!(page, Page::Overview | Page::Replay(_) | Page::Events).then_some(page)
}

fn act(parts: &[&str]) -> Option<Act> {
    Some(match parts {
        ["leave"] => Act::Leave,
        ["quarantine", "release"] => Act::Release,
        ["replay", id, "rebuild"] => Act::Rebuild(id.parse().ok()?),
        ["replay", id, "rollback"] => Act::Rollback(id.parse().ok()?),
        ["replay", id, "plan"] => Act::Plan(id.parse().ok()?),
        ["replay", id, "apply"] => Act::Apply(id.parse().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn paths_mean_one_thing() {
        let id = MirrorId(Uuid::from_u128(7));
        let check = |method: Method, path: &str, wanted: Route| {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            assert_eq!(route(&method, path, &Fields::of_query(Some(query))), wanted, "{path}");
        };
        let get = |path: &str, wanted| check(Method::GET, path, wanted);
        let post = |path: &str, wanted| check(Method::POST, path, wanted);
        get("/", Route::Page(Page::Overview));
        get("/mirrors/", Route::Page(Page::Mirrors));
        get(&format!("/mirrors/{id}"), Route::Page(Page::Mirror(id)));
        get("/mirrors/lounge", Route::Nothing);
        get("/links?q=x", Route::Page(Page::Links));
        get("/message/43", Route::Page(Page::Message("43".to_owned())));
        get("/message?q=%3Cscript%3E", Route::Page(Page::Message("<script>".to_owned())));
        get("/message/javascript:x", Route::Nothing);
        get("/enter", Route::Enter);
        get("/assets/1/console.css", Route::Asset("console.css".to_owned()));
        get("/assets/../console.css", Route::Asset("console.css".to_owned()));
        get("/assets/../../Cargo.toml", Route::Nothing);
        get("/live/overview", Route::Live(Page::Overview));
        get("/live/events", Route::Live(Page::Events));
        get(&format!("/live/replay/{id}"), Route::Live(Page::Replay(id)));
        get("/live/links", Route::Nothing);
        get("/live", Route::Nothing);
        get("/leave", Route::Nothing);
        get("//evil.example/", Route::Nothing);
        get(&format!("/replay/{id}/rebuild"), Route::Nothing);
        post("/leave", Route::Act(Act::Leave));
        post("/quarantine/release", Route::Act(Act::Release));
        post(&format!("/replay/{id}/rebuild"), Route::Act(Act::Rebuild(id)));
        post(&format!("/replay/{id}/apply"), Route::Act(Act::Apply(id)));
        post("/", Route::Nothing);
    }

    #[test]
    fn fields_are_read_and_bounded() {
        let fields = Fields::of_query(Some("q=+a%26b+&page=0&x="));
        assert_eq!((fields.get("q"), fields.page(), fields.has("x")), ("a&b", 1, false));
        assert_eq!(Fields::of_query(Some(&format!("q={}", "a".repeat(QUERY_BYTES_MAX)))), Fields::default());
        assert_eq!(Fields::of_query(Some("page=99999999999999999999999")).page(), 1);
    }
}
