//! A table in memory that behaves as the kernel's: the same operations succeed, the others are refused with the same
//! errno. For tests, the demo and dry runs.

use super::refusal::{EEXIST, EINVAL, ENOENT, ERANGE, ESRCH, objection, refused};
use super::{
    Counters, Destination, DestinationEntry, Family, Forward, Operation, Scope, Service, ServiceEntry, ServiceFlags,
    Snapshot, Table, TableError, TunnelKind,
};
use std::collections::btree_map::Entry;
use std::net::IpAddr;

/// Schedulers of Linux 6.1; `none` is a service without one.
const SCHEDULERS: [&str; 15] =
    ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf", "twos", "none"];
/// Persistence engines of Linux 6.1.
const ENGINES: [&str; 1] = ["sip"];

/// The table in memory; empty at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryTable {
    services: Snapshot,
}

impl MemoryTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }
    /// A table with this content.
    pub fn with(services: Snapshot) -> Self {
        Self { services }
    }
    /// The whole content.
    pub fn content(&self) -> &Snapshot {
        &self.services
    }
    /// The content, to be changed from outside as connections and other administrators change the kernel's.
    pub fn content_mut(&mut self) -> &mut Snapshot {
        &mut self.services
    }

    fn perform(&mut self, operation: &Operation) -> Result<(), i32> {
        match operation {
            Operation::AddService(service) => {
                let Entry::Vacant(place) = self.services.entry(service.id) else { return Err(EEXIST) };
                judge_service(service)?;
                let counters = Counters::default();
                place.insert(ServiceEntry { service: hashed(service), counters, destinations: Default::default() });
            }
            Operation::EditService(service) => {
                let entry = self.services.get_mut(&service.id).ok_or(ESRCH)?;
                judge_service(service)?;
                entry.service = hashed(service);
            }
            Operation::DeleteService(id) => drop(self.services.remove(id).ok_or(ESRCH)?),
            Operation::AddDestination(id, destination) => {
                let entry = self.services.get_mut(id).ok_or(ESRCH)?;
                judge_destination(id.family(), destination)?;
                let Entry::Vacant(place) = entry.destinations.entry(destination.id) else { return Err(EEXIST) };
                judge_address(&destination.id.address)?;
                place.insert(DestinationEntry {
                    destination: *destination,
                    active: 0,
                    inactive: 0,
                    persistent: 0,
                    counters: Counters::default(),
                });
            }
            Operation::EditDestination(id, destination) => {
                let entry = self.services.get_mut(id).ok_or(ESRCH)?;
                judge_destination(id.family(), destination)?;
                entry.destinations.get_mut(&destination.id).ok_or(ENOENT)?.destination = *destination;
            }
            Operation::DeleteDestination(id, destination) => {
                let entry = self.services.get_mut(id).ok_or(ESRCH)?;
                entry.destinations.remove(destination).ok_or(ENOENT)?;
            }
        }
        Ok(())
    }
}

impl Table for MemoryTable {
    fn read(&mut self, scope: &Scope) -> Result<Snapshot, TableError> {
        Ok(match scope {
            Scope::All => self.services.clone(),
            Scope::Services(ids) => ids.iter().filter_map(|id| Some((*id, self.services.get(id)?.clone()))).collect(),
        })
    }
    fn apply(&mut self, operations: &[Operation]) -> Result<Vec<Result<(), TableError>>, TableError> {
        let apply = |operation: &Operation| match objection(operation) {
            Some(objection) => Err(objection),
            None => self.perform(operation).map_err(|errno| refused(operation, errno, None)),
        };
        Ok(operations.iter().map(apply).collect())
    }
}

/// As the kernel keeps it: with its own flag.
fn hashed(service: &Service) -> Service {
    let flags = ServiceFlags(service.flags.configured() | ServiceFlags::HASHED);
    Service { flags, ..service.clone() }
}

fn judge_service(service: &Service) -> Result<(), i32> {
    let engine_known = service.engine.as_deref().is_none_or(|engine| ENGINES.contains(&engine));
    if !SCHEDULERS.contains(&service.scheduler.as_str()) || !engine_known {
        return Err(ENOENT);
    }
    // An IPv6 service needs a prefix even where it is not persistent; the mask of an IPv4 service may be 0.
    if service.id.family() == Family::V6 && service.netmask == 0 {
        return Err(EINVAL);
    }
    Ok(())
}

fn judge_destination(service: Family, destination: &Destination) -> Result<(), i32> {
    if Family::of(&destination.id.address) != service && destination.forward != Forward::Tunnel {
        return Err(EINVAL);
    }
    // The kernel's weight is a signed number; the lower threshold counts even where there is no upper one.
    if i32::try_from(destination.weight).is_err() || destination.lower > destination.upper {
        return Err(ERANGE);
    }
    if destination.tunnel.kind == (TunnelKind::Gue { port: 0 }) {
        return Err(EINVAL);
    }
    Ok(())
}

/// Only unicast addresses are added. What is a broadcast address of a network the machine is in, only a kernel knows.
fn judge_address(address: &IpAddr) -> Result<(), i32> {
    let unicast = match address {
        IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_broadcast() && !v4.is_multicast(),
        IpAddr::V6(v6) => {
            !v6.is_unspecified() && !v6.is_multicast() && !v6.is_unicast_link_local() && v6.to_ipv4_mapped().is_none()
        }
    };
    if unicast { Ok(()) } else { Err(EINVAL) }
}

#[cfg(test)]
mod tests {
    use super::super::{DestinationId, Protocol, ServiceId, Tunnel};
    use super::*;

    fn service(address: &str) -> Service {
        let address: IpAddr = address.parse().unwrap();
        let id = ServiceId::Address { protocol: Protocol::Tcp, address, port: 80 };
        let netmask = if address.is_ipv4() { 32 } else { 128 };
        Service { id, scheduler: "wrr".into(), flags: ServiceFlags(0), timeout: 0, netmask, engine: None }
    }

    fn gate(address: &str, weight: u32) -> Destination {
        let id = DestinationId { address: address.parse().unwrap(), port: 80 };
        Destination { id, forward: Forward::Gate, weight, upper: 0, lower: 0, tunnel: Tunnel::default() }
    }

    fn words(table: &mut MemoryTable, operation: Operation) -> String {
        let results = table.apply(&[operation]).unwrap();
        results[0].as_ref().map_or_else(ToString::to_string, |()| "ok".into())
    }

    #[test]
    fn the_life_of_a_service() {
        let mut table = MemoryTable::new();
        let web = service("10.0.0.1");
        let id = web.id;
        let operations = [
            Operation::AddService(web.clone()),
            Operation::AddDestination(id, gate("10.0.0.2", 1)),
            Operation::AddDestination(id, gate("10.0.0.3", 1)),
            Operation::EditDestination(id, gate("10.0.0.2", 0)),
            Operation::EditService(Service { scheduler: "sh".into(), ..web }),
            Operation::DeleteDestination(id, gate("10.0.0.3", 1).id),
        ];
        assert_eq!(table.apply(&operations).unwrap(), vec![Ok(()); 6]);
        let entry = table.read(&Scope::Services(vec![id, service("10.0.0.9").id])).unwrap().remove(&id).unwrap();
        assert_eq!((entry.service.scheduler.as_str(), entry.service.flags.0), ("sh", ServiceFlags::HASHED));
        let destinations: Vec<_> = entry.destinations.values().map(|entry| entry.destination).collect();
        assert_eq!(destinations, [gate("10.0.0.2", 0)]);
        table.apply(&[Operation::DeleteService(id)]).unwrap()[0].clone().unwrap();
        assert_eq!(table, MemoryTable::new());
    }

    #[test]
    fn refusals_say_where_and_why() {
        let mut table = MemoryTable::new();
        let (web, web6) = (service("10.0.0.1"), service("fd00::1"));
        let id = web.id;
        let mut say = |operation| words(&mut table, operation);
        assert_eq!(say(Operation::DeleteService(id)), "tcp:10.0.0.1:80: no such virtual service");
        let odd = Service { scheduler: "odd".into(), ..web.clone() };
        assert_eq!(
            say(Operation::AddService(odd)),
            "tcp:10.0.0.1:80: no such scheduler: odd (the kernel has no module ip_vs_odd)"
        );
        assert_eq!(say(Operation::AddService(web.clone())), "ok");
        assert_eq!(say(Operation::AddService(web.clone())), "tcp:10.0.0.1:80: virtual service already exists");
        let wide = Service { netmask: 33, ..web };
        assert_eq!(say(Operation::EditService(wide)), "tcp:10.0.0.1:80: a netmask of 33 bits, at most 32 possible");
        assert_eq!(
            say(Operation::DeleteDestination(id, gate("10.0.0.2", 1).id)),
            "tcp:10.0.0.1:80 -> 10.0.0.2:80: no such destination"
        );
        let mixed = say(Operation::AddDestination(id, gate("fd00::2", 1)));
        assert!(mixed.starts_with("tcp:10.0.0.1:80 -> [fd00::2]:80: only a tunnelled destination"), "{mixed}");
        let limits = Destination { lower: 5, upper: 4, ..gate("10.0.0.2", 1) };
        assert!(say(Operation::AddDestination(id, limits)).contains("the lower may not exceed the upper"));
        assert!(say(Operation::AddDestination(id, gate("224.0.0.1", 1))).contains("unicast"));
        assert!(say(Operation::AddService(Service { netmask: 0, ..web6 })).contains("netmask 0"));
        let mark = ServiceId::Mark { family: Family::V4, mark: 0 };
        assert_eq!(say(Operation::DeleteService(mark)), "fwm:0: a firewall mark must be greater than 0");
    }
}
