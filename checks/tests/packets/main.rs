//! The binary protocols against friendly and hostile peers.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail; peers wait")]

mod dns;
mod ldap;
mod mqtt;
mod mysql;
mod ntp;
mod peer;
mod pgsql;
mod radius;
#[path = "../support/mod.rs"]
mod support;
