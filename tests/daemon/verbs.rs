//! Every verb in every state: words, streams, exit codes, log lines.

use crate::harness::{Mood, Site, Web, alive, until};
use std::os::unix::fs::PermissionsExt;

#[test]
fn verbs_when_nothing_runs() {
    let site = Site::new("", &[]);
    let shown = "a.cf";
    site.run(&["a.cf", "status"]).expect(3, &format!("ldirectord is stopped for {shown}\n"), "");
    site.run(&["a.cf", "stop"]).expect(0, "", "");
    site.run(&["a.cf", "reload"]).expect(1, "", "");
    site.run(&["a.cf", "force-reload"]).expect(1, "", "");
    site.run(&["a.cf", "try-restart"]).expect(0, "", "");
    let name = env!("CARGO_BIN_EXE_ldirectord-rs");
    let expected = [
        format!("Invoking ldirectord invoked as: {name} a.cf status "),
        "Exiting with exit_status 3: Exiting from ldirectord status".into(),
        format!("Invoking ldirectord invoked as: {name} a.cf stop "),
        format!("Invoking ldirectord invoked as: {name} a.cf reload "),
        "ldirectord is stopped for a.cf".into(),
        "Exiting with exit_status 1: Exiting from ldirectord reload".into(),
        format!("Invoking ldirectord invoked as: {name} a.cf force-reload "),
        "ldirectord is stopped for a.cf".into(),
        "Exiting with exit_status 1: Exiting from ldirectord force-reload".into(),
        format!("Invoking ldirectord invoked as: {name} a.cf try-restart "),
    ];
    assert_eq!(site.lines(), expected);
    assert!(!site.pid_file().exists());
}

#[test]
fn a_life() {
    let (up, down) = (Web::new(Mood::Good), Web::new(Mood::Wrong));
    let site = Site::new("quiescent=yes", &[(up.at, 7), (down.at, 5)]);
    let pid = site.start();
    // The start has waited for the first round.
    assert!(site.has(up.at, 7) && site.has(down.at, 0), "{}", site.table());
    let data = std::fs::metadata(site.pid_file()).unwrap();
    assert_eq!(data.permissions().mode() & 0o777 & !0o022, 0o644);
    assert_eq!(std::fs::read_to_string(site.pid_file()).unwrap(), format!("{pid}\n"));
    let running = format!("ldirectord for a.cf is running with pid: {pid}");
    site.run(&["a.cf", "status"]).expect(0, &format!("{running}\n"), "");
    assert_eq!(site.count(&running), 1);
    assert_eq!(site.count("Exiting from ldirectord status"), 1);

    site.run(&["a.cf", "start", "--table", "memory"]).expect(0, "", "");
    assert_eq!(site.pid(), pid);
    site.run(&["a.cf", "reload"]).expect(0, "", "");
    site.wait_for_line("Reloading Linux Director Daemon config on signal");

    let restarted = site.run(&["a.cf", "restart"]);
    assert_eq!(restarted.code, 0, "{restarted:?}");
    let second = site.pid();
    assert!(second != pid && !alive(pid));
    let tried = site.run(&["a.cf", "try-restart"]);
    assert_eq!(tried.code, 0, "{tried:?}");
    let third = site.pid();
    assert!(third != second && !alive(second) && alive(third));
    // Clusters look for this with pgrep -f, also after a restart.
    let command_line = std::fs::read_to_string(format!("/proc/{third}/cmdline")).unwrap().replace('\0', " ");
    assert!(
        command_line.starts_with(&format!("{} a.cf start ", env!("CARGO_BIN_EXE_ldirectord-rs"))),
        "{command_line}"
    );
    // A restart hands over: nothing was purged.
    assert!(!site.log().contains("Purged"), "{}", site.log());

    site.run(&["a.cf", "stop"]).expect(0, "", "");
    // It waits for the end.
    assert!(!alive(third) && !site.pid_file().exists());
    for line in [
        "Starting Linux Director v1.186-ha as daemon".to_owned(),
        "Added virtual server: 10.1.2.3:8080".to_owned(),
        format!("Added real server: {}:8080 (10.1.2.3:8080) (Weight set to 7)", up.at),
        format!("Purged real server (stop): {}:8080 (10.1.2.3:8080)", up.at),
        "Purged virtual server (stop): 10.1.2.3:8080".to_owned(),
        "Linux Director Daemon terminated on signal: TERM".to_owned(),
    ] {
        assert!(site.count(&line) >= 1, "{line:?} in\n{}", site.log());
    }
    site.run(&["a.cf", "status"]).expect(3, "ldirectord is stopped for a.cf\n", "");
}

#[test]
fn stale_pid_files() {
    let site = Site::new("", &[]);
    let mut foreign = std::process::Command::new("sleep")
        .arg("60")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    for content in ["garbage\n".to_owned(), "999999\n".to_owned(), format!("{}\n", foreign.id())] {
        std::fs::write(site.pid_file(), &content).unwrap();
        let file = site.pid_file().display().to_string();
        site.run(&["a.cf", "status"]).expect(
            1,
            "ldirectord is stopped for a.cf\n",
            &format!("ldirectord stale pid file {file} for a.cf\n"),
        );
        site.run(&["a.cf", "stop"]).expect(0, "", "");
        assert_eq!(std::fs::read_to_string(site.pid_file()).unwrap(), content);
        site.run(&["a.cf", "reload"]).expect(1, "", "");
        let pid = site.start();
        assert!(alive(pid));
        site.run(&["a.cf", "stop"]).expect(0, "", "");
    }
    assert!(foreign.try_wait().unwrap().is_none(), "somebody else's process was killed");
    foreign.kill().unwrap();
    foreign.wait().unwrap();
}

#[test]
fn a_missing_configuration() {
    let site = Site::new("", &[]);
    for verb in ["start", "status", "stop", "reload", "restart"] {
        site.command(&[]).status().unwrap();
        let said = site.run(&["nosuch.cf", verb]);
        assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{verb}");
        assert!(said.stderr.starts_with("Config file nosuch.cf not found\n"), "{verb}: {said:?}");
    }
    std::fs::create_dir(site.path("folder.cf")).unwrap();
    let said = site.run(&["folder.cf", "start"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.starts_with("Config file folder.cf not found: it is a directory"), "{said:?}");
}

#[test]
fn a_broken_configuration() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    let pid = site.start();
    let broken = "bogus=1\ncheckinterval=x\nvirtual=10.1.2.3:8080\n\treal=127.0.0.1:80 gate\n\tscheduler=\n";
    std::fs::write(site.config(), broken).unwrap();
    for verb in ["start", "restart", "reload"] {
        let said = site.run(&["a.cf", verb]);
        assert_eq!(said.code, 2, "{verb}: {said:?}");
        for place in ["a.cf at line 1: ", "a.cf at line 2: invalid check interval value", "a.cf at line 5: "] {
            assert!(said.stderr.contains(place), "{verb}: {place} in {}", said.stderr);
        }
    }
    assert!(alive(pid) && site.pid() == pid);
    // These answer from the pid file.
    let status = site.run(&["a.cf", "status"]);
    assert_eq!(status.code, 0);
    assert_eq!(status.stdout, format!("ldirectord for a.cf is running with pid: {pid}\n"));
    assert!(status.stderr.starts_with("Warning: a.cf can not be loaded"), "{status:?}");
    assert!(site.has(web.at, 1));
    // A missing one does not hide a running instance either.
    std::fs::remove_file(site.config()).unwrap();
    assert_eq!(site.run(&["a.cf", "status"]).code, 0);
    assert_eq!(site.run(&["a.cf", "stop"]).code, 0);
    assert!(!alive(pid));
    // The log was found through the last good configuration.
    assert!(site.count("Exiting with exit_status 2: config_error: Configuration Error") >= 3, "{}", site.log());
}

#[test]
fn a_start_waits_five_seconds_at_most_for_servers_that_hang() {
    let (up, silent) = (Web::new(Mood::Good), Web::new(Mood::Silent));
    let site = Site::new("negotiatetimeout=40", &[(up.at, 3), (silent.at, 4)]);
    let began = std::time::Instant::now();
    site.start();
    assert!(began.elapsed().as_secs() < 35, "it waited for the hanging one");
    assert!(site.has(up.at, 3) && !site.table().contains(&silent.at.to_string()), "{}", site.table());
    let began = std::time::Instant::now();
    site.run(&["a.cf", "stop"]).expect(0, "", "");
    assert!(began.elapsed().as_secs() < 9, "the end waited for a check");
}

#[test]
fn what_the_table_refuses_is_named() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    let text = std::fs::read_to_string(site.config()).unwrap().replace("scheduler=wrr", "scheduler=bogus");
    std::fs::write(site.config(), text).unwrap();
    site.start();
    site.wait_for_line("Could not write 10.1.2.3:8080: ");
    let status = site.run(&["a.cf", "status", "--verbose"]);
    assert!(status.stdout.contains("refused by the kernel: "), "{status:?}");
    until("the log tells it once", || true);
    assert_eq!(site.lines().iter().filter(|line| line.starts_with("Could not write 10.1.2.3:8080: ")).count(), 1);
}
