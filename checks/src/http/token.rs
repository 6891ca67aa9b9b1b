//! The bearer token of an API server: read for each check, since tokens rotate, and never to be seen in words.

use crate::{Reason, Secret};
use std::io::{self, Read};
use std::path::Path;
use tokio::task::spawn_blocking;

/// A file of more than this holds no token.
const LIMIT: u64 = 64 << 10;
/// What is masked of a token: so many of its first bytes give it away.
const TELLING: usize = 8;

/// The token in the file, blanks and line breaks around it left out.
pub(super) async fn read(path: &Path) -> Result<Secret, Reason> {
    let why = |words: &str| Reason::Local(format!("tokenfile {} cannot be used: {words}", path.display()));
    let file = path.to_owned();
    let text = match spawn_blocking(move || contents(&file)).await {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => return Err(why(&error.to_string())),
        Err(_) => return Err(why("reading it failed")),
    };
    let token = text.trim_ascii();
    // RFC 6750, section 2.1: no blanks, nothing that could end the line.
    match std::str::from_utf8(token) {
        Ok("") => Err(why("there is no token in it")),
        Ok(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Secret::new(token)),
        _ => Err(why("it holds more than one word of ASCII")),
    }
}

#[allow(clippy::disallowed_methods, reason = "a token file is read for each check")]
fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other("it is larger than 64 KiB"));
    }
    Ok(bytes)
}

/// A reason without the token, nor a beginning of it that was cut off.
pub(super) fn mask(reason: Reason, token: &Secret) -> Reason {
    let over = |text: String| masked(&text, token.reveal());
    match reason {
        Reason::Status { code, phrase } => Reason::Status { code, phrase: over(phrase) },
        Reason::Protocol(text) => Reason::Protocol(over(text)),
        Reason::Tls(text) => Reason::Tls(over(text)),
        Reason::NoMatch { bytes, excerpt } => Reason::NoMatch { bytes, excerpt: over(excerpt) },
        other => other,
    }
}

pub(super) fn masked(text: &str, token: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same = rest.bytes().zip(token.bytes()).take_while(|(said, own)| said == own).count();
        // A token is ASCII, so that what is equal ends between characters.
        if same >= TELLING.min(token.len()) {
            shown.push_str("***");
            rest = rest.get(same..).unwrap_or_default();
        } else {
            shown.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_masked_wherever_it_is_cut() {
        let token = "eyJhbGciOi.c2VjcmV0";
        assert_eq!(masked("no eyJhbGciOi.c2VjcmV0, eyJhbGciOi.c2V", token), "no ***, ***");
        assert_eq!(masked("eyJh is no token, \u{e4}", token), "eyJh is no token, \u{e4}");
        assert_eq!(masked("abc is", "abc"), "*** is");
    }
}
