//! Instances that meet: starts at once, a start behind a stop, a crash, the sibling name.

use crate::harness::{Mood, Site, Web, alive, send, until};
use nix::sys::signal::Signal;

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
    site.run(&["ldirectord.cf", "stop"]).expect(0, "", "");
    assert!(!alive(pid));
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
