//! External checks: real programs, friendly and hostile.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test may fail, and runs programs")]

mod support;

use checks::{External, ExternalKind, Failure, Phase, Reason, Spec, Success, Target};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::{DEADLINE, HERE, ask};

/// Long enough for a shell on a busy machine to begin its work.
const SOON: Duration = Duration::from_secs(2);
const TARGET: Target = Target { address: HERE, port: 8080 };

fn spec(kind: ExternalKind, command: &[&str]) -> Spec {
    let command = command.iter().map(|word| (*word).to_owned()).collect();
    Spec::External(External { kind, command, arguments: ["10.0.0.1", "80", "10.0.0.2", "81"].map(str::to_owned) })
}

async fn shell(script: &str, deadline: Duration) -> Result<Success, Failure> {
    ask(spec(ExternalKind::Program, &["/bin/sh", "-c", script, "check"]), TARGET, deadline).await
}

fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("external-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// Waits until a program has written its number.
async fn number_in(path: &Path) -> u32 {
    for _ in 0..500 {
        if let Ok(text) = std::fs::read_to_string(path)
            && let Some(number) = text.strip_suffix('\n')
        {
            return number.parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} was never written", path.display());
}

/// The process's state letter; `None` when there is none of this number.
fn state(process: u32) -> Option<char> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    text.rsplit(')').next()?.trim().chars().next()
}

/// Waits until a process is gone; a child of ours may not stay behind as a zombie, a grandchild is init's to reap.
async fn gone(process: u32, ours: bool) {
    for _ in 0..500 {
        match state(process) {
            None => return,
            Some('Z') if !ours => return,
            Some(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("process {process} is still there: {:?}", state(process));
}

#[tokio::test]
async fn the_exit_code_decides_and_the_last_line_says_why() {
    assert_eq!(shell("exit 0", DEADLINE).await.unwrap().words, "exit code 0");
    assert_eq!(shell("echo one; echo fine >&2; echo", DEADLINE).await.unwrap().words, "fine");
    let failure = shell("echo first; printf 'disk full'; exit 3", DEADLINE).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Receive);
    assert_eq!(failure.reason, Reason::Exit { code: 3, output: "disk full".into() });
    assert_eq!(failure.reason.to_string(), "exit code 3: disk full");
    let failure = shell("exit 1", DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Exit { code: 1, output: String::new() });
    assert_eq!(shell("kill -9 $$", DEADLINE).await.unwrap_err().reason, Reason::Signal(9));
    let failure = shell("printf 'a\\033[2J\\377b\\n'; exit 1", DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Exit { code: 1, output: "a [2J\u{fffd}b".into() });
}

#[tokio::test]
async fn arguments_environment_and_surroundings() {
    let run = |script: &'static str| async move { shell(script, DEADLINE).await.unwrap().words };
    assert_eq!(run("echo $#: $1 $2 $3 $4").await, "4: 10.0.0.1 80 10.0.0.2 81");
    let variables = "echo $LDIRECTORD_VIRTUAL_ADDRESS $LDIRECTORD_VIRTUAL_PORT $LDIRECTORD_REAL_ADDRESS \
                     $LDIRECTORD_REAL_PORT $LDIRECTORD_CHECKPORT";
    assert_eq!(run(variables).await, "10.0.0.1 80 10.0.0.2 81 8080");
    assert_eq!(run("pwd").await, "/");
    assert_eq!(run("cat; echo end of input").await, "end of input");
    let blanks = spec(ExternalKind::Program, &["/bin/sh", "-c", "echo \"$1|$2\"", "x", "a b", "$HOME; *"]);
    assert_eq!(ask(blanks, TARGET, DEADLINE).await.unwrap().words, "a b|$HOME; *");
}

#[tokio::test]
async fn what_cannot_be_started_says_so() {
    let directory = env!("CARGO_TARGET_TMPDIR");
    for (program, words) in [("/nowhere/check", "no such file"), (directory, "permission denied")] {
        let failure = ask(spec(ExternalKind::Program, &[program]), TARGET, DEADLINE).await.unwrap_err();
        assert_eq!(failure.phase, Phase::Connect);
        let text = failure.reason.to_string();
        assert!(text.starts_with(&format!("cannot run {program}: {words}")), "{text}");
    }
}

#[tokio::test]
async fn the_whole_group_is_killed_at_the_deadline() {
    let (leader, child) = (file("leader"), file("child"));
    let script = format!(
        "trap '' TERM; (trap '' TERM; sh -c 'echo $PPID' > {}; while :; do sleep 60; done) & echo $$ > {}; wait",
        child.display(),
        leader.display()
    );
    let started = Instant::now();
    let failure = shell(&script, SOON).await.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(SOON)));
    assert!(started.elapsed() < SOON + Duration::from_secs(5));
    gone(number_in(&leader).await, true).await;
    gone(number_in(&child).await, false).await;
}

#[tokio::test]
async fn dropping_the_check_kills_the_program() {
    let leader = file("dropped");
    let script = format!("echo $$ > {}; sleep 60", leader.display());
    let checking = tokio::spawn(async move { shell(&script, Duration::from_secs(60)).await });
    let process = number_in(&leader).await;
    checking.abort();
    assert!(checking.await.unwrap_err().is_cancelled());
    gone(process, true).await;
}

#[tokio::test]
async fn endless_output_ends_at_the_deadline_in_bounded_memory() {
    let before = resident();
    let failure = shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", SOON).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Timeout(SOON));
    let failure = shell("tr '\\0' x < /dev/zero", SOON).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Timeout(SOON));
    assert!(resident() < before + 16 * 1024, "more than 16 MB grew");
    let failure = shell("head -c 3000000 /dev/zero; echo; echo over; exit 1", DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Exit { code: 1, output: "over".into() });
}

/// Resident memory in kB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_child_that_keeps_the_output_open_delays_nothing() {
    let started = Instant::now();
    let process: i32 = shell("sleep 60 & echo $!", Duration::from_secs(50)).await.unwrap().words.parse().unwrap();
    assert!(started.elapsed() < Duration::from_secs(30));
    // What a program leaves running after a good end is its own business.
    assert!(nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), nix::sys::signal::Signal::SIGKILL).is_ok());
}

#[tokio::test]
async fn many_at_once_leave_no_zombies() {
    let checks: Vec<_> = (0..20).map(|_| tokio::spawn(shell("sleep 60", Duration::from_millis(300)))).collect();
    for check in checks {
        assert!(matches!(check.await.unwrap().unwrap_err().reason, Reason::Timeout(_)));
    }
    for _ in 0..500 {
        let zombies = zombies();
        if zombies == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} zombies stay", zombies());
}

/// Children of this process that ended and were not waited for.
fn zombies() -> usize {
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let stats = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let behind_name = stats.filter_map(|text| text.rsplit_once(") ").map(|(_, rest)| rest.to_owned()));
    behind_name.filter(|rest| rest.split(' ').take(2).eq(["Z", own.as_str()])).count()
}

#[tokio::test]
async fn who_leaves_the_group_is_found_by_his_mark() {
    let (leader, stray) = (file("escaper"), file("stray"));
    // Two sessions of their own, one in the other: neither the group nor the parent leads to the last.
    let script = format!(
        "echo $$ > {}; setsid sh -c 'trap \"\" TERM HUP; setsid sh -c \"echo \\$\\$ > {}; exec sleep 60\" & wait' & wait",
        leader.display(),
        stray.display()
    );
    let failure = shell(&script, SOON).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Timeout(SOON));
    gone(number_in(&leader).await, true).await;
    gone(number_in(&stray).await, false).await;
}

#[tokio::test]
async fn a_closed_output_ends_nothing() {
    let failure = shell("echo said before; exec >&- 2>&-; sleep 1; exit 4", DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Exit { code: 4, output: "said before".into() });
}

#[tokio::test]
async fn a_gigabyte_of_output_is_read_and_forgotten() {
    let before = resident();
    let success = shell("head -c 1000000000 /dev/zero; echo; echo all said", Duration::from_secs(60)).await.unwrap();
    assert_eq!(success.words, "all said");
    assert!(resident() < before + 16 * 1024, "more than 16 MB grew");
}

#[tokio::test]
async fn any_program_will_do() {
    let script =
        "import os, sys; print(*sys.argv[1:]); sys.exit(0 if os.environ['LDIRECTORD_CHECKPORT'] == '8080' else 1)";
    match ask(spec(ExternalKind::Program, &["python3", "-c", script]), TARGET, DEADLINE).await {
        Ok(success) => assert_eq!(success.words, "10.0.0.1 80 10.0.0.2 81"),
        Err(Failure { reason: Reason::Local(words), .. }) => println!("python3 cannot be run here: {words}"),
        Err(failure) => panic!("{failure}"),
    }
}
