//! Dialogues in lines against scripted peers, friendly and hostile.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test may fail; peers wait")]

#[path = "../support/mod.rs"]
mod support;

mod ftp;
mod good;
mod hostile;
mod imap;
mod others;
mod peer;
mod pop;
mod smtp;
mod starttls;
