//! The few shapes of BER (X.690) that LDAP needs: tag and definite length, one byte of tag.

use crate::bytes::Bytes;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const SEQUENCE: u8 = 0x30;

/// One element around `contents`.
pub(crate) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let long = length.to_be_bytes();
            let digits: Vec<u8> = long.into_iter().skip_while(|digit| *digit == 0).collect();
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            bytes.extend(digits);
        }
    }
    bytes.extend_from_slice(contents);
    bytes
}

/// One element around others.
pub(crate) fn constructed(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// How many bytes of length follow a first byte of length, or the length itself. None: indefinite, or beyond four bytes.
pub(crate) fn length_of_length(first: u8) -> Option<Result<usize, usize>> {
    match first {
        0..=0x7f => Some(Ok(usize::from(first))),
        0x81..=0x84 => Some(Err(usize::from(first & 0x7f))),
        _ => None,
    }
}

/// A number of up to eight bytes, not negative.
pub(crate) fn number(bytes: &[u8]) -> Option<u64> {
    let negative = bytes.first().is_none_or(|first| first & 0x80 != 0);
    if negative || bytes.len() > 8 {
        return None;
    }
    Some(unsigned(bytes))
}

/// Bytes of a length, the most significant one first.
pub(crate) fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The next element: its tag and its contents.
pub(crate) fn next<'a>(bytes: &mut Bytes<'a>) -> Option<(u8, &'a [u8])> {
    let [tag, first] = bytes.array()?;
    let length = match length_of_length(first)? {
        Ok(length) => length,
        Err(digits) => usize::try_from(unsigned(bytes.take(digits)?)).ok()?,
    };
    Some((tag, bytes.take(length)?))
}

/// The contents of the next element, which must have this tag.
pub(crate) fn expect<'a>(bytes: &mut Bytes<'a>, tag: u8) -> Option<&'a [u8]> {
    next(bytes).filter(|(found, _)| *found == tag).map(|(_, contents)| contents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_lengths() {
        assert_eq!((number(&[0x31]), number(&[1, 0]), number(&[]), number(&[0xff])), (Some(49), Some(256), None, None));
        assert_eq!(element(4, &[7; 0x80]).get(..4), Some(&[4, 0x81, 0x80, 7][..]));
        assert_eq!(element(4, &[7; 300]).get(..5), Some(&[4, 0x82, 1, 44, 7][..]));
        assert!(next(&mut Bytes(&[4, 0x80, 0, 0])).is_none(), "indefinite");
        assert!(next(&mut Bytes(&[4, 0x84, 0xff, 0xff, 0xff, 0xff, 1])).is_none(), "more than there is");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag: u8, contents in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let bytes = element(tag, &contents);
            prop_assert_eq!(next(&mut Bytes(&bytes)), Some((tag, contents.as_slice())));
            prop_assert_eq!(next(&mut Bytes(&bytes[..bytes.len() - 1])), None);
        }

        #[test]
        fn any_bytes_have_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut rest = Bytes(&bytes);
            while next(&mut rest).is_some() {}
            prop_assert!(rest.0.len() <= bytes.len());
        }
    }
}
