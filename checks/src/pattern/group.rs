//! Everything that begins with a parenthesis.

use super::PatternError;
use super::cursor::error;
use super::parse::{Flags, NAMED, Parser};
use super::set::ByteSet;
use super::tree::Node;

/// Perl's limit for a look-behind.
const LONGEST_BEHIND: usize = 255;

impl<'a> Parser<'a> {
    /// What follows `(`, which stands at `begin`. `None` for `(?i)` and the like, which only set flags.
    pub(super) fn group(&mut self, begin: usize) -> Result<Option<Node>, PatternError> {
        if self.cursor.eat(b"*") {
            return self.verb(begin).map(Some);
        }
        if !self.cursor.eat(b"?") {
            let node = if self.flags.no_capture { self.inside(begin)? } else { self.capture(begin, None)? };
            return Ok(Some(node));
        }
        let look = |parser: &mut Self, behind, negative| parser.look(begin, behind, negative).map(Some);
        if self.cursor.eat(b"=") {
            return look(self, false, false);
        } else if self.cursor.eat(b"!") {
            return look(self, false, true);
        } else if self.cursor.eat(b"<=") {
            return look(self, true, false);
        } else if self.cursor.eat(b"<!") {
            return look(self, true, true);
        } else if self.cursor.eat(b">") {
            return Ok(Some(Node::Atomic(Box::new(self.inside(begin)?))));
        } else if self.cursor.eat(b"P=") {
            let place = self.cursor.at;
            let name = self.name(b')')?;
            return Ok(Some(self.reference_by_name(name, place)));
        } else if self.cursor.eat(b"<") || self.cursor.eat(b"P<") {
            let name = self.name(b'>')?;
            return self.capture(begin, Some(name)).map(Some);
        } else if self.cursor.eat(b"'") {
            let name = self.name(b'\'')?;
            return self.capture(begin, Some(name)).map(Some);
        } else if self.cursor.eat(b"(") {
            return self.condition(begin).map(Some);
        }
        match self.cursor.peek() {
            Some(b'R' | b'0'..=b'9' | b'&' | b'+' | b'P') => recursion(begin),
            Some(b'-') if self.cursor.rest().get(1).is_some_and(u8::is_ascii_digit) => recursion(begin),
            Some(b'|') => error(begin, "'(?|' is not supported: number the groups of each branch on their own"),
            Some(b'{' | b'?') => {
                error(begin, "code in a pattern is not run, as in Perl for a pattern that is a variable")
            }
            Some(b'[') => error(begin, "'(?[' is not supported: write an ordinary class, [...]"),
            _ => self.flags_group(begin),
        }
    }

    /// A group's content and its `)`; flags set in it end with it.
    fn inside(&mut self, begin: usize) -> Result<Node, PatternError> {
        let flags = self.flags;
        let node = self.alternation()?;
        self.flags = flags;
        self.close(begin)?;
        Ok(node)
    }

    fn close(&mut self, begin: usize) -> Result<(), PatternError> {
        if self.cursor.eat(b")") {
            return Ok(());
        }
        error(begin, "this '(' is not closed: write '\\(' for the character itself")
    }

    fn capture(&mut self, begin: usize, name: Option<&'a [u8]>) -> Result<Node, PatternError> {
        self.groups += 1;
        let number = self.groups;
        if let Some(name) = name {
            self.names.push((name, number));
        }
        Ok(Node::Capture(number, Box::new(self.inside(begin)?)))
    }

    fn look(&mut self, begin: usize, behind: bool, negative: bool) -> Result<Node, PatternError> {
        if behind {
            self.first_behind.get_or_insert(begin);
        }
        self.look_depth += 1;
        let node = Box::new(self.inside(begin)?);
        self.look_depth -= 1;
        if behind && node.lengths().1.is_none_or(|longest| longest > LONGEST_BEHIND) {
            let message = format!(
                "this look-behind may be longer than {LONGEST_BEHIND} bytes, which Perl refuses too: bound it, as in {{1,99}}"
            );
            return error(begin, message);
        }
        Ok(Node::Look { behind, negative, node })
    }

    /// A group's name up to `end`.
    pub(super) fn name(&mut self, end: u8) -> Result<&'a [u8], PatternError> {
        let begin = self.cursor.at;
        let name = self.cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.first().is_none_or(u8::is_ascii_digit) {
            return error(begin, "a group's name begins with a letter or '_'");
        }
        if !self.cursor.eat(&[end]) {
            return error(
                begin,
                format!("a group's name is letters, digits and '_', and ends with '{}'", char::from(end)),
            );
        }
        Ok(name)
    }

    pub(super) fn reference_by_name(&mut self, name: &'a [u8], offset: usize) -> Node {
        self.named_references.push((name, offset));
        Node::Reference { group: NAMED + self.named_references.len() - 1, fold: self.flags.fold }
    }

    /// `(?(1)yes|no)`, `(?(<name>)yes|no)`; the cursor stands behind the second parenthesis.
    fn condition(&mut self, begin: usize) -> Result<Node, PatternError> {
        let place = self.cursor.at;
        let closing = match self.cursor.peek() {
            Some(b'<') => Some(b'>'),
            Some(b'\'') => Some(b'\''),
            _ => None,
        };
        let group = if let Some(closing) = closing {
            self.cursor.at += 1;
            let name = self.name(closing)?;
            self.reference_by_name(name, place);
            NAMED + self.named_references.len() - 1
        } else if self.cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            let number = self.cursor.number(10, usize::MAX).unwrap_or(u32::MAX) as usize;
            self.references.push((number, place));
            number
        } else {
            return error(
                begin,
                "a condition may be a group, as in (?(1)yes|no): write (?:(?=…)yes|(?!…)no) for a look-ahead",
            );
        };
        if !self.cursor.eat(b")") {
            return error(begin, "this condition is not closed: a ')' is missing");
        }
        Ok(match self.inside(begin)? {
            Node::Alternation(branches) => match <[Node; 2]>::try_from(branches) {
                Ok([yes, no]) => Node::Condition { group, yes: Box::new(yes), no: Box::new(no) },
                Err(_) => return error(begin, "a condition has at most two branches"),
            },
            yes => Node::Condition { group, yes: Box::new(yes), no: Box::new(Node::Empty) },
        })
    }

    /// `(?i)`, `(?i-s:…)`, `(?^:…)`
    fn flags_group(&mut self, begin: usize) -> Result<Option<Node>, PatternError> {
        let mut flags = self.flags;
        if self.cursor.eat(b"^") {
            flags = Flags::default();
        }
        let mut on = true;
        loop {
            let place = self.cursor.at;
            match self.cursor.next() {
                Some(b'i') => flags.fold = on,
                Some(b'm') => flags.lines = on,
                Some(b's') => flags.dot_newline = on,
                Some(b'n') => flags.no_capture = on,
                Some(b'x') => {
                    flags.extended = on;
                    flags.extended_classes = self.cursor.eat(b"x") && on;
                }
                // Bytes under ASCII rules are what we match anyway.
                Some(b'a' | b'd' | b'p') => {}
                Some(b'-') if on => on = false,
                Some(b')') => {
                    self.flags = flags;
                    return Ok(None);
                }
                Some(b':') => {
                    let outside = std::mem::replace(&mut self.flags, flags);
                    let node = self.inside(begin)?;
                    self.flags = outside;
                    return Ok(Some(node));
                }
                Some(b'u' | b'l') => {
                    return error(place, "Unicode and locale rules are not supported: answers are bytes");
                }
                Some(_) => {
                    return error(begin, "'(?' is followed by nothing Perl knows: write '\\(\\?' for the characters");
                }
                None => return error(begin, "this '(?' is not closed: a ')' is missing"),
            }
        }
    }

    /// `(*pla:…)` and the other look-arounds by name, `(*FAIL)`.
    fn verb(&mut self, begin: usize) -> Result<Node, PatternError> {
        let name = self.cursor.take_while(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if (name == b"FAIL" || name == b"F") && self.cursor.eat(b")") {
            return Ok(Node::Set(ByteSet::EMPTY));
        }
        if self.cursor.eat(b":") {
            match name {
                b"pla" | b"positive_lookahead" => return self.look(begin, false, false),
                b"nla" | b"negative_lookahead" => return self.look(begin, false, true),
                b"plb" | b"positive_lookbehind" => return self.look(begin, true, false),
                b"nlb" | b"negative_lookbehind" => return self.look(begin, true, true),
                b"atomic" => return Ok(Node::Atomic(Box::new(self.inside(begin)?))),
                _ => {}
            }
        }
        error(begin, "verbs that steer backtracking are not supported: write '\\(\\*' for the characters themselves")
    }
}

fn recursion<T>(begin: usize) -> Result<T, PatternError> {
    error(begin, "recursion into a group is not supported: repeat the group's text instead")
}
