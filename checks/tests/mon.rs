//! `checktype = mon`: monitors as mon runs them, grouped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail, and runs programs"
)]

mod support;

use checks::{Failure, Mon, Phase, Probe, Reason, Spec, Target, Verdict};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::DEADLINE;

/// A monitor that writes down how it was called and follows the given lines of shell, with `$failed` for the failed hosts.
struct Monitor {
    path: PathBuf,
    calls: PathBuf,
}

impl Monitor {
    fn new(name: &str, lines: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mon-{}-{name}.monitor", std::process::id()));
        let calls = path.with_extension("calls");
        let _ = std::fs::remove_file(&calls);
        std::fs::write(&path, format!("echo \"$*\" >> {}\n{lines}\n", calls.display())).unwrap();
        Self { path, calls }
    }
    fn probe(&self, host: &str) -> Probe {
        let command = ["/bin/sh", self.path.to_str().unwrap(), "-t", "3"].map(str::to_owned).to_vec();
        let target = Target { address: host.parse().unwrap(), port: 0 };
        Probe::new(Spec::Mon(Mon { command }), target).unwrap()
    }
    /// All at once, as a director starts those that are due together.
    async fn ask(&self, hosts: &[&str], deadline: Duration) -> Vec<Verdict> {
        let checks: Vec<_> = hosts
            .iter()
            .map(|host| {
                let probe = self.probe(host);
                tokio::spawn(async move { probe.run(deadline).await })
            })
            .collect();
        let mut verdicts = Vec::new();
        for check in checks {
            verdicts.push(check.await.unwrap());
        }
        verdicts
    }
    fn calls(&self) -> Vec<String> {
        std::fs::read_to_string(&self.calls).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

fn up(verdicts: &[Verdict]) -> Vec<bool> {
    verdicts.iter().map(Verdict::is_up).collect()
}

#[tokio::test]
async fn hosts_that_are_due_together_are_one_call() {
    let lines = "echo 10.0.0.2; echo; echo '10.0.0.2 failed with error: no greeting'; exit 1";
    let monitor = Monitor::new("group", lines);
    let hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.22", "fd00::1"];
    let verdicts = monitor.ask(&hosts, DEADLINE).await;
    assert_eq!(up(&verdicts), [true, false, true, true]);
    let failure = verdicts[1].result.clone().unwrap_err();
    assert_eq!(failure.phase, Phase::Receive);
    assert_eq!(failure.reason.to_string(), "exit code 1: 10.0.0.2 failed with error: no greeting");
    assert_eq!(monitor.calls(), ["-t 3 10.0.0.1 10.0.0.2 10.0.0.22 fd00::1"]);
    // Another deadline is another group, and later ones are another call.
    monitor.ask(&["10.0.0.1"], DEADLINE * 2).await;
    assert_eq!(monitor.calls().len(), 2);
}

#[tokio::test]
async fn where_nobody_is_named_all_are_down() {
    let monitor = Monitor::new("nobody", "echo 'usage: monitor host' >&2; exit 2");
    let verdicts = monitor.ask(&["10.0.0.1", "10.0.0.2"], DEADLINE).await;
    for verdict in verdicts {
        assert_eq!(verdict.words(), "receive: exit code 2: usage: monitor host");
    }
    let killed = Monitor::new("killed", "echo 10.0.0.1; kill -9 $$");
    for verdict in killed.ask(&["10.0.0.1", "10.0.0.2"], DEADLINE).await {
        assert_eq!(verdict.words(), "receive: killed by signal 9");
    }
    let command = vec!["not-there.monitor".to_owned()];
    let target = Target { address: "10.0.0.1".parse().unwrap(), port: 0 };
    let verdict = Probe::new(Spec::Mon(Mon { command }), target).unwrap().run(DEADLINE).await;
    assert_eq!(verdict.words(), "connect: cannot run not-there.monitor: no such file or directory");
}

#[tokio::test]
async fn a_silent_host_takes_nobody_with_it_and_stays_apart_until_it_answers() {
    let note = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mon-{}-silent", std::process::id()));
    std::fs::write(&note, "").unwrap();
    // Asks host after host, as most do; one of them is silent while the note is there.
    let lines =
        format!("shift 2; for host; do [ $host = 10.0.0.2 ] && [ -e {} ] && sleep 60; done; exit 0", note.display());
    let monitor = Monitor::new("silent", &lines);
    let kept = monitor.probe("10.0.0.3");
    let hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    let deadline = Duration::from_secs(4);
    let verdicts = monitor.ask(&hosts, deadline).await;
    assert_eq!(up(&verdicts), [true, false, true], "{verdicts:?}");
    let Err(Failure { reason: Reason::Timeout(time), .. }) = &verdicts[1].result else { panic!("{verdicts:?}") };
    assert_eq!(*time, deadline);
    assert_eq!(monitor.calls()[0], "-t 3 10.0.0.1 10.0.0.2 10.0.0.3");
    let before = monitor.calls().len();
    assert_eq!(up(&monitor.ask(&hosts, deadline).await), [true, false, true]);
    let mut calls = monitor.calls().split_off(before);
    calls.sort();
    assert_eq!(calls, ["-t 3 10.0.0.1 10.0.0.3", "-t 3 10.0.0.2"]);
    std::fs::remove_file(&note).unwrap();
    assert_eq!(up(&monitor.ask(&hosts, deadline).await), [true, true, true]);
    let before = monitor.calls().len();
    assert_eq!(up(&monitor.ask(&hosts, deadline).await), [true, true, true]);
    assert_eq!(monitor.calls().split_off(before), ["-t 3 10.0.0.1 10.0.0.2 10.0.0.3"]);
    drop(kept);
}

#[tokio::test]
async fn the_process_ends_when_nobody_waits_any_more() {
    let monitor = Monitor::new("left", "sleep 60");
    let note = monitor.path.with_extension("number");
    let _ = std::fs::remove_file(&note);
    let lines = format!("trap '' TERM; echo $$ > {}; sleep 60 & wait", note.display());
    let monitor = Monitor::new("left", &lines);
    let checks: Vec<_> = ["10.0.0.1", "10.0.0.2"]
        .map(|host| {
            let probe = monitor.probe(host);
            tokio::spawn(async move { probe.run(Duration::from_secs(60)).await })
        })
        .into();
    let mut number = None;
    for _ in 0..500 {
        number = std::fs::read_to_string(&note).ok().and_then(|text| text.trim().parse::<i32>().ok());
        if number.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let process = nix::unistd::Pid::from_raw(number.unwrap());
    checks[0].abort();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(nix::sys::signal::kill(process, None).is_ok(), "one still waits");
    checks[1].abort();
    for _ in 0..500 {
        if nix::sys::signal::kill(process, None).is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{process} is still there");
}

#[tokio::test]
async fn surroundings_are_those_of_mon() {
    let lines =
        "echo \"$MON_LAST_SUMMARY/$MON_STATEDIR/$MON_DEPEND_STATUS/$(( MON_LAST_FAILURE > 0 ))/$(pwd)\"; exit 1";
    let monitor = Monitor::new("surroundings", lines);
    let probe = monitor.probe("10.0.0.1");
    assert_eq!(probe.run(DEADLINE).await.words(), "receive: exit code 1: //var/lib/mon/1/0//");
    assert_eq!(probe.run(DEADLINE).await.words(), "receive: exit code 1: //var/lib/mon/1/0////var/lib/mon/1/1//");
    let command = ["/bin/sh", "-c", "echo $#; exit 3", "x", ";;"].map(str::to_owned).to_vec();
    let target = Target { address: "10.0.0.1".parse().unwrap(), port: 0 };
    let verdict = Probe::new(Spec::Mon(Mon { command }), target).unwrap().run(DEADLINE).await;
    assert_eq!(verdict.words(), "receive: exit code 3: 0", "no hosts are appended");
}
