//! Text from a configuration turned into what a check uses: a command into its words as a shell splits them (no shell is ever
//! run), and the escapes of a simpletcp request into bytes.

/// A command that cannot be split, with the place in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WordsError {
    /// What is wrong, and what to write instead.
    pub message: String,
    /// Byte offset in the command.
    pub offset: usize,
}

/// Splits like a POSIX shell (Shell Command Language, 2.2 Quoting) splits words: blanks separate, `'…'` takes everything as it
/// is, in `"…"` a backslash escapes `"`, `\`, `$` and the backquote, elsewhere any character. `|`, `;`, `$name`, `*` and the
/// rest of the shell are ordinary text. An error for an unclosed quote, a backslash at the end, or no words at all.
pub fn split(command: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = command.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        if character.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match character {
            '\\' => match characters.next() {
                Some((_, escaped)) => word.push(escaped),
                None => return error(offset, "a backslash ends the command: write '\\\\' for the character itself"),
            },
            '\'' | '"' => loop {
                match characters.next() {
                    None => return error(offset, "this quote is not closed"),
                    Some((_, closing)) if closing == character => break,
                    Some((_, '\\')) if character == '"' => match characters.peek() {
                        Some((_, '"' | '\\' | '$' | '`')) => word.extend(characters.next().map(|(_, escaped)| escaped)),
                        _ => word.push('\\'),
                    },
                    Some((_, inside)) => word.push(inside),
                }
            },
            _ => word.push(character),
        }
    }
    words.extend(word);
    if words.is_empty() { error(0, "the command is empty: write the program's path") } else { Ok(words) }
}

fn error<T>(offset: usize, message: &str) -> Result<T, WordsError> {
    Err(WordsError { message: message.to_owned(), offset })
}

/// The bytes of a simpletcp request: `\n`, `\r`, `\t` and `\xHH` (two hexadecimal digits) are replaced. Every other backslash
/// stays, and so does the first of two, because ldirectord replaces `\n` wherever it stands: `\\n` is a backslash and a newline.
/// A backslash before an `n` is written `\x5cn`.
pub fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let (byte, length) = if *first == b'\\' { escape(behind).unwrap_or((b'\\', 0)) } else { (*first, 0) };
        bytes.push(byte);
        rest = behind.get(length..).unwrap_or_default();
    }
    bytes
}

/// The byte that an escape stands for, and how many bytes it takes behind its backslash.
fn escape(behind: &[u8]) -> Option<(u8, usize)> {
    match behind {
        [b'n', ..] => Some((b'\n', 1)),
        [b'r', ..] => Some((b'\r', 1)),
        [b't', ..] => Some((b'\t', 1)),
        [b'x', high, low, ..] => {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            u8::try_from(digit(high)? * 16 + digit(low)?).ok().map(|byte| (byte, 3))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_like_a_shell() {
        let cases: [(&str, &[&str]); 9] = [
            ("/x/check", &["/x/check"]),
            ("  /x/check  -a\tb\n", &["/x/check", "-a", "b"]),
            ("'/my dir/check' \"a b\"c", &["/my dir/check", "a bc"]),
            (r#"check "\"\\\$\`\n" '\n'"#, &["check", "\"\\$`\\n", "\\n"]),
            (r"check a\ b \'", &["check", "a b", "'"]),
            ("check '' \"\"", &["check", "", ""]),
            ("check | grep $x; *", &["check", "|", "grep", "$x;", "*"]),
            ("it's'", &["its"]),
            ("prüfe 'größe'", &["prüfe", "größe"]),
        ];
        for (command, words) in cases {
            assert_eq!(split(command).unwrap(), words, "{command}");
        }
    }

    #[test]
    fn errors_name_their_place() {
        for (command, offset) in [("check 'a", 6), ("check \"a'", 6), ("check a\\", 7), ("  ", 0), ("", 0)] {
            assert_eq!(split(command).unwrap_err().offset, offset, "{command}");
        }
    }

    #[test]
    fn escapes_of_a_request() {
        let cases: [(&str, &[u8]); 9] = [
            ("PING\\r\\n", b"PING\r\n"),
            ("a\\tb", b"a\tb"),
            ("\\x00\\xfF", b"\x00\xff"),
            ("\\\\n", b"\\\n"),
            ("\\x5cn", b"\\n"),
            ("\\q\\", b"\\q\\"),
            ("\\x1", b"\\x1"),
            ("\\xgg", b"\\xgg"),
            ("", b""),
        ];
        for (text, bytes) in cases {
            assert_eq!(unescape(text), bytes, "{text}");
        }
    }

    proptest! {
        #[test]
        fn quoted_words_come_back(words in proptest::collection::vec("[^']{0,8}", 1..5)) {
            let command = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split(&command).unwrap(), words);
        }

        #[test]
        fn any_text_is_bytes(text in ".*") {
            prop_assert!(unescape(&text).len() <= text.len());
            let _ = split(&text);
        }
    }
}
