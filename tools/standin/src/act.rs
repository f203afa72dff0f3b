//! One request from arrival to answer: limits, then the fault (if any) acted out around the effect.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header::CONTENT_TYPE};
use http_body_util::Full;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    clock,
    fault::RestFault,
    limits::{Scope, Standing, Verdict},
    rest::{self, Call, reply::Reply},
    server::Core,
    world::{World, shown::Happening},
};

type Answer = Response<Full<Bytes>>;

/// What was decided about a request on arrival.
enum Plan {
    Wait { scope: Scope, retry_ms: u64, standing: Option<Standing> },
    Run { standing: Standing, fault: Option<RestFault> },
}

/// Does what a request asks for; `None`: cut the connection.
pub(crate) async fn process(core: Arc<Core>, call: Call) -> Option<Answer> {
    let (seq, plan) = arrive(&mut core.world(), &call);
    let answer = match plan {
        Plan::Wait { scope, retry_ms, standing } => Some(too_many(scope, retry_ms, standing.as_ref())),
        Plan::Run { standing, fault: None } => Some(announced(&run(&core, &call, seq), &standing)),
        Plan::Run { standing, fault: Some(fault) } => suffer(&core, &call, seq, (fault, standing)).await,
    };
    let status = answer.as_ref().map(|answer| answer.status().as_u16());
    let mut world = core.world();
    world.ledger.close(seq, status);
    if status == Some(429) {
        world.tell(|_| Happening::TooMany);
    }
    answer
}

fn arrive(world: &mut World, call: &Call) -> (u64, Plan) {
    let entry = call.entry(world);
    let seq = world.ledger.open(entry.clone());
    let World { meters, limits, .. } = world;
    let standing = match meters.admit(limits.as_ref(), &call.route, entry.channel) {
        Verdict::Go(standing) => standing,
        Verdict::Wait { scope, retry_ms, standing } => {
            return (seq, Plan::Wait { scope, retry_ms, standing });
        }
    };
    let fault = world.faults.of_request(&entry);
    if let Some(fault) = fault {
        world.note_fault(fault.name(), Some(seq), None, entry.channel);
    }
    (seq, Plan::Run { standing, fault: fault.filter(|&fault| !dim(world, entry.channel, fault)) })
}

/// Faults of a channel's history change the channel, then the request runs as any other.
fn dim(world: &mut World, channel: Option<u64>, fault: RestFault) -> bool {
    let now_ms = clock::now_ms();
    let history = channel.and_then(|id| world.channels.get_mut(&id)).map(|channel| &mut channel.history);
    match (fault, history) {
        (RestFault::HistoryLost { for_ms }, Some(history)) => history.lost_until_ms = now_ms + for_ms,
        (RestFault::HistoryLag { lag_ms, for_ms }, Some(history)) => {
            (history.lag_ms, history.lag_until_ms) = (lag_ms, now_ms + for_ms);
        }
        _ => {}
    }
    matches!(fault, RestFault::HistoryLost { .. } | RestFault::HistoryLag { .. })
}

/// The effect, whole, in one hold of the lock.
fn run(core: &Core, call: &Call, seq: u64) -> Reply {
    let mut world = core.world();
    world.ledger.begin(seq);
    let reply = rest::answer(&mut world, call, &core.origin);
    world.ledger.settle();
    reply
}

async fn suffer(
    core: &Core,
    call: &Call,
    seq: u64,
    (fault, standing): (RestFault, Standing),
) -> Option<Answer> {
    match fault {
        RestFault::LostResponse => {
            run(core, call, seq);
            None
        }
        RestFault::LateEffect { effect_ms, answer_ms } => {
            sleep(Duration::from_millis(effect_ms)).await;
            let reply = run(core, call, seq);
            sleep(Duration::from_millis(answer_ms.saturating_sub(effect_ms))).await;
            Some(announced(&reply, &standing))
        }
        RestFault::ErrorAfterEffect { status } => {
            run(core, call, seq);
            Some(announced(&Reply::failed(status), &standing))
        }
        RestFault::ErrorBeforeEffect { status } => Some(announced(&Reply::failed(status), &standing)),
        RestFault::CutBeforeEffect => None,
        RestFault::Refuse { for_ms } => {
            core.refuse(for_ms);
            core.deaf().await;
            None
        }
        RestFault::BareTooMany => Some(blocked()),
        RestFault::GlobalTooMany { retry_ms } => {
            core.world().meters.close_all(retry_ms);
            Some(too_many(Scope::Global, retry_ms, None))
        }
        RestFault::HistoryLost { .. } | RestFault::HistoryLag { .. } => {
            Some(announced(&run(core, call, seq), &standing))
        }
    }
}

/// An answer without rate-limit headers.
pub(crate) fn bare(reply: &Reply) -> Answer {
    let mut answer = Response::new(Full::new(reply.body.clone()));
    *answer.status_mut() = http::StatusCode::from_u16(reply.status).unwrap_or_default();
    if !reply.body.is_empty() {
        // Exactly this: discord.py takes a body with a charset parameter for text.
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    answer
}

fn announced(reply: &Reply, standing: &Standing) -> Answer {
    let mut answer = bare(reply);
    announce(answer.headers_mut(), standing);
    answer
}

fn announce(headers: &mut HeaderMap, standing: &Standing) {
    set(headers, "x-ratelimit-limit", &standing.limit.to_string());
    set(headers, "x-ratelimit-remaining", &standing.remaining.to_string());
    set(headers, "x-ratelimit-reset", &seconds(standing.reset_ms));
    set(headers, "x-ratelimit-reset-after", &seconds(standing.after_ms));
    set(headers, "x-ratelimit-bucket", &standing.bucket);
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn too_many(scope: Scope, retry_ms: u64, standing: Option<&Standing>) -> Answer {
    let global = scope == Scope::Global;
    let retry_after = retry_ms as f64 / 1000.0;
    let body =
        json!({"message": "You are being rate limited.", "retry_after": retry_after, "global": global});
    let mut answer = bare(&Reply { status: 429, body: body.to_string().into() });
    let headers = answer.headers_mut();
    if let Some(standing) = standing {
        announce(headers, standing);
    }
    set(headers, "x-ratelimit-scope", scope.name());
    set(headers, "retry-after", &retry_ms.div_ceil(1000).to_string());
    if global {
        set(headers, "x-ratelimit-global", "true");
    }
    answer
}

/// What Cloudflare says to an address that it has blocked: nothing that a limiter could read.
fn blocked() -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(b"error code: 1015")));
    *answer.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
    answer
}
