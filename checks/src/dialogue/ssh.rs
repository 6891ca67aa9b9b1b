//! SSH (RFC 4253, section 4.2): the server's identification. Ours follows it, so that the server's log names a client instead
//! of a port scan; no keys are exchanged.

use super::Outcome;
use super::talk::Talk;
use crate::{Failure, Reason};

/// Lines that a server may send before its identification; the RFC has no limit, and they are rare.
const LONGEST_PREAMBLE: usize = 32;
/// What we are called.
const IDENTIFICATION: &str = "SSH-2.0-ldirectord-rs";

/// Up when the server identifies itself for protocol 2.0 (or 1.99: both) and that matches.
pub(super) async fn run(mut talk: Talk<'_>) -> Result<Outcome<'_>, Failure> {
    let mut first: Option<Vec<u8>> = None;
    for _ in 0..LONGEST_PREAMBLE {
        // A server that has too many connections says so in such a line, and closes.
        let line = match (talk.line().await, &first) {
            (Ok(line), _) => line,
            (Err(Failure { reason: Reason::Closed(_), .. }), Some(words)) => {
                return Err(talk.rejected("service", words));
            }
            (Err(failure), _) => return Err(failure),
        };
        if !line.starts_with(b"SSH-") {
            first.get_or_insert(line);
            continue;
        }
        if !line.starts_with(b"SSH-2.0-") && !line.starts_with(b"SSH-1.99-") {
            return Err(talk.nonsense("SSH 2", &line));
        }
        talk.matching(&line)?;
        return Ok(Outcome { words: talk.words(&line), talk, farewell: IDENTIFICATION });
    }
    Err(talk.nonsense("SSH", &first.unwrap_or_default()))
}
