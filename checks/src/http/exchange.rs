//! One HTTP/1.1 exchange over an open stream: a single write, then as few reads as the answer takes.

use super::Answer;
use super::reply::{Reply, Wanted};
use crate::net::{Progress, reason_of};
use crate::{Failure, Reason};
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Bytes of one read. They live on the stack during the read only: a thousand silent servers hold no buffers.
const READ: usize = 16 << 10;

/// Sends `request` and reads the answer to its end.
pub(super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &[u8],
    wanted: Wanted,
    progress: &mut Progress,
) -> Result<Answer, Failure> {
    let written = async {
        stream.write_all(request).await?;
        stream.flush().await
    };
    match written.await {
        Ok(()) => {}
        // A hand-made responder may have answered and closed without reading: what it said is read below.
        Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {}
        Err(error) => return Err(progress.failure(reason_of(&error, 0))),
    }
    progress.wrote(request);
    progress.sent();
    let mut reply = Reply::new(wanted);
    let ended = poll_fn(|context| read_all(Pin::new(&mut *stream), context, &mut reply, progress)).await;
    ended.map_err(|reason| progress.failure(reason))?;
    Ok(reply.into_answer())
}

/// Reads until the answer is complete or cannot become so.
fn read_all<S: AsyncRead>(
    mut stream: Pin<&mut S>,
    context: &mut Context<'_>,
    reply: &mut Reply,
    progress: &mut Progress,
) -> Poll<Result<(), Reason>> {
    let mut memory = [const { MaybeUninit::uninit() }; READ];
    loop {
        let mut buffer = ReadBuf::uninit(&mut memory);
        match ready!(stream.as_mut().poll_read(context, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => {
                progress.note(|| crate::trace::CLOSED.to_owned());
                return Poll::Ready(reply.end(Reason::Closed(reply.received)));
            }
            Ok(()) => {
                progress.received();
                progress.read(buffer.filled());
                match reply.take(buffer.filled()) {
                    Ok(false) => {}
                    Ok(true) => return Poll::Ready(Ok(())),
                    Err(reason) => return Poll::Ready(Err(reason)),
                }
            }
            // RST after a full answer is a rude close (a responder that never reads the request); whether the answer is
            // full, its framing says. A missing close_notify is reported as an unexpected end.
            Err(error) => {
                let early = crate::tls::reason(&error).unwrap_or_else(|| reason_of(&error, reply.received));
                let closing = matches!(early, Reason::Reset(_) | Reason::Closed(_));
                return Poll::Ready(if closing { reply.end(early) } else { Err(early) });
            }
        }
    }
}
