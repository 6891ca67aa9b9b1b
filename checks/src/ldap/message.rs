//! LDAP messages (RFC 4511): those we send, as bytes; those that come, as far as a check reads them.

use super::ber::{BOOLEAN, ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE, constructed, element, expect, next, number};
use crate::bytes::Bytes;
use crate::{Ldap, Secret};

const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND_REQUEST: u8 = 0x42;
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const INTERMEDIATE_RESPONSE: u8 = 0x79;
/// Context tags: simple authentication, the name of an extended request, the filter "present".
const SIMPLE: u8 = 0x80;
const REQUEST_NAME: u8 = 0x80;
const PRESENT: u8 = 0x87;
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

fn message(id: u8, operation: Vec<u8>) -> Vec<u8> {
    constructed(SEQUENCE, &[element(INTEGER, &[id]), operation])
}

/// Simple bind; anonymous where name or password is missing.
pub(super) fn bind(id: u8, spec: &Ldap) -> Vec<u8> {
    let named = !spec.login.is_empty() && !spec.password.is_empty();
    let (name, password) = if named { (spec.login.as_str(), spec.password.reveal()) } else { ("", "") };
    let version = element(INTEGER, &[3]);
    let parts = [version, element(OCTET_STRING, name.as_bytes()), element(SIMPLE, password.as_bytes())];
    message(id, constructed(BIND_REQUEST, &parts))
}

/// The entry of this name, whatever class it has, without its attributes (RFC 4511, 4.5.1.8: "1.1").
pub(super) fn search(id: u8, base: &str) -> Vec<u8> {
    let scope_base = element(ENUMERATED, &[0]);
    let follow_aliases_to_the_base = element(ENUMERATED, &[2]);
    let no_limit = element(INTEGER, &[0]);
    let parts = [
        element(OCTET_STRING, base.as_bytes()),
        scope_base,
        follow_aliases_to_the_base,
        no_limit.clone(),
        no_limit,
        element(BOOLEAN, &[0]),
        element(PRESENT, b"objectClass"),
        constructed(SEQUENCE, &[element(OCTET_STRING, b"1.1")]),
    ];
    message(id, constructed(SEARCH_REQUEST, &parts))
}

pub(super) fn start_tls(id: u8) -> Vec<u8> {
    message(id, constructed(EXTENDED_REQUEST, &[element(REQUEST_NAME, START_TLS)]))
}

pub(super) fn unbind(id: u8) -> Vec<u8> {
    message(id, element(UNBIND_REQUEST, &[]))
}

/// What a message is, as far as we ask.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// The answer to a bind.
    Bound(Outcome),
    /// An entry: its DN.
    Entry(Vec<u8>),
    /// The end of a search.
    Done(Outcome),
    /// The answer to an extended request; with id 0 the server's notice that it disconnects.
    Extended(Outcome),
    /// Something that may stand between: a reference to another server, an intermediate response.
    Other,
}

/// A result code and the server's words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) code: u64,
    words: Vec<u8>,
}

impl Outcome {
    pub(super) fn is_success(&self) -> bool {
        self.code == 0
    }
    /// `invalid credentials (49): …`, without the password.
    pub(super) fn words(&self, password: &Secret) -> String {
        let name = match self.code {
            0 => "success",
            1 => "operations error",
            2 => "protocol error",
            3 => "time limit exceeded",
            8 => "stronger authentication required",
            10 => "referral to another server",
            13 => "confidentiality required (write starttls = yes, or service=ldaps)",
            32 => "no such object",
            34 => "invalid DN",
            48 => "inappropriate authentication",
            49 => "invalid credentials",
            50 => "insufficient access rights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwilling to perform",
            _ => "result code",
        };
        let colon = if self.words.is_empty() { "" } else { ": " };
        format!("{name} ({}){colon}{}", self.code, password.mask(&self.words))
    }
}

/// The contents of a message: its id and its operation. An error names what is wrong.
pub(super) fn parse(contents: &[u8]) -> Result<(u64, Operation), &'static str> {
    let mut bytes = Bytes(contents);
    let id = expect(&mut bytes, INTEGER).and_then(number).ok_or("an LDAP message without an id")?;
    let (tag, contents) = next(&mut bytes).ok_or("an LDAP message without an operation")?;
    let result = || outcome(contents).ok_or("an LDAP result that cannot be read");
    let operation = match tag {
        BIND_RESPONSE => Operation::Bound(result()?),
        SEARCH_DONE => Operation::Done(result()?),
        EXTENDED_RESPONSE => Operation::Extended(result()?),
        SEARCH_ENTRY => {
            let name = expect(&mut Bytes(contents), OCTET_STRING).ok_or("an LDAP entry without a DN")?;
            Operation::Entry(name.to_vec())
        }
        SEARCH_REFERENCE | INTERMEDIATE_RESPONSE => Operation::Other,
        _ => return Err("an LDAP operation that only clients send"),
    };
    Ok((id, operation))
}

fn outcome(contents: &[u8]) -> Option<Outcome> {
    let mut bytes = Bytes(contents);
    let code = number(expect(&mut bytes, ENUMERATED)?)?;
    expect(&mut bytes, OCTET_STRING)?;
    let words = expect(&mut bytes, OCTET_STRING)?.to_vec();
    Some(Outcome { code, words })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_as_other_clients_send_them() {
        let mut spec = Ldap {
            security: crate::Security::Plain,
            login: "cn=a".to_owned(),
            password: Secret::default(),
            base: String::new(),
            receive: None,
        };
        let anonymous = b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00";
        assert_eq!(bind(1, &spec), anonymous, "a name without a password would be anonymous anyway (RFC 4513, 5.1.2)");
        spec.password = Secret::new("pw");
        assert_eq!(bind(1, &spec), b"\x30\x12\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw");
        assert_eq!(unbind(3), b"\x30\x05\x02\x01\x03\x42\x00");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(id: u8, tag: u8, bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse(&bytes);
            let _ = parse(&[element(INTEGER, &[id & 0x7f]), element(tag, &bytes)].concat());
            let _ = outcome(&bytes).map(|outcome| outcome.words(&Secret::default()));
        }
    }
}
