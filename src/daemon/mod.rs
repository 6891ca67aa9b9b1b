//! The runtime: everything that touches clock, files, sockets and processes on behalf of the pure modules.

pub mod resolve;
