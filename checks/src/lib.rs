//! Probes of real servers. A [`Spec`] says what to ask, a [`Target`] says whom, [`Probe::run`] asks once within one
//! hard deadline and returns a [`Verdict`] that says why. Nothing here knows of configuration files, IPVS or a daemon.

mod bytes;
mod connect;
mod conversation;
mod datagram;
mod dialogue;
mod dns;
mod external;
mod grpc;
mod http;
mod http2;
mod ldap;
mod line;
mod mon;
mod mqtt;
mod mysql;
mod net;
mod ntp;
pub mod pattern;
mod perl;
mod pgsql;
mod ping;
pub mod probe;
mod programs;
mod radius;
mod random;
mod reach;
mod secret;
mod simpletcp;
mod sip;
pub mod spec;
mod stream;
mod tls;
pub mod verdict;
pub mod words;

pub use dns::question as dns_question;
pub use pattern::{Pattern, PatternError};
pub use probe::Probe;
pub use programs::programs_at_most;
pub use secret::{Secret, hide_in_urls};
pub use spec::{
    Class, Dialogue, Dns, External, ExternalKind, Grpc, Http, Identity, Kube, Ldap, LineProtocol, Login, MONITORS,
    Method, Mon, Mqtt, Ntp, Radius, Redirect, Security, SimpleTcp, Sip, Spec, Sql, SqlKind, Target, Tls, Transport,
    Verify,
};
pub use verdict::{Failure, Phase, Reason, Success, Timings, Verdict};
pub use words::WordsError;
