//! `tls = yes`: who takes it, who does not, and what goes before what.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a helper of tests fails by panicking")]

mod config_support;

use checks::{Class, Security, Spec, Tls, Transport};
use config_support::{found, load};
use ldirectord::config::{Probes, Severity};

/// What is asked of one service with these lines in it and before it, whether its `tls` is effective, and the warnings.
fn asked(globals: &str, service: &str, lines: &str) -> (Spec, bool, Vec<String>) {
    let text = format!("{globals}virtual=203.0.113.1:99\n\treal=192.0.2.1:99 masq\n\tservice={service}\n{lines}");
    let (config, all) = load(text);
    let config = config.unwrap_or_else(|| panic!("{service}: {all:#?}"));
    match &config.virtuals[0].reals[0].probes {
        Probes::One(spec, _) => (spec.clone(), config.virtuals[0].check.tls, found(&all, Severity::Warning)),
        other => panic!("{other:?}"),
    }
}

/// The TLS that begins with the connection.
fn first(spec: &Spec) -> Option<Tls> {
    match spec {
        Spec::Dialogue(dialogue) => match &dialogue.security {
            Security::Tls(tls) => Some(tls.clone()),
            _ => None,
        },
        Spec::Sip(sip) => sip.tls.clone(),
        Spec::SimpleTcp(simpletcp) => simpletcp.tls.clone(),
        Spec::Mqtt(mqtt) => mqtt.tls.clone(),
        _ => None,
    }
}

#[test]
fn services_without_a_word_of_their_own_take_it() {
    for service in ["smtp", "submission", "ftp", "nntp", "redis", "memcached", "mqtt", "sip", "simpletcp"] {
        let (spec, effective, warnings) = asked("", service, "\ttls=yes\n\ttlsname=real.example.org\n");
        assert_eq!((effective, &warnings[..]), (true, &[][..]), "{service}");
        let tls = first(&spec).unwrap_or_else(|| panic!("{service}: {spec:?}"));
        assert_eq!((tls.name.as_deref(), spec.class()), (Some("real.example.org"), Class::Heavy), "{service}");
        let (spec, effective, _) = asked("tls=yes\n", service, "");
        assert!(effective && first(&spec).is_some(), "{service}: {spec:?}");
        for (globals, lines) in [("", ""), ("", "\ttls=no\n"), ("tls=yes\n", "\ttls=no\n")] {
            let (spec, effective, _) = asked(globals, service, lines);
            assert!(!effective && first(&spec).is_none(), "{service} {globals} {lines}: {spec:?}");
        }
    }
}

#[test]
fn others_say_what_to_write_instead_and_a_global_one_is_quiet() {
    for (service, why) in [
        ("http", "TLS has a service of its own"),
        ("pop", "TLS has a service of its own"),
        ("imap", "TLS has a service of its own"),
        ("ldap", "TLS has a service of its own"),
        ("https", "TLS begins with the connection"),
        ("imaps", "TLS begins with the connection"),
        ("pops", "TLS begins with the connection"),
        ("ldaps", "TLS begins with the connection"),
        ("sips", "TLS begins with the connection"),
        ("mysql", "TLS is used where the server offers it"),
        ("pgsql", "TLS is used where the server offers it"),
        ("ssh", "the checked service has no TLS"),
        ("ntp", "the checked service has no TLS"),
        ("dns", "the checked service has no TLS"),
    ] {
        let said = |warnings: &[String]| warnings.iter().any(|words| words.contains("tls is not used"));
        let (plain, _, _) = asked("", service, "");
        let (spec, effective, warnings) = asked("", service, "\ttls=yes\n");
        assert!(warnings.iter().any(|words| words.ends_with(&format!("tls is not used: {why}"))), "{warnings:?}");
        assert_eq!((effective, spec), (false, plain.clone()), "{service}");
        let (spec, effective, warnings) = asked("tls=yes\n", service, "");
        assert!(!effective && spec == plain && !said(&warnings), "{service}: {warnings:?}");
    }
    for service in ["sip", "simpletcp"] {
        let (spec, effective, warnings) = asked("", service, "\tprotocol=udp\n\ttls=yes\n");
        assert!(!effective && first(&spec).is_none() && warnings[0].contains("datagrams carry no TLS"), "{warnings:?}");
    }
}

#[test]
fn tls_and_starttls_exclude_each_other() {
    let (spec, effective, warnings) = asked("", "submission", "\ttls=yes\n\tstarttls=yes\n");
    assert!(effective && first(&spec).is_some() && warnings[0].contains("starttls is not used"), "{warnings:?}");
    let (spec, effective, warnings) = asked("tls=yes\n", "submission", "\tstarttls=yes\n");
    let Spec::Dialogue(dialogue) = spec else { panic!("{spec:?}") };
    assert!(!effective && matches!(dialogue.security, Security::Starttls(_)));
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn settings_of_tls_belong_to_it_and_a_password_wants_a_verified_peer() {
    let (_, _, warnings) = asked("", "redis", "\tpasswd=\"p\"\n\ttlsverify=full\n");
    assert!(warnings[0].contains("the checked service has no TLS"), "{warnings:?}");
    let (_, _, warnings) = asked("", "redis", "\tpasswd=\"p\"\n\ttls=yes\n\ttlsverify=full\n\ttlsname=r.example\n");
    assert_eq!(warnings, [""; 0]);
    let (_, _, warnings) = asked("", "redis", "\tpasswd=\"p\"\n\ttls=yes\n");
    assert!(warnings[0].contains("a peer that nothing verifies"), "{warnings:?}");
}

#[test]
fn sips_is_sip_over_tls_and_over_tcp_in_any_case() {
    let (named, _, warnings) = asked("", "sips", "\ttlsname=real.example.org\n");
    assert_eq!((named.name(), &warnings[..]), ("sips", &[][..]));
    let Spec::Sip(sip) = &named else { panic!("{named:?}") };
    assert_eq!((sip.transport, sip.login.as_str()), (Transport::Tcp, "ldirectord@director"));
    assert_eq!(asked("", "sip", "\ttls=yes\n\ttlsname=real.example.org\n").0, named);
    let (spec, _, warnings) = asked("", "sips", "\tprotocol=udp\n\ttlsname=real.example.org\n");
    assert_eq!(spec, named);
    assert!(warnings[0].contains("sips is checked over tcp"), "{warnings:?}");
    let (config, all) = load("virtual=203.0.113.1:99\n\treal=192.0.2.1 masq\n\tservice=sips\n");
    assert_eq!(found(&all, Severity::Note), ["3:10: ldirectord has no service=sips"]);
    assert_eq!(config.unwrap().virtuals[0].reals[0].checkport, 5061);
    let (config, _) = load("virtual=203.0.113.1:5061\n\treal=192.0.2.1:5061 masq\n");
    assert_eq!(config.unwrap().virtuals[0].reals[0].probes, Probes::AlwaysUp);
}
