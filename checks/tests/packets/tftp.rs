//! TFTP.

use crate::support::{DEADLINE, HERE, ask, closed_port};
use checks::{Pattern, Reason, Spec, Target, Tftp};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const PATIENCE: Duration = Duration::from_millis(300);

fn spec(file: &str, receive: Option<&str>) -> Spec {
    let receive = receive.map(|pattern| Pattern::compile(pattern).unwrap());
    Spec::Tftp(Tftp { request: file.to_owned(), receive })
}

/// Who sends the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    /// A socket of its own, as RFC 1350 wants it.
    NewPort,
    /// The one that was asked.
    SamePort,
    /// A new one on another address.
    Elsewhere(&'static str),
}

/// A server that answers read requests from the `silent`th on; what it hears, on either port.
async fn server(
    address: IpAddr,
    silent: usize,
    from: From,
    answers: Vec<Vec<u8>>,
) -> (Target, UnboundedReceiver<Vec<u8>>) {
    let socket = UdpSocket::bind((address, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let (sender, heard) = unbounded_channel();
    tokio::spawn(async move {
        let mut buffer = [0; 1024];
        let mut number = 0;
        while let Ok((count, peer)) = socket.recv_from(&mut buffer).await {
            let _ = sender.send(buffer[..count].to_vec());
            number += 1;
            if number <= silent {
                continue;
            }
            let transfer = match from {
                From::SamePort => None,
                From::NewPort => Some(UdpSocket::bind((address, 0)).await.unwrap()),
                From::Elsewhere(other) => Some(UdpSocket::bind((other, 0)).await.unwrap()),
            };
            for answer in &answers {
                let _ = transfer.as_ref().unwrap_or(&socket).send_to(answer, peer).await;
            }
            if let Some(transfer) = transfer {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 1024];
                    if let Ok((count, _)) = transfer.recv_from(&mut buffer).await {
                        let _ = sender.send(buffer[..count].to_vec());
                    }
                });
            }
        }
    });
    (Target { address, port }, heard)
}

fn data(number: u16, bytes: &[u8]) -> Vec<u8> {
    [&[0, 3][..], &number.to_be_bytes(), bytes].concat()
}

#[tokio::test]
async fn up_with_the_first_block_and_the_transfer_is_ended() {
    let block = [&b"boot me\n"[..], &[b'x'; 504]].concat();
    for address in [HERE, IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        for from in [From::NewPort, From::SamePort] {
            let (target, mut heard) = server(address, 0, from, vec![data(1, &block)]).await;
            let failure = ask(spec("dir/boot.bin", Some("^boot me$")), target, DEADLINE).await.unwrap_err();
            assert!(matches!(failure.reason, Reason::NoMatch { bytes: 512, .. }), "^ and $ are of the whole block");
            let first = heard.recv().await.unwrap();
            assert_eq!(first, b"\0\x01dir/boot.bin\0octet\0");
            assert_eq!(heard.recv().await.unwrap()[..4], [0, 5, 0, 0], "{from:?}: enough");
            let success = ask(spec("dir/boot.bin", Some("(?m)^boot me$")), target, DEADLINE).await.unwrap();
            assert_eq!(success.words, "512 bytes and more");
        }
    }
    let (target, mut heard) = server(HERE, 0, From::NewPort, vec![data(1, b"short\n")]).await;
    assert_eq!(ask(spec("a", Some("^short")), target, DEADLINE).await.unwrap().words, "6 bytes");
    heard.recv().await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), b"\0\x04\0\x01", "the only block is acknowledged");
    let (target, _) = server(HERE, 0, From::NewPort, vec![data(1, b"")]).await;
    assert_eq!(ask(spec("a", None), target, DEADLINE).await.unwrap().words, "0 bytes");
}

#[tokio::test]
async fn a_refusal_is_down_where_a_file_is_named_and_an_answer_where_none_is() {
    for (packet, words) in [
        (&b"\0\x05\0\x01File not found\0"[..], "File not found (1)"),
        (b"\0\x05\0\x02\0", "access violation (2)"),
        (b"\0\x05\0\0\x1b[2Jno NUL", "[2Jno NUL (0)"),
    ] {
        let (target, mut heard) = server(HERE, 0, From::NewPort, vec![packet.to_vec()]).await;
        let failure = ask(spec("a", None), target, DEADLINE).await.unwrap_err();
        assert_eq!(failure.to_string(), format!("receive: file refused: {words}"));
        assert_eq!(ask(spec("", None), target, DEADLINE).await.unwrap().words, format!("answers: {words}"));
        heard.recv().await.unwrap();
        assert_eq!(heard.recv().await.unwrap(), b"\0\x01ldirectord-rs\0octet\0");
    }
    let (target, _) = server(HERE, 0, From::NewPort, vec![b"\0\x06blksize\x001024\0".to_vec()]).await;
    for file in ["a", ""] {
        let failure = ask(spec(file, None), target, DEADLINE).await.unwrap_err();
        assert!(failure.to_string().ends_with("options that were not asked for"), "{failure}");
    }
    let (target, _) = server(HERE, 0, From::NewPort, vec![data(1, b"other")]).await;
    let failure = ask(spec("a", Some("^short")), target, DEADLINE).await.unwrap_err();
    assert!(matches!(failure.reason, Reason::NoMatch { bytes: 5, .. }), "{failure}");
}

#[tokio::test]
async fn a_lost_request_is_sent_again_and_silence_is_down() {
    let (target, _) = server(HERE, 1, From::NewPort, vec![data(1, b"x")]).await;
    assert_eq!(ask(spec("a", None), target, Duration::from_secs(2)).await.unwrap().words, "1 bytes");
    let (target, _) = server(HERE, usize::MAX, From::NewPort, vec![]).await;
    assert_eq!(ask(spec("a", None), target, PATIENCE).await.unwrap_err().reason, Reason::Timeout(PATIENCE));
    assert_eq!(ask(spec("a", None), closed_port().await, DEADLINE).await.unwrap_err().reason, Reason::Refused);
}

#[tokio::test]
async fn strays_decide_nothing() {
    let strays = vec![
        Vec::new(),
        vec![0],
        data(2, b"x"),
        data(0, b"x"),
        data(1, &[0; 513]),
        b"\0\x04\0\x01".to_vec(),
        b"\0\x05\0".to_vec(),
        vec![0xff; 4096],
        vec![0; 60_000],
    ];
    let (target, _) = server(HERE, 0, From::NewPort, strays.clone()).await;
    let failure = ask(spec("", None), target, PATIENCE).await.unwrap_err();
    assert!(failure.to_string().contains("neither the first block nor an error"), "{failure}");
    let better = [strays, vec![data(1, b"good")]].concat();
    let (target, _) = server(HERE, 0, From::NewPort, better).await;
    assert_eq!(ask(spec("a", Some("good")), target, DEADLINE).await.unwrap().words, "4 bytes");
    let (target, _) = server(HERE, 0, From::Elsewhere("127.0.0.2"), vec![data(1, b"x")]).await;
    let failure = ask(spec("a", None), target, PATIENCE).await.unwrap_err();
    assert!(failure.to_string().contains("from another address"), "{failure}");
    for length in 0..4 {
        let (target, _) = server(HERE, 0, From::NewPort, vec![data(1, b"x")[..length].to_vec()]).await;
        assert!(ask(spec("", None), target, PATIENCE).await.is_err(), "{length} bytes of a good answer");
    }
}
