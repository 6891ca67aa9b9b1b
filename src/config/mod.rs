//! ldirectord.cf: text -> lines with spans -> judged, typed model, with every mistake located. No I/O: what must be asked of
//! the machine (names, files) is handed out as [`Question`]s, and the answers are handed in.

mod address;
pub mod ast;
mod decode;
pub mod diagnostic;
pub mod directives;
pub mod draft;
mod fallback;
mod findings;
mod lint;
mod lower;
pub mod mend;
pub mod model;
mod nameless;
pub mod odd;
mod probes;
mod range;
mod raw;
mod reader;
mod real_line;
mod reals;
pub mod reference;
pub mod render;
mod resolve;
mod sections;
mod service;
pub mod show;
mod values;

pub use checks::Secret;
pub use diagnostic::{Diagnostic, Severity};
pub use draft::{Answers, Draft, Question, read};
pub use model::{
    Alert, AlertStatus, Check, CheckKind, Config, Fallback, Globals, IpvsSysctl, Probes, Real, Service, Virtual,
};
pub use nameless::Nameless;
