//! What `status` shows, as JSON (docs/json.md has a full example); the control socket carries it, `status` prints it.

use super::owner::Owner;
use crate::director::{RealState, RealStatus, VirtualStatus};
use crate::ipvs::DestinationId;
use crate::report::clock;
use serde_json::{Value, json};
use std::time::Duration;

/// Everything about a running instance.
pub(super) fn instance(owner: &Owner) -> Value {
    let facts = &owner.facts;
    let report = owner.director.status(owner.now());
    json!({
        "state": "running",
        "pid": std::process::id(),
        "version": env!("CARGO_PKG_VERSION"),
        "config": facts.printed,
        "path": facts.path.to_string_lossy(),
        "started": clock::rfc3339(facts.started),
        "ready": owner.ready,
        "table": facts.table,
        "table_error": owner.written.as_ref().err(),
        "reload_errors": owner.refused.iter().map(|error| json!({ "line": error.line, "message": error.message })).collect::<Vec<_>>(),
        "checks": { "distinct": report.checks, "saved": report.checks_saved, "late": report.checks_late },
        "virtuals": report.virtuals.iter().map(service).collect::<Vec<_>>(),
    })
}

fn service(status: &VirtualStatus) -> Value {
    json!({
        "id": status.id.to_string(),
        "fallback": status.fallback.as_ref().map(|(destination, active)| {
            json!({ "address": destination.address.to_string(), "port": destination.port, "active": active })
        }),
        "drift": status.drift,
        "refused": status.refused,
        "reals": status.reals.iter().map(real).collect::<Vec<_>>(),
    })
}

fn real(status: &RealStatus) -> Value {
    let verdict = status.verdict.as_ref();
    let milliseconds = |time: Duration| (time.as_secs_f64() * 1_000_000.0).round() / 1000.0;
    json!({
        "host": status.host,
        "address": status.id.map(|id: DestinationId| id.address.to_string()),
        "port": status.id.map(|id| id.port),
        "state": state(status.state),
        "since_s": seconds(status.since),
        "weight": status.weight,
        "configured_weight": status.configured_weight,
        "forward": status.forward,
        "check": status.check,
        "failures": status.failures,
        "failurecount": status.limit,
        "reason": verdict.map(checks::Verdict::words),
        "phase": verdict.and_then(|verdict| verdict.result.as_ref().err()).map(|failure| failure.phase),
        "answered_by": verdict.and_then(|verdict| verdict.result.as_ref().ok()).and_then(|success| success.answered_by.clone()),
        "checked_s": status.checked.map(seconds),
        "timings_ms": verdict.map(|verdict| json!({
            "resolve": verdict.timings.resolve.map(milliseconds),
            "connect": verdict.timings.connect.map(milliseconds),
            "tls": verdict.timings.tls.map(milliseconds),
            "first_byte": verdict.timings.first_byte.map(milliseconds),
            "total": milliseconds(verdict.timings.total),
        })),
        "drift": status.drift,
    })
}

/// With milliseconds.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

fn state(state: RealState) -> &'static str {
    match state {
        RealState::Pending => "pending",
        RealState::Adopted => "adopted",
        RealState::Up => "up",
        RealState::Down => "down",
        RealState::On => "on",
        RealState::Off => "off",
        RealState::Unresolved => "unresolved",
        RealState::Maintenance => "maintenance",
    }
}
