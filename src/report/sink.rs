//! Where log lines end: a file opened for every burst (so that a rotated file is never written to), syslog, stderr or stdout.
#![allow(clippy::disallowed_methods, reason = "the log is written here")]

use super::syslog::{SOCKET, Syslog, facility};
use super::{Destination, clock};
use nix::fcntl::OFlag;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

/// One line that is to be written.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: SystemTime,
    pub(super) message: String,
}

/// An open end of the log.
#[derive(Debug)]
pub(super) struct Sink {
    /// CFGNAME, for lines in a file.
    name: String,
    destination: Destination,
    syslog: Option<Syslog>,
}

impl Sink {
    pub(super) fn new(name: &str, destination: Destination) -> Self {
        let syslog = match &destination {
            Destination::Syslog(name) => Some(Syslog::new(Path::new(SOCKET), facility(name))),
            _ => None,
        };
        Self { name: name.to_owned(), destination, syslog }
    }

    /// Writes a burst. Failures are not told to anybody: a file that cannot be written sends its lines to stderr.
    pub(super) fn write(&mut self, lines: &[Line]) {
        match &self.destination {
            Destination::File(path) => {
                let text: String = lines.iter().map(|line| self.in_file(line)).collect();
                let written = OpenOptions::new()
                    .create(true)
                    .append(true)
                    // A pipe without a reader is no log, and must not hold up what follows.
                    .custom_flags(OFlag::O_NONBLOCK.bits())
                    .open(path)
                    .and_then(|mut file| file.write_all(text.as_bytes()));
                if written.is_err() {
                    bare(lines);
                }
            }
            Destination::Syslog(_) => {
                for line in lines {
                    if let Some(syslog) = &mut self.syslog {
                        syslog.send(line.at, &line.message);
                    }
                }
            }
            Destination::Stderr => bare(lines),
            Destination::Stdout => {
                let text: String =
                    lines.iter().map(|line| format!("[{}] {}\n", clock::ctime(line.at), line.message)).collect();
                let mut stdout = std::io::stdout().lock();
                // A closed stdout is nobody's fault here.
                let _ignored = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
            }
        }
    }

    /// Whether something waits to be tried again.
    pub(super) fn is_waiting(&self) -> bool {
        self.syslog.as_ref().is_some_and(Syslog::is_waiting)
    }

    /// Tries again.
    pub(super) fn retry(&mut self) {
        if let Some(syslog) = &mut self.syslog {
            syslog.retry();
        }
    }

    /// `[<ctime>|<CFGNAME>|<pid>] <message>`
    fn in_file(&self, line: &Line) -> String {
        format!("[{}|{}|{}] {}\n", clock::ctime(line.at), self.name, std::process::id(), line.message)
    }
}

/// The bare messages on stderr.
fn bare(lines: &[Line]) {
    let text: String = lines.iter().map(|line| format!("{}\n", line.message)).collect();
    let _ignored = std::io::stderr().lock().write_all(text.as_bytes());
}
