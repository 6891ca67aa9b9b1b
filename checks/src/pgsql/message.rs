//! PostgreSQL's messages (protocol 3.0): those we send, as bytes; those that come, as far as a check reads them.

use crate::Sql;
use crate::bytes::Bytes;
use md5::{Digest, Md5};

/// Asks whether the server has TLS.
pub(super) const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
pub(super) const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];
/// Protocol 3.0.
const VERSION: [u8; 4] = [0, 3, 0, 0];
/// Whom an unnamed login is for.
const NOBODY: &str = "ldirectord";

/// A message: its kind, its length, its contents. None: longer than a message can be.
pub(super) fn message(kind: u8, contents: &[u8]) -> Option<Vec<u8>> {
    let length = i32::try_from(contents.len() + 4).ok()?.to_be_bytes();
    Some([&[kind], length.as_slice(), contents].concat())
}

/// The first message, which alone has no kind.
pub(super) fn startup(spec: &Sql) -> Option<Vec<u8>> {
    let user = if spec.login.is_empty() { NOBODY } else { &spec.login };
    let mut contents = VERSION.to_vec();
    let mut add = |name: &str, value: &str| {
        for text in [name, value] {
            contents.extend_from_slice(text.as_bytes());
            contents.push(0);
        }
    };
    add("user", user);
    if !spec.database.is_empty() {
        add("database", &spec.database);
    }
    add("application_name", NOBODY);
    contents.push(0);
    message(0, &contents).map(|message| message.into_iter().skip(1).collect())
}

/// A password or a query: text with a NUL behind it.
pub(super) fn text(kind: u8, text: &str) -> Option<Vec<u8>> {
    message(kind, &[text.as_bytes(), &[0]].concat())
}

/// The first message of SASL: the mechanism, and the client's first words.
pub(super) fn sasl(mechanism: &str, words: &str) -> Option<Vec<u8>> {
    let length = i32::try_from(words.len()).ok()?.to_be_bytes();
    message(b'p', &[mechanism.as_bytes(), &[0], &length, words.as_bytes()].concat())
}

/// What goes over the wire for a password with md5 authentication.
pub(super) fn md5(user: &str, password: &str, salt: [u8; 4]) -> String {
    let inner = hex(&Md5::new().chain_update(password).chain_update(user).finalize());
    format!("md5{}", hex(&Md5::new().chain_update(inner).chain_update(salt).finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the server wants for a login.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Authentication<'a> {
    Done,
    Password,
    Md5([u8; 4]),
    /// Names of mechanisms.
    Sasl(Vec<&'a [u8]>),
    SaslContinue(&'a [u8]),
    SaslFinal(&'a [u8]),
    /// Kerberos and the like: their number.
    Other(u32),
}

impl<'a> Authentication<'a> {
    pub(super) fn parse(contents: &'a [u8]) -> Option<Self> {
        let mut bytes = Bytes(contents);
        Some(match bytes.u32()? {
            0 => Self::Done,
            3 => Self::Password,
            5 => Self::Md5(bytes.array()?),
            10 => {
                let mut names = Vec::new();
                loop {
                    match bytes.text()? {
                        [] => break Self::Sasl(names),
                        name => names.push(name),
                    }
                }
            }
            11 => Self::SaslContinue(bytes.0),
            12 => Self::SaslFinal(bytes.0),
            other => Self::Other(other),
        })
    }
}

/// An error of the server: its SQLSTATE and its words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServerError {
    code: Vec<u8>,
    pub(super) words: Vec<u8>,
}

impl ServerError {
    pub(super) fn parse(contents: &[u8]) -> Self {
        let mut error = Self { code: Vec::new(), words: b"an error without words".to_vec() };
        let mut bytes = Bytes(contents);
        while let Some(kind) = bytes.byte().filter(|kind| *kind != 0) {
            let Some(text) = bytes.text() else { break };
            match kind {
                b'C' => error.code = text.to_vec(),
                b'M' => error.words = text.to_vec(),
                _ => {}
            }
        }
        error
    }
    /// Class 28: invalid authorization specification.
    pub(super) fn is_about_the_login(&self) -> bool {
        self.code.starts_with(b"28")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn md5_as_libpq_does_it() {
        // md5(md5("secret" + "user") + salt), computed with md5sum.
        assert_eq!(md5("user", "secret", *b"abcd"), "md5fd7c993d0b0386ed609939ae4ac157ce");
    }

    #[test]
    fn errors_in_their_fields() {
        let error = ServerError::parse(b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0Fauth.c\0\0");
        assert_eq!(error.words, b"password authentication failed");
        assert!(error.is_about_the_login());
        assert_eq!(ServerError::parse(b"").words, b"an error without words");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_none(kind in 0u32..14, bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = (Authentication::parse(&bytes), ServerError::parse(&bytes));
            let _ = Authentication::parse(&[&kind.to_be_bytes(), bytes.as_slice()].concat());
        }
    }
}
