//! Scripted peers on loopback, shared by the tests of the protocols.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test file uses its part; a failing peer fails its test"
)]

use checks::{Failure, Probe, Spec, Success, Target};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// A generous deadline; with paused time it costs nothing.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Runs the check once.
pub(crate) async fn ask(spec: Spec, target: Target, deadline: Duration) -> Result<Success, Failure> {
    let verdict = Probe::new(spec, target).unwrap().run(deadline).await;
    assert!(verdict.words().chars().count() <= 220, "words stay short: {}", verdict.words());
    assert!(!verdict.words().chars().any(char::is_control), "no control characters: {:?}", verdict.words());
    verdict.result
}

/// A TCP server that treats every connection with `serve`.
pub(crate) async fn tcp<F, R>(address: IpAddr, serve: F) -> Target
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    Target { address, port }
}

/// A UDP server; `answer` gets each datagram and its number and says what to send back.
pub(crate) async fn udp<F>(address: IpAddr, mut answer: F) -> Target
where
    F: FnMut(&[u8], usize) -> Vec<Vec<u8>> + Send + 'static,
{
    let socket = UdpSocket::bind((address, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut buffer = vec![0; 65536];
        let mut number = 0;
        while let Ok((count, peer)) = socket.recv_from(&mut buffer).await {
            for reply in answer(&buffer[..count], number) {
                let _ = socket.send_to(&reply, peer).await;
            }
            number += 1;
        }
    });
    Target { address, port }
}

/// A port nobody listens on.
pub(crate) async fn closed_port() -> Target {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let socket = UdpSocket::bind((HERE, listener.local_addr().unwrap().port())).await;
    let port = socket.map_or(listener.local_addr(), |socket| socket.local_addr()).unwrap().port();
    Target { address: HERE, port }
}

/// TLS with a certificate for `real.example` that nobody signed.
pub(crate) fn acceptor() -> tokio_rustls::TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["real.example".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    std::sync::Arc::new(config).into()
}
