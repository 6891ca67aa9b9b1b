//! The binary protocols against friendly and hostile peers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "in a test these are failures")]
#![allow(clippy::disallowed_methods, reason = "peers wait")]

mod dns;
mod ldap;
mod mqtt;
mod mysql;
mod ntp;
mod oracle;
mod peer;
mod pgsql;
mod radius;
#[path = "../support/mod.rs"]
mod support;
mod tftp;
