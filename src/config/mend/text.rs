//! From bytes to lines: encoding, byte order mark, line ends; and which characters count as blanks or quotes.

use super::{Fault, Mending};

/// The text without byte order mark and CR.
pub(super) fn plain(bytes: &[u8], mendings: &mut Vec<Mending>) -> String {
    let mut text = decode(bytes, mendings);
    if text.starts_with('\u{feff}') {
        text.remove(0);
        mendings.push(Mending { line: 1, fault: Fault::ByteOrderMark });
    }
    if let Some(at) = text.find('\r') {
        let line = 1 + text.get(..at).map_or(0, |before| before.matches('\n').count());
        let without: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
        let without = without.join("\n");
        if without != text {
            mendings.push(Mending { line, fault: Fault::CarriageReturn });
            text = without;
        }
    }
    text
}

/// UTF-8; single bytes that are not are read as Windows-1252, where typographic quotes of old editors lie.
fn decode(bytes: &[u8], mendings: &mut Vec<Mending>) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut told = false;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() && !told {
            told = true;
            mendings.push(Mending { line: 1 + text.matches('\n').count(), fault: Fault::Encoding });
        }
        text.extend(chunk.invalid().iter().map(|byte| windows_1252(*byte)));
    }
    text
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x82 => '‚',
        0x84 => '„',
        0x85 => '…',
        0x8b => '‹',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x96 => '–',
        0x97 => '—',
        0x9b => '›',
        other => char::from(other),
    }
}

/// A blank for ldirectord.
pub(super) fn is_plain_blank(character: char) -> bool {
    character == ' ' || character == '\t'
}

/// A blank for people only, or a character that nobody sees.
pub(super) fn is_odd_blank(character: char) -> bool {
    matches!(
        character,
        '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200d}' | '\u{202f}' | '\u{205f}' | '\u{2060}' | '\u{3000}' | '\u{feff}'
    ) || matches!(character, '\r' | '\u{b}' | '\u{c}')
}

/// Either.
pub(super) fn is_blank(character: char) -> bool {
    is_plain_blank(character) || is_odd_blank(character)
}

/// What an odd blank becomes: as wide as it looked.
pub(super) fn replacement(character: char) -> &'static str {
    match character {
        '\u{3000}' => "  ",
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\r' => "",
        _ => " ",
    }
}

/// Replaces odd blanks.
pub(super) fn plain_blanks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if is_odd_blank(character) {
            plain.push_str(replacement(character));
        } else {
            plain.push(character);
        }
    }
    plain
}

/// A double quote that an editor made typographic.
pub(super) fn is_typographic_quote(character: char) -> bool {
    matches!(character, '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '〝' | '〞' | '＂' | '‘' | '’' | '‚' | '‛')
}
