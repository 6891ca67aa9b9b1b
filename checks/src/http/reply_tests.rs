//! Answers byte by byte: when they are complete, and what is refused.

use super::*;
use proptest::prelude::*;

const ANY: Wanted = Wanted { head_only: false, keep_body: false };
const MATCHED: Wanted = Wanted { head_only: false, keep_body: true };

/// Feeds `bytes` in pieces, then closes. The answer, and how many bytes it took.
fn read(wanted: Wanted, bytes: &[u8], step: usize) -> Result<(Answer, u64), Reason> {
    let mut reply = Reply::new(wanted);
    for piece in bytes.chunks(step) {
        if reply.take(piece)? {
            let received = reply.received;
            return Ok((reply.into_answer(), received));
        }
    }
    let received = reply.received;
    reply.end(Reason::Closed(received))?;
    Ok((reply.into_answer(), received))
}

#[test]
fn interim_answers_are_skipped() {
    let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    for step in 1..bytes.len() {
        let (answer, _) = read(MATCHED, bytes, step).unwrap();
        assert_eq!((answer.head.code, answer.body.as_slice()), (200, b"hi".as_slice()), "{step} bytes at a time");
    }
}

#[test]
fn early_close_at_every_offset_is_never_an_answer() {
    for good in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ] {
        for wanted in [ANY, MATCHED] {
            for cut in 0..good.len() {
                match read(wanted, &good[..cut], 3) {
                    Err(Reason::Closed(bytes)) => assert_eq!(bytes, cut as u64),
                    // "HTTP" alone is no status line yet, and none any more: never an HTTP/0.9 body either.
                    other => panic!("cut after {cut}: {other:?}"),
                }
            }
            assert!(read(wanted, good, 3).is_ok());
        }
    }
}

#[test]
fn until_close_ends_with_the_connection_but_not_in_the_head() {
    let good = b"HTTP/1.0 200 OK\r\n\r\nhello";
    let head = b"HTTP/1.0 200 OK\r\n\r\n".len();
    for cut in 0..=good.len() {
        assert_eq!(read(MATCHED, &good[..cut], 2).is_ok(), cut >= head, "cut after {cut}");
    }
}

#[test]
fn refusals_need_no_body() {
    let head = b"HTTP/1.1 503 Busy\r\nContent-Length: 99999\r\n\r\n";
    let (answer, received) = read(ANY, head, 9).unwrap();
    assert_eq!((answer.head.code, received), (503, head.len() as u64));
}

#[test]
fn no_status_line() {
    for garbage in [&b"SSH-2.0-OpenSSH\r\n"[..], b"\0\0\0\0", b"HTTQ/1.1 200 OK\r\n\r\n"] {
        assert!(matches!(read(ANY, garbage, 100), Err(Reason::Protocol(_))), "{garbage:?}");
        let (answer, _) = read(MATCHED, garbage, 3).unwrap();
        assert_eq!(answer.body, garbage, "matched as HTTP/0.9");
    }
    let alert = read(ANY, &[0x15, 3, 1, 0, 2, 2, 70], 7).unwrap_err();
    assert!(alert.to_string().contains("TLS where plain HTTP"), "{alert}");
    assert!(matches!(read(ANY, b"HTTP/1.1 OK\r\n\r\n", 100), Err(Reason::Protocol(_))));
    assert_eq!(read(ANY, b"\r\n\r\n", 1).unwrap_err(), Reason::Closed(4));
}

#[test]
fn limits() {
    let mut reply = Reply::new(ANY);
    let line = b"X-Endless: and so on and so on\r\n";
    reply.take(b"HTTP/1.1 200 OK\r\n").unwrap();
    let end = (0..10_000).find_map(|_| reply.take(line).err()).unwrap();
    assert_eq!(end, Reason::TooLong { what: "headers", limit: HEAD_LIMIT });
    let mut reply = Reply::new(ANY);
    let end = (0..10_000).find_map(|_| reply.take(b"HTTP/1.1 100 Continue\r\n\r\n").err()).unwrap();
    assert_eq!(end, Reason::TooLong { what: "headers", limit: HEAD_LIMIT });
    let mut reply = Reply::new(ANY);
    let end = (0..100_000).find_map(|_| reply.take(b"\r\n").err()).unwrap();
    assert_eq!(end, Reason::TooLong { what: "headers", limit: HEAD_LIMIT });
    for (wanted, limit) in [(MATCHED, BODY_LIMIT), (ANY, UNMATCHED_LIMIT)] {
        let mut reply = Reply::new(wanted);
        reply.take(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let end = (0..1000).find_map(|_| reply.take(&[b'x'; 65_536]).err()).unwrap();
        assert_eq!(end, Reason::TooLong { what: "body", limit });
        assert!(reply.answer.body.len() <= limit);
    }
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_end_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200), step in 1..50usize) {
        for start in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] {
            let bytes = [start.as_bytes(), &bytes].concat();
            let whole = read(MATCHED, &bytes, bytes.len().max(1)).map(|(answer, _)| (answer.head, answer.body));
            let pieces = read(MATCHED, &bytes, step).map(|(answer, _)| (answer.head, answer.body));
            match (whole, pieces) {
                (Ok(whole), Ok(pieces)) => prop_assert_eq!(whole, pieces),
                (Err(_), Err(_)) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
