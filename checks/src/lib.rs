//! Probes of real servers. A [`Spec`] says what to ask, a [`Target`] says whom, [`Probe::run`] asks once within one
//! hard deadline and returns a [`Verdict`] that says why. Nothing here knows of configuration files, IPVS or a daemon.

mod connect;
mod dialogue;
mod external;
mod http;
mod line;
mod net;
pub mod pattern;
mod ping;
pub mod probe;
mod secret;
mod simpletcp;
mod sip;
pub mod spec;
mod tls;
pub mod verdict;
pub mod words;

pub use pattern::{Pattern, PatternError};
pub use probe::Probe;
pub use secret::Secret;
pub use spec::{
    Class, Dialogue, External, ExternalKind, Http, LineProtocol, Login, Method, Redirect, Security, SimpleTcp, Sip,
    Spec, Target, Tls, Transport, Verify,
};
pub use verdict::{Failure, Phase, Reason, Success, Timings, Verdict};
pub use words::WordsError;
