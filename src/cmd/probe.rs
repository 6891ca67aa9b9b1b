//! `probe [VIRTUAL] [REAL]`: the configured checks once, now, without a daemon and without IPVS, each verdict with its phases.
#![allow(clippy::disallowed_methods, reason = "this verb runs checks")]

use super::loadable;
use crate::cli::ProbeOptions;
use crate::config::{Config, Probes, Real, Virtual};
use checks::{Class, Failure, Phase, Probe, Reason, Spec, Target, Timings, Verdict};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Exit code when something is down, or nothing was asked.
const DOWN: u8 = 1;
/// Checks at once, those by programs aside, which have their own number: one terminal does not need more, and every machine has the descriptors.
const AT_ONCE: usize = 256;

/// One real server and what was found.
struct Found {
    service: String,
    real: String,
    check: &'static str,
    /// Unset where the configuration says that nothing is checked.
    verdict: Option<Verdict>,
}

/// Runs the checks of the reals that match. Exit code 0 when all are up, 1 otherwise, 2 where the file does not load.
pub fn run(shown: &str, options: &ProbeOptions, stdout: &mut dyn Write, stderr: &mut dyn Write, colour: bool) -> u8 {
    let config = match loadable(shown, stderr, colour) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(stderr, "the runtime does not start: {error}");
            return DOWN;
        }
    };
    checks::programs_at_most(usize::try_from(config.globals.externalmax).unwrap_or(usize::MAX));
    let found = runtime.block_on(ask(&config, options));
    if found.is_empty() {
        let _ = writeln!(stderr, "no real server of {shown} matches; `show` prints them");
        return DOWN;
    }
    let text = if options.json { format!("{:#}\n", as_json(&found)) } else { as_text(&found) };
    // A reader that went away is nobody's fault; the exit code stays true.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    let up = |found: &Found| found.verdict.as_ref().is_none_or(Verdict::is_up);
    if found.iter().all(up) { 0 } else { DOWN }
}

/// All matching reals, asked side by side, in the order of the file.
async fn ask(config: &Config, options: &ProbeOptions) -> Vec<Found> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = Vec::new();
    for service in config.virtuals.iter().filter(|service| is_meant(service, options)) {
        for real in service.reals.iter().filter(|real| is_wanted(real, options)) {
            let places = places.clone();
            let steps = steps(real);
            let program = steps.iter().flatten().any(|(spec, _)| spec.class() == Class::Process);
            let target = real.address.map(|address| Target { address, port: real.checkport });
            let host = real.host.clone();
            let task = steps.map(|steps| {
                tokio::spawn(async move {
                    // The semaphore is never closed.
                    let _place = if program { None } else { places.acquire().await.ok() };
                    match target {
                        Some(target) => all(steps, target).await,
                        None => failed(Phase::Resolve, Reason::Unresolved(host)),
                    }
                })
            });
            running.push((service.id.to_string(), name(real), check(real), task));
        }
    }
    let mut found = Vec::new();
    for (service, real, check, task) in running {
        let verdict = match task {
            Some(task) => {
                Some(task.await.unwrap_or_else(|panic| failed(Phase::Connect, Reason::Internal(panic.to_string()))))
            }
            None => None,
        };
        found.push(Found { service, real, check, verdict });
    }
    found
}

fn is_meant(service: &Virtual, options: &ProbeOptions) -> bool {
    let wanted = options.virtual_service.as_deref();
    wanted.is_none_or(|wanted| wanted == service.id.to_string() || wanted == service.id.vip())
}

fn is_wanted(real: &Real, options: &ProbeOptions) -> bool {
    let wanted = options.real.as_deref();
    let address = real.address.map(|address| address.to_string()).unwrap_or_default();
    wanted.is_none_or(|wanted| wanted == name(real) || wanted == real.host || wanted == address)
}

/// As the configuration writes it: `10.0.0.1:80`, `[fd00::1]:80`, `www.example.org:80`.
fn name(real: &Real) -> String {
    match real.address {
        Some(address) => std::net::SocketAddr::new(address, real.port).to_string(),
        None => format!("{}:{}", real.host, real.port),
    }
}

fn check(real: &Real) -> &'static str {
    match &real.probes {
        Probes::One(spec, _) => spec.name(),
        Probes::Combined { negotiate: Some((spec, _)), .. } | Probes::Combined { connect: (spec, _), .. } => {
            spec.name()
        }
        Probes::AlwaysUp => "none",
        Probes::Never => "off",
    }
}

/// What is asked one after the other: a combined check asks both. Nothing where nothing is checked.
fn steps(real: &Real) -> Option<Vec<(Spec, Duration)>> {
    match &real.probes {
        Probes::One(spec, deadline) => Some(vec![(spec.clone(), *deadline)]),
        Probes::Combined { negotiate, connect, .. } => {
            Some(negotiate.iter().cloned().chain([connect.clone()]).collect())
        }
        Probes::AlwaysUp | Probes::Never => None,
    }
}

/// The first failure, or the first verdict.
async fn all(steps: Vec<(Spec, Duration)>, target: Target) -> Verdict {
    let mut first = None;
    for (spec, deadline) in steps {
        let verdict = match Probe::new(spec, target) {
            Ok(probe) => probe.run(deadline).await,
            Err(reason) => failed(Phase::Connect, reason),
        };
        if !verdict.is_up() {
            return verdict;
        }
        first.get_or_insert(verdict);
    }
    first.unwrap_or_else(|| failed(Phase::Connect, Reason::Internal("nothing to ask".to_owned())))
}

fn failed(phase: Phase, reason: Reason) -> Verdict {
    Verdict { result: Err(Failure { phase, reason }), timings: Timings::default() }
}

fn milliseconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| (time.as_secs_f64() * 1e6).round() / 1e3)
}

fn phases(timings: &Timings) -> [(&'static str, Option<Duration>); 5] {
    [
        ("resolve", timings.resolve),
        ("connect", timings.connect),
        ("tls", timings.tls),
        ("first byte", timings.first_byte),
        ("total", Some(timings.total)),
    ]
}

fn as_text(found: &[Found]) -> String {
    let mut text = String::new();
    let mut last = "";
    let wide = found.iter().map(|found| found.real.len()).max().unwrap_or_default();
    for one in found {
        if one.service != last {
            text.push_str(&format!("{}\n", one.service));
            last = &one.service;
        }
        let (state, words, times) = match &one.verdict {
            None => ("-", "nothing is checked".to_owned(), String::new()),
            Some(verdict) => {
                let times: Vec<String> = phases(&verdict.timings)
                    .into_iter()
                    .filter_map(|(name, time)| Some(format!("{name} {:.1} ms", milliseconds(time)?)))
                    .collect();
                (if verdict.is_up() { "up" } else { "down" }, verdict.words(), times.join(", "))
            }
        };
        text.push_str(&format!("    {:wide$}  {state:4}  {:9}  {words}", one.real, one.check));
        if !times.is_empty() {
            text.push_str(&format!("  ({times})"));
        }
        text.push('\n');
    }
    text
}

fn as_json(found: &[Found]) -> Value {
    let one = |found: &Found| {
        let timings = found.verdict.as_ref().map(|verdict| {
            let times =
                phases(&verdict.timings).map(|(name, time)| (name.replace(' ', "_"), json!(milliseconds(time))));
            Value::Object(times.into_iter().collect())
        });
        json!({
            "virtual": found.service,
            "real": found.real,
            "check": found.check,
            "up": found.verdict.as_ref().map(Verdict::is_up),
            "reason": found.verdict.as_ref().map(Verdict::words),
            "phase": found.verdict.as_ref().and_then(|verdict| verdict.result.as_ref().err()).map(|failure| failure.phase),
            "timings_ms": timings,
        })
    };
    json!({ "probes": found.iter().map(one).collect::<Vec<_>>() })
}
