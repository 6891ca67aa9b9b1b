//! Who owns what: the table as it should be after the next round, given what we wrote last and what others changed since.
//! Something of ours is written only where the desired state differs from what was written last.

use super::desired::{self, Want};
use super::diff::{Wanted, merge, same_destination, same_service};
use super::health::Health;
use super::ledger::Slot;
use super::pool::Pool;
use super::{Role, drift};
use crate::config::Virtual;
use crate::ipvs::{Destination, DestinationId, ServiceEntry};
use std::collections::BTreeMap;

/// What the service and its destinations should be, given who changed what.
pub(super) struct Target {
    /// The service; unset where it stays away.
    pub(super) wanted: Option<Wanted>,
    /// Settled without an operation.
    pub(super) settled: Vec<DestinationId>,
    /// Weights of ours where one that was set by hand stays.
    pub(super) kept: BTreeMap<DestinationId, u32>,
    /// What differs by other hands.
    pub(super) drift: BTreeMap<Option<DestinationId>, String>,
}

/// Takes over what the kernel has of a virtual that is new to us or to it: reals with weight keep it until their verdict.
pub(super) fn adopt(pool: &mut Pool, virtual_: &Virtual, seen: Option<&ServiceEntry>) {
    let fresh = std::mem::take(&mut pool.fresh);
    let Some(seen) = seen else { return };
    for (member, real) in pool.members.iter_mut().zip(&virtual_.reals) {
        let Some(id) = desired::real_id(&virtual_.id, real).filter(|_| !member.shadowed) else { continue };
        let adoptable = match member.health {
            Health::Pending | Health::Maintenance => !pool.ledger.slots.contains_key(&id),
            Health::Off => fresh && !pool.ledger.slots.contains_key(&id),
            // Live so far, and whether it was ever written is not known.
            Health::Adopted => pool.ledger.written(&id).is_none(),
            _ => false,
        };
        if adoptable && let Some(entry) = seen.destinations.get(&id) {
            pool.ledger.settle(id, Some(entry.destination), Role::Real);
            member.health = match member.health {
                Health::Pending if entry.destination.weight > 0 => Health::Adopted,
                Health::Off if entry.destination.weight > 0 => Health::OffAdopted,
                other => other,
            };
        }
    }
    if fresh
        && let Some(id) = virtual_.fallback.as_ref().and_then(|fallback| desired::fallback_id(&virtual_.id, fallback))
        && !pool.ledger.slots.contains_key(&id)
        && let Some(entry) = seen.destinations.get(&id)
    {
        pool.ledger.settle(id, Some(entry.destination), Role::Fallback);
        pool.fallback_in = entry.destination.weight > 0;
    }
    pool.recount();
}

/// An adopted real keeps what it has, and that is gone: it is as unverified as any other, and gets nothing before its
/// verdict.
pub(super) fn forsake(pool: &mut Pool, virtual_: &Virtual, seen: Option<&ServiceEntry>) {
    let mut changed = false;
    for (member, real) in pool.members.iter_mut().zip(&virtual_.reals) {
        if member.health == Health::Adopted
            && let Some(id) = desired::real_id(&virtual_.id, real).filter(|_| !member.shadowed)
            && seen.is_none_or(|seen| !seen.destinations.contains_key(&id))
        {
            member.health = Health::Pending;
            pool.ledger.settle(id, None, Role::Real);
            changed = true;
        }
    }
    if changed {
        pool.recount();
    }
}

/// The owner's rule.
pub(super) fn target(
    pool: &Pool,
    wants: &BTreeMap<DestinationId, Want>,
    seen: Option<&ServiceEntry>,
    readd: bool,
) -> Target {
    let ledger = &pool.ledger;
    let mut out = Target { wanted: None, settled: Vec::new(), kept: BTreeMap::new(), drift: BTreeMap::new() };
    let service_changed = ledger.unsure || ledger.service.as_ref() != Some(&pool.service);
    let Some(seen) = seen else {
        // Removed by hand it stays away until something in it should be written.
        let news = service_changed
            || ledger.touch
            || wants.iter().any(|(id, want)| is_changed(ledger.slots.get(id), Some(want)));
        if news {
            let destinations = wants.iter().map(|(id, want)| (*id, want.destination)).collect();
            out.wanted = Some(Wanted { service: pool.service.clone(), destinations });
        } else {
            out.settled = ledger.slots.keys().filter(|id| !wants.contains_key(id)).copied().collect();
            out.drift.insert(None, "removed".to_owned());
        }
        return out;
    };
    let service = if service_changed {
        pool.service.clone()
    } else {
        if !same_service(&pool.service, &seen.service) {
            out.drift.insert(None, drift::service_words(&pool.service, &seen.service));
        }
        seen.service.clone()
    };
    let mut destinations = BTreeMap::new();
    let known = merge(ledger.slots.iter(), wants.iter()).map(|(id, slot, want)| (id, (slot, want)));
    for (id, known, seen) in merge(known, seen.destinations.iter()) {
        let seen = seen.map(|entry| &entry.destination);
        let Some((slot, want)) = known else {
            // Nobody's: purged at start and reload, left alone and told otherwise.
            if !ledger.touch
                && let Some(seen) = seen
            {
                out.drift.insert(Some(*id), "added".to_owned());
                destinations.insert(*id, *seen);
            }
            continue;
        };
        let changed = is_changed(slot, want);
        let removed = seen.is_none() && slot.is_some_and(|slot| slot.written.is_some() && !slot.unsure);
        let stays_away = removed && want.is_some_and(|want| want.quiesced) && !readd;
        if changed && !stays_away {
            let target = want.map(|want| owned(want, slot, seen));
            if let (Some(want), Some(target)) = (want, target)
                && want.destination.weight != target.weight
            {
                out.kept.insert(*id, want.destination.weight);
            }
            if agree(target.as_ref(), seen) {
                out.settled.push(*id);
            }
            destinations.extend(target.map(|target| (*id, target)));
        } else if removed && ledger.touch && !stays_away {
            destinations.extend(want.map(|want| (*id, want.destination)));
        } else {
            if changed {
                out.settled.push(*id);
            }
            if let Some(words) = want.and_then(|want| drift::destination_words(&want.destination, seen)) {
                out.drift.insert(Some(*id), words);
            }
            destinations.extend(seen.map(|seen| (*id, *seen)));
        }
    }
    out.wanted = Some(Wanted { service, destinations });
    out
}

/// Whether something of ours should be written over a destination.
fn is_changed(slot: Option<&Slot>, want: Option<&Want>) -> bool {
    match slot {
        Some(slot) => slot.unsure || slot.moved || slot.written != want.map(|want| want.destination),
        None => want.is_some(),
    }
}

/// What is written over a destination: ours, but a weight that was set by hand stays while the real's state and our weight
/// are what they were.
fn owned(want: &Want, slot: Option<&Slot>, seen: Option<&Destination>) -> Destination {
    let written = slot.filter(|slot| !slot.unsure && !slot.moved).and_then(|slot| slot.written);
    match (written, seen) {
        (Some(written), Some(seen)) if written.weight == want.destination.weight => {
            Destination { weight: seen.weight, ..want.destination }
        }
        _ => want.destination,
    }
}

fn agree(wanted: Option<&Destination>, seen: Option<&Destination>) -> bool {
    match (wanted, seen) {
        (Some(wanted), Some(seen)) => same_destination(wanted, seen),
        (None, None) => true,
        _ => false,
    }
}
