//! What we wrote last into one service, and what differs from it by other hands. Only where the desired state differs
//! from this is anything written: what an administrator changes by hand stays.

use super::{Event, Role, Time};
use crate::ipvs::{Destination, DestinationId, Service, ServiceId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest pause between two tries of a refused write.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// A destination as we wrote it last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Unset: by our last word it is not there.
    pub(super) written: Option<Destination>,
    /// A write failed: nothing is known, the next round writes whatever differs.
    pub(super) unsure: bool,
    /// The real's state changed since: what was changed by hand meanwhile is over.
    pub(super) moved: bool,
    /// What it was written for.
    pub(super) role: Role,
}

/// One service.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The service as we wrote or adopted it last.
    pub(super) service: Option<Service>,
    /// A write of the service failed.
    pub(super) unsure: bool,
    /// Its destinations.
    pub(super) slots: BTreeMap<DestinationId, Slot>,
    /// Start or reload: restore what was removed by hand, purge what is not configured.
    pub(super) touch: bool,
    /// Weights that the operations of the round under way leave as somebody set them; ours beside them.
    pub(super) kept: BTreeMap<DestinationId, u32>,
    /// What differs by other hands, in words; `None` is the service itself.
    pub(super) drift: BTreeMap<Option<DestinationId>, String>,
    /// What the kernel refused, in words.
    pub(super) refused: BTreeMap<Option<DestinationId>, String>,
    /// Failed rounds in a row.
    pub(super) attempts: u32,
    /// When the next try is due.
    pub(super) retry: Option<Time>,
}

impl Ledger {
    /// What we wrote last.
    pub(super) fn written(&self, id: &DestinationId) -> Option<&Destination> {
        self.slots.get(id).and_then(|slot| slot.written.as_ref())
    }

    /// The kernel has what was wanted.
    pub(super) fn settle(&mut self, id: DestinationId, written: Option<Destination>, role: Role) {
        self.refused.remove(&Some(id));
        match written {
            Some(written) => {
                self.slots.insert(id, Slot { written: Some(written), unsure: false, moved: false, role });
            }
            None => {
                self.slots.remove(&id);
            }
        }
    }

    /// A real changed its state: what should be there is written whatever others made of it.
    pub(super) fn move_on(&mut self, id: &DestinationId) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.moved = true;
        }
    }

    /// A write failed: whatever the kernel has now must be looked at.
    pub(super) fn doubt(&mut self, destination: Option<DestinationId>) {
        match destination {
            None => self.unsure = true,
            Some(id) => {
                self.slots
                    .entry(id)
                    .or_insert(Slot { written: None, unsure: true, moved: false, role: Role::Real })
                    .unsure = true;
            }
        }
    }

    /// A refusal; news only when the words are.
    pub(super) fn refuse(
        &mut self,
        service: ServiceId,
        destination: Option<DestinationId>,
        words: String,
    ) -> Option<Event> {
        if self.refused.get(&destination) == Some(&words) {
            return None;
        }
        self.refused.insert(destination, words.clone());
        Some(Event::Refused { service, destination, words })
    }

    /// The drift of this reading takes the place of the last one; what is new or different is told.
    pub(super) fn replace_drift(
        &mut self,
        service: ServiceId,
        drift: BTreeMap<Option<DestinationId>, String>,
        events: &mut Vec<Event>,
    ) {
        for (destination, words) in &drift {
            if self.drift.get(destination) != Some(words) {
                events.push(Event::Drift { service, destination: *destination, words: words.clone() });
            }
        }
        self.drift = drift;
    }

    /// A round with failures ended: when the next try is due.
    pub(super) fn back_off(&mut self, now: Time) -> Time {
        let at = now + pause(&mut self.attempts);
        self.retry = Some(at);
        at
    }

    /// A round without failures ended.
    pub(super) fn succeeded(&mut self) {
        self.attempts = 0;
        self.retry = None;
    }
}

/// The pause after one more failure, 1 s doubling to 60 s.
pub(super) fn pause(attempts: &mut u32) -> Duration {
    let seconds = 1u64 << (*attempts).min(6);
    *attempts = attempts.saturating_add(1);
    Duration::from_secs(seconds).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_a_minute() {
        let mut ledger = Ledger::default();
        let pauses: Vec<u64> = (0..9).map(|_| ledger.back_off(Time::ZERO).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        ledger.succeeded();
        assert_eq!(ledger.back_off(Time::ZERO).as_secs(), 1);
    }
}
