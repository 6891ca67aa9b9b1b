//! An HTTP/1 answer as it arrives, without any socket: fed with bytes, it says when it is complete.

use super::body::Framing;
use super::head::Head;
use super::{Answer, BODY_LIMIT, UNMATCHED_LIMIT};
use crate::Reason;
use crate::net::excerpt;

/// All heads of an answer together, interim ones included.
const HEAD_LIMIT: usize = 64 << 10;
/// What every status line begins with.
const MARK: &[u8] = b"HTTP/";

/// What the check wants of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// The request is a HEAD.
    pub(super) head_only: bool,
    /// The body is matched.
    pub(super) keep_body: bool,
}

/// An answer that is coming in.
#[derive(Debug)]
pub(super) struct Reply {
    wanted: Wanted,
    answer: Answer,
    /// Raw bytes of the present head.
    raw: Vec<u8>,
    /// Bytes since the last line feed, carriage returns not counted: an empty line ends the head.
    line: usize,
    /// Bytes of the heads so far.
    heads: usize,
    state: State,
    /// Bytes of content so far.
    content: usize,
    /// Bytes received so far.
    pub(super) received: u64,
}

#[derive(Debug)]
enum State {
    Head,
    Body(Framing),
    /// No status line: everything is body (HTTP/0.9).
    Bare,
    Complete,
}

impl Reply {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            answer: Answer::default(),
            raw: Vec::new(),
            line: 0,
            heads: 0,
            state: State::Head,
            content: 0,
            received: 0,
        }
    }

    /// Takes the next bytes; true once nothing more is needed.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<bool, Reason> {
        self.received += bytes.len() as u64;
        while matches!(self.state, State::Head) && !bytes.is_empty() {
            let used = self.take_head(bytes)?;
            bytes = bytes.get(used..).unwrap_or_default();
        }
        if !bytes.is_empty() {
            self.take_body(bytes)?;
        }
        Ok(matches!(self.state, State::Complete))
    }

    /// The server has ended the connection; `Ok` where that completes the answer.
    pub(super) fn end(&mut self, early: Reason) -> Result<(), Reason> {
        match &self.state {
            State::Complete | State::Body(Framing::UntilClose) => Ok(()),
            State::Bare if !self.answer.body.is_empty() => Ok(()),
            State::Head | State::Bare | State::Body(_) => Err(early),
        }
    }

    pub(super) fn into_answer(self) -> Answer {
        self.answer
    }

    /// Takes bytes up to the end of a head; how many.
    fn take_head(&mut self, bytes: &[u8]) -> Result<usize, Reason> {
        let mut used = 0;
        let mut ended = false;
        for &byte in bytes {
            used += 1;
            if self.raw.is_empty() && matches!(byte, b'\r' | b'\n') {
                // Empty lines before a status line (RFC 9112, section 2.2, for requests; servers err so too).
                self.heads += 1;
                continue;
            }
            self.raw.push(byte);
            match byte {
                b'\n' if self.line == 0 => {
                    ended = true;
                    break;
                }
                b'\n' => self.line = 0,
                b'\r' => {}
                _ => self.line += 1,
            }
        }
        let mark = MARK.len().min(self.raw.len());
        if self.raw.get(..mark) != MARK.get(..mark) {
            self.without_head()?;
        } else if ended {
            self.end_of_head()?;
        } else if self.heads + self.raw.len() > HEAD_LIMIT {
            return Err(Reason::TooLong { what: "headers", limit: HEAD_LIMIT });
        }
        Ok(used)
    }

    /// No status line. LWP takes that for an HTTP/0.9 body and 200; here it counts only where a pattern can tell it from
    /// garbage.
    fn without_head(&mut self) -> Result<(), Reason> {
        if !self.wanted.keep_body {
            return Err(Reason::Protocol(match self.raw.as_slice() {
                // A TLS record: alert or handshake, version 3.x (RFC 8446, section 5.1).
                [0x15 | 0x16, 0x03, ..] => "TLS where plain HTTP is expected".to_owned(),
                raw => format!("no HTTP status line, but {:?}", excerpt(raw, 60)),
            }));
        }
        self.answer.head = Head { code: 200, phrase: "without status line (HTTP/0.9)".to_owned(), ..Head::default() };
        self.state = State::Bare;
        let raw = std::mem::take(&mut self.raw);
        self.take_body(&raw)
    }

    fn end_of_head(&mut self) -> Result<(), Reason> {
        self.heads += self.raw.len();
        let head = Head::parse(&self.raw)?;
        self.raw.clear();
        self.line = 0;
        if head.is_interim() {
            if self.heads > HEAD_LIMIT {
                return Err(Reason::TooLong { what: "headers", limit: HEAD_LIMIT });
            }
            return Ok(());
        }
        // Of an answer that is not success only the head counts: no need to wait for the rest.
        let framing = if head.is_success() { Framing::of(&head, self.wanted.head_only) } else { None };
        self.state = framing.map_or(State::Complete, State::Body);
        self.answer.head = head;
        Ok(())
    }

    fn take_body(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        let Self { answer, wanted, content, state, .. } = self;
        let limit = if wanted.keep_body { BODY_LIMIT } else { UNMATCHED_LIMIT };
        let mut keep = |data: &[u8]| {
            *content += data.len();
            if *content > limit {
                return Err(Reason::TooLong { what: "body", limit });
            }
            if wanted.keep_body {
                answer.body.extend_from_slice(data);
            }
            Ok(())
        };
        let complete = match state {
            State::Body(framing) => framing.take(bytes, &mut keep)?,
            State::Bare => keep(bytes).map(|()| false)?,
            State::Head | State::Complete => false,
        };
        if complete {
            self.state = State::Complete;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
