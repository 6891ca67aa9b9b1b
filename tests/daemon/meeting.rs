//! Instances that meet: starts at once, a start behind a stop, a crash, the sibling name.

use crate::harness::{Mood, PROGRAM, Said, Site, Web, alive, send, until};
use nix::sys::signal::Signal;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn many_starts_at_once_make_one_daemon() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    std::thread::scope(|scope| {
        let starts: Vec<_> =
            (0..6).map(|_| scope.spawn(|| site.run(&["a.cf", "start", "--table", "memory"]))).collect();
        for start in starts {
            let said = start.join().unwrap();
            assert_eq!(said.code, 0, "{said:?}");
        }
    });
    assert_eq!(site.count("Starting Linux Director v1.186-ha as daemon"), 1, "{}", site.log());
    assert!(alive(site.pid()));
}

#[test]
fn a_crash_and_a_new_start() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    let first = site.start();
    send(first, Signal::SIGKILL);
    until("it is gone", || !alive(first));
    let said = site.run(&["a.cf", "status"]);
    assert_eq!(said.code, 1, "{said:?}");
    let second = site.start();
    assert!(second != first && alive(second) && site.has(web.at, 1));
    // The socket of the dead one was replaced.
    assert_eq!(site.run(&["a.cf", "status", "--json"]).code, 0);
}

#[test]
fn a_start_right_behind_a_term_starts() {
    let (web, silent) = (Web::new(Mood::Good), Web::new(Mood::Silent));
    let site = Site::new("negotiatetimeout=50", &[(web.at, 1), (silent.at, 1)]);
    for _ in 0..2 {
        let first = site.start();
        send(first, Signal::SIGTERM);
        let second = site.start();
        assert!(second != first && alive(second) && !alive(first), "{}", site.log());
        site.run(&["a.cf", "stop"]).expect(0, "", "");
    }
}

#[test]
fn a_frozen_instance_is_replaced() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    let first = site.start();
    send(first, Signal::SIGSTOP);
    let said = site.run(&["a.cf", "restart"]);
    assert_eq!(said.code, 0, "{said:?}");
    let second = site.pid();
    assert!(second != first && alive(second) && !alive(first));
}

#[test]
fn the_default_configuration_has_two_names() {
    let web = Web::new(Mood::Good);
    let mut site = Site::new("", &[(web.at, 1)]);
    std::fs::copy(site.config(), site.path("ldirectord.cf")).unwrap();
    if std::path::Path::new("/etc/ha.d/ldirectord.cf").exists() {
        eprintln!("not run: this machine has an ldirectord.cf of its own");
        return;
    }
    assert_eq!(site.run(&["start", "--table", "memory"]).code, 0);
    site.called("ldirectord");
    let pid = site.pid();
    let running = format!("ldirectord for ldirectord.cf is running with pid: {pid}\n");
    site.run(&["status"]).expect(0, &running, "");
    site.run(&["ldirectord.cf", "status"]).expect(0, &running, "");
    site.run(&["ldirectord.cf", "start"]).expect(0, "", "");
    assert!(!site.path("run/ldirectord.ldirectord.cf.pid").exists());
    // Another file of that name is another instance.
    std::fs::create_dir(site.path("other")).unwrap();
    std::fs::copy(site.config(), site.path("other/ldirectord.cf")).unwrap();
    let other = site.path("other/ldirectord.cf");
    assert_eq!(site.run(&[other.to_str().unwrap(), "status"]).code, 3);
    // Whoever takes over under the other name leaves no stale pid file behind.
    site.run(&["ldirectord.cf", "restart"]).expect(0, "", "");
    assert!(!site.pid_file().exists() && !alive(pid));
    site.run(&["stop"]).expect(0, "", "");
    site.run(&["ldirectord.cf", "status"]).expect(3, "ldirectord is stopped for ldirectord.cf\n", "");
}

#[test]
fn a_configuration_named_relatively_is_found_again() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    let pid = site.start();
    site.configure("", &[(web.at, 8)]);
    send(pid, Signal::SIGHUP);
    until("the new weight", || site.has(web.at, 8));
}

#[test]
fn a_full_disk_keeps_a_restart_from_ending_what_runs() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 5)]);
    let pid = site.start();
    // As on a full disk, for any user: not one byte can be written to a file.
    let full = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let said = Said::from(site.command_of("sh", &["-c", full, "sh", PROGRAM, "a.cf", "restart"]).output().unwrap());
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains(&format!("Can not open {}: File too large", site.pid_file().display())), "{said:?}");
    assert!(alive(pid) && site.pid() == pid);
    site.run(&["a.cf", "status"]).expect(0, &format!("ldirectord for a.cf is running with pid: {pid}\n"), "");
    site.run(&["a.cf", "restart"]).expect(0, "", "");
    assert_ne!(site.pid(), pid);
}

#[test]
fn whoever_asks_during_restarts_finds_a_running_one() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 5)]);
    site.start();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut asked = 0;
            while !done.load(Ordering::SeqCst) {
                let said = site.run(&["a.cf", "status"]);
                assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
                asked += 1;
            }
            asked
        });
        for _ in 0..5 {
            site.run(&["a.cf", "restart"]).expect(0, "", "");
        }
        done.store(true, Ordering::SeqCst);
        assert!(asking.join().unwrap() > 5);
    });
}

#[test]
fn another_file_of_the_same_name_is_told_apart() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 5)]);
    let pid = site.start();
    std::fs::create_dir(site.path("other")).unwrap();
    std::fs::copy(site.config(), site.path("other/a.cf")).unwrap();
    let (runs, other) = (site.config(), site.path("other/a.cf"));
    let words = format!("Warning: pid {pid} runs {}, not {}; both are called a.cf\n", runs.display(), other.display());
    site.run(&["other/a.cf", "start", "--table", "memory"]).expect(0, "", &words);
    let running = |name: &str| format!("ldirectord for {name} is running with pid: {pid}\n");
    site.run(&["other/a.cf", "status"]).expect(0, &running("other/a.cf"), &words);
    site.run(&["a.cf", "status"]).expect(0, &running("a.cf"), "");
}

#[test]
fn a_log_that_may_not_grow_ends_nobody() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 5)]);
    let limited = ["-c", "ulimit -f 4; exec \"$@\"", "sh", PROGRAM, "a.cf", "start", "--table", "memory"];
    std::fs::write(site.path("log"), vec![b'\n'; 4000]).unwrap();
    let said = Said::from(site.command_of("sh", &limited).env_remove("LDIRECTORD_RECORD").output().unwrap());
    assert_eq!(said.code, 0, "{said:?}");
    for _ in 0..30 {
        site.run(&["a.cf", "reload"]).expect(0, "", "");
    }
    until("the change is seen", || {
        web.set(Mood::Wrong);
        !site.has(web.at, 5)
    });
    assert!(alive(site.pid()));
}
