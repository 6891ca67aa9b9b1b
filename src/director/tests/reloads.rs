//! Reloads: health stays where nothing changed.

use super::world::*;
use crate::config::Probes;
use crate::director::{Event, RealState, Stage};
use crate::ipvs::{Operation, Snapshot};
use checks::Spec;

fn states(world: &World, number: usize) -> Vec<RealState> {
    world.director.status(world.now).virtuals[number].reals.iter().map(|real| real.state).collect()
}

#[test]
fn an_identical_configuration_makes_no_operation_and_keeps_checks_and_counters() {
    let mut web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    web.fallback = fallback(9);
    web.check.failurecount = 3;
    let config = config(vec![web]);
    let mut world = World::start(config.clone(), Snapshot::new());
    world.dead = vec![2];
    world.check();
    world.round();
    world.dead = vec![1, 2];
    world.wait(seconds(10));
    let orders = world.director.due(world.now + seconds(10), usize::MAX);
    let failures: Vec<_> =
        world.director.status(world.now).virtuals[0].reals.iter().map(|real| real.failures).collect();
    world.director.reload(config.into(), world.now);
    assert_eq!(world.round(), []);
    let after: Vec<_> = world.director.status(world.now).virtuals[0].reals.iter().map(|real| real.failures).collect();
    assert_eq!(after, failures);
    assert_eq!(states(&world, 0), [RealState::Up, RealState::Down]);
    world.now += seconds(10);
    for order in &orders {
        world.answer(order);
    }
    let later: Vec<_> = world.director.status(world.now).virtuals[0].reals.iter().map(|real| real.failures).collect();
    assert_eq!(later, [failures[0] + 1, failures[1] + 1], "checks under way over the reload count");
}

#[test]
fn new_reals_wait_for_their_verdict_and_their_check_is_hastened() {
    let old = virtual_(tcp(80), vec![real(1, 5)]);
    let mut world = World::start(config(vec![old.clone()]), Snapshot::new());
    world.check();
    world.round();
    let mut new = old.clone();
    new.reals.push(real(2, 5));
    let other = virtual_(tcp(81), vec![real(1, 5)]);
    world.director.reload(config(vec![new, other]).into(), world.now);
    world.round();
    assert_eq!((world.weights(tcp(80)), world.weights(tcp(81))), (vec![(1, 5)], vec![]));
    assert_eq!(world.check(), 2, "the shared check runs at once for the one that waits for it");
    world.round();
    assert_eq!((world.weights(tcp(80)), world.weights(tcp(81))), (vec![(1, 5), (2, 5)], vec![(1, 5)]));
}

#[test]
fn where_only_the_check_changed_the_weight_stays_until_the_new_verdict() {
    let old = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    let mut world = World::start(config(vec![old.clone()]), Snapshot::new());
    world.dead = vec![2];
    world.check();
    world.round();
    let before = world.director.due(world.now + seconds(20), usize::MAX);
    let mut new = old;
    for real in &mut new.reals {
        real.probes = Probes::One(Spec::Ping { attempts: 1 }, seconds(5));
    }
    world.director.reload(config(vec![new]).into(), world.now);
    for order in before {
        world.director.verdict(order.check, &verdict(false), world.now);
    }
    assert_eq!(world.round(), [], "verdicts of the old check say nothing");
    world.dead = vec![1];
    world.check();
    world.round();
    assert_eq!(world.weights(tcp(80)), [(2, 5)]);
}

#[test]
fn dropped_services_and_reals_go_and_others_are_never_touched() {
    let kept = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    let gone = virtual_(tcp(81), vec![real(1, 5)]);
    let foreign = tcp(99);
    let found = Snapshot::from([(foreign, entry(foreign, &[(1, 1)]))]);
    let mut world = World::start(config(vec![kept.clone(), gone]), found);
    world.check();
    world.round();
    world.events();
    let mut kept = kept;
    kept.reals.pop();
    world.director.reload(config(vec![kept]).into(), world.now);
    let operations = world.round_with(|operation| (operation.service() == tcp(81)).then_some(16));
    assert_eq!(operations.len(), 2, "{operations:?}");
    assert!(world.table.contains_key(&tcp(81)));
    world.events();
    assert_eq!(world.round(), [], "not before a pause");
    world.now += seconds(1);
    assert_eq!(world.round(), [Operation::DeleteService(tcp(81))]);
    assert!(world.events().contains(&Event::VirtualPurged(tcp(81), Stage::Start)));
    assert_eq!(world.weights(tcp(80)), [(1, 5)]);
    assert_eq!(world.weights(foreign), [(1, 1)]);
    world.now += seconds(100);
    assert_eq!(world.director.dirty(world.now), None);
}

#[test]
fn a_changed_address_is_a_new_real_and_quiescent_reaches_reals_that_are_down() {
    let old = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    let mut world = World::start(config(vec![old.clone()]), Snapshot::new());
    world.dead = vec![2];
    world.check();
    world.round();
    let mut new = old.clone();
    new.quiescent = true;
    world.director.reload(config(vec![new.clone()]).into(), world.now);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 0)]);
    new.quiescent = false;
    new.reals[0] = real(3, 5);
    world.director.reload(config(vec![new]).into(), world.now);
    world.round();
    assert_eq!(world.weights(tcp(80)), []);
    assert_eq!(states(&world, 0), [RealState::Pending, RealState::Down]);
}

#[test]
fn a_virtual_that_loses_every_verified_real_has_its_fallback_at_once() {
    let mut old = virtual_(tcp(80), vec![real(1, 5)]);
    old.fallback = fallback(9);
    let mut world = World::start(config(vec![old.clone()]), Snapshot::new());
    world.check();
    world.round();
    world.wait(seconds(20));
    let mut new = old;
    new.reals[0] = real(3, 5);
    world.director.reload(config(vec![new]).into(), world.now);
    let operations = world.round();
    assert!(matches!(operations[0], Operation::AddDestination(..)), "{operations:?}");
    assert_eq!(world.weights(tcp(80)), [(9, 1)]);
}

#[test]
fn many_reloads_leave_nothing_behind() {
    let reals = |count: u32| {
        let of = |number: u32| {
            let mut one = real(0, 1);
            let [_, _, high, low] = number.to_be_bytes();
            one.address = Some(std::net::Ipv4Addr::new(10, 1, high, low).into());
            one
        };
        (0..count).map(of).collect::<Vec<_>>()
    };
    for count in [1000, 4000] {
        let config = config(vec![virtual_(tcp(80), reals(count))]);
        let mut world = World::start(config.clone(), Snapshot::new());
        assert_eq!(world.check(), count as usize);
        assert_eq!(world.round().len(), count as usize + 1);
        for _ in 0..50 {
            world.director.reload(config.clone().into(), world.now);
            assert_eq!(world.round(), []);
        }
        assert!(world.director.schedule.sizes().0 <= 2 * count as usize + 64, "{:?}", world.director.schedule.sizes());
    }
}

#[test]
fn a_predecessors_services_go_unless_they_are_still_configured() {
    let table = [entry(tcp(80), &[(1, 5)]), entry(tcp(81), &[(1, 5)]), entry(tcp(82), &[(1, 5)])];
    let table = table.into_iter().map(|entry| (entry.service.id, entry)).collect();
    let mut world = World::start(config(vec![virtual_(tcp(80), vec![real(1, 5)])]), table);
    world.director.inherit([tcp(80), tcp(81), tcp(99)]);
    assert_eq!(world.round(), [Operation::DeleteService(tcp(81))]);
    assert_eq!(world.director.legacy(), [tcp(80)]);
    assert!(world.events().contains(&Event::VirtualPurged(tcp(81), Stage::Start)));
    assert_eq!(world.table.keys().collect::<Vec<_>>(), [&tcp(80), &tcp(82)], "nobody's service is not touched");
}
