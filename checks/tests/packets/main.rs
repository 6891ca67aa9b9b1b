//! The binary protocols against friendly and hostile peers.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail; peers wait")]

mod ldap;
mod mqtt;
mod ntp;
mod peer;
#[path = "../support/mod.rs"]
mod support;
