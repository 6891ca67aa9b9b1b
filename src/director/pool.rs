//! One virtual service: its reals, whether any of them is live, and from that whether the fallback stands in.

use super::health::{Health, Member};
use super::ledger::Ledger;
use super::{Event, Time};
use crate::config::Virtual;
use crate::ipvs::{Service, ServiceId};
use std::time::Duration;

/// How long unverified reals keep the fallback out when a virtual is new.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// The state of one virtual.
#[derive(Debug)]
pub(super) struct Pool {
    /// The service as it should be.
    pub(super) service: Service,
    /// Its reals, as in the configuration.
    pub(super) members: Vec<Member>,
    /// The fallback should be in the table (if there is one).
    pub(super) fallback_in: bool,
    /// Until when unverified reals keep it out.
    pub(super) grace: Time,
    /// What was told last: some real is live, or none.
    pub(super) told: Option<bool>,
    /// The kernel has not been looked at for it.
    pub(super) fresh: bool,
    /// What was written.
    pub(super) ledger: Ledger,
    live: usize,
    pending: usize,
    adopted: usize,
}

impl Pool {
    /// A new virtual.
    pub(super) fn new(service: Service, now: Time) -> Self {
        Self {
            service,
            members: Vec::new(),
            fallback_in: false,
            grace: now + GRACE,
            told: None,
            fresh: true,
            ledger: Ledger { touch: true, ..Ledger::default() },
            live: 0,
            pending: 0,
            adopted: 0,
        }
    }

    /// Its id.
    pub(super) fn id(&self) -> ServiceId {
        self.service.id
    }

    /// Counts the members anew.
    pub(super) fn recount(&mut self) {
        let deciding = || self.members.iter().filter(|member| !member.shadowed);
        let live = deciding().filter(|member| member.health.live()).count();
        let pending = deciding().filter(|member| member.health == Health::Pending).count();
        let adopted = deciding().filter(|member| member.health == Health::Adopted).count();
        (self.live, self.pending, self.adopted) = (live, pending, adopted);
    }

    /// Follows one member's change of health.
    pub(super) fn recount_one(&mut self, shadowed: bool, before: Health, after: Health) {
        if !shadowed {
            self.live = self.live + usize::from(after.live()) - usize::from(before.live());
            let follow = |count: usize, health| count + usize::from(after == health) - usize::from(before == health);
            self.pending = follow(self.pending, Health::Pending);
            self.adopted = follow(self.adopted, Health::Adopted);
        }
    }

    /// Whether some real is live; undecided while none is and some are unverified, for a while.
    fn decided(&self, now: Time) -> Option<bool> {
        match (self.live, self.pending) {
            (0, 0) => Some(false),
            (0, _) if now >= self.grace => Some(false),
            (0, _) => None,
            // Nobody is verified: a fallback that was found in the kernel stays beside the adopted ones.
            (live, _) if live == self.adopted && self.fallback_in => None,
            _ => Some(true),
        }
    }

    /// Lets the fallback in or out. Undecided leaves it as it is: one that was found in the kernel stays. True when it
    /// changed; what is to be told is added to the events.
    pub(super) fn settle(&mut self, virtual_: &Virtual, now: Time, events: &mut Vec<Event>) -> bool {
        let Some(live) = self.decided(now) else { return false };
        if self.told != Some(live) {
            self.told = Some(live);
            events.push(if live { Event::FirstUp(virtual_.id) } else { Event::AllDown(virtual_.id) });
        }
        let changed = self.fallback_in == live;
        self.fallback_in = !live;
        changed && virtual_.fallback.is_some()
    }

    /// When time alone changes something: the end of its grace.
    pub(super) fn alarm(&self, now: Time) -> Option<Time> {
        (self.live == 0 && self.decided(now).is_none()).then_some(self.grace)
    }
}
