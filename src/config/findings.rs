//! Collects what is wrong. Bounded: a file of noise yields a hundred findings of each severity and a count of the others.

use super::{Diagnostic, Severity};

/// How many findings of one severity are kept with their places.
pub(super) const KEPT: usize = 100;

/// A place in the text: line and column from 1, length in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Line, from 1; 0: the file as a whole.
    pub(super) line: u32,
    /// Column in characters, from 1.
    pub(super) column: u32,
    /// Characters marked.
    pub(super) length: u32,
}

impl Place {
    /// Part of this place: `skip` characters further, `length` characters long.
    pub(super) fn within(self, skip: usize, length: usize) -> Self {
        Self { line: self.line, column: self.column + clamp(skip), length: clamp(length).max(1) }
    }
}

/// A count as the narrow number a place holds.
pub(super) fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// At most this many characters of a message are kept; the values in them may be as long as the file.
const LONGEST: usize = 400;

/// A message that a terminal can be given: bounded, and without control characters.
fn printable(message: String) -> String {
    if message.len() <= LONGEST && !message.contains(char::is_control) {
        return message;
    }
    let short =
        message.chars().take(LONGEST).map(|character| if character.is_control() { '\u{FFFD}' } else { character });
    let mut text: String = short.collect();
    if text.len() < message.len() {
        text.push('…');
    }
    text
}

/// Everything found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kept: Vec<Diagnostic>,
    counts: [usize; 3],
}

impl Findings {
    /// Adds one finding; `help` may be empty.
    pub(super) fn push(
        &mut self,
        severity: Severity,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let Some(count) = self.counts.get_mut(severity as usize) else { return };
        *count += 1;
        if *count > KEPT {
            return;
        }
        let help = help.into();
        self.kept.push(Diagnostic {
            severity,
            line: place.line as usize,
            column: (place.column as usize).max(1),
            length: (place.length as usize).max(1),
            message: printable(message.into()),
            help: (!help.is_empty()).then(|| printable(help)),
        });
    }
    /// An error.
    pub(super) fn error(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Error, place, message, help);
    }
    /// A warning.
    pub(super) fn warning(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Warning, place, message, help);
    }
    /// A note.
    pub(super) fn note(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Note, place, message, help);
    }
    /// Whether any error was found, kept or only counted.
    pub(super) fn has_errors(&self) -> bool {
        self.counts.get(Severity::Error as usize).is_some_and(|count| *count > 0)
    }
    /// All of them in file order; what was only counted is said at the end.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.kept.sort_by_key(|found| (found.line, found.column));
        for (severity, one, many) in [
            (Severity::Error, "error", "errors"),
            (Severity::Warning, "warning", "warnings"),
            (Severity::Note, "note", "notes"),
        ] {
            let more = self.counts.get(severity as usize).copied().unwrap_or(0).saturating_sub(KEPT);
            if more > 0 {
                self.kept.push(Diagnostic {
                    severity,
                    line: 0,
                    column: 1,
                    length: 1,
                    message: format!("and {more} more {}", if more == 1 { one } else { many }),
                    help: Some("mend the ones above first".to_owned()),
                });
            }
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_short_and_printable() {
        let mut findings = Findings::default();
        findings.error(Place::default(), format!("\u{1b}[31m{}", "x".repeat(1000)), "");
        let message = findings.finish().remove(0).message;
        assert!(message.starts_with("\u{FFFD}[31mx") && message.chars().count() == LONGEST + 1);
    }

    #[test]
    fn keeps_a_hundred_and_counts_the_rest() {
        let mut findings = Findings::default();
        for line in 0..250 {
            findings.error(Place { line: 250 - line, column: 1, length: 1 }, "wrong", "");
        }
        findings.note(Place::default(), "a note", "help");
        assert!(findings.has_errors());
        let all = findings.finish();
        assert_eq!(all.len(), KEPT + 2);
        assert_eq!(all.last().unwrap().message, "and 150 more errors");
        assert!(all[1].line < all[2].line);
    }
}
