//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the client's side, without channel binding. The password is used as it is (no SASLprep),
//! which is the same for all of ASCII.

use crate::Secret;
use crate::bytes::{DIGITS, base64};
use ring::digest::{SHA256, digest};
use ring::hmac;
use tokio::task::yield_now;

/// The header that says: no channel binding; and the same in base64.
const NO_BINDING: &str = "n,,";
const NO_BINDING_ENCODED: &str = "biws";
/// The most iterations that a server may ask for; PostgreSQL's default is 4096.
const MOST_ITERATIONS: u32 = 1_000_000;
/// Iterations, a millisecond or so, after which others get their turn and the deadline is seen.
const TURN: u32 = 1000;

/// An authentication on its way.
#[derive(Debug)]
pub(super) struct Scram {
    nonce: String,
    /// Set by the server's first message: what its last one has to prove.
    expected: Option<Vec<u8>>,
    /// Our own proof.
    given: String,
}

impl Scram {
    pub(super) fn new(random: &[u8]) -> Self {
        Self { nonce: base64(random), expected: None, given: String::new() }
    }
    fn first_bare(&self) -> String {
        // PostgreSQL takes the user's name from the connection.
        format!("n=,r={}", self.nonce)
    }
    /// The client's first message.
    pub(super) fn first(&self) -> String {
        format!("{NO_BINDING}{}", self.first_bare())
    }
    /// The client's last message, after the server's first one. An error says what is wrong with that.
    pub(super) async fn last(&mut self, password: &Secret, server: &[u8]) -> Result<String, &'static str> {
        const UNREADABLE: &str = "a SCRAM message that cannot be read";
        let text = std::str::from_utf8(server).map_err(|_| UNREADABLE)?;
        let mut parts = text.split(',');
        let mut part = |name| parts.next().and_then(|part: &str| part.strip_prefix(name)).ok_or(UNREADABLE);
        let (nonce, salt, count) = (part("r=")?, part("s=")?, part("i=")?);
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("a SCRAM message with another nonce");
        }
        let salt = unbase64(salt).ok_or(UNREADABLE)?;
        let count = count.parse::<u32>().ok().filter(|count| *count > 0).ok_or(UNREADABLE)?;
        if count > MOST_ITERATIONS {
            return Err("more than a million SCRAM iterations");
        }
        let salted = stretch(password.reveal().as_bytes(), &salt, count).await;
        let client_key = sign(&salted, b"Client Key");
        let stored_key = digest(&SHA256, &client_key);
        let without_proof = format!("c={NO_BINDING_ENCODED},r={nonce}");
        let all = format!("{},{text},{without_proof}", self.first_bare());
        let signature = sign(stored_key.as_ref(), all.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(key, signature)| key ^ signature).collect();
        self.expected = Some(sign(&sign(&salted, b"Server Key"), all.as_bytes()));
        self.given = base64(&proof);
        Ok(format!("{without_proof},p={}", self.given))
    }
    /// Both sides' proofs as they go over the wire: with the messages before, passwords could be tried against them.
    pub(super) fn proofs(&self) -> [String; 2] {
        [self.given.clone(), base64(self.expected.as_deref().unwrap_or_default())]
    }
    /// Whether the server's last message proves that it knows the password as well.
    pub(super) fn is_proven(&self, server: &[u8]) -> bool {
        let proof = server.strip_prefix(b"v=").and_then(|proof| std::str::from_utf8(proof).ok());
        let proof = proof.and_then(|proof| unbase64(proof.split(',').next().unwrap_or_default()));
        proof.is_some() && proof == self.expected
    }
}

fn sign(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

/// Hi() of RFC 5802: PBKDF2 with one block.
async fn stretch(password: &[u8], salt: &[u8], count: u32) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, password);
    let mut last = hmac::sign(&key, &[salt, &[0, 0, 0, 1]].concat());
    let mut all = last.as_ref().to_vec();
    for iteration in 1..count {
        last = hmac::sign(&key, last.as_ref());
        all.iter_mut().zip(last.as_ref()).for_each(|(byte, next)| *byte ^= next);
        if iteration % TURN == 0 {
            yield_now().await;
        }
    }
    all
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.trim_end_matches('=').as_bytes();
    if text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::new();
    for piece in digits.chunks(4) {
        let mut number = 0u32;
        for index in 0..4 {
            let value = match piece.get(index) {
                Some(digit) => DIGITS.iter().position(|known| known == digit)?,
                None => 0,
            };
            number = number << 6 | u32::try_from(value).ok()?;
        }
        bytes.extend(number.to_be_bytes().iter().skip(1).take(piece.len() * 6 / 8));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[tokio::test]
    async fn stretching_is_pbkdf2() {
        let mut expected = [0; 32];
        let count = std::num::NonZeroU32::new(4096).unwrap();
        ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, count, b"salt", b"pencil", &mut expected);
        assert_eq!(stretch(b"pencil", b"salt", 4096).await, expected);
    }

    /// RFC 7677, section 3, where the user is named; PostgreSQL's is not, so proofs differ and only the shape is compared.
    #[tokio::test]
    async fn a_conversation_in_the_shape_of_the_standard() {
        let mut scram = Scram::new(b"0123456789abcdef");
        assert_eq!(scram.first(), "n,,n=,r=MDEyMzQ1Njc4OWFiY2RlZg==");
        let server = format!("r={}%hvYDpWUa2RaTCAfuxFIlj,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", scram.nonce);
        let last = scram.last(&Secret::new("pencil"), server.as_bytes()).await.unwrap();
        assert!(last.starts_with("c=biws,r=MDEyMzQ1Njc4OWFiY2RlZg==%hvYDpWUa2RaTCAfuxFIlj,p="), "{last}");
        let proof = format!("v={}", base64(scram.expected.as_ref().unwrap()));
        assert!(scram.is_proven(proof.as_bytes()));
        assert!(!scram.is_proven(b"v=AAAA"));
        assert!(!Scram::new(b"x").is_proven(proof.as_bytes()), "nothing is proven before it was asked");
    }

    #[tokio::test]
    async fn bad_first_messages_are_named() {
        for (server, words) in [
            ("", "cannot be read"),
            ("r=other,s=AAAA,i=1", "another nonce"),
            ("r=eA==,s=AAAA,i=1", "another nonce"),
            ("r=eA==x,s=A,i=1", "cannot be read"),
            ("r=eA==x,s=AAAA,i=0", "cannot be read"),
            ("r=eA==x,s=AAAA,i=4294967295", "more than a million"),
        ] {
            let error = Scram::new(b"x").last(&Secret::new("p"), server.as_bytes()).await.unwrap_err();
            assert!(error.contains(words), "{server}: {error}");
        }
    }

    proptest! {
        #[test]
        fn base64_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..50), text in ".{0,20}") {
            prop_assert_eq!(unbase64(&base64(&bytes)), Some(bytes));
            let _ = unbase64(&text);
        }
    }
}
