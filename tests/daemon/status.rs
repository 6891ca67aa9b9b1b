//! `status` in its three forms, and the control socket behind it.

use crate::harness::{Mood, Site, Web, until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

pub(super) fn json(site: &Site) -> Value {
    let said = site.run(&["a.cf", "status", "--json"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    serde_json::from_str(&said.stdout).unwrap()
}

/// The names of all members, with their place.
fn names(value: &Value, place: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let place = format!("{place}.{name}");
                names(value, &place, found);
                found.insert(place);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, place, found)),
        _ => {}
    }
}

#[test]
fn json_is_as_documented() {
    let (up, down) = (Web::new(Mood::Good), Web::new(Mood::Wrong));
    let site = Site::new("quiescent=yes\nfallback=127.0.0.1:80 gate\nfailurecount=2", &[(up.at, 7), (down.at, 5)]);
    let pid = site.start();
    until("two failures", || json(&site)["virtuals"][0]["reals"][1]["state"] == "down");
    let status = json(&site);
    assert_eq!((&status["pid"], &status["table"], &status["ready"]), (&pid.into(), &"memory".into(), &true.into()));
    assert_eq!(status["state"], "running");
    assert_eq!(status["path"], site.config().to_str().unwrap());
    let service = &status["virtuals"][0];
    assert_eq!(service["id"], "tcp:10.1.2.3:8080");
    assert_eq!(service["fallback"]["active"], false);
    let (first, second) = (&service["reals"][0], &service["reals"][1]);
    assert_eq!((&first["state"], &first["weight"], &first["reason"]), (&"up".into(), &7.into(), &"200 OK".into()));
    assert_eq!((&second["state"], &second["weight"], &second["phase"]), (&"down".into(), &0.into(), &"match".into()));
    assert!(second["reason"].as_str().unwrap().contains("Oops"), "{second}");

    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let section = text.split("\n## ").find(|section| section.contains("status --json")).expect("a section on status");
    let example = section.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let example: Value = serde_json::from_str(example).expect("the example is JSON");
    let (mut documented, mut real) = (BTreeSet::new(), BTreeSet::new());
    names(&example, "", &mut documented);
    names(&status, "", &mut real);
    // Lists that are empty here have members in the example.
    documented.retain(|name| !name.starts_with(".reload_errors."));
    assert_eq!(documented, real);
}

#[test]
fn json_when_nothing_runs() {
    let site = Site::new("supervised=yes", &[]);
    let said = site.run(&["a.cf", "status", "--json"]);
    assert_eq!(said.code, 3);
    let value: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&value["state"], &value["config"]), (&"stopped".into(), &"a.cf".into()));
}

#[test]
fn verbose_shows_every_server() {
    let (up, down) = (Web::new(Mood::Good), Web::new(Mood::Wrong));
    let site = Site::new("", &[(up.at, 7), (down.at, 5)]);
    let pid = site.start();
    let said = site.run(&["a.cf", "status", "--verbose"]);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines[0], format!("ldirectord for a.cf is running with pid: {pid}"));
    assert!(said.stdout.contains("\ntcp:10.1.2.3:8080  1 of 2 up\n"), "{}", said.stdout);
    let line = |at: std::net::Ipv4Addr| *lines.iter().find(|line| line.contains(&format!("{at}:8080 "))).unwrap();
    assert!(line(up.at).contains("up") && line(up.at).contains("200 OK"), "{}", said.stdout);
    assert!(line(down.at).contains("down") && line(down.at).contains("pattern not found"), "{}", said.stdout);
}

#[test]
fn rude_clients_harm_nobody() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    site.start();
    let socket = site.path("run/ldirectord/a.cf.sock");
    let _silent: Vec<UnixStream> = (0..8).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    for request in ["\n", "{}\n", "nonsense\n", "{\"verb\":\"stop\"}\n", "[[[[[[[[[[[[\n"] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("error"), "{request:?}: {answer}");
    }
    assert!(site.has(web.at, 1));
}
