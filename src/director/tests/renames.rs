//! Names that are resolved again: the pure decisions by themselves, and with a director, a table and servers that live or not.

use super::world::*;
use crate::config::{CheckKind, Config, Real};
use crate::director::{Answer, Name, News, RealState, Renames, Time};
use crate::ipvs::{Family, Operation, Snapshot};
use proptest::prelude::*;
use std::net::IpAddr;
use std::time::Duration;

const WEB: &str = "web.example";

fn named(last: u8) -> Real {
    Real { host: WEB.to_owned(), ..real(last, 5) }
}

/// One virtual with a name that was resolved to 10.0.1.LAST.
fn base(last: u8, quiescent: bool, more: Vec<Real>) -> Config {
    let mut web = virtual_(tcp(80), std::iter::once(named(last)).chain(more).collect());
    (web.quiescent, web.reresolve) = (quiescent, true);
    config(vec![web])
}

fn name() -> Name {
    (WEB.to_owned(), Family::V4)
}

fn found(lasts: &[u8], ttl: u64) -> Answer {
    Answer::Found { addresses: lasts.iter().map(|last| address(*last)).collect(), ttl: seconds(ttl) }
}

/// The world with a name server in it.
struct Named {
    world: World,
    renames: Renames,
    base: Config,
    /// What the name server says.
    says: Answer,
    told: Vec<News>,
    asked: Vec<Time>,
}

impl Named {
    fn start(base: Config, says: Answer) -> Self {
        let world = World::start(base.clone(), Snapshot::new());
        let mut renames = Renames::default();
        renames.configure(&base, world.now);
        let mut named = Self { world, renames, base, says, told: Vec::new(), asked: Vec::new() };
        named.turn();
        named
    }
    /// As the runtime does it: names, checks, one round of writing; the operations, one after the other, never leave the service
    /// without a living server, nor give a dead one anything.
    fn turn(&mut self) {
        for _ in 0..2 {
            for name in self.renames.due(self.world.now) {
                self.asked.push(self.world.now);
                self.told.extend(self.renames.answered(&name, self.says.clone(), self.world.now));
            }
            let director = &self.world.director;
            self.told.extend(self.renames.tick(|service, real| director.is_up(service, real), self.world.now));
            if self.renames.take_changed() {
                let config = self.renames.overlay(&self.base);
                self.world.director.renamed(config.into(), self.world.now);
            }
            self.world.check();
            let mut table = self.world.table.clone();
            for operation in self.world.round() {
                let lived = self.lives(&table);
                apply(&mut table, &operation).unwrap();
                assert!(!lived || self.lives(&table), "{operation:?} takes the last one: {:?}", self.told);
                if let Operation::AddDestination(_, new) | Operation::EditDestination(_, new) = operation {
                    assert!(new.weight == 0 || !self.world.dead.contains(&last(&new.id)), "{new:?} is dead");
                }
            }
        }
    }
    fn lives(&self, table: &Snapshot) -> bool {
        let entries = table.get(&tcp(80)).into_iter().flat_map(|entry| entry.destinations.values());
        entries
            .map(|entry| entry.destination)
            .any(|destination| destination.weight > 0 && !self.world.dead.contains(&last(&destination.id)))
    }
    fn wait(&mut self, time: Duration) {
        let end = self.world.now + time;
        loop {
            let wakes = [self.world.director.next_wake(), self.renames.next_wake()];
            let Some(wake) = wakes.into_iter().flatten().min().filter(|wake| *wake <= end) else { break };
            self.world.now = self.world.now.max(wake);
            self.world.director.tick(self.world.now);
            self.turn();
        }
        self.world.now = end;
    }
    fn weights(&self) -> Vec<(u8, u32)> {
        self.world.weights(tcp(80))
    }
    fn told(&mut self) -> Vec<String> {
        self.told.drain(..).map(|news| news.to_string()).collect()
    }
}

#[test]
fn another_address_takes_over_once_it_is_up_and_the_old_one_is_drained() {
    for quiescent in [true, false] {
        let mut web = Named::start(base(1, quiescent, Vec::new()), found(&[1], 30));
        web.wait(seconds(60));
        assert_eq!((web.weights(), web.told()), (vec![(1, 5)], Vec::new()));
        web.says = found(&[2], 30);
        web.wait(seconds(60));
        assert_eq!(web.weights(), if quiescent { vec![(1, 0), (2, 5)] } else { vec![(2, 5)] });
        let told = web.told();
        let place = "Real server web.example:80 (tcp:10.0.0.1:80)";
        assert_eq!(
            told[0],
            format!("{place}: the name means 10.0.1.2 now; 10.0.1.1 stays until 10.0.1.2 has passed its check")
        );
        let end = if quiescent { "gets no new connections" } else { "is removed" };
        assert_eq!(told[1..], [format!("{place}: 10.0.1.2 is up and takes over, 10.0.1.1 {end}")]);
        if quiescent {
            let states: Vec<_> =
                web.world.director.status(web.world.now).virtuals[0].reals.iter().map(|real| real.state).collect();
            assert_eq!(states, [RealState::Up, RealState::Leaving]);
            web.wait(seconds(900));
            assert_eq!(web.weights(), [(2, 5)]);
            assert_eq!(web.told(), [format!("{place}: 10.0.1.1, which was left, is removed")]);
        }
    }
}

#[test]
fn a_dead_one_gets_nothing_and_no_answer_changes_nothing() {
    let mut web = Named::start(base(1, true, Vec::new()), found(&[1], 5));
    web.world.dead = vec![3];
    web.says = found(&[3], 5);
    web.wait(seconds(600));
    assert_eq!(web.weights().into_iter().filter(|(_, weight)| *weight > 0).collect::<Vec<_>>(), [(1, 5)]);
    web.told();
    web.says = Answer::Failed("no name server answers".to_owned());
    web.wait(seconds(600));
    assert_eq!(
        web.told(),
        ["web.example does not resolve: no name server answers; its real servers keep their last addresses"]
    );
    assert!(web.lives(&web.world.table));
    web.says = found(&[2, 1], 5);
    web.wait(seconds(70));
    assert_eq!(web.weights(), [(1, 5)], "the present address is among the answers");
    let told = web.told();
    assert!(told[0].ends_with("resolves again") && told[1].contains("does not mean 10.0.1.3 any more"), "{told:?}");
}

/// While the candidate is not up yet, the address that has traffic is checked as ever.
#[test]
fn an_old_address_that_fails_goes_as_any_other() {
    let mut both = base(1, false, Vec::new());
    both.virtuals[0].fallback = fallback(9);
    let mut web = Named::start(both, found(&[1], 5));
    web.world.dead = vec![3];
    web.says = found(&[3], 5);
    web.wait(seconds(60));
    assert_eq!(web.weights(), [(1, 5)]);
    web.world.dead = vec![1, 3];
    web.wait(seconds(30));
    assert_eq!(web.weights(), [(9, 1)]);
    web.world.dead = vec![1];
    web.wait(seconds(30));
    assert_eq!(web.weights(), [(3, 5)]);
}

#[test]
fn a_name_that_moves_onto_another_real_server_leaves_that_alone() {
    let mut web = Named::start(base(1, false, vec![real(2, 7)]), found(&[1], 5));
    assert_eq!(web.weights(), [(1, 5), (2, 7)]);
    web.says = found(&[2], 5);
    web.wait(seconds(60));
    assert_eq!(web.weights(), [(2, 7)]);
    web.says = found(&[3], 5);
    web.wait(seconds(60));
    assert_eq!(web.weights(), [(2, 7), (3, 5)]);
}

#[test]
fn questions_are_bounded_and_jittered() {
    for (ttl, least, most) in [(0, 5.0, 5.5), (60, 60.0, 66.0), (1_000_000, 3600.0, 3960.0)] {
        let mut web = Named::start(base(1, false, Vec::new()), found(&[1], ttl));
        web.wait(seconds(20_000));
        assert!(web.asked.len() > 3);
        for pair in web.asked.windows(2) {
            let pause = (pair[1] - pair[0]).as_secs_f64();
            assert!((least..=most + 0.1).contains(&pause), "{ttl}: {pause}");
        }
    }
    let mut web = Named::start(base(1, false, Vec::new()), Answer::Failed("x".to_owned()));
    web.wait(seconds(600));
    let pauses: Vec<u64> = web.asked.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).take(6).collect();
    assert!(
        pauses
            .iter()
            .zip([5, 10, 20, 40, 60, 60])
            .all(|(pause, wanted)| (wanted..=wanted + wanted / 10).contains(pause)),
        "{pauses:?}"
    );
}

#[test]
fn only_what_is_named_and_asks_for_it_is_asked() {
    let next = |change: &dyn Fn(&mut Config)| {
        let mut config = base(1, false, Vec::new());
        change(&mut config);
        let mut renames = Renames::default();
        renames.configure(&config, Time::ZERO);
        assert_eq!(renames.overlay(&config), config);
        renames.next_wake()
    };
    assert!(next(&|_| {}).is_some());
    assert!(next(&|config| config.virtuals[0].reresolve = false).is_none());
    assert!(next(&|config| config.virtuals[0].check.kind = CheckKind::Off).is_none());
    assert!(next(&|config| config.virtuals[0].reals = vec![real(1, 5)]).is_none());
}

#[test]
fn an_answer_that_comes_too_late_is_nothing() {
    let mut renames = Renames::default();
    assert!(renames.answered(&name(), found(&[2], 5), Time::ZERO).is_empty());
    assert!(!renames.take_changed());
}

#[test]
fn programs_are_told_the_address_that_they_are_to_look_at() {
    let text = "virtual=10.0.0.1:80\n\treal=10.0.1.1:80 masq\n\tchecktype=external\n\tcheckcommand=/bin/true\n";
    let config = crate::config::read(text.as_bytes()).finish(&crate::config::Nameless).0.unwrap();
    let moved = format!("{:?}", config.virtuals[0].reals[0].at(address(2)).probes);
    assert!(moved.contains("10.0.1.2") && !moved.contains("10.0.1.1"), "{moved}");
}

#[derive(Clone, Debug)]
enum Act {
    Says(Vec<u8>),
    Silent,
    Wait(u64),
    /// A reload for which the machine has another address than is in force.
    Reload(u8, bool),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        proptest::collection::vec(1u8..6, 0..3).prop_map(Act::Says),
        Just(Act::Silent),
        (1u64..400).prop_map(Act::Wait),
        (1u8..6, any::<bool>()).prop_map(|(last, quiescent)| Act::Reload(last, quiescent)),
    ];
    proptest::collection::vec(act, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// 3 and 4 are dead. Whatever the name server says and whenever the file is read again: a living server has weight after
    /// every single operation, a dead one never (both are held by `turn`), and no address stands twice.
    #[test]
    fn traffic_goes_to_the_living_whatever_the_name_server_says(acts in acts(), quiescent: bool, more: bool) {
        let other = if more { vec![real(5, 7)] } else { Vec::new() };
        let mut web = Named::start(base(1, quiescent, other.clone()), found(&[1], 5));
        web.world.dead = vec![3, 4];
        for act in acts {
            match act {
                Act::Says(lasts) => web.says = found(&lasts, 30),
                Act::Silent => web.says = Answer::Failed("silence".to_owned()),
                Act::Wait(time) => web.wait(seconds(time)),
                Act::Reload(last, quiescent) => {
                    web.base = base(last, quiescent, other.clone());
                    web.renames.configure(&web.base, web.world.now);
                    let config = web.renames.overlay(&web.base);
                    web.world.director.reload(config.into(), web.world.now);
                    web.turn();
                }
            }
            prop_assert!(web.lives(&web.world.table), "{:?} {:?}", web.weights(), web.told);
            let config = web.renames.overlay(&web.base);
            let mut addresses: Vec<IpAddr> = config.virtuals[0].reals.iter().filter_map(|real| real.address).collect();
            let all = addresses.len();
            addresses.sort();
            addresses.dedup();
            prop_assert_eq!(addresses.len(), all);
            prop_assert!(all <= 2 + 8 + 1);
        }
        // In the end the name leads where it says, if somebody lives there.
        web.says = found(&[2], 30);
        web.wait(seconds(4000));
        let weights = web.weights();
        prop_assert!(weights.contains(&(2, 5)) && !weights.iter().any(|(last, weight)| *last == 1 && *weight > 0), "{:?}", weights);
    }
}

#[test]
fn the_directive_is_for_all_and_for_one() {
    let text = "reresolve=yes\nvirtual=1\n\treal=10.0.1.1 gate\nvirtual=2\n\treal=10.0.1.1 gate\n\treresolve=no\n\
                virtual=3\n\treal=10.0.1.1 gate\n\tchecktype=off\n\treresolve=yes\n";
    let (config, findings) = crate::config::read(text.as_bytes()).finish(&crate::config::Nameless);
    let follow: Vec<bool> = config.unwrap().virtuals.iter().map(|virtual_| virtual_.reresolve).collect();
    assert_eq!(follow, [true, false, true]);
    let told: Vec<(usize, &str)> = findings
        .iter()
        .filter(|finding| finding.message.contains("reresolve"))
        .map(|finding| (finding.line, finding.message.as_str()))
        .collect();
    assert!(told.iter().any(|(line, words)| *line == 10 && words.contains("is not used")), "{told:?}");
    assert!(told.iter().any(|(line, words)| *line == 1 && words.contains("ldirectord")), "{told:?}");
}
