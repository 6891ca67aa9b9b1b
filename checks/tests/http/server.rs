//! Servers that follow a script, and checks of them in few words.

use checks::{Http, Method, Pattern, Probe, Redirect, Spec, Target, Verdict};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Long enough for any machine: where a verdict other than a timeout is expected.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// Where silence is expected.
pub(crate) const SHORT: Duration = Duration::from_millis(500);

/// A listener on 127.0.0.1 (or another address of this machine) that hands each connection to `script`.
pub(crate) async fn on<F, R>(address: &str, script: F) -> Target
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let target = target(listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(script(stream));
        }
    });
    target
}

pub(crate) fn target(address: SocketAddr) -> Target {
    Target { address: address.ip(), port: address.port() }
}

/// The requests that a server has seen.
pub(crate) type Seen = Arc<Mutex<Vec<String>>>;

/// A server that reads a request, sends `answer` and closes; with what it has seen.
pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> (Target, Seen) {
    let answer = answer.into();
    by_request(move |_| answer.clone()).await
}

/// A server whose answer depends on the request.
pub(crate) async fn by_request(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> (Target, Seen) {
    by_request_on("127.0.0.1", answer).await
}

pub(crate) async fn by_request_on(
    address: &str,
    answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> (Target, Seen) {
    let seen = Seen::default();
    let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
    let target = on(address, move |mut stream| {
        let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
        async move {
            let request = request(&mut stream).await;
            let bytes = answer(&request);
            log.lock().unwrap().push(request);
            let _ = stream.write_all(&bytes).await;
        }
    })
    .await;
    (target, seen)
}

/// Reads up to the empty line.
pub(crate) async fn request<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => bytes.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A plain GET of `/` without a pattern.
pub(crate) fn get() -> Http {
    Http {
        tls: None,
        method: Method::Get,
        request: "/".to_owned(),
        host: None,
        receive: None,
        redirect: Redirect::Follow,
        http2: false,
        proxy: false,
        kube: None,
    }
}

/// A GET whose body must match.
pub(crate) fn matching(pattern: &str) -> Http {
    Http { receive: Some(Pattern::compile(pattern).unwrap()), ..get() }
}

pub(crate) async fn check(http: Http, target: Target) -> Verdict {
    check_within(http, target, LONG).await
}

pub(crate) async fn check_within(http: Http, target: Target, deadline: Duration) -> Verdict {
    Probe::new(Spec::Http(Box::new(http)), target).unwrap().run(deadline).await
}

/// The answer to a check of a server that answers so, as words.
pub(crate) async fn words(http: Http, answer: impl Into<Vec<u8>>) -> String {
    let (target, _) = answering(answer).await;
    check(http, target).await.words()
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
