//! HTTP/2, where it is asked for.

use crate::server::*;
use crate::tls::{authority, issued};
use bytes::Bytes;
use checks::{Http, Phase, Reason, Redirect, Target, Tls, Verify};
use http::{HeaderMap, Request, Response};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    if path == "/late" {
        let early = Response::builder().status(103).header("link", "</a.css>").body(()).unwrap();
        respond.send_informational(early).unwrap();
    }
    if path == "/nothing" {
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        let _ = respond.send_response(response, true);
        return;
    }
    if path == "/gzip" {
        response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, b"hello").unwrap();
        let Ok(mut body) = respond.send_response(response, false) else { return };
        let _ = body.send_data(gzip.finish().unwrap().into(), true);
        return;
    }
    if path == "/reset" {
        respond.send_reset(h2::Reason::REFUSED_STREAM);
        return;
    }
    if path == "/headers" {
        response.headers_mut().insert("x-much", "x".repeat(100_000).parse().unwrap());
    }
    if request.method() == http::Method::HEAD {
        response.headers_mut().insert("content-length", "5000".parse().unwrap());
        let _ = respond.send_response(response, true);
        return;
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
async fn the_names_in_sni_and_in_the_request_may_differ() {
    let (target, seen) = server().await;
    let tls = Tls { name: Some("tls.invalid".to_owned()), ..Tls::default() };
    assert_eq!(check(Http { tls: Some(tls), ..get2() }, target).await.words(), "200 OK");
    let one = (Some("tls.invalid".to_owned()), "www.invalid".to_owned(), "/".to_owned());
    assert_eq!(*seen.lock().unwrap(), [one]);
}

#[tokio::test]
async fn what_http1_can() {
    let (target, _) = server().await;
    let at = |path: &str| Http { request: path.to_owned(), receive: matching("^hello$").receive, ..get2() };
    for path in ["/late", "/gzip"] {
        let verdict = check(at(path), target).await;
        assert_eq!(verdict.words(), "200 OK", "{path}");
        let timings = verdict.timings;
        assert!(
            timings.connect.unwrap() <= timings.tls.unwrap() && timings.tls.unwrap() <= timings.first_byte.unwrap()
        );
    }
    let nothing = Http { receive: None, ..at("/nothing") };
    assert_eq!(check(nothing, target).await.words(), "204 No Content");
    let matched = check(at("/nothing"), target).await.words();
    assert!(matched.starts_with("match: pattern not found in 0 bytes"), "{matched}");
    let head = Http { method: checks::Method::Head, ..get2() };
    assert_eq!(check(head, target).await.words(), "200 OK");
    let words = check(at("/reset"), target).await.words();
    assert!(
        words.starts_with("receive: not a valid answer: the server gave the request up: refused stream"),
        "{words}"
    );
    let words = check(at("/headers"), target).await.words();
    assert!(words.starts_with("receive: not a valid answer: "), "{words}");
}

/// A server that agrees on HTTP/2, reads the preface, and then says this, again and again.
async fn saying(bytes: Vec<u8>) -> Target {
    let mut config = crate::tls::with_versions(issued(&authority(), &["www.invalid"], false), rustls::DEFAULT_VERSIONS);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    on("127.0.0.1", move |stream| {
        let (acceptor, bytes) = (acceptor.clone(), bytes.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let _ = stream.read_exact(&mut [0; 24]).await;
            // It takes every acknowledgement: nothing holds the flood back.
            let (mut from, mut to) = tokio::io::split(stream);
            tokio::spawn(async move { tokio::io::copy(&mut from, &mut tokio::io::sink()).await });
            while to.write_all(&bytes).await.is_ok() {}
        }
    })
    .await
}

#[tokio::test]
async fn frames_without_end_are_cut_off() {
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    for (what, frame) in [
        ("settings", settings.to_vec()),
        ("pings", [&settings[..], &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]].concat()),
        ("unknown", [&[0, 0, 100, 0xee, 0, 0, 0, 0, 0], &[b'x'; 100][..]].concat()),
        (
            "continuations",
            [&settings[..], &[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x88], &[0, 0, 1, 9, 0, 0, 0, 0, 1, 0x88]].concat(),
        ),
        ("garbage", b"\0\xff what is this, and so on and on".to_vec()),
        ("lines", b"220 mail.example ESMTP\r\n".to_vec()),
    ] {
        let failure = check(get2(), saying(frame).await).await.result.unwrap_err();
        let bounded = matches!(failure.reason, Reason::TooLong { .. } | Reason::Protocol(_));
        assert!(bounded && failure.phase == Phase::Receive, "{what}: {failure:?}");
    }
    let http1 = check(get2(), saying(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).await).await.words();
    assert_eq!(http1, "receive: not a valid answer: HTTP/1 where HTTP/2 is expected");
}
