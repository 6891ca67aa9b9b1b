//! Fields off the front of a message of a peer that is not trusted: where there are too few bytes, there is no field.

/// What is left of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
    /// One byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }
    /// Two bytes, the more significant one first.
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }
    /// Four bytes, the most significant one first.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }
    /// Two bytes, the less significant one first.
    pub(crate) fn u16_little(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }
    /// Everything before the next NUL, which is stepped over.
    pub(crate) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.take(length);
        self.take(1)?;
        text
    }
}

/// The digits of base64 (RFC 4648, section 4).
pub(crate) const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for piece in bytes.chunks(3) {
        let number = (0..3).fold(0u32, |number, index| number << 8 | u32::from(*piece.get(index).unwrap_or(&0)));
        for index in 0..4 {
            let digit = usize::try_from(number >> (18 - 6 * index) & 63).unwrap_or_default();
            text.push(if index > piece.len() { '=' } else { DIGITS.get(digit).copied().map_or('=', char::from) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn fields_in_order_and_none_behind_the_end() {
        let mut bytes = Bytes(b"\x01\x01\x02\x01\x02\0\0\x03\x04hello\0\x05");
        assert_eq!((bytes.byte(), bytes.u16(), bytes.u16_little()), (Some(1), Some(258), Some(513)));
        assert_eq!((bytes.u32(), bytes.text()), (Some(772), Some(b"hello".as_slice())));
        assert_eq!((bytes.u16(), bytes.text(), bytes.take(2)), (None, None, None));
        assert_eq!((bytes.byte(), bytes.byte()), (Some(5), None));
    }
}
