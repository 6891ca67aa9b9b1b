//! Bytes that nobody can guess: ids, nonces, authenticators.

use crate::Reason;
use ring::rand::{SecureRandom, SystemRandom};

/// `N` of them. An error is this machine's.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Reason> {
    let mut bytes = [0; N];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Reason::Local("this machine has no random numbers".to_owned())),
    }
}
