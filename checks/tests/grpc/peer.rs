//! A server over HTTP/2 that answers every call in one way, and one that only says bytes.

use super::support::tcp;
use bytes::Bytes;
use checks::{Grpc, Target};
use http::{HeaderMap, Response};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

/// What a server answers.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Fields of the head.
    pub(crate) head: Vec<(&'static str, String)>,
    /// The body, frame included; unset: the stream ends with the head.
    pub(crate) body: Option<Vec<u8>>,
    /// Fields of the trailers.
    pub(crate) trailers: Vec<(&'static str, String)>,
}

/// A call that succeeds with this message.
pub(crate) fn message(bytes: &[u8]) -> Reply {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    Reply {
        status: 200,
        head: vec![("content-type", "application/grpc".to_owned())],
        body: Some([&[0], &length[..], bytes].concat()),
        trailers: vec![("grpc-status", "0".to_owned())],
    }
}

/// A call that fails: the status comes in the head, or behind it.
pub(crate) fn failing(code: u32, words: &str, in_head: bool) -> Reply {
    let status = vec![("grpc-status", code.to_string()), ("grpc-message", words.to_owned())];
    let kind = ("content-type", "application/grpc+proto".to_owned());
    match in_head {
        true => Reply { status: 200, head: [vec![kind], status].concat(), body: None, trailers: vec![] },
        false => Reply { status: 200, head: vec![kind], body: Some(vec![]), trailers: status },
    }
}

/// Method, authority and path, the head's fields, and the message of each call.
pub(crate) type Calls = Arc<Mutex<Vec<(String, HeaderMap, Vec<u8>)>>>;

/// A server that answers so, plain or over TLS with these protocols in ALPN.
pub(crate) async fn serving(address: IpAddr, tls: Option<&[&str]>, reply: Reply) -> (Target, Calls) {
    let (acceptor, calls) = (tls.map(acceptor), Calls::default());
    let log = Arc::clone(&calls);
    let target = tcp(address, move |stream| {
        let (acceptor, log, reply) = (acceptor.clone(), Arc::clone(&log), reply.clone());
        async move {
            match acceptor {
                None => serve(stream, log, reply).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, log, reply).await;
                    }
                }
            }
        }
    })
    .await;
    (target, calls)
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, log: Calls, reply: Reply) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let (log, reply) = (Arc::clone(&log), reply.clone());
        tokio::spawn(async move {
            let (head, mut content) = request.into_parts();
            let mut message = Vec::new();
            while let Some(Ok(data)) = content.data().await {
                message.extend_from_slice(&data);
            }
            let asked = format!("{} {} {}", head.method, head.uri.authority().unwrap(), head.uri.path());
            log.lock().unwrap().push((asked, head.headers, message));
            let mut response = Response::builder().status(reply.status);
            for (name, value) in &reply.head {
                response = response.header(*name, value);
            }
            let Ok(mut sending) = respond.send_response(response.body(()).unwrap(), reply.body.is_none()) else {
                return;
            };
            if let Some(body) = reply.body {
                let _ = sending.send_data(Bytes::from(body), false);
                let mut trailers = HeaderMap::new();
                for (name, value) in &reply.trailers {
                    trailers.insert(*name, value.parse().unwrap());
                }
                let _ = sending.send_trailers(trailers);
            }
        });
    }
}

fn acceptor(protocols: &[&str]) -> TlsAcceptor {
    let certified = rcgen::generate_simple_self_signed(vec!["shop.example".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// A server that hears a call, says these bytes and closes, or says them again and again; it reads everything.
pub(crate) async fn saying(bytes: Vec<u8>, endless: bool) -> Target {
    tcp(super::support::HERE, move |stream| {
        let bytes = bytes.clone();
        async move {
            let (mut from, mut to) = stream.into_split();
            hear(&mut from).await;
            let reading = tokio::spawn(async move { tokio::io::copy(&mut from, &mut tokio::io::sink()).await });
            let mut written = to.write_all(&bytes).await;
            while endless && written.is_ok() {
                written = to.write_all(&bytes).await;
            }
            let _ = to.shutdown().await;
            let _ = reading.await;
        }
    })
    .await
}

/// Reads the preface, and frames up to the one that ends a request.
async fn hear<S: AsyncRead + Unpin>(stream: &mut S) {
    let _ = stream.read_exact(&mut [0; 24]).await;
    let mut head = [0; 9];
    while stream.read_exact(&mut head).await.is_ok() {
        let length = u64::from(head[1]) << 8 | u64::from(head[2]);
        let _ = tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await;
        if head[3] == 0 && head[4] & 1 == 1 {
            return;
        }
    }
}

/// The whole server is asked for, in clear text.
pub(crate) fn plain() -> Grpc {
    Grpc { tls: None, service: String::new(), host: None }
}
