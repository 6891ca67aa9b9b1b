//! What the services that talk in packets ask, and what the linter says about them.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a helper of tests fails by panicking")]

mod config_support;

use checks::{Dns, Ldap, Mqtt, Ntp, Radius, Secret, Security, Spec, Sql, SqlKind, Tls, Transport};
use config_support::{found, load};
use ldirectord::config::{Probes, Severity};

const LOGIN: &str = "\tlogin=\"probe\"\n\tpasswd=\"hunter2\"\n";

/// What is asked by a virtual service with these lines in it, and the warnings.
fn asked(port: u16, lines: &str) -> (Spec, Vec<String>) {
    let (config, all) = load(format!("virtual=203.0.113.1:{port}\n\treal=192.0.2.1:{port} masq\n{lines}"));
    match &config.unwrap_or_else(|| panic!("{lines}: {all:#?}")).virtuals[0].reals[0].probes {
        Probes::One(spec, deadline) => {
            assert_eq!(deadline.as_secs(), 30);
            assert!(!format!("{spec:?}").contains("hunter2"));
            (spec.clone(), found(&all, Severity::Warning))
        }
        other => panic!("{other:?}"),
    }
}

fn named() -> (String, Secret) {
    ("probe".to_owned(), Secret::new("hunter2"))
}

#[test]
fn dns_over_udp_unless_told_otherwise() {
    for (lines, transport, request) in [
        ("\trequest=\"www.example.org\"\n", Transport::Udp, "www.example.org"),
        ("\trequest=\"AAAA www.example.org\"\n\tprotocol=tcp\n", Transport::Tcp, "AAAA www.example.org"),
        ("\trequest=\"/192.0.2.7\"\n", Transport::Udp, "192.0.2.7"),
    ] {
        let (spec, warnings) = asked(53, lines);
        assert_eq!(spec, Spec::Dns(Dns { transport, request: request.to_owned(), receive: None }));
        assert_eq!((spec.name(), warnings), ("dns", vec![]));
    }
    let (config, _) = load("virtual=7\n\treal=192.0.2.1:53 gate\n\tservice=dns\n\trequest=\"a.example\"\n");
    let Probes::One(Spec::Dns(dns), _) = config.unwrap().virtuals[0].reals[0].probes.clone() else { panic!() };
    assert_eq!(dns.transport, Transport::Udp, "a mark");
    assert!(asked(53, "").1[0].contains("there is no request"));
    assert!(asked(53, "\trequest=\"BOGUS a.example\"\n").1[0].contains("no type of DNS records"));
}

#[test]
fn directories_plain_over_tls_and_with_starttls() {
    let ldap = |security: Security, base: &str| {
        let (login, password) = named();
        Spec::Ldap(Ldap { security, login, password, base: base.to_owned(), receive: None })
    };
    let base = "\trequest=\"dc=example,dc=org\"\n";
    let (spec, warnings) = asked(389, &format!("{LOGIN}{base}"));
    assert_eq!((spec, warnings.len()), (ldap(Security::Plain, "dc=example,dc=org"), 0));
    let (spec, _) = asked(389, &format!("{LOGIN}\tstarttls=yes\n"));
    assert_eq!(spec, ldap(Security::Starttls(Tls::default()), ""));
    let (spec, warnings) = asked(636, LOGIN);
    assert_eq!((spec.name(), spec), ("ldaps", ldap(Security::Tls(Tls::default()), "")));
    assert!(warnings[0].contains("the password is sent to a peer that nothing verifies"), "{warnings:?}");
    assert!(asked(389, "\tlogin=\"cn=a\"\n").1[0].contains("the bind is anonymous"));
}

#[test]
fn databases_want_a_login_and_a_query() {
    for (port, kind, name) in [(3306, SqlKind::Mysql, "mysql"), (5432, SqlKind::Pgsql, "pgsql")] {
        let lines = format!("{LOGIN}\tdatabase=\"shop\"\n\trequest=\"SELECT 1\"\n\ttlsname=db.example.org\n");
        let (spec, warnings) = asked(port, &lines);
        let (login, password) = named();
        let tls = Tls { name: Some("db.example.org".to_owned()), ..Tls::default() };
        let (database, request) = ("shop".to_owned(), "SELECT 1".to_owned());
        assert_eq!(spec.name(), name);
        assert_eq!(spec, Spec::Sql(Sql { kind, login, password, database, request, tls }));
        assert_eq!(warnings, [""; 0]);
        assert!(asked(port, LOGIN).1[0].contains("only the login is checked"));
        assert!(asked(port, "").1[0].contains("there is no login"));
        assert!(asked(port, &format!("{lines}\treceive=\"1\"\n")).1[0].contains("checks do not use it"));
    }
}

#[test]
fn radius_wants_a_secret() {
    let (spec, warnings) = asked(1812, &format!("{LOGIN}\tsecret=\"hunter2\"\n\tprotocol=udp\n"));
    let (login, password) = named();
    assert_eq!(spec, Spec::Radius(Radius { login, password, secret: Secret::new("hunter2") }));
    assert_eq!(warnings, [""; 0]);
    let (_, warnings) = asked(1812, "");
    assert!(warnings[0].contains("needs a secret") && warnings[1].contains("there is no login"), "{warnings:?}");
}

#[test]
fn words_of_ours_are_implied_by_no_port_and_noted() {
    let (login, password) = named();
    assert_eq!(asked(123, "\tservice=ntp\n\tprotocol=udp\n"), (Spec::Ntp(Ntp), vec![]));
    assert_eq!(asked(1883, &format!("\tservice=mqtt\n{LOGIN}")).0, Spec::Mqtt(Mqtt { tls: None, login, password }));
    for (port, word) in [(123, "ntp"), (1883, "mqtt")] {
        let (config, all) = load(format!("virtual=203.0.113.1:99\n\treal=192.0.2.1 masq\n\tservice={word}\n"));
        assert_eq!(found(&all, Severity::Note), [format!("3:10: ldirectord has no service={word}")]);
        assert_eq!(config.unwrap().virtuals[0].reals[0].checkport, port);
        let (config, _) = load(format!("virtual=203.0.113.1:{port}\n\treal=192.0.2.1:{port} masq\n"));
        assert_eq!(config.unwrap().virtuals[0].reals[0].probes, Probes::AlwaysUp);
    }
}
