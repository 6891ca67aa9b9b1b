//! One request over HTTP/2 on an open stream, plain or over TLS. The library keeps to what it announces: no push, headers of
//! 64 KiB, frames of 16 KiB, a window of 64 KiB; what it takes without asking (pings, settings, unknown frames) is bounded
//! here, by the bytes of the whole connection.

mod wire;

use crate::net::{Progress, excerpt, reason_of};
use crate::{Failure, Reason};
use bytes::Bytes;
use h2::client::{Builder, Connection};
use http::{HeaderMap, Request, StatusCode};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite};
use wire::{Seen, Wire};

/// All header fields of a head or of trailers.
const HEADERS: u32 = 64 << 10;
/// The head of a frame.
const FRAME: u64 = 9;
/// The bytes under way at once.
const WINDOW: u32 = 64 << 10;
/// What the connection may take beside the body: heads, trailers, frames that say nothing.
const BESIDE: u64 = 256 << 10;

/// What is taken of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of the body at most.
    pub(crate) body: usize,
    /// Whether they are kept.
    pub(crate) keep: bool,
}

/// One complete answer. Of one that is not 2xx there is the head only.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Empty where it is not kept.
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

/// Sends `request` with `body` and reads the answer to its end.
pub(crate) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    request: Request<()>,
    body: Bytes,
    limits: Limits,
    progress: &mut Progress,
) -> Result<Answer, Failure> {
    let (wire, seen) = Wire::new(stream, BESIDE);
    let mut builder = Builder::new();
    builder.enable_push(false).initial_window_size(WINDOW).initial_connection_window_size(WINDOW);
    builder.max_header_list_size(HEADERS).max_concurrent_reset_streams(1);
    let asked = match builder.handshake::<_, Bytes>(wire).await {
        Ok((sender, connection)) => drive(connection, ask(sender, request, body, limits, &seen, progress)).await,
        Err(error) => Err(Ended::Library(error)),
    };
    asked.map_err(|ended| progress.failure(reason(ended, &seen)))
}

/// Why there is no answer.
enum Ended {
    /// The library's words.
    Library(h2::Error),
    /// The server closed.
    Closed,
    /// A limit of ours.
    Ours(Reason),
}

impl From<h2::Error> for Ended {
    fn from(error: h2::Error) -> Self {
        Self::Library(error)
    }
}

async fn ask(
    sender: h2::client::SendRequest<Bytes>,
    request: Request<()>,
    body: Bytes,
    limits: Limits,
    seen: &Seen,
    progress: &mut Progress,
) -> Result<Answer, Ended> {
    let (answer, mut sending) = sender.ready().await?.send_request(request, body.is_empty())?;
    if !body.is_empty() {
        sending.send_data(body, true)?;
    }
    progress.sent();
    let (head, mut content) = answer.await?.into_parts();
    progress.received();
    let mut answer =
        Answer { status: head.status, headers: head.headers, body: Vec::new(), trailers: HeaderMap::new() };
    if !answer.status.is_success() {
        return Ok(answer);
    }
    let mut taken = 0;
    while let Some(data) = content.data().await {
        let data = data?;
        taken += data.len();
        if taken > limits.body {
            return Err(Ended::Ours(Reason::TooLong { what: "body", limit: limits.body }));
        }
        if limits.keep {
            answer.body.extend_from_slice(&data);
        }
        seen.allow(data.len() as u64 + FRAME);
        content.flow_control().release_capacity(data.len())?;
    }
    answer.trailers = content.trailers().await?.unwrap_or_default();
    Ok(answer)
}

/// Turns both at once: the connection, and what waits for its frames. Once that has all it waits for, the connection says
/// goodbye as far as that goes without waiting.
async fn drive<S, F>(connection: Connection<S, Bytes>, asking: F) -> Result<Answer, Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = Result<Answer, Ended>>,
{
    let mut connection = pin!(connection);
    let mut asking = Box::pin(asking);
    let answer = poll_fn(|context| {
        let ended = connection.as_mut().poll(context);
        match (asking.as_mut().poll(context), ended) {
            (Poll::Ready(answer), ended) => Poll::Ready((answer, ended.is_ready())),
            (Poll::Pending, Poll::Ready(Ok(()))) => Poll::Ready((Err(Ended::Closed), true)),
            (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready((Err(error.into()), true)),
            (Poll::Pending, Poll::Pending) => Poll::Pending,
        }
    });
    let (answer, ended) = answer.await;
    drop(asking);
    if !ended {
        poll_fn(|context| {
            let _ = connection.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
    }
    answer
}

/// The wire's own end counts before the library's words about it.
fn reason(ended: Ended, seen: &Seen) -> Reason {
    let error = match ended {
        Ended::Ours(reason) => return reason,
        Ended::Closed => return seen.end(),
        Ended::Library(error) => error,
    };
    match seen.opening().as_slice() {
        [b'H', b'T', b'T', b'P', b'/', ..] => {
            return Reason::Protocol("HTTP/1 where HTTP/2 is expected".to_owned());
        }
        [0x15 | 0x16, 0x03, ..] => return Reason::Protocol("TLS where plain HTTP/2 is expected".to_owned()),
        _ => {}
    }
    // A frame that breaks off is a close, whatever the library calls it.
    if let Some(reason) = seen.ended().filter(|_| !error.is_remote()) {
        return reason;
    }
    match (error.get_io(), error.reason()) {
        (Some(io), _) => reason_of(io, seen.received()),
        (None, Some(why)) if error.is_remote() => {
            let what = if error.is_go_away() { "connection" } else { "request" };
            Reason::Protocol(format!("the server gave the {what} up: {}", why.description()))
        }
        (None, Some(why)) => Reason::Protocol(format!("HTTP/2: {}", why.description())),
        (None, None) => Reason::Protocol(format!("HTTP/2: {}", excerpt(error.to_string().as_bytes(), 100))),
    }
}
