//! A new configuration over the health of everything that is unchanged: virtuals are matched by their id, reals by their
//! address and port within one, checks by what they ask. The first configuration goes the same way.

use super::book::{Keys, Place};
use super::health::{Health, Member};
use super::pool::Pool;
use super::results::Dropped;
use super::{Director, Time, desired};
use crate::config::{CheckKind, Config, Probes, Real, Virtual};
use crate::ipvs::{DestinationId, ServiceId};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// What makes a real the same real: its address and port, or its name while it has no address.
type Identity<'a> = (Option<DestinationId>, Option<&'a str>, u16);

fn identity(real: &Real) -> Identity<'_> {
    match desired::configured_id(real) {
        Some(id) => (Some(id), None, real.port),
        None => (None, Some(&real.host), real.port),
    }
}

impl Director {
    /// Puts a configuration into force. With `everything` each of its services is looked at as at start; else only those whose
    /// virtual changed are.
    pub(super) fn configure(&mut self, config: Arc<Config>, everything: bool, now: Time) {
        let old_config = std::mem::replace(&mut self.config, config.clone());
        let mut old: HashMap<ServiceId, (Pool, &Virtual)> = std::mem::take(&mut self.pools)
            .into_iter()
            .zip(&old_config.virtuals)
            .map(|(pool, virtual_)| (pool.id(), (pool, virtual_)))
            .collect();
        self.index.clear();
        self.book.begin();
        let mut keys = Keys::default();
        let mut wanted_now = BTreeSet::new();
        // By their ids: places move with the file.
        let unwritten: HashSet<ServiceId> =
            self.dirty.iter().filter_map(|place| Some(old_config.virtuals.get(*place)?.id)).collect();
        self.dirty.clear();
        for (place, virtual_) in config.virtuals.iter().enumerate() {
            let service = desired::service(virtual_);
            let (mut pool, before) = match old.remove(&virtual_.id) {
                Some((mut pool, before)) => {
                    pool.service = service;
                    pool.ledger.touch |= everything || before != virtual_;
                    (pool, Some(before))
                }
                None => (Pool::new(service, now), None),
            };
            if pool.ledger.touch || unwritten.contains(&virtual_.id) {
                self.dirty.insert(place);
            }
            let members = std::mem::take(&mut pool.members);
            let mut known: HashMap<Identity<'_>, Member> = before
                .into_iter()
                .flat_map(|before| before.reals.iter().map(identity).zip(members.iter().cloned()))
                .collect();
            let interval = Duration::from_secs(virtual_.check.interval.max(1).into());
            for (number, real) in virtual_.reals.iter().enumerate() {
                let check = keys.of(real).map(|key| self.book.subscribe(key, interval, place_of(place, number)));
                let out = self.maintenance.covers(real);
                let member = self::member(known.remove(&identity(real)), real, virtual_, check.is_some(), out, now);
                let member = Member { check, ..member };
                if member.health == Health::Pending {
                    wanted_now.extend(check);
                }
                pool.members.push(member);
            }
            shadow(&mut pool, virtual_);
            pool.recount();
            self.index.insert(virtual_.id, place);
            self.dropped.remove(&virtual_.id);
            self.pools.push(pool);
        }
        self.dropped.extend(old.into_keys().map(|id| (id, Dropped::default())));
        self.reschedule(&wanted_now, now);
        let alarms = self.pools.iter().enumerate().flat_map(|(place, pool)| {
            [pool.alarm(now), pool.ledger.retry].into_iter().flatten().map(move |at| (at, place))
        });
        self.alarms = alarms.collect();
    }

    /// Lets the fallbacks follow a new configuration.
    pub(super) fn settle_all(&mut self, now: Time) {
        for (place, (pool, virtual_)) in self.pools.iter_mut().zip(&self.config.virtuals).enumerate() {
            if pool.settle(virtual_, now, &mut self.events) {
                self.dirty.insert(place);
            }
        }
    }

    /// Brings the schedule in line with the book.
    fn reschedule(&mut self, wanted_now: &BTreeSet<super::CheckId>, now: Time) {
        for check in self.book.finish() {
            self.schedule.remove(check);
        }
        for (id, check) in self.book.ordered() {
            if self.schedule.knows(id) {
                self.schedule.set_interval(id, check.interval, || check.key.hash64(), now);
            } else {
                self.schedule.insert(id, check.interval, check.key.hash64(), now);
            }
        }
        for check in wanted_now {
            self.schedule.hasten(*check, now);
        }
    }
}

fn place_of(pool: usize, real: usize) -> Place {
    // More than 2^32 of either do not fit into memory.
    (u32::try_from(pool).unwrap_or(u32::MAX), u32::try_from(real).unwrap_or(u32::MAX))
}

/// The member for a real: its health as far as the new configuration leaves it standing.
fn member(known: Option<Member>, real: &Real, virtual_: &Virtual, checked: bool, out: bool, now: Time) -> Member {
    let before = known.as_ref().map(|member| member.health);
    let was_live = before.is_some_and(Health::live);
    let health = if real.address.is_none() {
        Health::Unresolved
    } else if out {
        Health::Maintenance
    } else if checked {
        match before {
            Some(Health::Pending | Health::Adopted | Health::Up | Health::Down) => before.unwrap_or(Health::Pending),
            // The check is new, the weight stays until its first verdict.
            _ if was_live => Health::Adopted,
            _ => Health::Pending,
        }
    } else {
        match unknown(real, virtual_, checked) {
            Health::Off if was_live => Health::OffAdopted,
            health => health,
        }
    };
    match known {
        Some(member) if before == Some(health) => member,
        Some(member) => Member { health, since: now, failures: 0, ..member },
        None => Member { health, since: now, failures: 0, check: None, shadowed: false },
    }
}

/// The health of a real of which nothing is known.
pub(super) fn unknown(real: &Real, virtual_: &Virtual, checked: bool) -> Health {
    match real.address {
        None => Health::Unresolved,
        Some(_) if checked => Health::Pending,
        Some(_) if never_checked(real, virtual_) => Health::Off,
        Some(_) => Health::On,
    }
}

fn never_checked(real: &Real, virtual_: &Virtual) -> bool {
    real.probes == Probes::Never || virtual_.check.kind == CheckKind::Off
}

/// Of two lines that mean the same destination the last one counts.
fn shadow(pool: &mut Pool, virtual_: &Virtual) {
    let mut taken = HashSet::new();
    for (member, real) in pool.members.iter_mut().zip(&virtual_.reals).rev() {
        member.shadowed = desired::real_id(&virtual_.id, real).is_some_and(|id| !taken.insert(id));
    }
}
