//! One run of a lane: performs its actions until it rests, waits, or is held.

use super::owed::{ByLog, Owed};
use super::{Env, company};
use crate::follower::RETRY;
use events::event::Attachment;
use events::log::{AppendError, Durable, Read, ReadError};
use events::{ChannelId, Event, MessageId, Offset};
use projections::deliver::{self, Next, Scope, Touch, receipt_event, touch};
use projections::lane::{Action, Deed, Input, Lane, Now, Phase, Receipted, Sighting, Work};
use projections::lanes::{LaneId, Saved};
use projections::settings::Settings;
use projections::sink::{Answer, HistoryError, No, Request};
use projections::views::ViewsError;
use projections::views::overlay::Overlay;
use projections::{Generation, copies};
use std::collections::VecDeque;
use std::sync::Arc;

/// Requests that one run may send before other lanes have their turn.
pub(super) const RUN_REQUESTS_MAX: usize = 16;
/// Receipts on the log that the views may lack before the lane waits for them.
pub(super) const UNFOLDED_MAX: usize = 256;
/// How long a reply waits for the message that it answers.
pub(super) const REPLY_WAIT_MS: u64 = 2_000;
/// How often it looks meanwhile.
const REPLY_LOOK_MS: u64 = 100;
/// Events read at once when a lane goes through the log.
const WALK_EVENTS: usize = 512;
/// Pages of history read at once: 100,000 messages. What is behind would be missing from what is concluded.
const HISTORY_PAGES_MAX: usize = 1_000;

const TOO_MUCH: &str = "over 100,000 messages were written in the channel since the last one that is known here, too \
                        many to look through";

/// Whether nothing of the message was sent yet.
fn is_first_send(work: &Work) -> bool {
    work.deed == Deed::Create && work.part == 0
}

/// A lane with what it has to do.
pub(super) struct Job {
    pub id: LaneId,
    pub lane: Box<Lane>,
    /// Messages to look at.
    pub queue: VecDeque<Owed>,
    /// The log is read from here for this lane when the queue is empty.
    pub walk: Option<ByLog>,
    /// Whether the lane was opened.
    pub opened: bool,
    /// Receipts that the views may not hold yet.
    pub unfolded: VecDeque<Event>,
    /// Since when the message at the head waits for the one it answers.
    pub reply_since_ms: Option<u64>,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing is left to do.
    Rest,
    /// Others have their turn.
    Yield,
    /// Again after so many milliseconds, or at an echo.
    Wait(u64),
    /// Held.
    Park,
    /// Another owner has it, or the node stops.
    Stop,
}

impl Job {
    pub(super) fn new(id: LaneId, lane: Lane) -> Self {
        Self {
            id,
            lane: Box::new(lane),
            queue: VecDeque::new(),
            walk: None,
            opened: false,
            unfolded: VecDeque::new(),
            reply_since_ms: None,
        }
    }

    /// Runs the lane from `input` on.
    pub(super) async fn run(mut self, mut input: Input, env: Arc<Env>) -> (Self, End) {
        let mut sent = 0;
        loop {
            if let Some(owed) = self.queue.front() {
                self.lane.at(owed.offset);
            }
            let action = self.lane.step(input, env.now(), &env.rules);
            if matches!(action, Action::Send(_)) {
                sent += 1;
                // Whoever takes the partition over must find no request of ours still on its way for long.
                if !env.tenure.covers(env.deadline).await {
                    return (self, End::Stop);
                }
            }
            input = match action {
                Action::Wait(ms) => return (self, End::Wait(ms)),
                Action::Park | Action::Stop => {
                    self.forget_files(&env);
                    return (self, if matches!(action, Action::Park) { End::Park } else { End::Stop });
                }
                Action::Plan if sent >= RUN_REQUESTS_MAX || env.stop.is_cancelled() => {
                    return (self, End::Yield);
                }
                Action::Plan => match self.plan(&env).await {
                    Ok(Planned::Work(work)) => Input::Work(work),
                    Ok(Planned::Nothing) => return (self, End::Rest),
                    Ok(Planned::Later(ms)) => return (self, End::Wait(ms)),
                    Err(why) => {
                        tracing::warn!(channel = self.id.link.0, why, "a lane cannot plan now");
                        return (self, End::Wait(env.rules.retry_ms));
                    }
                },
                other => self.perform(other, &env).await,
            };
        }
    }

    /// Performs an action that is a question to a port.
    async fn perform(&mut self, action: Action, env: &Env) -> Input {
        match action {
            Action::Save(row) => Input::Saved(env.ports.lanes.save(self.id, *row).await),
            Action::Load => self.load(env).await,
            Action::Send(request) => Input::Answered(self.send(request, env).await),
            Action::Append(receipted) => self.append(receipted, env).await,
            Action::History(after, thread) => Input::History(self.sightings(after, thread, env).await),
            Action::Identify(ids) => Input::Strangers(self.strangers(ids, env).await),
            Action::Plan | Action::Wait(_) | Action::Park | Action::Stop => Input::Woken,
        }
    }

    /// Sends once. What Discord does not take with files, it is offered with links.
    async fn send(&self, request: Request, env: &Env) -> Answer {
        let carries = matches!(&request, Request::Create(part) if !part.files.is_empty());
        let answer = env.sink.send(self.id, request).await;
        match &answer {
            Answer::Ambiguous(why) => env.counters.ambiguous(self.id, why),
            Answer::Yes(..) if self.lane.is_healing() => env.counters.healed(self.id),
            Answer::Yes(..) | Answer::No(_) => {}
        }
        let (Some(files), Phase::Intent(intent)) =
            (env.files.as_ref().filter(|_| carries), &self.lane.row.phase)
        else {
            return answer;
        };
        let message = intent.place.message;
        match answer {
            Answer::No(No::Refused(why)) => {
                tracing::info!(channel = self.id.link.0, why, "files were refused and become links");
                files.refuse(self.id, message);
                Answer::No(No::Wait(1))
            }
            // Where it comes out that it had no effect, the way is too narrow for them.
            Answer::Ambiguous(_) => {
                files.refuse(self.id, message);
                answer
            }
            Answer::Yes(..) | Answer::No(_) => answer,
        }
    }

    fn forget_files(&self, env: &Env) {
        if let Some(files) = &env.files {
            files.forget(self.id);
        }
    }

    /// Reads the row again until the store answers: nothing goes on before that.
    async fn load(&self, env: &Env) -> Input {
        loop {
            tokio::time::sleep(RETRY).await;
            match env.ports.lanes.load(self.id).await {
                Ok(row) => return Input::Loaded(Box::new(row.unwrap_or_default())),
                Err(error) => tracing::warn!(channel = self.id.link.0, %error, "a lane's row cannot be read"),
            }
        }
    }

    /// Appends until it is durable: nothing goes on before that.
    async fn append(&mut self, receipted: Receipted, env: &Env) -> Input {
        let event = receipt_event(self.id.mirror, &receipted, env.clock.now());
        let partition = env.ports.partition(self.id.mirror);
        loop {
            match env.ports.log.append(partition, vec![event.clone()], Durable::Everywhere).await {
                Ok(()) => break,
                Err(
                    error @ (AppendError::Retry(_) | AppendError::TooLarge { .. } | AppendError::Stopped(_)),
                ) => {
                    tracing::warn!(channel = self.id.link.0, %error, "a receipt cannot be appended now");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
        env.counters.receipt(self.id, &receipted);
        self.unfolded.push_back(event);
        Input::Appended
    }

    /// What lies behind `after` in the channel, and in this thread of it. The channel has the anchors: whoever may read
    /// its history may read that of its threads.
    async fn sightings(
        &mut self,
        after: MessageId,
        thread: Option<ChannelId>,
        env: &Env,
    ) -> Result<Vec<Sighting>, HistoryError> {
        let mut seen = self.history(after, None, env).await?;
        if thread.is_some() {
            seen.extend(self.history(after, thread, env).await?);
            seen.sort_by_key(|sighting| sighting.id);
        }
        Ok(seen)
    }

    async fn history(
        &mut self,
        after: MessageId,
        thread: Option<ChannelId>,
        env: &Env,
    ) -> Result<Vec<Sighting>, HistoryError> {
        let mut seen = Vec::new();
        let mut after = after;
        let mut pages = 0;
        loop {
            let page = env.sink.history(self.id, thread, after).await?;
            after = page.messages.last().map_or(after, |message| message.id);
            seen.extend(page.messages);
            pages += 1;
            match (page.more, pages) {
                (false, _) => break,
                (true, HISTORY_PAGES_MAX) => return Err(HistoryError::Dead(TOO_MUCH.to_owned())),
                (true, _) => {}
            }
        }
        let ours = seen.iter().filter(|message| message.ours).map(|message| message.id).collect();
        let unknown = self.strangers(ours, env).await;
        let sighting = |seen: projections::sink::Seen| Sighting {
            id: seen.id,
            ours: seen.ours,
            known: seen.ours && !unknown.contains(&seen.id),
            thread,
        };
        Ok(seen.into_iter().map(sighting).collect())
    }

    /// Those of `ids` that no receipt knows. Where the views do not answer, it asks until they do.
    async fn strangers(&mut self, ids: Vec<MessageId>, env: &Env) -> Vec<MessageId> {
        loop {
            match self.unknown(&ids, env).await {
                Ok(unknown) => return unknown,
                Err(why) => {
                    tracing::warn!(channel = self.id.link.0, why, "copies cannot be looked up now");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn unknown(&self, ids: &[MessageId], env: &Env) -> Result<Vec<MessageId>, String> {
        let generation = env.generation(self.id.mirror).await?;
        let views = Overlay::new(&*env.ports.views, generation, &self.unfolded);
        let mut unknown = Vec::new();
        for id in ids {
            let source = copies::source_of(&views, self.id.mirror, generation, *id).await;
            if source.map_err(|error| error.to_string())?.is_none() {
                unknown.push(*id);
            }
        }
        Ok(unknown)
    }

    /// The next work: the message at the head until nothing is owed of it, then the next.
    async fn plan(&mut self, env: &Env) -> Result<Planned, String> {
        let generation = env.generation(self.id.mirror).await?;
        self.forget_folded(env, generation).await.map_err(|error| error.to_string())?;
        if self.unfolded.len() >= UNFOLDED_MAX {
            return Ok(Planned::Later(env.rules.retry_ms));
        }
        let table = env.links.now();
        let Some(settings) = table.settings(self.id.mirror) else { return Ok(Planned::Nothing) };
        loop {
            if self.queue.is_empty() {
                self.walk(env).await?;
            }
            let Some(Owed { message, .. }) = self.queue.front().copied() else {
                return Ok(Planned::Nothing);
            };
            match self.next(env, (generation, settings), message).await? {
                Next::Work(work) if self.fetches(env, &work).await => {}
                Next::Work(work) => return Ok(Planned::Work(work)),
                Next::Unsettled => return Ok(Planned::Later(REPLY_LOOK_MS)),
                Next::Nothing => {
                    self.forget_files(env);
                    self.reply_since_ms = None;
                    self.queue.pop_front();
                }
            }
        }
    }

    /// Fetches the files that a part is to carry; true: now it is known which, and the part is planned anew.
    async fn fetches(&self, env: &Env, work: &Work) -> bool {
        let Some(files) = env.files.as_ref().filter(|_| !work.fetch.is_empty()) else { return false };
        let message = work.place.message;
        let is_new = !files.is_settled(self.id, message);
        if is_new {
            files.fetch(self.id, message, &work.fetch).await;
        }
        is_new
    }

    async fn next(
        &mut self,
        env: &Env,
        (generation, settings): (Generation, &Settings),
        message: MessageId,
    ) -> Result<Next, String> {
        let now = env.now();
        let since_ms = *self.reply_since_ms.get_or_insert(now.mono_ms);
        let patient = (now.mono_ms < since_ms + REPLY_WAIT_MS).then_some(now.wall);
        let bare: &VecDeque<Event> = &VecDeque::new();
        let known = if env.rules.guards.know { &self.unfolded } else { bare };
        let views = Overlay::new(&*env.ports.views, generation, known);
        let LaneId { mirror, link } = self.id;
        let carry = |message, attachments: &[Attachment]| match &env.files {
            Some(files) => files.carried(self.id, message, attachments),
            None => Vec::new(),
        };
        let scope = Scope { views: &views, mirror, generation, link, settings, carry: &carry };
        let next = deliver::next(scope, message, patient).await.map_err(|error| error.to_string())?;
        let is_held = matches!(&next, Next::Work(work) if is_first_send(work))
            && patient.is_some()
            && company::waits(env, mirror, message);
        Ok(if is_held { Next::Unsettled } else { next })
    }

    /// Drops the receipts that the views hold by now, oldest first.
    async fn forget_folded(&mut self, env: &Env, generation: Generation) -> Result<(), ViewsError> {
        while let Some(oldest) = self.unfolded.front() {
            if !Overlay::new(&*env.ports.views, generation, [oldest]).is_folded().await? {
                break;
            }
            self.unfolded.pop_front();
        }
        Ok(())
    }

    /// Fills the queue from the log, where the lane has fallen behind what is told to it.
    async fn walk(&mut self, env: &Env) -> Result<(), String> {
        let partition = env.ports.partition(self.id.mirror);
        while let Some(walk) = self.walk.filter(|_| self.queue.is_empty()) {
            let from = walk.from;
            let read = Read { partition, from, limit: WALK_EVENTS, mirror: Some(self.id.mirror) };
            let page = match env.ports.log.read(read).await {
                Ok(page) => page,
                Err(ReadError::Trimmed { floor }) => {
                    tracing::warn!(
                        channel = self.id.link.0,
                        floor = floor.0,
                        "a lane begins behind the log's floor"
                    );
                    self.walk = Some(ByLog { from: floor, ..walk });
                    continue;
                }
                Err(error) => return Err(error.to_string()),
            };
            for entry in page.entries {
                let Ok(event) = events::codec::decode(&entry.record) else { continue };
                let own = event.place.channel == self.id.link;
                match touch(&event) {
                    Touch::Message(message) if !own => {
                        self.queue.push_back(walk.finds(entry.offset, message, event.observed));
                    }
                    Touch::Message(_) | Touch::Link(_) | Touch::All | Touch::Nothing => {}
                }
            }
            // What lies behind the feed's mark is told to the lane as it comes.
            let rest = ByLog { from: page.next, ..walk };
            self.walk = (page.next < *env.fed.borrow()).then_some(rest);
        }
        Ok(())
    }

    /// Keeps in its row where the lane goes on, apart from all others; `None`: it keeps step with them.
    pub(super) async fn keep_place(&mut self, place: Option<Offset>, env: &Env) {
        if self.lane.row.behind == place {
            return;
        }
        let before = self.lane.row.behind;
        self.lane.row.behind = place;
        self.lane.row.rev += 1;
        if !self.is_saved(env).await {
            // Behind another owner's write the lane's own next one is fenced, and stops it.
            tracing::warn!(channel = self.id.link.0, "a lane's row cannot be written now");
            self.lane.row.behind = before;
            self.lane.row.rev -= 1;
        }
    }

    /// Writes the row; where nobody knows whether that took effect, a read tells.
    async fn is_saved(&self, env: &Env) -> bool {
        match env.ports.lanes.save(self.id, self.lane.row.clone()).await {
            Saved::Yes => true,
            Saved::Fenced => false,
            Saved::Unknown => {
                matches!(self.load(env).await, Input::Loaded(stored) if stored.rev == self.lane.row.rev)
            }
        }
    }
}

enum Planned {
    Work(Box<Work>),
    Nothing,
    Later(u64),
}

/// The time of a step.
pub(super) fn now(env: &Env) -> Now {
    Now { mono_ms: env.started.elapsed().as_millis() as u64, wall: env.clock.now() }
}
