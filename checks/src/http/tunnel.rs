//! A tunnel through a proxy: CONNECT (RFC 9110, section 9.3.6), for URLs that are https.

use super::USER_AGENT;
use super::head::Head;
use super::target::Hop;
use crate::net::{Progress, excerpt, reason_of};
use crate::{Failure, Reason};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// All heads of the proxy's answer together.
const HEAD_LIMIT: usize = 64 << 10;

/// Asks for the tunnel to the hop's host; behind it the stream is the origin's.
pub(super) async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    hop: &Hop,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let place = hop.place();
    let request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: {USER_AGENT}\r\n\r\n");
    // A proxy that refuses may have closed already: what it said is read below.
    let _ = stream.write_all(request.as_bytes()).await;
    progress.sent();
    let head = head(stream, progress).await.map_err(|reason| progress.failure(reason))?;
    if !head.is_success() {
        let phrase = format!("{} to CONNECT {}", head.phrase, excerpt(place.as_bytes(), 60)).trim().to_owned();
        return Err(progress.failure(Reason::Status { code: head.code, phrase }));
    }
    // The first byte of the answer is that of the origin's.
    progress.timings.first_byte = None;
    Ok(())
}

/// The head of the final answer. Nothing may follow it: a TLS server waits to be greeted.
async fn head<S: AsyncRead + Unpin>(stream: &mut S, progress: &mut Progress) -> Result<Head, Reason> {
    let mut bytes = Vec::new();
    let mut taken = 0;
    loop {
        while let Some(end) = end(&bytes) {
            let head = Head::parse(bytes.get(..end).unwrap_or_default())?;
            bytes.drain(..end);
            if head.is_interim() {
                continue;
            }
            if head.is_success() && !bytes.is_empty() {
                let shown = excerpt(&bytes, 40);
                return Err(Reason::Protocol(format!("the proxy says more than that there is a tunnel: {shown:?}")));
            }
            return Ok(head);
        }
        let begins = bytes.len().min(5);
        if bytes.get(..begins) != b"HTTP/".get(..begins) {
            return Err(Reason::Protocol(format!("no HTTP status line, but {:?}", excerpt(&bytes, 60))));
        }
        if taken > HEAD_LIMIT {
            return Err(Reason::TooLong { what: "headers", limit: HEAD_LIMIT });
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) => return Err(Reason::Closed(taken as u64)),
            Ok(count) => taken += count,
            Err(error) => return Err(reason_of(&error, taken as u64)),
        }
        progress.received();
    }
}

/// The length of a complete head: up to and including its empty line.
fn end(bytes: &[u8]) -> Option<usize> {
    let mut line = 0;
    for (place, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if line == 0 && place > 1 => return Some(place + 1),
            b'\n' => line = 0,
            b'\r' => {}
            _ => line += 1,
        }
    }
    None
}
