//! Bytes as lines for people.

use crate::mask::MASK;

/// Text, or a dump where it is none.
pub(super) fn shown(bytes: &[u8], mask: &[bool], binary: bool) -> Vec<String> {
    if binary || !is_text(bytes) { dump(bytes, mask) } else { text(bytes, mask) }
}

/// A piece of a text protocol that is none: compressed content, another protocol's answer.
fn is_text(bytes: &[u8]) -> bool {
    let odd = |byte: &&u8| byte.is_ascii_control() && !matches!(byte, b'\r' | b'\n' | b'\t' | 0x1b);
    let invalid = String::from_utf8_lossy(bytes).matches('\u{fffd}').count();
    (bytes.iter().filter(odd).count() + invalid) * 8 <= bytes.len()
}

/// Lines end at LF or CRLF; everything else that is no printable character is escaped.
pub(super) fn text(bytes: &[u8], mask: &[bool]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut open = false;
    let mut rest = bytes;
    while !rest.is_empty() {
        let place = bytes.len() - rest.len();
        if mask.get(place) == Some(&true) {
            let hidden = mask.get(place..).unwrap_or_default().iter().take_while(|hidden| **hidden).count();
            line.push_str(MASK);
            open = true;
            rest = rest.get(hidden..).unwrap_or_default();
            continue;
        }
        let (character, length) = first(rest);
        rest = rest.get(length..).unwrap_or_default();
        match character {
            Some('\n') => {
                lines.push(std::mem::take(&mut line));
                open = false;
                continue;
            }
            Some('\r') if rest.first() == Some(&b'\n') => {}
            Some('\t') => line.push_str("\\t"),
            Some('\r') => line.push_str("\\r"),
            Some(character) if is_plain(character) => line.push(character),
            Some(character) if character.is_ascii() => line.push_str(&format!("\\x{:02x}", u32::from(character))),
            Some(character) => line.push_str(&character.escape_unicode().to_string()),
            None => line.push_str(&format!("\\x{:02x}", bytes.get(place).copied().unwrap_or_default())),
        }
        open = true;
    }
    if open {
        lines.push(line);
    }
    lines
}

/// The first character, or one byte that is none.
fn first(bytes: &[u8]) -> (Option<char>, usize) {
    let head = bytes.get(..4).unwrap_or(bytes);
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
    };
    valid.chars().next().map_or((None, 1), |character| (Some(character), character.len_utf8()))
}

/// Nothing that moves a terminal's cursor, colours, or the direction of writing.
fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `0010  48 54 54 50 …  HTTP…`, 16 bytes a line.
fn dump(bytes: &[u8], mask: &[bool]) -> Vec<String> {
    let line = |(number, (bytes, mask)): (usize, (&[u8], &[bool]))| {
        let mut hex = String::new();
        let mut ascii = String::new();
        for (index, (byte, hidden)) in bytes.iter().zip(mask).enumerate() {
            hex.push_str(if index == 8 { "  " } else { " " });
            if *hidden {
                hex.push_str("**");
                ascii.push('*');
            } else {
                hex.push_str(&format!("{byte:02x}"));
                ascii.push(if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' });
            }
        }
        format!("{:04x} {hex:49}  {ascii}", number * 16)
    };
    bytes.chunks(16).zip(mask.chunks(16)).enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(bytes: &[u8]) -> Vec<String> {
        text(bytes, &vec![false; bytes.len()])
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(plain(b"a\r\nb\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(plain(b"\x1b[2J\x00\xff\xc3\xa4\r\t"), ["\\x1b[2J\\x00\\xffä\\r\\t"]);
        assert_eq!(plain("\u{202e}\u{85}".as_bytes()), ["\\u{202e}\\u{85}"]);
        assert_eq!(text(b"PASS abc\r\n", &[[false; 5].as_slice(), &[true; 3], &[false; 2]].concat()), ["PASS ***"]);
    }

    #[test]
    fn what_is_no_text_is_dumped() {
        let bytes: Vec<u8> = (0..18).chain(*b"hello").collect();
        let mut mask = vec![false; bytes.len()];
        mask[1] = true;
        assert_eq!(
            shown(&bytes, &mask, false),
            [
                "0000  00 ** 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  .*..............",
                "0010  10 11 68 65 6c 6c 6f                              ..hello"
            ]
        );
        assert_eq!(shown(b"+OK hello\r\n", &[false; 11], false), ["+OK hello"]);
        assert_eq!(shown(b"hi", &[false; 2], true).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_reaches_the_terminal(bytes in proptest::collection::vec(any::<u8>(), 0..300), hidden: bool) {
            let mask = vec![hidden; bytes.len()];
            for line in plain(&bytes).into_iter().chain(text(&bytes, &mask)).chain(dump(&bytes, &mask)) {
                prop_assert!(line.chars().all(|character| !character.is_control()));
            }
        }
    }
}
