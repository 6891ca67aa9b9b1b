//! `check --fix`: a file that fails only for trivia (typographic quotes, lost indentation, a blank line inside a block, trailing
//! comments, exotic blanks …) made loadable, for ldirectord too. A line that ldirectord loads stays as it is, byte for byte,
//! but for line ends, blanks that are none right behind `=`, typographic quotes around a whole value, `-w` and bare `supervised`:
//! there the meaning is what a person reads. What each mending is called says what was wrong.

mod layout;
mod text;
mod value;

use std::fmt;

/// One thing that was mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mending {
    /// Line in the file as it was, from 1.
    pub line: usize,
    /// What was wrong there.
    pub fault: Fault,
}

/// What can be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// U+FEFF at the beginning of the file.
    ByteOrderMark,
    /// Bytes that are not UTF-8.
    Encoding,
    /// CR LF; reported once, for the first line.
    CarriageReturn,
    /// A blank that is not one for ldirectord: ideographic, no-break, zero-width …; the first one of the line.
    Blank(char),
    /// Typographic or single quotes around a value.
    Quotes(char),
    /// A value that must stand in quotes and does not, or has only one.
    MissingQuotes,
    /// A directive of a virtual service that begins in column 1.
    LostIndentation,
    /// A directive of a virtual service behind fewer than four blanks.
    ShortIndentation,
    /// A blank before `virtual=` or before a global directive.
    SuperfluousIndentation,
    /// A blank line that ends a block too early.
    BlankLineInBlock,
    /// A line of nothing but blanks right behind a block.
    LineOfBlanks,
    /// A comment behind a value that must stand alone; it moves to a line of its own.
    TrailingComment,
    /// Blanks behind a value that must match exactly.
    TrailingBlanks,
    /// `-w 5` on a real server's line: ipvsadm's form. ldirectord happens to find the number.
    WeightOption,
    /// `supervised` without a value.
    BareSupervised,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str("byte order mark at the beginning of the file: removed"),
            Self::Encoding => f.write_str("bytes that are not UTF-8: read as Windows-1252, written as UTF-8"),
            Self::CarriageReturn => f.write_str("lines end in CR LF: in LF now, here and below"),
            Self::Blank(character) => {
                let name = match character {
                    '\u{3000}' => "ideographic blank",
                    '\u{a0}' | '\u{202f}' => "no-break blank",
                    '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => "invisible character",
                    _ => "typographic blank",
                };
                write!(f, "{name} (U+{:04X}): a plain blank, or none", u32::from(*character))
            }
            Self::Quotes('\'') => f.write_str("single quotes around the value: double quotes"),
            Self::Quotes(character) => {
                write!(f, "typographic quotes ({character}) around the value: plain double quotes")
            }
            Self::MissingQuotes => f.write_str("no quotes around the value, or only one: double quotes"),
            Self::LostIndentation => f.write_str("lost indentation under virtual=: four blanks"),
            Self::ShortIndentation => f.write_str("fewer than four blanks of indentation under virtual=: four"),
            Self::SuperfluousIndentation => {
                f.write_str("indentation before a directive that stands in no block: removed")
            }
            Self::BlankLineInBlock => f.write_str("blank line inside a block, which ends it: a comment sign"),
            Self::LineOfBlanks => f.write_str("line of blanks behind a block: an empty line"),
            Self::TrailingComment => f.write_str("comment behind the value: on a line of its own"),
            Self::TrailingBlanks => f.write_str("blanks behind the value: removed"),
            Self::WeightOption => f.write_str("the weight stands by itself, without -w"),
            Self::BareSupervised => f.write_str("supervised without a value: supervised=yes"),
        }
    }
}

impl fmt::Display for Mending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

/// Mends a file: its new text, and what was done, in the order of lines.
pub fn mend(text: &[u8]) -> (String, Vec<Mending>) {
    let mut mendings = Vec::new();
    let text = text::plain(text, &mut mendings);
    let lines: Vec<&str> = text.split('\n').collect();
    let places = layout::places(&lines);
    let mut mended = Vec::with_capacity(lines.len());
    // Whether ldirectord, reading what is written here, would be inside a block.
    let mut open = false;
    for (index, (line, place)) in lines.iter().zip(&places).enumerate() {
        let mut note = |fault| mendings.push(Mending { line: index + 1, fault });
        let line = match place {
            layout::Place::Blank { inside: true } => {
                note(Fault::BlankLineInBlock);
                "    #".to_owned()
            }
            layout::Place::Blank { inside: false } => layout::blank_line(line, open, &mut note),
            layout::Place::Comment => layout::comment(line, &mut note),
            layout::Place::Global | layout::Place::Block => {
                let block = *place == layout::Place::Block;
                let (indent, rest) = layout::indentation(line, block, &mut note);
                let directive = value::directive(rest, block, &mut note);
                if let Some(comment) = directive.comment {
                    mended.push(format!("{indent}{comment}"));
                }
                format!("{indent}{}", directive.line)
            }
            layout::Place::Other => (*line).to_owned(),
        };
        open = layout::stays_open(&line, open);
        mended.push(line);
    }
    mendings.sort_by_key(|mending| mending.line);
    (mended.join("\n"), mendings)
}

#[cfg(test)]
mod tests;
