//! Findings as text for people, as one line for the log in ldirectord's words, and as JSON. Whatever is shown of a line that holds
//! a password is masked here, so that every way out is safe.

use super::{Diagnostic, Severity};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use checks::hide_in_urls;
use serde_json::{Value, json};
use std::borrow::Cow;

/// More of a line than this many characters is not shown; what is left is around the mark.
const SHOWN: usize = 240;

/// A file's name and its lines, to show findings in it.
#[derive(Debug)]
pub struct Source<'a> {
    file: &'a str,
    lines: Vec<Cow<'a, str>>,
}

impl<'a> Source<'a> {
    /// `file` is the name as it is to be printed; bytes that are not UTF-8 are shown as U+FFFD.
    pub fn new(file: &'a str, text: &'a [u8]) -> Self {
        let lines = text
            .split(|byte| *byte == b'\n')
            .map(|line| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)))
            .collect();
        Self { file, lines }
    }

    fn line(&self, diagnostic: &Diagnostic) -> Option<&str> {
        diagnostic.line.checked_sub(1).and_then(|index| self.lines.get(index)).map(AsRef::as_ref)
    }

    /// One finding with its place, the line with a mark, and the help; ends in a newline. Colour only for a terminal.
    pub fn pretty(&self, diagnostic: &Diagnostic, terminal: bool) -> String {
        let renderer = if terminal { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
        let (message, help) = self.words(diagnostic);
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = level.primary_title(message);
        let shown = self.line(diagnostic).map(|line| Shown::of(line, diagnostic));
        let mut group = match &shown {
            Some(shown) => {
                let snippet = Snippet::source(shown.text.as_str())
                    .line_start(diagnostic.line)
                    .annotation(AnnotationKind::Primary.span(shown.mark.clone()));
                if shown.cut {
                    // The snippet would count the column in what is left of the line.
                    let place = Origin::path(self.file).line(diagnostic.line).char_column(diagnostic.column);
                    title.element(place).element(snippet)
                } else {
                    title.element(snippet.path(self.file))
                }
            }
            None => title.element(Origin::path(self.file)),
        };
        if let Some(help) = help {
            group = group.element(Level::HELP.message(help));
        }
        let mut text = renderer.render(&[group]);
        text.push('\n');
        text
    }

    /// One line as ldirectord writes it to its log (or, at start, to stderr), without newline.
    pub fn log_line(&self, diagnostic: &Diagnostic, pid: u32) -> String {
        let word = match diagnostic.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Note => "Note",
        };
        let message = one_line(&self.words(diagnostic).0);
        match diagnostic.line {
            0 => format!("{word} [{pid}]: {message}"),
            line => format!("{word} [{pid}] reading file {} at line {line}: {message}", self.file),
        }
    }

    /// All findings as JSON: `{"file","errors","warnings","notes","findings":[…]}`.
    pub fn json(&self, diagnostics: &[Diagnostic]) -> Value {
        let [errors, warnings, notes] = count(diagnostics);
        let findings: Vec<Value> = diagnostics
            .iter()
            .map(|diagnostic| {
                let (message, help) = self.words(diagnostic);
                json!({
                    "severity": diagnostic.severity, "line": diagnostic.line, "column": diagnostic.column,
                    "length": diagnostic.length, "message": message, "help": help,
                    "source": self.line(diagnostic).map(|line| Shown::of(line, diagnostic).text),
                })
            })
            .collect();
        json!({ "file": self.file, "errors": errors, "warnings": warnings, "notes": notes, "findings": findings })
    }

    /// The last line of a check: `FILE: N errors, M warnings, K notes`.
    pub fn summary(&self, diagnostics: &[Diagnostic]) -> String {
        let [errors, warnings, notes] = count(diagnostics);
        let some = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
        format!("{}: {}, {}, {}", self.file, some(errors, "error"), some(warnings, "warning"), some(notes, "note"))
    }

    /// Message and help, with the value of the marked line masked where it is a secret: messages may quote the line.
    fn words(&self, diagnostic: &Diagnostic) -> (String, Option<String>) {
        let Some(secret) = self.line(diagnostic).and_then(secret_value) else {
            let hide = |text: &String| hide_in_urls(text).into_owned();
            return (hide(&diagnostic.message), diagnostic.help.as_ref().map(hide));
        };
        let mask = |text: &String| mask_words(text, secret.value);
        (mask(&diagnostic.message), diagnostic.help.as_ref().map(mask))
    }
}

/// How many errors, warnings and notes.
pub fn count(diagnostics: &[Diagnostic]) -> [usize; 3] {
    let of = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    [of(Severity::Error), of(Severity::Warning), of(Severity::Note)]
}

/// What is shown of a line, and which bytes of it are marked.
struct Shown {
    text: String,
    mark: std::ops::Range<usize>,
    /// The beginning of the line is missing.
    cut: bool,
}

impl Shown {
    fn of(line: &str, diagnostic: &Diagnostic) -> Self {
        let mut from = diagnostic.column.saturating_sub(1);
        let mut to = from.saturating_add(diagnostic.length.max(1));
        let mut text = hide_in_urls(line);
        if let Some(secret) = secret_value(line) {
            // Everything from the value on is one mask; a mark in it marks the mask.
            let start = line.get(..secret.start).map_or(0, |before| before.chars().count());
            if to > start {
                (from, to) = (from.min(start), start + MASK.len());
            }
            text = Cow::Owned(format!("{}{MASK}", line.get(..secret.start).unwrap_or_default()));
        }
        // A window around the mark: the line may be megabytes long.
        let first = if from > SHOWN / 2 { from - SHOWN / 4 } else { 0 };
        let text: String = text.chars().skip(first).take(SHOWN).collect();
        let byte = |column: usize| {
            text.char_indices().nth(column.saturating_sub(first)).map_or(text.len(), |(offset, _)| offset)
        };
        let mark = byte(from)..byte(to);
        Self { mark, text, cut: first > 0 }
    }
}

/// What stands for a secret.
pub const MASK: &str = "***";

/// The value of a line that sets a password, whatever is wrong with the line.
struct Secret<'a> {
    /// Byte offset of the value in the line.
    start: usize,
    /// The value as written, without blanks around it.
    value: &'a str,
}

/// Finds it: after the keyword, blanks and `=` (which may be missing in a line that is wrong). A line that is commented out counts.
fn secret_value(line: &str) -> Option<Secret<'_>> {
    let inner = line.trim_start_matches(|character: char| !character.is_ascii_alphabetic());
    let word: &str = inner.split(|character: char| !character.is_ascii_alphabetic()).next()?;
    let lower = word.to_ascii_lowercase();
    if !(lower.starts_with("passw") || lower.starts_with("secret")) {
        return None;
    }
    let value = inner
        .get(word.len()..)?
        .trim_start_matches(|character: char| character.is_whitespace() || matches!(character, '=' | ':'));
    Some(Secret { start: line.len() - value.len(), value: value.trim_end() })
}

/// Replaces the value, and what stands between its quotes, in a text that may quote the line.
fn mask_words(text: &str, value: &str) -> String {
    if value.is_empty() {
        return text.to_owned();
    }
    let mut masked = text.replace(value, MASK);
    let quotes = ['"', '\'', '“', '”', '„', '‘', '’', '«', '»'];
    let inner = value.split('#').next().unwrap_or_default().trim().trim_matches(quotes);
    for part in [inner, value.trim_matches(quotes)] {
        // Only where it stands by itself: a password may be a word of the sentence.
        if part.chars().count() >= 3 {
            masked = masked.replace(part, MASK);
        } else if !part.is_empty() {
            for quote in ['"', '\''] {
                masked = masked.replace(&format!("{quote}{part}{quote}"), &format!("{quote}{MASK}{quote}"));
            }
        }
    }
    masked
}

/// A text without line ends and other control characters.
fn one_line(text: &str) -> String {
    text.trim_end().chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, line: usize, column: usize, length: usize, message: &str) -> Diagnostic {
        let help = (severity == Severity::Error).then(|| "write it like this".to_owned());
        Diagnostic { severity, line, column, length, message: message.into(), help }
    }

    #[test]
    fn an_error_shows_its_line_with_a_mark() {
        let source = Source::new("/etc/ha.d/web.cf", b"checktimeout=3\n\tquiescent=maybe\r\n");
        let text = source.pretty(&finding(Severity::Error, 2, 12, 5, "quiescent must be 'yes' or 'no'"), false);
        assert_eq!(
            text,
            "error: quiescent must be 'yes' or 'no'
 --> /etc/ha.d/web.cf:2:12
  |
2 |     quiescent=maybe
  |               ^^^^^
  |
  = help: write it like this
"
        );
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn colour_only_for_a_terminal() {
        let source = Source::new("a.cf", b"bogus=1");
        assert!(source.pretty(&finding(Severity::Error, 1, 1, 5, "Unknown command"), true).contains('\u{1b}'));
    }

    #[test]
    fn warnings_notes_and_findings_about_the_whole_file() {
        let source = Source::new("a.cf", b"a");
        let warning = source.pretty(&finding(Severity::Warning, 0, 1, 1, "nothing is checked"), false);
        assert_eq!(warning, "warning: nothing is checked\n--> a.cf\n");
        assert!(source.pretty(&finding(Severity::Note, 1, 1, 1, "x"), false).starts_with("note: x\n"));
    }

    #[test]
    fn marks_count_characters_and_survive_anything() {
        let text = "receive=“Test”".as_bytes();
        let source = Source::new("a.cf", text);
        assert!(source.pretty(&finding(Severity::Error, 1, 9, 6, "x"), false).contains("\n  |         ^^^^^^\n"));
        for (line, column, length) in
            [(1, 100, 5), (1, 14, 100), (7, 1, 1), (1, 0, 0), (usize::MAX, usize::MAX, usize::MAX)]
        {
            assert!(
                source.pretty(&finding(Severity::Error, line, column, length, "x"), false).starts_with("error: x\n")
            );
        }
        let broken = [b'a', 0xff, 0xfe, b'=', 0x1b, b'\n', 0xe2];
        let shown = Source::new("a.cf", &broken).pretty(&finding(Severity::Error, 1, 2, 1, "x"), false);
        assert!(shown.contains('\u{fffd}') && !shown.contains('\u{1b}'), "{shown}");
    }

    #[test]
    fn a_line_of_megabytes_is_shown_around_its_mark() {
        let mut text = vec![b'x'; 3_000_000];
        text.splice(2_000_000..2_000_005, *b"WRONG");
        let shown = Source::new("a.cf", &text).pretty(&finding(Severity::Error, 1, 2_000_001, 5, "x"), false);
        assert!(shown.contains("--> a.cf:1:2000001\n"));
        assert!(shown.contains("WRONG") && shown.len() < 1000, "{} bytes", shown.len());
    }

    #[test]
    fn no_way_out_shows_a_password() {
        let lines = [
            "    passwd=\"hunter22\"",
            "    secret = \"hunter22\" # and why",
            "passwd=“hunter22”",
            "\tpasswd hunter22",
            "\tPassword=hunter22",
            "    secret=\"hunter22",
        ];
        for line in lines {
            let source = Source::new("a.cf", line.as_bytes());
            for column in 1..line.chars().count() {
                let message = format!("Unknown command {line}\n ");
                let mut diagnostic = finding(Severity::Error, 1, column, 4, &message);
                diagnostic.help = Some("write passwd=\"hunter22\"".into());
                let ways = [
                    source.pretty(&diagnostic, false),
                    source.log_line(&diagnostic, 7),
                    source.json(&[diagnostic]).to_string(),
                ];
                for way in ways {
                    assert!(!way.contains("hunter"), "{way}");
                    assert!(way.contains("***"), "{way}");
                }
            }
        }
        let other = Source::new("a.cf", b"    login=\"hunter22\"");
        assert!(other.pretty(&finding(Severity::Error, 1, 1, 1, "x"), false).contains("hunter22"));
    }

    #[test]
    fn the_log_form_has_the_words_of_old() {
        let source = Source::new("/srv/a.cf", b"bogus=1\n");
        let unknown = finding(Severity::Error, 1, 1, 5, "Unknown command bogus=1\n ");
        assert_eq!(
            source.log_line(&unknown, 4711),
            "Error [4711] reading file /srv/a.cf at line 1: Unknown command bogus=1"
        );
        let warning = finding(Severity::Warning, 0, 1, 1, "checkinterval ignored");
        assert_eq!(source.log_line(&warning, 1), "Warning [1]: checkinterval ignored");
    }

    #[test]
    fn counts_and_json() {
        let source = Source::new("a.cf", b"bogus=1\n");
        let findings = [finding(Severity::Error, 1, 1, 5, "x"), finding(Severity::Warning, 1, 1, 5, "y")];
        assert_eq!(source.summary(&findings), "a.cf: 1 error, 1 warning, 0 notes");
        assert_eq!(
            source.json(&findings[..1]),
            json!({"file": "a.cf", "errors": 1, "warnings": 0, "notes": 0, "findings": [{
                "severity": "error", "line": 1, "column": 1, "length": 5, "message": "x",
                "help": "write it like this", "source": "bogus=1",
            }]})
        );
    }
}
