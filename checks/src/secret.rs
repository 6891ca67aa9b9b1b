//! A password or shared secret: usable, comparable, but never printed by accident.

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
    /// A peer's words without the secret: a server may repeat what it was sent. One of less than four bytes occurs by chance,
    /// and masking that would tell it.
    pub fn mask(&self, words: &str) -> String {
        if self.0.len() < 4 { words.to_owned() } else { words.replace(&self.0, "***") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "***" })
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn it_is_never_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.reveal(), "hunter2");
        assert_eq!(secret.mask("535 hunter2 is wrong"), "535 *** is wrong");
        assert_eq!(format!("{:?}", Secret::default()), "\"\"");
        assert_eq!(Secret::default().mask("as it is"), "as it is");
        assert_eq!(Secret::new("e").mask("denied"), "denied");
    }
}
