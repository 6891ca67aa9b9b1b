//! RADIUS, against a server that knows the secret.

use crate::peer::login_refused;
use crate::support::{DEADLINE, HERE, ask, closed_port, udp};
use checks::{Radius, Reason, Secret, Spec};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use std::net::IpAddr;
use std::time::Duration;

const SECRET: &[u8] = b"testing123";
const SHORT: Duration = Duration::from_millis(300);

fn spec(login: &str, password: &str, secret: &str) -> Spec {
    Spec::Radius(Radius { login: login.to_owned(), password: Secret::new(password), secret: Secret::new(secret) })
}

fn sign(packet: &[u8]) -> Vec<u8> {
    Hmac::<Md5>::new_from_slice(SECRET).unwrap().chain_update(packet).finalize().into_bytes().to_vec()
}

/// Checks the request's Message-Authenticator (which comes first) and answers with `code`, signed in both ways.
fn reply(request: &[u8], code: u8, message: &str) -> Vec<u8> {
    let mut blank = request.to_vec();
    assert_eq!(blank[20..22], [80, 18]);
    blank[22..38].fill(0);
    assert_eq!(sign(&blank), request[22..38], "Message-Authenticator");
    let mut reply = vec![code, request[1], 0, 0];
    reply.extend(&request[4..20]);
    reply.extend([80, 18]);
    reply.extend([0; 16]);
    if !message.is_empty() {
        reply.extend([18, message.len() as u8 + 2]);
        reply.extend(message.as_bytes());
    }
    reply[3] = reply.len() as u8;
    let signature = sign(&reply);
    reply[22..38].copy_from_slice(&signature);
    let authenticator = Md5::new().chain_update(&reply).chain_update(SECRET).finalize();
    reply[4..20].copy_from_slice(&authenticator);
    reply
}

/// The password that a request hides; 16 bytes at most.
fn password(request: &[u8]) -> String {
    let place = request.windows(2).position(|pair| pair == [2, 18]).unwrap();
    let key = Md5::new().chain_update(SECRET).chain_update(&request[4..20]).finalize();
    let plain: Vec<u8> = request[place + 2..place + 18].iter().zip(key).map(|(byte, key)| byte ^ key).collect();
    String::from_utf8_lossy(&plain).trim_end_matches('\0').to_owned()
}

#[tokio::test]
async fn up_when_access_is_accepted() {
    for address in [HERE, IpAddr::from(std::net::Ipv6Addr::LOCALHOST)] {
        let target = udp(address, |request, _| {
            let good = password(request) == "hunter2" && request.windows(6).any(|part| part == b"\x01\x06user");
            vec![reply(request, if good { 2 } else { 3 }, "")]
        })
        .await;
        assert!(ask(spec("user", "hunter2", "testing123"), target, DEADLINE).await.is_ok());
        let failure = ask(spec("user", "hunter3", "testing123"), target, DEADLINE).await.unwrap_err();
        assert_eq!(failure.reason, login_refused("Access-Reject"));
    }
}

#[tokio::test]
async fn answers_in_words() {
    let answered = |code: u8, login: &'static str| async move {
        let target = udp(HERE, move |request, _| vec![reply(request, code, "not hunter2")]).await;
        let result = ask(spec(login, "hunter2", "testing123"), target, DEADLINE).await;
        result.map_or_else(|failure| failure.to_string(), |success| success.words)
    };
    assert_eq!(answered(3, "user").await, "match: login refused: not ***");
    assert_eq!(answered(11, "user").await, "match: login refused: the server asks for more than a password");
    assert_eq!(answered(3, "").await, "answers (no login is given)");
    let failure = ask(spec("user", "x", ""), closed_port().await, DEADLINE).await.unwrap_err();
    assert!(failure.to_string().contains("no secret is given"));
    let failure = ask(spec("user", "x", "s"), closed_port().await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Refused);
}

#[tokio::test]
async fn replies_that_are_not_genuine_decide_nothing() {
    let spoilt = udp(HERE, |request, _| {
        let good = reply(request, 2, "welcome");
        let cut = (0..good.len()).map(|length| good[..length].to_vec());
        let spoilt = (0..good.len()).map(|place| {
            let mut spoilt = good.clone();
            spoilt[place] ^= 1;
            spoilt
        });
        cut.chain(spoilt).chain([request.to_vec(), vec![0xff; 4096]]).collect()
    });
    let failure = ask(spec("user", "x", "testing123"), spoilt.await, SHORT).await.unwrap_err();
    assert!(matches!(failure.reason, Reason::Protocol(_)), "{failure}");
    let other_secret = udp(HERE, |request, _| {
        let mut forged = reply(request, 2, "");
        forged[4..20].fill(7);
        vec![forged]
    });
    let failure = ask(spec("user", "x", "testing123"), other_secret.await, SHORT).await.unwrap_err();
    assert!(failure.to_string().contains("signed with another secret"), "{failure}");
}

#[tokio::test]
async fn a_lost_request_is_sent_once_more_and_is_the_same() {
    let mut first = Vec::new();
    let target = udp(HERE, move |request, number| {
        if number == 0 {
            first = request.to_vec();
            return vec![];
        }
        assert_eq!((number, request), (1, first.as_slice()));
        vec![reply(request, 2, "")]
    });
    assert!(ask(spec("user", "x", "testing123"), target.await, Duration::from_secs(2)).await.is_ok());
    let silent = udp(HERE, |_, _| vec![]).await;
    assert_eq!(ask(spec("user", "x", "testing123"), silent, SHORT).await.unwrap_err().reason, Reason::Timeout(SHORT));
}
