//! Servers that hang, dribble, flood, break off or talk nonsense: down within the deadline, with the reason.

use crate::server::*;
use checks::{Http, Phase, Reason, Target};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The failure of a check against a server that follows `script` after it has read the request.
async fn failure<F, R>(http: Http, deadline: Duration, script: F) -> checks::Failure
where
    F: Fn(TcpStream) -> R + Copy + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let target = on("127.0.0.1", move |mut stream| async move {
        request(&mut stream).await;
        script(stream).await;
    })
    .await;
    let verdict = check_within(http, target, deadline).await;
    assert!(verdict.timings.total >= verdict.timings.connect.unwrap());
    verdict.result.unwrap_err()
}

/// Writes `piece` until the other side has had enough.
async fn endless(mut stream: TcpStream, start: &'static str, piece: &[u8]) {
    let _ = stream.write_all(start.as_bytes()).await;
    while stream.write_all(piece).await.is_ok() {}
}

/// Closes by RST.
fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

#[tokio::test]
async fn silence_ends_at_the_deadline_in_its_phase() {
    let silent = failure(get(), SHORT, |stream| async move {
        tokio::time::sleep(LONG).await;
        drop(stream);
    })
    .await;
    assert_eq!((silent.phase, silent.reason), (Phase::Receive, Reason::Timeout(SHORT)));
    let half = failure(get(), SHORT, |mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell").await.unwrap();
        tokio::time::sleep(LONG).await;
    })
    .await;
    assert_eq!(half.to_string(), "receive: no answer within 0.500 s");
}

#[tokio::test]
async fn a_listener_that_never_accepts() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let failure = check_within(get(), target(listener.local_addr().unwrap()), SHORT).await.result.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(SHORT)));
}

#[tokio::test]
async fn byte_by_byte_is_good_if_it_comes_to_an_end_in_time() {
    let target = on("127.0.0.1", |mut stream| async move {
        stream.set_nodelay(true).unwrap();
        request(&mut stream).await;
        for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" {
            stream.write_u8(*byte).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let _ = stream.readable().await;
    })
    .await;
    assert_eq!(check(matching("hi"), target).await.words(), "200 OK");
    let forever = failure(get(), SHORT, |mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").await;
        while stream.write_u8(b'x').await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!((forever.phase, forever.reason), (Phase::Receive, Reason::Timeout(SHORT)));
}

#[tokio::test]
async fn floods_are_cut_off() {
    let headers =
        failure(get(), LONG, |stream| endless(stream, "HTTP/1.1 200 OK\r\n", b"X-Header: and so on\r\n")).await;
    assert_eq!(headers.reason, Reason::TooLong { what: "headers", limit: 65536 });
    let line = failure(get(), LONG, |stream| endless(stream, "HTTP/1.1 200 OK\r\nX: ", &[b'x'; 4096])).await;
    assert_eq!(line.reason, Reason::TooLong { what: "headers", limit: 65536 });
    let matched =
        failure(matching("fine"), LONG, |stream| endless(stream, "HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 4096])).await;
    assert_eq!(matched.to_string(), "receive: body longer than 1048576 bytes");
    let any = failure(get(), LONG, |stream| endless(stream, "HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 65536])).await;
    assert_eq!(any.reason, Reason::TooLong { what: "body", limit: 16 << 20 });
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = failure(matching("fine"), LONG, move |stream| endless(stream, chunked, b"1\r\nx\r\n")).await;
    assert_eq!(chunks.reason, Reason::TooLong { what: "body", limit: 1 << 20 });
}

#[tokio::test]
async fn resets_mid_way() {
    let reset_in_body = failure(get(), LONG, |mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf").await.unwrap();
        reset(stream);
    })
    .await;
    assert!(matches!(reset_in_body.reason, Reason::Reset(_)), "{reset_in_body}");
    let reset_in_head = failure(get(), LONG, |mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nCont").await.unwrap();
        reset(stream);
    })
    .await;
    assert!(matches!(reset_in_head.reason, Reason::Reset(_)), "{reset_in_head}");
    let at_once = failure(get(), LONG, |stream| async move { reset(stream) }).await;
    assert_eq!((at_once.phase, at_once.reason), (Phase::Receive, Reason::Reset(0)));
    let closed = failure(get(), LONG, |stream| async move { drop(stream) }).await;
    assert_eq!(closed.to_string(), "receive: connection closed by the server after 0 bytes");
}

#[tokio::test]
async fn early_close_at_every_offset() {
    for good in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    ] {
        for rst in [false, true] {
            for cut in 0..=good.len() {
                let target = on("127.0.0.1", move |mut stream| async move {
                    request(&mut stream).await;
                    stream.write_all(&good[..cut]).await.unwrap();
                    if rst {
                        reset(stream);
                    }
                })
                .await;
                for http in [get(), matching("h")] {
                    let verdict = check(http, target).await;
                    assert_eq!(verdict.is_up(), cut == good.len(), "cut after {cut}: {}", verdict.words());
                }
            }
        }
    }
}

#[tokio::test]
async fn garbage_is_shown() {
    let garbage = failure(get(), LONG, |mut stream| async move {
        let _ = stream.write_all(b"\x00\x01\xffSSH-2.0-OpenSSH_9.2\r\n").await;
    })
    .await;
    let words = garbage.to_string();
    assert!(
        words.starts_with("receive: not a valid answer: no HTTP status line") && words.contains("OpenSSH"),
        "{words}"
    );
    assert!(!words.contains(char::is_control), "{words:?}");
    let chunks = failure(get(), LONG, |mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n").await;
    })
    .await;
    assert_eq!(chunks.to_string(), "receive: not a valid answer: chunk size \"nonsense\"");
}

#[tokio::test]
async fn nobody_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target: Target = target(listener.local_addr().unwrap());
    drop(listener);
    let verdict = check(get(), target).await;
    assert_eq!(verdict.words(), "connect: connection refused");
    assert_eq!(verdict.timings.connect, None);
}

#[tokio::test]
async fn hanging_servers_delay_no_other_check() {
    let silent = on("127.0.0.1", |stream| async move {
        tokio::time::sleep(LONG).await;
        drop(stream);
    })
    .await;
    let (good, _) = answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let hanging: Vec<_> = (0..100).map(|_| tokio::spawn(check_within(get(), silent, LONG))).collect();
    tokio::task::yield_now().await;
    let begin = Instant::now();
    for _ in 0..50 {
        assert_eq!(check(get(), good).await.words(), "200 OK");
    }
    assert!(begin.elapsed() < LONG / 2, "{:?}", begin.elapsed());
    // Dropping a running check closes its connection at once.
    hanging.into_iter().for_each(|task| task.abort());
}
