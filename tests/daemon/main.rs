//! The real binary with the memory table against servers on loopback: verbs, their words, streams and exit codes, reload, log,
//! and what happens when instances meet each other.

mod harness;
mod log;
mod meeting;
mod process;
mod reload;
mod status;
mod verbs;
