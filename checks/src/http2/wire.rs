//! The stream below HTTP/2: it counts, remembers how the peer began, and keeps the reason of its end, which the library
//! only passes on as text.

use crate::net::reason_of;
use crate::{Reason, tls};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of the peer's beginning that are kept.
const OPENING: usize = 5;

/// The stream.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    seen: Seen,
}

/// What has come over it, to be looked at from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    received: u64,
    limit: u64,
    opening: Vec<u8>,
    ended: Option<Reason>,
}

impl Seen {
    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
    /// Bytes received so far.
    pub(super) fn received(&self) -> u64 {
        self.with(|state| state.received)
    }
    /// So many more may come: these were wanted.
    pub(super) fn allow(&self, bytes: u64) {
        self.with(|state| state.limit += bytes);
    }
    /// The first of them.
    pub(super) fn opening(&self) -> Vec<u8> {
        self.with(|state| state.opening.clone())
    }
    /// How it ended, if it did.
    pub(super) fn ended(&self) -> Option<Reason> {
        self.with(|state| state.ended.clone())
    }
    /// How it ended; a connection that the server ended by HTTP/2's own means was closed.
    pub(super) fn end(&self) -> Reason {
        self.ended().unwrap_or_else(|| Reason::Closed(self.received()))
    }
    fn fails(&self, error: &io::Error) {
        let reason = tls::reason(error);
        self.with(|state| {
            let reason = reason.unwrap_or_else(|| reason_of(error, state.received));
            // An alert that is read after a write has failed says more than that failure.
            if state.ended.is_none() || matches!(reason, Reason::Tls(_)) {
                state.ended = Some(reason);
            }
        });
    }
}

impl<S> Wire<S> {
    /// At most `limit` bytes are taken, and those that are allowed later.
    pub(super) fn new(stream: S, limit: u64) -> (Self, Seen) {
        let seen = Seen(Arc::new(Mutex::new(State { limit, ..State::default() })));
        (Self { stream, seen: seen.clone() }, seen)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        let over = self.seen.with(|state| {
            state.received += fresh.len() as u64;
            let wanted = OPENING.saturating_sub(state.opening.len()).min(fresh.len());
            state.opening.extend_from_slice(fresh.get(..wanted).unwrap_or_default());
            let over = state.received > state.limit;
            if over {
                let limit = usize::try_from(state.limit).unwrap_or(usize::MAX);
                state.ended = Some(Reason::TooLong { what: "answer with all that is around it", limit });
            } else if read.is_ok() && fresh.is_empty() && state.ended.is_none() {
                state.ended = Some(Reason::Closed(state.received));
            }
            over
        });
        if let Err(error) = &read {
            self.seen.fails(error);
        }
        Poll::Ready(if over { Err(io::ErrorKind::InvalidData.into()) } else { read })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        Poll::Ready(written.inspect_err(|error| self.seen.fails(error)))
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        Poll::Ready(flushed.inspect_err(|error| self.seen.fails(error)))
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
