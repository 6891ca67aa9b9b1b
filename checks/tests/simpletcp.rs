//! simpletcp against friendly and hostile peers.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail; peers wait")]

mod support;

use checks::{Pattern, Phase, Reason, SimpleTcp, Spec, Target, Tls, Transport};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{DEADLINE, HERE, acceptor, ask, closed_port, tcp, udp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn spec(transport: Transport, send: &[u8], receive: Option<&str>) -> Spec {
    let receive = receive.map(|pattern| Pattern::compile(pattern).unwrap());
    Spec::SimpleTcp(SimpleTcp { transport, tls: None, send: send.to_vec(), receive })
}

/// Reads to the end of what the check sends, then sends `reply` and closes.
async fn replying(reply: &'static [u8]) -> Target {
    tcp(HERE, move |mut stream| async move {
        let mut asked = Vec::new();
        let _ = stream.read_to_end(&mut asked).await;
        let _ = stream.write_all(reply).await;
    })
    .await
}

/// Sends the same bytes without end.
async fn endless(piece: &'static [u8]) -> Target {
    tcp(HERE, move |mut stream| async move { while stream.write_all(piece).await.is_ok() {} }).await
}

#[tokio::test]
async fn the_first_matching_line_decides() {
    let cases: [(&[u8], Option<&str>, bool); 12] = [
        (b"first\nsecond and PONG\nthird\n", Some("^second.*PONG$"), true),
        (b"first\r\nsecond PONG\r\n", Some("^second.*PONG$"), false),
        (b"first\r\nsecond PONG\r\n", Some(r"^second.*PONG\r$"), true),
        (b"OK", Some("^OK$"), true),
        (b"OK\n", Some("^OK$"), true),
        (b"a\nb\n", Some(r"a\nb"), false),
        (b"NO\n", Some("^OK$"), false),
        (b"\xff\xfe\x00\n", Some(r"\xff\xfe\x00"), true),
        (b"x", None, true),
        (b"\n", None, true),
        (b"", None, false),
        (b"", Some("x*"), false),
    ];
    for (reply, receive, up) in cases {
        let target = replying(reply).await;
        let result = ask(spec(Transport::Tcp, b"PING\r\n", receive), target, DEADLINE).await;
        assert_eq!(result.is_ok(), up, "{:?} {receive:?}: {result:?}", String::from_utf8_lossy(reply));
    }
}

#[tokio::test]
async fn what_is_sent_arrives_and_its_end_is_seen() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let target = tcp(HERE, move |mut stream| {
        let kept = Arc::clone(&kept);
        async move {
            let mut asked = Vec::new();
            stream.read_to_end(&mut asked).await.unwrap();
            *kept.lock().unwrap() = asked;
            stream.write_all(b"thanks\n").await.unwrap();
        }
    })
    .await;
    let up = ask(spec(Transport::Tcp, b"a\x00b\xff\n", Some("thanks")), target, DEADLINE).await.unwrap();
    assert_eq!(up.words, "thanks");
    assert_eq!(*seen.lock().unwrap(), b"a\x00b\xff\n");
}

#[tokio::test]
async fn reasons_say_what_came_instead() {
    let failure =
        ask(spec(Transport::Tcp, b"", Some("OK")), replying(b"busy\nlater\n").await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Match);
    assert_eq!(failure.reason, Reason::NoMatch { bytes: 11, excerpt: "busy\nlater\n".into() });
    let failure = ask(spec(Transport::Tcp, b"", Some("OK")), replying(b"").await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Closed(0));
    let failure = ask(spec(Transport::Tcp, b"x", None), closed_port().await, DEADLINE).await.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Connect, Reason::Refused));
}

#[tokio::test]
async fn an_answer_before_everything_was_sent_counts() {
    let target = tcp(HERE, |mut stream| async move {
        let _ = stream.write_all(b"OK\n").await;
        let mut asked = Vec::new();
        let _ = stream.read_to_end(&mut asked).await;
    })
    .await;
    assert!(ask(spec(Transport::Tcp, b"x", Some("^OK$")), target, DEADLINE).await.is_ok());
}

#[tokio::test]
async fn limits_end_what_has_no_end() {
    let failure = ask(spec(Transport::Tcp, b"", Some("OK")), endless(&[b'x'; 4096]).await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::TooLong { what: "line", limit: 65536 });
    let failure =
        ask(spec(Transport::Tcp, b"", Some("OK")), endless(b"no\nno\nno\nno\n").await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::TooLong { what: "answer", limit: 1 << 20 });
    let failure = ask(spec(Transport::Tcp, b"", Some("OK")), endless(&[0; 4096]).await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::TooLong { what: "line", limit: 65536 });
}

#[tokio::test(start_paused = true)]
async fn silence_and_slowness_end_at_the_deadline() {
    let silent = tcp(HERE, |stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let failure = ask(spec(Transport::Tcp, b"x", None), silent, DEADLINE).await.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(DEADLINE)));

    let slow = |times: usize| {
        tcp(HERE, move |mut stream| async move {
            for _ in 0..times {
                let _ = stream.write_all(b"y").await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let _ = stream.write_all(b"\n").await;
        })
    };
    let failure = ask(spec(Transport::Tcp, b"", Some("y")), slow(1000).await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Timeout(DEADLINE));
    assert!(ask(spec(Transport::Tcp, b"", Some("^yyyyy$")), slow(5).await, DEADLINE).await.is_ok());
}

#[tokio::test]
async fn closing_at_any_place_of_a_good_answer_is_down() {
    let good: &'static [u8] = b"200 ready\n";
    for length in 0..good.len() - 1 {
        let target = replying(&good[..length]).await;
        assert!(ask(spec(Transport::Tcp, b"", Some("^200 ready$")), target, DEADLINE).await.is_err(), "{length}");
    }
}

#[tokio::test]
async fn a_pattern_that_gives_up_is_down() {
    let target = replying(&[b'a'; 200]).await;
    let failure = ask(spec(Transport::Tcp, b"", Some(r"^(a|aa|aaa)+\1?b$")), target, DEADLINE).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Match);
    assert!(matches!(failure.reason, Reason::Pattern(_)), "{failure:?}");
}

#[tokio::test]
async fn over_udp_every_line_of_every_reply_counts() {
    let echo =
        |replies: Vec<&'static [u8]>| udp(HERE, move |_, _| replies.iter().map(|reply| reply.to_vec()).collect());
    let ask_udp = |target, receive| ask(spec(Transport::Udp, b"ping", receive), target, DEADLINE);
    assert_eq!(ask_udp(echo(vec![b"pong"]).await, Some("^pong$")).await.unwrap().words, "pong");
    assert!(ask_udp(echo(vec![b"one\ntwo\n"]).await, Some("^two$")).await.is_ok());
    assert!(ask_udp(echo(vec![b"one", b"", b"two"]).await, Some("^two$")).await.is_ok());
    assert!(ask_udp(echo(vec![b"\xff"]).await, None).await.is_ok());
    let failure = ask_udp(closed_port().await, None).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Refused);
}

#[tokio::test(start_paused = true)]
async fn over_udp_silence_and_wrong_replies_end_at_the_deadline() {
    for reply in [None, Some(b"no".to_vec())] {
        let target = udp(HERE, move |_, _| reply.clone().into_iter().collect()).await;
        let failure = ask(spec(Transport::Udp, b"ping", Some("yes")), target, DEADLINE).await.unwrap_err();
        assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(DEADLINE)));
    }
}

#[tokio::test]
async fn over_udp_a_flood_is_cut_off() {
    let target = udp(HERE, |_, _| vec![vec![b'x'; 60_000]; 30]).await;
    let failure = ask(spec(Transport::Udp, b"ping", Some("yes")), target, Duration::from_secs(2)).await.unwrap_err();
    let cut = matches!(failure.reason, Reason::TooLong { what: "answer", .. } | Reason::Timeout(_));
    assert!(cut, "loopback may drop some: {failure:?}");
}

/// When a TLS peer answers.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Once it has read this many bytes; at the end of what is sent it ends itself.
    Heard(usize),
    /// At the end of what is sent.
    Ended,
}

/// A TLS peer that says `reply`; it ends with or without a close_notify.
async fn secured(when: When, reply: &'static [u8], polite: bool) -> Target {
    let acceptor = acceptor();
    tcp(HERE, move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut heard = Vec::new();
            match when {
                When::Heard(length) => {
                    heard.resize(length, 0);
                    if stream.read_exact(&mut heard).await.is_err() {
                        return;
                    }
                }
                When::Ended => drop(stream.read_to_end(&mut heard).await),
            }
            let _ = stream.write_all(reply).await;
            let _ = stream.flush().await;
            if polite {
                let _ = stream.shutdown().await;
            }
        }
    })
    .await
}

fn over_tls(receive: Option<&str>) -> Spec {
    match spec(Transport::Tcp, b"PING\n", receive) {
        Spec::SimpleTcp(plain) => Spec::SimpleTcp(SimpleTcp { tls: Some(Tls::default()), ..plain }),
        other => other,
    }
}

#[tokio::test]
async fn over_tls_the_end_of_sending_is_told_to_who_waits_for_it() {
    let answers: [(Option<&'static str>, &'static [u8], &str); 5] = [
        (None, b"PONG", "PONG"),
        (Some("^PONG$"), b"PONG\n", "PONG"),
        (Some("^PONG$"), b"hm\nPONG", "PONG"),
        (Some("^PONG$"), b"PANG\n", "match: pattern not found"),
        (None, b"", "receive: connection closed by the server after 0 bytes"),
    ];
    let mut cases = tokio::task::JoinSet::new();
    for (receive, reply, words) in answers {
        for polite in [true, false] {
            for when in [When::Heard(5), When::Ended] {
                cases.spawn(async move {
                    let verdict = ask(over_tls(receive), secured(when, reply, polite).await, DEADLINE).await;
                    let said = verdict.map_or_else(|failure| failure.to_string(), |success| success.words);
                    assert!(said.starts_with(words), "{when:?} {receive:?} polite: {polite} {said}");
                });
            }
        }
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
    let silent = secured(When::Heard(1000), b"", false).await;
    let failure = ask(over_tls(None), silent, DEADLINE).await.unwrap_err();
    assert!(matches!(failure.reason, Reason::Closed(0)), "it hears our end and ends: {failure}");
}

#[tokio::test]
async fn over_tls_clear_text_and_datagrams_are_down() {
    let failure = ask(over_tls(None), endless(b"PONG\n").await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.to_string(), "tls: the server does not speak TLS on this port");
    let Spec::SimpleTcp(datagrams) = over_tls(None) else { unreachable!() };
    let datagrams = Spec::SimpleTcp(SimpleTcp { transport: Transport::Udp, ..datagrams });
    let failure = ask(datagrams, closed_port().await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Local("TLS needs TCP".to_owned()));
}
