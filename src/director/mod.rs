//! The decisions: configuration + health + time in, the table as it should be out, and the operations that lead there from
//! what was read. No clock, no socket, no file; time is handed in as the runtime's time since its start.
//!
//! The cycle that the runtime turns:
//! 1. [`Director::due`] names the checks to start, [`Director::verdict`] takes what they found.
//! 2. [`Director::dirty`] names the services that should be written: the runtime reads them and calls [`Director::plan`],
//!    applies the planned operations, and hands the results to [`Director::written`]. One such round is under way at a time.
//! 3. Every call may leave events; the runtime fetches them with [`Director::take_events`] and reports them.

mod book;
mod desired;
pub mod diff;
mod drift;
pub mod events;
mod health;
mod id;
mod ledger;
mod maintenance;
mod plan;
mod pool;
mod reload;
mod results;
mod rule;
mod schedule;
pub mod status;
mod stop;
#[cfg(test)]
mod tests;

pub use diff::{Wanted, WantedTable, diff};
pub use events::{Event, Role, Stage};
pub use id::CheckId;
pub use maintenance::{Maintenance, file_names};
pub use status::{RealState, RealStatus, StatusReport, VirtualStatus};

use crate::config::Config;
use crate::ipvs::{Operation, Scope, ServiceId, Snapshot, TableError};
use book::Book;
use checks::{Spec, Target, Verdict};
use health::{Health, Member};
use pool::Pool;
use results::Dropped;
use schedule::Schedule;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// Time since the runtime's start, from its (mockable) monotonic clock.
pub type Time = Duration;

/// A check to start now.
#[derive(Clone, Debug)]
pub struct CheckOrder {
    /// To be handed back with the verdict.
    pub check: CheckId,
    /// What to ask.
    pub spec: Spec,
    /// Whom.
    pub target: Target,
    /// The one hard deadline.
    pub deadline: Duration,
}

/// An operation with what it means; the meaning becomes an event once the kernel has acknowledged it.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What to write.
    pub operation: Operation,
    /// What to report when it was acknowledged; nothing for operations that are told by another one.
    pub event: Option<Event>,
}

/// All decisions of one daemon.
#[derive(Debug)]
pub struct Director {
    config: Arc<Config>,
    events: Vec<Event>,
    /// One for each virtual of the configuration, in its order.
    pools: Vec<Pool>,
    /// Where in `pools` a service is.
    index: HashMap<ServiceId, usize>,
    book: Book,
    schedule: Schedule,
    /// Pools that may differ from what was written.
    dirty: BTreeSet<usize>,
    /// Services of earlier configurations that are still to be deleted.
    dropped: BTreeMap<ServiceId, Dropped>,
    /// What the round under way reads.
    asked: Option<Vec<ServiceId>>,
    /// When pools have to be looked at without an event: end of grace, next try of a write.
    alarms: BTreeSet<(Time, usize)>,
    /// What to tell once a service is deleted at stop.
    stopping: BTreeMap<ServiceId, Vec<Event>>,
    /// What the administrator took out.
    maintenance: Maintenance,
}

impl Director {
    /// A director that has checked nothing yet and knows nothing of the kernel: [`Self::adopt`] comes next.
    pub fn new(config: Arc<Config>, now: Time) -> Self {
        let globals = config.globals.clone();
        let mut director = Self {
            config: Arc::new(Config { globals, virtuals: Vec::new() }),
            events: Vec::new(),
            pools: Vec::new(),
            index: HashMap::new(),
            book: Book::default(),
            schedule: Schedule::default(),
            dirty: BTreeSet::new(),
            dropped: BTreeMap::new(),
            asked: None,
            alarms: BTreeSet::new(),
            stopping: BTreeMap::new(),
            maintenance: Maintenance::default(),
        };
        director.configure(config, true, now);
        director
    }
    /// The configuration in force.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }
    /// At start, with everything read: reals with weight > 0 keep it until their verdict says otherwise, a fallback that is
    /// there stays until a real is up. Marks every configured service dirty.
    pub fn adopt(&mut self, observed: &Snapshot, now: Time) {
        for (pool, virtual_) in self.pools.iter_mut().zip(&self.config.virtuals) {
            rule::adopt(pool, virtual_, observed.get(&virtual_.id));
        }
        self.settle_all(now);
        self.dirty = (0..self.pools.len()).collect();
    }

    /// Takes over the services of a predecessor: those that are not configured any more are deleted.
    pub fn inherit(&mut self, services: impl IntoIterator<Item = ServiceId>) {
        let dropped = services.into_iter().filter(|service| !self.index.contains_key(service));
        self.dropped.extend(dropped.map(|service| (service, Dropped::default())));
    }

    /// Checks whose time has come, at most `room` of them; they count as running until their verdict. Those left over stay
    /// due (lateness is never failure) and come first next time.
    pub fn due(&mut self, now: Time, room: usize) -> Vec<CheckOrder> {
        let started = self.schedule.take(now, room);
        self.events.extend(self.schedule.newly_late(now).map(Event::Late));
        let order = |check| {
            let known = self.book.get(check)?;
            let (spec, deadline) = known.key.ask.step(known.sequence).clone();
            Some(CheckOrder { check, spec, target: known.key.target, deadline })
        };
        started.into_iter().filter_map(order).collect()
    }
    /// When [`Self::due`] or [`Self::tick`] has something to do next. Checks that wait for room do not count: the verdict
    /// that makes room is the time to ask [`Self::due`] again.
    pub fn next_wake(&self) -> Option<Time> {
        let alarm = self.alarms.first().map(|(at, _)| *at);
        let dropped = self.dropped.values().filter_map(|dropped| dropped.retry).min();
        self.schedule.next().into_iter().chain(alarm).chain(dropped).min()
    }
    /// Something may have come of age: a pending round longer than 5 s lets the fallback in, a refused write is tried again.
    pub fn tick(&mut self, now: Time) {
        for dropped in self.dropped.values_mut() {
            dropped.retry = dropped.retry.filter(|retry| *retry > now);
        }
        while let Some((at, place)) = self.alarms.first().copied()
            && at <= now
        {
            self.alarms.pop_first();
            let (Some(pool), Some(virtual_)) = (self.pools.get_mut(place), self.config.virtuals.get(place)) else {
                continue;
            };
            let retry = pool.ledger.retry.is_some_and(|retry| retry <= now);
            if pool.settle(virtual_, now, &mut self.events) || retry {
                self.dirty.insert(place);
            }
        }
    }
    /// What a check found. Unknown ids (dropped by a reload meanwhile) are ignored.
    pub fn verdict(&mut self, check: CheckId, verdict: &Verdict, now: Time) {
        self.schedule.finished(check, now);
        let Some((users, elsewhere)) = self.book.verdict(check, verdict, now) else { return };
        for place in &users {
            self.judge(*place, verdict, elsewhere.as_deref(), now);
        }
        self.book.give_back(check, users);
    }
    /// Whether every check has had its first verdict.
    pub fn first_round_done(&self) -> bool {
        self.book.unverified() == 0
    }

    /// A new configuration over the health of everything that is unchanged. What was removed by hand comes back, what is
    /// not configured goes; weights that were set by hand stay where the configuration has not changed.
    pub fn reload(&mut self, config: Arc<Config>, now: Time) {
        self.configure(config, true, now);
        self.settle_all(now);
    }
    /// The same file with other answers: a name resolves now. Services that this does not concern are left as they are, with
    /// everything that was changed in them by hand.
    pub fn renamed(&mut self, config: Arc<Config>, now: Time) {
        self.configure(config, false, now);
        self.settle_all(now);
    }

    /// What to read before the next [`Self::plan`]; nothing when everything desired has been written. Until that plan the
    /// answer stays the same: the reading that is under way is the one that is planned from.
    pub fn dirty(&mut self, now: Time) -> Option<Scope> {
        self.tick(now);
        if self.asked.is_none() {
            let services = self.dirty_services();
            self.asked = Some(services).filter(|services| !services.is_empty());
        }
        let asked = self.asked.as_ref()?;
        // One reading of everything is cheaper than very many of one service each.
        let all = asked.len() > 8 && asked.len() >= self.pools.len() + self.dropped.len();
        Some(if all { Scope::All } else { Scope::Services(asked.clone()) })
    }
    fn dirty_services(&self) -> Vec<ServiceId> {
        let pools = self.dirty.iter().filter_map(|place| self.pools.get(*place)).map(Pool::id);
        let dropped = self.dropped.iter().filter(|(_, dropped)| dropped.retry.is_none()).map(|(id, _)| *id);
        pools.chain(dropped).collect()
    }
    /// The operations that make the read services as they should be, in the order in which they must be applied (a
    /// replacement enters before what it replaces leaves). Notes drift: what somebody else changed. `observed` is what the
    /// last [`Self::dirty`] asked for; a service that is not in it does not exist.
    pub fn plan(&mut self, observed: &Snapshot, now: Time) -> Vec<Planned> {
        self.make_plan(observed, now)
    }
    /// The results of a plan, in its order; `Err` when the table could not be written at all. What failed is tried again
    /// later, with growing pauses.
    pub fn written(
        &mut self,
        planned: &[Planned],
        results: Result<Vec<Result<(), TableError>>, TableError>,
        now: Time,
    ) {
        self.take_results(planned, results, now);
    }

    /// Compares a reading of `scope` with what was written last, without planning anything: notes drift, for a `status` that
    /// is true now. Not between [`Self::plan`] and [`Self::written`].
    pub fn inspect(&mut self, scope: &Scope, observed: &Snapshot) {
        self.note_drift(scope, observed);
    }

    /// At stop: what cleanstop asks to remove, whole services.
    pub fn stop(&mut self, observed: &Snapshot) -> Vec<Planned> {
        self.make_stop(observed)
    }
    /// The services that this configuration owns.
    pub fn services(&self) -> Vec<ServiceId> {
        self.pools.iter().map(Pool::id).collect()
    }
    /// For a successor: those, and what is still to be deleted.
    pub fn legacy(&self) -> Vec<ServiceId> {
        self.services().into_iter().chain(self.dropped.keys().copied()).collect()
    }
    /// Everything that happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
    /// All there is to know, for `status`.
    pub fn status(&self, now: Time) -> StatusReport {
        self.report(now)
    }

    /// One real of one virtual learns what its check found.
    fn judge(&mut self, place: book::Place, verdict: &Verdict, elsewhere: Option<&str>, now: Time) {
        let (place, number) = (place.0 as usize, place.1 as usize);
        let Some(virtual_) = self.config.virtuals.get(place) else { return };
        let Some(real) = virtual_.reals.get(number).and_then(desired::configured_id) else { return };
        let Some(pool) = self.pools.get_mut(place) else { return };
        let Some(member) = pool.members.get_mut(number) else { return };
        let service = virtual_.id;
        let limit = virtual_.check.failurecount;
        let before = member.health;
        let outcome = member.judge(verdict.is_up(), limit, now);
        let Member { health, failures, shadowed, .. } = *member;
        if virtual_.monitorfile.is_some() {
            let (up, words) = match before {
                Health::Maintenance => (false, "Server in maintenance".to_owned()),
                _ => (verdict.is_up(), verdict.words()),
            };
            self.events.push(Event::Checked { service, real, up, words });
        }
        if let Some(url) = elsewhere {
            self.events.push(Event::AnsweredElsewhere { service, real, url: url.to_owned() });
        }
        if outcome.reset {
            self.events.push(Event::SoftFailureReset { service, real });
        }
        if outcome.soft {
            self.events.push(Event::SoftFailure { service, real, failures, limit, words: verdict.words() });
        }
        if let Some(up) = outcome.transition {
            self.events.push(Event::Transition { service, real, up, words: verdict.words() });
        }
        if outcome.changed {
            pool.recount_one(shadowed, before, health);
            if !shadowed
                && outcome.transition.is_some()
                && let Some(id) = virtual_.reals.get(number).and_then(|real| desired::real_id(&service, real))
            {
                pool.ledger.move_on(&id);
            }
            pool.settle(virtual_, now, &mut self.events);
            self.dirty.insert(place);
        }
    }
}
