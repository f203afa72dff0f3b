//! Nodes on one store, each with a clock of its own, on a network that delays, loses and leaves in doubt.

use crate::lanes::Saved;
use crate::leases::memory::MemoryLeases;
use crate::leases::{Holder, LeaseName, LeaseRow, Leases};
use crate::sample::Dice;
use crate::tenancy::{NodeNote, Rules, Step, Tenancy};
use events::Partition;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(super) const RULES: Rules = Rules::of(2_000);
pub(super) const TICK_MS: u64 = 100;
/// Without faults, from asking to the answer.
pub(super) const LATENCY_MS_MAX: u64 = 20;
/// How long work may take to end that is given.
pub(super) const ENDING_MS_MAX: u64 = 3 * TICK_MS / 2;
/// After so long a caller gives up: nobody knows.
const TIMEOUT_MS: u64 = 400;

/// How often things go wrong, in percent of the requests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    pub(super) requests: u64,
    pub(super) store_down: bool,
}

/// One process after the other on one machine.
pub(super) struct Machine {
    pub(super) tenancy: Option<Tenancy>,
    pub(super) me: Holder,
    pub(super) draining: bool,
    /// Counts processes; what belongs to an earlier one is not delivered.
    process: u64,
    /// Its clock is ahead of the world's by this.
    skew_ms: u64,
    frozen_until: u64,
    /// What it stopped to work on, before it sent that it gives it.
    stopped: BTreeSet<(LeaseName, u64)>,
}

#[derive(Clone, Debug)]
enum Event {
    Tick,
    Look(Vec<(LeaseName, LeaseRow)>),
    Send(Step),
    Answer(Step, Saved, u64),
    /// The store does it, whoever asked and whether that one still lives.
    Apply {
        step: Step,
        asked_ms: u64,
        answers: bool,
    },
}

pub(super) struct World {
    pub(super) now: u64,
    pub(super) store: MemoryLeases,
    pub(super) machines: Vec<Machine>,
    pub(super) wanted: Vec<LeaseName>,
    pub(super) dice: Dice,
    pub(super) faults: Faults,
    pub(super) wrong: Vec<String>,
    /// Who began to work at which epoch.
    epochs: BTreeMap<(LeaseName, u64), (usize, u64)>,
    queue: BTreeMap<(u64, u64), (usize, u64, Event)>,
    events: u64,
    /// When somebody last became the holder of something.
    pub(super) moved: u64,
    loud: bool,
}

impl World {
    pub(super) fn new(seed: u64, nodes: usize, partitions: u16, shards: u32) -> Self {
        let mut dice = Dice::new(seed);
        let machines = (0..nodes).map(|at| Machine::new(at, dice.below(1_000_000))).collect();
        let wanted = (0..partitions).map(|number| LeaseName::Partition(Partition(number)));
        let wanted = wanted.chain((0..shards).map(LeaseName::Shard)).collect();
        Self {
            now: 0,
            store: MemoryLeases::new(),
            machines,
            wanted,
            dice,
            faults: Faults::default(),
            wrong: Vec::new(),
            epochs: BTreeMap::new(),
            queue: BTreeMap::new(),
            events: 0,
            moved: 0,
            loud: std::env::var_os("TENANCY_SEED").is_some(),
        }
    }

    /// A new process; on a new disk, it has another home.
    pub(super) fn start(&mut self, at: usize, new_home: bool) {
        let home = Uuid::from_u64_pair(at as u64, self.dice.below(u64::MAX));
        let machine = &mut self.machines[at];
        if new_home {
            machine.me.home = home;
        }
        machine.process += 1;
        machine.draining = false;
        machine.frozen_until = 0;
        machine.tenancy = Some(Tenancy::new(machine.me, RULES, NodeNote::default()));
        self.after(at, 1, TICK_MS, Event::Tick);
    }

    pub(super) fn kill(&mut self, at: usize) {
        self.machines[at].tenancy = None;
        self.machines[at].process += 1;
    }

    /// SIGSTOP, and SIGCONT later: nothing is delivered to it meanwhile, and its clock goes on.
    pub(super) fn freeze(&mut self, at: usize, ms: u64) {
        self.machines[at].frozen_until = self.now + ms;
    }

    /// Runs until `time`, looking at the laws after each event.
    pub(super) async fn run(&mut self, until: u64) {
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((time, _), (at, process, event)) = entry.remove_entry();
            self.now = time;
            self.play(at, process, event).await;
            self.look_at_the_laws();
        }
        self.now = until;
    }

    async fn play(&mut self, at: usize, process: u64, event: Event) {
        if let Event::Apply { step, asked_ms, answers } = event {
            let row = step.row().cloned().unwrap_or_default();
            let saved = self.store.save(step.name(), row).await;
            if answers {
                self.push(at, process, LATENCY_MS_MAX / 2, Event::Answer(step, saved, asked_ms));
            }
            return;
        }
        let machine = &mut self.machines[at];
        if machine.process != process {
            return;
        }
        if machine.frozen_until > self.now {
            let wait = machine.frozen_until - self.now;
            return self.push(at, process, wait, event);
        }
        match event {
            Event::Tick => self.tick(at).await,
            Event::Look(rows) => self.decide(at, &rows),
            Event::Send(step) => self.send(at, step),
            Event::Answer(step, saved, asked_ms) => self.answer(at, &step, saved, asked_ms),
            Event::Apply { .. } => {}
        }
    }

    async fn tick(&mut self, at: usize) {
        self.after(at, TICK_MS, TICK_MS, Event::Tick);
        if !self.goes_wrong() {
            let rows = self.store.all().await.unwrap_or_default();
            self.after(at, 1, LATENCY_MS_MAX, Event::Look(rows));
        }
    }

    fn decide(&mut self, at: usize, rows: &[(LeaseName, LeaseRow)]) {
        let machine = &mut self.machines[at];
        let clock = self.now + machine.skew_ms;
        let Some(tenancy) = &mut machine.tenancy else { return };
        tenancy.observe(rows, clock);
        let steps = tenancy.decide(clock, &self.wanted, machine.draining);
        for step in steps {
            if self.loud && !matches!(step, Step::Renew(..)) {
                println!("{:>8} n{at} {step:?}", self.now);
            }
            // Work that is given ends in good order first.
            let ending_ms = if matches!(step, Step::Give(..)) { ENDING_MS_MAX } else { 2 };
            if step.row().is_some() {
                self.after(at, 0, ending_ms, Event::Send(step));
            }
        }
    }

    /// The request may come to nothing, or its answer, or it may come late; then nobody knows.
    fn send(&mut self, at: usize, step: Step) {
        let machine = &mut self.machines[at];
        let asked_ms = self.now + machine.skew_ms;
        if let Step::Give(name, row) = &step {
            machine.stopped.insert((*name, row.epoch));
        }
        if !self.goes_wrong() {
            return self.after(at, 1, LATENCY_MS_MAX / 2, Event::Apply { step, asked_ms, answers: true });
        }
        self.after(at, TIMEOUT_MS, 1, Event::Answer(step.clone(), Saved::Unknown, asked_ms));
        let late = match self.dice.below(3) {
            _ if self.faults.store_down => return,
            0 => return,
            1 => LATENCY_MS_MAX,
            _ => 2 * RULES.lease_ms,
        };
        self.after(at, 1, late, Event::Apply { step, asked_ms, answers: false });
    }

    fn answer(&mut self, at: usize, step: &Step, saved: Saved, asked_ms: u64) {
        if let Some(tenancy) = &mut self.machines[at].tenancy {
            tenancy.saved(step, saved, asked_ms);
        }
    }

    /// At no time do two believe that they hold the same lease, and no two work at the same epoch.
    fn look_at_the_laws(&mut self) {
        let mut believers: BTreeMap<LeaseName, usize> = BTreeMap::new();
        for (at, machine) in self.machines.iter().enumerate() {
            let clock = self.now + machine.skew_ms;
            let tenures = machine.tenancy.iter().flat_map(Tenancy::tenures);
            for (name, tenure) in tenures {
                let over = clock + RULES.margin_ms >= tenure.until_ms;
                if over || machine.stopped.contains(&(name, tenure.epoch)) {
                    continue;
                }
                if let Some(other) = believers.insert(name, at) {
                    self.wrong.push(format!("at {} both n{other} and n{at} hold {name}", self.now));
                }
                let worker = (at, machine.process);
                let known = self.epochs.insert((name, tenure.epoch), worker);
                if known.is_some_and(|known| known != worker) {
                    self.wrong.push(format!("epoch {} of {name} was twice given: n{at}", tenure.epoch));
                }
                if known.is_none() {
                    self.moved = self.now;
                }
            }
        }
    }

    /// How many of the wanted leases of a kind each live machine holds.
    pub(super) fn counts(&self, is_kind: impl Fn(&LeaseName) -> bool) -> Vec<usize> {
        let live = self.machines.iter().filter(|machine| !machine.draining);
        let tenancies = live.filter_map(|machine| machine.tenancy.as_ref());
        tenancies.map(|tenancy| tenancy.tenures().filter(|(name, _)| is_kind(name)).count()).collect()
    }

    fn goes_wrong(&mut self) -> bool {
        self.faults.store_down || self.dice.below(100) < self.faults.requests
    }

    fn after(&mut self, at: usize, least_ms: u64, more_ms: u64, event: Event) {
        let wait = least_ms + self.dice.below(more_ms.max(1));
        self.push(at, self.machines[at].process, wait, event);
    }

    fn push(&mut self, at: usize, process: u64, wait: u64, event: Event) {
        self.events += 1;
        self.queue.insert((self.now + wait, self.events), (at, process, event));
    }
}

impl Machine {
    fn new(at: usize, skew_ms: u64) -> Self {
        let node = format!("n{at}").parse().expect("a name");
        let me = Holder { node, home: Uuid::from_u64_pair(at as u64, 0) };
        Self {
            tenancy: None,
            me,
            draining: false,
            process: 0,
            skew_ms,
            frozen_until: 0,
            stopped: BTreeSet::new(),
        }
    }
}
