//! A connection that may be a TLS connection, or become one on the way.

use crate::conversation::Secure;
use crate::net::{self, Progress};
use crate::{Failure, Target, tls};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Plain, or over TLS.
#[derive(Debug)]
pub(crate) enum Stream {
    /// TCP
    Plain(TcpStream),
    /// TLS over TCP; boxed, for it is large.
    Secured(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Connects; with `secure` the handshake follows.
    pub(crate) async fn open(
        target: Target,
        secure: Option<&Secure>,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        progress.connecting();
        let stream = net::connect(target, progress).await?;
        let Some(Secure { config, name }) = secure else { return Ok(Self::Plain(stream)) };
        let stream = tls::handshake(Arc::clone(config), name.as_deref(), target.address, stream, progress).await?;
        Ok(Self::Secured(Box::new(stream)))
    }
    /// The connection below.
    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Secured(stream) => stream.get_ref().0,
        }
    }
    /// Whether TLS is in place.
    pub(crate) fn is_secure(&self) -> bool {
        matches!(self, Self::Secured(_))
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secured(stream) => match Pin::new(stream).poll_read(context, buffer) {
                // Many servers close without a close_notify. What needs an end that cannot be forged has one of its own.
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
                other => other,
            },
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secured(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secured(stream) => Pin::new(stream).poll_flush(context),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secured(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
