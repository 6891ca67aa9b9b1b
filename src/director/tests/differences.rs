//! The difference of two tables, for random tables.

use super::world::{apply, in_kernel};
use crate::director::diff::{Wanted, WantedTable, diff};
use crate::ipvs::{
    Counters, Destination, DestinationId, Family, Forward, Operation, Protocol, Service, ServiceEntry, ServiceFlags,
    ServiceId, Snapshot, Tunnel, TunnelKind,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

fn service_id() -> impl Strategy<Value = ServiceId> {
    let protocol = prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp), Just(Protocol::Sctp)];
    let address = prop_oneof![
        (0u8..3).prop_map(|last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))),
        (0u16..3).prop_map(|last| IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last))),
    ];
    let family = prop_oneof![Just(Family::V4), Just(Family::V6)];
    prop_oneof![
        (protocol, address, 80u16..82).prop_map(|(protocol, address, port)| ServiceId::Address {
            protocol,
            address,
            port
        }),
        (family, 1u32..3).prop_map(|(family, mark)| ServiceId::Mark { family, mark }),
    ]
}

fn destination() -> impl Strategy<Value = Destination> {
    let forward = prop_oneof![
        Just((Forward::Masquerade, Tunnel::default())),
        Just((Forward::Gate, Tunnel::default())),
        Just((Forward::Tunnel, Tunnel::default())),
        Just((Forward::Tunnel, Tunnel { kind: TunnelKind::Gue { port: 6080 }, flags: 1 })),
    ];
    (0u8..6, 80u16..82, forward, 0u32..4, 0u32..2, 0u32..2).prop_map(
        |(last, port, (forward, tunnel), weight, upper, lower)| {
            let id = DestinationId { address: IpAddr::V4(Ipv4Addr::new(10, 0, 1, last)), port };
            Destination { id, forward, weight, upper, lower, tunnel }
        },
    )
}

fn wanted_table() -> impl Strategy<Value = WantedTable> {
    let service = (0u32..8, prop_oneof![Just("rr"), Just("wlc")], 0u32..2, prop::option::of(Just("sip".to_owned())));
    let pool = (service, prop::collection::vec(destination(), 0..8));
    prop::collection::btree_map(service_id(), pool, 0..6).prop_map(|table| {
        let wanted = |id, ((flags, scheduler, timeout, engine), destinations): ((u32, &str, u32, _), Vec<_>)| Wanted {
            service: Service {
                id,
                scheduler: scheduler.to_owned(),
                flags: ServiceFlags(flags & !ServiceFlags::HASHED),
                timeout,
                netmask: 32,
                engine,
            },
            destinations: destinations
                .into_iter()
                .map(|destination: Destination| (destination.id, destination))
                .collect(),
        };
        table.into_iter().map(|(id, pool)| (id, wanted(id, pool))).collect()
    })
}

/// The table as the kernel shows it.
fn snapshot(table: &WantedTable) -> Snapshot {
    let entry = |wanted: &Wanted| {
        let mut service = wanted.service.clone();
        service.flags.0 |= ServiceFlags::HASHED;
        let destinations = wanted.destinations.iter().map(|(id, destination)| (*id, in_kernel(*destination))).collect();
        ServiceEntry { service, counters: Counters::default(), destinations }
    };
    table.iter().map(|(id, wanted)| (*id, entry(wanted))).collect()
}

proptest! {
    #[test]
    fn the_difference_makes_the_one_of_the_other_with_nothing_superfluous(
        (desired, actual) in (wanted_table(), wanted_table()),
        common in any::<u64>(),
    ) {
        // Tables have something in common only if it is put there.
        let mut desired = desired;
        for (number, (id, wanted)) in actual.iter().enumerate() {
            if common >> number & 1 == 1 {
                desired.insert(*id, wanted.clone());
            }
        }
        let mut table = snapshot(&actual);
        let operations = diff(&desired, &table);
        let mut subjects = BTreeSet::new();
        for operation in &operations {
            prop_assert!(subjects.insert((operation.service(), operation.destination())), "twice: {operation:?}");
            let before = table.clone();
            prop_assert_eq!(apply(&mut table, operation), Ok(()));
            prop_assert_ne!(&before, &table, "{:?} changed nothing", operation);
        }
        prop_assert_eq!(&table, &snapshot(&desired));
        prop_assert_eq!(diff(&desired, &table), Vec::new());
    }

    #[test]
    fn a_service_loses_its_last_weight_only_where_none_is_wanted(
        (desired, actual) in (wanted_table(), wanted_table()),
    ) {
        let mut table = snapshot(&actual);
        let live = |table: &Snapshot, id: &ServiceId| {
            table.get(id).is_some_and(|entry| entry.destinations.values().any(|entry| entry.destination.weight > 0))
        };
        for operation in diff(&desired, &table) {
            let id = operation.service();
            let before = live(&table, &id);
            apply(&mut table, &operation).unwrap();
            let wanted = desired.get(&id).is_some_and(|wanted| {
                wanted.destinations.values().any(|destination| destination.weight > 0)
            });
            prop_assert!(!(before && wanted && !live(&table, &id)), "{operation:?} left nobody");
        }
    }
}

#[test]
fn what_the_kernel_sets_itself_is_not_fought() {
    let id = ServiceId::Mark { family: Family::V4, mark: 1 };
    let service = Service {
        id,
        scheduler: "rr".to_owned(),
        flags: ServiceFlags::default(),
        timeout: 0,
        netmask: 32,
        engine: None,
    };
    let local = DestinationId { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 80 };
    let destination =
        Destination { id: local, forward: Forward::Gate, weight: 1, upper: 0, lower: 0, tunnel: Tunnel::default() };
    let desired: WantedTable =
        BTreeMap::from([(id, Wanted { service, destinations: BTreeMap::from([(local, destination)]) })]);
    let mut table = snapshot(&desired);
    table.get_mut(&id).unwrap().destinations.get_mut(&local).unwrap().destination.forward = Forward::Local;
    assert_eq!(diff(&desired, &table), Vec::<Operation>::new());
}
