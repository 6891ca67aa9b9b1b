//! The director with 50,000 reals: the difference of equal and of entirely different tables, a reload that changes
//! nothing, a first round of verdicts. `cargo bench --bench director`; the memory figures are those of the allocator.
#![allow(missing_docs, reason = "a benchmark")]
#![allow(clippy::expect_used, reason = "a benchmark ends at the first surprise")]

use checks::{Success, Timings, Verdict};
use divan::{AllocProfiler, Bencher, black_box};
use ldirectord::config::{Config, Nameless, read};
use ldirectord::director::{Director, Planned, Time, Wanted, WantedTable, diff};
use ldirectord::ipvs::{
    Counters, Destination, DestinationEntry, DestinationId, Forward, Operation, Protocol, Service, ServiceEntry,
    ServiceFlags, ServiceId, Snapshot, Tunnel,
};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Virtual services and reals in each: one huge, and many small ones.
const SHAPES: [(u16, u16); 2] = [(1, 50_000), (1_000, 50)];

fn main() {
    divan::main();
}

fn service_id(number: u16) -> ServiceId {
    ServiceId::Address { protocol: Protocol::Tcp, address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), port: number }
}

fn address(virtual_: u16, real: u16) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + u32::from(virtual_) * 50 + u32::from(real)))
}

fn service(id: ServiceId, scheduler: &str) -> Service {
    Service {
        id,
        scheduler: scheduler.to_owned(),
        flags: ServiceFlags::default(),
        timeout: 0,
        netmask: 32,
        engine: None,
    }
}

fn wanted((virtuals, reals): (u16, u16), port: u16) -> WantedTable {
    let of = |number: u16| {
        let destinations = (0..reals).map(|real| {
            let id = DestinationId { address: address(number, real), port };
            let forward = Forward::Masquerade;
            (id, Destination { id, forward, weight: 1, upper: 0, lower: 0, tunnel: Tunnel::default() })
        });
        let service = service(service_id(number), "wrr");
        (service.id, Wanted { service, destinations: destinations.collect() })
    };
    (1..=virtuals).map(of).collect()
}

fn snapshot(table: &WantedTable) -> Snapshot {
    let entry = |wanted: &Wanted| {
        let destinations = wanted.destinations.iter().map(|(id, destination)| {
            let destination = *destination;
            let counters = Counters::default();
            (*id, DestinationEntry { destination, active: 0, inactive: 0, persistent: 0, counters })
        });
        ServiceEntry {
            service: wanted.service.clone(),
            counters: Counters::default(),
            destinations: destinations.collect(),
        }
    };
    table.iter().map(|(id, wanted)| (*id, entry(wanted))).collect()
}

fn config((virtuals, reals): (u16, u16)) -> Arc<Config> {
    let mut text = String::from("quiescent=no\n");
    for number in 1..=virtuals {
        text.push_str(&format!("\nvirtual=192.0.2.1:{number}\n\tscheduler=wrr\n\tprotocol=tcp\n\tchecktype=connect\n"));
        (0..reals).for_each(|place| text.push_str(&format!("\treal={}:80 masq\n", address(number, place))));
    }
    Arc::new(read(text.as_bytes()).finish(&Nameless).0.expect("it loads"))
}

fn passed() -> Verdict {
    Verdict { result: Ok(Success::default()), timings: Timings::default() }
}

/// Every check passed, nothing written yet.
fn checked(config: &Arc<Config>) -> Director {
    let mut director = Director::new(config.clone(), Time::ZERO);
    director.adopt(&Snapshot::new(), Time::ZERO);
    let verdict = passed();
    for order in director.due(Time::ZERO, usize::MAX) {
        director.verdict(order.check, &verdict, Time::ZERO);
    }
    director.take_events();
    director
}

/// Everything up and written.
fn settled(shape: (u16, u16)) -> (Director, Arc<Config>, Snapshot) {
    let config = config(shape);
    let mut director = checked(&config);
    director.dirty(Time::ZERO).expect("everything is to be written");
    let planned: Vec<Planned> = director.plan(&Snapshot::new(), Time::ZERO);
    director.written(&planned, Ok(planned.iter().map(|_| Ok(())).collect()), Time::ZERO);
    director.take_events();
    let table = snapshot(&wanted(shape, 80));
    (director, config, table)
}

#[divan::bench(args = SHAPES)]
fn diff_of_equal_tables(bencher: Bencher<'_, '_>, shape: (u16, u16)) {
    let desired = wanted(shape, 80);
    let actual = snapshot(&desired);
    bencher.bench(|| assert_eq!(diff(black_box(&desired), black_box(&actual)).len(), 0));
}

#[divan::bench(args = SHAPES)]
fn diff_of_different_tables(bencher: Bencher<'_, '_>, shape: (u16, u16)) {
    let desired = wanted(shape, 80);
    let actual = snapshot(&wanted(shape, 81));
    let operations = |desired, actual| -> Vec<Operation> { diff(desired, actual) };
    bencher.bench(|| assert_eq!(operations(black_box(&desired), black_box(&actual)).len(), 100_000));
}

#[divan::bench(args = SHAPES)]
fn reload_of_an_unchanged_configuration(bencher: Bencher<'_, '_>, shape: (u16, u16)) {
    let (mut director, config, table) = settled(shape);
    bencher.bench_local(|| {
        director.reload(black_box(config.clone()), Time::ZERO);
        director.dirty(Time::ZERO).expect("a reload reads everything");
        assert_eq!(director.plan(black_box(&table), Time::ZERO).len(), 0);
    });
}

/// Its largest allocation is what the director keeps for 50,000 idle reals beside their configuration.
#[divan::bench(args = SHAPES)]
fn start_with_one_round_of_verdicts(bencher: Bencher<'_, '_>, shape: (u16, u16)) {
    let config = config(shape);
    bencher.bench_local(|| checked(black_box(&config)));
}

#[divan::bench(args = SHAPES)]
fn first_plan_and_its_results(bencher: Bencher<'_, '_>, shape: (u16, u16)) {
    let config = config(shape);
    let nothing = Snapshot::new();
    bencher.with_inputs(|| checked(&config)).bench_local_values(|mut director| {
        director.dirty(Time::ZERO).expect("everything is to be written");
        let planned = director.plan(black_box(&nothing), Time::ZERO);
        director.written(&planned, Ok(planned.iter().map(|_| Ok(())).collect()), Time::ZERO);
        director
    });
}
