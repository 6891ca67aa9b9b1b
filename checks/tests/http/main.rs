//! HTTP, HTTPS and connect checks against scripted servers on loopback: the good, the odd and the hostile.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "these tests run servers")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "in a test these are failures")]

mod answers;
mod client_certificate;
mod connect;
mod environment;
mod h2;
mod hostile;
mod kube;
mod proxy;
mod redirects;
mod server;
mod tls;
