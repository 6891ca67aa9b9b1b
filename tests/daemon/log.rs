//! Where the log goes, and what happens when it cannot.

use crate::harness::{Mood, Site, Web, send, until};
use nix::sys::signal::Signal;
use std::io::Read;
use std::process::Stdio;

#[test]
fn a_rotated_log_is_made_anew() {
    let site = Site::new("", &[]);
    let pid = site.start();
    std::fs::rename(site.path("log"), site.path("log.1")).unwrap();
    send(pid, Signal::SIGHUP);
    site.wait_for_line("Reloading Linux Director Daemon config on signal");
    let log = site.log();
    let line = log.lines().next().unwrap();
    assert!(line.starts_with('[') && line.contains(&format!("|a.cf|{pid}] ")), "{line}");
    assert_eq!(line.find('|'), Some(25), "{line}");
    assert!(std::fs::read_to_string(site.path("log.1")).unwrap().contains("Starting Linux Director"));
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    for value in ["local0", "nosuchfacility"] {
        let text = site.text("", &[(web.at, 1)]);
        let mended =
            text.replace(&format!("logfile=\"{}\"", site.path("log").display()), &format!("logfile=\"{value}\""));
        assert_ne!(text, mended);
        std::fs::write(site.config(), mended).unwrap();
        site.start();
        assert!(site.has(web.at, 1));
        assert_eq!(site.run(&["a.cf", "status"]).code, 0);
        site.run(&["a.cf", "stop"]).expect(0, "", "");
    }
    // A reload may point it elsewhere, and a full or missing disk is not the director's fault.
    site.configure("", &[(web.at, 1)]);
    let pid = site.start();
    std::fs::remove_file(site.path("log")).unwrap();
    std::fs::create_dir(site.path("log")).unwrap();
    send(pid, Signal::SIGHUP);
    web.set(Mood::Wrong);
    until("checks go on", || !site.table().contains(&web.at.to_string()));
}

/// Runs in the foreground until the table is there, ends it with `signal`, and returns stdout and stderr.
fn foreground(site: &Site, arguments: &[&str], signal: Signal) -> (i32, String, String) {
    let mut child = site.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the table is written", || site.record().iter().any(|line| line["operation"] == "add-destination"));
    let pid = i32::try_from(child.id()).unwrap();
    until("it is ready", || {
        let socket = site.path("run/ldirectord/a.cf.sock");
        ldirectord::daemon::control::ask(&socket, "ping", std::time::Duration::from_secs(30))
            .is_ok_and(|answer| answer["ready"] == true)
    });
    send(pid, signal);
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().code().unwrap_or(-1), stdout, stderr)
}

#[test]
fn in_the_foreground_for_a_supervisor() {
    let web = Web::new(Mood::Good);
    let site = Site::new("supervised=yes", &[(web.at, 1)]);
    let (code, stdout, stderr) = foreground(&site, &["a.cf", "start", "--table", "memory"], Signal::SIGINT);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let first = stdout.lines().next().unwrap();
    assert!(first.starts_with('[') && first.find(']') == Some(25), "{first}");
    for words in ["] Starting Linux Director v1.186-ha with pid: ", "] Linux Director Daemon terminated on signal: INT"]
    {
        assert!(stdout.contains(words), "{stdout}");
    }
    assert!(!site.pid_file().exists() && site.log().is_empty());
}

#[test]
fn in_the_foreground_for_debugging() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    let (code, stdout, stderr) = foreground(&site, &["-d", "a.cf", "start", "--table", "memory"], Signal::SIGTERM);
    assert_eq!((code, stdout.as_str()), (0, ""));
    for words in
        ["\nStarting Linux Director v1.186-ha with pid: ", "\nDEBUG2: ", "\nAdded virtual server: 10.1.2.3:8080\n"]
    {
        assert!(stderr.contains(words), "{stderr}");
    }
    assert!(!site.pid_file().exists() && site.log().is_empty());
}

#[test]
fn in_the_foreground_as_in_the_background() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    let mut child = site.command(&["a.cf", "start", "--foreground", "--table", "memory"]).spawn().unwrap();
    until("its pid file", || site.pid_file().exists());
    assert_eq!(site.pid(), i32::try_from(child.id()).unwrap());
    until("the table", || site.has(web.at, 1));
    assert_eq!(site.run(&["a.cf", "status"]).code, 0);
    let stopping = std::thread::spawn(move || child.wait().unwrap());
    site.run(&["a.cf", "stop"]).expect(0, "", "");
    assert_eq!(stopping.join().unwrap().code(), Some(0));
    assert!(site.log().contains("Starting Linux Director v1.186-ha as daemon"));
}
