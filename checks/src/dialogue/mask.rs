//! A server may repeat what it was told: no password comes back out of its words into a reason.

use crate::Dialogue;

/// Stands for a password, whatever its length.
const MASK: &[u8] = b"***";

/// The forms in which the password of a check goes over the wire.
#[derive(Debug)]
pub(super) struct Mask {
    secrets: Vec<Vec<u8>>,
}

impl Mask {
    /// The password as it is, and as IMAP quotes it, the longer one first.
    pub(super) fn new(spec: &Dialogue) -> Self {
        let password = spec.login.as_ref().map_or("", |login| login.password.reveal());
        let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
        let mut secrets = vec![quoted.into_bytes(), password.as_bytes().to_vec()];
        secrets.dedup();
        secrets.retain(|secret| !secret.is_empty());
        Self { secrets }
    }

    /// `words` without any password; letter case apart, for servers that change it.
    pub(super) fn over(&self, words: &[u8]) -> Vec<u8> {
        if self.secrets.is_empty() {
            return words.to_vec();
        }
        let mut masked = Vec::with_capacity(words.len());
        let mut rest = words;
        while let Some((first, behind)) = rest.split_first() {
            let begins = |secret: &&Vec<u8>| {
                rest.get(..secret.len()).is_some_and(|head| head.eq_ignore_ascii_case(secret.as_slice()))
            };
            if let Some(secret) = self.secrets.iter().find(begins) {
                masked.extend_from_slice(MASK);
                rest = rest.get(secret.len()..).unwrap_or_default();
            } else {
                masked.push(*first);
                rest = behind;
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LineProtocol, Login, Secret, Security};

    fn mask(password: &str) -> Mask {
        let login = Some(Login { name: "u".to_owned(), password: Secret::new(password) });
        let (protocol, security) = (LineProtocol::Pop, Security::Plain);
        Mask::new(&Dialogue { protocol, security, login, request: String::new(), receive: None })
    }

    #[test]
    fn every_form_is_masked() {
        assert_eq!(mask("hunter2").over(b"no hunter2, HUNTER2hunter2!"), b"no ***, ******!");
        assert_eq!(mask("a\"b\\").over(b"LOGIN \"a\\\"b\\\\\" a\"b\\"), b"LOGIN \"***\" ***");
        assert_eq!(mask("").over(b"all of it"), b"all of it");
        assert_eq!(mask("long password").over(b"long passwor"), b"long passwor");
    }
}
