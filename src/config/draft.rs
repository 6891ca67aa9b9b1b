//! From text to a configuration in two steps, so that this module needs no I/O.

use super::findings::Findings;
use super::raw::RawConfig;
use super::{Config, Diagnostic};
use crate::ipvs::Family;
use std::net::IpAddr;

/// Something only the machine can answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// First address of a name in a family (getaddrinfo).
    Host {
        /// The name as written.
        name: String,
        /// Wanted family.
        family: Option<FamilyKey>,
    },
    /// Number of a service name (/etc/services, getent); `protocol` "tcp", "udp", "sctp" or any.
    Port {
        /// The name as written.
        name: String,
        /// Protocol, or any.
        protocol: Option<&'static str>,
    },
    /// Whether a file of this name exists (checkcommand).
    File(String),
    /// Whether a directory of this name exists (maintenancedir).
    Directory(String),
    /// Whether this file can be opened for append (logfile, monitorfile): the error's words otherwise.
    Appendable(String),
    /// Whether this file can be read (tlsca, tlscert, tlskey, tokenfile): the error's words otherwise.
    Readable(String),
}

/// An orderable stand-in for [`Family`].
pub type FamilyKey = Family;

/// Who answers the questions. Implemented over the machine by the runtime and over a table by tests.
pub trait Answers {
    /// The first address of a name, or nothing.
    fn host(&self, name: &str, family: Option<Family>) -> Option<IpAddr>;
    /// A service's port, or nothing.
    fn port(&self, name: &str, protocol: Option<&str>) -> Option<u16>;
    /// Whether the file exists.
    fn file(&self, path: &str) -> bool;
    /// Whether the directory exists.
    fn directory(&self, path: &str) -> bool;
    /// Whether the file can be appended to.
    fn appendable(&self, path: &str) -> Result<(), String>;
    /// Whether the file can be read.
    fn readable(&self, path: &str) -> Result<(), String>;
    /// This machine's name, for the default logins of sip and ftp: `HOSTNAME` of the environment, else uname's node name.
    fn hostname(&self) -> String {
        "localhost".to_owned()
    }
}

/// A parsed and judged file whose questions are still open.
#[derive(Debug)]
pub struct Draft {
    config: RawConfig,
    findings: Findings,
}

/// Parses and judges the text of a file. Never fails: what is wrong is in the draft and comes out of [`Draft::finish`].
pub fn read(text: &[u8]) -> Draft {
    let (config, findings) = super::reader::read(text);
    Draft { config, findings }
}

impl Draft {
    /// What must be asked, each once; the runtime may ask in parallel and answer from a table.
    pub fn questions(&self) -> Vec<Question> {
        super::resolve::questions(&self.config)
    }
    /// The configuration, unless there are errors; and everything found, in file order.
    pub fn finish(self, answers: &dyn Answers) -> (Option<Config>, Vec<Diagnostic>) {
        super::lower::lower(self.config, self.findings, answers)
    }
}
