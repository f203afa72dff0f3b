//! One request from arrival to answer: limits, then the fault (if any) acted out around the effect.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::{
    answer::{Answer, announced, blocked, headless, too_many},
    clock,
    fault::RestFault,
    limits::{
        Refusal, Refused,
        meters::{Standing, Verdict, Wait},
    },
    rest::{self, Call, reply::Reply},
    server::Core,
    world::{World, shown::Happening},
};

/// What was decided about a request on arrival.
enum Plan {
    Wait(Wait),
    Blocked(u16, Refused),
    Run { standing: Standing, fault: Option<RestFault> },
}

/// An answer, and whether it was a refusal.
type Done = (Answer, Option<Refused>);

/// Does what a request asks for; `None`: cut the connection.
pub(crate) async fn process(core: Arc<Core>, mut call: Call) -> Option<Answer> {
    call.route = call.route.known_to(core.world().bot);
    let (seq, plan) = arrive(&mut core.world(), &call);
    let done = match plan {
        Plan::Wait(wait) => Some((too_many(&wait), Some(wait.refused))),
        Plan::Blocked(status, refused) => Some((blocked(status), Some(refused))),
        Plan::Run { standing, fault: None } => Some((announced(&run(&core, &call, seq), &standing), None)),
        Plan::Run { standing, fault: Some(fault) } => suffer(&core, &call, seq, (fault, standing)).await,
    };
    let (answer, refused) = done.unzip();
    let status = answer.as_ref().map(|answer| answer.status().as_u16());
    close(&mut core.world(), seq, status, refused.flatten());
    answer
}

/// Notes the answer, and what it costs of the budget of invalid requests.
fn close(world: &mut World, seq: u64, status: Option<u16>, refused: Option<Refused>) {
    world.ledger.close(seq, status, refused);
    let World { meters, limits, .. } = world;
    let kind = refused.map(|refused| refused.kind);
    let costs =
        matches!(status, Some(401 | 403 | 429)) && !matches!(kind, Some(Refusal::Shared | Refusal::Blocked));
    if let Some(limits) = limits.as_ref().filter(|_| costs) {
        meters.spend(&limits.invalid);
    }
    if status == Some(429) {
        world.tell(|_| Happening::TooMany);
    }
}

fn arrive(world: &mut World, call: &Call) -> (u64, Plan) {
    let entry = call.entry(world);
    let seq = world.ledger.open(entry.clone());
    let World { meters, limits, .. } = world;
    let standing = match meters.admit(limits.as_ref(), (&call.route, call.client), entry.channel) {
        Verdict::Go(standing) => standing,
        Verdict::Wait(wait) => return (seq, Plan::Wait(wait)),
        Verdict::Blocked(status, refused) => return (seq, Plan::Blocked(status, refused)),
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
) -> Option<Done> {
    let fine = |reply: &Reply| Some((announced(reply, &standing), None));
    match fault {
        RestFault::LostResponse => {
            run(core, call, seq);
            None
        }
        RestFault::LateEffect { effect_ms, answer_ms } => {
            sleep(Duration::from_millis(effect_ms)).await;
            let reply = run(core, call, seq);
            sleep(Duration::from_millis(answer_ms.saturating_sub(effect_ms))).await;
            fine(&reply)
        }
        RestFault::ErrorAfterEffect { status } => {
            run(core, call, seq);
            fine(&Reply::failed(status))
        }
        RestFault::ErrorBeforeEffect { status } => fine(&Reply::failed(status)),
        RestFault::CutBeforeEffect => None,
        RestFault::Refuse { for_ms } => {
            core.refuse(for_ms);
            core.deaf().await;
            None
        }
        RestFault::BareTooMany
        | RestFault::UserTooMany { .. }
        | RestFault::SharedTooMany { .. }
        | RestFault::GlobalTooMany { .. }
        | RestFault::Blocked { .. } => Some(refuse(&mut core.world(), call, fault)),
        RestFault::HistoryLost { .. } | RestFault::HistoryLag { .. } => fine(&run(core, call, seq)),
    }
}

/// A refusal that the client did nothing for; what it says holds for what comes after.
fn refuse(world: &mut World, call: &Call, fault: RestFault) -> Done {
    let channel = call.entry(world).channel;
    let meters = &mut world.meters;
    let wait = match fault {
        RestFault::UserTooMany { retry_ms } => {
            meters.close(Refusal::User, (&call.route, call.client), channel, retry_ms)
        }
        RestFault::SharedTooMany { retry_ms } => {
            meters.close(Refusal::Shared, (&call.route, call.client), channel, retry_ms)
        }
        RestFault::GlobalTooMany { retry_ms } => {
            meters.close_all(call.client, retry_ms);
            Wait { refused: Refusal::Global.sudden(), retry_ms, standing: None }
        }
        RestFault::Blocked { for_ms } => {
            meters.block(for_ms);
            let status = world.limits.map_or(429, |limits| limits.invalid.status);
            return (blocked(status), Some(Refusal::Blocked.sudden()));
        }
        _ => return (headless(), Some(Refusal::Bare.sudden())),
    };
    (too_many(&wait), Some(wait.refused))
}
