//! The runtime: turns the director's cycle, runs checks, owns the table's thread, watches the file, takes signals and requests.
//! Decisions are the director's; what is here only selects, feeds and performs.

pub mod control;
mod end;
pub mod execute;
pub mod hooks;
pub mod load;
pub mod lock;
mod mail;
mod maintenance;
mod names;
pub mod owner;
pub mod paths;
pub mod pidfile;
pub mod pool;
pub mod process;
pub mod record;
mod reload;
pub mod resolve;
pub mod run;
pub mod serve;
pub mod signals;
pub mod sysctl;
mod takeover;
mod tell;
mod turn;
pub mod view;
pub mod watch;
pub mod writer;
