//! What is asked, and what each answer means.

use super::peer::*;
use super::support::*;
use checks::{Grpc, Phase, Probe, Reason, Spec, Target, Tls, Verify};
use std::net::{IpAddr, Ipv6Addr};

async fn words(grpc: &Grpc, target: Target) -> String {
    let probe = Probe::new(Spec::Grpc(Box::new(grpc.clone())), target).unwrap();
    probe.run(DEADLINE).await.words()
}

async fn answer(grpc: &Grpc, reply: Reply) -> String {
    words(grpc, serving(HERE, None, reply).await.0).await
}

#[tokio::test]
async fn the_call_as_it_goes_out() {
    for address in [HERE, IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let (target, calls) = serving(address, None, message(&[8, 1])).await;
        let probe = Probe::new(Spec::Grpc(Box::new(plain())), target).unwrap();
        let verdict = probe.run(DEADLINE).await;
        assert_eq!(verdict.words(), "SERVING");
        let timings = verdict.timings;
        assert!(timings.connect.unwrap() <= timings.first_byte.unwrap() && timings.tls.is_none());
        let (asked, head, message) = calls.lock().unwrap().pop().unwrap();
        let authority = std::net::SocketAddr::new(target.address, target.port);
        assert_eq!(asked, format!("POST {authority} /grpc.health.v1.Health/Check"));
        assert_eq!(
            (&head["content-type"], &head["te"]),
            (&"application/grpc".parse().unwrap(), &"trailers".parse().unwrap())
        );
        assert_eq!(head["grpc-timeout"], "10000m");
        assert_eq!(message, [0, 0, 0, 0, 0]);
    }
    let (target, calls) = serving(HERE, None, message(&[8, 1])).await;
    let named = Grpc { service: "shop.Basket".to_owned(), host: Some("shop.example:443".to_owned()), ..plain() };
    assert_eq!(words(&named, target).await, "SERVING");
    let (asked, _, message) = calls.lock().unwrap().pop().unwrap();
    assert_eq!(asked, "POST shop.example:443 /grpc.health.v1.Health/Check");
    assert_eq!(message, b"\0\0\0\0\x0d\x0a\x0bshop.Basket");
    let odd = Grpc { host: Some("two words".to_owned()), ..plain() };
    let failure = ask(Spec::Grpc(Box::new(odd)), target, DEADLINE).await.unwrap_err();
    assert!(matches!(failure.reason, Reason::Local(_)), "{failure}");
}

#[tokio::test]
async fn states() {
    let basket = Grpc { service: "shop.Basket".to_owned(), ..plain() };
    for (bytes, whole, one) in [
        (&[8, 2][..], "match: the server is NOT_SERVING", "match: the service shop.Basket is NOT_SERVING"),
        (&[], "match: the state of the server is UNKNOWN", "match: the state of the service shop.Basket is UNKNOWN"),
        (
            &[8, 9],
            "match: the server has a state that is not defined: 9",
            "match: the service shop.Basket has a state that is not defined: 9",
        ),
        (
            &[8],
            "match: not a valid answer: the message is no HealthCheckResponse",
            "match: not a valid answer: the message is no HealthCheckResponse",
        ),
    ] {
        let down = |words: String| words.replace("receive: not a valid", "match: not a valid");
        assert_eq!(down(answer(&plain(), message(bytes)).await), whole);
        assert_eq!(down(answer(&basket, message(bytes)).await), one);
    }
}

#[tokio::test]
async fn calls_that_fail() {
    let basket = Grpc { service: "shop.Basket".to_owned(), ..plain() };
    for in_head in [true, false] {
        for (code, said, words) in [
            (12, "", "receive: the server has no health service (UNIMPLEMENTED)"),
            (12, "unknown%20service", "receive: the server has no health service (UNIMPLEMENTED): unknown service"),
            (5, "", "receive: the health service does not know shop.Basket (NOT_FOUND)"),
            (14, "down%0A", "receive: the health check failed: UNAVAILABLE: down"),
            (16, "", "receive: the health check needs credentials (UNAUTHENTICATED)"),
            (77, "", "receive: the health check failed with status 77"),
        ] {
            assert_eq!(answer(&basket, failing(code, said, in_head)).await, words, "{in_head}");
        }
    }
    let none = Reply { trailers: vec![], ..message(&[8, 1]) };
    assert_eq!(answer(&plain(), none).await, "receive: not a valid answer: the answer has no grpc-status");
    let odd = Reply { trailers: vec![("grpc-status", "fine".to_owned())], ..message(&[8, 1]) };
    assert_eq!(answer(&plain(), odd).await, "receive: not a valid answer: the answer has no grpc-status");
    // A status in the head does not outweigh the one that ends the call.
    let two = Reply {
        head: vec![("content-type", "application/grpc".to_owned()), ("grpc-status", "0".to_owned())],
        trailers: vec![("grpc-status", "13".to_owned())],
        ..message(&[8, 1])
    };
    assert_eq!(answer(&plain(), two).await, "receive: the health check failed: INTERNAL");
}

#[tokio::test]
async fn servers_of_another_kind() {
    let page = Reply { head: vec![("content-type", "text/html".to_owned())], ..message(&[8, 1]) };
    assert_eq!(
        answer(&plain(), page).await,
        "receive: not a valid answer: not gRPC, but content of type \"text/html\""
    );
    let missing = Reply { status: 404, ..message(&[8, 1]) };
    assert_eq!(answer(&plain(), missing).await, "receive: 404 Not Found");
    let http1 = saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec(), false).await;
    assert_eq!(words(&plain(), http1).await, "receive: not a valid answer: HTTP/1 where HTTP/2 is expected");
    let (tls, _) = serving(HERE, Some(&["h2"]), message(&[8, 1])).await;
    assert_eq!(words(&plain(), tls).await, "receive: not a valid answer: TLS where plain HTTP/2 is expected");
    let secure = Grpc { tls: Some(Tls::default()), ..plain() };
    let (plain_server, _) = serving(HERE, None, message(&[8, 1])).await;
    assert_eq!(words(&secure, plain_server).await, "tls: the server does not speak TLS on this port");
}

#[tokio::test]
async fn over_tls() {
    let secure = Grpc { tls: Some(Tls::default()), host: Some("shop.example:443".to_owned()), ..plain() };
    let (target, _) = serving(HERE, Some(&["h2"]), message(&[8, 1])).await;
    let verdict = Probe::new(Spec::Grpc(Box::new(secure.clone())), target).unwrap().run(DEADLINE).await;
    assert_eq!(verdict.words(), "SERVING");
    assert!(verdict.timings.tls.unwrap() <= verdict.timings.first_byte.unwrap());
    for protocols in [&["http/1.1"][..], &[]] {
        let (target, _) = serving(HERE, Some(protocols), message(&[8, 1])).await;
        let words = words(&secure, target).await;
        assert_eq!(words, "tls: the server offers no HTTP/2 over TLS (ALPN h2), which gRPC needs");
    }
    let full = Tls { verify: Verify::Full, authorities: None, name: None, identity: None };
    let failure = ask(Spec::Grpc(Box::new(Grpc { tls: Some(full), ..secure })), target, DEADLINE).await.unwrap_err();
    assert!(failure.phase == Phase::Tls && matches!(failure.reason, Reason::Tls(_)), "{failure}");
}
