//! Sets of bytes: what one position of a pattern accepts. Perl's classes without locale or Unicode rules, so `\d`, `\w`, `\s` and
//! the POSIX names are ASCII; `\h`, `\v` and `\R` include the high control bytes whatever the rules.

/// 256 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ByteSet([u128; 2]);

impl ByteSet {
    pub(super) const EMPTY: Self = Self([0; 2]);

    pub(super) fn one(byte: u8) -> Self {
        Self::EMPTY.with(byte)
    }
    pub(super) fn of(bytes: &[u8]) -> Self {
        bytes.iter().fold(Self::EMPTY, |set, byte| set.with(*byte))
    }
    pub(super) fn range(first: u8, last: u8) -> Self {
        (first..=last).fold(Self::EMPTY, Self::with)
    }
    pub(super) fn where_true(accepts: impl Fn(u8) -> bool) -> Self {
        (0..=u8::MAX).filter(|byte| accepts(*byte)).fold(Self::EMPTY, Self::with)
    }
    #[must_use]
    pub(super) fn with(self, byte: u8) -> Self {
        let bit = 1u128 << (byte & 0x7f);
        if byte < 0x80 { Self([self.0[0] | bit, self.0[1]]) } else { Self([self.0[0], self.0[1] | bit]) }
    }
    #[must_use]
    pub(super) fn union(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }
    #[must_use]
    pub(super) fn complement(self) -> Self {
        Self([!self.0[0], !self.0[1]])
    }
    pub(super) fn contains(self, byte: u8) -> bool {
        let half = if byte < 0x80 { self.0[0] } else { self.0[1] };
        half >> (byte & 0x7f) & 1 == 1
    }
    /// Under `(?i)`: ASCII letters in both cases.
    #[must_use]
    pub(super) fn both_cases(self) -> Self {
        (b'a'..=b'z').fold(self, |set, lower| {
            let upper = lower.to_ascii_uppercase();
            if set.contains(lower) || set.contains(upper) { set.with(lower).with(upper) } else { set }
        })
    }
    /// The only member, if there is exactly one.
    pub(super) fn single(self) -> Option<u8> {
        let count = self.0[0].count_ones() + self.0[1].count_ones();
        if count == 1 { self.ranges().first().map(|(first, _)| *first) } else { None }
    }
    /// The members as ascending ranges.
    pub(super) fn ranges(self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in (0..=u8::MAX).filter(|byte| self.contains(*byte)) {
            match ranges.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(byte) => *last = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }

    pub(super) fn digits() -> Self {
        Self::range(b'0', b'9')
    }
    pub(super) fn word() -> Self {
        Self::where_true(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }
    pub(super) fn space() -> Self {
        Self::of(b" \t\n\x0b\x0c\r")
    }
    pub(super) fn horizontal() -> Self {
        Self::of(b" \t\xa0")
    }
    pub(super) fn vertical() -> Self {
        Self::of(b"\n\x0b\x0c\r\x85")
    }
    /// A POSIX class by its name between `[:` and `:]`. With `fold`, upper and lower are letters of either case.
    pub(super) fn posix(name: &[u8], fold: bool) -> Option<Self> {
        Some(match name {
            b"upper" | b"lower" if fold => Self::where_true(|byte| byte.is_ascii_alphabetic()),
            b"alpha" => Self::where_true(|byte| byte.is_ascii_alphabetic()),
            b"digit" => Self::digits(),
            b"alnum" => Self::where_true(|byte| byte.is_ascii_alphanumeric()),
            b"upper" => Self::range(b'A', b'Z'),
            b"lower" => Self::range(b'a', b'z'),
            b"space" => Self::space(),
            b"blank" => Self::of(b" \t"),
            b"punct" => Self::where_true(|byte| byte.is_ascii_punctuation()),
            b"print" => Self::range(b' ', b'~'),
            b"graph" => Self::range(b'!', b'~'),
            b"cntrl" => Self::where_true(|byte| byte.is_ascii_control()),
            b"xdigit" => Self::where_true(|byte| byte.is_ascii_hexdigit()),
            b"word" => Self::word(),
            b"ascii" => Self::range(0, 0x7f),
            _ => return None,
        })
    }
}
