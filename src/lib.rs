//! ldirectord-rs: a director for Linux Virtual Server. See docs/architecture.md for the house and the way of the data.

pub mod cli;
pub mod cmd;
pub mod config;
pub mod daemon;
pub mod director;
pub mod ipvs;
pub mod report;
