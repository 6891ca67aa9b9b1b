//! The director's knowledge as values for `status`; durations are since the time handed in.

use super::{Director, Time, desired};
use crate::config::{CheckKind, Probes, Real, Virtual};
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
    /// Taken out by a file in `maintenancedir`.
    Maintenance,
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

impl Director {
    /// The report.
    pub(super) fn report(&self, now: Time) -> StatusReport {
        let virtuals = self.pools.iter().zip(&self.config.virtuals).map(|(pool, virtual_)| {
            let fallback = virtual_.fallback.as_ref();
            let reals = virtual_.reals.iter().zip(&pool.members).map(|(real, member)| {
                let written = desired::real_id(&virtual_.id, real);
                let check = member.check.and_then(|check| self.book.get(check));
                let checked = check.filter(|check| check.verdict.is_some()).map(|check| check.checked);
                RealStatus {
                    host: real.host.clone(),
                    id: desired::configured_id(real),
                    state: member.health.shown(),
                    since: now.saturating_sub(member.since),
                    failures: member.failures,
                    limit: virtual_.check.failurecount,
                    forward: real.forward,
                    weight: written.and_then(|id| pool.ledger.written(&id)).map(|written| written.weight),
                    configured_weight: real.weight,
                    check: check_name(virtual_, real),
                    verdict: check.and_then(|check| check.verdict.clone()),
                    checked: checked.map(|checked| now.saturating_sub(checked)),
                    drift: written.and_then(|id| pool.ledger.drift.get(&Some(id)).cloned()),
                }
            });
            VirtualStatus {
                id: virtual_.id,
                reals: reals.collect(),
                fallback: fallback
                    .and_then(|fallback| desired::fallback_id(&virtual_.id, fallback))
                    .map(|id| (id, pool.fallback_in)),
                drift: pool.ledger.drift.get(&None).cloned(),
                refused: pool.ledger.refused.values().next().cloned(),
            }
        });
        StatusReport {
            virtuals: virtuals.collect(),
            checks: self.book.len(),
            checks_saved: self.book.saved(),
            checks_late: self.schedule.waiting(),
        }
    }
}

fn check_name(virtual_: &Virtual, real: &Real) -> &'static str {
    match &real.probes {
        Probes::AlwaysUp if virtual_.check.kind == CheckKind::On => "on",
        Probes::AlwaysUp => "none",
        Probes::Never => "off",
        Probes::One(spec, _) => spec.name(),
        Probes::Combined { negotiate: Some((spec, _)), .. } | Probes::Combined { connect: (spec, _), .. } => {
            spec.name()
        }
    }
}
