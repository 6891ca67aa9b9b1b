//! gRPC's health service: `Check` of grpc.health.v1 over HTTP/2, plain or over TLS.

mod message;

use crate::conversation::Secure;
use crate::http2::{self, Limits};
use crate::net::{self, Progress};
use crate::{Failure, Grpc, Phase, Reason, Success, Target, tls};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, TE, USER_AGENT};
use http::{Method, Request, Version};
use message::Outcome;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// The answer is a flag, a length and two bytes; whatever a server may add to it, this is enough.
const MESSAGE: usize = 16 << 10;

/// Asks once.
pub(crate) async fn run(
    grpc: &Grpc,
    secure: Option<&Secure>,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let request = request(grpc, target, deadline).map_err(|reason| progress.failure(reason))?;
    let body = Bytes::from(message::framed(&message::request(&grpc.service)));
    let limits = Limits { body: MESSAGE, keep: true };
    progress.connecting();
    let stream = net::connect(target, progress).await?;
    let answer = match secure {
        None => http2::exchange(stream, request, body, limits, progress).await,
        Some(secure) => {
            let name = secure.name.as_deref().or_else(|| name_of(grpc.host.as_deref()?));
            let stream = tls::handshake(Arc::clone(&secure.config), name, target.address, stream, progress).await?;
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                let words = "the server offers no HTTP/2 over TLS (ALPN h2), which gRPC needs";
                return Err(Failure { phase: Phase::Tls, reason: Reason::Tls(words.to_owned()) });
            }
            http2::exchange(stream, request, body, limits, progress).await
        }
    }?;
    progress.matching();
    match message::outcome(&answer, &grpc.service) {
        Outcome::Up => Ok(Success { words: "SERVING".to_owned(), answered_by: None }),
        Outcome::Status(reason) => Err(Failure { phase: Phase::Receive, reason }),
        Outcome::Down(reason) => Err(progress.failure(reason)),
    }
}

/// The head of the request (gRPC over HTTP/2, "Requests"). The server may give up when we do.
fn request(grpc: &Grpc, target: Target, deadline: Duration) -> Result<Request<()>, Reason> {
    let scheme = if grpc.tls.is_some() { "https" } else { "http" };
    let address = SocketAddr::new(target.address, target.port).to_string();
    let authority = grpc.host.as_deref().unwrap_or(&address);
    Request::builder()
        .method(Method::POST)
        .version(Version::HTTP_2)
        .uri(format!("{scheme}://{authority}/grpc.health.v1.Health/Check"))
        .header(TE, "trailers")
        .header(CONTENT_TYPE, "application/grpc")
        .header(USER_AGENT, crate::http::USER_AGENT)
        .header("grpc-timeout", format!("{}m", deadline.as_millis().clamp(1, 99_999_999)))
        .body(())
        .map_err(|_| Reason::Local(format!("virtualhost {authority:?} cannot be the name of a server")))
}

/// The name of an authority without its port, where it is a name and not an address.
fn name_of(authority: &str) -> Option<&str> {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    (host.parse::<IpAddr>().is_err() && !host.starts_with('[')).then_some(host)
}
