//! What http_proxy, kube and grpc ask, client certificates, and what the linter says about them.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a helper of tests fails by panicking")]

mod config_support;

use checks::{Class, Grpc, Http, Identity, Kube, Method, Redirect, Security, Spec, Tls, Verify};
use config_support::{found, load};
use ldirectord::config::{Probes, Severity, Virtual};
use std::path::PathBuf;

/// The virtual service with these lines in it and before it, what is asked of its real server, and the warnings.
fn asked(globals: &str, service: &str, lines: &str) -> (Virtual, Spec, Vec<String>) {
    let text = format!("{globals}virtual=203.0.113.1:99\n\treal=192.0.2.1:99 masq\n\tservice={service}\n{lines}");
    let (config, all) = load(text);
    let service = config.unwrap_or_else(|| panic!("{service}: {all:#?}")).virtuals.remove(0);
    match &service.reals[0].probes {
        Probes::One(spec, _) => (service.clone(), spec.clone(), found(&all, Severity::Warning)),
        other => panic!("{other:?}"),
    }
}

fn spec(service: &str, lines: &str) -> Spec {
    asked("", service, lines).1
}

fn http(service: &str, lines: &str) -> Http {
    match spec(service, lines) {
        Spec::Http(http) => *http,
        other => panic!("{other:?}"),
    }
}

fn identity() -> Option<Box<Identity>> {
    Some(Box::new(Identity { certificate: PathBuf::from("/srv/client.pem"), key: PathBuf::from("/srv/client.key") }))
}

#[test]
fn an_api_server_is_asked_over_https_with_a_token() {
    let kube = http("kube", "\ttokenfile=\"/srv/token\"\n\ttlsverify=full\n\ttlsca=\"/srv/ca.pem\"\n\ttlsname=k8s\n");
    let tls = Tls {
        verify: Verify::Full,
        authorities: Some(PathBuf::from("/srv/ca.pem")),
        name: Some("k8s".to_owned()),
        identity: None,
    };
    let wanted = Http {
        tls: Some(tls),
        method: Method::Get,
        request: "/readyz".to_owned(),
        host: None,
        receive: None,
        redirect: Redirect::Follow,
        http2: false,
        proxy: false,
        kube: Some(Kube { token: Some(PathBuf::from("/srv/token")) }),
    };
    assert_eq!(kube, wanted);
    let named = spec("kube", "\trequest=\"/livez\"\n");
    assert_eq!((named.name(), named.class()), ("kube", Class::Heavy));
    let other = http("kube", "\trequest=\"/livez\"\n");
    assert_eq!((other.request.as_str(), other.kube), ("/livez", Some(Kube { token: None })));
    let (config, _) = load("virtual=203.0.113.1:6443\n\treal=192.0.2.1 masq\n");
    assert_eq!(config.unwrap().virtuals[0].reals[0].probes, Probes::AlwaysUp, "no port implies it");
    let (config, _) = load("virtual=7\n\treal=192.0.2.1 masq\n\tservice=kube\n");
    assert_eq!(config.unwrap().virtuals[0].reals[0].checkport, 6443);
}

#[test]
fn a_token_wants_a_kube_check_and_a_verified_peer() {
    let warned = |service: &str, lines: &str| asked("", service, lines).2;
    assert!(warned("https", "\ttokenfile=/srv/token\n")[0].contains("only kube checks send a token"));
    assert!(warned("kube", "\ttokenfile=/srv/token\n")[0].contains("sent to a peer that nothing verifies"));
    assert_eq!(warned("kube", "\ttokenfile=/srv/token\n\ttlsverify=chain\n"), [""; 0]);
    assert_eq!(warned("kube", ""), [""; 0]);
    let unread = warned("kube", "\ttokenfile=/nowhere\n\ttlsverify=chain\n");
    assert!(unread[0].contains("unable to read tokenfile /nowhere"), "{unread:?}");
    assert!(warned("kube", "\ttls=yes\n")[0].contains("TLS begins with the connection"));
}

#[test]
fn grpc_plain_and_over_tls() {
    let plain = Grpc { tls: None, service: String::new(), host: None };
    let (_, asked_plain, warnings) = asked("", "grpc", "");
    assert_eq!((asked_plain, warnings), (Spec::Grpc(Box::new(plain.clone())), vec![]));
    let lines = "\trequest=\"shop.Basket\"\n\tvirtualhost=shop.example\n";
    let named = Grpc { service: "shop.Basket".to_owned(), host: Some("shop.example".to_owned()), ..plain };
    assert_eq!(spec("grpc", lines), Spec::Grpc(Box::new(named.clone())));
    let tls = Tls { name: Some("shop.example".to_owned()), identity: identity(), ..Tls::default() };
    let lines = format!("{lines}\ttls=yes\n\ttlscert=\"/srv/client.pem\"\n\ttlskey=\"/srv/client.key\"\n");
    assert_eq!(spec("grpc", &lines), Spec::Grpc(Box::new(Grpc { tls: Some(tls), ..named })));
    let (_, spec, warnings) = asked("", "grpc", "\treceive=\"SERVING\"\n\thttpversion=2\n");
    assert_eq!((spec.name(), spec.class(), warnings.len()), ("grpc", Class::Heavy, 2));
    assert!(warnings.iter().all(|words| words.contains("grpc checks do not use it")), "{warnings:?}");
    let (config, all) = load("virtual=7\n\treal=192.0.2.1 masq\n\tservice=grpc\n");
    assert_eq!(config.unwrap().virtuals[0].reals[0].checkport, 0);
    assert!(found(&all, Severity::Warning)[0].contains("there is no port to check"));
}

#[test]
fn a_proxy_makes_a_tunnel_for_https() {
    let url = "\trequest=\"https://www.example/\"\n\ttlsverify=chain\n\thttpversion=2\n";
    let (_, spec, warnings) = asked("", "http_proxy", url);
    assert_eq!((spec.name(), spec.class(), warnings), ("http_proxy", Class::Heavy, vec![]));
    let tunnel = http("http_proxy", url);
    assert_eq!((tunnel.request.as_str(), tunnel.proxy, tunnel.http2), ("https://www.example/", true, true));
    assert_eq!(tunnel.tls, Some(Tls { verify: Verify::Chain, ..Tls::default() }));
    let (_, spec, warnings) = asked("", "http_proxy", "\trequest=\"http://www.example/\"\n\ttlsverify=chain\n");
    assert_eq!(spec.class(), Class::Light);
    assert!(warnings[0].contains("the checked service has no TLS"), "{warnings:?}");
}

#[test]
fn a_client_certificate_goes_to_every_check_over_tls() {
    let pair = "tlscert=\"/srv/client.pem\"\ntlskey=\"/srv/client.key\"\n";
    let own = "\ttlscert=/srv/client.pem\n\ttlskey=/srv/client.key\n";
    for (globals, own) in [(pair, ""), ("", own), ("tlscert=/srv/ca.pem\ntlskey=/srv/ca.pem\n", own)] {
        for service in ["https", "kube", "imaps", "ldaps", "mysql", "pgsql"] {
            let (known, spec, warnings) = asked(globals, service, own);
            assert_eq!(known.check.tlscert.as_deref(), Some("/srv/client.pem"));
            let tls = match spec {
                Spec::Http(http) => http.tls,
                Spec::Dialogue(dialogue) => match dialogue.security {
                    Security::Tls(tls) => Some(tls),
                    _ => None,
                },
                Spec::Ldap(ldap) => match ldap.security {
                    Security::Tls(tls) => Some(tls),
                    _ => None,
                },
                Spec::Sql(sql) => Some(sql.tls),
                other => panic!("{other:?}"),
            };
            assert_eq!(tls.unwrap().identity, identity(), "{service}");
            assert!(!warnings.iter().any(|words| words.contains("no TLS")), "{warnings:?}");
        }
        let (_, spec, warnings) = asked(globals, "http", own);
        assert_eq!(spec.class(), Class::Light);
        assert_eq!(warnings.iter().any(|words| words.contains("no TLS")), !own.is_empty(), "{warnings:?}");
    }
}

#[test]
fn a_certificate_and_its_key_belong_together() {
    let head = "virtual=203.0.113.1:443\n\treal=192.0.2.1:443 masq\n";
    for (text, words) in [
        (format!("{head}\ttlscert=/srv/client.pem\n"), "3:10: tlscert without tlskey"),
        (format!("{head}\ttlskey=/srv/client.key\n"), "3:9: tlskey without tlscert"),
        (format!("tlskey=/srv/client.key\n{head}"), "1:8: tlskey without tlscert"),
        (format!("{head}\ttlscert=/nowhere\n\ttlskey=/srv/client.key\n"), "3:10: unable to read tlscert /nowhere"),
        (format!("tlskey=/nowhere\ntlscert=/srv/client.pem\n{head}"), "1:8: unable to read tlskey /nowhere"),
    ] {
        let (config, all) = load(&text);
        let errors = found(&all, Severity::Error);
        assert!(config.is_none() && errors.len() == 1 && errors[0].starts_with(words), "{text}: {errors:?}");
    }
    let (config, _) = load(format!("tlskey=/srv/client.key\ntlscert=/srv/ca.pem\n{head}\ttlscert=/srv/client.pem\n"));
    let check = config.unwrap().virtuals.remove(0).check;
    let pair = (check.tlscert.as_deref(), check.tlskey.as_deref());
    assert_eq!(pair, (Some("/srv/client.pem"), Some("/srv/client.key")), "each is inherited by itself");
}
