//! Servers that ask who we are: `tlscert` and `tlskey`.

use crate::server::*;
use crate::tls::{authority, file, issued, serving, serving_by};
use checks::{Dialogue, Http, Identity, LineProtocol, Probe, Security, Spec, Target, Tls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

const AUTHORITY: &[u8] = include_bytes!("identity/authority.pem");

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http/identity").join(name)
}

fn showing(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Tls {
    let identity = Identity { certificate: certificate.into(), key: key.into() };
    Tls { identity: Some(Box::new(identity)), ..Tls::default() }
}

fn https(tls: Tls) -> Http {
    Http { tls: Some(tls), host: Some("www.example".to_owned()), ..matching("hello") }
}

/// A server that wants a certificate of this authority.
fn asking(pem: &[u8], version: &'static rustls::SupportedProtocolVersion) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let (certificate, key) = issued(&authority(), &["www.example"], false);
    rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

#[tokio::test]
async fn every_kind_of_key_is_shown() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (target, _) = serving_by(asking(AUTHORITY, version)).await;
        for (certificate, key) in [("rsa.pem", "rsa.key"), ("ec.pem", "ec.key"), ("ec.pem", "pkcs8.key")] {
            let verdict = check(https(showing(here(certificate), here(key))), target).await;
            assert_eq!(verdict.words(), "200 OK", "{key}");
        }
        let both = [std::fs::read(here("ec.pem")).unwrap(), std::fs::read(here("ec.key")).unwrap()].concat();
        let both = file(std::str::from_utf8(&both).unwrap());
        assert_eq!(check(https(showing(both.path(), both.path())), target).await.words(), "200 OK", "one file");
    }
    let (target, _) = serving(issued(&authority(), &["www.example"], false)).await;
    assert!(check(https(showing(here("ec.pem"), here("ec.key"))), target).await.is_up(), "nobody asks");
}

#[tokio::test]
async fn a_server_that_refuses_says_what_is_missing() {
    let stranger = authority();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (target, _) = serving_by(asking(AUTHORITY, version)).await;
        let words = check(https(Tls::default()), target).await.words();
        assert!(words.contains("requires a client certificate") && words.contains("tlscert"), "{version:?}: {words}");
        let (target, _) = serving_by(asking(stranger.pem.as_bytes(), version)).await;
        let words = check(https(showing(here("ec.pem"), here("ec.key"))), target).await.words();
        assert!(words.contains("client certificate (tlscert)"), "{version:?}: {words}");
    }
}

#[tokio::test]
async fn over_http2_and_in_dialogues_as_well() {
    let mut config = asking(AUTHORITY, &rustls::version::TLS13);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let target = on("127.0.0.1", move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let _ = respond.send_response(http::Response::new(()), true);
            }
        }
    })
    .await;
    let ask = |tls| check(Http { http2: true, receive: None, ..https(tls) }, target);
    assert_eq!(ask(showing(here("ec.pem"), here("ec.key"))).await.words(), "200 OK");
    let words = ask(Tls::default()).await.words();
    assert!(words.ends_with("the server requires a client certificate: none was given (tlscert, tlskey)"), "{words}");

    let acceptor = TlsAcceptor::from(Arc::new(asking(AUTHORITY, &rustls::version::TLS13)));
    let target = on("127.0.0.1", move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let _ = stream.write_all(b"+OK ready\r\n+OK bye\r\n").await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    for (tls, up) in [(showing(here("rsa.pem"), here("rsa.key")), true), (Tls::default(), false)] {
        let (protocol, security) = (LineProtocol::Pop, Security::Tls(tls));
        let pop = Dialogue { protocol, security, login: None, request: String::new(), receive: None };
        let verdict = Probe::new(Spec::Dialogue(Box::new(pop)), target).unwrap().run(LONG).await;
        assert_eq!(verdict.is_up(), up, "{}", verdict.words());
        assert!(up || verdict.words().contains("requires a client certificate"), "{}", verdict.words());
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_named_and_no_key_is_shown() {
    let nobody = Target { address: ip("127.0.0.1"), port: 1 };
    let refused = |certificate: &Path, key: &Path| {
        let http = https(showing(certificate, key));
        let words = Probe::new(Spec::Http(Box::new(http)), nobody).unwrap_err().to_string();
        let secret = std::fs::read_to_string(key).unwrap_or_default();
        let leaked = secret.lines().any(|line| line.len() > 8 && words.contains(line));
        assert!(!leaked, "{words}");
        words
    };
    let [certificate, key, locked] = ["ec.pem", "ec.key", "locked.key"].map(here);
    let (empty, torn) = (file(""), file("-----BEGIN PRIVATE KEY-----\nQUJDREVGR0hJSktMTU5PUA==\n"));
    let odd = file("-----BEGIN PRIVATE KEY-----\nQUJDREVGR0hJSktMTU5PUA==\n-----END PRIVATE KEY-----\n");
    let missing = Path::new("/nowhere/client.pem");
    for (given, words) in [
        (refused(missing, &key), "tlscert /nowhere/client.pem cannot be read: No such file or directory"),
        (refused(&certificate, missing), "tlskey /nowhere/client.pem cannot be read: No such file or directory"),
        (refused(&key, &key), "cannot be read: there is no certificate in it"),
        (refused(empty.path(), &key), "cannot be read: there is no certificate in it"),
        (refused(&certificate, &certificate), "cannot be read: there is no private key in it"),
        (refused(&certificate, torn.path()), "cannot be read: there is no private key in it"),
        (refused(&certificate, odd.path()), "holds no key that can be used"),
        (refused(&certificate, &locked), "its key is encrypted; write it without a passphrase"),
        (refused(&here("rsa.pem"), &key), "does not fit the certificate in tlscert"),
    ] {
        assert!(given.contains(words), "{given}");
    }
    let shown =
        format!("{:?}", Probe::new(Spec::Http(Box::new(https(showing(&*certificate, &*key)))), nobody).unwrap());
    let secret = std::fs::read_to_string(&key).unwrap();
    assert!(!secret.lines().any(|line| shown.contains(line)), "{shown}");
}

#[tokio::test]
async fn a_changed_certificate_counts_for_a_new_probe() {
    let (target, _) = serving_by(asking(AUTHORITY, &rustls::version::TLS13)).await;
    let (certificate, key) = (file(""), here("ec.key"));
    let nothing = Probe::new(Spec::Http(Box::new(https(showing(certificate.path(), &*key)))), target);
    assert!(nothing.is_err());
    std::fs::copy(here("ec.pem"), certificate.path()).unwrap();
    let verdict = check(https(showing(certificate.path(), &*key)), target).await;
    assert_eq!(verdict.words(), "200 OK");
    assert!(verdict.timings.tls.is_some());
}
