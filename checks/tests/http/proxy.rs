//! Tunnels: https URLs through the real server as a proxy.

use crate::server::*;
use crate::tls::{authority, file, issued, with_versions};
use checks::{Http, Phase, Reason, Redirect, Target, Tls, Verify};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

fn through(url: &str) -> Http {
    Http { proxy: true, request: url.to_owned(), tls: Some(Tls::default()), ..get() }
}

/// What a proxy was asked, and the name in SNI and the request within the tunnel.
type Tunnels = Arc<Mutex<Vec<(String, Option<String>, String)>>>;

/// A proxy that agrees with these words, and is the origin itself.
async fn agreeing(words: &'static str) -> (Target, Tunnels) {
    let mut config = with_versions(issued(&authority(), &["www.invalid"], false), rustls::DEFAULT_VERSIONS);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    tunnelling(config, words).await
}

async fn tunnelling(config: rustls::ServerConfig, words: &'static str) -> (Target, Tunnels) {
    let (acceptor, seen) = (TlsAcceptor::from(Arc::new(config)), Tunnels::default());
    let log = Arc::clone(&seen);
    let target = on("127.0.0.1", move |mut stream| {
        let (acceptor, log) = (acceptor.clone(), Arc::clone(&log));
        async move {
            let asked = request(&mut stream).await;
            if asked.starts_with("GET ") {
                log.lock().unwrap().push((asked, None, String::new()));
                let _ = stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: https://www.invalid/to\r\n\r\n").await;
                return;
            }
            let _ = stream.write_all(words.as_bytes()).await;
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let inner = request(&mut stream).await;
            let name = stream.get_ref().1.server_name().map(str::to_owned);
            let answer: &[u8] = match inner.contains("GET /from ") {
                true => b"HTTP/1.1 302 Found\r\nLocation: https://other.invalid:8443/to\r\n\r\n",
                false => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            };
            log.lock().unwrap().push((asked, name, inner));
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    (target, seen)
}

#[tokio::test]
async fn a_tunnel_to_the_origin() {
    for words in [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 OK\nProxy-Agent: x\n\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Fine\r\nContent-Length: 7\r\n\r\n",
    ] {
        let (proxy, seen) = agreeing(words).await;
        let http = Http { receive: matching("^hello$").receive, ..through("https://www.invalid/a b") };
        let verdict = check(http, proxy).await;
        assert_eq!(verdict.words(), "200 OK", "{words:?}");
        let timings = verdict.timings;
        assert!(timings.tls.unwrap() <= timings.first_byte.unwrap(), "the first byte is the origin's");
        assert_eq!(verdict.result.unwrap().answered_by, None);
        let (asked, name, inner) = seen.lock().unwrap().pop().unwrap();
        assert!(asked.starts_with("CONNECT www.invalid:443 HTTP/1.1\r\nHost: www.invalid:443\r\n"), "{asked}");
        assert_eq!(name.as_deref(), Some("www.invalid"));
        assert!(inner.starts_with("GET /a%20b HTTP/1.1\r\nHost: www.invalid\r\n"), "{inner}");
    }
    let (proxy, seen) = agreeing("HTTP/1.1 200 OK\r\n\r\n").await;
    let named = Tls { name: Some("tls.invalid".to_owned()), ..Tls::default() };
    assert!(check(Http { tls: Some(named), ..through("https://[2001:db8::1]:8443") }, proxy).await.is_up());
    let (asked, name, _) = seen.lock().unwrap().pop().unwrap();
    assert!(asked.starts_with("CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n"), "{asked}");
    assert_eq!(name.as_deref(), Some("tls.invalid"));
}

#[tokio::test]
async fn every_redirect_goes_through_the_proxy() {
    let (proxy, seen) = agreeing("HTTP/1.1 200 OK\r\n\r\n").await;
    assert_eq!(check(through("https://www.invalid/from"), proxy).await.words(), "200 OK");
    assert!(seen.lock().unwrap()[1].0.starts_with("CONNECT other.invalid:8443 "));
    let plain = Http { tls: None, ..through("http://www.invalid/") };
    assert_eq!(check(plain.clone(), proxy).await.words(), "200 OK");
    {
        let seen = seen.lock().unwrap();
        assert!(
            seen[2].0.starts_with("GET http://www.invalid/ HTTP/1.1") && seen[3].0.starts_with("CONNECT www.invalid")
        );
    }
    let none = check(Http { redirect: Redirect::None, ..plain }, proxy).await.words();
    assert_eq!(none, "receive: 302 Found to https://www.invalid/to");
}

#[tokio::test]
async fn http2_within_a_tunnel() {
    let (origin, _) = crate::h2::server().await;
    let proxy = on("127.0.0.1", move |mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut origin = tokio::net::TcpStream::connect((origin.address, origin.port)).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut origin).await;
    })
    .await;
    let http = Http { http2: true, receive: matching("^hello$").receive, ..through("https://www.invalid/") };
    assert_eq!(check(http, proxy).await.words(), "200 OK");
}

#[tokio::test]
async fn the_origins_certificate_is_verified_under_the_origins_name() {
    let authority = authority();
    let pem = file(&authority.pem);
    for (names, url, up) in [
        (["www.invalid"], "https://www.invalid/", true),
        (["other.invalid"], "https://www.invalid/", false),
        (["192.0.2.7"], "https://192.0.2.7/", true),
        (["127.0.0.1"], "https://192.0.2.7/", false),
    ] {
        let config = with_versions(issued(&authority, &names, false), rustls::DEFAULT_VERSIONS);
        let (proxy, _) = tunnelling(config, "HTTP/1.1 200 OK\r\n\r\n").await;
        let verify = Verify::Full;
        let tls = Tls { verify, authorities: Some(pem.path().to_owned()), name: None, identity: None };
        let verdict = check(Http { tls: Some(tls), ..through(url) }, proxy).await;
        assert_eq!(verdict.is_up(), up, "{url}: {}", verdict.words());
        assert!(up || verdict.words().starts_with("tls: certificate is for "), "{}", verdict.words());
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status() {
    for (answer, words) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "receive: 403 Forbidden to CONNECT www.invalid:443"),
        (
            "HTTP/1.1 407 Who are you\r\nContent-Length: 3\r\n\r\nno!",
            "receive: 407 Who are you to CONNECT www.invalid:443",
        ),
        ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "receive: 302 Found to CONNECT www.invalid:443"),
        ("HTTP/1.1 503\r\n\r\n", "receive: 503 to CONNECT www.invalid:443"),
        (
            "220 mail.invalid ESMTP\r\n",
            "receive: not a valid answer: no HTTP status line, but \"220 mail.invalid ESMTP\"",
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03",
            "receive: not a valid answer: the proxy says more than that there is a tunnel: \"\"",
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\nhello",
            "receive: not a valid answer: the proxy says more than that there is a tunnel: \"hello\"",
        ),
    ] {
        let (proxy, _) = answering(answer).await;
        let failure = check(through("https://www.invalid/"), proxy).await.result.unwrap_err();
        assert_eq!(failure.to_string(), words);
    }
    let (proxy, _) = agreeing("HTTP/1.1 200 OK\r\n\r\n").await;
    let refused = check(through("https://www.invalid/"), Target { port: 1, ..proxy }).await.result.unwrap_err();
    assert_eq!((refused.phase, refused.reason), (Phase::Connect, Reason::Refused));
}

#[tokio::test]
async fn hostile_proxies() {
    let silent = on("127.0.0.1", |mut stream| async move {
        request(&mut stream).await;
        tokio::time::sleep(LONG).await;
    })
    .await;
    let failure = check_within(through("https://www.invalid/"), silent, SHORT).await.result.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(SHORT)));
    let hung = on("127.0.0.1", |mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        tokio::time::sleep(LONG).await;
    })
    .await;
    let failure = check_within(through("https://www.invalid/"), hung, SHORT).await.result.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Tls, Reason::Timeout(SHORT)));
    let dripping = on("127.0.0.1", |mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 ").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let failure = check_within(through("https://www.invalid/"), dripping, SHORT).await.result.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(SHORT)));
    for (begin, piece) in [
        ("HTTP/1.1 200 OK\r\n", "X-Header: and so on\r\n"),
        ("HTTP/1.1 200 OK\r\nX: ", "xxxxxxxxxxxxxxxx"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let endless = on("127.0.0.1", move |mut stream| async move {
            request(&mut stream).await;
            let _ = stream.write_all(begin.as_bytes()).await;
            while stream.write_all(piece.as_bytes()).await.is_ok() {}
        })
        .await;
        let failure = check(through("https://www.invalid/"), endless).await.result.unwrap_err();
        assert_eq!(failure.reason, Reason::TooLong { what: "headers", limit: 65536 }, "{piece:?}");
    }
}

#[tokio::test]
async fn a_close_at_every_offset_is_down() {
    let good = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
    for cut in 0..=good.len() {
        let proxy = on("127.0.0.1", move |mut stream| async move {
            request(&mut stream).await;
            stream.write_all(&good[..cut]).await.unwrap();
        })
        .await;
        let failure = check(through("https://www.invalid/"), proxy).await.result.unwrap_err();
        assert!(matches!(failure.reason, Reason::Closed(_) | Reason::Reset(_)), "cut after {cut}: {failure}");
        assert_eq!(failure.phase == Phase::Tls, cut == good.len(), "cut after {cut}: {failure}");
    }
}
