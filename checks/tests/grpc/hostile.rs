//! Silence, floods, nonsense, and an end at every byte.

use super::peer::*;
use super::support::*;
use checks::{Failure, Phase, Reason, Spec, Target};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn failure(target: Target, deadline: Duration) -> Failure {
    ask(Spec::Grpc(Box::new(plain())), target, deadline).await.unwrap_err()
}

#[tokio::test]
async fn silence_and_a_byte_now_and_then_end_at_the_deadline() {
    let short = Duration::from_millis(500);
    let silent = tcp(HERE, |mut stream| async move {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let failed = failure(silent, short).await;
    assert_eq!((failed.phase, failed.reason), (Phase::Receive, Reason::Timeout(short)));
    let dripping = tcp(HERE, |mut stream| async move {
        // A frame of settings that is announced with many of them.
        for byte in [&[0, 0x3f, 0xfc, 4, 0, 0, 0, 0, 0][..], &[0; 1000]].concat() {
            if stream.write_u8(byte).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(failure(dripping, short).await.reason, Reason::Timeout(short));
    let refused = failure(closed_port().await, DEADLINE).await;
    assert_eq!((refused.phase, refused.reason), (Phase::Connect, Reason::Refused));
}

#[tokio::test]
async fn floods_and_nonsense_are_cut_off() {
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    for (what, bytes) in [
        ("settings", settings.to_vec()),
        ("pings", [&settings[..], &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]].concat()),
        ("unknown frames", [&settings[..], &[0, 0x10, 0, 0xee, 0, 0, 0, 0, 0], &[b'x'; 4096]].concat()),
        ("a huge frame", [&[0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0][..], &[b'x'; 4096]].concat()),
        (
            "headers without end",
            [&settings[..], &[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x88], &[0, 0, 1, 9, 0, 0, 0, 0, 1, 0x88]].concat(),
        ),
        ("a push", [&settings[..], &[0, 0, 5, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0x88]].concat()),
        ("garbage", b"\0\xff\xfe what is this, and so on".to_vec()),
        ("lines", b"220 mail.example ESMTP\r\n".to_vec()),
        ("zeros", vec![0; 4096]),
    ] {
        let failed = failure(saying(bytes, true).await, DEADLINE).await;
        let bounded = matches!(failed.reason, Reason::TooLong { .. } | Reason::Protocol(_) | Reason::Reset(_));
        assert!(bounded && failed.phase == Phase::Receive, "{what}: {failed:?}");
    }
}

#[tokio::test]
async fn answers_that_are_too_long() {
    let long = message(&vec![0; 20_000]);
    let failed = failure(serving(HERE, None, long).await.0, DEADLINE).await;
    assert_eq!(failed.reason, Reason::TooLong { what: "body", limit: 16 << 10 });
    let mut much = message(&[8, 1]);
    much.head.push(("x-much", "x".repeat(200_000)));
    let failed = failure(serving(HERE, None, much).await.0, DEADLINE).await;
    assert!(matches!(failed.reason, Reason::Protocol(_)), "{failed:?}");
    let announced = Reply { body: Some(vec![0, 0xff, 0xff, 0xff, 0xff, 8, 1]), ..message(&[]) };
    let failed = failure(serving(HERE, None, announced).await.0, DEADLINE).await;
    let words = "a message of 4294967295 bytes that has 2".to_owned();
    assert_eq!(failed.reason, Reason::Protocol(words));
    let compressed = Reply { body: Some(vec![1, 0, 0, 0, 2, 8, 1]), ..message(&[]) };
    let failed = failure(serving(HERE, None, compressed).await.0, DEADLINE).await;
    assert_eq!(failed.reason, Reason::Protocol("a compressed message, which was not asked for".to_owned()));
}

/// The bytes that a server says in a good conversation.
async fn recorded() -> Vec<u8> {
    let (server, _) = serving(HERE, None, message(&[8, 1])).await;
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&bytes);
    let between = tcp(HERE, move |stream| {
        let kept = Arc::clone(&kept);
        async move {
            let (mut from, mut to) = stream.into_split();
            let origin = TcpStream::connect((server.address, server.port)).await.unwrap();
            let (mut back, mut forth) = origin.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from, &mut forth).await });
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = back.read(&mut buffer).await {
                kept.lock().unwrap().extend_from_slice(&buffer[..count]);
                let _ = to.write_all(&buffer[..count]).await;
            }
        }
    })
    .await;
    assert!(ask(Spec::Grpc(Box::new(plain())), between, DEADLINE).await.is_ok());
    let said = bytes.lock().unwrap();
    said.clone()
}

#[tokio::test]
async fn an_end_at_every_byte_is_down() {
    let good = recorded().await;
    assert!(good.len() > 40, "{good:?}");
    // What comes behind the trailers (an acknowledged ping, a goodbye) may be missing.
    let mut last = good.len();
    for cut in 0..=good.len() {
        let verdict = ask(Spec::Grpc(Box::new(plain())), saying(good[..cut].to_vec(), false).await, DEADLINE).await;
        match verdict {
            Ok(_) => last = last.min(cut),
            Err(failed) => {
                assert!(cut < last, "up after {last} bytes, and down after {cut}: {failed}");
                assert!(matches!(failed.reason, Reason::Closed(_) | Reason::Reset(_)), "cut after {cut}: {failed}");
            }
        }
    }
    let trailers = b"grpc-status";
    assert!(last > trailers.len() && last < good.len() + 1, "up needs the trailers");
    let status = good.windows(trailers.len()).position(|window| window == trailers);
    assert!(status.is_none_or(|place| last > place + trailers.len()), "up at {last}, grpc-status at {status:?}");
}
