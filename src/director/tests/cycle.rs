//! Start, verdicts, fallback, stop: what an administrator sees.

use super::world::*;
use crate::config::Probes;
use crate::director::{Event, RealState, Role, Stage};
use crate::ipvs::{Forward, Operation, Snapshot};
use checks::Spec;

#[test]
fn nothing_unverified_gets_weight_and_the_fallback_waits_for_every_verdict() {
    let mut web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    web.fallback = fallback(9);
    let mut world = World::start(config(vec![web]), Snapshot::new());
    world.round();
    assert!(world.table.contains_key(&tcp(80)), "the service is there at once");
    assert_eq!(world.weights(tcp(80)), []);
    let orders = world.director.due(world.now, usize::MAX);
    assert_eq!(orders.len(), 2, "first checks all at once");
    assert!(!world.director.first_round_done());
    world.director.verdict(orders[0].check, &verdict(false), world.now);
    world.round();
    assert_eq!(world.weights(tcp(80)), [], "one is still pending");
    world.director.verdict(orders[1].check, &verdict(false), world.now);
    assert!(world.director.first_round_done());
    world.round();
    assert_eq!(world.weights(tcp(80)), [(9, 1)]);
    world.wait(seconds(10));
    let operations = world.round();
    let kinds: Vec<_> = operations.iter().map(|operation| operation.destination().map(|id| last(&id))).collect();
    assert_eq!(kinds, [Some(1), Some(2), Some(9)], "reals enter before the fallback leaves");
    assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 5)]);
}

#[test]
fn pending_longer_than_five_seconds_lets_the_fallback_in() {
    let mut web = virtual_(tcp(80), vec![real(1, 1)]);
    web.fallback = fallback(9);
    let mut world = World::start(config(vec![web]), Snapshot::new());
    let orders = world.director.due(world.now, usize::MAX);
    world.now += seconds(4);
    world.director.tick(world.now);
    world.round();
    assert_eq!(world.weights(tcp(80)), []);
    assert_eq!(world.director.next_wake(), Some(seconds(105)));
    world.now = seconds(105);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(9, 1)]);
    world.director.verdict(orders[0].check, &verdict(true), world.now);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 1)]);
    let told: Vec<_> =
        world.events().into_iter().filter(|event| matches!(event, Event::AllDown(_) | Event::FirstUp(_))).collect();
    assert_eq!(told, [Event::AllDown(tcp(80)), Event::FirstUp(tcp(80))]);
}

#[test]
fn quiescent_reals_keep_their_place_without_weight() {
    let mut web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    web.quiescent = true;
    web.reals[0].upper = 100;
    let mut world = World::start(config(vec![web]), Snapshot::new());
    world.dead = vec![2];
    world.check();
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 0)], "first verdict down: weight 0");
    assert!(world.events().contains(&Event::Quiesced { service: tcp(80), destination: destination_id(2, 80) }));
    world.dead = vec![1];
    world.wait(seconds(10));
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 0), (2, 5)]);
    assert_eq!(world.table[&tcp(80)].destinations[&destination_id(1, 80)].destination.upper, 0);
    let events = world.events();
    let restored =
        Event::Restored { service: tcp(80), destination: destination_id(2, 80), role: Role::Real, weight: 5 };
    let position = events.iter().position(|event| *event == restored).unwrap();
    let reset = events.iter().position(|event| matches!(event, Event::SoftFailureReset { .. })).unwrap();
    assert!(reset < position, "{events:?}");
}

#[test]
fn failurecount_is_counted_for_each_virtual_that_shares_a_check() {
    let mut hasty = virtual_(tcp(80), vec![real(1, 1)]);
    hasty.check.failurecount = 1;
    let mut patient = virtual_(tcp(81), vec![real(1, 1)]);
    patient.check.failurecount = 3;
    patient.check.interval = 30;
    let mut world = World::start(config(vec![hasty, patient]), Snapshot::new());
    let report = world.director.status(world.now);
    assert_eq!((report.checks, report.checks_saved), (1, 1));
    assert_eq!(world.check(), 1);
    world.round();
    world.dead = vec![1];
    world.events();
    world.wait(seconds(10));
    world.round();
    assert_eq!((world.weights(tcp(80)), world.weights(tcp(81))), (vec![], vec![(1, 1)]));
    let events = world.events();
    let soft = |event: &Event| matches!(event, Event::SoftFailure { failures: 1, limit: 3, .. });
    assert!(events.iter().any(soft), "{events:?}");
    world.wait(seconds(20));
    world.round();
    assert_eq!(world.weights(tcp(81)), [], "the shortest interval wins");
}

#[test]
fn what_the_kernel_has_at_start_stays_untouched_until_a_verdict() {
    let mut web = virtual_(tcp(80), vec![real(1, 5), real(2, 5), real(3, 5)]);
    web.quiescent = true;
    let foreign = tcp(9999);
    let found =
        Snapshot::from([(tcp(80), entry(tcp(80), &[(1, 7), (2, 0), (8, 4)])), (foreign, entry(foreign, &[(1, 1)]))]);
    let mut world = World::start(config(vec![web]), found.clone());
    let operations = world.round();
    assert_eq!(operations, [Operation::DeleteDestination(tcp(80), destination_id(8, 80))]);
    let purged = Event::Purged { service: tcp(80), destination: destination_id(8, 80), stage: Stage::Start };
    assert!(world.events().contains(&purged));
    assert_eq!(world.weights(tcp(80)), [(1, 7), (2, 0)]);
    assert_eq!(world.director.status(world.now).virtuals[0].reals[0].state, RealState::Adopted);
    world.check();
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 5), (3, 5)]);
    assert_eq!(world.table[&foreign], found[&foreign]);
    assert_eq!(world.director.dirty(world.now), None);
}

#[test]
fn an_adopted_real_has_the_whole_of_failurecount() {
    let mut web = virtual_(tcp(80), vec![real(1, 5)]);
    web.check.failurecount = 2;
    let mut world = World::start(config(vec![web]), Snapshot::from([(tcp(80), entry(tcp(80), &[(1, 7)]))]));
    world.dead = vec![1];
    world.check();
    assert_eq!(world.round(), []);
    world.wait(seconds(10));
    world.round();
    assert_eq!(world.weights(tcp(80)), []);
}

#[test]
fn a_fallback_found_at_start_stays_until_a_real_is_up() {
    let mut web = virtual_(tcp(80), vec![real(1, 5)]);
    web.fallback = fallback(9);
    let mut world = World::start(config(vec![web]), Snapshot::from([(tcp(80), entry(tcp(80), &[(9, 1)]))]));
    assert_eq!(world.round(), []);
    assert_eq!(world.events(), [], "nobody knows yet");
    world.check();
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 5)]);
}

#[test]
fn a_fallback_found_beside_adopted_reals_stays_until_one_of_them_is_verified() {
    for dead in [vec![], vec![1]] {
        let mut web = virtual_(tcp(80), vec![real(1, 5)]);
        web.fallback = fallback(9);
        let found = Snapshot::from([(tcp(80), entry(tcp(80), &[(1, 5), (9, 1)]))]);
        let mut world = World::start(config(vec![web]), found);
        assert_eq!(world.round(), [], "nothing is verified yet");
        world.dead = dead.clone();
        world.check();
        world.round();
        let expected = if dead.is_empty() { (1, 5) } else { (9, 1) };
        assert_eq!(world.weights(tcp(80)), [expected]);
    }
}

#[test]
fn a_fallback_that_is_also_a_real_is_never_removed_while_that_real_is_up() {
    let mut web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    web.fallback = fallback(1);
    let mut world = World::start(config(vec![web]), Snapshot::new());
    world.check();
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 5)]);
    world.dead = vec![1, 2];
    world.wait(seconds(10));
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 1)], "as the fallback");
    world.dead = vec![1];
    world.wait(seconds(10));
    world.round();
    assert_eq!(world.weights(tcp(80)), [(2, 5)]);
    world.dead = vec![];
    world.wait(seconds(10));
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 5)]);
}

#[test]
fn reals_that_are_not_checked() {
    let mut on = virtual_(tcp(80), vec![real(1, 5)]);
    on.reals[0].probes = Probes::AlwaysUp;
    let mut off = virtual_(tcp(81), vec![real(1, 5), real(2, 6)]);
    off.reals.iter_mut().for_each(|real| real.probes = Probes::Never);
    off.fallback = fallback(9);
    let mut nowhere = virtual_(tcp(82), vec![real(1, 5)]);
    nowhere.reals[0].address = None;
    nowhere.fallback = fallback(9);
    let mut empty = virtual_(tcp(83), vec![]);
    empty.fallback = fallback(9);
    let found = Snapshot::from([(tcp(81), entry(tcp(81), &[(2, 3)]))]);
    let mut world = World::start(config(vec![on, off, nowhere, empty]), found);
    world.round();
    assert!(world.director.first_round_done());
    assert_eq!(world.weights(tcp(80)), [(1, 5)]);
    assert_eq!(world.weights(tcp(81)), [(2, 6)], "adopted, its weight corrected; no fallback");
    assert_eq!(world.weights(tcp(82)), [(9, 1)]);
    assert_eq!(world.weights(tcp(83)), [(9, 1)]);
    let states: Vec<_> =
        world.director.status(world.now).virtuals.iter().flat_map(|v| v.reals.iter().map(|r| r.state)).collect();
    assert_eq!(states, [RealState::On, RealState::Off, RealState::Off, RealState::Unresolved]);
}

#[test]
fn weight_zero_in_the_configuration_is_live() {
    let mut web = virtual_(tcp(80), vec![real(1, 0)]);
    web.fallback = fallback(9);
    let mut world = World::start(config(vec![web]), Snapshot::new());
    world.check();
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 0)]);
}

#[test]
fn direct_routing_has_the_port_of_the_service() {
    let mut web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    for real in &mut web.reals {
        real.port = 8080;
    }
    web.reals[0].forward = Forward::Gate;
    let mut world = World::start(config(vec![web.clone()]), Snapshot::new());
    world.check();
    world.round();
    let ids: Vec<_> = world.table[&tcp(80)].destinations.keys().copied().collect();
    assert_eq!(ids, [destination_id(1, 80), destination_id(2, 8080)]);
    let mut again = World::start(config(vec![web]), world.table.clone());
    assert_eq!(again.round(), [], "nothing is purged and added again");
    again.check();
    assert_eq!(again.round(), []);
    again.dead = vec![1];
    again.wait(seconds(10));
    again.round();
    let deleted = Event::Deleted {
        service: tcp(80),
        destination: destination_id(1, 80),
        mapped_from: Some(destination_id(1, 8080)),
        role: Role::Real,
    };
    assert!(again.events().contains(&deleted));
}

#[test]
fn of_two_lines_with_one_destination_the_last_counts() {
    let mut web = virtual_(tcp(80), vec![real(1, 5), real(1, 7)]);
    web.reals[0].port = 8080;
    web.reals[0].checkport = 8080;
    for real in &mut web.reals {
        real.forward = Forward::Gate;
    }
    let mut world = World::start(config(vec![web]), Snapshot::new());
    let orders = world.director.due(world.now, usize::MAX);
    for order in orders {
        world.director.verdict(order.check, &verdict(order.target.port == 80), world.now);
    }
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 7)]);
}

#[test]
fn an_answer_from_elsewhere_is_told_once() {
    let mut world = World::start(config(vec![virtual_(tcp(80), vec![real(1, 5)])]), Snapshot::new());
    let mut elsewhere = verdict(true);
    elsewhere.result.as_mut().unwrap().answered_by = Some("http://other/".to_owned());
    let check = world.director.due(world.now, 1)[0].check;
    for answer in [&elsewhere, &verdict(false), &elsewhere] {
        world.director.verdict(check, answer, world.now);
    }
    let told = world.events().iter().filter(|event| matches!(event, Event::AnsweredElsewhere { .. })).count();
    assert_eq!(told, 1);
    world.director.verdict(check, &verdict(true), world.now);
    world.director.verdict(check, &elsewhere, world.now);
    assert!(world.events().iter().any(|event| matches!(event, Event::AnsweredElsewhere { .. })));
}

#[test]
fn combined_checks_are_told_apart_by_their_order() {
    let mut web = virtual_(tcp(80), vec![real(1, 5)]);
    web.reals[0].probes = Probes::Combined {
        negotiate: Some((Spec::Ping { attempts: 1 }, seconds(30))),
        connect: (Spec::Connect, seconds(5)),
        count: 1,
    };
    let mut world = World::start(config(vec![web]), Snapshot::new());
    let mut asked = Vec::new();
    for _ in 0..4 {
        let mut orders = world.director.due(world.now, 1);
        while orders.is_empty() {
            world.now = world.director.next_wake().unwrap();
            world.director.tick(world.now);
            orders = world.director.due(world.now, 1);
        }
        asked.push((orders[0].spec.name(), orders[0].deadline));
        world.director.verdict(orders[0].check, &verdict(true), world.now);
    }
    let (ping, connect) = (("ping", seconds(30)), ("connect", seconds(5)));
    assert_eq!(asked, [ping, connect, ping, connect]);
}

#[test]
fn stop_removes_whole_services_and_tells_each_live_real() {
    let mut web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    web.quiescent = true;
    let mut kept = virtual_(tcp(81), vec![real(1, 5)]);
    kept.cleanstop = false;
    let mut world = World::start(config(vec![web, kept]), Snapshot::new());
    world.dead = vec![2];
    world.check();
    world.round();
    world.events();
    let observed = world.table.clone();
    let planned = world.director.stop(&observed);
    let operations: Vec<_> = planned.iter().map(|planned| planned.operation.clone()).collect();
    assert_eq!(operations, [Operation::DeleteService(tcp(80))]);
    world.director.written(&planned, Ok(vec![Ok(())]), world.now);
    let purged = Event::Purged { service: tcp(80), destination: destination_id(1, 80), stage: Stage::Stop };
    assert_eq!(world.events(), [purged, Event::VirtualPurged(tcp(80), Stage::Stop)]);
}

#[test]
fn a_refused_write_is_told_once_and_tried_again_with_growing_pauses() {
    let mut world = World::start(config(vec![virtual_(tcp(80), vec![real(1, 5)])]), Snapshot::new());
    world.check();
    let mut tries = Vec::new();
    while tries.len() < 5 {
        if !world.round_with(|_| Some(22)).is_empty() {
            tries.push(world.now.as_secs() - 100);
        }
        world.now = world.director.next_wake().unwrap();
        world.check();
        world.director.tick(world.now);
    }
    assert!(tries.starts_with(&[0, 1, 3, 7]), "{tries:?}");
    let refused: Vec<_> = world.events().into_iter().filter(|event| matches!(event, Event::Refused { .. })).collect();
    assert_eq!(refused.len(), 1, "once, and not for the destination of a service that is not there: {refused:?}");
    assert_eq!(world.director.status(world.now).virtuals[0].refused.as_deref(), Some("errno 22"));
    world.now += seconds(60);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 5)]);
    assert_eq!(world.director.status(world.now).virtuals[0].refused, None);
}

#[test]
fn a_verdict_between_plan_and_written_is_not_lost() {
    let mut world = World::start(config(vec![virtual_(tcp(80), vec![real(1, 5)])]), Snapshot::new());
    world.check();
    world.director.dirty(world.now).unwrap();
    let planned = world.director.plan(&world.table.clone(), world.now);
    world.dead = vec![1];
    world.now += seconds(10);
    world.check();
    let results = planned.iter().map(|planned| apply(&mut world.table, &planned.operation)).collect();
    world.director.written(&planned, Ok(results), world.now);
    assert_eq!(world.weights(tcp(80)), [(1, 5)]);
    world.round();
    assert_eq!(world.weights(tcp(80)), []);
}
