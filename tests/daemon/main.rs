//! The real binary with the memory table against servers on loopback: verbs, their words, streams and exit codes, reload, log,
//! and what happens when instances meet each other.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test drives a program and fails loudly"
)]

mod execute;
mod files;
mod harness;
mod log;
mod mail;
mod meeting;
mod process;
mod reload;
mod status;
mod verbs;
