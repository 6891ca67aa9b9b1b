//! A password or shared secret: usable, comparable, but never printed by accident.

use crate::line::short;
use crate::mask::Masker;
use std::borrow::Cow;
use std::fmt;

/// Text that `Debug` masks. Everything that uses it on purpose has to say [`Secret::reveal`].
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// A peer's words without the secret in any form, cut to what may stand in a reason: a server may repeat what it was sent.
    pub(crate) fn mask(&self, words: &[u8]) -> String {
        short(&Masker::of([self]).replace(words))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "***" })
    }
}

/// Hides the password of every URL in a text (`scheme://user:***@host/`), one `*` a character, so that columns stay.
pub fn hide_in_urls(text: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("://")) {
        from += at + 3;
        let rest = text.get(from..).unwrap_or_default();
        let ends = |character: char| character.is_whitespace() || matches!(character, '/' | '?' | '#' | '"');
        let authority = rest.split(ends).next().unwrap_or_default();
        let Some((name, password)) = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':')) else {
            continue;
        };
        let begin = from + name.len() + 1;
        let stars = "*".repeat(password.chars().count());
        // Earlier stars may be shorter than what they stand for.
        let place = (begin + shown.len()).saturating_sub(text.len());
        shown.to_mut().replace_range(place..place + password.len(), &stars);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Secret, hide_in_urls};

    #[test]
    fn passwords_of_urls_are_hidden() {
        for (text, shown) in [
            ("/http://me:hunter2@10.0.0.1:80/a@b:c", "/http://me:*******@10.0.0.1:80/a@b:c"),
            ("\"https://a:p@ss@h/\",\"x\" ftp://b:q@h", "\"https://a:****@h/\",\"x\" ftp://b:*@h"),
            ("http://ä:ß@h http://a:ßß@h", "http://ä:*@h http://a:**@h"),
            ("http://10.0.0.1:80/ user:word@ ://", "http://10.0.0.1:80/ user:word@ ://"),
        ] {
            assert_eq!(hide_in_urls(text), shown);
        }
    }

    #[test]
    fn it_is_never_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.reveal(), "hunter2");
        assert_eq!(secret.mask(b"535 hunter2 is wrong"), "535 *** is wrong");
        assert_eq!(format!("{:?}", Secret::default()), "\"\"");
        assert_eq!(Secret::default().mask(b"as it is"), "as it is");
        assert_eq!(Secret::new("e").mask(b"denied"), "denied");
        let cut = secret.mask(&[&[b'x'; 96][..], b"hunter2, and more"].concat());
        assert!(!cut.contains("hun") && cut.ends_with("***…"), "{cut}");
    }
}
