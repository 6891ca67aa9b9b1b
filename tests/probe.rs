//! `probe` with the real binary: the configured checks once, without a daemon.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test runs the program, and fails where it cannot"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

/// A web server with the test page on a port of its own, for as long as the test process lives.
fn web() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A checker may be gone already; the next one is served all the same.
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nTest Page");
        }
    });
    port
}

/// A port on which nobody listens.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn probe(text: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.cf");
    std::fs::write(&file, text).unwrap();
    Command::new(env!("CARGO_BIN_EXE_ldirectord-rs")).arg(&file).arg("probe").args(arguments).output().unwrap()
}

fn configuration(good: u16, bad: u16) -> String {
    format!(
        "negotiatetimeout=20\nvirtual=192.0.2.1:80\n    real=127.0.0.1:{good} masq\n    real=127.0.0.1:{bad} masq\n    \
         service=http\n    receive=\"Test Page\"\nvirtual=192.0.2.1:81\n    real=127.0.0.1:{good} masq\n    \
         checktype=connect\nvirtual=192.0.2.1:82\n    real=127.0.0.1:{bad} masq\n    checktype=off\n"
    )
}

#[test]
fn every_real_has_its_verdict_and_one_down_is_exit_code_one() {
    let (good, bad) = (web(), closed());
    let said = probe(&configuration(good, bad), &[]);
    let text = String::from_utf8_lossy(&said.stdout);
    assert_eq!(said.status.code(), Some(1), "{text}");
    let line = |wanted: &str| text.lines().find(|line| line.contains(wanted)).map(str::to_owned).unwrap_or_default();
    assert!(line(&format!(":{good}  up")).contains("200 OK"), "{text}");
    assert!(line(&format!(":{bad}  down")).contains("connect: connection refused"), "{text}");
    assert!(text.contains("tcp:192.0.2.1:81\n") && line("nothing is checked").contains("off"), "{text}");
}

#[test]
fn a_virtual_and_a_real_can_be_chosen() {
    let (good, bad) = (web(), closed());
    let text = configuration(good, bad);
    assert_eq!(probe(&text, &["192.0.2.1:81"]).status.code(), Some(0));
    let one = probe(&text, &["tcp:192.0.2.1:80", &format!("127.0.0.1:{good}"), "--json"]);
    assert_eq!(one.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&one.stdout).unwrap();
    let probes = json["probes"].as_array().unwrap();
    assert_eq!(probes.len(), 1);
    assert_eq!(
        (&probes[0]["up"], &probes[0]["check"], &probes[0]["reason"]),
        (&true.into(), &"http".into(), &"200 OK".into())
    );
    assert!(probes[0]["timings_ms"]["connect"].is_number(), "{json}");
    let none = probe(&text, &["192.0.2.9:80"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("no real server of"), "{none:?}");
}

#[test]
fn a_broken_file_is_exit_code_two() {
    let said = probe("checkinterval=0\n", &[]);
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("invalid check interval value"), "{said:?}");
}

#[test]
fn the_conversation_is_printed_and_exit_codes_stay() {
    let (good, bad) = (web(), closed());
    let text = configuration(good, bad);
    let said = probe(&text, &["--trace"]);
    let shown = String::from_utf8_lossy(&said.stdout);
    assert_eq!(said.status.code(), Some(1), "{shown}");
    let places = [
        "up    http",
        "connected to 127.0.0.1:",
        "> GET / HTTP/1.1",
        "> Host: 127.0.0.1",
        "< HTTP/1.1 200 OK",
        "< Test Page",
    ]
    .map(|wanted| shown.find(wanted).unwrap_or_else(|| panic!("{wanted}: {shown}")));
    assert!(places.is_sorted(), "{shown}");
    assert!(shown.contains(&format!("* no connection to 127.0.0.1:{bad}: connection refused")), "{shown}");
    let up = probe(&text, &["192.0.2.1:81", "--trace", "--json"]);
    assert_eq!(up.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&up.stdout).unwrap();
    let steps = json["probes"][0]["trace"][0].as_array().unwrap();
    assert_eq!(steps[0]["kind"], "note");
    assert_eq!(steps[0]["lines"][0], format!("connecting to 127.0.0.1:{good}"));
    assert!(steps[0]["at_ms"].is_number());
}

/// The password is in the file and goes over the wire; the server repeats it in two pieces. Nothing that is printed has it.
#[test]
fn a_password_is_in_neither_output() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut heard = [0; 1024];
            let _ = stream.write_all(b"+OK\r\n");
            let _ = stream.read(&mut heard);
            let _ = stream.write_all(b"+OK\r\n");
            let _ = stream.read(&mut heard);
            let _ = stream.write_all(b"-ERR hunt");
            std::thread::sleep(std::time::Duration::from_millis(50));
            let _ = stream.write_all(b"er2 AGh1bnRlcjI= is wrong\r\n");
        }
    });
    let text = format!(
        "virtual=192.0.2.1:110\n    real=127.0.0.1:{port} masq\n    service=pop\n    login=\"probe\"\n    passwd=\"hunter2\"\n"
    );
    for arguments in [&["--trace"][..], &["--trace", "--json"]] {
        let said = probe(&text, arguments);
        let shown = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
        assert!(shown.contains("PASS ***") && shown.contains("is wrong"), "{shown}");
        for form in ["hunt", "ter2", "AGh1bnRlcjI", "aHVudGVyMg"] {
            assert!(!shown.contains(form), "{form}: {shown}");
        }
    }
}
