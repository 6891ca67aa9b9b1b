//! The table as it should be: one virtual's configuration and the health of its reals in, its service and destinations out.

use super::Role;
use super::health::Health;
use super::pool::Pool;
use crate::config::{Fallback, Real, Virtual};
use crate::ipvs::{Destination, DestinationId, Family, Forward, Protocol, Service, ServiceFlags, ServiceId, Tunnel};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A destination as it should be, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Want {
    /// What the kernel should have.
    pub(super) destination: Destination,
    /// Real or fallback.
    pub(super) role: Role,
    /// The real is down: weight 0 by `quiescent`.
    pub(super) quiesced: bool,
}

/// The service of a virtual.
pub(super) fn service(virtual_: &Virtual) -> Service {
    let mut flags = virtual_.schedflags;
    let mut timeout = 0;
    let mut netmask = if virtual_.id.family() == Family::V4 { 32 } else { 128 };
    if let Some(seconds) = virtual_.persistent {
        flags |= ServiceFlags::PERSISTENT;
        timeout = seconds;
        netmask = virtual_.netmask.unwrap_or(netmask);
    }
    if virtual_.ops && matches!(virtual_.id, ServiceId::Address { protocol: Protocol::Udp, .. }) {
        flags |= ServiceFlags::ONE_PACKET;
    }
    Service {
        id: virtual_.id,
        scheduler: virtual_.scheduler.clone(),
        flags: ServiceFlags(flags),
        timeout,
        netmask,
        engine: virtual_.persistenceengine.clone(),
    }
}

/// The destination that the kernel gets: only address translation can change a port, so direct routing and tunnels of a
/// service with a port have that port.
pub(super) fn effective(service: &ServiceId, address: IpAddr, port: u16, forward: Forward) -> DestinationId {
    let port = match (service, forward) {
        (ServiceId::Address { port, .. }, Forward::Gate | Forward::Tunnel) => *port,
        _ => port,
    };
    DestinationId { address, port }
}

/// The destination of a real; nothing while its name does not resolve.
pub(super) fn real_id(service: &ServiceId, real: &Real) -> Option<DestinationId> {
    Some(effective(service, real.address?, real.port, real.forward))
}

/// A real as the configuration writes it; nothing while its name does not resolve.
pub(super) fn configured_id(real: &Real) -> Option<DestinationId> {
    Some(DestinationId { address: real.address?, port: real.port })
}

/// The destination of a fallback.
pub(super) fn fallback_id(service: &ServiceId, fallback: &Fallback) -> Option<DestinationId> {
    Some(effective(service, fallback.address?, fallback.port, fallback.forward))
}

fn up(id: DestinationId, real: &Real) -> Destination {
    let tunnel = if real.forward == Forward::Tunnel { real.tunnel } else { Tunnel::default() };
    Destination { id, forward: real.forward, weight: real.weight, upper: real.upper, lower: real.lower, tunnel }
}

/// The destinations of a virtual.
pub(super) fn destinations(virtual_: &Virtual, pool: &Pool) -> BTreeMap<DestinationId, Want> {
    let reals = virtual_.reals.iter().zip(&pool.members).filter(|(_, member)| !member.shadowed);
    let mut wanted: BTreeMap<_, _> = reals
        .filter_map(|(real, member)| {
            let id = real_id(&virtual_.id, real)?;
            let written = pool.ledger.written(&id).copied();
            let (destination, quiesced) = match member.health {
                Health::Up | Health::On | Health::OffAdopted => (up(id, real), false),
                // Untouched until the verdict: with its weight if it was adopted, without weight if it was found drained.
                Health::Adopted => (written?, false),
                Health::Pending => (written.filter(|written| written.weight == 0)?, false),
                Health::Down | Health::Off | Health::Maintenance if virtual_.quiescent => {
                    (Destination { weight: 0, upper: 0, lower: 0, ..up(id, real) }, true)
                }
                Health::Down | Health::Off | Health::Unresolved | Health::Maintenance => return None,
            };
            Some((id, Want { destination, role: Role::Real, quiesced }))
        })
        .collect();
    // With the same destination as a real that is down the fallback stands in its place.
    if pool.fallback_in
        && let Some(fallback) = &virtual_.fallback
        && let Some(id) = fallback_id(&virtual_.id, fallback)
    {
        let destination =
            Destination { id, forward: fallback.forward, weight: 1, upper: 0, lower: 0, tunnel: Tunnel::default() };
        wanted.insert(id, Want { destination, role: Role::Fallback, quiesced: false });
    }
    wanted
}
