//! The health of one real server in one virtual: what a verdict does to it. One success brings it up, `failurecount`
//! failures in a row take it down; what was never verified goes down at the first failure.

use super::id::CheckId;
use super::{RealState, Time};

/// What is known of a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// No verdict yet: it may have no weight, except what somebody gave it who is not us.
    Pending,
    /// Had weight in the table before we came, no verdict yet: it keeps it untouched.
    Adopted,
    /// Verified.
    Up,
    /// Failed.
    Down,
    /// Up by configuration.
    On,
    /// Never checked, down.
    Off,
    /// Never checked, and had weight in the table before: up.
    OffAdopted,
    /// Without an address.
    Unresolved,
    /// Taken out by the administrator (`maintenancedir`), whatever its checks find.
    Maintenance,
}

impl Health {
    /// Takes connections, as far as the fallback is concerned.
    pub(super) fn live(self) -> bool {
        matches!(self, Self::Adopted | Self::Up | Self::On | Self::OffAdopted)
    }
    /// For the status.
    pub(super) fn shown(self) -> RealState {
        match self {
            Self::Pending => RealState::Pending,
            Self::Adopted => RealState::Adopted,
            Self::Up => RealState::Up,
            Self::Down => RealState::Down,
            Self::On => RealState::On,
            Self::Off | Self::OffAdopted => RealState::Off,
            Self::Unresolved => RealState::Unresolved,
            Self::Maintenance => RealState::Maintenance,
        }
    }
}

/// One real server in one virtual.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Its health.
    pub(super) health: Health,
    /// Since when.
    pub(super) since: Time,
    /// Failures in a row.
    pub(super) failures: u32,
    /// Its check, where it has one.
    pub(super) check: Option<CheckId>,
    /// A later line of the virtual means the same destination: this one decides nothing.
    pub(super) shadowed: bool,
}

/// What a verdict meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Earlier failures are forgotten.
    pub(super) reset: bool,
    /// A failure that does not take it down yet.
    pub(super) soft: bool,
    /// It is up or down now, and was not before.
    pub(super) transition: Option<bool>,
    /// What it should have in the table may have changed.
    pub(super) changed: bool,
}

impl Member {
    /// Applies a verdict; `limit` is failurecount. Adopted counts as up: it has the whole of failurecount.
    pub(super) fn judge(&mut self, up: bool, limit: u32, now: Time) -> Outcome {
        let before = self.health;
        let mut outcome = Outcome::default();
        if matches!(before, Health::On | Health::Off | Health::OffAdopted | Health::Unresolved | Health::Maintenance) {
            return outcome;
        }
        if up {
            outcome.reset = self.failures > 0;
            self.failures = 0;
            self.health = Health::Up;
        } else {
            self.failures = self.failures.saturating_add(1);
            outcome.soft = before.live() && self.failures < limit;
            if !outcome.soft {
                self.health = Health::Down;
            }
        }
        outcome.changed = self.health != before;
        // An adopted one that is verified was up all the time.
        if outcome.changed && !(before == Health::Adopted && up) {
            outcome.transition = Some(up);
            self.since = now;
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(health: Health) -> Member {
        Member { health, since: Time::ZERO, failures: 0, check: None, shadowed: false }
    }

    #[test]
    fn an_up_real_goes_down_at_the_last_of_failurecount_failures_in_a_row() {
        for health in [Health::Up, Health::Adopted] {
            let mut real = member(health);
            assert!(real.judge(false, 3, Time::ZERO).soft);
            assert!(real.judge(false, 3, Time::ZERO).soft);
            let reset = real.judge(true, 3, Time::ZERO);
            assert!(reset.reset && reset.transition.is_none(), "{reset:?}");
            assert!(real.judge(false, 3, Time::ZERO).soft);
            assert!(real.judge(false, 3, Time::ZERO).soft);
            assert_eq!(real.judge(false, 3, Time::ZERO).transition, Some(false));
            assert_eq!(real.health, Health::Down);
            assert_eq!(real.judge(false, 3, Time::ZERO), Outcome::default());
            let back = real.judge(true, 3, Time::ZERO);
            assert!(back.reset, "every recovery forgets failures first");
            assert_eq!(back.transition, Some(true));
        }
    }

    #[test]
    fn a_pending_real_needs_one_verdict_whatever_failurecount_says() {
        let mut real = member(Health::Pending);
        let down = real.judge(false, 5, Time::ZERO);
        assert_eq!((down.soft, down.transition), (false, Some(false)));
        let mut real = member(Health::Pending);
        let up = real.judge(true, 5, Time::ZERO);
        assert_eq!((up.reset, up.transition), (false, Some(true)));
    }

    #[test]
    fn a_verified_adoption_changes_what_may_be_written_but_is_no_transition() {
        let mut real = member(Health::Adopted);
        let outcome = real.judge(true, 1, Time::ZERO);
        assert!(outcome.changed && outcome.transition.is_none());
    }

    #[test]
    fn what_is_not_checked_has_no_verdicts() {
        for health in [Health::On, Health::Off, Health::OffAdopted, Health::Unresolved, Health::Maintenance] {
            let mut real = member(health);
            assert_eq!(real.judge(false, 1, Time::ZERO), Outcome::default());
            assert_eq!(real.health, health);
        }
    }
}
