//! The director's knowledge as values for `status`; durations are since the time handed in.

use crate::ipvs::{DestinationId, Forward, ServiceId};
use checks::Verdict;
use std::time::Duration;

/// Everything.
#[derive(Clone, Debug)]
pub struct StatusReport {
    /// In file order.
    pub virtuals: Vec<VirtualStatus>,
    /// Distinct checks.
    pub checks: usize,
    /// Checks saved by sharing.
    pub checks_saved: usize,
    /// Checks that are waiting for room now.
    pub checks_late: usize,
}

/// One virtual service.
#[derive(Clone, Debug)]
pub struct VirtualStatus {
    /// Its id.
    pub id: ServiceId,
    /// Its reals in file order.
    pub reals: Vec<RealStatus>,
    /// The fallback's destination and whether it is (or should be) in the table.
    pub fallback: Option<(DestinationId, bool)>,
    /// Drift of the service itself.
    pub drift: Option<String>,
    /// The last refusal of the kernel, until it succeeds.
    pub refused: Option<String>,
}

/// State of one real server in one virtual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealState {
    /// No verdict yet.
    Pending,
    /// In the kernel with weight at start, no verdict yet: it keeps it.
    Adopted,
    /// Passed its last checks.
    Up,
    /// Failed.
    Down,
    /// Up by configuration, not checked.
    On,
    /// `checktype = off`: not checked, counts as down.
    Off,
    /// Its name does not resolve.
    Unresolved,
}

/// One real server in one virtual.
#[derive(Clone, Debug)]
pub struct RealStatus {
    /// Host as written in the file.
    pub host: String,
    /// As configured; unset while unresolved.
    pub id: Option<DestinationId>,
    /// Its state.
    pub state: RealState,
    /// For how long.
    pub since: Duration,
    /// Failures in a row.
    pub failures: u32,
    /// failurecount
    pub limit: u32,
    /// Forwarding method.
    pub forward: Forward,
    /// Weight as last written by us; unset: not in the table.
    pub weight: Option<u32>,
    /// Weight as configured.
    pub configured_weight: u32,
    /// What is checked: `http`, `connect`, …
    pub check: &'static str,
    /// The last verdict.
    pub verdict: Option<Verdict>,
    /// How long ago the last verdict came.
    pub checked: Option<Duration>,
    /// What somebody else changed.
    pub drift: Option<String>,
}
