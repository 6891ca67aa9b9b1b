//! Random services, destinations, operations and tables, out of small pools so that they meet each other.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::expect_used,
    reason = "each test takes what it needs; nothing is exported"
)]

use ldirectord::ipvs::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp), Just(Protocol::Sctp)]
}

/// Addresses with a common beginning, so that sorting looks at every byte, and some from anywhere.
pub fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        4 => (0_u8..6).prop_map(|n| IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1 + n))),
        1 => (1_u8..127, any::<u8>(), 1_u8..255).prop_map(|(a, b, d)| IpAddr::V4(Ipv4Addr::new(a, b, 7, d))),
        3 => (1_u16..6).prop_map(|n| IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, n))),
        1 => any::<[u16; 7]>().prop_map(|words| {
            let [b, c, d, e, f, g, h] = words;
            IpAddr::V6(Ipv6Addr::new(0x2001, b, c, d, e, f, g, h))
        }),
    ]
}

pub fn service_id() -> impl Strategy<Value = ServiceId> {
    let port = prop_oneof![3 => Just(80), 1 => Just(443), 1 => Just(0), 1 => any::<u16>()];
    let mark = prop_oneof![3 => 1_u32..4, 1 => 1..=u32::MAX];
    let family = prop_oneof![Just(Family::V4), Just(Family::V6)];
    prop_oneof![
        4 => (protocol(), address(), port)
            .prop_map(|(protocol, address, port)| ServiceId::Address { protocol, address, port }),
        1 => (family, mark).prop_map(|(family, mark)| ServiceId::Mark { family, mark }),
    ]
}

pub fn scheduler() -> impl Strategy<Value = String> {
    let names =
        vec!["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf", "none", "nosuch"];
    prop::sample::select(names).prop_map(str::to_owned)
}

/// Every flag a configuration can set; the kernel keeps others as well.
pub fn flags() -> impl Strategy<Value = ServiceFlags> {
    (0_u32..0x40).prop_map(|bits| ServiceFlags(bits & !ServiceFlags::HASHED))
}

/// A service; persistence as a configuration gives it: flag, timeout and netmask together.
pub fn service() -> impl Strategy<Value = Service> {
    let engine = prop_oneof![4 => Just(None), 1 => Just(Some("sip".to_owned())), 1 => Just(Some("odd".to_owned()))];
    let netmask = prop_oneof![4 => Just(u8::MAX), 2 => 0_u8..=128, 1 => Just(0)];
    (service_id(), scheduler(), flags(), 0_u32..100_000, netmask, engine).prop_map(
        |(id, scheduler, flags, timeout, netmask, engine)| {
            let widest = if id.family() == Family::V4 { 32 } else { 128 };
            Service { id, scheduler, flags, timeout, netmask: netmask.min(widest), engine }
        },
    )
}

pub fn destination_id() -> impl Strategy<Value = DestinationId> {
    let special = prop::sample::select(vec![
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "127.0.0.1",
        "127.0.0.2",
        "0.0.0.1",
        "::",
        "::1",
        "ff02::1",
        "fe80::1",
        "fec0::1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
    ]);
    let address = prop_oneof![
        6 => address(),
        1 => special.prop_map(|text| text.parse::<IpAddr>().unwrap()),
    ];
    let port = prop_oneof![3 => Just(80), 1 => Just(0), 1 => any::<u16>()];
    (address, port).prop_map(|(address, port)| DestinationId { address, port })
}

pub fn forward() -> impl Strategy<Value = Forward> {
    prop::sample::select(vec![
        Forward::Masquerade,
        Forward::Tunnel,
        Forward::Gate,
        Forward::Gate,
        Forward::Local,
        Forward::Bypass,
    ])
}

pub fn tunnel() -> impl Strategy<Value = Tunnel> {
    let gue = prop_oneof![3 => 1_u16..=u16::MAX, 1 => Just(0)];
    let kind = prop_oneof![
        3 => Just(TunnelKind::Ipip),
        1 => gue.prop_map(|port| TunnelKind::Gue { port }),
        1 => Just(TunnelKind::Gre),
    ];
    (kind, prop_oneof![2 => Just(0_u16), 1 => 1_u16..3]).prop_map(|(kind, flags)| Tunnel { kind, flags })
}

pub fn destination() -> impl Strategy<Value = Destination> {
    let weight = prop_oneof![6 => 0_u32..=65_535, 1 => any::<u32>()];
    let threshold = || prop_oneof![3 => Just(0_u32), 3 => 0_u32..1000, 1 => any::<u32>()];
    (destination_id(), forward(), weight, threshold(), threshold(), tunnel()).prop_map(
        |(id, forward, weight, upper, lower, tunnel)| {
            let tunnel = if forward == Forward::Tunnel { tunnel } else { Tunnel::default() };
            Destination { id, forward, weight, upper, lower, tunnel }
        },
    )
}

pub fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => service().prop_map(Operation::AddService),
        2 => service().prop_map(Operation::EditService),
        1 => service_id().prop_map(Operation::DeleteService),
        8 => (service_id(), destination()).prop_map(|(id, to)| Operation::AddDestination(id, to)),
        4 => (service_id(), destination()).prop_map(|(id, to)| Operation::EditDestination(id, to)),
        2 => (service_id(), destination_id()).prop_map(|(id, to)| Operation::DeleteDestination(id, to)),
    ]
}

/// Operations on a few services and a few destinations.
pub fn operations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    use prop::sample::Index;
    let step = (operation(), any::<Index>(), any::<Index>());
    (vec(service_id(), 4), vec(destination_id(), 6), vec(step, 1..most)).prop_map(|(services, destinations, steps)| {
        let place = |(operation, service, destination): (Operation, Index, Index)| {
            let id = *service.get(&services);
            let to = *destination.get(&destinations);
            let within = |service: Service| {
                let widest = if id.family() == Family::V4 { 32 } else { 128 };
                Service { id, netmask: service.netmask.min(widest), ..service }
            };
            match operation {
                Operation::AddService(service) => Operation::AddService(within(service)),
                Operation::EditService(service) => Operation::EditService(within(service)),
                Operation::DeleteService(_) => Operation::DeleteService(id),
                Operation::AddDestination(_, with) => Operation::AddDestination(id, Destination { id: to, ..with }),
                Operation::EditDestination(_, with) => Operation::EditDestination(id, Destination { id: to, ..with }),
                Operation::DeleteDestination(..) => Operation::DeleteDestination(id, to),
            }
        };
        steps.into_iter().map(place).collect()
    })
}

/// Many different services with many different destinations, nearly all of which can be added.
pub fn content(services: usize, destinations: usize) -> impl Strategy<Value = Vec<Operation>> {
    let anywhere = prop_oneof![
        2 => address(),
        2 => any::<[u8; 4]>().prop_map(|octets| IpAddr::V4(Ipv4Addr::from(octets))),
        1 => any::<[u8; 16]>().prop_map(|octets| IpAddr::V6(Ipv6Addr::from(octets))),
    ];
    let id = (service_id(), anywhere.clone()).prop_map(|(id, somewhere)| match id {
        ServiceId::Address { protocol, port, .. } => ServiceId::Address { protocol, address: somewhere, port },
        mark => mark,
    });
    let to = vec((destination(), anywhere, any::<bool>()), 0..destinations);
    vec((service(), id, to), 0..services).prop_map(|services| {
        let mut operations = Vec::new();
        for (service, id, destinations) in services {
            let widest = if id.family() == Family::V4 { 32 } else { 128 };
            let netmask = service.netmask.clamp(u8::from(id.family() == Family::V6), widest);
            operations.push(Operation::AddService(Service { id, netmask, ..service }));
            for (with, address, other) in destinations {
                let forward = if Family::of(&address) == id.family() { with.forward } else { Forward::Tunnel };
                let upper = if other { with.upper } else { 0 };
                let id_of = DestinationId { address, port: with.id.port };
                let with = Destination { id: id_of, forward, upper, lower: 0, weight: with.weight >> 1, ..with };
                operations.push(Operation::AddDestination(id, with));
            }
        }
        operations
    })
}

pub fn counters() -> impl Strategy<Value = Counters> {
    any::<[u64; 10]>().prop_map(|n| Counters {
        connections: n[0],
        packets_in: n[1],
        packets_out: n[2],
        bytes_in: n[3],
        bytes_out: n[4],
        connections_rate: n[5],
        packets_in_rate: n[6],
        packets_out_rate: n[7],
        bytes_in_rate: n[8],
        bytes_out_rate: n[9],
    })
}

/// The table that operations leave behind.
pub fn table(operations: &[Operation]) -> Snapshot {
    let mut table = MemoryTable::new();
    let results = table.apply(operations).expect("memory always answers");
    assert_eq!(results.len(), operations.len());
    table.content().clone()
}
