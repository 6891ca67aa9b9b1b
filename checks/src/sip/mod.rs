//! SIP OPTIONS (RFC 3261, section 11) over UDP, TCP or TLS: up when the final reply to this very request is 2xx.

mod message;

use crate::conversation::Secure;
use crate::datagram::{Datagram, Question, Repeat, open};
use crate::line::{Limits, Lines, short};
use crate::net::{Progress, reason_of};
use crate::stream::Stream;
use crate::{Failure, Phase, Reason, Sip, Success, Target, Transport, tls};
use message::{Reply, Request, parse};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::UdpSocket;

/// T1, the estimate of a round trip, and T2, the longest time between two sendings (RFC 3261, 17.1.2.2 and table 4).
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// What a peer may send over TCP: one header line, and everything together.
const LIMITS: Limits = Limits { line: 16 * 1024, lines: usize::MAX, total: 256 * 1024 };
/// One message's header.
const LONGEST_HEADER: usize = 64 * 1024;

/// Asks once. Replies to other requests, requests and provisional replies are waited past.
pub(crate) async fn run(
    spec: &Sip,
    secure: Option<&Secure>,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    match spec.transport {
        Transport::Udp if spec.tls.is_some() => Err(progress.failure(Reason::Local("TLS needs TCP".to_owned()))),
        Transport::Udp => {
            let socket = open(target, progress).await?;
            let local = socket.local_addr().map_err(|error| progress.failure(reason_of(&error, 0)))?;
            let request = Request::new(spec, target, local);
            datagrams(&socket, &request, deadline, progress).await
        }
        Transport::Tcp => {
            let mut stream = Stream::open(target, secure, progress).await?;
            let local = stream.socket().local_addr().map_err(|error| progress.failure(reason_of(&error, 0)))?;
            let request = Request::new(spec, target, local);
            let sending = async {
                stream.write_all(request.text().as_bytes()).await?;
                stream.flush().await
            };
            let sent = sending.await;
            sent.map_err(|error| progress.failure(tls::reason(&error).unwrap_or_else(|| reason_of(&error, 0))))?;
            progress.phase = Phase::Receive;
            replies(&mut Lines::new(stream, LIMITS), &request, progress).await
        }
    }
}

/// Sends until there is a final reply (RFC 3261, 17.1.2.2). Over UDP anybody may send anything: what is no answer to us is as
/// if it had not come.
async fn datagrams(
    socket: &UdpSocket,
    request: &Request,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let text = request.text();
    let repeat = Repeat::Doubling { first: T1, longest: T2 };
    let question = Question { socket, to: None, request: text.as_bytes(), repeat, deadline };
    let decided = question.ask(progress, |datagram, _| match parse(datagram) {
        None => Datagram::Stray("not a SIP reply"),
        Some(reply) => match judge(&reply, request) {
            Step::Decided(result) => Datagram::Answer(result),
            Step::Provisional => Datagram::Provisional,
            Step::Ignored => Datagram::Stray("a SIP reply to another request"),
        },
    });
    decided.await?
}

/// Reads one message after the other from a stream; Content-Length says where each ends.
async fn replies<R: tokio::io::AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    request: &Request,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    loop {
        let mut header = Vec::new();
        loop {
            let line = lines.next().await.map_err(|reason| progress.failure(reason))?;
            let whole = line.filter(|line| line.ends_with(b"\n"));
            let Some(line) = whole else {
                return Err(progress.failure(Reason::Closed(lines.received() as u64)));
            };
            progress.received();
            let empty = matches!(line.as_slice(), b"\r\n" | b"\n");
            // Empty lines before a message keep a connection alive (RFC 3261, 7.5).
            if empty && header.is_empty() {
                continue;
            }
            if header.is_empty() && !message::begins_well(&line) {
                return Err(progress.failure(Reason::Protocol(format!("not SIP: {}", short(&line)))));
            }
            header.extend_from_slice(&line);
            if header.len() > LONGEST_HEADER {
                return Err(progress.failure(Reason::TooLong { what: "header", limit: LONGEST_HEADER }));
            }
            if empty {
                break;
            }
        }
        let reply = parse(&header);
        if let Some(Step::Decided(result)) = reply.map(|reply| judge(&reply, request)) {
            return result;
        }
        let length = message::content_length(&header);
        lines.skip(length).await.map_err(|reason| progress.failure(reason))?;
    }
}

/// What a reply means.
enum Step {
    Decided(Result<Success, Failure>),
    Provisional,
    Ignored,
}

fn judge(reply: &Reply, request: &Request) -> Step {
    if !request.is_answered_by(reply) {
        return Step::Ignored;
    }
    match reply.code {
        100..=199 => Step::Provisional,
        200..=299 => Step::Decided(Ok(Success {
            words: format!("{} {}", reply.code, reply.phrase).trim_end().to_owned(),
            answered_by: None,
        })),
        code => Step::Decided(Err(Failure {
            phase: Phase::Receive,
            reason: Reason::Status { code, phrase: reply.phrase.clone() },
        })),
    }
}
