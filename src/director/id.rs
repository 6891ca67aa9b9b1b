//! What makes two checks one: the target, everything that is asked of it, and the deadlines. Reals with equal keys, in
//! whatever virtual, share one check.

use crate::config::Probes;
use checks::{Spec, Target};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// One distinct check, shared by every real that asks the same of the same target. Stable over a reload that leaves it
/// unchanged; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub u64);

/// What is asked, with the deadline of each probe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ask {
    /// Always the same.
    One((Spec, Duration)),
    /// One negotiate, then `count` times connect.
    Combined {
        /// The service's dialogue.
        negotiate: (Spec, Duration),
        /// The connection.
        connect: (Spec, Duration),
        /// Connects between two negotiates.
        count: u32,
    },
}

impl Ask {
    /// What the configuration asks of a real; nothing where it is not checked. A combined check whose service has no
    /// dialogue is its connects alone: a dialogue that always passes would bring a refused real back up at every turn.
    pub(super) fn of(probes: &Probes) -> Option<Self> {
        match probes {
            Probes::AlwaysUp | Probes::Never | Probes::Combined { negotiate: None, count: 0, .. } => None,
            Probes::One(spec, deadline)
            | Probes::Combined { negotiate: None, connect: (spec, deadline), .. }
            | Probes::Combined { negotiate: Some((spec, deadline)), count: 0, .. } => {
                Some(Self::One((spec.clone(), *deadline)))
            }
            Probes::Combined { negotiate: Some(negotiate), connect, count } => {
                Some(Self::Combined { negotiate: negotiate.clone(), connect: connect.clone(), count: *count })
            }
        }
    }

    /// Whether nothing that these probes ask has a port.
    fn portless(&self) -> bool {
        matches!(self, Self::One((Spec::Ping { .. } | Spec::Mon(_), _)))
    }

    /// What to ask while `sequence` connects are left; 0: the negotiate.
    pub(super) fn step(&self, sequence: u32) -> &(Spec, Duration) {
        match self {
            Self::Combined { connect, .. } if sequence > 0 => connect,
            Self::Combined { negotiate: one, .. } | Self::One(one) => one,
        }
    }

    /// The sequence after a verdict: a passed negotiate is followed by `count` connects, a failure by a negotiate.
    pub(super) fn advance(&self, sequence: u32, up: bool) -> u32 {
        match self {
            Self::Combined { count, .. } if up && sequence == 0 => *count,
            Self::Combined { .. } if up => sequence.saturating_sub(1),
            _ => 0,
        }
    }
}

/// Everything that goes on the wire, whom it goes to, and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Whom.
    pub(super) target: Target,
    /// What.
    pub(super) ask: Arc<Ask>,
}

impl Key {
    /// The key of a real; the port does not count where none is asked.
    pub(super) fn new(mut target: Target, ask: Arc<Ask>) -> Self {
        if ask.portless() {
            target.port = 0;
        }
        Self { target, ask }
    }
    /// A number that is the same in every run: where in its interval the check stands. Those that can be asked together stand
    /// in the same place.
    pub(super) fn hash64(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        if matches!(*self.ask, Ask::One((Spec::Mon(_), _))) {
            self.ask.hash(&mut hasher);
        } else {
            self.hash(&mut hasher);
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_combined_check_is_one_negotiate_and_then_count_connects() {
        let seconds = Duration::from_secs(1);
        let probes = Probes::Combined {
            negotiate: Some((Spec::Ping { attempts: 1 }, seconds)),
            connect: (Spec::Connect, seconds),
            count: 2,
        };
        let ask = Ask::of(&probes).unwrap();
        let mut sequence = 0;
        let mut asked = Vec::new();
        for up in [true, true, true, true, true, false, false, true, false] {
            asked.push(ask.step(sequence).0.name());
            sequence = ask.advance(sequence, up);
        }
        let expected = ["ping", "connect", "connect", "ping", "connect", "connect", "ping", "ping", "connect"];
        assert_eq!(asked, expected, "a failed connect and a failed negotiate are followed by a negotiate");
        assert_eq!(sequence, 0);
    }

    #[test]
    fn what_can_be_asked_together_stands_in_one_place() {
        let key = |address: [u8; 4], port, spec: Spec| {
            let probes = Probes::One(spec, Duration::from_secs(1));
            Key::new(Target { address: address.into(), port }, Arc::new(Ask::of(&probes).unwrap()))
        };
        let mon = |word: &str| Spec::Mon(checks::Mon { command: vec![word.to_owned()] });
        let place = |last, spec| key([10, 0, 0, last], 80, spec).hash64();
        assert_eq!(place(1, mon("a")), place(2, mon("a")));
        assert_ne!(place(1, mon("a")), place(2, mon("b")));
        assert_ne!(place(1, Spec::Connect), place(2, Spec::Connect));
        assert_ne!(key([10, 0, 0, 1], 80, mon("a")), key([10, 0, 0, 2], 80, mon("a")), "the verdicts are two");
        // The port of a monitor is in its command, that of a program in its environment.
        assert_eq!(key([10, 0, 0, 1], 80, mon("a")), key([10, 0, 0, 1], 81, mon("a")));
        let external = Spec::External(checks::External {
            kind: checks::ExternalKind::Program,
            command: vec!["a".to_owned()],
            arguments: Default::default(),
        });
        assert_ne!(key([10, 0, 0, 1], 80, external.clone()), key([10, 0, 0, 1], 81, external));
    }

    #[test]
    fn combined_with_zero_or_without_a_dialogue_is_a_plain_check() {
        let connect = (Spec::Connect, Duration::from_secs(1));
        let ping = (Spec::Ping { attempts: 1 }, Duration::from_secs(1));
        let zero = Probes::Combined { negotiate: Some(ping.clone()), connect: connect.clone(), count: 0 };
        assert_eq!(Ask::of(&zero), Some(Ask::One(ping)));
        let none = Probes::Combined { negotiate: None, connect: connect.clone(), count: 3 };
        assert_eq!(Ask::of(&none), Some(Ask::One(connect.clone())));
        assert_eq!(Ask::of(&Probes::Combined { negotiate: None, connect, count: 0 }), None);
    }
}
