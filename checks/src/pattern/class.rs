//! Bracketed classes, `[…]`.

use super::PatternError;
use super::cursor::error;
use super::parse::Parser;
use super::set::ByteSet;

/// One member of a class: a byte may begin or end a range, a set may not.
enum Member {
    Byte(u8),
    Set(ByteSet),
}

impl Parser<'_> {
    /// What follows `[`, which stands at `begin`.
    pub(super) fn class(&mut self, begin: usize) -> Result<ByteSet, PatternError> {
        let negated = self.cursor.eat(b"^");
        let mut set = ByteSet::EMPTY;
        let mut first = true;
        loop {
            self.skip_class_blanks();
            let place = self.cursor.at;
            match self.cursor.peek() {
                None => return error(begin, "this '[' is not closed: write '\\[' for the character itself"),
                Some(b']') if !first => break,
                Some(_) => {}
            }
            first = false;
            let member = self.member()?;
            set = set.union(self.range_from(member, place)?);
        }
        self.cursor.at += 1;
        let set = if self.flags.fold { set.both_cases() } else { set };
        Ok(if negated { set.complement() } else { set })
    }

    fn skip_class_blanks(&mut self) {
        if self.flags.extended_classes {
            self.cursor.blanks();
        }
    }

    /// A member, or the range it begins. A '-' beside a set or a bracket is itself.
    fn range_from(&mut self, member: Member, place: usize) -> Result<ByteSet, PatternError> {
        self.skip_class_blanks();
        let before = self.cursor;
        if !self.cursor.eat(b"-") {
            return Ok(member.set());
        }
        self.skip_class_blanks();
        if matches!(self.cursor.peek(), None | Some(b']')) {
            self.cursor = before;
            return Ok(member.set());
        }
        let Member::Byte(low) = member else { return Ok(member.set().with(b'-')) };
        match self.member()? {
            Member::Byte(high) if low <= high => Ok(ByteSet::range(low, high)),
            Member::Byte(_) => error(place, "this range in [...] runs backwards: write the smaller character first"),
            Member::Set(set) => Ok(set.with(low).with(b'-')),
        }
    }

    fn member(&mut self) -> Result<Member, PatternError> {
        let begin = self.cursor.at;
        if self.cursor.eat(b"\\") {
            return self.escaped_member(begin);
        }
        for (opening, mark) in [(b"[:", b':'), (b"[.", b'.'), (b"[=", b'=')] {
            if self.cursor.rest().starts_with(opening)
                && let Some(set) = self.posix(begin, mark)?
            {
                return Ok(Member::Set(set));
            }
        }
        Ok(Member::Byte(self.cursor.next().unwrap_or_default()))
    }

    /// `[:name:]`, `[:^name:]`. `None` when it is not closed, so that the bracket is a character.
    fn posix(&mut self, begin: usize, mark: u8) -> Result<Option<ByteSet>, PatternError> {
        let inner = self.cursor.rest().get(2..).unwrap_or_default();
        let length = inner.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"^_".contains(byte));
        let length = length.unwrap_or(inner.len());
        let (name, behind) = inner.split_at_checked(length).unwrap_or_default();
        if !behind.starts_with(&[mark, b']']) {
            return Ok(None);
        }
        if mark != b':' {
            return error(begin, "[. .] and [= =] mean nothing, in Perl too: write the characters themselves");
        }
        self.cursor.at += length + 4;
        let negated = name.first() == Some(&b'^');
        let name = name.strip_prefix(b"^").unwrap_or(name);
        match ByteSet::posix(name, self.flags.fold) {
            Some(set) => Ok(Some(if negated { set.complement() } else { set })),
            None => {
                error(begin, "there is no such POSIX class: alpha, digit, alnum, upper, lower, space, punct, xdigit …")
            }
        }
    }

    fn escaped_member(&mut self, begin: usize) -> Result<Member, PatternError> {
        match self.cursor.peek() {
            Some(b'b') => {
                self.cursor.at += 1;
                return Ok(Member::Byte(0x08));
            }
            Some(b'N') if !self.cursor.rest().starts_with(b"N{") => {
                return error(begin, "\\N may not stand in [...]: write [^\\n]");
            }
            Some(b'E') => return error(begin, "\\E may not stand in [...]: close \\Q before it"),
            _ => {}
        }
        let set = self.set_escape(begin)?;
        Ok(set.single().map_or(Member::Set(set), Member::Byte))
    }
}

impl Member {
    fn set(&self) -> ByteSet {
        match self {
            Self::Byte(byte) => ByteSet::one(*byte),
            Self::Set(set) => *set,
        }
    }
}
