//! Processor time of a check by a Perl script: a perl for every check (external), a fork of a warm one (external-perl), and, as
//! the bound of what warmth can save, a call of the compiled script in the same perl.
//!
//! `cargo bench -p checks --bench programs`; user and system time of this process and of all that it ran, perl's start included.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark runs programs and reads clocks"
)]

use checks::{External, ExternalKind, Probe, Spec, Target};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const CHECKS: u32 = 200;
const ROUNDS: usize = 3;
const DEADLINE: Duration = Duration::from_secs(60);
/// What a script loads; each is asked for by itself, so that what is not installed is left out.
const SCRIPTS: [(&str, &str); 3] = [
    ("exit 0", ""),
    ("IO::Socket::IP, HTTP::Tiny", "use strict; use IO::Socket::IP; use HTTP::Tiny;"),
    ("LWP::UserAgent", "use strict; use LWP::UserAgent;"),
];

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("processor time of one check, milliseconds, best of {ROUNDS} rounds of {CHECKS}");
    println!("{:30} {:>9} {:>10} {:>10} {:>6}", "the script loads", "external", "warm fork", "warm call", "ratio");
    for (name, uses) in SCRIPTS {
        let path = std::env::temp_dir().join(format!("ldirectord-bench-{}.pl", std::process::id()));
        std::fs::write(&path, format!("#!/usr/bin/perl\n{uses}\nexit 0;\n")).expect("a script");
        if !std::process::Command::new("perl").arg(&path).status().is_ok_and(|status| status.success()) {
            println!("{name:30} not installed");
            continue;
        }
        let cold = best(|| checks(&runtime, ExternalKind::Program, &["perl", path.to_str().unwrap_or_default()]));
        let fork = best(|| checks(&runtime, ExternalKind::Perl, &[path.to_str().unwrap_or_default()]));
        let call = best(|| calls(&path));
        println!("{name:30} {cold:>9.2} {fork:>10.2} {call:>10.3} {:>6.1}", cold / fork);
        let _ = std::fs::remove_file(&path);
    }
}

/// Milliseconds of processor time a check.
fn best(mut round: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let before = used();
        round();
        least = least.min((used() - before) / f64::from(CHECKS));
    }
    least
}

/// Of this process and of its children that have ended, milliseconds.
fn used() -> f64 {
    let of = |who| {
        let usage = getrusage(who).expect("the usage");
        (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1000.0
    };
    of(UsageWho::RUSAGE_SELF) + of(UsageWho::RUSAGE_CHILDREN)
}

fn checks(runtime: &Runtime, kind: ExternalKind, command: &[&str]) {
    let command = command.iter().map(|word| (*word).to_owned()).collect();
    let arguments = ["10.0.0.1", "80", "10.0.0.2", "80"].map(str::to_owned);
    let target = Target { address: [10, 0, 0, 2].into(), port: 80 };
    let probe = Probe::new(Spec::External(External { kind, command, arguments }), target).expect("a probe");
    runtime.block_on(async {
        for _ in 0..CHECKS {
            let verdict = probe.run(DEADLINE).await;
            assert!(verdict.is_up(), "{}", verdict.words());
        }
        // The warm perl ends with its probe, and counts when it has been waited for.
        drop(probe);
        tokio::time::sleep(Duration::from_millis(500)).await;
    });
}

/// The script compiled once and called, as ldirectord does it.
fn calls(path: &Path) {
    let text = std::fs::read_to_string(path).expect("the script").replace("exit 0;", "return 0;");
    let calling = format!("my $code = eval qq(sub {{\\n$ARGV[0]\\n}}) or die; $code->() for 1 .. {CHECKS}");
    let status = std::process::Command::new("perl").args(["-e", &calling, &text]).status().expect("perl");
    assert!(status.success());
}
