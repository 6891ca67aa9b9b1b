//! TLS: certificates good and bad under each setting, names in SNI, and speakers of the wrong protocol.

use crate::server::*;
use checks::{Class, Http, Phase, Probe, Reason, Spec, Target, Tls, Verdict, Verify};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::HandshakeKind;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::Write;
use std::sync::{Arc, Mutex};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

/// An authority of our own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

pub(crate) fn authority() -> Authority {
    named_authority("test authority")
}

fn named_authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Authority { issuer: Issuer::new(params, key), pem }
}

/// A certificate with its key.
pub(crate) type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

pub(crate) fn issued(authority: &Authority, names: &[&str], expired: bool) -> Identity {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    if expired {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, &authority.issuer).unwrap().der().clone(), private(&key))
}

/// As `openssl req -x509` makes them: an authority of its own.
fn self_signed(names: &[&str]) -> (Identity, String) {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    ((certificate.der().clone(), private(&key)), certificate.pem())
}

/// An authority that signed nothing here, as PEM.
pub(crate) fn stranger() -> (Identity, String) {
    self_signed(&["stranger.example"])
}

/// SNI and the kind of handshake of each connection.
pub(crate) type Handshakes = Arc<Mutex<Vec<(Option<String>, HandshakeKind)>>>;

/// A TLS server that answers 200; with what it saw.
pub(crate) async fn serving(identity: Identity) -> (Target, Handshakes) {
    serving_by(with_versions(identity, rustls::DEFAULT_VERSIONS)).await
}

/// The configuration of a server that speaks these versions of TLS.
pub(crate) fn with_versions(
    identity: Identity,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.0], identity.1)
        .unwrap()
}

pub(crate) async fn serving_by(config: rustls::ServerConfig) -> (Target, Handshakes) {
    let (acceptor, seen) = (TlsAcceptor::from(Arc::new(config)), Arc::new(Mutex::new(Vec::new())));
    let names = Arc::clone(&seen);
    let target = on("127.0.0.1", move |stream| {
        let (acceptor, names) = (acceptor.clone(), Arc::clone(&names));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            request(&mut stream).await;
            let tls = stream.get_ref().1;
            names.lock().unwrap().push((tls.server_name().map(str::to_owned), tls.handshake_kind().unwrap()));
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    (target, seen)
}

pub(crate) fn file(pem: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    file
}

/// A check under the virtual host www.example.
async fn under(verify: Verify, authorities: Option<&NamedTempFile>, target: Target) -> Verdict {
    let tls = Tls { verify, authorities: authorities.map(|file| file.path().to_owned()), name: None, identity: None };
    check(Http { tls: Some(tls), host: Some("www.example".to_owned()), ..matching("hello") }, target).await
}

#[tokio::test]
async fn a_good_certificate_passes_every_setting() {
    let authority = authority();
    let pem = file(&authority.pem);
    let (target, seen) = serving(issued(&authority, &["www.example"], false)).await;
    for verify in [Verify::None, Verify::Chain, Verify::Full] {
        let verdict = under(verify, Some(&pem), target).await;
        assert_eq!(verdict.words(), "200 OK", "{verify:?}");
        let timings = verdict.timings;
        assert!(
            timings.connect.unwrap() <= timings.tls.unwrap() && timings.tls.unwrap() <= timings.first_byte.unwrap()
        );
    }
    let names: Vec<_> = seen.lock().unwrap().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, vec![Some("www.example".to_owned()); 3], "SNI, while the name does not resolve");
}

#[tokio::test]
async fn bad_certificates_are_named() {
    let authority = authority();
    let pem = file(&authority.pem);
    let strangers = file(&named_authority("another authority").pem);
    let impostor = file(&self::authority().pem);
    let (expired, _) = serving(issued(&authority, &["www.example"], true)).await;
    let (other, _) = serving(issued(&authority, &["other.example"], false)).await;
    let (own, _) = serving(self_signed(&["www.example"]).0).await;
    for target in [expired, other, own] {
        assert_eq!(under(Verify::None, None, target).await.words(), "200 OK", "nothing is verified");
    }
    for verify in [Verify::Chain, Verify::Full] {
        let failure = under(verify, Some(&pem), expired).await.result.unwrap_err();
        assert_eq!(failure.phase, Phase::Tls);
        let words = failure.to_string();
        assert!(words.starts_with("tls: certificate expired ") && words.ends_with(" days ago"), "{words}");
        let unknown = "tls: certificate signed by an unknown authority (tlsca names the trusted ones)";
        let own_words = "tls: certificate of an authority itself (self-signed), which tlsca does not list";
        assert_eq!(under(verify, Some(&pem), own).await.words(), own_words);
        assert_eq!(under(verify, Some(&strangers), other).await.words(), unknown);
        let same_name = "tls: certificate signed by an unknown authority of the same name as a trusted one";
        assert_eq!(under(verify, Some(&impostor), other).await.words(), same_name);
    }
    assert_eq!(under(Verify::Chain, Some(&pem), other).await.words(), "200 OK", "the name does not matter");
    let words = under(Verify::Full, Some(&pem), other).await.words();
    assert_eq!(words, "tls: certificate is for other.example, not www.example");
}

#[tokio::test]
async fn a_servers_own_certificate_may_stand_in_tlsca() {
    let (identity, pem) = self_signed(&["www.example"]);
    let pem = file(&pem);
    let (target, _) = serving(identity).await;
    assert_eq!(under(Verify::Full, Some(&pem), target).await.words(), "200 OK");
    let (other, other_pem) = self_signed(&["other.example"]);
    let other_pem = file(&other_pem);
    let (target, _) = serving(other).await;
    assert!(under(Verify::Full, Some(&other_pem), target).await.words().contains("not www.example"));
}

#[tokio::test]
async fn a_changed_authorities_file_counts_for_a_new_probe() {
    let (first, second) = (authority(), authority());
    let mut pem = file(&first.pem);
    let (target, _) = serving(issued(&second, &["www.example"], false)).await;
    assert!(!under(Verify::Chain, Some(&pem), target).await.is_up());
    pem.write_all(second.pem.as_bytes()).unwrap();
    assert!(under(Verify::Chain, Some(&pem), target).await.is_up());
}

#[tokio::test]
async fn names_in_sni() {
    let (target, seen) = serving(self_signed(&["www.example"]).0).await;
    let https = |host: Option<&str>, name: Option<&str>| Http {
        tls: Some(Tls { name: name.map(str::to_owned), ..Tls::default() }),
        host: host.map(str::to_owned),
        ..get()
    };
    for (host, name, sni) in [
        (None, None, None),
        (Some("www.example"), None, Some("www.example")),
        (Some("www.example"), Some("tls.example"), Some("tls.example")),
        (Some("www.example:8443"), None, Some("www.example")),
    ] {
        assert_eq!(check(https(host, name), target).await.words(), "200 OK");
        assert_eq!(seen.lock().unwrap().pop().unwrap().0.as_deref(), sni, "{host:?} {name:?}");
    }
    assert_eq!(Spec::Http(Box::new(https(None, None))).class(), Class::Heavy);
    assert_eq!(Spec::Http(Box::new(get())).class(), Class::Light);
}

#[tokio::test]
async fn an_address_is_verified_against_the_certificate_where_there_is_no_name() {
    let authority = authority();
    let pem = file(&authority.pem);
    let tls = Tls { verify: Verify::Full, authorities: Some(pem.path().to_owned()), name: None, identity: None };
    for (name, up) in [("127.0.0.1", true), ("127.0.0.2", false)] {
        let (target, _) = serving(issued(&authority, &[name], false)).await;
        let verdict = check(Http { tls: Some(tls.clone()), ..get() }, target).await;
        assert_eq!(verdict.is_up(), up, "{}", verdict.words());
    }
}

#[tokio::test]
async fn either_version_alone_will_do() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = with_versions(self_signed(&["www.example"]).0, &[version]);
        let (target, seen) = serving_by(config).await;
        assert_eq!(under(Verify::None, None, target).await.words(), "200 OK", "{version:?}");
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn wrong_protocols() {
    let (plain, _) = answering("HTTP/1.1 400 Bad Request\r\n\r\nwhat is this?\r\n\r\n").await;
    let https = || Http { tls: Some(Tls::default()), ..get() };
    // The server reads up to an empty line, which a TLS greeting lacks: it answers at once instead.
    let blunt = on("127.0.0.1", |mut stream| async move {
        let _ = stream.readable().await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.shutdown().await;
        tokio::time::sleep(SHORT).await;
    })
    .await;
    let failure = check(https(), blunt).await.result.unwrap_err();
    assert_eq!(failure.to_string(), "tls: the server does not speak TLS on this port");
    let silent = check_within(https(), plain, SHORT).await.result.unwrap_err();
    assert_eq!((silent.phase, silent.reason), (Phase::Tls, Reason::Timeout(SHORT)));
    let (secure, _) = serving(self_signed(&["www.example"]).0).await;
    let words = check(get(), secure).await.words();
    assert_eq!(words, "receive: not a valid answer: TLS where plain HTTP is expected");
    let closing = on("127.0.0.1", |stream| async move { drop(stream) }).await;
    let failure = check(https(), closing).await.result.unwrap_err();
    assert_eq!(failure.phase, Phase::Tls);
    assert!(matches!(failure.reason, Reason::Closed(0) | Reason::Reset(0)), "{failure}");
}

#[tokio::test]
async fn no_session_is_resumed() {
    let (target, seen) = serving(self_signed(&["www.example"]).0).await;
    let http = Http { tls: Some(Tls::default()), host: Some("www.example".to_owned()), ..get() };
    let probe = Probe::new(Spec::Http(Box::new(http)), target).unwrap();
    for _ in 0..5 {
        assert_eq!(probe.run(LONG).await.words(), "200 OK");
    }
    let seen = seen.lock().unwrap();
    assert!(seen.len() == 5 && seen.iter().all(|(_, kind)| *kind != HandshakeKind::Resumed), "{seen:?}");
}
