//! Everything that begins with a backslash outside of a class, and the escapes that classes share.

use super::PatternError;
use super::cursor::error;
use super::parse::Parser;
use super::set::ByteSet;
use super::tree::{Node, Place};

impl Parser<'_> {
    /// What follows a backslash that stands at `begin`.
    pub(super) fn escape(&mut self, begin: usize) -> Result<Node, PatternError> {
        let Some(letter) = self.cursor.peek() else {
            return error(begin, "a backslash ends the pattern: write '\\\\' for the character itself");
        };
        let place = match letter {
            b'A' | b'G' => Some(Place::StartOfText),
            b'z' => Some(Place::EndOfText),
            b'Z' => Some(Place::EndOrFinalNewline),
            b'b' => Some(Place::WordBoundary),
            b'B' => Some(Place::NoWordBoundary),
            _ => None,
        };
        if let Some(place) = place {
            self.cursor.at += 1;
            if letter.eq_ignore_ascii_case(&b'b') && self.cursor.rest().starts_with(b"{") {
                return error(begin, "\\b{…} needs Unicode rules, which answers in bytes do not have: write \\b");
            }
            return Ok(Node::Place(place));
        }
        match letter {
            b'R' => {
                self.cursor.at += 1;
                let newline = Node::Concat(vec![self.byte(b'\r'), self.byte(b'\n')]);
                let any = Node::Alternation(vec![newline, Node::Set(ByteSet::vertical())]);
                Ok(Node::Atomic(Box::new(any)))
            }
            b'N' if !self.named_character_follows() => {
                self.cursor.at += 1;
                Ok(Node::Set(ByteSet::one(b'\n').complement()))
            }
            b'K' if self.look_depth > 0 => error(begin, "\\K may not stand inside a look-around, as in Perl"),
            b'K' => {
                // Only moves where the match is said to begin: no matter for whether there is one.
                self.cursor.at += 1;
                Ok(Node::Empty)
            }
            b'g' | b'k' => {
                self.cursor.at += 1;
                self.reference(begin, letter)
            }
            b'1'..=b'9' => self.numbered(begin),
            _ => {
                let set = self.set_escape(begin)?;
                Ok(Node::Set(if self.flags.fold { set.both_cases() } else { set }))
            }
        }
    }

    /// `\N{…}` is a character by name unless the braces are a count.
    fn named_character_follows(&self) -> bool {
        let rest = self.cursor.rest().get(1..).unwrap_or_default();
        let Some(inner) = rest.strip_prefix(b"{") else { return false };
        let inner = inner.split(|byte| *byte == b'}').next().unwrap_or_default();
        !inner.iter().all(|byte| byte.is_ascii_digit() || b", \t".contains(byte)) || inner.is_empty()
    }

    /// `\1` to `\9` are groups; more digits are a group if so many are open already, else octal.
    fn numbered(&mut self, begin: usize) -> Result<Node, PatternError> {
        let mut ahead = self.cursor;
        let number = ahead.number(10, usize::MAX).unwrap_or(u32::MAX) as usize;
        let octal = self.cursor.peek().is_some_and(|digit| digit < b'8');
        if number > 9 && number > self.groups && octal {
            let byte = self.octal(begin)?;
            return Ok(self.byte(byte));
        }
        self.cursor = ahead;
        self.references.push((number, begin));
        Ok(Node::Reference { group: number, fold: self.flags.fold })
    }

    /// Up to three octal digits.
    fn octal(&mut self, begin: usize) -> Result<u8, PatternError> {
        let value = self.cursor.number(8, 3);
        byte_of(value, begin)
    }

    /// `\g1`, `\g{-1}`, `\g{name}`, `\k<name>`, `\k'name'`, `\k{name}`; the letter is stepped over.
    fn reference(&mut self, begin: usize, letter: u8) -> Result<Node, PatternError> {
        let end = match (letter, self.cursor.peek()) {
            (_, Some(b'{')) => Some(b'}'),
            (b'k', Some(b'<')) => Some(b'>'),
            (b'k', Some(b'\'')) => Some(b'\''),
            (b'k', _) => return error(begin, "\\k is followed by a group's name, as in \\k<name>"),
            _ => None,
        };
        if end.is_some() {
            self.cursor.at += 1;
            self.cursor.blanks();
        }
        let place = self.cursor.at;
        let back = self.cursor.eat(b"-");
        if letter == b'g' && self.cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            let number = self.cursor.number(10, usize::MAX).unwrap_or(u32::MAX) as usize;
            self.cursor.blanks();
            if end.is_some() && !self.cursor.eat(b"}") {
                return error(begin, "this \\g{ is not closed: a '}' is missing");
            }
            let group = if back { (self.groups + 1).saturating_sub(number) } else { number };
            self.references.push((group, begin));
            return Ok(Node::Reference { group, fold: self.flags.fold });
        }
        let (Some(end), false) = (end, back) else {
            return error(begin, "\\g is followed by a group's number or name, as in \\g{1}");
        };
        let name = self.name(end)?;
        Ok(self.reference_by_name(name, place))
    }

    /// The escapes that stand for one byte or one out of a set, in and out of classes.
    pub(super) fn set_escape(&mut self, begin: usize) -> Result<ByteSet, PatternError> {
        let Some(letter) = self.cursor.next() else {
            return error(begin, "a backslash ends the pattern: write '\\\\' for the character itself");
        };
        Ok(match letter {
            b'd' => ByteSet::digits(),
            b'D' => ByteSet::digits().complement(),
            b'w' => ByteSet::word(),
            b'W' => ByteSet::word().complement(),
            b's' => ByteSet::space(),
            b'S' => ByteSet::space().complement(),
            b'h' => ByteSet::horizontal(),
            b'H' => ByteSet::horizontal().complement(),
            b'v' => ByteSet::vertical(),
            b'V' => ByteSet::vertical().complement(),
            b'a' => ByteSet::one(0x07),
            b'e' => ByteSet::one(0x1b),
            b'f' => ByteSet::one(0x0c),
            b'n' => ByteSet::one(b'\n'),
            b'r' => ByteSet::one(b'\r'),
            b't' => ByteSet::one(b'\t'),
            b'c' => match self.cursor.next() {
                Some(control @ b' '..=b'~') => ByteSet::one(control.to_ascii_uppercase() ^ 0x40),
                _ => return error(begin, "\\c is followed by the control character's letter, as in \\cA"),
            },
            b'x' => ByteSet::one(self.hexadecimal(begin)?),
            b'o' if self.cursor.eat(b"{") => {
                self.cursor.blanks();
                let value = self.cursor.number(8, usize::MAX);
                self.close_brace(begin)?;
                ByteSet::one(byte_of(value, begin)?)
            }
            b'o' => return error(begin, "\\o is followed by octal digits in braces, as in \\o{101}"),
            b'0'..=b'7' => {
                self.cursor.at -= 1;
                ByteSet::one(self.octal(begin)?)
            }
            b'N' => {
                if !self.cursor.eat(b"{U+") {
                    return error(begin, "characters by name are not supported: write the bytes, as in \\x20");
                }
                let value = self.cursor.number(16, usize::MAX);
                self.close_brace(begin)?;
                ByteSet::one(byte_of(value, begin)?)
            }
            b'p' | b'P' => {
                return error(
                    begin,
                    "Unicode properties are not supported, answers are bytes: write [[:alpha:]], [[:digit:]] …",
                );
            }
            b'X' => return error(begin, "\\X needs Unicode rules, which answers in bytes do not have: write '.'"),
            b'C' => return error(begin, "\\C is gone from Perl too: write '.'"),
            b'U' | b'L' | b'u' | b'l' | b'F' => {
                let letter = char::from(letter);
                return error(
                    begin,
                    format!("\\{letter} changes nothing in a pattern: write (?i) to ignore case, or '{letter}'"),
                );
            }
            // Perl takes every other letter, and everything that is no letter, for itself.
            other => ByteSet::one(other),
        })
    }

    /// `\x4`, `\x41`, `\x{41}`; digits end where they end, and none is 0, as in Perl.
    fn hexadecimal(&mut self, begin: usize) -> Result<u8, PatternError> {
        if !self.cursor.eat(b"{") {
            let value = self.cursor.number(16, 2);
            return byte_of(value, begin);
        }
        self.cursor.blanks();
        let value = self.cursor.number(16, usize::MAX);
        self.close_brace(begin)?;
        byte_of(value, begin)
    }

    /// Steps behind `}`; Perl ignores what stands before it.
    fn close_brace(&mut self, begin: usize) -> Result<(), PatternError> {
        if self.cursor.take_until(b'}').is_some() {
            return Ok(());
        }
        error(begin, "a '}' is missing behind this escape")
    }
}

fn byte_of(value: Option<u32>, begin: usize) -> Result<u8, PatternError> {
    match value.and_then(|value| u8::try_from(value).ok()) {
        Some(byte) => Ok(byte),
        None => error(
            begin,
            "answers are bytes, this is a character above \\xff: write its UTF-8 bytes, as in \\xe2\\x98\\xba",
        ),
    }
}
