//! The process itself: its session, streams, signals, and what it leaves behind.

use crate::harness::{Mood, Site, Web, alive, send, until};
use nix::sys::signal::Signal;
use std::os::unix::fs::PermissionsExt;

#[test]
fn it_is_a_daemon() {
    let site = Site::new("", &[]);
    let pid = site.start();
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session: i32 = status.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap().parse().unwrap();
    assert_eq!(session, pid, "its own session");
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap().to_str(), Some("/"));
    for stream in 0..3 {
        assert_eq!(std::fs::read_link(format!("/proc/{pid}/fd/{stream}")).unwrap().to_str(), Some("/dev/null"));
    }
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let mode =
        |name: &str| std::fs::metadata(site.path("run/ldirectord").join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("a.cf.sock"), mode("a.cf.cf")), (0o600, 0o600));
    let masks = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mine = std::fs::read_to_string("/proc/self/status").unwrap();
    let umask = |text: &str| text.lines().find(|line| line.starts_with("Umask:")).map(str::to_owned);
    assert_eq!(umask(&masks), umask(&mine));
}

#[test]
fn a_descriptor_of_the_caller_is_not_kept() {
    let site = Site::new("", &[]);
    // The shell leaves descriptor 9 open in what it starts.
    let name = env!("CARGO_BIN_EXE_ldirectord-rs");
    let lock = site.path("somebodys.lock");
    let script = format!("exec 9>{}; exec {name} a.cf start --table memory", lock.display());
    let status = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(site.path(""))
        .env("LDIRECTORD_RUNDIR", site.path("run"))
        .status()
        .unwrap();
    assert!(status.success());
    let pid = site.pid();
    for entry in std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten() {
        assert_ne!(std::fs::read_link(entry.path()).unwrap_or_default(), lock);
    }
}

#[test]
fn signals() {
    let (web, silent) = (Web::new(Mood::Good), Web::new(Mood::Silent));
    let site = Site::new("", &[]);
    // Every start waits five seconds for a check that hangs; one proof with it is enough.
    for (signal, name) in [
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGINT, "INT"),
        (Signal::SIGQUIT, "QUIT"),
        (Signal::SIGXCPU, "XCPU"),
        (Signal::SIGXFSZ, "XFSZ"),
        (Signal::SIGSYS, "SYS"),
    ] {
        let reals = [(web.at, 1), (silent.at, 1)];
        site.configure("negotiatetimeout=50", if signal == Signal::SIGTERM { &reals } else { &reals[..1] });
        let pid = site.start();
        for harmless in [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGPIPE, Signal::SIGALRM] {
            send(pid, harmless);
        }
        site.wait_for_line("Signal USR2 is ignored");
        let began = std::time::Instant::now();
        send(pid, signal);
        until("the end", || !alive(pid));
        // A check hangs, and nobody waits for it.
        assert!(began.elapsed().as_secs() < 25, "{name}");
        assert_eq!(site.count(&format!("Linux Director Daemon terminated on signal: {name}")), 1, "{}", site.log());
        assert!(!site.pid_file().exists());
        std::fs::remove_file(site.path("log")).unwrap();
    }
}

#[test]
fn cleanstop_no_leaves_the_table() {
    let web = Web::new(Mood::Good);
    let site = Site::new("cleanstop=no", &[(web.at, 1)]);
    site.start();
    let written = site.record().len();
    site.run(&["a.cf", "stop"]).expect(0, "", "");
    assert_eq!(site.record().len(), written);
    assert!(!site.log().contains("Purged"));
}

#[test]
fn the_end_of_another_is_not_its_business() {
    // A child of the daemon (a check, a callback) that starts another configuration does not take itself for the daemon's child.
    let site = Site::new("", &[]);
    let text = site.text("", &[]).replace("10.1.2.3", "10.1.2.4");
    std::fs::write(site.path("b.cf"), text).unwrap();
    let mut command = site.command(&["b.cf", "start", "--table", "memory"]);
    command.env("LDIRECTORD_LAUNCHER", "1:start");
    assert_eq!(command.status().unwrap().code(), Some(0));
    assert!(site.path("run/ldirectord.b.cf.pid").exists());
    assert_eq!(site.run(&["b.cf", "stop"]).code, 0);
}
