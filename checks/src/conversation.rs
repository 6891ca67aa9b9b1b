//! A conversation over TCP, plain or over TLS, in pieces of known length: what the binary protocols share.

use crate::net::{self, Progress, reason_of};
use crate::trace::{CLOSED, Tap};
use crate::{Failure, Reason, Target, tls};
use rustls::ClientConfig;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// TLS made ready: the shared configuration and the name for SNI and the certificate.
#[derive(Clone, Debug)]
pub(crate) struct Secure {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: Option<String>,
}

#[derive(Debug)]
enum Wire {
    Plain(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
}

/// A connection to one real server.
#[derive(Debug)]
pub(crate) struct Conversation {
    wire: Wire,
    target: Target,
    /// Bytes received so far (of TLS: inside of it).
    received: u64,
    /// For the last words, which know no progress any more.
    tap: Option<Tap>,
}

impl Conversation {
    /// Connects.
    pub(crate) async fn open(target: Target, progress: &mut Progress) -> Result<Self, Failure> {
        progress.connecting();
        let stream = net::connect(target, progress).await?;
        Ok(Self { wire: Wire::Plain(stream), target, received: 0, tap: progress.tap.clone() })
    }
    /// The TLS handshake; a connection that is secure already stays as it is.
    pub(crate) async fn secure(self, secure: &Secure, progress: &mut Progress) -> Result<Self, Failure> {
        let stream = match self.wire {
            Wire::Plain(stream) => stream,
            Wire::Secured(_) => return Ok(self),
        };
        let (config, name) = (Arc::clone(&secure.config), secure.name.as_deref());
        let stream = tls::handshake(config, name, self.target.address, stream, progress).await?;
        Ok(Self { wire: Wire::Secured(Box::new(stream)), ..self })
    }
    /// Whether TLS is in place.
    pub(crate) fn is_secure(&self) -> bool {
        matches!(self.wire, Wire::Secured(_))
    }
    /// Sends all of `bytes`.
    pub(crate) async fn send(&mut self, bytes: &[u8], progress: &mut Progress) -> Result<(), Failure> {
        progress.phase = crate::Phase::Send;
        let sent = match &mut self.wire {
            Wire::Plain(stream) => stream.write_all(bytes).await,
            Wire::Secured(stream) => match stream.write_all(bytes).await {
                Ok(()) => stream.flush().await,
                Err(error) => Err(error),
            },
        };
        sent.map_err(|error| self.failure(&error, progress))?;
        progress.wrote(bytes);
        progress.sent();
        Ok(())
    }
    /// The next `length` bytes; memory grows with what arrives, not with what was announced.
    pub(crate) async fn receive(&mut self, length: usize, progress: &mut Progress) -> Result<Vec<u8>, Failure> {
        progress.sent();
        let mut bytes = Vec::new();
        let wanted = length as u64;
        let read = match &mut self.wire {
            Wire::Plain(stream) => stream.take(wanted).read_to_end(&mut bytes).await,
            Wire::Secured(stream) => stream.take(wanted).read_to_end(&mut bytes).await,
        };
        self.received += bytes.len() as u64;
        if !bytes.is_empty() {
            progress.read(&bytes);
            progress.received();
        }
        match read {
            Ok(count) if count == length => Ok(bytes),
            Ok(_) => {
                progress.note(|| CLOSED.to_owned());
                Err(progress.failure(Reason::Closed(self.received)))
            }
            Err(error) => Err(self.failure(&error, progress)),
        }
    }
    /// The next `N` bytes: a header.
    pub(crate) async fn header<const N: usize>(&mut self, progress: &mut Progress) -> Result<[u8; N], Failure> {
        let bytes = self.receive(N, progress).await?;
        bytes.try_into().map_err(|_| progress.failure(Reason::Closed(self.received)))
    }
    /// Steps over the next `length` bytes, at most `limit`; `what` they are.
    pub(crate) async fn skip(
        &mut self,
        length: usize,
        what: &'static str,
        limit: usize,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        if length > limit {
            return Err(progress.failure(Reason::TooLong { what, limit }));
        }
        let mut left = length;
        while left > 0 {
            let piece = left.min(16 * 1024);
            self.receive(piece, progress).await?;
            left -= piece;
        }
        Ok(())
    }
    /// Last words, and the end, without waiting for either: the verdict does not depend on them.
    pub(crate) async fn close(mut self, words: &[u8]) {
        if let Some(tap) = &self.tap {
            tap.wrote(words);
        }
        poll_fn(|context| {
            match &mut self.wire {
                Wire::Plain(stream) => {
                    let _ = Pin::new(stream).poll_write(context, words);
                }
                Wire::Secured(stream) => {
                    let _ = Pin::new(&mut **stream).poll_write(context, words);
                    let _ = Pin::new(&mut **stream).poll_shutdown(context);
                }
            }
            Poll::Ready(())
        })
        .await;
    }
    fn failure(&self, error: &io::Error, progress: &Progress) -> Failure {
        progress.failure(tls::reason(error).unwrap_or_else(|| reason_of(error, self.received)))
    }
}
