//! The bearer token of an API server: sent to it alone, read for each check, shown to nobody.

use crate::server::*;
use crate::tls::{authority, file, issued, with_versions};
use checks::{Http, Kube, Phase, Probe, Reason, Spec, Target, Tls};
use std::path::Path;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0LXNlY3JldA.c2lnbmF0dXJl";

fn readyz(token: Option<&Path>) -> Http {
    let kube = Kube { token: token.map(Path::to_owned) };
    Http { tls: Some(Tls::default()), request: "/readyz".to_owned(), kube: Some(kube), ..get() }
}

/// A server over TLS whose answer depends on the request; with what it has seen.
async fn api(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> (Target, Seen) {
    let config = with_versions(issued(&authority(), &["kubernetes"], false), rustls::DEFAULT_VERSIONS);
    let (acceptor, seen, answer) = (TlsAcceptor::from(Arc::new(config)), Seen::default(), Arc::new(answer));
    let log = Arc::clone(&seen);
    let target = on("127.0.0.1", move |stream| {
        let (acceptor, log, answer) = (acceptor.clone(), Arc::clone(&log), Arc::clone(&answer));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let request = request(&mut stream).await;
            let bytes = answer(&request);
            log.lock().unwrap().push(request);
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    (target, seen)
}

/// 200 for the right token, 401 for any other.
fn strict(request: &str) -> String {
    match request.contains(&format!("\r\nAuthorization: Bearer {TOKEN}\r\n")) {
        true => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        false => "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_owned(),
    }
}

#[tokio::test]
async fn the_token_is_read_for_each_check() {
    let (target, seen) = api(strict).await;
    let token = file(&format!("{TOKEN}\n"));
    let probe = Probe::new(Spec::Http(Box::new(readyz(Some(token.path())))), target).unwrap();
    assert_eq!(probe.run(LONG).await.words(), "200 OK");
    assert!(seen.lock().unwrap()[0].starts_with("GET /readyz HTTP/1.1\r\n"));
    std::fs::write(token.path(), "another-token").unwrap();
    assert_eq!(probe.run(LONG).await.words(), "receive: 401 Unauthorized");
    std::fs::write(token.path(), TOKEN).unwrap();
    assert_eq!(probe.run(LONG).await.words(), "200 OK");
    assert!(!format!("{probe:?}").contains(TOKEN));
    let nobody = check(readyz(None), target).await.words();
    assert_eq!(nobody, "receive: 401 Unauthorized");
    assert!(!seen.lock().unwrap().last().unwrap().contains("Authorization"));
}

#[tokio::test]
async fn a_file_without_a_token_is_named_and_nothing_is_asked() {
    let (target, seen) = api(strict).await;
    let gone = Path::new("/nowhere/token");
    let words = check(readyz(Some(gone)), target).await.words();
    assert_eq!(words, "connect: tokenfile /nowhere/token cannot be used: No such file or directory (os error 2)");
    let long = "x".repeat(70_000);
    for (content, why) in [
        (" \n", "there is no token in it"),
        ("secret word", "it holds more than one word of ASCII"),
        ("secret\r\nX-Injected: yes", "it holds more than one word of ASCII"),
        ("s\u{e4}cret", "it holds more than one word of ASCII"),
        (long.as_str(), "it is larger than 64 KiB"),
    ] {
        let token = file(content);
        let failure = check(readyz(Some(token.path())), target).await.result.unwrap_err();
        assert!(matches!(&failure.reason, Reason::Local(words) if words.ends_with(why)), "{failure}");
        assert!(!failure.to_string().contains("cret") && failure.phase == Phase::Connect, "{failure}");
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn no_redirect_takes_the_token_along() {
    let token = file(TOKEN);
    let (other, seen) = api(strict).await;
    let (plain, seen_plain) = answering("HTTP/1.1 200 OK\r\n\r\n").await;
    for location in [format!("https://127.0.0.1:{}/", other.port), format!("http://127.0.0.1:{}/", plain.port)] {
        let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n");
        let (target, _) = api(move |_| redirect.clone()).await;
        check(readyz(Some(token.path())), target).await;
    }
    for seen in [seen, seen_plain] {
        let seen = seen.lock().unwrap();
        assert!(seen.len() == 1 && !seen[0].contains("Authorization"), "{seen:?}");
    }
    let stays = |request: &str| match request.starts_with("GET /readyz ") {
        true => "HTTP/1.1 302 Found\r\nLocation: /livez\r\n\r\n".to_owned(),
        false => strict(request),
    };
    let (target, _) = api(stays).await;
    assert_eq!(check(readyz(Some(token.path())), target).await.words(), "200 OK", "on the same server it does");
}

#[tokio::test]
async fn a_server_that_repeats_the_token_is_masked() {
    let token = file(TOKEN);
    let far = format!("{}{TOKEN}", "x".repeat(40));
    for (answer, words) in [
        (format!("HTTP/1.1 403 {TOKEN} is wrong\r\n\r\n"), "receive: 403 *** is "),
        (format!("HTTP/1.1 200 {TOKEN}\r\nContent-Length: 2\r\n\r\nok"), "200 ***"),
        (
            format!("HTTP/1.1 302 Found\r\nLocation: ftp://x/{TOKEN}\r\n\r\n"),
            "receive: 302 Found, not followed: \"ftp://x/***\" is neither",
        ),
        (format!("HTTP/1.1 200 OK\r\n\r\nno {TOKEN}"), "match: pattern not found in 55 bytes starting \"no ***\""),
        (
            format!("HTTP/1.1 200 OK\r\n\r\n{far}"),
            "match: pattern not found in 92 bytes starting \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx***\"",
        ),
    ] {
        let (target, _) = api(move |_| answer.clone()).await;
        let receive = matching("^ok").receive;
        let given = check(Http { receive, ..readyz(Some(token.path())) }, target).await.words();
        assert!(given.starts_with(words), "{given}");
        assert!(!given.contains(&TOKEN[..8]), "{given}");
    }
}

#[tokio::test]
async fn over_http2_too() {
    let mut config = with_versions(issued(&authority(), &["kubernetes"], false), rustls::DEFAULT_VERSIONS);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let target = on("127.0.0.1", move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut connection = h2::server::handshake(acceptor.accept(stream).await.unwrap()).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let right =
                    request.headers().get("authorization").is_some_and(|value| *value == *format!("Bearer {TOKEN}"));
                let response = http::Response::builder().status(if right { 200 } else { 401 }).body(()).unwrap();
                let _ = respond.send_response(response, true);
            }
        }
    })
    .await;
    let (right, wrong) = (file(TOKEN), file("other"));
    for (token, words) in [(right, "200 OK"), (wrong, "receive: 401 Unauthorized")] {
        let http = Http { http2: true, ..readyz(Some(token.path())) };
        assert_eq!(check(http, target).await.words(), words);
    }
}
