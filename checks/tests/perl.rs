//! external-perl: a script kept compiled by a warm perl. Where there is no perl nothing is tested, and that is said.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail, and runs programs"
)]

mod support;

use checks::{External, ExternalKind, Failure, Phase, Probe, Reason, Spec, Success, Target};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::{DEADLINE, HERE};

const TARGET: Target = Target { address: HERE, port: 8080 };
const SOON: Duration = Duration::from_secs(3);

/// A script of its own for each test; unset where there is no perl.
fn script(name: &str, text: &str) -> Option<PathBuf> {
    let perl = std::process::Command::new("perl").args(["-e", "0"]).status();
    if !perl.is_ok_and(|status| status.success()) {
        println!("perl cannot be run here");
        return None;
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("perl-{}-{name}.pl", std::process::id()));
    std::fs::write(&path, text).unwrap();
    Some(path)
}

fn probe(script: &Path, real: &str) -> Probe {
    let command = vec![script.display().to_string()];
    let arguments = ["10.0.0.1", "80", real, "81"].map(str::to_owned);
    Probe::new(Spec::External(External { kind: ExternalKind::Perl, command, arguments }), TARGET).unwrap()
}

async fn run(probe: &Probe) -> Result<Success, Failure> {
    let verdict = probe.run(DEADLINE).await;
    assert!(!verdict.words().chars().any(char::is_control), "{:?}", verdict.words());
    verdict.result
}

/// What a shell would say of a process; `None` when there is none of this number.
fn state(process: u32) -> Option<char> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    text.rsplit(')').next()?.trim().chars().next()
}

async fn gone(process: u32) {
    for _ in 0..1000 {
        if matches!(state(process), None | Some('Z')) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("process {process} is still there: {:?}", state(process));
}

async fn number_in(path: &Path) -> u32 {
    for _ in 0..500 {
        if let Some(text) = std::fs::read_to_string(path).ok().filter(|text| text.ends_with('\n')) {
            return text.trim().parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} was never written", path.display());
}

#[tokio::test]
async fn the_exit_code_decides_and_nothing_outlives_its_run() {
    let text = r#"#!/usr/bin/perl -w
use strict;
BEGIN { $main::compiled = $$ }
our $runs; $runs++;
my $data = <DATA>;
print "$0 $ARGV[0] $ARGV[1] $ARGV[3] $ENV{LDIRECTORD_REAL_ADDRESS} $ENV{LDIRECTORD_CHECKPORT} run $runs $data";
exit 3 if $ARGV[2] eq 'exit';
exit if $ARGV[2] eq 'bare';
return 7 if $ARGV[2] eq 'return';
die { words => 'none' } if $ARGV[2] eq 'object';
die "no route to $ARGV[2]\n" if $ARGV[2] eq 'die';
kill 9, $$ if $ARGV[2] eq 'kill';
exec 'sh', '-c', 'echo from a shell; exit 5' if $ARGV[2] eq 'exec';
if ($ARGV[2] eq 'worker') { print "worker $main::compiled\n"; }
if ($ARGV[2] eq 'input') { print defined(<STDIN>) ? "something\n" : "end of input\n" }
if ($ARGV[2] eq 'spoil') { $/ = undef; $, = '-'; close STDOUT; close STDERR; $SIG{CHLD} = 'IGNORE'; %ENV = (); alarm 1 }
__DATA__
data
"#;
    let Some(path) = script("exit", text) else { return };
    let ask = |real: &'static str| {
        let probe = probe(&path, real);
        async move { run(&probe).await }
    };
    let kept = probe(&path, "x");
    let words = format!("{} 10.0.0.1 80 81 x 8080 run 1 data", path.display());
    assert_eq!(run(&kept).await.unwrap().words, words);
    assert_eq!(run(&kept).await.unwrap().words, words, "globals and the place in DATA are those of a first run");
    for up in ["bare", "return", "spoil"] {
        assert!(ask(up).await.is_ok(), "{up}");
    }
    assert_eq!(ask("input").await.unwrap().words, "end of input");
    for (real, code) in [("exit", 3), ("exec", 5), ("die", 255), ("object", 255)] {
        let failure = ask(real).await.unwrap_err();
        assert_eq!(failure.phase, Phase::Receive);
        let Reason::Exit { code: found, output } = failure.reason else { panic!("{real}") };
        assert_eq!(found, code, "{real}");
        match real {
            "die" => assert_eq!(output, "no route to die"),
            "exec" => assert_eq!(output, "from a shell"),
            _ => {}
        }
    }
    assert_eq!(ask("kill").await.unwrap_err().reason, Reason::Signal(9));
    let worker = ask("worker").await.unwrap().words;
    assert_eq!(ask("worker").await.unwrap().words, worker, "it was the same perl all the time");
    // Killed by somebody it is started anew, and nobody is down for that.
    let process: u32 = worker.strip_prefix("worker ").unwrap().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(process as i32), nix::sys::signal::Signal::SIGKILL).unwrap();
    assert_ne!(ask("worker").await.unwrap().words, worker);
}

#[tokio::test]
async fn what_does_not_compile_says_why_and_is_tried_again() {
    let Some(path) = script("broken", "use strict;\n$undeclared = 1;\n") else { return };
    let probe = probe(&path, "x");
    let failure = run(&probe).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Connect);
    let words = failure.reason.to_string();
    assert!(words.starts_with("the script does not compile: Global symbol \"$undeclared\""), "{words}");
    // The path may be cut off: words are short.
    std::fs::write(&path, "use Not::There;\n").unwrap();
    let words = run(&probe).await.unwrap_err().reason.to_string();
    assert!(words.contains("Can't locate Not/There.pm"), "{words}");
    std::fs::write(&path, "BEGIN { exit 0 }\n").unwrap();
    let words = run(&probe).await.unwrap_err().reason.to_string();
    assert_eq!(words, "perl ended before it had compiled the script");
    std::fs::write(&path, "print 'first';").unwrap();
    assert_eq!(run(&probe).await.unwrap().words, "first");
    std::fs::write(&path, "print 'changed'; exit 1").unwrap();
    assert_eq!(run(&probe).await.unwrap_err().reason, Reason::Exit { code: 1, output: "changed".into() });
    std::fs::remove_file(&path).unwrap();
    let words = run(&probe).await.unwrap_err().reason.to_string();
    assert!(words.starts_with("cannot read ") && words.ends_with("no such file or directory"), "{words}");
}

#[tokio::test]
async fn a_slow_run_delays_no_other_and_is_killed_at_its_deadline() {
    let text = r#"
use strict;
if ($ARGV[2] =~ m{^/}) {
    $SIG{TERM} = 'IGNORE';
    my $child = fork;
    if (!$child) { exec 'setsid', 'sh', '-c', "echo \$\$ > $ARGV[2].stray; exec sleep 60" }
    open my $file, '>', $ARGV[2]; print $file "$$\n"; close $file;
    while (1) { sleep 60 }
}
print "quick\n";
"#;
    let Some(path) = script("slow", text) else { return };
    let note = path.with_extension("note");
    let stray = path.with_extension("note.stray");
    let _ = (std::fs::remove_file(&note), std::fs::remove_file(&stray));
    let slow = probe(&path, &note.display().to_string());
    let running = tokio::spawn(async move { slow.run(SOON).await });
    let process = number_in(&note).await;
    let escaped = number_in(&stray).await;
    let quick = probe(&path, "quick");
    assert_eq!(run(&quick).await.unwrap().words, "quick", "asked while the other one hangs");
    assert!(!running.is_finished() && state(process).is_some());
    let failure = running.await.unwrap().result.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(SOON)));
    gone(process).await;
    gone(escaped).await;
    assert_eq!(run(&quick).await.unwrap().words, "quick");
}

#[tokio::test]
async fn a_compilation_that_hangs_is_killed() {
    let Some(path) = script("hang", "") else { return };
    let note = path.with_extension("note");
    let _ = std::fs::remove_file(&note);
    let text = format!("BEGIN {{ open F, '>', '{}'; print F \"$$\\n\"; close F; sleep 60 }}", note.display());
    std::fs::write(&path, text).unwrap();
    let failure = probe(&path, "x").run(SOON).await.result.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Connect, Reason::Timeout(SOON)));
    gone(number_in(&note).await).await;
}

#[tokio::test]
async fn endless_output_is_read_in_bounded_memory() {
    let text = "if ($ARGV[2] eq 'much') { print 'x' x 65536 for 1 .. 2000; print \"\\nover\\n\"; exit 1 } print 'y' x 99 while 1;";
    let Some(path) = script("output", text) else { return };
    let failure = run(&probe(&path, "much")).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Exit { code: 1, output: "over".into() });
    let failure = probe(&path, "endless").run(SOON).await.result.unwrap_err();
    assert_eq!(failure.reason, Reason::Timeout(SOON));
}

#[tokio::test]
async fn many_at_once_and_the_worker_ends_with_its_last_probe() {
    let text =
        "BEGIN { $worker = $$ } print \"$worker $ARGV[2]\"; select undef, undef, undef, 0.05; exit($ARGV[2] % 2)";
    let Some(path) = script("many", text) else { return };
    let checks: Vec<_> = (0..200)
        .map(|number| {
            let probe = probe(&path, &number.to_string());
            tokio::spawn(async move { probe.run(DEADLINE).await.result })
        })
        .collect();
    let mut workers = std::collections::BTreeSet::new();
    for (number, check) in checks.into_iter().enumerate() {
        let words = match check.await.unwrap() {
            Ok(success) if number % 2 == 0 => success.words,
            Err(Failure { reason: Reason::Exit { code: 1, output }, .. }) if number % 2 == 1 => output,
            other => panic!("{number}: {other:?}"),
        };
        let (worker, own) = words.split_once(' ').unwrap();
        assert_eq!(own, number.to_string());
        workers.insert(worker.parse::<u32>().unwrap());
    }
    assert_eq!(workers.len(), 1, "one perl for all");
    gone(workers.pop_first().unwrap()).await;
}

#[test]
fn a_worker_ends_with_this_process_whatever_ends_it() {
    let text = "open F, '>', \"$ARGV[2]\"; print F getppid, \"\\n\"; close F; sleep 60;";
    let Some(path) = script("end", text) else { return };
    let note = path.with_extension("note");
    let _ = std::fs::remove_file(&note);
    let new = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let runtime = new();
    let slow = probe(&path, &note.display().to_string());
    let worker = runtime.block_on(async {
        tokio::spawn(async move { slow.run(Duration::from_secs(50)).await });
        number_in(&note).await
    });
    // Nothing is told to the worker: its pipe is closed, as when a process is killed.
    runtime.shutdown_background();
    new().block_on(gone(worker));
}
