//! Lines of the file as the grammar sees them, with the byte spans of their parts. Nothing is judged here; `check --fix`
//! and the reader both start from these.

use super::findings::{Place, clamp};
use pest::Parser as _;
use std::ops::Range;

/// What pest derives from grammar.pest.
#[allow(missing_docs, reason = "the rules are explained in grammar.pest")]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "config/grammar.pest"]
    pub(in super::super) struct Grammar;
}
pub(super) use grammar::{Grammar, Rule};

/// One line without its line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Line number, from 1.
    pub number: usize,
    /// The text.
    pub text: &'a str,
    /// What it is.
    pub form: Form,
}

/// What a line is; spans are byte ranges of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Blanks only.
    Empty,
    /// First character that is not blank is `#`.
    Comment,
    /// `keyword = value`.
    Directive {
        /// Bytes of indentation.
        indent: usize,
        /// The keyword.
        keyword: Range<usize>,
        /// The sign between keyword and value.
        equals: Range<usize>,
        /// Everything after the sign and its blanks.
        value: Range<usize>,
    },
    /// Anything else.
    Junk {
        /// Bytes of indentation.
        indent: usize,
    },
}

impl<'a> Line<'a> {
    /// Reads one line. Total: there is no text that it does not read as something.
    pub fn parse(number: usize, text: &'a str) -> Self {
        Self { number, text, form: form(text).unwrap_or(Form::Junk { indent: 0 }) }
    }
    /// A part of the text; empty where the span does not fit.
    pub fn part(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }
    /// Bytes of indentation.
    pub fn indent(&self) -> usize {
        match &self.form {
            Form::Directive { indent, .. } | Form::Junk { indent } => *indent,
            Form::Empty | Form::Comment => 0,
        }
    }
    /// The place of a byte span, in characters.
    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or_default();
        Place {
            line: clamp(self.number),
            column: clamp(before.chars().count()).saturating_add(1),
            length: clamp(self.part(span).chars().count()).max(1),
        }
    }
    /// The place of everything but the indentation.
    pub(super) fn whole(&self) -> Place {
        self.place(&(self.indent()..self.text.trim_end().len().max(self.indent())))
    }
}

fn form(text: &str) -> Option<Form> {
    if text.is_empty() {
        return Some(Form::Empty);
    }
    let line = Grammar::parse(Rule::line, text).ok()?.next()?;
    let inner = line.into_inner().next()?;
    Some(match inner.as_rule() {
        Rule::comment => Form::Comment,
        Rule::empty => Form::Empty,
        Rule::directive => {
            let mut parts = inner.into_inner().map(|pair| pair.as_span().start()..pair.as_span().end());
            let indent = parts.next()?.end;
            Form::Directive { indent, keyword: parts.next()?, equals: parts.next()?, value: parts.next()? }
        }
        _ => Form::Junk { indent: inner.into_inner().next()?.as_span().end() },
    })
}

/// The lines of a text, numbered from 1; line ends are LF, CR LF, or the end of the file.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    text.lines().enumerate().map(|(index, line)| Line::parse(index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directive(text: &str) -> (usize, &str, &str) {
        let line = Line::parse(1, text);
        let Form::Directive { indent, keyword, value, .. } = &line.form else { panic!("{line:?}") };
        (*indent, line.part(keyword), line.part(value))
    }

    #[test]
    fn directives_have_spans() {
        assert_eq!(directive("checkinterval=5"), (0, "checkinterval", "5"));
        assert_eq!(directive("\t real = 10.0.0.1:80 gate # c"), (2, "real", "10.0.0.1:80 gate # c"));
        assert_eq!(directive("a="), (0, "a", ""));
        assert_eq!(directive("\u{3000}real\u{3000}=\u{3000}x"), (3, "real", "x"));
    }

    #[test]
    fn everything_is_something() {
        for (text, form) in [
            ("", Form::Empty),
            (" \t ", Form::Empty),
            ("  # x=y", Form::Comment),
            ("foo", Form::Junk { indent: 0 }),
            ("  =x", Form::Junk { indent: 2 }),
            ("\0", Form::Junk { indent: 0 }),
        ] {
            assert_eq!(Line::parse(1, text).form, form, "{text:?}");
        }
    }

    #[test]
    fn columns_count_characters() {
        let line = Line::parse(3, "é=ü");
        assert_eq!(line.place(&(3..5)), Place { line: 3, column: 3, length: 1 });
    }

    #[test]
    fn line_ends() {
        let texts: Vec<_> = lines("\u{FEFF}a=1\r\n\nb=2").map(|line| (line.number, line.text)).collect();
        assert_eq!(texts, [(1, "a=1"), (2, ""), (3, "b=2")]);
    }
}
