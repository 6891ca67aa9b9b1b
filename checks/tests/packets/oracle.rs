//! Oracle's connect handshake with a scripted listener, made from public descriptions of TNS.

use crate::peer::{Peer, Script, asked, hostile, serve};
use crate::support::{DEADLINE, HERE, ask, closed_port, tcp};
use checks::{Oracle, Reason, Spec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn spec(database: &str) -> Spec {
    Spec::Oracle(Oracle { database: database.to_owned() })
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len() + 8).unwrap().to_be_bytes();
    [&[high, low, 0, 0, kind, 0, 0, 0], body].concat()
}

fn accept() -> Vec<u8> {
    packet(2, b"\x01\x3a\0\0\x20\0\xff\xff\x01\0\0\0\0\x20\x41\x41\0\0\0\0\0\0\0\0")
}

fn counted(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

fn refuse(code: u32) -> Vec<u8> {
    let text = format!("(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))");
    packet(4, &[&[0x22, 0], &counted(&text)[..]].concat())
}

/// Reads a connect packet; its descriptor.
async fn request(peer: &mut Peer) -> Option<String> {
    let head = peer.hear(8).await?;
    assert_eq!(head[4], 1);
    let body = peer.hear(usize::from(head[1]) - 8).await?;
    assert_eq!((&body[..4], &body[18..20]), (&b"\x01\x3a\x01\x2c"[..], &b"\0\x3a"[..]));
    if body.len() > 50 {
        return String::from_utf8(body[50..].to_vec()).ok();
    }
    let head = peer.hear(8).await?;
    assert_eq!(head[4], 6, "a long descriptor follows in a data packet");
    let body = peer.hear(usize::from(u16::from_be_bytes([head[0], head[1]])) - 8).await?;
    String::from_utf8(body[2..].to_vec()).ok()
}

const GOOD: Script = |mut peer| {
    Box::pin(async move {
        let descriptor = request(&mut peer).await?;
        assert!(descriptor.contains("(CONNECT_DATA=(SERVICE_NAME=shop)(CID=(PROGRAM=ldirectord-rs)"), "{descriptor}");
        peer.say(&packet(11, b"")).await?;
        assert_eq!(request(&mut peer).await?, descriptor, "the same once more");
        peer.say(&accept()).await?;
        assert_eq!(peer.rest().await, b"\0\x0a\0\0\x06\0\0\0\0\x40");
        Some(())
    })
};

#[tokio::test]
async fn up_when_the_service_accepts() {
    assert_eq!(asked(&spec("shop"), GOOD).await.unwrap().words, "connection to service shop accepted");
    hostile(spec("shop"), GOOD).await;
}

#[tokio::test]
async fn a_name_that_is_no_service_may_be_a_sid() {
    let sid: Script = |mut peer| {
        Box::pin(async move {
            let known = request(&mut peer).await?.contains("(SID=shop)");
            peer.say(&if known { accept() } else { refuse(12_514) }).await
        })
    };
    assert_eq!(asked(&spec("shop"), sid).await.unwrap().words, "connection to SID shop accepted");
    let neither: Script = |mut peer| {
        Box::pin(async move {
            let service = request(&mut peer).await?.contains("SERVICE_NAME");
            peer.say(&refuse(if service { 12_514 } else { 12_505 })).await
        })
    };
    let failure = asked(&spec("shop"), neither).await.unwrap_err();
    let words = "ORA-12514, ORA-12505: the listener knows no service and no SID \"shop\"";
    assert_eq!(failure.to_string(), format!("receive: database refused: {words}"));
}

#[tokio::test]
async fn refusals_are_down_in_words_and_an_answer_where_no_database_is_named() {
    let blocked: Script = |mut peer| {
        Box::pin(async move {
            request(&mut peer).await?;
            peer.say(&refuse(12_528)).await
        })
    };
    let failure = asked(&spec("shop"), blocked).await.unwrap_err();
    assert!(
        failure.to_string().contains("database refused: ORA-12528: all instances of the service block"),
        "{failure}"
    );
    let nameless: Script = |mut peer| {
        Box::pin(async move {
            let descriptor = request(&mut peer).await?;
            assert!(descriptor.contains("(CONNECT_DATA=(CID="), "{descriptor}");
            peer.say(&refuse(12_504)).await
        })
    };
    assert!(asked(&spec(""), nameless).await.unwrap().words.starts_with("answers: ORA-12504: "));
    for name in ["a(b", "a=b", "a b", "a\"b", "a\nb", "ä"] {
        let failure = ask(spec(name), closed_port().await, DEADLINE).await.unwrap_err();
        assert!(matches!(&failure.reason, Reason::Local(words) if words.contains("has no")), "{failure}");
    }
    assert_eq!(ask(spec("shop"), closed_port().await, DEADLINE).await.unwrap_err().reason, Reason::Refused);
    let long: Script = |mut peer| {
        Box::pin(async move {
            assert!(request(&mut peer).await?.len() > 500);
            peer.say(&accept()).await
        })
    };
    let name = "x".repeat(400);
    assert!(ask(spec(&name), serve(long, crate::peer::Fault::None).await.0, DEADLINE).await.is_ok());
}

/// A listener that redirects to where its host says, in one packet or with the text behind it; the dispatcher there answers
/// with `answer`.
async fn redirecting(host: &'static str, apart: bool, descriptor: &'static str, answer: Vec<u8>) -> checks::Target {
    let dispatcher = tcp(HERE, move |mut stream| {
        let answer = answer.clone();
        async move {
            let mut request = [0; 1024];
            let count = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            assert!(request.ends_with(descriptor), "{request}");
            let _ = stream.write_all(&answer).await;
            let _ = stream.read(&mut [0; 16]).await;
        }
    })
    .await;
    tcp(HERE, move |mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let text = format!("(ADDRESS=(PROTOCOL=tcp)(HOST={host})(PORT={}))", dispatcher.port);
        let text = if descriptor.is_empty() { text } else { format!("{text}\0{descriptor}") };
        let whole = counted(&text);
        let packets = if apart {
            let (first, second) = text.as_bytes().split_at(10);
            [packet(5, &whole[..2]), packet(6, &[b"\0\0", first].concat()), packet(6, &[b"\0\0", second].concat())]
                .concat()
        } else {
            packet(5, &whole)
        };
        let _ = stream.write_all(&packets).await;
        let _ = stream.read(&mut [0; 16]).await;
    })
    .await
}

#[tokio::test]
async fn redirects_are_followed_once_and_on_the_real_server_only() {
    for (host, apart, descriptor) in [
        ("127.0.0.1", false, ""),
        ("db1.example", false, "(DESCRIPTION=(X=y))"),
        ("127.0.0.1", true, "(D=)"),
        ("", true, ""),
    ] {
        let target = redirecting(host, apart, descriptor, accept()).await;
        let result = ask(spec("shop"), target, DEADLINE).await;
        assert!(result.is_ok(), "{host} {apart} {descriptor}: {result:?}");
    }
    let target = redirecting("192.0.2.9", false, "", accept()).await;
    let failure = ask(spec("shop"), target, DEADLINE).await.unwrap_err();
    assert!(failure.to_string().contains("redirects to tcp 192.0.2.9 port "), "{failure}");
    let again = packet(5, &counted("(ADDRESS=(HOST=127.0.0.1)(PORT=1))"));
    let failure = ask(spec("shop"), redirecting("x", false, "", again).await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.to_string(), "receive: the listener redirects a second time");
    let closed = closed_port().await;
    let nowhere = tcp(HERE, move |mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let text = format!("(ADDRESS=(HOST=127.0.0.1)(PORT={}))", closed.port);
        let _ = stream.write_all(&packet(5, &counted(&text))).await;
    });
    let failure = ask(spec("shop"), nowhere.await, DEADLINE).await.unwrap_err();
    assert_eq!(failure.to_string(), format!("connect: data connection to port {}: connection refused", closed.port));
}

#[tokio::test]
async fn odd_packets_are_down_at_once() {
    let said: [(Vec<u8>, &str); 9] = [
        (packet(2, b"\x01\x3a"), "a broken TNS packet of type 2"),
        (packet(2, b"\x01\x3b\0\0\x20\0\xff\xff\x01\0\0\0\0\x20\x41\x41"), "a broken TNS packet of type 2"),
        (packet(4, b"\0"), "a broken TNS packet of type 4"),
        (packet(5, b"\0\x05abcde"), "a broken TNS packet of type 5"),
        (packet(5, b"\xff\xff"), "redirect longer than 8192 bytes"),
        ([packet(5, b"\0\x20"), packet(6, b"\0\0")].concat(), "a broken TNS packet of type 5"),
        (packet(12, b"\x01\0\x02"), "a TNS packet of type 12"),
        ([packet(11, b""), packet(11, b"")].concat(), "a third time"),
        (b"\xff\xff\0\0\x02\0\0\0".to_vec(), "packet longer than 8192 bytes"),
    ];
    for (answer, words) in said {
        let target = tcp(HERE, move |mut stream| {
            let answer = answer.clone();
            async move {
                let _ = stream.write_all(&answer).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        let failure = ask(spec("shop"), target.await, DEADLINE).await.unwrap_err();
        assert!(failure.to_string().contains(words), "{failure} instead of {words}");
    }
}
