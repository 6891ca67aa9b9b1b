//! Configurations that a configuration brings along.

use super::harness::{Mood, Site, Web, alive, send, until};
use nix::sys::signal::Signal;

fn pid(site: &Site, name: &str) -> Option<i32> {
    let path = site.path("run").join(format!("ldirectord.{name}.pid"));
    std::fs::read_to_string(path).ok()?.trim().parse().ok().filter(|pid| alive(*pid))
}

#[test]
fn others_start_stop_and_reload_together_with_it() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[]);
    let other = |name: &str, port: u16| {
        let text = site.text("", &[(web.at, 1)]).replace("virtual=10.1.2.3:8080", &format!("virtual=10.1.2.3:{port}"));
        std::fs::write(site.path(name), text).unwrap();
    };
    other("b.cf", 8081);
    other("c.cf", 8082);
    // The last one leads back to where it began.
    let circle = std::fs::read_to_string(site.path("c.cf")).unwrap();
    std::fs::write(site.path("c.cf"), format!("execute=a.cf\n{circle}")).unwrap();
    site.configure("execute=\"b.cf\"\nexecute=c.cf\n", &[(web.at, 1)]);
    let first = site.start();
    until("both", || pid(&site, "b.cf").is_some() && pid(&site, "c.cf").is_some());
    let (b, c) = (pid(&site, "b.cf").unwrap(), pid(&site, "c.cf").unwrap());
    let said = site.run(&["a.cf", "status"]);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!((said.code, lines.len()), (0, 3), "{said:?}");
    for (line, (name, pid)) in lines.iter().zip([("a.cf", first), ("b.cf", b), ("c.cf", c)]) {
        assert!(line.contains(name) && line.ends_with(&format!("is running with pid: {pid}")), "{line}");
    }
    // One goes, one stays, one comes.
    other("d.cf", 8083);
    site.configure("execute=b.cf\nexecute=d.cf\n", &[(web.at, 1)]);
    let reloads = || site.count("Reloading Linux Director Daemon config on signal");
    let before = reloads();
    send(first, Signal::SIGHUP);
    until("the new one", || pid(&site, "d.cf").is_some());
    until("the dropped one is gone", || pid(&site, "c.cf").is_none());
    until("the other one reloads as well", || reloads() >= before + 2);
    assert_eq!(pid(&site, "b.cf"), Some(b));
    // A restart is one of all of them.
    let said = site.run(&["a.cf", "restart"]);
    assert_eq!(said.code, 0, "{said:?}");
    until("another b", || pid(&site, "b.cf").is_some_and(|pid| pid != b));
    site.run(&["a.cf", "stop"]).expect(0, "", "");
    for name in ["a.cf", "b.cf", "d.cf"] {
        assert_eq!(pid(&site, name), None, "{name}");
    }
}
