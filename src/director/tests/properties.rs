//! Random lives of a director: verdicts, time, rounds that fail half-way, reloads and hand edits in any order. A model
//! that knows only verdicts says who may have weight.

use super::world::*;
use crate::config::{Config, Probes, Real, Virtual};
use crate::director::desired::{configured_id, fallback_id, real_id, service};
use crate::director::{CheckOrder, Maintenance, Planned};
use crate::ipvs::{DestinationId, Family, Forward, Operation, ServiceId, Snapshot, TableError};
use checks::Spec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    /// Starts what is due.
    Start,
    /// The check under way at this place ends.
    Verdict(usize, bool),
    Pass(u64),
    Read,
    Plan,
    /// Writes the plan; some operations are refused, or the socket dies after some.
    Write {
        refused: u32,
        dies: Option<usize>,
    },
    Reload(usize),
    Same,
    /// Sets or removes the weight of a destination by hand.
    Hand(usize, usize, Option<u32>),
    RemoveService(usize),
    /// The files in maintenancedir: a bit for each real's address.
    Maintain(u8),
}

fn steps(hands: u32) -> impl Strategy<Value = Vec<Step>> {
    let write = (
        prop_oneof![3 => Just(0u32), 1 => any::<u32>()],
        prop_oneof![6 => Just(None), 1 => (0usize..5).prop_map(Some)],
    );
    let step = prop_oneof![
        4 => Just(Step::Start),
        12 => (0usize..8, prop::bool::weighted(0.6)).prop_map(|(place, up)| Step::Verdict(place, up)),
        2 => (0u64..12).prop_map(Step::Pass),
        5 => Just(Step::Read),
        5 => Just(Step::Plan),
        5 => write.prop_map(|(refused, dies)| Step::Write { refused, dies }),
        1 => (0usize..3).prop_map(Step::Reload),
        2 => prop_oneof![Just(Step::Same), prop_oneof![Just(0u8), any::<u8>()].prop_map(Step::Maintain)],
        hands => (0usize..3, 0usize..8, prop::option::weighted(0.7, 0u32..4)).prop_map(|(s, d, w)| Step::Hand(s, d, w)),
        hands.min(1) => (0usize..3).prop_map(Step::RemoveService),
    ];
    prop::collection::vec(step, 0..120)
}

fn services() -> [ServiceId; 3] {
    [tcp(80), tcp(81), ServiceId::Mark { family: Family::V4, mark: 7 }]
}

fn a_real() -> impl Strategy<Value = Real> {
    let probes = prop_oneof![
        6 => Just(Probes::One(Spec::Connect, seconds(5))),
        2 => Just(Probes::One(Spec::Ping { attempts: 1 }, seconds(5))),
        1 => Just(Probes::AlwaysUp),
    ];
    let port = prop_oneof![3 => Just(80u16), 1 => Just(8080)];
    let forward = prop_oneof![3 => Just(Forward::Masquerade), 1 => Just(Forward::Gate)];
    (1u8..5, port, forward, 0u32..4, 0u32..2, probes).prop_map(|(last, port, forward, weight, upper, probes)| Real {
        port,
        checkport: port,
        forward,
        upper,
        probes,
        ..real(last, weight)
    })
}

fn a_virtual(id: ServiceId) -> impl Strategy<Value = Virtual> {
    let reals = prop::collection::vec(a_real(), 0..5);
    (reals, any::<bool>(), 1u32..4, prop_oneof![Just(0u8), Just(1), Just(9)], 3u32..12, any::<bool>()).prop_map(
        move |(reals, quiescent, failurecount, stand_in, interval, rr)| {
            let reals: BTreeMap<_, _> = reals.into_iter().map(|real| (configured_id(&real), real)).collect();
            let mut virtual_ = virtual_(id, reals.into_values().collect());
            virtual_.quiescent = quiescent;
            virtual_.check.failurecount = failurecount;
            virtual_.check.interval = interval;
            virtual_.fallback = fallback(stand_in).filter(|_| stand_in > 0);
            virtual_.scheduler = if rr { "rr" } else { "wrr" }.to_owned();
            virtual_
        },
    )
}

fn a_config() -> impl Strategy<Value = Config> {
    let [a, b, c] = services();
    let optional = |id| prop::option::weighted(0.8, a_virtual(id));
    (optional(a), optional(b), optional(c), any::<bool>()).prop_map(|(a, b, c, readd)| {
        let mut config = config(a.into_iter().chain(b).chain(c).collect());
        config.globals.readdquiescent = readd;
        config
    })
}

/// What a verdict means to somebody who only counts.
#[derive(Default)]
struct Model {
    health: BTreeMap<(ServiceId, DestinationId), (Option<bool>, u32)>,
    /// Up by an earlier configuration, now checked, no verdict yet: what was written for it stays, if it was.
    carried: BTreeSet<(ServiceId, DestinationId)>,
    /// The last numbers of the addresses that are in maintenance.
    out: BTreeSet<u8>,
}

impl Model {
    fn is_out(&self, id: &DestinationId) -> bool {
        self.out.contains(&last(id))
    }
    /// Who goes out or comes back is as unknown as at a start.
    fn maintain(&mut self, out: BTreeSet<u8>) {
        let moved: BTreeSet<u8> = self.out.symmetric_difference(&out).copied().collect();
        self.health.retain(|(_, id), _| !moved.contains(&last(id)));
        self.carried.retain(|(_, id)| !moved.contains(&last(id)));
        self.out = out;
    }
    fn verdict(&mut self, config: &Config, order: &CheckOrder, up: bool) {
        for virtual_ in &config.virtuals {
            for real in &virtual_.reals {
                let id = configured_id(real).unwrap();
                let port = if order.spec == Spec::Connect { id.port } else { 0 };
                let asked = real.probes == Probes::One(order.spec.clone(), order.deadline);
                if self.is_out(&id) || !asked || order.target.address != id.address || order.target.port != port {
                    continue;
                }
                let (state, failures) = self.health.entry((virtual_.id, id)).or_default();
                *failures = if up { 0 } else { *failures + 1 };
                if up {
                    *state = Some(true);
                } else if *state != Some(true) || *failures >= virtual_.check.failurecount {
                    *state = Some(false);
                }
                // A failure that does not count yet leaves everything as it was.
                if up || *state == Some(false) {
                    self.carried.remove(&(virtual_.id, id));
                }
            }
        }
    }
    fn up(&self, virtual_: &Virtual, real: &Real) -> bool {
        let id = configured_id(real).unwrap();
        let known = self.health.get(&(virtual_.id, id)).filter(|_| !self.is_out(&id));
        !self.is_out(&id) && real.probes == Probes::AlwaysUp || known.is_some_and(|(state, _)| *state == Some(true))
    }
    fn reload(&mut self, old: &Config, new: &Config) {
        let mut kept = BTreeMap::new();
        for virtual_ in &new.virtuals {
            let Some(before) = old.virtuals.iter().find(|before| before.id == virtual_.id) else { continue };
            for real in &virtual_.reals {
                let id = configured_id(real);
                let Some(was) = before.reals.iter().find(|before| configured_id(before) == id) else { continue };
                if !self.is_out(&id.unwrap()) && was.probes == Probes::AlwaysUp && real.probes != Probes::AlwaysUp {
                    self.carried.insert((virtual_.id, id.unwrap()));
                }
                let state = if self.up(before, was) {
                    let known = self.health.get(&(virtual_.id, id.unwrap()));
                    let failures = known.filter(|_| was.probes != Probes::AlwaysUp).map_or(0, |known| known.1);
                    (Some(true), failures)
                } else {
                    self.health.get(&(virtual_.id, id.unwrap())).copied().unwrap_or_default()
                };
                kept.insert((virtual_.id, id.unwrap()), state);
            }
        }
        self.health = kept;
    }
    /// The real that decides about a destination: the last line.
    fn decides<'a>(&self, virtual_: &'a Virtual, id: &DestinationId) -> Option<&'a Real> {
        virtual_.reals.iter().rev().find(|real| real_id(&virtual_.id, real).as_ref() == Some(id))
    }
    /// What the table should be once everything is decided: weights by service and destination.
    fn table(&self, config: &Config) -> BTreeMap<ServiceId, BTreeMap<DestinationId, u32>> {
        let of = |virtual_: &Virtual| {
            let ids: BTreeSet<_> = virtual_.reals.iter().filter_map(|real| real_id(&virtual_.id, real)).collect();
            let mut live = false;
            let mut table = BTreeMap::new();
            for id in ids {
                let real = self.decides(virtual_, &id).unwrap();
                if self.up(virtual_, real) {
                    live = true;
                    table.insert(id, real.weight);
                } else if virtual_.quiescent {
                    table.insert(id, 0);
                }
            }
            if let Some(fallback) = virtual_.fallback.as_ref().filter(|_| !live) {
                table.insert(fallback_id(&virtual_.id, fallback).unwrap(), 1);
            }
            table
        };
        config.virtuals.iter().map(|virtual_| (virtual_.id, of(virtual_))).collect()
    }
}

struct Life {
    world: World,
    configs: Vec<Config>,
    model: Model,
    running: Vec<CheckOrder>,
    observed: Option<Snapshot>,
    planned: Option<Vec<Planned>>,
    /// Destinations that somebody touched by hand, or that were in the table before us.
    hands: BTreeSet<(ServiceId, DestinationId)>,
}

impl Life {
    fn new(configs: Vec<Config>, found: Snapshot) -> Self {
        let hands = found
            .iter()
            .flat_map(|(service, entry)| entry.destinations.keys().map(|id| (*service, *id)).collect::<Vec<_>>())
            .collect();
        let world = World::start(configs[0].clone(), found);
        let (model, running) = (Model::default(), Vec::new());
        Self { world, configs, model, running, observed: None, planned: None, hands }
    }
    fn config(&self) -> Config {
        (**self.world.director.config()).clone()
    }
    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let now = self.world.now;
        match step {
            Step::Start => {
                let orders = self.world.director.due(now, 4);
                self.running.extend(orders);
            }
            Step::Verdict(place, up) if *place < self.running.len() => {
                let order = self.running.remove(*place);
                self.answer(&order, *up);
            }
            Step::Verdict(..) => {}
            Step::Pass(time) => {
                self.world.now += seconds(*time);
                self.world.director.tick(self.world.now);
            }
            Step::Read if self.planned.is_none() => {
                if let Some(scope) = self.world.director.dirty(now) {
                    self.observed = Some(self.world.read(&scope));
                }
            }
            Step::Plan if self.planned.is_none() => {
                if let Some(observed) = self.observed.take() {
                    let planned = self.world.director.plan(&observed, now);
                    self.judge_plan(&planned, &observed)?;
                    self.planned = Some(planned);
                }
            }
            Step::Read | Step::Plan => {}
            Step::Write { refused, dies } => self.write(*refused, *dies),
            Step::Reload(number) => self.reload(*number),
            Step::Same => {
                let config = self.config();
                self.world.director.reload(config.into(), now);
            }
            Step::Hand(service, destination, weight) => self.hand(*service, *destination, *weight),
            Step::RemoveService(service) => {
                self.world.table.remove(&services()[*service]);
            }
            Step::Maintain(bits) => {
                let out: BTreeSet<u8> = (1..5).filter(|last| bits >> last & 1 == 1).collect();
                let files = out.iter().map(|last| address(*last).to_string()).collect();
                let maintenance = Maintenance { files, ..Maintenance::default() };
                self.world.director.maintain(maintenance, now);
                self.model.maintain(out);
            }
        }
        Ok(())
    }
    fn answer(&mut self, order: &CheckOrder, up: bool) {
        // A check that a reload dropped says nothing to anybody.
        let known = self.world.director.book.get(order.check).is_some();
        self.world.director.verdict(order.check, &verdict(up), self.world.now);
        if known {
            let config = self.config();
            self.model.verdict(&config, order, up);
        }
    }
    fn reload(&mut self, number: usize) {
        let (old, new) = (self.config(), self.configs[number % self.configs.len()].clone());
        self.world.director.reload(new.clone().into(), self.world.now);
        self.model.reload(&old, &new);
        // What a service that went and came back has left in the table is adopted, as at start.
        for virtual_ in &new.virtuals {
            if old.virtuals.iter().all(|before| before.id != virtual_.id)
                && let Some(entry) = self.world.table.get(&virtual_.id)
            {
                self.hands.extend(entry.destinations.keys().map(|id| (virtual_.id, *id)));
            }
        }
    }
    fn hand(&mut self, service: usize, destination: usize, weight: Option<u32>) {
        let id = services()[service];
        let Some(entry) = self.world.table.get_mut(&id) else { return };
        let Some(destination) = entry.destinations.keys().nth(destination).copied() else { return };
        self.hands.insert((id, destination));
        match weight {
            Some(weight) => {
                if let Some(entry) = entry.destinations.get_mut(&destination) {
                    entry.destination.weight = weight;
                }
            }
            None => {
                entry.destinations.remove(&destination);
            }
        }
    }
    fn write(&mut self, refused: u32, dies: Option<usize>) {
        let Some(planned) = self.planned.take() else { return };
        let mut results = Vec::new();
        for (number, planned) in planned.iter().enumerate() {
            if dies.is_some_and(|dies| number >= dies) {
                break;
            }
            let operation = &planned.operation;
            let refused = refused >> (number % 32) & 1 == 1;
            results.push(if refused {
                let (service, destination) = (operation.service(), operation.destination());
                Err(TableError::Refused { service, destination, errno: 12, words: "no memory".to_owned() })
            } else {
                apply(&mut self.world.table, operation)
            });
        }
        let results = match dies {
            Some(_) => Err(TableError::Transport("gone".to_owned())),
            None => Ok(results),
        };
        self.world.director.written(&planned, results, self.world.now);
    }
    /// Properties 1 and 2, for every operation.
    fn judge_plan(&self, planned: &[Planned], observed: &Snapshot) -> Result<(), TestCaseError> {
        let config = self.config();
        for Planned { operation, .. } in planned {
            let service = operation.service();
            let Some(virtual_) = config.virtuals.iter().find(|virtual_| virtual_.id == service) else {
                prop_assert!(matches!(operation, Operation::DeleteService(_)), "{:?} in a foreign service", operation);
                prop_assert!(self.configs.iter().any(|config| config.virtuals.iter().any(|v| v.id == service)));
                continue;
            };
            let Some(id) = operation.destination() else { continue };
            let decides = self.model.decides(virtual_, &id);
            let up = decides.is_some_and(|real| self.model.up(virtual_, real));
            let carried = decides.and_then(configured_id).is_some_and(|id| self.model.carried.contains(&(service, id)));
            let is_fallback =
                virtual_.fallback.as_ref().and_then(|fallback| fallback_id(&service, fallback)) == Some(id);
            let by_hand = self.hands.contains(&(service, id));
            let seen = observed.get(&service).and_then(|entry| entry.destinations.get(&id));
            match operation {
                Operation::AddDestination(_, new) | Operation::EditDestination(_, new) => {
                    let stand_in = is_fallback && new.weight == 1;
                    prop_assert!(new.weight == 0 || up || stand_in || by_hand, "unverified weight: {:?}", operation);
                    if up && !by_hand && !carried {
                        let configured = decides.map(|real| real.weight);
                        prop_assert_eq!(Some(new.weight), configured, "an up real has its weight: {:?}", operation);
                    }
                    prop_assert!(seen.is_none_or(|seen| seen.destination != *new), "superfluous: {:?}", operation);
                }
                _ => prop_assert!(!up || carried, "an up real goes: {:?}", operation),
            }
        }
        Ok(())
    }
    /// Everything is decided and written without faults; how many rounds it took.
    fn rest(&mut self, healthy: u8) -> Result<(), TestCaseError> {
        self.write(0, None);
        self.observed = None;
        for order in std::mem::take(&mut self.running) {
            self.answer(&order, true);
        }
        for _ in 0..20 {
            self.world.now += seconds(13);
            for order in self.world.director.due(self.world.now, usize::MAX) {
                let up = match order.target.address {
                    std::net::IpAddr::V4(address) => healthy >> (address.octets()[3] % 8) & 1 == 1,
                    std::net::IpAddr::V6(_) => true,
                };
                self.answer(&order, up);
            }
            for step in [Step::Read, Step::Plan, Step::Write { refused: 0, dies: None }] {
                self.step(&step)?;
            }
        }
        prop_assert_eq!(self.world.director.dirty(self.world.now), None, "something is never written");
        Ok(())
    }
    fn weights(&self) -> BTreeMap<ServiceId, BTreeMap<DestinationId, u32>> {
        let of = |entry: &crate::ipvs::ServiceEntry| {
            entry.destinations.iter().map(|(id, entry)| (*id, entry.destination.weight)).collect()
        };
        self.world.table.iter().map(|(id, entry)| (*id, of(entry))).collect()
    }
}

fn found() -> impl Strategy<Value = Snapshot> {
    let destinations = prop::collection::btree_map(1u8..11, 0u32..4, 0..4);
    let table = prop::collection::vec(prop::option::of(destinations), 2);
    table.prop_map(|table| {
        let entries = services().into_iter().zip(table).filter_map(|(id, destinations)| {
            let destinations: Vec<_> = destinations?.into_iter().collect();
            Some((id, entry(id, &destinations)))
        });
        entries.chain([(tcp(99), entry(tcp(99), &[(1, 1)]))]).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn without_hands_the_table_becomes_what_health_says(
        configs in prop::collection::vec(a_config(), 3),
        steps in steps(0),
        healthy in any::<u8>(),
    ) {
        let mut life = Life::new(configs, Snapshot::new());
        for step in &steps {
            life.step(step)?;
        }
        life.rest(healthy)?;
        let config = life.config();
        prop_assert_eq!(life.weights(), life.model.table(&config));
        for virtual_ in &config.virtuals {
            prop_assert_eq!(&life.world.table[&virtual_.id].service.scheduler, &service(virtual_).scheduler);
        }
        life.world.director.reload(config.into(), life.world.now);
        prop_assert_eq!(life.world.round(), Vec::new(), "an identical configuration");
        life.rest(healthy)?;
    }

    #[test]
    fn with_hands_and_a_past_nothing_unverified_gets_weight_and_it_comes_to_rest(
        configs in prop::collection::vec(a_config(), 3),
        found in found(),
        steps in steps(3),
        healthy in any::<u8>(),
    ) {
        let mut life = Life::new(configs, found);
        for step in &steps {
            life.step(step)?;
        }
        life.rest(healthy)?;
        prop_assert_eq!(life.world.weights(tcp(99)), [(1, 1)], "a foreign service");
        // Once every state has changed and come back no hand is left to see in the reals.
        life.step(&Step::Maintain(0))?;
        life.rest(0)?;
        life.rest(0xff)?;
        life.rest(0)?;
        let config = life.config();
        for (id, wanted) in life.model.table(&config) {
            let table = life.weights();
            let Some(table) = table.get(&id) else { continue };
            for (destination, weight) in table {
                let dead = config.virtuals.iter().find(|v| v.id == id).and_then(|v| life.model.decides(v, destination));
                if dead.is_some_and(|real| real.probes != Probes::AlwaysUp) {
                    prop_assert_eq!(wanted.get(destination), Some(weight), "{} {}", id, destination);
                }
            }
        }
    }

    #[test]
    fn a_restart_takes_no_weight_from_what_was_up_and_writes_nothing_twice(
        first in a_config(),
        healthy in any::<u8>(),
    ) {
        let mut life = Life::new(vec![first.clone()], Snapshot::new());
        life.rest(healthy)?;
        let before = life.world.table.clone();
        let mut world = World::start(first, before.clone());
        prop_assert_eq!(world.round(), Vec::new());
        world.dead = (0..8).filter(|bit| healthy >> bit & 1 == 0).collect();
        world.check();
        prop_assert_eq!(&world.table, &before);
        for _ in 0..4 {
            let operations = world.round();
            for operation in &operations {
                // What had weight and failed goes after failurecount; what is healthy is not written at all.
                let up = operation.destination().is_some_and(|id| healthy >> (last(&id) % 8) & 1 == 1);
                prop_assert!(!up || last(&operation.destination().unwrap()) == 1, "{:?}", operation);
            }
            world.wait(seconds(13));
        }
        prop_assert_eq!(&world.table, &before);
    }
}
