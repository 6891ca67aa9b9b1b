//! SIP OPTIONS against friendly and hostile peers.
#![allow(clippy::indexing_slicing, reason = "a test that goes out of bounds has failed")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test may fail; peers wait")]

mod support;

use checks::{Phase, Reason, Sip, Spec, Target, Tls, Transport};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{DEADLINE, HERE, acceptor, ask, closed_port, tcp, udp};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

fn spec(transport: Transport, login: &str) -> Spec {
    Spec::Sip(Sip { transport, tls: None, login: login.to_owned() })
}

/// The headers of a request by name.
fn headers(request: &str) -> BTreeMap<String, String> {
    let lines = request.lines().skip(1).take_while(|line| !line.is_empty());
    lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A reply as RFC 3261 (8.2.6) wants it.
fn reply(request: &[u8], status: &str) -> Vec<u8> {
    let request = String::from_utf8(request.to_vec()).unwrap();
    let fields = headers(&request);
    let mut text = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "From", "Call-ID", "CSeq"] {
        text += &format!("{name}: {}\r\n", fields[name]);
    }
    text += &format!("To: {};tag=peer\r\nContent-Length: 0\r\n\r\n", fields["To"]);
    text.into_bytes()
}

/// The same reply with one piece of it exchanged.
fn changed(request: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(reply(request, "200 OK")).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    text.replace(from, to).into_bytes()
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            break;
        }
        request.push(byte[0]);
    }
    request
}

/// A TCP peer that answers each request with what `answer` makes of it and closes.
async fn answering(answer: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + Sync + 'static) -> Target {
    tcp(HERE, move |mut stream| {
        let answer = answer.clone();
        async move {
            let request = read_request(&mut stream).await;
            let _ = stream.write_all(&answer(&request)).await;
        }
    })
    .await
}

#[tokio::test]
async fn final_replies_decide() {
    for (status, up) in
        [("200 OK", true), ("202 Accepted", true), ("200", true), ("404 Not Found", false), ("503 Busy", false)]
    {
        let over_udp = udp(HERE, move |request, _| vec![reply(request, status)]).await;
        let over_tcp = answering(move |request| reply(request, status)).await;
        for (transport, target) in [(Transport::Udp, over_udp), (Transport::Tcp, over_tcp)] {
            match ask(spec(transport, "ldirectord@here"), target, DEADLINE).await {
                Ok(success) => assert_eq!((success.words.as_str(), true), (status, up)),
                Err(failure) => {
                    assert!(!up, "{status}: {failure}");
                    assert_eq!(failure.reason.to_string(), status);
                    assert_eq!(failure.phase, Phase::Receive);
                }
            }
        }
    }
}

async fn request_seen(transport: Transport, address: IpAddr, login: &str) -> (String, Target) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let target = match transport {
        Transport::Udp => {
            udp(address, move |request, _| {
                *kept.lock().unwrap() = request.to_vec();
                vec![reply(request, "200 OK")]
            })
            .await
        }
        Transport::Tcp => {
            tcp(address, move |mut stream| {
                let kept = Arc::clone(&kept);
                async move {
                    let request = read_request(&mut stream).await;
                    let answer = reply(&request, "200 OK");
                    *kept.lock().unwrap() = request;
                    stream.write_all(&answer).await.unwrap();
                }
            })
            .await
        }
    };
    ask(spec(transport, login), target, DEADLINE).await.unwrap();
    let request = String::from_utf8(seen.lock().unwrap().clone()).unwrap();
    (request, target)
}

#[tokio::test]
async fn the_request_is_well_formed() {
    for (transport, name) in [(Transport::Udp, "UDP"), (Transport::Tcp, "TCP")] {
        for address in [HERE, IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            let (request, _) = request_seen(transport, address, "user@example.org").await;
            assert!(request.starts_with("OPTIONS sip:user@example.org SIP/2.0\r\n"), "{request}");
            assert!(request.ends_with("\r\n\r\n") && !request.replace("\r\n", "").contains(['\r', '\n']));
            let fields = headers(&request);
            let shown = if address.is_ipv4() { "127.0.0.1:" } else { "[::1]:" };
            assert!(fields["Via"].starts_with(&format!("SIP/2.0/{name} {shown}")), "{request}");
            assert!(fields["Via"].contains(";branch=z9hG4bK") && fields["Via"].ends_with(";rport"), "{request}");
            assert_eq!(fields["Max-Forwards"], "70");
            assert_eq!(fields["To"], "<sip:user@example.org>");
            assert!(fields["From"].starts_with("<sip:user@example.org>;tag="), "{request}");
            assert!(fields["CSeq"].ends_with(" OPTIONS"), "{request}");
            assert!(fields["Contact"].starts_with(&format!("<sip:{shown}")), "{request}");
            assert_eq!((fields["Accept"].as_str(), fields["Content-Length"].as_str()), ("application/sdp", "0"));
        }
    }
}

#[tokio::test]
async fn without_login_the_real_itself_is_asked_and_blanks_are_encoded() {
    let (request, target) = request_seen(Transport::Udp, HERE, "").await;
    assert!(request.starts_with(&format!("OPTIONS sip:127.0.0.1:{} SIP/2.0\r\n", target.port)), "{request}");
    let (request, target) = request_seen(Transport::Tcp, IpAddr::V6(Ipv6Addr::LOCALHOST), "").await;
    assert!(request.starts_with(&format!("OPTIONS sip:[::1]:{} SIP/2.0\r\n", target.port)), "{request}");
    let (request, _) = request_seen(Transport::Udp, HERE, "a b\n@c>").await;
    assert!(request.starts_with("OPTIONS sip:a%20b%0A@c%3E SIP/2.0\r\n"), "{request}");
}

#[tokio::test]
async fn every_request_is_its_own() {
    let (first, _) = request_seen(Transport::Udp, HERE, "").await;
    let (second, _) = request_seen(Transport::Udp, HERE, "").await;
    let (first, second) = (headers(&first), headers(&second));
    for name in ["Via", "From", "Call-ID"] {
        assert_ne!(first[name], second[name]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_datagram_is_sent_again_and_silence_ends_at_the_deadline() {
    let target = udp(HERE, |request, number| if number < 2 { vec![] } else { vec![reply(request, "200 OK")] }).await;
    assert!(ask(spec(Transport::Udp, ""), target, DEADLINE).await.is_ok());

    let times = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&times);
    let started = tokio::time::Instant::now();
    let target = udp(HERE, move |_, _| {
        kept.lock().unwrap().push(started.elapsed().as_millis() / 100);
        vec![]
    })
    .await;
    let failure = ask(spec(Transport::Udp, ""), target, DEADLINE).await.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(DEADLINE)));
    assert_eq!(*times.lock().unwrap(), [0, 5, 15, 35, 75], "0.5 s, doubled up to 4 s");
}

#[tokio::test(start_paused = true)]
async fn replies_to_other_requests_are_waited_past() {
    type Change = fn(&[u8]) -> Vec<u8>;
    let strays: [Change; 7] = [
        |request| changed(request, "Call-ID: ", "Call-ID: old"),
        |request| changed(request, "branch=z9hG4bK", "branch=z9hG4bKold"),
        |request| changed(request, "OPTIONS\r\n", "INVITE\r\n"),
        |request| changed(request, "CSeq: ", "CSeq: 9"),
        |_| b"SIP/2.0 200 OK\r\n\r\n".to_vec(),
        |_| b"\xff\x00garbage".to_vec(),
        |request| request.to_vec(),
    ];
    for stray in strays {
        let target = udp(HERE, move |request, _| vec![stray(request)]).await;
        let failure = ask(spec(Transport::Udp, ""), target, DEADLINE).await.unwrap_err();
        assert!(matches!(&failure.reason, Reason::Protocol(words) if words.contains("SIP reply")), "{failure}");
        let target = udp(HERE, move |request, _| vec![stray(request), reply(request, "200 OK")]).await;
        assert!(ask(spec(Transport::Udp, ""), target, DEADLINE).await.is_ok());
    }
    let target = answering(|request| {
        [changed(request, "Call-ID: ", "Call-ID: old"), request.to_vec(), reply(request, "200 OK")].concat()
    })
    .await;
    assert!(ask(spec(Transport::Tcp, ""), target, DEADLINE).await.is_ok());
}

#[tokio::test]
async fn provisional_replies_are_waited_past() {
    let target = udp(HERE, |request, _| vec![reply(request, "100 Trying"), reply(request, "480 Gone")]).await;
    let failure = ask(spec(Transport::Udp, ""), target, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Status { code: 480, phrase: "Gone".into() });
    let target = answering(|request| {
        let trying = String::from_utf8(reply(request, "100 Trying")).unwrap();
        let trying = trying.replace("Content-Length: 0\r\n\r\n", "l: 5\r\n\r\nSIP/2");
        [b"\r\n\r\n", trying.as_bytes(), &reply(request, "200 OK")].concat()
    })
    .await;
    assert_eq!(ask(spec(Transport::Tcp, ""), target, DEADLINE).await.unwrap().words, "200 OK");
}

#[tokio::test]
async fn compact_and_folded_headers_are_read() {
    let target = answering(|request| {
        let text = String::from_utf8(reply(request, "200 OK")).unwrap();
        let text = text.replace("Via: ", "v : ").replace("Call-ID: ", "i:").replace(";branch", "\r\n  ;branch");
        text.replace("CSeq", "cseq").into_bytes()
    })
    .await;
    assert!(ask(spec(Transport::Tcp, ""), target, DEADLINE).await.is_ok());
}

#[tokio::test]
async fn refused_is_refused() {
    let target = closed_port().await;
    for (transport, phase) in [(Transport::Udp, Phase::Receive), (Transport::Tcp, Phase::Connect)] {
        let failure = ask(spec(transport, ""), target, DEADLINE).await.unwrap_err();
        assert_eq!((failure.phase, failure.reason), (phase, Reason::Refused));
    }
}

#[tokio::test(start_paused = true)]
async fn one_byte_a_second_is_judged_by_the_deadline() {
    let target = tcp(HERE, |mut stream| async move {
        let request = read_request(&mut stream).await;
        for byte in reply(&request, "200 OK") {
            let _ = stream.write_all(&[byte]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let failure = ask(spec(Transport::Tcp, ""), target, DEADLINE).await.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(DEADLINE)));
    assert!(ask(spec(Transport::Tcp, ""), target, Duration::from_secs(3600)).await.is_ok());
}

#[tokio::test]
async fn closing_at_any_place_of_a_good_reply_is_down() {
    let length = Arc::new(Mutex::new(0usize));
    let cut = Arc::clone(&length);
    let target = answering(move |request| {
        let mut text = reply(request, "200 OK");
        text.truncate(*cut.lock().unwrap());
        text
    })
    .await;
    for offset in 0..300 {
        *length.lock().unwrap() = offset;
        match ask(spec(Transport::Tcp, ""), target, DEADLINE).await {
            // Only the whole reply, whose length is that of the addresses and numbers in it, is enough.
            Ok(_) => return assert!(offset > 200, "up after {offset} bytes"),
            Err(failure) => assert!(matches!(failure.reason, Reason::Closed(_) | Reason::Reset(_)), "{failure:?}"),
        }
    }
    panic!("never up");
}

#[tokio::test]
async fn what_is_not_sip_or_has_no_end_is_down() {
    let endless = |first: &'static [u8], more: &'static [u8]| {
        tcp(HERE, move |mut stream| async move {
            let _ = stream.write_all(first).await;
            while stream.write_all(more).await.is_ok() {}
        })
    };
    let reason = |target| async move { ask(spec(Transport::Tcp, ""), target, DEADLINE).await.unwrap_err().reason };
    assert!(matches!(reason(endless(b"HTTP/1.1 400 Bad\r\n", b"x").await).await, Reason::Protocol(_)));
    assert!(matches!(reason(endless(b"\xff\xfe\n", b"\xff").await).await, Reason::Protocol(_)));
    let line = Reason::TooLong { what: "line", limit: 16384 };
    assert_eq!(reason(endless(b"SIP/2.0 200 OK\r\nVia: ", &[b'x'; 4096]).await).await, line);
    let header = Reason::TooLong { what: "header", limit: 65536 };
    assert_eq!(reason(endless(b"SIP/2.0 200 OK\r\n", b"X: y\r\nX: y\r\nX: y\r\nX: y\r\n").await).await, header);
    let answer = Reason::TooLong { what: "answer", limit: 262_144 };
    let body = b"SIP/2.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
    assert_eq!(reason(endless(body, &[0; 4096]).await).await, answer);
    assert_eq!(reason(endless(b"", b"\r\n\r\n\r\n\r\n").await).await, answer);
    let bytes = answering(|request| {
        let text = String::from_utf8(reply(request, "500 @")).unwrap();
        let (before, behind) = text.split_once('@').unwrap();
        [before.as_bytes(), b"\xff\x1b[2J", behind.as_bytes()].concat()
    })
    .await;
    assert!(matches!(reason(bytes).await, Reason::Status { code: 500, .. }));
}

fn sips(login: &str) -> Spec {
    Spec::Sip(Sip { transport: Transport::Tcp, tls: Some(Tls::default()), login: login.to_owned() })
}

/// A TLS peer that answers like [`answering`].
async fn secured(answer: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + Sync + 'static) -> Target {
    let acceptor = acceptor();
    tcp(HERE, move |stream| {
        let (answer, acceptor) = (answer.clone(), acceptor.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let request = read_request(&mut stream).await;
            let _ = stream.write_all(&answer(&request)).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

#[tokio::test]
async fn over_tls_the_request_says_so() {
    for (login, uri, contact) in [
        ("user@example.org", "sip:user@example.org", "<sip:127.0.0.1:"),
        ("sips:user@example.org", "sips:user@example.org", "<sips:127.0.0.1:"),
    ] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let target = secured(move |request| {
            *kept.lock().unwrap() = request.to_vec();
            reply(request, "200 OK")
        });
        assert_eq!(ask(sips(login), target.await, DEADLINE).await.unwrap().words, "200 OK");
        let request = String::from_utf8(seen.lock().unwrap().clone()).unwrap();
        let fields = headers(&request);
        assert!(request.starts_with(&format!("OPTIONS {uri} SIP/2.0\r\n")), "{request}");
        assert!(fields["Via"].starts_with("SIP/2.0/TLS 127.0.0.1:"), "{request}");
        assert!(fields["Contact"].starts_with(contact), "{request}");
        assert_eq!(fields["Contact"].ends_with(";transport=tls>"), !login.starts_with("sips:"), "{request}");
    }
    let refused = secured(|request| reply(request, "503 Busy")).await;
    let failure = ask(sips("a@b"), refused, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Status { code: 503, phrase: "Busy".into() });
}

#[tokio::test]
async fn over_tls_a_part_of_a_reply_is_down_and_so_is_clear_text() {
    for part in [0, 1, 12, 60, 150] {
        let target = secured(move |request| reply(request, "200 OK")[..part].to_vec()).await;
        let failure = ask(sips("a@b"), target, DEADLINE).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Closed(part as u64));
    }
    let clear = tcp(HERE, |mut stream| async move {
        let _ = stream.write_all(b"SIP/2.0 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 1024]).await;
    });
    let failure = ask(sips("a@b"), clear.await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.to_string(), "tls: the server does not speak TLS on this port");
    let datagrams = Spec::Sip(Sip { transport: Transport::Udp, tls: Some(Tls::default()), login: String::new() });
    let failure = ask(datagrams, closed_port().await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Local("TLS needs TCP".to_owned()));
}
