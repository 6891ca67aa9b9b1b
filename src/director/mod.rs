//! The decisions: configuration + health + time in, the table as it should be out, and the operations that lead there from
//! what was read. No clock, no socket, no file; time is handed in as the runtime's time since its start.
//!
//! The cycle that the runtime turns:
//! 1. [`Director::due`] names the checks to start, [`Director::verdict`] takes what they found.
//! 2. [`Director::dirty`] names the services that should be written: the runtime reads them and calls [`Director::plan`],
//!    applies the planned operations, and hands the results to [`Director::written`]. One such round is under way at a time.
//! 3. Every call may leave events; the runtime fetches them with [`Director::take_events`] and reports them.

pub mod events;
pub mod status;

pub use events::{Event, Role, Stage};
pub use status::{RealState, RealStatus, StatusReport, VirtualStatus};

use crate::config::Config;
use crate::ipvs::{Operation, Scope, ServiceId, Snapshot, TableError};
use checks::{Spec, Target, Verdict};
use std::sync::Arc;
use std::time::Duration;

/// Time since the runtime's start, from its (mockable) monotonic clock.
pub type Time = Duration;

/// One distinct check, shared by every real that asks the same of the same target. Stable over a reload that leaves it
/// unchanged; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub u64);

/// A check to start now.
#[derive(Clone, Debug)]
pub struct CheckOrder {
    /// To be handed back with the verdict.
    pub check: CheckId,
    /// What to ask.
    pub spec: Spec,
    /// Whom.
    pub target: Target,
    /// The one hard deadline.
    pub deadline: Duration,
}

/// An operation with what it means; the meaning becomes an event once the kernel has acknowledged it.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What to write.
    pub operation: Operation,
    /// What to report when it was acknowledged; nothing for operations that are told by another one.
    pub event: Option<Event>,
}

/// All decisions of one daemon.
#[derive(Debug)]
pub struct Director {
    config: Arc<Config>,
    events: Vec<Event>,
}

impl Director {
    /// A director that has checked nothing yet and knows nothing of the kernel: [`Self::adopt`] comes next.
    pub fn new(config: Arc<Config>, _now: Time) -> Self {
        Self { config, events: Vec::new() }
    }
    /// The configuration in force.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }
    /// At start, with everything read: reals with weight > 0 keep it until their verdict says otherwise, a fallback that is
    /// there stays until a real is up. Marks every configured service dirty.
    pub fn adopt(&mut self, _observed: &Snapshot, _now: Time) {}

    /// Checks whose time has come, at most `room` of them; they count as running until their verdict. Those left over stay
    /// due (lateness is never failure).
    pub fn due(&mut self, _now: Time, _room: usize) -> Vec<CheckOrder> {
        Vec::new()
    }
    /// When [`Self::due`] or [`Self::tick`] has something to do next.
    pub fn next_wake(&self) -> Option<Time> {
        None
    }
    /// Something may have come of age: a pending round longer than 5 s lets the fallback in.
    pub fn tick(&mut self, _now: Time) {}
    /// What a check found. Unknown ids (dropped by a reload meanwhile) are ignored.
    pub fn verdict(&mut self, _check: CheckId, _verdict: &Verdict, _now: Time) {}
    /// Whether every check has had its first verdict.
    pub fn first_round_done(&self) -> bool {
        false
    }

    /// A new configuration over the health of everything that is unchanged.
    pub fn reload(&mut self, _config: Arc<Config>, _now: Time) {}

    /// What to read before the next [`Self::plan`]; nothing when everything desired has been written.
    pub fn dirty(&self, _now: Time) -> Option<Scope> {
        None
    }
    /// The operations that make the read services as they should be, in the order in which they must be applied (a
    /// replacement enters before what it replaces leaves). Notes drift: what somebody else changed.
    pub fn plan(&mut self, _observed: &Snapshot, _now: Time) -> Vec<Planned> {
        Vec::new()
    }
    /// The results of a plan, in its order; `Err` when the table could not be written at all. What failed is tried again
    /// later, with growing pauses.
    pub fn written(
        &mut self,
        _planned: &[Planned],
        _results: Result<Vec<Result<(), TableError>>, TableError>,
        _now: Time,
    ) {
    }

    /// At stop: what cleanstop asks to remove, whole services.
    pub fn stop(&mut self, _observed: &Snapshot) -> Vec<Planned> {
        Vec::new()
    }
    /// The services that this configuration owns.
    pub fn services(&self) -> Vec<ServiceId> {
        Vec::new()
    }
    /// Everything that happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
    /// All there is to know, for `status`.
    pub fn status(&self, _now: Time) -> StatusReport {
        StatusReport { virtuals: Vec::new(), checks: 0, checks_saved: 0, checks_late: 0 }
    }
}
