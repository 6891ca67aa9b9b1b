//! What became of a plan: acknowledged operations are what was written last, and are told; refused ones are told once and
//! tried again.

use super::ledger::{LONGEST, Ledger, pause};
use super::{Director, Event, Planned, Role, Time};
use crate::ipvs::{Destination, Operation, TableError};
use std::collections::BTreeSet;

/// errno of the kernel for a service that does not exist (ESRCH) and for a destination that does not (ENOENT).
const GONE: [i32; 2] = [2, 3];

/// A service of an earlier configuration that is still to be deleted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dropped {
    attempts: u32,
    /// When to try again; unset: now.
    pub(super) retry: Option<Time>,
}

impl Dropped {
    /// Its deletion is in a plan; the results say more.
    pub(super) fn under_way(&mut self, now: Time) {
        self.retry = Some(now + LONGEST);
    }
}

impl Director {
    /// Takes the results of a plan.
    pub(super) fn take_results(
        &mut self,
        planned: &[Planned],
        results: Result<Vec<Result<(), TableError>>, TableError>,
        now: Time,
    ) {
        let lost = TableError::Transport("the operation was not acknowledged".to_owned());
        let (results, silent) = match results {
            Ok(results) => (results, false),
            Err(_) => (Vec::new(), true),
        };
        let mut results = results.into_iter();
        let mut failed = BTreeSet::new();
        let mut failed_services = BTreeSet::new();
        let mut touched = BTreeSet::new();
        for planned in planned {
            let operation = &planned.operation;
            let service = operation.service();
            touched.insert(service);
            match results.next().unwrap_or_else(|| Err(lost.clone())) {
                Ok(()) => self.acknowledged(operation, planned.event.as_ref()),
                Err(error) if is_gone(operation, &error) => self.acknowledged(operation, None),
                Err(error) => {
                    failed.insert(service);
                    let destination = operation.destination();
                    // A service that could not be added explains why its destinations could not.
                    let quiet = silent || (destination.is_some() && failed_services.contains(&service));
                    if destination.is_none() {
                        failed_services.insert(service);
                    }
                    self.refused(operation, &error, quiet);
                }
            }
        }
        for service in touched {
            let Some(place) = self.index.get(&service).copied() else {
                if failed.contains(&service)
                    && let Some(dropped) = self.dropped.get_mut(&service)
                {
                    dropped.retry = Some(now + pause(&mut dropped.attempts));
                }
                continue;
            };
            let Some(pool) = self.pools.get_mut(place) else { continue };
            pool.ledger.kept.clear();
            if failed.contains(&service) {
                let at = pool.ledger.back_off(now);
                self.alarms.insert((at, place));
            } else {
                pool.ledger.succeeded();
            }
        }
    }

    fn refused(&mut self, operation: &Operation, error: &TableError, quiet: bool) {
        let service = operation.service();
        let Some(pool) = self.index.get(&service).and_then(|place| self.pools.get_mut(*place)) else {
            if !quiet && self.dropped.get(&service).is_some_and(|dropped| dropped.attempts == 0) {
                let words = words(error);
                self.events.push(Event::Refused { service, destination: None, words });
            }
            return;
        };
        pool.ledger.doubt(operation.destination());
        if !quiet {
            self.events.extend(pool.ledger.refuse(service, operation.destination(), words(error)));
        }
    }

    fn acknowledged(&mut self, operation: &Operation, event: Option<&Event>) {
        let service = operation.service();
        if matches!(operation, Operation::DeleteService(_)) {
            self.dropped.remove(&service);
            self.events.append(&mut self.stopping.remove(&service).unwrap_or_default());
        }
        if let Some(place) = self.index.get(&service).copied()
            && let Some(pool) = self.pools.get_mut(place)
        {
            let ledger = &mut pool.ledger;
            match operation {
                Operation::AddService(written) | Operation::EditService(written) => {
                    ledger.service = Some(written.clone());
                    ledger.unsure = false;
                    ledger.refused.remove(&None);
                }
                Operation::DeleteService(_) => {
                    // Dropped by one reload and back by the next: everything is to be written again.
                    *ledger = Ledger { touch: true, ..Default::default() };
                    self.dirty.insert(place);
                }
                Operation::AddDestination(_, written) | Operation::EditDestination(_, written) => {
                    let weight = ledger.kept.get(&written.id).copied().unwrap_or(written.weight);
                    let fallback = match event {
                        Some(Event::Added { role, .. } | Event::Restored { role, .. }) => *role,
                        _ => Role::Real,
                    };
                    ledger.settle(written.id, Some(Destination { weight, ..*written }), fallback);
                }
                Operation::DeleteDestination(_, id) => ledger.settle(*id, None, Role::Real),
            }
        }
        self.events.extend(event.cloned());
    }
}

fn is_gone(operation: &Operation, error: &TableError) -> bool {
    let deletes = matches!(operation, Operation::DeleteDestination(..) | Operation::DeleteService(_));
    deletes && matches!(error, TableError::Refused { errno, .. } if GONE.contains(errno))
}

/// The reason without the place, which the event has beside it.
fn words(error: &TableError) -> String {
    match error {
        TableError::Refused { words, .. } => words.clone(),
        other => other.to_string(),
    }
}
