//! A place in a pattern's bytes, and the errors that name it.

use super::PatternError;

/// Reads a pattern from left to right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    /// Offset of the next byte.
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }
    /// Steps over `text` if it comes next.
    pub(super) fn eat(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }
    pub(super) fn take_while(&mut self, accepts: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !accepts(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }
    /// The bytes before the next `end`, which is stepped over.
    pub(super) fn take_until(&mut self, end: u8) -> Option<&'a [u8]> {
        let rest = self.rest();
        let length = rest.iter().position(|byte| *byte == end)?;
        self.at += length + 1;
        rest.get(..length)
    }
    pub(super) fn blanks(&mut self) {
        self.take_while(|byte| byte == b' ' || byte == b'\t');
    }
    /// Up to `most` digits of a base, as a number; `None` when it goes over 32 bits.
    pub(super) fn number(&mut self, base: u32, most: usize) -> Option<u32> {
        let mut value = Some(0u32);
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(base)) else { break };
            self.at += 1;
            value = value.and_then(|value| value.checked_mul(base)?.checked_add(digit));
        }
        value
    }
}

/// An error at a place.
pub(super) fn error<T>(offset: usize, message: impl Into<String>) -> Result<T, PatternError> {
    Err(PatternError { message: message.into(), offset })
}
