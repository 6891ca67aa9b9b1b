//! gRPC's health check against scripted servers: the good, and the hostile.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "in a test these are failures")]
#![allow(clippy::disallowed_methods, reason = "peers wait")]

mod hostile;
mod peer;
#[path = "../support/mod.rs"]
mod support;
mod words;
