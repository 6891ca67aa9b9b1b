//! What single lines mean once everything is resolved, and what is never shown.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests fails by panicking")]

mod config_support;

use config_support::{Machine, found, load};
use ldirectord::config::{Config, Probes, Question, Service, Severity, read};
use ldirectord::ipvs::{Forward, TunnelKind};

fn loaded(text: &str) -> Config {
    let (config, all) = load(text);
    config.unwrap_or_else(|| panic!("{text}: {all:#?}"))
}

fn errors(text: &str) -> Vec<String> {
    found(&load(text).1, Severity::Error)
}

/// A virtual service on 203.0.113.1:80 with these indented lines.
fn block(lines: &str) -> String {
    format!("virtual=203.0.113.1:80\n\t{}\n", lines.replace('\n', "\n\t"))
}

#[test]
fn real_lines_in_any_order() {
    for line in [
        "real=192.0.2.1:80 ipip 7 \"/a b\", \"c, \"d\"\" l:3 u:9 tunneltype=gue:6080",
        "real=192.0.2.1:80 ipip u:9 tunneltype=gue:6080 \"a b\" \"c, \"d\"\" 7 l:3",
        "real = 192.0.2.1:http   ipip l:3\tu:9  \"a b\",   \"c, \"d\"\"   tunneltype=gue:6080 007",
    ] {
        let config = loaded(&block(line));
        let real = &config.virtuals[0].reals[0];
        assert_eq!((real.forward, real.tunnel.kind), (Forward::Tunnel, TunnelKind::Gue { port: 6080 }), "{line}");
        assert_eq!((real.weight, real.lower, real.upper, real.port), (7, 3, 9, 80), "{line}");
        assert_eq!((real.request.as_str(), real.receive.as_deref()), ("/a b", Some("c, \"d\"")), "{line}");
    }
}

#[test]
fn requests_reach_as_far_as_they_can() {
    for (strings, request, receive) in [
        ("\"say \"x\" now\", \"ok\"", "/say \"x\" now", Some("ok")),
        ("\"a\" \"\"", "/a", None),
        ("\"\", \"ok\"", "/", Some("ok")),
        ("\"a\",\"b\"", "/a", Some("b")),
    ] {
        let config = loaded(&block(&format!("real=192.0.2.1:80 gate {strings}\nreceive=\"other\"")));
        let real = &config.virtuals[0].reals[0];
        assert_eq!((real.request.as_str(), real.receive.as_deref()), (request, receive), "{strings}");
    }
}

#[test]
fn refused_real_lines_say_what_to_write() {
    for (line, help) in [
        ("real=192.0.2.1::80 gate", "write one colon: 192.0.2.1:80"),
        ("real=192.0.2.1:80", "gate (or masq, ipip)"),
        ("real=192.0.2.1:80 gate -w 3", "without -w"),
        ("real=192.0.2.1:80 gate weight=3", "bare number"),
        ("real=192.0.2.1:80 gate 3 4", "twice"),
        ("real=192.0.2.1:80 gate \"a\",\"b\"x", "blank before it"),
        ("real=192.0.2.1:80 gate tunneltype=gre", "ipip"),
        ("real=192.0.2.1:80 ipip tunneltype=gue:0", "tunneltype=gue:6080"),
        ("real=192.0.2.1:80 gate l:many", "l:100"),
        ("real=[2001:db8::1]:80 gate", "virtual6="),
        ("real=10.1:80 gate", "four numbers"),
        ("real=192.0.2.01:80 gate", "leading zeros"),
        ("real=192.0.2.1: gate", "leave the colon out"),
        ("real=a/b:80 gate", "cannot stand in a host name"),
    ] {
        let (config, all) = load(block(line));
        assert!(config.is_none(), "{line}");
        assert_eq!(all.iter().filter(|found| found.severity == Severity::Error).count(), 1, "{line}: {all:?}");
        assert!(
            all.iter().any(|found| found.help.as_deref().is_some_and(|text| text.contains(help))),
            "{line}: {all:?}"
        );
    }
}

#[test]
fn timeouts_are_inherited_crosswise() {
    for (globals, own, expected) in [
        ("", "", (5, 30)),
        ("checktimeout=3", "", (3, 3)),
        ("negotiatetimeout=9", "", (9, 9)),
        ("checktimeout=3\nnegotiatetimeout=9", "", (3, 9)),
        ("checktimeout=3\nnegotiatetimeout=9", "checktimeout=4", (4, 4)),
        ("checktimeout=3\nnegotiatetimeout=9", "negotiatetimeout=8", (8, 8)),
        ("checktimeout=3", "checktimeout=4\nnegotiatetimeout=8", (4, 8)),
    ] {
        let text = format!("{globals}\n{}", block(&format!("real=192.0.2.1:80 gate\n{own}")));
        let config = loaded(&text);
        let check = &config.virtuals[0].check;
        assert_eq!((check.checktimeout, check.negotiatetimeout), expected, "{globals:?} {own:?}");
    }
}

#[test]
fn names_that_do_not_resolve() {
    let (config, all) =
        load(block("real=nobody.invalid:80 masq\nreal=web1->nobody.invalid:80 gate\nreal=web1:80 gate"));
    let config = config.unwrap();
    let reals: Vec<_> =
        config.virtuals[0].reals.iter().map(|real| (real.host.as_str(), real.address.is_some())).collect();
    assert_eq!(reals, [("nobody.invalid", false), ("web1->nobody.invalid", false), ("web1", true)]);
    assert_eq!(found(&all, Severity::Warning).len(), 2);
    assert_eq!(
        errors("virtual=nobody.invalid:80\n\treal=192.0.2.1:nothing gate\n").len(),
        2,
        "an unknown virtual name hides no unknown port"
    );
}

#[test]
fn ranges_with_names_at_both_ends() {
    let config = loaded(&block("real=web1->my_web:8080 masq 3"));
    let hosts: Vec<_> = config.virtuals[0].reals.iter().map(|real| real.host.as_str()).collect();
    assert_eq!(hosts, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    assert!(errors(&block("real=my_web->web1:80 gate"))[0].contains("Invalid Range: 192.0.2.3-192.0.2.1"));
}

#[test]
fn the_last_line_of_one_destination_counts() {
    let config = loaded(&block("real=192.0.2.1:80 masq 1\nreal=192.0.2.2:80 masq\nreal=192.0.2.1:80 masq 9"));
    let reals: Vec<_> = config.virtuals[0].reals.iter().map(|real| (real.line, real.weight)).collect();
    assert_eq!(reals, [(4, 9), (3, 1)]);
}

#[test]
fn services_that_are_not_spoken_yet_say_so() {
    let (config, all) = load("virtual=203.0.113.1:1521\n\treal=192.0.2.1:1521 masq\n");
    let service = &config.unwrap().virtuals[0];
    assert_eq!(service.check.service, Service::Oracle);
    assert!(matches!(&service.reals[0].probes, Probes::One(checks::Spec::Connect, _)));
    assert!(found(&all, Severity::Warning)[0].contains("only that the port accepts a connection is checked"));
}

/// The dialogue of one virtual service with these lines in it.
fn dialogue(port: u16, lines: &str) -> (checks::Dialogue, Vec<String>) {
    let text = format!("virtual=203.0.113.1:{port}\n\treal=192.0.2.1:{port} masq\n{lines}");
    let (config, all) = load(text);
    match &config.unwrap().virtuals[0].reals[0].probes {
        Probes::One(checks::Spec::Dialogue(dialogue), deadline) => {
            assert_eq!(deadline.as_secs(), 30);
            ((**dialogue).clone(), found(&all, Severity::Warning))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn dialogues_carry_what_their_protocol_uses_and_nothing_else() {
    let login = "\tlogin=\"probe\"\n\tpasswd=\"hunter2\"\n";
    for (port, name, logs_in) in [
        (25, "smtp", false),
        (587, "submission", false),
        (110, "pop", true),
        (995, "pops", true),
        (143, "imap", true),
        (993, "imaps", true),
        (119, "nntp", true),
        (21, "ftp", true),
    ] {
        let (bare, warnings) = dialogue(port, "");
        assert_eq!((bare.name(), bare.request.as_str()), (name, ""));
        assert_eq!(bare.login.map(|login| login.name), (name == "ftp").then(|| "anonymous".to_owned()), "{name}");
        assert_eq!(warnings, [""; 0], "{name}");
        let (given, warnings) = dialogue(port, &format!("{login}\trequest=\"/pub/x\"\n\tstarttls=yes\n"));
        assert_eq!(given.login.is_some(), logs_in, "{name}");
        assert_eq!(given.request.as_str(), if name == "ftp" { "pub/x" } else { "" }, "{name}");
        assert!(!format!("{given:?}").contains("hunter2"), "{name}");
        let secured = matches!(given.security, checks::Security::Starttls(_));
        assert_eq!(secured, !matches!(name, "pops" | "imaps" | "ftp"), "{name}");
        assert_eq!(warnings.iter().any(|words| words.contains("nobody is logged in")), !logs_in, "{name}");
        assert_eq!(warnings.iter().any(|words| words.contains("starttls is not used")), !secured, "{name}");
    }
    let (ftp, _) = dialogue(21, "\tservice=ftp\n");
    let login = ftp.login.unwrap();
    assert_eq!((login.name.as_str(), login.password.reveal()), ("anonymous", "ldirectord@director"));
    let (_, warnings) = dialogue(21, "\treceive=\"OK\"\n");
    assert!(warnings[0].contains("no file for receive"), "{warnings:?}");
    let (imaps, warnings) = dialogue(993, "\tvirtualhost=mail.example.org\n\ttlsverify=full\n");
    let checks::Security::Tls(tls) = imaps.security else { panic!("{imaps:?}") };
    assert_eq!((tls.name.as_deref(), warnings.len()), (Some("mail.example.org"), 0));
}

#[test]
fn words_of_ours_are_implied_by_no_port_and_noted() {
    for (port, word) in [(6379, "redis"), (11211, "memcached"), (22, "ssh")] {
        let (spoken, _) = dialogue(port, &format!("\tservice={word}\n\tpasswd=\"p\"\n"));
        assert_eq!((spoken.name(), spoken.login.is_some()), (word, word == "redis"));
        let (config, _) = load(format!("virtual=203.0.113.1:{port}\n\treal=192.0.2.1:{port} masq\n"));
        assert_eq!(config.unwrap().virtuals[0].check.service, Service::None);
        let (_, all) = load(format!("virtual=203.0.113.1:99\n\treal=192.0.2.1 masq\n\tservice={word}\n"));
        assert_eq!(found(&all, Severity::Note), [format!("3:10: ldirectord has no service={word}")]);
    }
}

#[test]
fn monitors_get_the_port_and_are_looked_for() {
    let file = |lines: &str| format!("virtual=203.0.113.1:80\n\treal=192.0.2.1:81 masq\n\tchecktype=mon\n{lines}");
    let command = |lines: &str| {
        let (config, all) = load(file(lines));
        match config.unwrap().virtuals[0].reals[0].probes.clone() {
            Probes::One(checks::Spec::Mon(mon), deadline) => (mon.command, deadline, found(&all, Severity::Warning)),
            other => panic!("{other:?}"),
        }
    };
    let (words, deadline, warnings) = command("\tcheckcommand=/srv/check -p %p -u %%p/a%20b% %\n\tchecktimeout=7\n");
    assert_eq!(words, ["/srv/check", "-p", "81", "-u", "%p/a%20b%", "%"]);
    assert_eq!((deadline.as_secs(), warnings), (7, vec![]));
    assert_eq!(command("\tcheckcommand=/srv/check %p\n\tcheckport=8080\n").0, ["/srv/check", "8080"]);
    let (words, _, warnings) = command("\tcheckcommand=gone.monitor -t 2\n");
    assert_eq!(words, ["gone.monitor", "-t", "2"]);
    assert!(warnings[0].contains("gone.monitor is in none of /usr/local/lib/mon/mon.d"), "{warnings:?}");
    let (_, all) = load(file("\tcheckcommand=/srv/check\n"));
    assert_eq!(found(&all, Severity::Note), ["3:12: ldirectord has no checktype=mon"]);
}

#[test]
fn programs_at_once_are_configured_for_the_whole_file() {
    let most = |text: &str| load(format!("{text}{}", "virtual=7\n\treal=192.0.2.1 gate\n\tchecktype=ping\n"));
    assert_eq!(most("").0.unwrap().globals.externalmax, 64);
    assert_eq!(most("externalmax = 5\n").0.unwrap().globals.externalmax, 5);
    for wrong in ["externalmax=0\n", "externalmax=many\n"] {
        let (config, all) = most(wrong);
        assert!(
            config.is_none() && found(&all, Severity::Error)[0].contains("invalid externalmax"),
            "{wrong}: {all:?}"
        );
    }
}

#[test]
fn questions_are_asked_once_each() {
    let text = "logfile=\"/var/log/x\"\nmaintenancedir=/srv/maintenance\nfallback=web1:http\nvirtual=203.0.113.1:http\n\
                \treal=web1:80 gate\n\treal=web1:http gate\n\tmonitorfile=/srv/m\n\ttlsca=/srv/ca.pem\n\
                \tchecktype=external\n\tcheckcommand=/srv/check -v\n";
    let questions = read(text.as_bytes()).questions();
    let count = |wanted: fn(&Question) -> bool| questions.iter().filter(|question| wanted(question)).count();
    assert_eq!(count(|question| matches!(question, Question::Host { name, .. } if name == "web1")), 1);
    assert_eq!(count(|question| matches!(question, Question::Port { .. })), 3, "any, tcp and udp: {questions:?}");
    assert_eq!(count(|question| matches!(question, Question::Appendable(_))), 2);
    assert_eq!(count(|question| matches!(question, Question::Directory(_))), 1);
    assert_eq!(count(|question| matches!(question, Question::Readable(_))), 1);
    assert_eq!(count(|question| matches!(question, Question::File(_))), 1);
}

#[test]
fn secrets_are_never_shown() {
    let text = block("real=192.0.2.1:80 gate\npasswd=\"hunter2\"\nsecret=\"hunter2\"\nservice=http");
    let draft = read(text.as_bytes());
    assert!(!format!("{draft:?}").contains("hunter2"));
    let (config, _) = draft.finish(&Machine);
    let config = config.unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.virtuals[0].check.passwd.reveal(), "hunter2");
    for wrong in ["passwd=hunter2", "secret=\u{201C}hunter2\u{201D}", "passwd \"hunter2\"", "passwd=\"hunter2"] {
        let (_, all) = load(block(wrong));
        assert!(all.iter().any(|found| found.severity == Severity::Error), "{wrong}");
        assert!(!format!("{all:?}").contains("hunter2"), "{wrong}: {all:?}");
    }
    assert!(!format!("{:?}", load("virtual=7\npasswd=\"hunter2\"\n")).contains("hunter2"));
}

#[test]
fn a_bad_pattern_has_its_place() {
    let Err(error) = checks::Pattern::compile("a(b") else { return };
    let all = load(block("service=http\nreceive=\"a(b\"\nreal=192.0.2.1:80 gate \"x\", \"a(b\"")).1;
    let places = found(&all, Severity::Error);
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(places[0].starts_with(&format!("3:{}: invalid receive string", 11 + error.offset)), "{places:?}");
    assert!(places[1].starts_with(&format!("4:{}: invalid receive string", 31 + error.offset)), "{places:?}");
}
