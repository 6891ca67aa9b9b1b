//! Walks the lines: which context each one stands in, which directive it is, and where its value goes. One bad line never
//! hides another, and never moves the following ones into another context.

use super::ast::{self, Form, Line};
use super::decode;
use super::directives::{self, Directive, Key, Kind, Scope};
use super::findings::{Findings, Place};
use super::odd;
use super::raw::{Opening, RawConfig, RawVirtual, Settings};
use super::real_line::Patterns;
use crate::ipvs::Family;
use std::ops::Range;

/// Reads a whole file.
pub(super) fn read(bytes: &[u8]) -> (RawConfig, Findings) {
    let mut findings = Findings::default();
    let decoded = decode::decode(bytes, &mut findings);
    let mut reader = Reader { findings, config: RawConfig::default(), block: None, patterns: Patterns::default() };
    for line in ast::lines(&decoded.text) {
        if decoded.readable(&line, &mut reader.findings) {
            reader.line(&line);
        }
    }
    (reader.config, reader.findings)
}

/// Where the walk stands with the last virtual service.
#[derive(Debug, Default)]
struct Block {
    /// Number of its line.
    line: usize,
    /// The empty line seen since its last directive.
    gap: Option<usize>,
    /// The global directive that ended it: line, name.
    ended: Option<(usize, &'static str)>,
    /// A line of it has lost its indentation.
    lost: bool,
    /// Shallow indentation was noted.
    shallow: bool,
    /// A tab in quotes was noted.
    tabs: bool,
}

/// The state of the walk.
pub(super) struct Reader {
    pub(super) findings: Findings,
    pub(super) config: RawConfig,
    block: Option<Block>,
    pub(super) patterns: Patterns,
}

/// The value of a directive without its comment, where it stands, and whether a comment was cut off.
pub(super) struct Written<'a> {
    pub(super) line: &'a Line<'a>,
    pub(super) directive: &'static Directive,
    /// The value, trimmed.
    pub(super) value: &'a str,
    /// Its byte span in the line.
    pub(super) span: Range<usize>,
}

impl Written<'_> {
    /// The place of the value, or of the whole line where there is none.
    pub(super) fn place(&self) -> Place {
        if self.value.is_empty() { self.line.whole() } else { self.line.place(&self.span) }
    }
    /// The place of a byte span of the value.
    pub(super) fn place_of(&self, span: &Range<usize>) -> Place {
        if self.value.is_empty() {
            return self.line.whole();
        }
        self.line.place(&(self.span.start + span.start..self.span.start + span.end))
    }
}

impl Reader {
    fn line(&mut self, line: &Line<'_>) {
        match &line.form {
            Form::Comment => {}
            Form::Empty => {
                if let Some((offset, _, odd)) = odd::find(line.text) {
                    let place = line.place(&(offset..offset + 1));
                    self.findings.error(place, format!("{} in an empty line", odd.name), "make the line really empty");
                }
                if let Some(block) = &mut self.block {
                    block.gap.get_or_insert(line.number);
                }
            }
            Form::Junk { indent } => self.junk(line, *indent),
            Form::Directive { indent, keyword, equals, value } => {
                let name = line.part(keyword);
                let Some(directive) = directives::lookup(name) else {
                    return self.unknown(line, name, *indent > 0);
                };
                self.odd_gaps(line, keyword, equals, value);
                let in_virtual = self.place_in_context(line, directive, *indent);
                if let Some(in_virtual) = in_virtual {
                    self.directive(line, directive, value, in_virtual);
                }
            }
        }
    }

    /// Odd blanks in the indentation and around the sign.
    fn odd_gaps(&mut self, line: &Line<'_>, keyword: &Range<usize>, equals: &Range<usize>, value: &Range<usize>) {
        for (span, where_it_is) in
            [(0..keyword.start, "in the indentation"), (keyword.end..value.start, "beside the equals sign")]
        {
            if let Some((offset, character, odd)) = odd::find(line.part(&span)) {
                let at = span.start + offset;
                let (message, help) = if at == equals.start {
                    (odd.name.to_owned(), "write a plain equals sign")
                } else {
                    (format!("{} {where_it_is}", odd.name), "write plain blanks, or a tab")
                };
                self.findings.error(line.place(&(at..at + character.len_utf8())), message, help);
            }
        }
    }

    /// Decides whether a known directive belongs to the open block (true), stands at the top (false), or cannot be used.
    fn place_in_context(&mut self, line: &Line<'_>, directive: &'static Directive, indent: usize) -> Option<bool> {
        let opening = directive.kind == Kind::Opening;
        if indent == 0 {
            let inside = match (&mut self.block, directive.scope) {
                (_, Scope::Global) => false,
                (Some(block), Scope::Virtual) => {
                    block.lost = true;
                    true
                }
                (Some(block), Scope::Both) => block.lost && block.gap.is_none() && block.ended.is_none(),
                (None, Scope::Both) => false,
                (None, Scope::Virtual) => {
                    self.findings.error(
                        line.whole(),
                        format!("Unknown command {}", shown(line.text)),
                        format!("{}= belongs under a virtual= line, indented", directive.name),
                    );
                    return None;
                }
            };
            if inside {
                let (number, ended) = self.block.as_mut().map_or((0, None), |block| (block.line, block.ended.take()));
                let because = match ended {
                    Some((line, name)) => {
                        format!("; {name}= in line {line} has lost it too, or stands in the wrong place")
                    }
                    None => String::new(),
                };
                self.findings.error(
                    line.whole(),
                    format!("Unknown command {}: lost indentation under virtual=", shown(line.text)),
                    format!(
                        "it belongs to the virtual service of line {number}: begin the line with four blanks{because}"
                    ),
                );
            } else if !opening && let Some(block) = &mut self.block {
                block.ended = Some((line.number, directive.name));
            }
            return Some(inside);
        }
        let Some(block) = &mut self.block else {
            self.findings.error(
                line.whole(),
                format!("Unknown command {}", shown(line.text)),
                match directive.scope {
                    Scope::Virtual => format!("{}= belongs under a virtual= line", directive.name),
                    _ => format!("there is no virtual service to belong to: begin {}= in column 1", directive.name),
                },
            );
            return (directive.scope != Scope::Virtual).then_some(false);
        };
        if directive.scope == Scope::Global {
            self.findings.error(
                line.whole(),
                format!("Unknown command \"{}\"", shown(line.text)),
                if opening {
                    format!("begin {}= in column 1", directive.name)
                } else {
                    format!(
                        "{0} may not stand under virtual=; begin {0}= in column 1, outside of the block",
                        directive.name
                    )
                },
            );
            return Some(false);
        }
        if let Some((ended, name)) = block.ended.take() {
            self.findings.error(
                line.whole(),
                format!("Unknown command {}", shown(line.text)),
                format!(
                    "{name}= in line {ended} begins in column 1 and ended the virtual service of line {}: indent it, or move it",
                    block.line
                ),
            );
        } else if let Some(gap) = block.gap {
            self.findings.note(
                Place { line: super::findings::clamp(gap), column: 1, length: 1 },
                "an empty line inside a virtual service",
                format!(
                    "the Perl program ends the virtual service here and refuses line {}: leave the line out",
                    line.number
                ),
            );
        }
        block.gap = None;
        let shallow = line.text.get(..indent).is_some_and(|blanks| !blanks.contains('\t') && blanks.len() < 4);
        if shallow && !block.shallow {
            block.shallow = true;
            self.findings.note(
                line.place(&(0..indent)),
                "indented by less than four blanks",
                "write four blanks or a tab: the Perl program refuses this line",
            );
        }
        Some(true)
    }

    /// Takes comment and trailing blanks off a value, looks for characters that cannot be, and hands it on.
    fn directive(&mut self, line: &Line<'_>, directive: &'static Directive, span: &Range<usize>, in_virtual: bool) {
        let raw = line.part(span);
        let kept = super::values::verbatim(directive, raw) && !in_virtual;
        let comment = if kept { None } else { super::values::comment_start(raw) };
        let before = raw.get(..comment.unwrap_or(raw.len())).unwrap_or(raw);
        let value = before.trim_end_matches([' ', '\t', '\r', '\u{0B}', '\u{0C}']);
        let written = Written { line, directive, value, span: span.start..span.start + value.len() };
        self.note_leniency(&written, comment, before.len() > value.len(), in_virtual);
        let begins_oddly = value.chars().next().and_then(odd::odd).is_some();
        let plain_text = directive.kind == Kind::Text || directive.kind == Kind::Command && !begins_oddly;
        if !plain_text && let Some((offset, character, odd)) = odd::find(value) {
            let length = character.len_utf8();
            let mut plain = odd::plain(value);
            // Quotes belong to a value only where the directive takes them.
            if !matches!(
                directive.kind,
                Kind::Quoted | Kind::Pattern | Kind::MaybeQuoted | Kind::Addresses | Kind::Real
            ) {
                plain.retain(|character| character != '"');
            }
            self.findings.error(
                written.place_of(&(offset..offset + length)),
                format!("{} in the value of {}: {}", odd.name, directive.name, shown_value(directive, value)),
                format!("write {}={}", directive.name, shown_value(directive, &plain)),
            );
            match (directive.kind, self.config.virtuals.last_mut()) {
                (Kind::Opening, _) => self.open(&written, Opening::Broken, String::new()),
                (Kind::Real, Some(section)) => section.broken_reals = true,
                _ => {}
            }
            return;
        }
        self.judge(&written, in_virtual);
    }

    /// What the Perl program would refuse or cut, and we do not.
    fn note_leniency(&mut self, written: &Written<'_>, comment: Option<usize>, blanks: bool, in_virtual: bool) {
        let exact = matches!(written.directive.kind, Kind::YesNo | Kind::Statuses | Kind::Netmask);
        let at_top = matches!(written.directive.kind, Kind::Fallback | Kind::Addresses) || exact;
        if comment.is_some() && (if in_virtual { exact && blanks } else { at_top }) {
            self.findings.note(
                written.place(),
                format!("a comment behind the value of {}", written.directive.name),
                "put it on a line of its own: the Perl program refuses it here",
            );
        } else if blanks && exact && comment.is_none() {
            self.findings.note(
                written.place(),
                format!("a blank behind the value of {}", written.directive.name),
                "end the line behind the value: the Perl program refuses it",
            );
        }
        if in_virtual && let Some(offset) = written.value.find('#') {
            self.findings.note(
                written.place_of(&(offset..offset + 1)),
                "a # between quotes is text here",
                "the Perl program cuts the line at it",
            );
        }
        if in_virtual
            && let Some(offset) = written.value.find('\t').filter(|_| written.value.contains('"'))
            && let Some(block) = self.block.as_mut().filter(|block| !block.tabs)
            && written.value.get(..offset).is_some_and(|before| before.matches('"').count() % 2 == 1)
        {
            block.tabs = true;
            self.findings.note(
                written.place_of(&(offset..offset + 1)),
                "a tab between quotes stays a tab",
                "the Perl program reads it as four blanks; write blanks if you mean them",
            );
        }
    }

    /// Begins a virtual service.
    pub(super) fn open(&mut self, written: &Written<'_>, opening: Opening, port_text: String) {
        let family = if written.directive.key == Key::Virtual6 { Family::V6 } else { Family::V4 };
        self.block = Some(Block { line: written.line.number, ..Block::default() });
        self.config.virtuals.push(RawVirtual {
            place: written.line.place(&(written.line.indent()..written.span.end)),
            target: written.place(),
            family,
            opening,
            port_text,
            settings: Settings::default(),
            netmask: None,
            receive: None,
            fallback: None,
            reals: Vec::new(),
            broken_reals: false,
        });
    }

    /// A line that is no directive at all.
    fn junk(&mut self, line: &Line<'_>, indent: usize) {
        let text = line.text.trim();
        if indent == 0 && text == "supervised" {
            if let Some(supervised) = directives::lookup("supervised") {
                let value = super::values::Value::Flag(true);
                let place = line.whole();
                self.config.globals.set(supervised.key, super::raw::Given { place, value });
                self.findings.warning(
                    place,
                    "please update your config not to use a bare supervised directive",
                    "write supervised=yes",
                );
            }
            return;
        }
        let in_block = indent > 0 && self.block.is_some();
        let first = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_').next();
        let help = match first.and_then(directives::lookup) {
            Some(directive) => format!("write an equals sign: {}=VALUE", directive.name),
            None => match odd::find(line.text) {
                Some((_, character, odd)) => format!("'{character}' is a {}; write plain characters", odd.name),
                None => "a line is NAME=VALUE, a comment that begins with #, or empty".to_owned(),
            },
        };
        self.unknown_words(line, in_block, help);
    }

    /// A line whose name is no directive.
    fn unknown(&mut self, line: &Line<'_>, name: &str, indented: bool) {
        let in_block = indented && self.block.is_some();
        let help = match directives::nearest(name) {
            Some(near) if near.name.eq_ignore_ascii_case(name) => {
                format!("directives are written in lower case: {}", near.name)
            }
            Some(near) => format!("did you mean {}?", near.name),
            None => format!("there is no directive {}; docs/directives.md lists them", shown(name)),
        };
        self.unknown_words(line, in_block, help);
    }

    fn unknown_words(&mut self, line: &Line<'_>, in_block: bool, help: String) {
        let text = shown(line.text);
        let message = if in_block { format!("Unknown command \"{text}\"") } else { format!("Unknown command {text}") };
        self.findings.error(line.whole(), message, help);
        if let Some(block) = &mut self.block {
            block.gap = None;
        }
    }
}

/// A line as an error shows it: trimmed, not longer than a screen, and without its secret.
pub(super) fn shown(text: &str) -> String {
    let text = text.trim();
    let name = text.split(|character: char| !character.is_ascii_alphanumeric()).next().unwrap_or_default();
    if matches!(name, "passwd" | "secret") && name.len() < text.len() {
        return format!("{name}=***");
    }
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A value as an error shows it.
pub(super) fn shown_value(directive: &Directive, value: &str) -> String {
    if matches!(directive.key, Key::Passwd | Key::Secret) { "***".to_owned() } else { shown(value) }
}
