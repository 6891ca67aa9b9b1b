//! What a watched check tells: HTTP/2, gRPC, tunnels, and never the token of an API server.

use crate::server::*;
use crate::support::{base64, leaks};
use crate::tls::{authority, issued};
use bytes::Bytes;
use checks::{Entry, Grpc, Http, Kind, Kube, Probe, Spec, Target, Tls, Verdict};
use http::{HeaderMap, Response};
use std::io::Write;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

const TOKEN: &str = "eyJhbGciOiJub25lIn0.c2VjcmV0/of+probes_9-8";

fn acceptor(protocols: &[&str]) -> TlsAcceptor {
    let (certificate, key) = issued(&authority(), &["www.invalid"], false);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

async fn watch(spec: Spec, target: Target) -> (Verdict, Vec<Entry>) {
    Probe::new(spec, target).unwrap().trace(LONG).await
}

fn told(entries: &[Entry], kind: Kind) -> String {
    let lines = entries.iter().filter(|entry| entry.kind == kind).flat_map(|entry| &entry.lines);
    lines.map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// The token, and what a server may make of it.
fn repeated(token: &str) -> String {
    format!("{token} {} {}", base64(format!("u:{token}").as_bytes()), token.to_uppercase())
}

#[tokio::test]
async fn a_token_that_the_server_repeats_is_in_neither_trace_nor_words() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(format!("{TOKEN}\n").as_bytes()).unwrap();
    for http2 in [false, true] {
        let acceptor = acceptor(if http2 { &["h2"] } else { &["http/1.1"] });
        let target = on("127.0.0.1", move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                if http2 {
                    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        let shown = request.headers()["authorization"].to_str().unwrap().to_owned();
                        let token = shown.strip_prefix("Bearer ").unwrap();
                        let response = Response::builder().header("x-seen", &shown).body(()).unwrap();
                        let mut body = respond.send_response(response, false).unwrap();
                        let (head, tail) = token.split_at(9);
                        body.send_data(Bytes::from(format!("no {head}")), false).unwrap();
                        body.send_data(Bytes::from(format!("{tail} or {}", repeated(token))), true).unwrap();
                    }
                } else {
                    let asked = request(&mut stream).await;
                    assert!(asked.contains(&format!("Authorization: Bearer {TOKEN}\r\n")), "{asked}");
                    let body = format!("no {}", repeated(TOKEN));
                    let answer =
                        format!("HTTP/1.1 200 OK\r\nX-Seen: {TOKEN}\r\nContent-Length: {}\r\n\r\n", body.len());
                    let (head, tail) = answer.split_at(30);
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.flush().await;
                    let _ = stream.write_all(format!("{tail}{body}").as_bytes()).await;
                    let _ = stream.shutdown().await;
                }
            }
        })
        .await;
        let kube = Some(Kube { token: Some(file.path().to_owned()) });
        let spec = Http { tls: Some(Tls::default()), http2, kube, ..matching("never in it") };
        let (verdict, entries) = watch(Spec::Http(Box::new(spec)), target).await;
        assert!(verdict.words().contains("no ***"), "{}", verdict.words());
        assert_eq!(leaks(TOKEN, &entries), None, "{entries:#?}");
        let shown = format!("{entries:?} {}", verdict.words());
        assert!(!shown.contains(&base64(format!("u:{TOKEN}").as_bytes())[8..24]), "{shown}");
        let (sent, received) = (told(&entries, Kind::Sent).to_lowercase(), told(&entries, Kind::Received));
        assert!(sent.contains("authorization: bearer ***"), "{sent}");
        assert!(received.to_lowercase().contains("x-seen: ") && received.contains(" or ***") == http2, "{received}");
    }
}

#[tokio::test]
async fn a_tunnel_is_told_in_front_of_what_goes_through_it() {
    let acceptor = acceptor(&[]);
    let target = on("127.0.0.1", move |mut stream| {
        let acceptor = acceptor.clone();
        async move {
            request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 Tunnel\r\nVia: a proxy\r\n\r\n").await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            request(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    let spec = Http { proxy: true, request: "https://www.invalid/page".to_owned(), ..get() };
    let (verdict, entries) = watch(Spec::Http(Box::new(spec)), target).await;
    assert!(verdict.is_up(), "{verdict:?} {entries:#?}");
    let lines: Vec<&String> = entries.iter().flat_map(|entry| &entry.lines).collect();
    let places = [
        "CONNECT www.invalid:443 HTTP/1.1",
        "Via: a proxy",
        "TLS handshake, asking for www.invalid",
        "GET /page HTTP/1.1",
        "hello",
    ]
    .map(|wanted| lines.iter().position(|line| *line == wanted).unwrap_or_else(|| panic!("{wanted}: {lines:#?}")));
    assert!(places.is_sorted(), "{lines:#?}");
}

#[tokio::test]
async fn grpc_is_told_with_its_messages_and_trailers() {
    let target = on("127.0.0.1", |stream| async move {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let response = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
            let mut body = respond.send_response(response, false).unwrap();
            body.send_data(Bytes::from_static(b"\0\0\0\0\x02\x08\x01"), false).unwrap();
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            body.send_trailers(trailers).unwrap();
        }
    })
    .await;
    let grpc = Grpc { tls: None, service: "a.B".to_owned(), host: Some("health.example".to_owned()) };
    let (verdict, entries) = watch(Spec::Grpc(Box::new(grpc)), target).await;
    assert!(verdict.is_up(), "{verdict:?}");
    let (sent, received) = (told(&entries, Kind::Sent), told(&entries, Kind::Received));
    assert!(sent.starts_with("POST http://health.example/grpc.health.v1.Health/Check HTTP/2\n"), "{sent}");
    assert!(sent.contains("te: trailers") && sent.contains("00 00 00 00 05 0a 03 61  2e 42"), "{sent}");
    assert!(received.starts_with("HTTP/2 200\n") && received.contains("00 00 00 00 02 08 01"), "{received}");
    assert!(received.ends_with("grpc-status: 0"), "{received}");
    let silent = on("127.0.0.1", |stream| async move { drop(stream) }).await;
    let grpc = Grpc { tls: None, service: String::new(), host: None };
    let (_, entries) = watch(Spec::Grpc(Box::new(grpc)), silent).await;
    assert!(told(&entries, Kind::Note).contains("no answer over HTTP/2: "), "{entries:#?}");
}
