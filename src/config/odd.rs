//! Characters that came from a word processor or a web page: quotes, blanks and signs that look right and are not.

/// What a character was meant to be, and what it is called. Quotes are told from blanks by `meant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd {
    /// The plain character.
    pub(super) meant: char,
    /// Its name: "typographic quotes", "ideographic blank (U+3000)".
    pub(super) name: &'static str,
}

/// Looks a character up.
pub(super) fn odd(character: char) -> Option<Odd> {
    let (meant, name) = match character {
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' | '\u{AB}' | '\u{BB}' | '\u{2033}' | '\u{301D}'
        | '\u{301E}' => ('"', "typographic quotes"),
        '\u{FF02}' => ('"', "full-width quotes"),
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' => ('"', "typographic quotes"),
        '\u{3000}' => (' ', "ideographic blank (U+3000)"),
        '\u{A0}' | '\u{202F}' | '\u{2060}' => (' ', "no-break blank"),
        '\u{200B}' | '\u{FEFF}' => (' ', "invisible character (zero-width blank)"),
        '\u{2000}'..='\u{200A}' | '\u{205F}' => (' ', "typographic blank"),
        '\u{FF1D}' => ('=', "full-width equals sign"),
        '\u{FF1A}' => (':', "full-width colon"),
        '\u{FF0C}' => (',', "full-width comma"),
        '\u{FF03}' => ('#', "full-width number sign"),
        _ => return None,
    };
    Some(Odd { meant, name })
}

/// The first odd character outside straight quotes: byte offset, the character, what was meant. A `#` outside quotes ends
/// the search: comments may hold anything.
pub(super) fn find(text: &str) -> Option<(usize, char, Odd)> {
    if text.is_ascii() {
        return None;
    }
    let comment = super::values::comment_start(text).unwrap_or(text.len());
    let last_quote = text.rfind('"');
    let mut inside = false;
    for (offset, character) in text.char_indices().take_while(|(offset, _)| *offset < comment) {
        match character {
            '"' => inside = !inside && last_quote.is_some_and(|last| last > offset),
            _ if inside => {}
            _ => {
                if let Some(odd) = odd(character) {
                    return Some((offset, character, odd));
                }
            }
        }
    }
    None
}

/// The text with every odd character replaced by what was meant, up to a comment; quoted text stays.
pub fn plain(text: &str) -> String {
    let comment = super::values::comment_start(text).unwrap_or(text.len());
    let (value, rest) = text.split_at(comment);
    let mut inside = false;
    let last_quote = value.rfind('"');
    let mut mended = String::with_capacity(text.len());
    for (offset, character) in value.char_indices() {
        if character == '"' {
            inside = !inside && last_quote.is_some_and(|last| last > offset);
        }
        match odd(character) {
            Some(odd) if !inside => mended.push(odd.meant),
            _ => mended.push(character),
        }
    }
    mended.push_str(rest);
    mended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_them_outside_quotes_only() {
        assert_eq!(find("\u{201C}/x\u{201C}").map(|(at, _, odd)| (at, odd.meant)), Some((0, '"')));
        assert_eq!(find("\"a\u{3000}b\""), None);
        assert_eq!(find("\"a\"\u{3000}").map(|(at, _, odd)| (at, odd.meant)), Some((3, ' ')));
        assert_eq!(find("80 # \u{3000}\u{201C}"), None);
        assert_eq!(find("\"abc\u{201D}").map(|(at, _, _)| at), Some(4));
    }

    #[test]
    fn says_what_was_meant() {
        assert_eq!(plain("\u{201C}/var/log\u{201D} #\u{3000}c"), "\"/var/log\" #\u{3000}c");
        assert_eq!(plain("10.0.0.1\u{FF1A}80\u{A0}gate"), "10.0.0.1:80 gate");
    }
}
