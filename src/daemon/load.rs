//! A configuration from its file: read, judged, its questions answered by the machine. Blocking (names are resolved), so it runs
//! in a thread beside the owner. A name that was answered before keeps its last address when it does not resolve now.
#![allow(clippy::disallowed_methods, reason = "the configuration is a file")]

use super::resolve::{Limits, Machine, System};
use crate::config::{self, Answers, Config, Diagnostic, Severity};
use crate::ipvs::Family;
use nix::fcntl::OFlag;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A file larger than this is not a configuration.
const LARGEST: u64 = 64 * 1024 * 1024;

/// How long names may take, all together. Those that take longer are asked for again later; a start must not wait for a dead name
/// server until its cluster gives it up.
const NAMES: Duration = Duration::from_secs(3);

/// The last addresses of names.
pub type Addresses = HashMap<(String, Option<Family>), IpAddr>;

/// What came of a load.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration, unless there are errors.
    pub config: Option<Config>,
    /// Everything found.
    pub findings: Vec<Diagnostic>,
    /// The file's bytes.
    pub text: Vec<u8>,
    /// Addresses of all names, new and kept.
    pub addresses: Addresses,
    /// Names that do not resolve now but keep their last address.
    pub kept: Vec<(String, IpAddr)>,
    /// Names that have no address at all.
    pub missing: Vec<String>,
}

/// The bytes of a file; the error in ldirectord's words.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| {
        let words = error.to_string();
        let words = words.split(" (os error").next().unwrap_or_default();
        format!("can not open file {}: {words}", path.display())
    };
    // A pipe that took the file's place must not hold anybody up: opened without waiting, and refused.
    let open = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
    let file = open.map_err(cannot)?;
    let kind = file.metadata().map_err(cannot)?.file_type();
    if !(kind.is_file() || kind.is_dir()) {
        return Err(format!("can not open file {}: Is not a regular file", path.display()));
    }
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(cannot)?;
    if text.len() as u64 > LARGEST {
        return Err(format!("{} is larger than {} MB: not a configuration", path.display(), LARGEST / 1024 / 1024));
    }
    Ok(text)
}

/// Judges a text. `last` are the addresses that names had before.
pub fn judge(text: Vec<u8>, last: &Addresses) -> Loaded {
    let draft = config::read(&text);
    let limits = Limits { deadline: NAMES, ..Limits::default() };
    let machine = Machine::ask_of(&Arc::new(System), &draft.questions(), limits);
    let answers = Remembering { machine: &machine, last, notes: RefCell::default() };
    let (config, findings) = draft.finish(&answers);
    let notes = answers.notes.into_inner();
    // A name may be asked for by several lines.
    let mut kept: Vec<(String, IpAddr)> = notes.kept;
    kept.sort();
    kept.dedup();
    let mut missing = notes.missing;
    missing.sort();
    missing.dedup();
    Loaded { config, findings, text, addresses: notes.addresses, kept, missing }
}

/// Without asking for addresses: what needs to be known before anything is started (`supervised`, `logfile`).
pub fn glance(text: &[u8]) -> Option<Config> {
    config::read(text).finish(&Nobody).0
}

/// Whether errors are among the findings.
pub fn has_errors(findings: &[Diagnostic]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// Bytes that stand for a name.
fn stand_in(name: &str) -> [u8; 8] {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(name).to_be_bytes()
}

#[derive(Default)]
struct Notes {
    addresses: Addresses,
    kept: Vec<(String, IpAddr)>,
    missing: Vec<String>,
}

/// The machine's answers, and for a name that has none now the last one.
struct Remembering<'a> {
    machine: &'a dyn Answers,
    last: &'a Addresses,
    notes: RefCell<Notes>,
}

impl Answers for Remembering<'_> {
    fn host(&self, name: &str, family: Option<Family>) -> Option<IpAddr> {
        let key = (name.to_owned(), family);
        let now = self.machine.host(name, family);
        let mut notes = self.notes.borrow_mut();
        let address = now.or_else(|| self.last.get(&key).copied());
        match (now, address) {
            (None, Some(address)) => notes.kept.push((name.to_owned(), address)),
            (None, None) => notes.missing.push(name.to_owned()),
            _ => {}
        }
        if let Some(address) = address {
            notes.addresses.insert(key, address);
        }
        address
    }
    fn port(&self, name: &str, protocol: Option<&str>) -> Option<u16> {
        self.machine.port(name, protocol)
    }
    fn file(&self, path: &str) -> bool {
        self.machine.file(path)
    }
    fn directory(&self, path: &str) -> bool {
        self.machine.directory(path)
    }
    fn appendable(&self, path: &str) -> Result<(), String> {
        self.machine.appendable(path)
    }
    fn readable(&self, path: &str) -> Result<(), String> {
        self.machine.readable(path)
    }
}

/// Answers at once, as if nothing were wrong: a glance asks nobody. Different names get different answers, so that nothing
/// looks like a duplicate.
struct Nobody;

impl Answers for Nobody {
    fn host(&self, name: &str, family: Option<Family>) -> Option<IpAddr> {
        let [one, two, three, ..] = stand_in(name);
        Some(match family {
            Some(Family::V6) => {
                std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, one.into(), two.into(), three.into()).into()
            }
            _ => std::net::Ipv4Addr::new(127, one, two, three).into(),
        })
    }
    fn port(&self, name: &str, _protocol: Option<&str>) -> Option<u16> {
        let [_, _, _, .., one, two] = stand_in(name);
        Some(u16::from_be_bytes([one, two]).max(1))
    }
    fn file(&self, _path: &str) -> bool {
        true
    }
    fn directory(&self, _path: &str) -> bool {
        true
    }
    fn appendable(&self, _path: &str) -> Result<(), String> {
        Ok(())
    }
    fn readable(&self, _path: &str) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_in_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("a.cf");
        let path = missing.display();
        assert_eq!(read(&missing).unwrap_err(), format!("can not open file {path}: No such file or directory"));
        assert!(read(folder.path()).unwrap_err().ends_with(": Is a directory"));
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(read(&pipe).unwrap_err().ends_with(": Is not a regular file"), "and nobody waits for a writer");
    }

    #[test]
    fn a_name_keeps_its_last_address() {
        struct Dead;
        impl Answers for Dead {
            fn host(&self, _name: &str, _family: Option<Family>) -> Option<IpAddr> {
                None
            }
            fn port(&self, _name: &str, _protocol: Option<&str>) -> Option<u16> {
                None
            }
            fn file(&self, _path: &str) -> bool {
                false
            }
            fn directory(&self, _path: &str) -> bool {
                false
            }
            fn appendable(&self, _path: &str) -> Result<(), String> {
                Ok(())
            }
            fn readable(&self, _path: &str) -> Result<(), String> {
                Ok(())
            }
        }
        let address: IpAddr = [10, 0, 0, 7].into();
        let last = Addresses::from([(("web1".to_owned(), Some(Family::V4)), address)]);
        let answers = Remembering { machine: &Dead, last: &last, notes: RefCell::default() };
        assert_eq!(answers.host("web1", Some(Family::V4)), Some(address));
        assert_eq!(answers.host("web2", Some(Family::V4)), None);
        let notes = answers.notes.into_inner();
        assert_eq!(notes.kept, [("web1".to_owned(), address)]);
        assert_eq!(notes.missing, ["web2"]);
        assert_eq!(notes.addresses, last);
    }
}
