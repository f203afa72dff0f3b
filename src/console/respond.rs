//! From a request to a reply: who asks, what for, what the desk says, which page shows it.

use super::act::{self, act};
use super::gate;
use super::links::{State, Wanted};
use super::live::{self, Watched};
use super::pages::feed::Filter;
use super::pages::frame::{Frame, Tab};
use super::pages::{self, door};
use super::reply::{self, Reply};
use super::route::{Act, Fields, Page, Route, route};
use super::sessions::{Entry, Visitor};
use super::{House, assets, token};
use crate::commands::answer::{LogEntry, Replayed};
use crate::commands::ask::{Lineage, Log, Replay};
use crate::commands::{Answer, Command, CommandError, Deaf, Desk, Listener, execute};
use async_trait::async_trait;
use events::MirrorId;
use http::request::Parts;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use maud::Markup;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tools::{Meter, Progress};

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// How long a page may take to be made, and an act to be done.
const PAGE_MAX: Duration = Duration::from_secs(30);
/// How long a count of the log may take before a page goes without.
const SURVEY_MAX: Duration = Duration::from_secs(5);
/// Events that are shown before those that come.
const EVENTS_SHOWN: u64 = 50;
/// Events before the log's end that a viewer is sent again: what came while it connected. It knows which it has.
const EVENTS_AGAIN: u64 = 200;
/// How far before the log's end they are looked for, where only some are wanted.
const EVENTS_SOUGHT: u64 = 2_000;

/// What a page says, or why there is none.
type Told = Result<(Tab, &'static str, Markup), (StatusCode, String)>;

/// Replies.
pub(super) async fn respond(
    house: &Arc<House>,
    desk: &Desk,
    (request, here): (Request<Incoming>, SocketAddr),
) -> Reply {
    let (head, body) = request.into_parts();
    if let Err(refused) = gate::check((&head.method, &head.uri, &head.headers), here.ip(), &house.hosts) {
        return reply::page(refused.status(), door::problem("Not here", refused.words()));
    }
    let query = Fields::of_query(head.uri.query());
    let route = route(&head.method, head.uri.path(), &query);
    match &route {
        Route::Asset(name) => return assets::find(name).map_or_else(missing, reply::asset),
        Route::Enter => return enter(house, &head, &query).await,
        Route::Page(_) | Route::Live(_) | Route::Act(_) | Route::Nothing => {}
    }
    let id = reply::session(&head.headers, &house.cookie).unwrap_or_default();
    let token = token::read(&house.directory).await;
    let Some(visitor) = house.sessions().visitor(id, token.as_ref(), Instant::now()) else {
        return reply::page(StatusCode::UNAUTHORIZED, door::locked());
    };
    match route {
        Route::Page(page) => {
            let visitor = Visitor { notice: house.sessions().notice(id), ..visitor };
            show(house, desk, (page, &query, &visitor)).await
        }
        Route::Live(page) => watch(house, desk, (page, &query)).await,
        Route::Act(act) => take(house, desk, (act, body, &visitor, id)).await,
        Route::Asset(_) | Route::Enter | Route::Nothing => missing(),
    }
}

fn missing() -> Reply {
    reply::page(StatusCode::NOT_FOUND, door::problem("Nothing here", "There is no such page."))
}

/// What a page says that took too long. With ten thousand links a node that begins is busy for a while.
const LATE: &str = "The node is busy. This page comes by itself as soon as it can.";

/// Somebody comes with a token, which leaves the address bar at once.
async fn enter(house: &House, head: &Parts, query: &Fields) -> Reply {
    if gate::is_embedded(&head.headers) {
        return reply::page(StatusCode::FORBIDDEN, door::wrong_token());
    }
    let token = token::read(&house.directory).await;
    let entry = house.sessions().enter(query.get("token"), token.as_ref(), Instant::now());
    match entry {
        Entry::Welcome(id) => reply::with_session(reply::go("/"), &house.cookie, Some(&id)),
        Entry::Wrong => reply::page(StatusCode::UNAUTHORIZED, door::wrong_token()),
        Entry::TooMany => reply::page(StatusCode::TOO_MANY_REQUESTS, door::too_many()),
    }
}

/// A form came.
async fn take(
    house: &House,
    desk: &Desk,
    (what, body, visitor, id): (Act, Incoming, &Visitor, &str),
) -> Reply {
    let Ok(body) = Limited::new(body, FORM_BYTES_MAX).collect().await else {
        let words = "A form holds at most 16 KiB.";
        return reply::page(StatusCode::PAYLOAD_TOO_LARGE, door::problem("Too much", words));
    };
    let fields = Fields::parse(&body.to_bytes());
    if !visitor.gave(fields.get("form")) {
        let words =
            "The form is not one that this session was given: open the page again and send it from there.";
        return reply::page(StatusCode::FORBIDDEN, door::problem("An old form", words));
    }
    if what == Act::Leave {
        house.sessions().leave(id);
        return reply::with_session(reply::go("/"), &house.cookie, None);
    }
    match timeout(PAGE_MAX, act(house, desk, (what, &fields))).await {
        Ok(act::Done { notice, path }) => {
            if let Some(notice) = notice {
                house.sessions().tell(id, &notice);
            }
            reply::go(&path)
        }
        Err(_) => {
            let words = "It took too long. Look whether it was done before you ask for it again.";
            reply::page(StatusCode::SERVICE_UNAVAILABLE, door::problem("Not yet", words))
        }
    }
}

/// A page.
async fn show(house: &House, desk: &Desk, (page, query, visitor): (Page, &Fields, &Visitor)) -> Reply {
    let told = timeout(PAGE_MAX, told(house, desk, (page, query, &visitor.form))).await;
    let Ok(told) = told else { return reply::again(door::problem("Not yet", LATE)) };
    let node = desk.ports.node.to_string();
    match told {
        Ok((tab, title, content)) => {
            let frame = Frame { visitor, node: &node };
            reply::page(StatusCode::OK, frame.page((tab, title), &content))
        }
        Err((status, words)) => reply::page(status, door::problem("That did not work", &words)),
    }
}

fn failed(error: CommandError) -> (StatusCode, String) {
    match error {
        CommandError::Wrong(words) => (StatusCode::BAD_REQUEST, words),
        CommandError::Failed(words) => (StatusCode::SERVICE_UNAVAILABLE, words),
    }
}

fn no_mirror() -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, "There is no such mirror.".to_owned())
}

async fn told(house: &House, desk: &Desk, (page, query, form): (Page, &Fields, &str)) -> Told {
    if let Page::Message(words) = &page {
        let found = if words.is_empty() { None } else { Some(trace(house, desk, words).await) };
        return Ok((Tab::Messages, "Message", pages::message::page(words, found.as_ref())));
    }
    let snapshot = house.snapshots.now(desk).await.map_err(failed)?;
    Ok(match page {
        Page::Overview => (Tab::Overview, "Overview", pages::overview::page(&snapshot)),
        Page::Mirrors => {
            (Tab::Mirrors, "Mirrors", pages::mirrors::page(&snapshot, query.get("q"), query.page()))
        }
        Page::Mirror(id) => {
            let mirror = snapshot.mirror(id).ok_or_else(no_mirror)?;
            (Tab::Mirrors, "Mirror", pages::mirror::page(&snapshot, mirror, query.page(), form))
        }
        Page::Links => {
            let state = State::parse(query.get("state"));
            let wanted = Wanted { words: query.get("q").to_owned(), state, mirror: None };
            (Tab::Links, "Links", pages::links::page(&snapshot, &wanted, query.page()))
        }
        Page::Quarantine => (Tab::Quarantine, "Held", pages::quarantine::page(&snapshot, query.page(), form)),
        Page::Replays => (Tab::Replay, "Replay", pages::replay::choose(&snapshot, query.page())),
        Page::Replay(id) => {
            let mirror = snapshot.mirror(id).ok_or_else(no_mirror)?;
            let job = house.jobs.of(id).map(|job| job.shown());
            let survey = survey(house, desk, id).await;
            (Tab::Replay, "Replay", pages::replay::page(mirror, &survey, job.as_ref(), form))
        }
        Page::Events => {
            let filter = filter(query);
            let entries = last(desk, &filter).await.map_err(failed)?;
            (Tab::Events, "Events", pages::feed::page(&filter, &snapshot.mirrors, &entries))
        }
        Page::Message(_) => return Err((StatusCode::NOT_FOUND, String::new())),
    })
}

async fn trace(house: &House, desk: &Desk, words: &str) -> Result<tools::lineage::Lineage, String> {
    // Nobody closes the semaphore.
    let _one_of_few = house.reads.acquire().await;
    let ask = Command::Lineage(Lineage { message: words.to_owned() });
    match execute(desk, ask, &Deaf).await {
        Ok(Answer::Lineage(lineage)) => Ok(*lineage),
        Ok(_) => Err("the node says nothing of it".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// What a rebuild would read.
async fn survey(house: &House, desk: &Desk, mirror: MirrorId) -> Result<Replayed, String> {
    let ask = Replay { mirror: Some(mirror.to_string()), dry_run: true, ..Replay::default() };
    let counted = async {
        let _one_of_few = house.reads.acquire().await;
        execute(desk, Command::Replay(ask), &Deaf).await
    };
    match timeout(SURVEY_MAX, counted).await {
        Ok(Ok(Answer::Replayed(replayed))) => Ok(replayed),
        Ok(Ok(_)) => Err("the node does not say what it would read".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the log is long: what would be read was not counted".to_owned()),
    }
}

fn filter(query: &Fields) -> Filter {
    let filter = Filter { mirror: query.get("mirror").to_owned(), kind: query.get("kind").to_owned() };
    // A word that means nothing means all.
    let kind = filter.kind().map_or(String::new(), |_| filter.kind.clone());
    Filter { kind, ..filter }
}

/// What is asked of the log, from so many events before its end on.
fn log(filter: &Filter, tail: u64) -> Log {
    Log {
        mirror: Some(filter.mirror.clone()).filter(|mirror| !mirror.is_empty()),
        kind: filter.kind().into_iter().collect(),
        tail: Some(tail),
        ..Log::default()
    }
}

/// The last events.
async fn last(desk: &Desk, filter: &Filter) -> Result<Vec<LogEntry>, CommandError> {
    let heard = Heard::default();
    let is_all = filter.mirror.is_empty() && filter.kind.is_empty();
    let tail = if is_all { EVENTS_SHOWN } else { EVENTS_SOUGHT };
    execute(desk, Command::Log(log(filter, tail)), &heard).await?;
    let mut entries = heard.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    entries.sort_by(|one, other| (&one.time, one.offset).cmp(&(&other.time, other.offset)));
    let shown = usize::try_from(EVENTS_SHOWN).unwrap_or_default();
    Ok(entries.split_off(entries.len().saturating_sub(shown)))
}

/// Keeps what it hears: as many events as are asked for.
#[derive(Default)]
struct Heard(Mutex<Vec<LogEntry>>);

impl Progress for Heard {
    fn report(&self, _: Meter) {}
}

#[async_trait]
impl Listener for Heard {
    async fn entry(&self, entry: LogEntry) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        true
    }
}

/// Something is looked at for a while.
async fn watch(house: &House, desk: &Desk, (page, query): (Page, &Fields)) -> Reply {
    let Ok(viewer) = house.viewers.clone().try_acquire_owned() else {
        let words = "As many as may are looking already. The page is right without live updates: reload it.";
        return reply::page(StatusCode::SERVICE_UNAVAILABLE, door::problem("Too many viewers", words));
    };
    let watched = match page {
        Page::Overview => Watched::Overview(desk.clone(), house.snapshots.clone()),
        Page::Events => {
            let ask = Log { follow: true, ..log(&filter(query), EVENTS_AGAIN) };
            Watched::Events(desk.clone(), Box::new(ask))
        }
        Page::Replay(id) => match house.jobs.of(id) {
            Some(job) => Watched::Replay(Box::new(job)),
            None => return missing(),
        },
        Page::Mirrors
        | Page::Mirror(_)
        | Page::Links
        | Page::Quarantine
        | Page::Message(_)
        | Page::Replays => return missing(),
    };
    reply::events(live::body(watched, viewer))
}
