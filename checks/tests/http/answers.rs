//! Answers that count as up, among them the odd ones that LWP takes, and what the request looks like.

use crate::server::*;
use checks::{Http, Method, Phase, Reason};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn the_request_and_the_timings() {
    let (target, seen) = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
    let http = Http { request: "/index.html?a=b c".to_owned(), host: Some("www.example".to_owned()), ..get() };
    let verdict = check(http, target).await;
    assert_eq!(verdict.words(), "200 OK");
    assert_eq!(verdict.result.unwrap().answered_by, None);
    let timings = verdict.timings;
    assert!(timings.connect.unwrap() <= timings.first_byte.unwrap() && timings.first_byte.unwrap() <= timings.total);
    assert_eq!((timings.tls, timings.resolve), (None, None));
    let version = env!("CARGO_PKG_VERSION");
    let wanted = format!(
        "GET /index.html?a=b%20c HTTP/1.1\r\nHost: www.example\r\nUser-Agent: ldirectord-rs/{version}\r\n\
         Accept: */*\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(*seen.lock().unwrap(), [wanted]);
}

#[tokio::test]
async fn ipv6_reals_are_called_in_brackets_without_a_port() {
    let (target, seen) = by_request_on("::1", |_| b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    assert_eq!(check(get(), target).await.words(), "200 OK");
    assert!(seen.lock().unwrap()[0].contains("\r\nHost: [::1]\r\n"));
}

#[tokio::test]
async fn leniencies() {
    for (what, answer) in [
        ("until close", "HTTP/1.0 200 OK\r\n\r\nserver is fine"),
        ("line feeds only", "HTTP/1.0 200 OK\nContent-Length: 14\n\nserver is fine"),
        ("no phrase", "HTTP/1.1 200\r\nContent-Length: 14\r\n\r\nserver is fine"),
        ("invalid header line", "HTTP/1.1 200 OK\r\nthis is no header\r\n: nor this\r\n\r\nserver is fine"),
        ("folded line", "HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\nContent-Length: 14\r\n\r\nserver is fine"),
        ("blank before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 14\r\n\r\nserver is fine and more"),
        ("many blanks", "HTTP/1.1  200  OK\r\n\r\nserver is fine"),
        ("interim answer", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nserver is fine"),
        ("leading empty line", "\r\nHTTP/1.1 200 OK\r\n\r\nserver is fine"),
        ("chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nserver \r\n7\r\nis fine\r\n0\r\n\r\n"),
        (
            "both framings",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\ne\r\nserver is fine\r\n0\r\n\r\n",
        ),
        ("HTTP/0.9", "server is fine\n"),
        ("another 2xx", "HTTP/1.1 203 Changed\r\n\r\nserver is fine"),
    ] {
        let (target, _) = answering(answer).await;
        let verdict = check(matching("server is fine"), target).await;
        assert!(verdict.is_up(), "{what}: {}", verdict.words());
    }
}

#[tokio::test]
async fn a_pattern_must_be_in_the_body() {
    let page = "HTTP/1.1 200 OK\r\nX-Page: server is fine\r\nContent-Length: 11\r\n\r\nout of work";
    let (target, _) = answering(page).await;
    let failure = check(matching("server is fine"), target).await.result.unwrap_err();
    assert_eq!(failure.phase, Phase::Match);
    assert_eq!(failure.reason, Reason::NoMatch { bytes: 11, excerpt: "out of work".to_owned() });
    assert_eq!(words(get(), page).await, "200 OK");
    let bare = words(matching("server is fine"), "SSH-2.0-OpenSSH_9.2\r\n").await;
    assert!(bare.starts_with("match: pattern not found in 21 bytes"), "{bare}");
}

#[tokio::test]
async fn statuses() {
    assert_eq!(words(get(), "HTTP/1.1 204 No Content\r\n\r\n").await, "204 No Content");
    let empty = words(matching(".*"), "HTTP/1.1 204 No Content\r\n\r\n").await;
    assert!(empty.starts_with("match: pattern not found in 0 bytes"), "{empty}");
    assert_eq!(words(get(), "HTTP/1.1 503 Out of Work\r\n\r\n").await, "receive: 503 Out of Work");
    assert_eq!(words(get(), "HTTP/1.1 304 Not Modified\r\n\r\n").await, "receive: 304 Not Modified");
    assert_eq!(words(get(), "HTTP/1.1 404\r\n\r\n").await, "receive: 404 ");
}

#[tokio::test]
async fn a_head_has_no_body_whatever_its_length_says() {
    let (target, seen) = answering("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n").await;
    assert_eq!(check(Http { method: Method::Head, ..get() }, target).await.words(), "200 OK");
    assert!(seen.lock().unwrap()[0].starts_with("HEAD / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn an_encoded_body_is_decoded() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"server is fine").unwrap();
    let gzip = gzip.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", gzip.len());
    assert_eq!(words(matching("^server is fine$"), [head.as_bytes(), &gzip].concat()).await, "200 OK");
    let bad = words(matching("fine"), "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nserver is fine").await;
    assert!(bad.starts_with("match: not a valid answer: body is not gzip"), "{bad}");
}

#[tokio::test]
async fn an_answer_without_waiting_for_the_request_and_a_reset_after_it_count() {
    for answer in ["HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.0 200 OK\r\n\r\nhi"] {
        let target = on("127.0.0.1", move |mut stream| async move {
            stream.write_all(answer.as_bytes()).await.unwrap();
            // The request stays unread: closing sends RST.
            let _ = stream.readable().await;
        })
        .await;
        for _ in 0..20 {
            let verdict = check(matching("hi"), target).await;
            assert_eq!(verdict.words(), "200 OK", "{answer:?}");
        }
    }
}

#[tokio::test]
async fn an_absolute_request_asks_its_own_address() {
    let (elsewhere, seen) = answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let nobody = checks::Target { address: ip("127.0.0.77"), port: 9 };
    let url = format!("http://127.0.0.1:{}/x", elsewhere.port);
    let success = check(Http { request: format!("/{url}"), ..get() }, nobody).await.result.unwrap();
    assert_eq!(success.answered_by, Some(url));
    assert!(seen.lock().unwrap()[0].contains(&format!("Host: 127.0.0.1:{}\r\n", elsewhere.port)));
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_url() {
    let (proxy, seen) = answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let http = Http { proxy: true, request: "http://www.invalid/a b".to_owned(), ..get() };
    assert_eq!(check(http, proxy).await.words(), "200 OK");
    assert!(seen.lock().unwrap()[0].starts_with("GET http://www.invalid/a%20b HTTP/1.1\r\nHost: www.invalid\r\n"));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_named() {
    let nobody = checks::Target { address: ip("127.0.0.1"), port: 9 };
    let http = Http { request: "http://no-such-host.invalid/".to_owned(), ..get() };
    let failure = check(http, nobody).await.result.unwrap_err();
    assert_eq!(
        (failure.phase, failure.to_string().as_str()),
        (Phase::Resolve, "resolve: no-such-host.invalid does not resolve")
    );
}
