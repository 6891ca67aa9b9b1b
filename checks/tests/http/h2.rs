//! HTTP/2, where it is asked for.

use crate::server::*;
use crate::tls::{authority, issued};
use bytes::Bytes;
use checks::{Http, Phase, Reason, Redirect, Target, Tls, Verify};
use http::{HeaderMap, Request, Response};
use std::sync::{Arc, Mutex};
use tokio_rustls::TlsAcceptor;

/// What a server saw of a connection: SNI, authority and path.
type Seen2 = Arc<Mutex<Vec<(Option<String>, String, String)>>>;

/// A GET over HTTP/2 for www.invalid.
pub(crate) fn get2() -> Http {
    Http { tls: Some(Tls::default()), host: Some("www.invalid".to_owned()), http2: true, ..get() }
}

/// A server that speaks HTTP/2 only: 200 and "hello", a redirect for /from, silence for /silent, a flood for /flood.
pub(crate) async fn server() -> (Target, Seen2) {
    let (certificate, key) = issued(&authority(), &["www.invalid"], false);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (acceptor, seen) = (TlsAcceptor::from(Arc::new(config)), Seen2::default());
    let log = Arc::clone(&seen);
    let target = on("127.0.0.1", move |stream| {
        let (acceptor, log) = (acceptor.clone(), Arc::clone(&log));
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let name = stream.get_ref().1.server_name().map(str::to_owned);
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((request, respond))) = connection.accept().await {
                let (authority, path) =
                    (request.uri().authority().unwrap().to_string(), request.uri().path().to_owned());
                log.lock().unwrap().push((name.clone(), authority, path));
                tokio::spawn(answer(request, respond));
            }
        }
    })
    .await;
    (target, seen)
}

async fn answer(request: Request<h2::RecvStream>, mut respond: h2::server::SendResponse<Bytes>) {
    let path = request.uri().path();
    let mut response = Response::new(());
    if path == "/silent" {
        tokio::time::sleep(LONG).await;
    }
    if path == "/from" {
        *response.status_mut() = http::StatusCode::FOUND;
        response.headers_mut().insert("location", "/to".parse().unwrap());
    }
    let Ok(mut body) = respond.send_response(response, false) else { return };
    let _ = body.send_data(Bytes::from_static(b"hello"), false);
    if path == "/flood" {
        loop {
            body.reserve_capacity(16_384);
            let Some(Ok(_)) = std::future::poll_fn(|context| body.poll_capacity(context)).await else { return };
            if body.send_data(Bytes::from(vec![b'x'; body.capacity()]), false).is_err() {
                return;
            }
        }
    }
    let _ = body.send_trailers(HeaderMap::new());
}

#[tokio::test]
async fn host_and_sni_from_the_virtual_host_pinned_to_the_real() {
    let (target, seen) = server().await;
    let http = Http { request: "/x?y".to_owned(), receive: matching("^hello$").receive, ..get2() };
    for _ in 0..2 {
        assert_eq!(check(http.clone(), target).await.words(), "200 OK");
    }
    let one = (Some("www.invalid".to_owned()), "www.invalid".to_owned(), "/x".to_owned());
    assert_eq!(*seen.lock().unwrap(), [one.clone(), one]);
    let nameless = Http { host: None, ..get2() };
    assert_eq!(check(nameless, target).await.words(), "200 OK");
    assert_eq!(seen.lock().unwrap()[2].0, None, "no SNI for an address");
}

#[tokio::test]
async fn redirects_and_patterns() {
    let (target, _) = server().await;
    let from = Http { request: "/from".to_owned(), ..get2() };
    assert_eq!(check(from.clone(), target).await.words(), "200 OK");
    let none = check(Http { redirect: Redirect::None, ..from }, target).await;
    assert_eq!(none.words(), "receive: 302 Found to /to");
    let failure = check(Http { receive: matching("goodbye").receive, ..get2() }, target).await.result.unwrap_err();
    assert_eq!(failure.reason, Reason::NoMatch { bytes: 5, excerpt: "hello".to_owned() });
}

#[tokio::test]
async fn hostile() {
    let (target, _) = server().await;
    let silent = check_within(Http { request: "/silent".to_owned(), ..get2() }, target, SHORT).await;
    assert!(matches!(silent.result.unwrap_err().reason, Reason::Timeout(_)));
    let flood = Http { request: "/flood".to_owned(), receive: matching("fine").receive, ..get2() };
    let flooded = check(flood, target).await.result.unwrap_err();
    assert_eq!(flooded.reason, Reason::TooLong { what: "body", limit: 1 << 20 });
    let refused = check(get2(), Target { port: 1, ..target }).await.result.unwrap_err();
    assert_eq!((refused.phase, refused.reason), (Phase::Connect, Reason::Refused));
    let tls = Tls { verify: Verify::Full, ..Tls::default() };
    let pem = tempfile::NamedTempFile::new().unwrap();
    let (_, stranger) = crate::tls::stranger();
    std::fs::write(pem.path(), stranger).unwrap();
    let strict = Http { tls: Some(Tls { authorities: Some(pem.path().to_owned()), ..tls }), ..get2() };
    let failure = check(strict, target).await.result.unwrap_err();
    assert_eq!(failure.phase, Phase::Tls);
    assert!(failure.to_string().contains("unknown authority"), "{failure}");
}

#[tokio::test]
async fn a_server_without_http2_is_asked_over_http1() {
    let (target, _) = crate::tls::serving(issued(&authority(), &["www.invalid"], false)).await;
    assert_eq!(check(get2(), target).await.words(), "200 OK");
}

#[tokio::test]
async fn a_watched_exchange_tells_the_head_and_the_certificate() {
    let (target, _) = server().await;
    let probe = checks::Probe::new(checks::Spec::Http(Box::new(get2())), target).unwrap();
    let (verdict, entries) = probe.trace(LONG).await;
    let told: Vec<String> = entries.into_iter().flat_map(|entry| entry.lines).collect();
    let told = told.join("\n");
    assert!(verdict.is_up(), "{verdict:?}");
    assert!(
        told.contains("GET https://www.invalid/") && told.contains("HTTP/2 200") && told.contains("hello"),
        "{told}"
    );
    assert!(told.contains("certificate of ") && told.contains("  for www.invalid"), "{told}");
}
