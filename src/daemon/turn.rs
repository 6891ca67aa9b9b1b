//! One turn of the director's cycle: start what is due, write what is dirty, report what happened.

use super::owner::{Owner, Round};
use super::writer::{Reply, Results};
use crate::director::{CheckId, Planned};
use crate::ipvs::{Scope, Snapshot, TableError};
use crate::report::mail::State;
use checks::Verdict;
use std::time::Duration;
use tokio::time::Instant;

/// Verdicts that are taken in one go before the next round of writing begins.
const BURST: usize = 1024;
/// While the pool is full nothing can start; what comes of age is looked at this often.
const FULL: Duration = Duration::from_millis(250);

/// Checks start on a grid of this width: those of one tick connect and answer together, so that one look at the sockets
/// serves many. Without it a thousand reals a second cost a wake-up each.
const TICK: Duration = Duration::from_millis(10);

/// The tick that has begun.
fn tick_before(time: Duration) -> Duration {
    let width = TICK.as_millis();
    Duration::from_millis(u64::try_from(time.as_millis() / width * width).unwrap_or(u64::MAX))
}

/// The tick at which something of this time can be done.
fn tick_from(time: Duration) -> Duration {
    let begun = tick_before(time);
    if begun == time { time } else { begun + TICK }
}

impl Owner {
    /// Does everything that has come of age. Never waits.
    pub(super) fn turn(&mut self) {
        let now = self.now();
        if self.adopted {
            self.director.tick(now);
            self.follow_names();
            for order in self.director.due(tick_before(now), self.pool.room()) {
                self.pool.start(order);
            }
            if matches!(self.round, Round::Idle)
                && let Some(scope) = self.director.dirty(now)
            {
                self.writer.read(scope);
                self.round = Round::Reading;
                self.rounds += 1;
            }
        }
        self.report();
        // What a reload changed is written: a round would have begun.
        if self.state == State::Reloading && matches!(self.round, Round::Idle) {
            self.state = State::Running;
        }
    }

    /// When the next turn has something to do, unless something happens before.
    pub(super) fn next_turn(&mut self) -> Option<Instant> {
        let wake = self.director.next_wake().filter(|_| self.adopted).map(|at| self.begun + tick_from(at));
        let names = self.reresolve.next_wake().filter(|_| self.adopted).map(|at| self.begun + at);
        let soonest = Instant::now() + if self.pool.room() == 0 { FULL } else { Duration::ZERO };
        let wake = wake.map(|at| at.max(soonest));
        let reminder = self.tell.reminder().map(|at| self.begun + at);
        [wake, reminder, names, self.names.at(), self.patience()].into_iter().flatten().min()
    }

    /// Takes a verdict and those that are there beside it.
    pub(super) fn verdicts(&mut self, first: (CheckId, Verdict)) {
        let now = self.now();
        let mut next = Some(first);
        for _ in 0..BURST {
            let Some((check, verdict)) = next else { break };
            tracing::debug!("check {} {}: {}", check.0, if verdict.is_up() { "up" } else { "down" }, verdict.words());
            self.director.verdict(check, &verdict, now);
            next = self.pool.try_next();
        }
        if let Some((check, verdict)) = next {
            self.director.verdict(check, &verdict, now);
        }
    }

    /// Everything was read at start.
    pub(super) fn adopt(&mut self, observed: &Snapshot) {
        self.director.adopt(observed, self.now());
        self.adopted = true;
    }

    /// The next step of the round under way.
    pub(super) fn replied(&mut self, reply: Reply) {
        let now = self.now();
        match (reply, std::mem::replace(&mut self.round, Round::Idle)) {
            (Reply::Read(Ok(observed)), Round::Reading) => {
                let planned = self.director.plan(&observed, now);
                if planned.is_empty() {
                    self.director.written(&planned, Ok(Vec::new()), now);
                    self.written = Ok(());
                } else {
                    self.writer.apply(planned.iter().map(|planned| planned.operation.clone()).collect());
                    self.round = Round::Applying(planned);
                    self.rounds += 1;
                }
            }
            (Reply::Read(Err(error)), Round::Reading) => self.failed(&[], error),
            (Reply::Applied(results), Round::Applying(planned)) => self.applied(&planned, results),
            // Replies come one for each request, in order.
            (reply, round) => tracing::error!("a reply without its request: {reply:?} while {round:?}"),
        }
    }

    fn applied(&mut self, planned: &[Planned], results: Results) {
        match results {
            Ok(results) => {
                self.director.written(planned, Ok(results), self.now());
                self.written = Ok(());
            }
            Err(error) => self.failed(planned, error),
        }
    }

    /// Nothing is known about the table: the director tries again after a pause.
    fn failed(&mut self, planned: &[Planned], error: TableError) {
        let words = error.to_string();
        // Told once, not at every attempt.
        if self.written.as_ref().err() != Some(&words) {
            tracing::info!("The IPVS table could not be used, trying again: {words}");
        }
        self.written = Err(words);
        self.director.written(planned, Err(error), self.now());
    }

    /// Tells what happened.
    pub(super) fn report(&mut self) {
        let now = self.now();
        for event in self.director.take_events() {
            self.tell.event(&event, self.director.config(), self.state, now);
        }
        self.tell.remind(self.director.config(), self.state, now);
    }

    /// The scope of everything that this configuration owns.
    pub(super) fn everything(&self) -> Scope {
        Scope::Services(self.director.services())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks() {
        let milliseconds = Duration::from_millis;
        for (time, before, from) in
            [(0, 0, 0), (1, 0, 10), (10, 10, 10), (19, 10, 20), (86_400_001, 86_400_000, 86_400_010)]
        {
            assert_eq!(tick_before(milliseconds(time)), milliseconds(before));
            assert_eq!(tick_from(milliseconds(time)), milliseconds(from));
        }
    }
}
