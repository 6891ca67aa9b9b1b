//! How many programs run at once. In a process of its own, as the number holds for the whole of one.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and runs programs")]

mod support;

use checks::{External, ExternalKind, Mon, Probe, Spec, Target, Verdict};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::HERE;

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("programs-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

/// How many of those that write `+` and `-` were there at once.
fn most(notes: &Path) -> usize {
    let mut now = 0_usize;
    let mut most = 0;
    for mark in std::fs::read_to_string(notes).unwrap().chars() {
        now = if mark == '+' { now + 1 } else { now - 1 };
        most = most.max(now);
    }
    std::fs::write(notes, "").unwrap();
    most
}

async fn all(probes: Vec<Probe>, deadline: Duration) -> Vec<Verdict> {
    let running: Vec<_> =
        probes.into_iter().map(|probe| tokio::spawn(async move { probe.run(deadline).await })).collect();
    let mut verdicts = Vec::new();
    for one in running {
        verdicts.push(one.await.unwrap());
    }
    verdicts
}

#[tokio::test]
async fn no_more_run_at_once_than_may_and_who_waits_is_not_down() {
    let notes = file("notes", "");
    let shown = notes.display();
    let shell = format!("printf + >>{shown}; sleep 1; printf - >>{shown}");
    let perl = file(
        "check.pl",
        &format!("sub note {{ open my $f, '>>', '{shown}'; print $f @_; close $f }} note('+'); sleep 1; note('-');"),
    );
    let program = |number: usize| {
        let arguments = ["10.0.0.1", "80", "10.0.0.2", &number.to_string()].map(str::to_owned);
        let (kind, command) = match number % 3 {
            0 => (ExternalKind::Perl, vec![perl.display().to_string()]),
            1 => (ExternalKind::Program, ["sh", "-c", &shell, "x"].map(str::to_owned).to_vec()),
            // A command of its own each: no group.
            _ => {
                let command = ["sh", "-c", &shell, &number.to_string()].map(str::to_owned).to_vec();
                return Probe::new(Spec::Mon(Mon { command }), Target { address: HERE, port: 0 }).unwrap();
            }
        };
        Probe::new(Spec::External(External { kind, command, arguments }), Target { address: HERE, port: 0 }).unwrap()
    };
    let perl_is_there = std::process::Command::new("perl").args(["-e", "0"]).status().is_ok();
    let nine = || (0..9).filter(|number| perl_is_there || number % 3 != 0).map(program).collect::<Vec<_>>();

    checks::programs_at_most(1);
    // One after the other they take longer than the deadline of each.
    for verdict in all(nine(), Duration::from_secs(5)).await {
        assert!(verdict.is_up(), "{}", verdict.words());
    }
    assert_eq!(most(&notes), 1);

    checks::programs_at_most(3);
    for verdict in all(nine(), Duration::from_secs(30)).await {
        assert!(verdict.is_up(), "{}", verdict.words());
    }
    let seen = most(&notes);
    assert!(seen <= 3 && seen > 1, "{seen} at once");
    if perl_is_there {
        more_scripts_than_are_kept_are_run_all_the_same().await;
    }
}

async fn more_scripts_than_are_kept_are_run_all_the_same() {
    let scripts = (0..70).map(|number| file(&format!("warm-{number}.pl"), "print \"ran $ARGV[2]\"; exit 1"));
    let arguments = ["10.0.0.1", "80", "x", "80"].map(str::to_owned);
    let probes: Vec<_> = scripts
        .map(|script| {
            let command = vec![script.display().to_string()];
            let external = External { kind: ExternalKind::Perl, command, arguments: arguments.clone() };
            Probe::new(Spec::External(external), Target { address: HERE, port: 0 }).unwrap()
        })
        .collect();
    for probe in probes.iter().chain(&probes) {
        let verdict = probe.run(Duration::from_secs(30)).await;
        assert_eq!(verdict.words(), "receive: exit code 1: ran x");
    }
}
