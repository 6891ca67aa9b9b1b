//! DNS.

use crate::peer::{Script, asked, hostile};
use crate::support::{DEADLINE, HERE, ask, closed_port, udp};
use checks::{Dns, Pattern, Phase, Reason, Spec, Target, Transport};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

fn spec(transport: Transport, request: &str, receive: Option<&str>) -> Spec {
    let receive = receive.map(|pattern| Pattern::compile(pattern).unwrap());
    Spec::Dns(Dns { transport, request: request.to_owned(), receive })
}

/// One record for the asked name: type, data.
type Data = (u16, Vec<u8>);

/// A reply to `query` with these flags and answers.
fn reply(query: &[u8], flags: u16, answers: &[Data]) -> Vec<u8> {
    let mut reply = query[..2].to_vec();
    reply.extend((0x8180 | flags).to_be_bytes());
    reply.extend([0, 1, 0, answers.len() as u8, 0, 0, 0, 0]);
    reply.extend(&query[12..]);
    for (kind, data) in answers {
        reply.extend([0xc0, 12]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        reply.extend(data);
    }
    reply
}

fn a(last: u8) -> Data {
    (1, vec![192, 0, 2, last])
}

fn name(labels: &[&str]) -> Vec<u8> {
    let mut name = Vec::new();
    for label in labels {
        name.push(label.len() as u8);
        name.extend(label.as_bytes());
    }
    name.push(0);
    name
}

async fn server(flags: u16, answers: Vec<Data>) -> Target {
    udp(HERE, move |query, _| vec![reply(query, flags, &answers)]).await
}

#[tokio::test]
async fn any_answer_that_matches_is_up() {
    let ptr = (12, name(&["host", "example"]));
    let cname = (5, name(&["other", "example"]));
    let aaaa = (28, [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[1]].concat());
    let mx = (15, [vec![0, 10], name(&["mail", "example"])].concat());
    let txt = (16, b"\x05hello".to_vec());
    for (request, receive, answers, up) in [
        ("www.example", None, vec![a(1)], true),
        ("www.example", Some("^192.0.2.2$"), vec![a(1), a(2)], true),
        ("www.example", Some("^192.0.2.3$"), vec![a(1), a(2)], false),
        ("www.example", Some("192"), vec![cname.clone(), a(1)], true),
        ("www.example", None, vec![cname.clone()], false),
        ("www.example", None, vec![], false),
        ("CNAME www.example", Some("^other.example$"), vec![cname], true),
        ("192.0.2.1", Some("^host.example$"), vec![ptr.clone()], true),
        ("2001:db8::1", Some("^host.example$"), vec![ptr], true),
        ("AAAA www.example", Some("^2001:db8::1$"), vec![aaaa], true),
        ("MX example", Some("^10 mail.example$"), vec![mx], true),
        ("TXT example", Some("hello"), vec![txt], true),
    ] {
        let result = ask(spec(Transport::Udp, request, receive), server(0, answers).await, DEADLINE).await;
        assert_eq!(result.is_ok(), up, "{request} {receive:?}: {result:?}");
    }
}

#[tokio::test]
async fn codes_of_the_server_in_words() {
    let words = |code: u16, request: &'static str, receive: Option<&'static str>| async move {
        let result = ask(spec(Transport::Udp, request, receive), server(code, vec![]).await, DEADLINE).await;
        result.map_or_else(|failure| failure.to_string(), |success| success.words)
    };
    assert_eq!(words(3, "www.example", None).await, "match: NXDOMAIN: there is no such name");
    assert_eq!(words(3, "www.example", Some(".*")).await, "match: NXDOMAIN: there is no such name");
    assert_eq!(words(3, "www.example", Some("NXDOMAIN")).await, "no such name, as wanted");
    assert_eq!(words(0, "www.example", Some("NXDOMAIN")).await, "match: www.example. exists, and should not");
    assert_eq!(words(2, "www.example", None).await, "match: SERVFAIL: the server failed to find out");
    assert_eq!(words(5, "www.example", None).await, "match: REFUSED: the server does not answer this to us");
    assert_eq!(words(5, "", None).await, "answers (REFUSED: the server does not answer this to us)");
    assert_eq!(words(2, "", None).await, "match: SERVFAIL: the server failed to find out");
    assert!(words(0, "BOGUS www.example", None).await.contains("no type of DNS records"));
}

#[tokio::test]
async fn strays_decide_nothing() {
    let target = udp(HERE, |query, _| {
        let good = reply(query, 0, &[a(1)]);
        let mut other_id = good.clone();
        other_id[0] ^= 1;
        let mut other_name = good.clone();
        other_name[13] ^= 1;
        let cut = (0..good.len()).map(|length| good[..length].to_vec());
        cut.chain([query.to_vec(), other_id, other_name, good.clone()]).collect()
    });
    assert!(ask(spec(Transport::Udp, "www.example", None), target.await, DEADLINE).await.is_ok());
    let wrong = udp(HERE, |query, _| {
        let mut wrong = reply(query, 0, &[a(1)]);
        wrong[0] ^= 1;
        vec![wrong]
    });
    let failure = ask(spec(Transport::Udp, "www.example", None), wrong.await, Duration::from_millis(300)).await;
    let words = failure.unwrap_err().to_string();
    assert_eq!(words, "receive: not a valid answer: a DNS message that is no reply to this query");
    let failure = ask(spec(Transport::Udp, "www.example", None), closed_port().await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Refused);
    let silent = udp(HERE, |_, _| vec![]).await;
    let patience = Duration::from_millis(200);
    let failure = ask(spec(Transport::Udp, "www.example", None), silent, patience).await.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Receive, Reason::Timeout(patience)));
}

#[tokio::test]
async fn names_that_point_in_circles_and_huge_counts_are_no_answer() {
    let target = udp(HERE, |query, _| {
        let mut circle = reply(query, 0, &[a(1)]);
        let pointer = query.len();
        circle[pointer..pointer + 2].copy_from_slice(&[0xc0, pointer as u8]);
        let mut many = reply(query, 0, &[a(1)]);
        many[6..12].copy_from_slice(&[0xff; 6]);
        vec![circle, many]
    });
    let failure = ask(spec(Transport::Udp, "www.example", None), target.await, Duration::from_millis(300)).await;
    assert!(failure.unwrap_err().to_string().contains("not a DNS message"));
}

/// A good answer over TCP.
const GOOD: Script = |mut peer| {
    Box::pin(async move {
        let length = peer.hear(2).await?;
        let query = peer.hear(usize::from(length[1])).await?;
        let answer = reply(&query, 0, &[a(1)]);
        peer.say(&[&[0, answer.len() as u8], answer.as_slice()].concat()).await
    })
};

#[tokio::test]
async fn over_tcp() {
    assert_eq!(asked(&spec(Transport::Tcp, "www.example", None), GOOD).await.unwrap().words, "192.0.2.1");
    hostile(spec(Transport::Tcp, "www.example", Some("^192.0.2.1$")), GOOD).await;
    let huge: Script = |mut peer| Box::pin(async move { peer.say(&[0xff, 0xff]).await });
    let failure = asked(&spec(Transport::Tcp, "www.example", None), huge).await.unwrap_err();
    assert_eq!(failure.reason, Reason::TooLong { what: "answer", limit: 16_384 });
}

#[tokio::test]
async fn truncated_answers_are_asked_again_over_tcp() {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let target = Target { address: HERE, port: listener.local_addr().unwrap().port() };
    let socket = UdpSocket::bind((HERE, target.port)).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        let (count, client) = socket.recv_from(&mut buffer).await.unwrap();
        let mut cut = reply(&buffer[..count], 0x0200, &[a(1)]);
        cut.truncate(count + 5);
        socket.send_to(&cut, client).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = usize::from(stream.read_u16().await.unwrap());
        let mut query = vec![0; length];
        stream.read_exact(&mut query).await.unwrap();
        let answer = reply(&query, 0, &(0..200).map(a).collect::<Vec<_>>());
        stream.write_u16(answer.len() as u16).await.unwrap();
        stream.write_all(&answer).await.unwrap();
    });
    let up = ask(spec(Transport::Udp, "www.example", Some("^192.0.2.199$")), target, DEADLINE).await.unwrap();
    assert_eq!(up.words, "192.0.2.199");
}
