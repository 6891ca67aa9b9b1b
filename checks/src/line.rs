//! Lines from a peer that is not trusted: every line and the whole answer have a limit, so memory stays bounded whatever
//! arrives. And peers' words, cut to what may stand in a reason.

use crate::net::reason_of;
use crate::{Reason, tls};
use tokio::io::{AsyncRead, AsyncReadExt};

/// How much of a peer's words goes into a reason.
const LONGEST_WORDS: usize = 100;

/// Limits of one answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// One line with its newline, in bytes.
    pub(crate) line: usize,
    /// How many lines.
    pub(crate) lines: usize,
    /// All lines together, in bytes.
    pub(crate) total: usize,
}

/// Reads lines from a stream.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    limits: Limits,
    buffer: Vec<u8>,
    /// Up to where the buffer has been searched for a newline.
    searched: usize,
    received: usize,
    /// Lines handed out.
    count: usize,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R, limits: Limits) -> Self {
        Self { reader, limits, buffer: Vec::new(), searched: 0, received: 0, count: 0, ended: false }
    }
    /// The stream itself, to send on it.
    pub(crate) fn stream(&mut self) -> &mut R {
        &mut self.reader
    }
    /// The stream, for another way of reading; what is buffered is lost.
    pub(crate) fn into_stream(self) -> R {
        self.reader
    }
    /// Bytes received so far.
    pub(crate) fn received(&self) -> usize {
        self.received
    }
    /// What has arrived and is not yet taken.
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buffer
    }
    /// Waits for more bytes; the number that arrived, 0 at the end of the answer.
    pub(crate) async fn fill(&mut self) -> Result<usize, Reason> {
        if self.received >= self.limits.total {
            return Err(Reason::TooLong { what: "answer", limit: self.limits.total });
        }
        let mut chunk = [0; 4096];
        let count = self.reader.read(&mut chunk).await;
        let count =
            count.map_err(|error| tls::reason(&error).unwrap_or_else(|| reason_of(&error, self.received as u64)))?;
        self.buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        self.received += count;
        self.ended = count == 0;
        Ok(count)
    }
    /// The next line with its newline; the last one may have none; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Reason> {
        loop {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            let newline = unsearched.iter().position(|byte| *byte == b'\n').map(|index| self.searched + index + 1);
            if newline.unwrap_or(self.buffer.len()) > self.limits.line {
                return Err(Reason::TooLong { what: "line", limit: self.limits.line });
            }
            if let Some(length) = newline {
                self.count += 1;
                if self.count > self.limits.lines {
                    return Err(Reason::TooMany { what: "lines", limit: self.limits.lines });
                }
                return Ok(Some(self.take(length)));
            }
            self.searched = self.buffer.len();
            if self.ended || self.fill().await? == 0 {
                let length = self.buffer.len();
                return Ok(if length == 0 { None } else { Some(self.take(length)) });
            }
        }
    }
    /// Steps over the next `length` bytes, fewer at the end.
    pub(crate) async fn skip(&mut self, length: usize) -> Result<(), Reason> {
        let mut left = length;
        loop {
            let count = left.min(self.buffer.len());
            self.take(count);
            left -= count;
            if left == 0 || self.ended || self.fill().await? == 0 {
                return Ok(());
            }
        }
    }
    fn take(&mut self, length: usize) -> Vec<u8> {
        self.searched = 0;
        let rest = self.buffer.split_off(length.min(self.buffer.len()));
        std::mem::replace(&mut self.buffer, rest)
    }
}

/// A peer's words as one short line: no control characters, lossy UTF-8, cut with "…".
pub(crate) fn short(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..LONGEST_WORDS * 4).unwrap_or(bytes));
    let plain: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let plain = plain.trim();
    if plain.chars().count() <= LONGEST_WORDS {
        return plain.to_owned();
    }
    plain.chars().take(LONGEST_WORDS - 1).chain(['…']).collect()
}
