//! From the bytes of a file to text: UTF-8, byte order mark, line ends, bytes that cannot be.

use super::ast::{Form, Line};
use super::findings::{Findings, Place, clamp};
use std::borrow::Cow;

/// Lines, by number, that cannot be read because of bytes in them.
pub(super) struct Decoded<'a> {
    /// The text; what is not UTF-8 is U+FFFD in it.
    pub(super) text: Cow<'a, str>,
    /// Whether the bytes were UTF-8.
    valid: bool,
}

/// Decodes; what is odd about the file as a whole is found here.
pub(super) fn decode<'a>(bytes: &'a [u8], findings: &mut Findings) -> Decoded<'a> {
    let start = Place { line: 1, column: 1, length: 1 };
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        findings.error(start, "the file is UTF-16, not UTF-8", "save it as UTF-8, without byte order mark");
        return Decoded { text: Cow::Borrowed(""), valid: true };
    }
    let (text, valid) = match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), true),
        Err(_) => (String::from_utf8_lossy(bytes), false),
    };
    if text.starts_with('\u{FEFF}') {
        findings.note(
            start,
            "the file begins with a byte order mark",
            "save it as UTF-8 without one: the Perl program reads it as part of the first word",
        );
    }
    if let Some(at) = text.find("\r\n") {
        let line = text.get(..at).map_or(0, |before| before.matches('\n').count()) + 1;
        findings.note(
            Place { line: clamp(line), column: 1, length: 1 },
            "the lines end in CR LF",
            "save the file with Unix line ends: the Perl program refuses yes and no before a CR",
        );
    }
    Decoded { text, valid }
}

impl Decoded<'_> {
    /// Judges the characters of one line. Returns whether the line can be read at all.
    pub(super) fn readable(&self, line: &Line<'_>, findings: &mut Findings) -> bool {
        let text = line.text;
        if let Some(at) = text.find('\0') {
            findings.error(line.place(&(at..at + 1)), "a NUL byte", "this is no text; write the line again");
            return false;
        }
        if self.valid {
            return true;
        }
        let Some(at) = text.find('\u{FFFD}') else { return true };
        let place = line.place(&(at..at + '\u{FFFD}'.len_utf8()));
        let comment = match &line.form {
            Form::Comment => true,
            Form::Directive { value, .. } => {
                super::values::comment_start(line.part(value)).is_some_and(|offset| value.start + offset < at)
            }
            _ => false,
        };
        if comment {
            findings.note(place, "the comment is not UTF-8", "save the file as UTF-8");
        } else {
            findings.error(place, "a byte that is not UTF-8", "save the file as UTF-8, or write the character again");
        }
        comment
    }
}
