//! The real servers, started on loopback with configurations of our own. They need the programs of Debian's packages slapd,
//! freeradius, mariadb-server, postgresql, unbound, mosquitto and chrony, so nothing of this runs by itself:
//! `cargo test -p checks --test servers -- --ignored`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "in a test these are failures")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "these tests start programs")]

mod databases;
mod directory;
mod others;
mod server;
#[path = "../support/mod.rs"]
mod support;
