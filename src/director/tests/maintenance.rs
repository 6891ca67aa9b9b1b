//! Real servers that a file takes out.

use super::world::*;
use crate::director::{Event, Maintenance, RealState};
use crate::ipvs::Snapshot;

fn files(names: &[&str]) -> Maintenance {
    Maintenance { files: names.iter().map(|name| (*name).to_owned()).collect(), ..Maintenance::default() }
}

fn states(world: &World) -> Vec<RealState> {
    world.director.status(world.now).virtuals[0].reals.iter().map(|real| real.state).collect()
}

#[test]
fn it_goes_out_at_once_and_comes_back_by_a_verdict() {
    for quiescent in [false, true] {
        let mut web = virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
        web.quiescent = quiescent;
        web.check.failurecount = 9;
        let mut world = World::start(config(vec![web]), Snapshot::new());
        world.check();
        world.round();
        world.events();
        world.director.maintain(files(&["10.0.1.1:80"]), world.now);
        world.round();
        let without = if quiescent { vec![(1, 0), (2, 5)] } else { vec![(2, 5)] };
        assert_eq!(world.weights(tcp(80)), without);
        assert_eq!(states(&world), [RealState::Maintenance, RealState::Up]);
        assert!(world.events().contains(&Event::Maintenance {
            service: tcp(80),
            real: destination_id(1, 80),
            out: true
        }));
        // Its check goes on and is passed; that brings nothing back.
        world.wait(seconds(30));
        world.round();
        assert_eq!(world.weights(tcp(80)), without);
        let quiet = |event: &Event| !matches!(event, Event::SoftFailure { .. } | Event::Transition { .. });
        assert!(world.events().iter().all(quiet));
        world.director.maintain(files(&[]), world.now);
        world.round();
        assert_eq!(world.weights(tcp(80)), without, "not before a verdict");
        assert!(world.check() > 0, "which is asked for at once");
        world.round();
        assert_eq!(world.weights(tcp(80)), [(1, 5), (2, 5)]);
    }
}

#[test]
fn the_last_one_in_maintenance_lets_the_fallback_in() {
    let mut web = virtual_(tcp(80), vec![real(1, 5)]);
    web.fallback = fallback(9);
    let mut world = World::start(config(vec![web]), Snapshot::new());
    world.check();
    world.round();
    assert_eq!(world.weights(tcp(80)), [(1, 5)]);
    world.director.maintain(files(&["10.0.1.1"]), world.now);
    world.round();
    assert_eq!(world.weights(tcp(80)), [(9, 1)]);
}

#[test]
fn what_has_weight_at_start_loses_it_and_a_reload_brings_nobody_back() {
    let web = || virtual_(tcp(80), vec![real(1, 5), real(2, 5)]);
    let found = Snapshot::from([(tcp(80), entry(tcp(80), &[(1, 5), (2, 5)]))]);
    let mut world = World::begin(config(vec![web()]), found, files(&["10.0.1.1"]));
    world.round();
    assert_eq!(world.weights(tcp(80)), [(2, 5)]);
    world.check();
    world.director.reload(config(vec![web(), virtual_(tcp(81), vec![real(1, 3)])]).into(), world.now);
    world.check();
    world.round();
    assert_eq!((world.weights(tcp(80)), world.weights(tcp(81))), (vec![(2, 5)], vec![]), "new services neither");
}
