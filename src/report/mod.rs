//! What happened, told to people: events become log lines ([`lines`]), log lines go to a file, syslog, stderr or stdout
//! ([`log`]). Internally everything is tracing; the layer here is the only subscriber.

pub mod appender;
pub mod clock;
pub mod lines;
pub mod log;
pub mod mail;
pub mod monitor;
mod sink;
pub mod syslog;

pub use log::{Destination, Log};
