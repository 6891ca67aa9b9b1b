//! The difference between two tables as operations. Within a service what adds weight comes before what takes it away, so
//! that a replacement is there before what it replaces leaves.

use crate::ipvs::{Destination, DestinationId, Forward, Operation, Service, ServiceEntry, ServiceId, Snapshot};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A service as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The service itself.
    pub service: Service,
    /// Its destinations, by their ids.
    pub destinations: BTreeMap<DestinationId, Destination>,
}

/// A table as it should be.
pub type WantedTable = BTreeMap<ServiceId, Wanted>;

/// The operations that make `actual` equal to `desired`: none too many, services in order of their ids.
pub fn diff(desired: &WantedTable, actual: &Snapshot) -> Vec<Operation> {
    let mut operations = Vec::new();
    for step in merge(desired.iter(), actual.iter()) {
        match step {
            (id, None, Some(_)) => operations.push(Operation::DeleteService(*id)),
            (_, Some(wanted), entry) => diff_service(wanted, entry, &mut operations),
            (_, None, None) => {}
        }
    }
    operations
}

/// The operations for one service that should exist.
pub(super) fn diff_service(wanted: &Wanted, actual: Option<&ServiceEntry>, operations: &mut Vec<Operation>) {
    let id = wanted.service.id;
    let none = BTreeMap::new();
    let seen = actual.map_or(&none, |entry| &entry.destinations);
    match actual {
        None => operations.push(Operation::AddService(wanted.service.clone())),
        Some(entry) if !same_service(&wanted.service, &entry.service) => {
            operations.push(Operation::EditService(wanted.service.clone()));
        }
        Some(_) => {}
    }
    let mut lower = Vec::new();
    let mut delete = Vec::new();
    for step in merge(wanted.destinations.iter(), seen.iter()) {
        match step {
            (_, Some(wanted), None) if wanted.weight > 0 => operations.push(Operation::AddDestination(id, *wanted)),
            (_, Some(wanted), None) => lower.push(Operation::AddDestination(id, *wanted)),
            (_, Some(wanted), Some(entry)) if same_destination(wanted, &entry.destination) => {}
            (_, Some(wanted), Some(entry)) if wanted.weight >= entry.destination.weight => {
                operations.push(Operation::EditDestination(id, *wanted));
            }
            (_, Some(wanted), Some(_)) => lower.push(Operation::EditDestination(id, *wanted)),
            (gone, None, Some(_)) => delete.push(Operation::DeleteDestination(id, *gone)),
            (_, None, None) => {}
        }
    }
    operations.append(&mut lower);
    operations.append(&mut delete);
}

/// Equal in everything that we decide: HASHED is the kernel's own flag.
pub(super) fn same_service(wanted: &Service, seen: &Service) -> bool {
    wanted.flags.configured() == seen.flags.configured()
        && wanted.scheduler == seen.scheduler
        && wanted.timeout == seen.timeout
        && wanted.netmask == seen.netmask
        && wanted.engine == seen.engine
}

/// Equal in everything that we decide: some kernels show an address of their own as LOCAL whatever was written.
pub(super) fn same_destination(wanted: &Destination, seen: &Destination) -> bool {
    wanted.weight == seen.weight
        && wanted.upper == seen.upper
        && wanted.lower == seen.lower
        && same_forward(wanted, seen)
}

/// Equal ways to it.
pub(super) fn same_forward(wanted: &Destination, seen: &Destination) -> bool {
    seen.forward == Forward::Local
        || (wanted.forward == seen.forward && (wanted.forward != Forward::Tunnel || wanted.tunnel == seen.tunnel))
}

/// Walks two ordered sequences side by side: every key of either, once, in order.
pub(super) fn merge<K: Ord + Copy, A, B>(
    left: impl Iterator<Item = (K, A)>,
    right: impl Iterator<Item = (K, B)>,
) -> impl Iterator<Item = (K, Option<A>, Option<B>)> {
    let mut left = left.peekable();
    let mut right = right.peekable();
    std::iter::from_fn(move || {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let a = if order == Ordering::Greater { None } else { left.next() };
        let b = if order == Ordering::Less { None } else { right.next() };
        let key = a.as_ref().map(|(key, _)| *key).or(b.as_ref().map(|(key, _)| *key))?;
        Some((key, a.map(|(_, value)| value), b.map(|(_, value)| value)))
    })
}
