use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

const SERVICES: &str = "
# Network services
http\t\t80/tcp\t\twww\t# WorldWideWeb HTTP
domain\t\t53/tcp
domain\t\t53/udp
odd\t\t1000/udp
odd\t\t2000/tcp
nonsense
x\ty/tcp
";

/// A directory whose host names hang, or answer, and which counts.
#[derive(Default)]
struct Fake {
    now: AtomicUsize,
    most: AtomicUsize,
    asked: AtomicUsize,
}

impl Directory for Fake {
    fn addresses(&self, name: &str) -> Vec<IpAddr> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let answer = if name.starts_with("hang") {
            std::thread::sleep(Duration::from_secs(60));
            vec![]
        } else if name.contains("both") {
            std::thread::sleep(Duration::from_millis(5));
            vec!["fd00::1".parse().unwrap(), "10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()]
        } else {
            vec![]
        };
        self.now.fetch_sub(1, Ordering::SeqCst);
        answer
    }
    fn port(&self, name: &str, protocol: Option<&str>) -> Option<u16> {
        (name == "elsewhere" && protocol == Some("tcp")).then_some(4711)
    }
    fn services(&self) -> String {
        SERVICES.to_owned()
    }
}

fn host(name: &str, family: Option<Family>) -> Question {
    Question::Host { name: name.into(), family }
}
fn port(name: &str, protocol: Option<&'static str>) -> Question {
    Question::Port { name: name.into(), protocol }
}

#[test]
fn services_of_a_file() {
    let services = Services::parse(SERVICES);
    for (name, protocol, port) in [
        ("http", Some("tcp"), Some(80)),
        ("www", Some("tcp"), Some(80)),
        ("www", None, Some(80)),
        ("http", Some("udp"), None),
        ("domain", Some("udp"), Some(53)),
        ("odd", None, Some(1000)),
        ("odd", Some("tcp"), Some(2000)),
        ("nonsense", None, None),
        ("x", None, None),
    ] {
        assert_eq!(services.port(name, protocol), port, "{name} {protocol:?}");
    }
}

#[test]
fn names_are_answered_by_family_and_asked_once() {
    let fake = Arc::new(Fake::default());
    let questions = [
        host("both", Some(Family::V4)),
        host("both", Some(Family::V6)),
        host("both", None),
        host("none", Some(Family::V4)),
        host("10.1.2.3", Some(Family::V4)),
        host("fd00::7", Some(Family::V6)),
        port("www", Some("tcp")),
        port("elsewhere", Some("tcp")),
        port("nowhere", None),
        port("8080", None),
        port("99999", None),
    ];
    let machine = Machine::ask_of(&fake, &questions, Limits::default());
    let v4 = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    assert_eq!(machine.host("both", Some(Family::V4)), v4("10.0.0.1"));
    assert_eq!(machine.host("both", Some(Family::V6)), v4("fd00::1"));
    assert_eq!(machine.host("both", None), v4("fd00::1"));
    assert_eq!(machine.host("none", Some(Family::V4)), None);
    assert_eq!(machine.host("never asked", None), None);
    assert_eq!(machine.host("10.1.2.3", Some(Family::V4)), v4("10.1.2.3"));
    assert_eq!(machine.host("10.1.2.3", Some(Family::V6)), None);
    assert_eq!(machine.host("fd00::7", Some(Family::V6)), v4("fd00::7"));
    assert_eq!(machine.port("www", Some("tcp")), Some(80));
    assert_eq!(machine.port("elsewhere", Some("tcp")), Some(4711));
    assert_eq!(machine.port("nowhere", None), None);
    assert_eq!(machine.port("8080", None), Some(8080));
    assert_eq!(machine.port("99999", None), None);
    assert_eq!(fake.asked.load(Ordering::SeqCst), 2);
}

#[test]
fn a_dead_name_server_costs_the_deadline_and_no_more() {
    let fake = Arc::new(Fake::default());
    let questions: Vec<Question> =
        (0..40).map(|n| host(&format!("hang{n}"), None)).chain([host("zboth", Some(Family::V4))]).collect();
    let limits = Limits { deadline: Duration::from_millis(1500), ..Limits::default() };
    let begun = Instant::now();
    let machine = Machine::ask_of(&fake, &questions, limits);
    assert!(begun.elapsed() >= limits.deadline && begun.elapsed() < Duration::from_secs(30));
    assert_eq!(machine.host("hang1", None), None);
    // It is asked after all those that hang.
    assert_eq!(machine.host("zboth", Some(Family::V4)), Some("10.0.0.1".parse().unwrap()));
    assert!(fake.most.load(Ordering::SeqCst) <= 48);
}

#[test]
fn many_names_are_asked_side_by_side_but_not_all_at_once() {
    let fake = Arc::new(Fake::default());
    let questions: Vec<Question> = (0..200).map(|n| host(&format!("both{n}"), None)).collect();
    let machine = Machine::ask_of(
        &fake,
        &questions,
        Limits { at_once: 8, stall: Duration::from_secs(60), deadline: Duration::from_secs(60) },
    );
    assert!(questions.iter().all(|question| match question {
        Question::Host { name, .. } => machine.host(name, Some(Family::V4)).is_some(),
        _ => false,
    }));
    let most = fake.most.load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most} at once");
}

#[test]
fn shorthand_is_no_address() {
    for name in ["80", "10.1", "1.2.3", "0x7f.1", "0x7f000001", "127.1.", "300.1.1.1", "1.2.3.4.5"] {
        assert!(is_address_shorthand(name), "{name}");
    }
    for name in ["127.0.0.1", "web1", "1.example.org", "a.1", "::1", "0xyz"] {
        assert!(!is_address_shorthand(name), "{name}");
    }
    let machine = Machine::ask(&[host("80", Some(Family::V4)), host("10.1", None)]);
    assert_eq!(machine.host("80", Some(Family::V4)), None);
    assert_eq!(machine.host("10.1", None), None);
}

#[test]
fn the_system_knows_this_machine() {
    let machine = Machine::ask(&[host("localhost", Some(Family::V4)), port("no-such-service-here", Some("tcp"))]);
    assert_eq!(machine.host("localhost", Some(Family::V4)), Some("127.0.0.1".parse().unwrap()));
    assert_eq!(machine.port("no-such-service-here", Some("tcp")), None);
    assert!(!machine.hostname().is_empty());
}

#[test]
fn files_are_looked_at_without_creating_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("there"), "x").unwrap();
    let machine = Machine::default();
    assert!(machine.file(&path("there")) && !machine.file(&path("missing")) && !machine.file(&path("")));
    assert!(machine.directory(&path("")) && !machine.directory(&path("there")));
    assert_eq!(machine.appendable(&path("there")), Ok(()));
    assert_eq!(machine.appendable(&path("missing")), Ok(()));
    assert!(!machine.file(&path("missing")));
    assert_eq!(machine.appendable(&path("no/such/log")), Err("No such file or directory".into()));
    assert_eq!(machine.appendable(&path("")), Err("Is a directory".into()));
    assert_eq!(machine.appendable(&path("there/log")), Err("Not a directory".into()));
    assert_eq!(machine.readable(&path("there")), Ok(()));
    assert_eq!(machine.readable(&path("missing")), Err("No such file or directory".into()));
    assert_eq!(machine.readable(&path("")), Err("Is a directory".into()));
}
