//! What somebody else changes: it stays until the own state or the configuration changes, and is told once.

use super::world::*;
use crate::director::Event;
use crate::ipvs::{Operation, Scope, Snapshot};

fn two_virtuals() -> World {
    let web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    let mut world = World::start(config(vec![web]), Snapshot::new());
    world.check();
    world.round();
    world.events();
    world
}

fn drift(world: &mut World) -> Vec<String> {
    let told = world.events().into_iter().filter_map(|event| match event {
        Event::Drift { destination, words, .. } => {
            Some(format!("{} {words}", destination.map_or(0, |destination| last(&destination))))
        }
        _ => None,
    });
    told.collect()
}

/// Real 2 fails or comes back: the service is read and written.
fn flip(world: &mut World, dead: &[u8]) -> Vec<Operation> {
    world.dead = dead.to_vec();
    world.wait(seconds(10));
    world.round()
}

#[test]
fn a_weight_set_by_hand_stays_until_its_own_state_changes() {
    let mut world = two_virtuals();
    world.by_hand(tcp(80), 1, 0);
    flip(&mut world, &[2]);
    assert_eq!(world.weights(tcp(80)), [(1, 0)]);
    assert_eq!(drift(&mut world), ["1 weight 0 instead of 5"]);
    let shown = world.director.status(world.now).virtuals[0].reals[0].drift.clone();
    assert_eq!(shown.as_deref(), Some("weight 0 instead of 5"));
    flip(&mut world, &[]);
    assert_eq!(drift(&mut world), Vec::<String>::new(), "told once");
    assert_eq!(world.weights(tcp(80)), [(1, 0), (2, 5)]);
    flip(&mut world, &[1]);
    flip(&mut world, &[]);
    assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 5)], "its state changed");
    assert_eq!(world.director.status(world.now).virtuals[0].reals[0].drift, None);
}

#[test]
fn a_dead_real_that_somebody_gave_weight_loses_it_when_its_state_changes_only() {
    let mut web = virtual_(tcp(80), vec![real(1, 0), real(2, 5)]);
    web.quiescent = true;
    let mut world = World::start(config(vec![web]), Snapshot::new());
    world.check();
    world.round();
    world.by_hand(tcp(80), 1, 3);
    flip(&mut world, &[2]);
    assert_eq!(world.weights(tcp(80)), [(1, 3), (2, 0)]);
    flip(&mut world, &[1, 2]);
    assert_eq!(
        world.weights(tcp(80)),
        [(1, 0), (2, 0)],
        "configured and quiesced weight are the same, its state is not"
    );
}

#[test]
fn a_destination_removed_by_hand_stays_away_until_its_state_changes() {
    let mut world = two_virtuals();
    world.remove_by_hand(tcp(80), 1);
    assert_eq!(flip(&mut world, &[2]), [Operation::DeleteDestination(tcp(80), destination_id(2, 80))]);
    assert_eq!(drift(&mut world), ["1 removed"]);
    flip(&mut world, &[1, 2]);
    flip(&mut world, &[2]);
    assert_eq!(world.weights(tcp(80)), [(1, 5)]);
}

#[test]
fn a_removed_real_that_goes_down_is_readded_only_by_readdquiescent() {
    for readd in [false, true] {
        let mut web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
        web.quiescent = true;
        let mut config = config(vec![web]);
        config.globals.readdquiescent = readd;
        let mut world = World::start(config, Snapshot::new());
        world.check();
        world.round();
        world.events();
        world.remove_by_hand(tcp(80), 1);
        flip(&mut world, &[1]);
        let expected: &[(u8, u32)] = if readd { &[(1, 0), (2, 5)] } else { &[(2, 5)] };
        assert_eq!(world.weights(tcp(80)), expected);
        let readded = Event::ReaddedQuiescent { service: tcp(80), destination: destination_id(1, 80) };
        assert_eq!(world.events().contains(&readded), readd);
        flip(&mut world, &[]);
        assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 5)]);
    }
}

#[test]
fn a_service_removed_by_hand_comes_back_with_everything_when_something_in_it_comes_up() {
    let mut world = two_virtuals();
    world.table.clear();
    assert_eq!(flip(&mut world, &[2]), [], "nothing to take out of it");
    assert_eq!(drift(&mut world), ["0 removed"]);
    let operations = flip(&mut world, &[]);
    assert!(matches!(operations[0], Operation::AddService(_)), "{operations:?}");
    assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 5)]);
}

#[test]
fn foreign_destinations_and_changed_services_are_left_and_told() {
    let mut world = two_virtuals();
    world.table.get_mut(&tcp(80)).unwrap().service.scheduler = "rr".to_owned();
    let extra = entry(tcp(80), &[(77, 3)]).destinations;
    world.table.get_mut(&tcp(80)).unwrap().destinations.extend(extra);
    flip(&mut world, &[2]);
    assert_eq!(world.weights(tcp(80)), [(1, 5), (77, 3)]);
    assert_eq!(drift(&mut world), ["0 scheduler rr instead of wrr", "77 added"]);
    assert_eq!(world.table[&tcp(80)].service.scheduler, "rr");
}

#[test]
fn a_reload_keeps_weights_set_by_hand_restores_what_was_removed_and_purges_what_was_added() {
    let mut world = two_virtuals();
    world.by_hand(tcp(80), 1, 9);
    world.remove_by_hand(tcp(80), 2);
    let extra = entry(tcp(80), &[(77, 3)]).destinations;
    world.table.get_mut(&tcp(80)).unwrap().destinations.extend(extra);
    let config = world.director.config().clone();
    world.director.reload(config.clone(), world.now);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 9), (2, 5)]);
    let mut changed = (*config).clone();
    changed.virtuals[0].reals[0].upper = 50;
    world.director.reload(changed.clone().into(), world.now);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 9), (2, 5)], "another line of it changed");
    assert_eq!(world.table[&tcp(80)].destinations[&destination_id(1, 80)].destination.upper, 50);
    assert_eq!(world.director.dirty(world.now), None);
    changed.virtuals[0].reals[0].weight = 6;
    world.director.reload(changed.into(), world.now);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 6), (2, 5)], "its weight changed");
}

#[test]
fn drift_is_seen_without_a_change_of_ours_when_somebody_looks() {
    let mut world = two_virtuals();
    world.by_hand(tcp(80), 1, 0);
    world.remove_by_hand(tcp(80), 2);
    assert_eq!(world.director.dirty(world.now), None);
    for _ in 0..2 {
        world.director.inspect(&Scope::All, &world.table);
    }
    assert_eq!(drift(&mut world), ["1 weight 0 instead of 5", "2 removed"], "each told once");
    let shown: Vec<_> =
        world.director.status(world.now).virtuals[0].reals.iter().map(|real| real.drift.is_some()).collect();
    assert_eq!(shown, [true, true]);
    world.table.clear();
    world.director.inspect(&Scope::Services(vec![tcp(80)]), &world.table);
    assert_eq!(drift(&mut world), ["0 removed"]);
}

#[test]
fn an_adopted_real_that_somebody_removes_gets_nothing_before_its_verdict() {
    let web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    let mut world = World::start(config(vec![web]), Snapshot::from([(tcp(80), entry(tcp(80), &[(1, 7)]))]));
    let orders = world.director.due(world.now, usize::MAX);
    assert_eq!(world.round(), []);
    world.table.clear();
    world.answer(&orders[1]);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(2, 5)]);
    world.answer(&orders[0]);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 5)]);
}
