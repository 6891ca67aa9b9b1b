//! The plan: what the owner's rule makes of each service that was read, the difference from what was read, and what each
//! operation means.

use super::desired::{self, Want};
use super::diff::diff_service;
use super::pool::Pool;
use super::rule::{adopt, forsake, target};
use super::{Director, Event, Planned, Role, Stage, Time};
use crate::config::Virtual;
use crate::ipvs::{DestinationId, Operation, Scope, ServiceEntry, Snapshot};
use std::collections::BTreeMap;

/// Plans one service that was read.
fn plan_pool(
    pool: &mut Pool,
    virtual_: &Virtual,
    seen: Option<&ServiceEntry>,
    readd: bool,
    planned: &mut Vec<Planned>,
    events: &mut Vec<Event>,
) {
    let wants = desired::destinations(virtual_, pool);
    let target = target(pool, &wants, seen, readd);
    for id in target.settled {
        let want = wants.get(&id);
        pool.ledger.settle(id, want.map(|want| want.destination), want.map_or(Role::Real, |want| want.role));
    }
    pool.ledger.kept = target.kept;
    let mut operations = Vec::new();
    if let Some(wanted) = &target.wanted {
        diff_service(wanted, seen, &mut operations);
        if !operations.iter().any(|operation| operation.destination().is_none()) && seen.is_some() {
            // The service needs nothing: it is as we want it, or as somebody else does.
            pool.ledger.service = Some(pool.service.clone());
            pool.ledger.unsure = false;
        }
    }
    let names = Names::new(virtual_, operations.len() > 8);
    for operation in operations {
        let event = names.event(&operation, &wants, pool);
        planned.push(Planned { operation, event });
    }
    pool.ledger.touch = false;
    pool.ledger.replace_drift(virtual_.id, target.drift, events);
}

/// The destinations that the configuration knows, to tell a purge from a deletion.
struct Names<'a> {
    virtual_: &'a Virtual,
    reals: Option<BTreeMap<DestinationId, DestinationId>>,
}

impl<'a> Names<'a> {
    fn new(virtual_: &'a Virtual, many: bool) -> Self {
        let reals = many.then(|| Self::pairs(virtual_).collect());
        Self { virtual_, reals }
    }
    fn pairs(virtual_: &Virtual) -> impl Iterator<Item = (DestinationId, DestinationId)> {
        virtual_
            .reals
            .iter()
            .filter_map(|real| Some((desired::real_id(&virtual_.id, real)?, desired::configured_id(real)?)))
    }
    /// The real as configured behind a destination; of two lines with one destination the last.
    fn configured(&self, id: &DestinationId) -> Option<DestinationId> {
        match &self.reals {
            Some(reals) => reals.get(id).copied(),
            None => Self::pairs(self.virtual_).filter(|(effective, _)| effective == id).last().map(|pair| pair.1),
        }
    }
    fn event(&self, operation: &Operation, wants: &BTreeMap<DestinationId, Want>, pool: &Pool) -> Option<Event> {
        let service = self.virtual_.id;
        Some(match operation {
            Operation::AddService(_) => Event::VirtualAdded(service),
            Operation::EditService(_) => Event::VirtualChanged(service),
            Operation::DeleteService(_) => Event::VirtualPurged(service, Stage::Start),
            Operation::AddDestination(_, destination) | Operation::EditDestination(_, destination) => {
                let (id, weight) = (destination.id, destination.weight);
                let want = wants.get(&id)?;
                let adds = matches!(operation, Operation::AddDestination(..));
                let again = adds && pool.ledger.written(&id).is_some();
                match (want.quiesced, adds) {
                    (true, _) if again => Event::ReaddedQuiescent { service, destination: id },
                    (true, _) => Event::Quiesced { service, destination: id },
                    (false, true) => Event::Added { service, destination: id, role: want.role, weight },
                    (false, false) => Event::Restored { service, destination: id, role: want.role, weight },
                }
            }
            Operation::DeleteDestination(_, id) => {
                let fallback = self.virtual_.fallback.as_ref();
                let is_fallback = fallback.and_then(|fallback| desired::fallback_id(&service, fallback)) == Some(*id);
                let slot_role = pool.ledger.slots.get(id).map(|slot| slot.role);
                match self.configured(id) {
                    _ if is_fallback && slot_role != Some(Role::Real) => {
                        Event::Deleted { service, destination: *id, mapped_from: None, role: Role::Fallback }
                    }
                    Some(real) => {
                        let mapped_from = (real != *id).then_some(real);
                        Event::Deleted { service, destination: *id, mapped_from, role: Role::Real }
                    }
                    None => Event::Purged { service, destination: *id, stage: Stage::Start },
                }
            }
        })
    }
}

impl Director {
    /// Compares a reading with what was written last, and notes the difference as drift.
    pub(super) fn note_drift(&mut self, scope: &Scope, observed: &Snapshot) {
        let readd = self.config.globals.readdquiescent;
        let asked = match scope {
            Scope::All => self.services(),
            Scope::Services(services) => services.clone(),
        };
        for service in asked {
            let Some(place) = self.index.get(&service).copied() else { continue };
            let (Some(pool), Some(virtual_)) = (self.pools.get_mut(place), self.config.virtuals.get(place)) else {
                continue;
            };
            // What is about to be written says nothing about other hands.
            if !pool.ledger.touch && !self.dirty.contains(&place) && pool.ledger.retry.is_none() {
                let wants = desired::destinations(virtual_, pool);
                let drift = target(pool, &wants, observed.get(&service), readd).drift;
                pool.ledger.replace_drift(service, drift, &mut self.events);
            }
        }
    }

    /// Plans everything that was asked for by the last [`Director::dirty`], or everything dirty if nothing was.
    pub(super) fn make_plan(&mut self, observed: &Snapshot, now: Time) -> Vec<Planned> {
        let asked = match self.asked.take() {
            Some(asked) => asked,
            None => self.dirty_services(),
        };
        let config = self.config.clone();
        let mut planned = Vec::new();
        for service in asked {
            let Some(place) = self.index.get(&service).copied() else {
                if let Some(dropped) = self.dropped.get_mut(&service).filter(|_| observed.contains_key(&service)) {
                    dropped.under_way(now);
                    let event = Some(Event::VirtualPurged(service, Stage::Start));
                    planned.push(Planned { operation: Operation::DeleteService(service), event });
                } else {
                    self.dropped.remove(&service);
                }
                continue;
            };
            let (Some(pool), Some(virtual_)) = (self.pools.get_mut(place), config.virtuals.get(place)) else {
                continue;
            };
            self.dirty.remove(&place);
            pool.ledger.retry = None;
            let seen = observed.get(&service);
            if pool.ledger.touch {
                adopt(pool, virtual_, seen);
            }
            forsake(pool, virtual_, seen);
            pool.settle(virtual_, now, &mut self.events);
            let readd = config.globals.readdquiescent;
            plan_pool(pool, virtual_, seen, readd, &mut planned, &mut self.events);
        }
        planned
    }
}
