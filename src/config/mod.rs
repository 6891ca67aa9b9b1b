//! ldirectord.cf: text -> lines with spans -> judged, typed model, with every mistake located. No I/O: what must be asked of
//! the machine (names, files) is handed out as [`Question`]s, and the answers are handed in.

pub mod diagnostic;
pub mod draft;
pub mod mend;
pub mod model;
pub mod render;

pub use diagnostic::{Diagnostic, Severity};
pub use draft::{Answers, Draft, Question, read};
pub use model::{
    Alert, AlertStatus, Check, CheckKind, Config, Fallback, Globals, IpvsSysctl, Probes, Real, Service, Virtual,
};
