//! simpletcp: sends bytes, closes the write side, and is up at the first line that matches. Over UDP one datagram is sent and
//! every line of every reply is looked at.

use crate::conversation::Secure;
use crate::line::{Limits, Lines, short};
use crate::net::{Progress, reason_of, udp};
use crate::stream::Stream;
use crate::{Failure, Pattern, Phase, Reason, SimpleTcp, Success, Target, Transport, tls};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// What a peer may send before it is called too long.
const LIMITS: Limits = Limits { line: 64 * 1024, lines: usize::MAX, total: 1024 * 1024 };
/// The beginning of an answer that is kept for the reason.
const EXCERPT: usize = 60;
/// How long a server may be silent over TLS before it is told that nothing more will be sent.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks once. A line keeps its newline, as in Perl, so that `^` and `$` work per line; the last one may have none.
pub(crate) async fn run(
    spec: &SimpleTcp,
    secure: Option<&Secure>,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    match (spec.transport, secure) {
        (Transport::Tcp, _) => stream(spec, secure, target, deadline, progress).await,
        (Transport::Udp, None) => datagrams(spec, target, progress).await,
        (Transport::Udp, Some(_)) => Err(progress.failure(Reason::Local("TLS needs TCP".to_owned()))),
    }
}

async fn stream(
    spec: &SimpleTcp,
    secure: Option<&Secure>,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let mut stream = Stream::open(target, secure, progress).await?;
    let sending = async {
        stream.write_all(&spec.send).await?;
        stream.flush().await?;
        if stream.is_secure() { Ok(()) } else { stream.shutdown().await }
    };
    // A peer that answers and closes at once may refuse what we send: its answer counts all the same.
    let sent = sending.await;
    progress.phase = Phase::Receive;
    let mut lines = Lines::new(stream, LIMITS);
    if lines.stream().is_secure() && sent.is_ok() {
        // A server over TLS may end at our close_notify before it has answered (RFC 5246, 7.2.1, even asks for that): it is
        // told only when it seems to wait for the end.
        match timeout((deadline / 4).min(PATIENCE), lines.fill()).await {
            Ok(Err(reason)) => return Err(progress.failure(reason)),
            Ok(Ok(_)) => {}
            Err(_) => drop(lines.stream().shutdown().await),
        }
    }
    let heard = answer(spec, &mut lines, progress).await;
    if let Stream::Secured(mut stream) = lines.into_stream() {
        tls::close(&mut stream).await;
    }
    match (heard?, sent) {
        (Some(line), _) => Ok(Success { words: short(&line), answered_by: None }),
        (None, Err(error)) => Err(progress.failure(reason_of(&error, 0))),
        (None, Ok(())) => Err(progress.failure(Reason::Closed(0))),
    }
}

/// The line that makes the server up; none where it said nothing at all.
async fn answer(
    spec: &SimpleTcp,
    lines: &mut Lines<Stream>,
    progress: &mut Progress,
) -> Result<Option<Vec<u8>>, Failure> {
    let Some(pattern) = &spec.receive else {
        if lines.buffered().is_empty() && lines.fill().await.map_err(|reason| progress.failure(reason))? == 0 {
            return Ok(None);
        }
        progress.received();
        return Ok(lines.buffered().split(|byte| *byte == b'\n').next().map(<[u8]>::to_vec));
    };
    let mut beginning = Vec::new();
    while let Some(line) = lines.next().await.map_err(|reason| progress.failure(reason))? {
        progress.received();
        if found(pattern, &line)? {
            return Ok(Some(line));
        }
        remember(&mut beginning, &line);
        // Lines that are there already come without waiting; a costly pattern must not keep the deadline from being seen.
        tokio::task::yield_now().await;
    }
    if lines.received() == 0 {
        return Ok(None);
    }
    let excerpt = String::from_utf8_lossy(&beginning).into_owned();
    Err(Failure { phase: Phase::Match, reason: Reason::NoMatch { bytes: lines.received(), excerpt } })
}

async fn datagrams(spec: &SimpleTcp, target: Target, progress: &mut Progress) -> Result<Success, Failure> {
    let socket = udp(target, progress).await?;
    if !spec.send.is_empty() {
        socket.send(&spec.send).await.map_err(|error| progress.failure(reason_of(&error, 0)))?;
    }
    progress.phase = Phase::Receive;
    let mut buffer = vec![0; 64 * 1024];
    let mut received = 0;
    while received < LIMITS.total {
        let count =
            socket.recv(&mut buffer).await.map_err(|error| progress.failure(reason_of(&error, received as u64)))?;
        progress.received();
        received += count;
        let datagram = buffer.get(..count).unwrap_or_default();
        for line in datagram.split_inclusive(|byte| *byte == b'\n') {
            if spec.receive.as_ref().map_or(Ok(true), |pattern| found(pattern, line))? {
                return Ok(Success { words: short(line), answered_by: None });
            }
            tokio::task::yield_now().await;
        }
    }
    Err(progress.failure(Reason::TooLong { what: "answer", limit: LIMITS.total }))
}

fn found(pattern: &Pattern, line: &[u8]) -> Result<bool, Failure> {
    pattern.is_match(line).map_err(|words| Failure { phase: Phase::Match, reason: Reason::Pattern(words) })
}

fn remember(beginning: &mut Vec<u8>, line: &[u8]) {
    let room = EXCERPT.saturating_sub(beginning.len());
    beginning.extend(line.iter().take(room));
}
