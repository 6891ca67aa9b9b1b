//! Where a line belongs: to a block, to the globals, or to nothing that can be mended.

use super::Fault;
use super::text::{is_blank, is_odd_blank, is_plain_blank, plain_blanks};
use super::value::{Class, class};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing but blanks; `inside`: more of the same block follows.
    Blank { inside: bool },
    /// A comment.
    Comment,
    /// A global directive or `virtual=`.
    Global,
    /// A directive of the virtual service above.
    Block,
    /// Anything else: stays as it is.
    Other,
}

/// A line looked at without its context.
struct Look<'a> {
    indented: bool,
    keyword: &'a str,
}

impl Look<'_> {
    fn is_virtual(&self) -> bool {
        matches!(self.keyword, "virtual" | "virtual6")
    }
    fn global(&self) -> bool {
        class(self.keyword, false).is_some()
    }
    fn block(&self) -> bool {
        class(self.keyword, true).is_some()
    }
}

fn look(line: &str) -> Look<'_> {
    let rest = line.trim_start_matches(is_blank);
    let end = rest.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let (keyword, behind) = rest.split_at(end);
    let behind = behind.trim_start_matches(is_blank);
    // Only one directive may stand without a value.
    let bare = keyword == "supervised" && (behind.is_empty() || behind.starts_with('#'));
    let keyword = if bare || behind.starts_with('=') { keyword } else { "" };
    Look { indented: rest.len() < line.len(), keyword }
}

/// The place of every line.
pub(super) fn places(lines: &[&str]) -> Vec<Place> {
    // Which lines may be a block's: those behind a virtual=, up to a directive in column 1 that is only global.
    let mut section = false;
    let sections: Vec<bool> = lines
        .iter()
        .map(|line| {
            let look = look(line);
            if look.is_virtual() {
                section = true;
            } else if !look.indented && look.global() && !look.block() {
                section = false;
            }
            section
        })
        .collect();
    // From the end: a line that could be global or not belongs to the block when more of the block follows it.
    let mut follows = false;
    let mut places: Vec<Place> = lines
        .iter()
        .zip(sections)
        .rev()
        .map(|(line, section)| {
            let rest = line.trim_start_matches(is_blank);
            let look = look(line);
            follows &= section && !look.is_virtual();
            if rest.is_empty() {
                Place::Blank { inside: follows }
            } else if rest.starts_with('#') {
                Place::Comment
            } else if look.is_virtual() {
                Place::Global
            } else if section && look.block() && (look.indented || !look.global() || follows) {
                follows = true;
                Place::Block
            } else if look.global() && !(look.indented && follows) {
                Place::Global
            } else {
                Place::Other
            }
        })
        .collect();
    places.reverse();
    places
}

/// How wide ldirectord sees an indentation of plain blanks.
fn width(indent: &str) -> usize {
    indent.chars().map(|character| if character == '\t' { 4 } else { 1 }).sum()
}

/// The indentation as it should be, and the rest of the line.
pub(super) fn indentation<'a>(line: &'a str, block: bool, note: &mut impl FnMut(Fault)) -> (String, &'a str) {
    let rest = line.trim_start_matches(is_blank);
    let indent = line.get(..line.len() - rest.len()).unwrap_or_default();
    if let Some(odd) = indent.chars().find(|character| is_odd_blank(*character)) {
        note(Fault::Blank(odd));
    }
    let plain = plain_blanks(indent);
    if !block {
        if !plain.is_empty() {
            note(Fault::SuperfluousIndentation);
        }
        return (String::new(), rest);
    }
    if width(&plain) >= 4 {
        return (plain, rest);
    }
    note(if plain.is_empty() { Fault::LostIndentation } else { Fault::ShortIndentation });
    ("    ".to_owned(), rest)
}

/// A line of blanks outside a block: wrong only where ldirectord takes it for the block's, or does not see blanks.
pub(super) fn blank_line(line: &str, open: bool, note: &mut impl FnMut(Fault)) -> String {
    if let Some(odd) = line.chars().find(|character| is_odd_blank(*character)) {
        note(Fault::Blank(odd));
        return String::new();
    }
    if open && width(line) >= 5 {
        note(Fault::LineOfBlanks);
        return String::new();
    }
    line.to_owned()
}

/// A comment: only the blanks before its sign matter.
pub(super) fn comment(line: &str, note: &mut impl FnMut(Fault)) -> String {
    let rest = line.trim_start_matches(is_blank);
    let indent = line.get(..line.len() - rest.len()).unwrap_or_default();
    match indent.chars().find(|character| is_odd_blank(*character)) {
        Some(odd) => {
            note(Fault::Blank(odd));
            format!("{}{rest}", plain_blanks(indent))
        }
        None => line.to_owned(),
    }
}

/// Whether ldirectord is inside a block behind this line, if it was `open` before.
pub(super) fn stays_open(line: &str, open: bool) -> bool {
    let rest = line.trim_start_matches(is_plain_blank);
    if rest.starts_with('#') {
        return open;
    }
    let content = line.split('#').next().unwrap_or_default();
    let indent = content.len() - content.trim_start_matches(is_plain_blank).len();
    let indent = content.get(..indent).map_or(0, width);
    if open && indent >= 4 && !(rest.is_empty() && indent < 5) {
        return true;
    }
    line.starts_with("virtual") && matches!(class(look(line).keyword, false), Some(Class::Service))
}
