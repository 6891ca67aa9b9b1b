//! The machine's answers to what a configuration asks: host names (getaddrinfo), service names (/etc/services, then getent), files.
//! Names are asked side by side under one deadline, so that a dead name server cannot hold up a start.
#![allow(clippy::disallowed_methods, reason = "this is where the machine is asked")]

mod services;

pub use services::Services;

use crate::config::{Answers, Question};
use crate::ipvs::Family;
use nix::unistd::{AccessFlags, access};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, ToSocketAddrs};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Threads that may wait for names at once, and what each needs: a resolver's buffers.
const MOST: usize = 512;
const STACK: usize = 512 * 1024;

/// How names are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Names that are asked at the same time, as long as answers come.
    pub at_once: usize,
    /// When none has come for this long, as many more are asked, 512 at most: names that hang (a dead name server, one dead
    /// zone) must not keep the others from being asked at all.
    pub stall: Duration,
    /// For all of them together; what has no answer then is unresolved.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { at_once: 16, stall: Duration::from_millis(100), deadline: Duration::from_secs(10) }
    }
}

/// The machine, asked once. Questions that were not asked then have no answer, but for those about files, which are looked at
/// when they are asked.
#[derive(Debug, Default)]
pub struct Machine {
    hosts: HashMap<String, Vec<IpAddr>>,
    ports: HashMap<(String, Option<String>), u16>,
}

/// Who is asked for names; the system, or a test's stand-in. Called from several threads.
pub trait Directory: Send + Sync + 'static {
    /// All addresses of a name, in the order of getaddrinfo; none where it does not resolve.
    fn addresses(&self, name: &str) -> Vec<IpAddr>;
    /// The port of a service that /etc/services does not have.
    fn port(&self, name: &str, protocol: Option<&str>) -> Option<u16>;
    /// The text of /etc/services.
    fn services(&self) -> String;
}

/// The system's directory.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Directory for System {
    fn addresses(&self, name: &str) -> Vec<IpAddr> {
        (name, 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default()
    }
    fn port(&self, name: &str, protocol: Option<&str>) -> Option<u16> {
        let key = protocol.map_or_else(|| name.to_owned(), |protocol| format!("{name}/{protocol}"));
        let output = Command::new("getent").args(["services", "--", &key]).stdin(Stdio::null()).output().ok()?;
        Services::parse(&String::from_utf8_lossy(&output.stdout)).port(name, protocol)
    }
    fn services(&self) -> String {
        std::fs::read("/etc/services").map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }
}

/// A name to ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Job {
    Host(String),
    Port(String, Option<String>),
}

enum Answer {
    Host(String, Vec<IpAddr>),
    Port(String, Option<String>, Option<u16>),
}

impl Machine {
    /// Asks the system; returns within the default [`Limits`].
    pub fn ask(questions: &[Question]) -> Self {
        Self::ask_of(&Arc::new(System), questions, Limits::default())
    }

    /// Asks any directory. A thread whose answer does not come in time is left to end by itself.
    pub fn ask_of<D: Directory>(directory: &Arc<D>, questions: &[Question], limits: Limits) -> Self {
        let mut machine = Self::default();
        let mut jobs = BTreeSet::new();
        let mut services = None;
        for question in questions {
            match question {
                Question::Host { name, .. } if is_address_shorthand(name) => {}
                Question::Host { name, .. } => match name.parse() {
                    Ok(address) => drop(machine.hosts.insert(name.clone(), vec![address])),
                    Err(_) => drop(jobs.insert(Job::Host(name.clone()))),
                },
                Question::Port { name, protocol } => {
                    let services = services.get_or_insert_with(|| Services::parse(&directory.services()));
                    let key = (name.clone(), protocol.map(str::to_owned));
                    match name.parse().ok().or_else(|| services.port(name, *protocol)) {
                        Some(port) => drop(machine.ports.insert(key, port)),
                        None => drop(jobs.insert(Job::Port(key.0, key.1))),
                    }
                }
                Question::File(_) | Question::Directory(_) | Question::Appendable(_) | Question::Readable(_) => {}
            }
        }
        machine.collect(directory, jobs, limits);
        machine
    }

    fn collect<D: Directory>(&mut self, directory: &Arc<D>, jobs: BTreeSet<Job>, limits: Limits) {
        let end = Instant::now() + limits.deadline;
        let mut missing = jobs.len();
        let queue = Arc::new(Mutex::new(VecDeque::from_iter(jobs)));
        let waiting = || queue.lock().unwrap_or_else(PoisonError::into_inner).len();
        let (sender, answers) = mpsc::channel();
        let mut workers = 0;
        while missing > 0 {
            let more = limits.at_once.min(waiting()).min(MOST.saturating_sub(workers));
            for _ in 0..more {
                let (queue, sender, directory) = (Arc::clone(&queue), sender.clone(), Arc::clone(directory));
                // Where no thread can be had the others do the work; where there is none, nothing resolves.
                let worker = std::thread::Builder::new().name("resolve".to_owned()).stack_size(STACK);
                workers += usize::from(worker.spawn(move || work(&queue, &sender, &*directory)).is_ok());
            }
            // Until no answer has come for a while.
            while missing > 0 {
                let left = end.saturating_duration_since(Instant::now());
                match answers.recv_timeout(left.min(limits.stall)) {
                    Ok(Answer::Host(name, addresses)) => drop(self.hosts.insert(name, addresses)),
                    Ok(Answer::Port(name, protocol, Some(port))) => drop(self.ports.insert((name, protocol), port)),
                    Ok(Answer::Port(..)) => {}
                    Err(_) => break,
                }
                missing -= 1;
            }
            if end <= Instant::now() {
                break;
            }
        }
        queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Asks for names until none is left, or nobody wants to know any more.
fn work(queue: &Mutex<VecDeque<Job>>, answers: &mpsc::Sender<Answer>, directory: &impl Directory) {
    // A statement of its own: the lock must not be held while a name is asked for.
    while let Some(job) = { queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front() } {
        let answer = match job {
            Job::Host(name) => {
                let addresses = directory.addresses(&name);
                Answer::Host(name, addresses)
            }
            Job::Port(name, protocol) => {
                let port = directory.port(&name, protocol.as_deref());
                Answer::Port(name, protocol, port)
            }
        };
        if answers.send(answer).is_err() {
            return;
        }
    }
}

/// `80`, `10.1` or `0x7f.1`: getaddrinfo takes such words for addresses (0.0.0.80), but nobody means them.
fn is_address_shorthand(name: &str) -> bool {
    let is_number = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()),
    };
    name.trim_end_matches('.').split('.').all(is_number) && name.parse::<IpAddr>().is_err()
}

impl Answers for Machine {
    fn host(&self, name: &str, family: Option<Family>) -> Option<IpAddr> {
        let addresses = self.hosts.get(name)?;
        addresses.iter().find(|address| family.is_none_or(|family| Family::of(address) == family)).copied()
    }
    fn port(&self, name: &str, protocol: Option<&str>) -> Option<u16> {
        self.ports.get(&(name.to_owned(), protocol.map(str::to_owned))).copied()
    }
    fn file(&self, path: &str) -> bool {
        Path::new(path).is_file()
    }
    fn directory(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }
    /// Asked without opening: a check of a configuration creates no log file, and a pipe without reader holds nobody up.
    fn appendable(&self, path: &str) -> Result<(), String> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Err("Is a directory".to_owned()),
            Ok(_) => access(path, AccessFlags::W_OK).map_err(words),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let directory = match Path::new(path).parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent,
                    _ => Path::new("."),
                };
                access(directory, AccessFlags::W_OK | AccessFlags::X_OK).map_err(words)
            }
            Err(error) => {
                Err(error.raw_os_error().map_or_else(|| error.to_string(), |code| words(nix::Error::from_raw(code))))
            }
        }
    }
    fn readable(&self, path: &str) -> Result<(), String> {
        if Path::new(path).is_dir() {
            return Err("Is a directory".to_owned());
        }
        access(path, AccessFlags::R_OK).map_err(words)
    }
    fn hostname(&self) -> String {
        std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty()).unwrap_or_else(hostname)
    }
}

/// This machine's name, as uname(2) has it.
pub(super) fn hostname() -> String {
    nix::unistd::gethostname().map_or_else(|_| "localhost".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The errno's words, as the C library has them.
fn words(error: nix::Error) -> String {
    error.desc().to_owned()
}

#[cfg(test)]
mod tests;
