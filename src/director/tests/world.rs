//! The director, a table that behaves like the kernel's, and real servers that are healthy or not.

use crate::config::{Config, Fallback, Nameless, Probes, Real, Virtual};
use crate::director::{CheckOrder, Director, Event, Maintenance, Planned, Time};
use crate::ipvs::{
    Counters, Destination, DestinationEntry, DestinationId, Forward, Operation, Protocol, Scope, ServiceEntry,
    ServiceFlags, ServiceId, Snapshot, TableError, Tunnel,
};
use checks::{Failure, Phase, Reason, Spec, Success, Target, Timings, Verdict};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
pub(super) fn address(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 1, last))
}
pub(super) fn destination_id(last: u8, port: u16) -> DestinationId {
    DestinationId { address: address(last), port }
}
pub(super) fn tcp(port: u16) -> ServiceId {
    ServiceId::Address { protocol: Protocol::Tcp, address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), port }
}

/// What a text means: everything that it does not say is as the directives' defaults have it.
fn read(text: &str) -> Config {
    crate::config::read(text.as_bytes()).finish(&Nameless).0.expect("it loads")
}

pub(super) fn config(virtuals: Vec<Virtual>) -> Config {
    Config { globals: read("quiescent=no\ncleanstop=yes\n").globals, virtuals }
}

pub(super) fn virtual_(id: ServiceId, reals: Vec<Real>) -> Virtual {
    let text = "quiescent=no\nvirtual=10.0.0.1:80\n\tscheduler=wrr\n\tchecktype=connect\n";
    let virtual_ = read(text).virtuals.pop().expect("it has one");
    Virtual { id, reals, ..virtual_ }
}

/// 10.0.1.LAST:80 masq, checked by connect.
pub(super) fn real(last: u8, weight: u32) -> Real {
    Real {
        line: 2,
        host: address(last).to_string(),
        address: Some(address(last)),
        port: 80,
        forward: Forward::Masquerade,
        tunnel: Tunnel::default(),
        weight,
        request: "/".to_owned(),
        receive: None,
        lower: 0,
        upper: 0,
        checkport: 80,
        probes: Probes::One(Spec::Connect, seconds(5)),
    }
}

pub(super) fn fallback(last: u8) -> Option<Fallback> {
    Some(Fallback {
        host: address(last).to_string(),
        address: Some(address(last)),
        port: 80,
        forward: Forward::Masquerade,
    })
}

pub(super) fn verdict(up: bool) -> Verdict {
    let result =
        if up { Ok(Success::default()) } else { Err(Failure { phase: Phase::Connect, reason: Reason::Refused }) };
    Verdict { result, timings: Timings::default() }
}

/// A service as the kernel shows it: HASHED is set.
pub(super) fn entry(id: ServiceId, destinations: &[(u8, u32)]) -> ServiceEntry {
    let mut service = crate::director::desired::service(&virtual_(id, Vec::new()));
    service.flags = ServiceFlags(service.flags.0 | ServiceFlags::HASHED);
    let destinations = destinations.iter().map(|(last, weight)| {
        let id = destination_id(*last, 80);
        let destination = Destination {
            id,
            forward: Forward::Masquerade,
            weight: *weight,
            upper: 0,
            lower: 0,
            tunnel: Tunnel::default(),
        };
        (id, in_kernel(destination))
    });
    ServiceEntry { service, counters: Counters::default(), destinations: destinations.collect() }
}

pub(super) fn in_kernel(destination: Destination) -> DestinationEntry {
    DestinationEntry { destination, active: 0, inactive: 0, persistent: 0, counters: Counters::default() }
}

/// What the kernel does with an operation.
pub(super) fn apply(table: &mut Snapshot, operation: &Operation) -> Result<(), TableError> {
    let service = operation.service();
    let destination = operation.destination();
    let refuse = |errno| {
        let words = format!("errno {errno}");
        Err(TableError::Refused { service, destination, errno, words })
    };
    if let Operation::AddService(new) = operation {
        if table.contains_key(&service) {
            return refuse(17);
        }
        let mut new = new.clone();
        new.flags.0 |= ServiceFlags::HASHED;
        table.insert(service, ServiceEntry { service: new, counters: Counters::default(), destinations: [].into() });
        return Ok(());
    }
    let Some(entry) = table.get_mut(&service) else { return refuse(3) };
    match operation {
        Operation::AddService(_) => {}
        Operation::EditService(new) => {
            entry.service = new.clone();
            entry.service.flags.0 |= ServiceFlags::HASHED;
        }
        Operation::DeleteService(_) => {
            table.remove(&service);
        }
        Operation::AddDestination(_, new) if entry.destinations.contains_key(&new.id) => return refuse(17),
        Operation::AddDestination(_, new) => {
            entry.destinations.insert(new.id, in_kernel(*new));
        }
        Operation::EditDestination(_, new) => match entry.destinations.get_mut(&new.id) {
            Some(known) => known.destination = *new,
            None => return refuse(2),
        },
        Operation::DeleteDestination(_, id) => {
            if entry.destinations.remove(id).is_none() {
                return refuse(2);
            }
        }
    }
    Ok(())
}

pub(super) struct World {
    pub(super) director: Director,
    pub(super) table: Snapshot,
    pub(super) now: Time,
    /// Real servers that fail, by the last byte of their address.
    pub(super) dead: Vec<u8>,
}

impl World {
    pub(super) fn start(config: Config, table: Snapshot) -> Self {
        Self::begin(config, table, Maintenance::default())
    }
    /// Likewise, with what the administrator took out before.
    pub(super) fn begin(config: Config, table: Snapshot, maintenance: Maintenance) -> Self {
        let now = seconds(100);
        let mut director = Director::new(Arc::new(config), now);
        director.maintain(maintenance, now);
        director.adopt(&table, now);
        Self { director, table, now, dead: Vec::new() }
    }
    pub(super) fn read(&self, scope: &Scope) -> Snapshot {
        match scope {
            Scope::All => self.table.clone(),
            Scope::Services(ids) => ids.iter().filter_map(|id| Some((*id, self.table.get(id)?.clone()))).collect(),
        }
    }
    /// One round: what was written.
    pub(super) fn round(&mut self) -> Vec<Operation> {
        self.round_with(|_| None)
    }
    /// One round in which some operations are refused.
    pub(super) fn round_with(&mut self, refuse: impl Fn(&Operation) -> Option<i32>) -> Vec<Operation> {
        let Some(scope) = self.director.dirty(self.now) else { return Vec::new() };
        let observed = self.read(&scope);
        let planned = self.director.plan(&observed, self.now);
        let results = planned.iter().map(|planned| match refuse(&planned.operation) {
            None => apply(&mut self.table, &planned.operation),
            Some(errno) => Err(TableError::Refused {
                service: planned.operation.service(),
                destination: planned.operation.destination(),
                errno,
                words: format!("errno {errno}"),
            }),
        });
        let results = results.collect();
        self.director.written(&planned, Ok(results), self.now);
        planned.into_iter().map(|Planned { operation, .. }| operation).collect()
    }
    /// Answers one check.
    pub(super) fn answer(&mut self, order: &CheckOrder) {
        let up = self.is_healthy(&order.target);
        self.director.verdict(order.check, &verdict(up), self.now);
    }
    pub(super) fn is_healthy(&self, target: &Target) -> bool {
        match target.address {
            IpAddr::V4(address) => !self.dead.contains(&address.octets()[3]),
            IpAddr::V6(_) => true,
        }
    }
    /// Runs every check that is due; how many there were.
    pub(super) fn check(&mut self) -> usize {
        let orders = self.director.due(self.now, usize::MAX);
        for order in &orders {
            self.answer(order);
        }
        orders.len()
    }
    /// Lets time pass in small steps, with checks but without writing.
    pub(super) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(wake) = self.director.next_wake().filter(|wake| *wake <= end) {
            self.now = self.now.max(wake);
            self.director.tick(self.now);
            if self.check() == 0 && wake < self.now {
                panic!("woken for nothing at {wake:?}");
            }
        }
        self.now = end;
    }
    /// The destinations of a service: last byte of the address, weight.
    pub(super) fn weights(&self, id: ServiceId) -> Vec<(u8, u32)> {
        let Some(entry) = self.table.get(&id) else { return Vec::new() };
        entry.destinations.values().map(|entry| (last(&entry.destination.id), entry.destination.weight)).collect()
    }
    pub(super) fn events(&mut self) -> Vec<Event> {
        self.director.take_events()
    }
    /// Somebody sets a weight by hand.
    pub(super) fn by_hand(&mut self, id: ServiceId, last: u8, weight: u32) {
        let entry = self.table.get_mut(&id).unwrap();
        entry.destinations.get_mut(&destination_id(last, 80)).unwrap().destination.weight = weight;
    }
    /// Somebody removes a destination by hand.
    pub(super) fn remove_by_hand(&mut self, id: ServiceId, last: u8) {
        self.table.get_mut(&id).unwrap().destinations.remove(&destination_id(last, 80)).unwrap();
    }
}

pub(super) fn last(id: &DestinationId) -> u8 {
    match id.address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(address) => address.octets()[15],
    }
}
