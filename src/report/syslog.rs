//! Syslog datagrams as ldirectord sends them: `<134>Nov 20 11:46:30 ldirectord[820]: message` (RFC 3164 over a local socket).
//! A missing or full socket never stops anything: lines wait in a bounded queue and are tried again.
#![allow(clippy::disallowed_methods, reason = "this is where syslog is spoken to")]

use super::clock;
use std::collections::VecDeque;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Where the local syslog daemon listens.
pub const SOCKET: &str = "/dev/log";
/// Lines that wait for a syslog daemon at most; the oldest are given up first.
const WAITING: usize = 1000;
/// Severity `info` (RFC 3164, table 2), as ldirectord uses for everything.
const INFO: u8 = 6;

/// The number of a facility by name (RFC 3164, table 1); an unknown name counts as `daemon`, because ldirectord accepts it silently.
pub fn facility(name: &str) -> u8 {
    const NAMES: [&str; 12] =
        ["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"];
    let name = name.to_ascii_lowercase();
    let local = name.strip_prefix("local").and_then(|digit| digit.parse::<u8>().ok()).filter(|digit| *digit < 8);
    match (NAMES.iter().position(|known| *known == name), local) {
        (_, Some(digit)) => 16 + digit,
        (Some(position), None) => u8::try_from(position).unwrap_or(3),
        (None, None) => 3,
    }
}

/// One datagram.
pub fn datagram(facility: u8, at: SystemTime, pid: u32, message: &str) -> String {
    let priority = u16::from(facility) * 8 + u16::from(INFO);
    format!("<{priority}>{} ldirectord[{pid}]: {message}\n", clock::syslog(at))
}

/// A sender with its queue.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    facility: u8,
    socket: Option<UnixDatagram>,
    waiting: VecDeque<String>,
}

impl Syslog {
    /// A sender to the socket at `path` ([`SOCKET`]); nothing is opened yet.
    pub fn new(path: &Path, facility: u8) -> Self {
        Self { path: path.to_owned(), facility, socket: None, waiting: VecDeque::new() }
    }

    /// Sends a line, or keeps it until the daemon is there.
    pub fn send(&mut self, at: SystemTime, message: &str) {
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(datagram(self.facility, at, std::process::id(), message));
        self.retry();
    }

    /// Whether lines are waiting.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Tries to send what waits.
    pub fn retry(&mut self) {
        while let Some(datagram) = self.waiting.pop_front() {
            // A restarted syslog daemon has a new socket: the old one fails once, then it is opened anew.
            if self.deliver(&datagram) || self.deliver(&datagram) {
                continue;
            }
            self.waiting.push_front(datagram);
            return;
        }
    }

    /// Sends over the open socket, or one opened now; on failure the socket is given up.
    fn deliver(&mut self, datagram: &str) -> bool {
        if self.socket.is_none() {
            self.socket = open(&self.path).ok();
        }
        let sent = self.socket.as_ref().is_some_and(|socket| socket.send(datagram.as_bytes()).is_ok());
        if !sent {
            self.socket = None;
        }
        sent
    }
}

fn open(path: &Path) -> std::io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(Duration::from_millis(200)))?;
    socket.connect(path)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facilities_have_their_numbers() {
        for (name, number) in [("local0", 16), ("local7", 23), ("daemon", 3), ("LOCAL4", 20), ("user", 1), ("foo", 3)] {
            assert_eq!(facility(name), number, "{name}");
        }
        assert_eq!(facility("local8"), 3);
    }

    #[test]
    fn a_missing_daemon_is_waited_for_and_a_restarted_one_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut syslog = Syslog::new(&path, facility("local0"));
        for number in 0..WAITING + 5 {
            syslog.send(clock::now(), &format!("line {number}"));
        }
        assert!(syslog.is_waiting());
        let read = |socket: &UnixDatagram| {
            let mut buffer = [0; 512];
            let length = socket.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        };
        for name in ["first", "second"] {
            let _gone = std::fs::remove_file(&path);
            let daemon = UnixDatagram::bind(&path).unwrap();
            daemon.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let reader = std::thread::spawn(move || {
                // The oldest five were given up.
                let mut last = read(&daemon);
                while !last.ends_with("]: end\n") {
                    last = read(&daemon);
                }
                last
            });
            syslog.send(clock::now(), "end");
            while syslog.is_waiting() {
                syslog.retry();
            }
            let last = reader.join().unwrap();
            assert!(last.starts_with("<134>"), "{name}: {last}");
            assert!(last.contains(&format!(" ldirectord[{}]: end", std::process::id())), "{last}");
        }
    }
}
