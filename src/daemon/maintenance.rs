//! Watches `maintenancedir`: through notify, and by a look every second, since not every file system tells. A folder that
//! hangs holds nobody up, and one that cannot be read changes nothing.
#![allow(clippy::disallowed_methods, reason = "a folder is watched here")]

use super::resolve::{Limits, Machine, System};
use crate::config::{Answers, Question};
use crate::director::Maintenance;
use crate::ipvs::Family;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeSet, HashSet};
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How often the folder is looked at without any sign.
const LOOK: Duration = Duration::from_secs(1);
/// A folder that changed within this time may change again without another time stamp.
const FRESH: Duration = Duration::from_secs(3);
/// How long the addresses of names that only a name server knows are good for.
const NAMES: Duration = Duration::from_secs(60);
/// So many of those are asked for.
const MOST: usize = 256;

/// Starts watching `folder`; `known` are the names that mean a real server. The first message comes after the first look. Ends
/// when the receiver is dropped. Must run inside a runtime.
pub(super) fn start(folder: &Path, known: HashSet<String>) -> mpsc::Receiver<Maintenance> {
    let (sender, receiver) = mpsc::channel(4);
    let watch = Watch {
        folder: folder.to_owned(),
        known: Arc::new(known),
        last: Look::default(),
        hosts: HashSet::new(),
        asked: None,
        failing: false,
    };
    tokio::task::spawn(watch.run(sender));
    receiver
}

/// What the folder said at the last look.
#[derive(Debug, Default)]
struct Look {
    /// Its time stamp, unless that may still hide something.
    modified: Option<SystemTime>,
    /// Files that mean a real server by themselves.
    files: HashSet<String>,
    /// Other names of hosts, as the files are called.
    others: BTreeSet<String>,
}

struct Watch {
    folder: PathBuf,
    known: Arc<HashSet<String>>,
    last: Look,
    /// The addresses of `last.others`, and when they were asked for.
    hosts: HashSet<(IpAddr, Option<u16>)>,
    asked: Option<Instant>,
    failing: bool,
}

impl Watch {
    async fn run(mut self, out: mpsc::Sender<Maintenance>) {
        let (sender, mut signs) = mpsc::channel::<()>(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _one_is_enough = sender.try_send(());
            }
        });
        // Without inotify (its instances are limited) the look every second remains.
        let mut watcher = watcher.ok();
        let mut watched = false;
        let mut told = None;
        loop {
            watched = watched || watcher.as_mut().is_some_and(|watcher| follow(watcher, &self.folder));
            watched &= self.look().await;
            self.resolve().await;
            let now = Maintenance { files: self.last.files.clone(), hosts: self.hosts.clone() };
            if told.as_ref() != Some(&now) {
                told = Some(now.clone());
                if out.send(now).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                _ = signs.recv(), if watched => {}
                () = tokio::time::sleep(LOOK) => {}
                () = out.closed() => return,
            }
        }
    }

    /// Looks at the folder; whether it is there.
    async fn look(&mut self) -> bool {
        let (folder, known, since) = (self.folder.clone(), self.known.clone(), self.last.modified);
        let looked = tokio::task::spawn_blocking(move || look(&folder, &known, since)).await;
        match looked.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(None) => {}
            Ok(Some(look)) => {
                if look.others != self.last.others {
                    self.asked = None;
                }
                self.last = look;
                self.failing = false;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // As ldirectord has it: no folder, no maintenance.
                self.last = Look::default();
                return false;
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    let folder = self.folder.display();
                    let words = "maintenance directory cannot be read, what it said last stays";
                    tracing::info!("Warning [{}]: {words}: {folder}: {error}", std::process::id());
                }
                return false;
            }
        }
        true
    }

    /// Asks for the names that only a name server knows, when they are new and now and then.
    async fn resolve(&mut self) {
        if self.last.others.is_empty() {
            self.hosts.clear();
        } else if self.asked.is_none_or(|asked| asked.elapsed() >= NAMES) {
            self.asked = Some(Instant::now());
            let others = self.last.others.clone();
            if let Ok(hosts) = tokio::task::spawn_blocking(move || addresses(&others)).await {
                self.hosts = hosts;
            }
        }
    }
}

/// Begins to be told of changes. A folder that is made later is watched from then on.
fn follow(watcher: &mut RecommendedWatcher, folder: &Path) -> bool {
    let _not_watched_so_far = watcher.unwatch(folder);
    watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
}

/// Reads the folder, unless its time stamp says that nothing changed. A million files cost time, but no memory.
fn look(folder: &Path, known: &HashSet<String>, since: Option<SystemTime>) -> std::io::Result<Option<Look>> {
    let modified = std::fs::metadata(folder)?.modified()?;
    if since == Some(modified) {
        return Ok(None);
    }
    let mut look = Look::default();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // A link into nowhere is no file.
        if known.contains(&name) && entry.path().exists() {
            look.files.insert(name);
        } else if look.others.len() < MOST && host_of(&name).is_some() {
            look.others.insert(name);
        }
    }
    let settled = modified.elapsed().is_ok_and(|age| age > FRESH);
    look.modified = settled.then_some(modified);
    Ok(Some(look))
}

/// The host and the port that a file name may mean: `web1.example.org`, `web1:80`. Hidden files and addresses mean none: an
/// address that no real server has is nobody.
fn host_of(name: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match name.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (name, None),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-' || byte == b'_';
    let is_host = host.bytes().all(plain) && host.starts_with(|first: char| first.is_ascii_alphanumeric());
    (is_host && host.parse::<IpAddr>().is_err()).then_some((host, port))
}

/// The addresses of hosts that files are named after.
fn addresses(names: &BTreeSet<String>) -> HashSet<(IpAddr, Option<u16>)> {
    let hosts: Vec<(&str, Option<u16>)> = names.iter().filter_map(|name| host_of(name)).collect();
    let question = |host: &str| Question::Host { name: host.to_owned(), family: None };
    let questions: Vec<Question> = hosts.iter().map(|(host, _)| question(host)).collect();
    let machine = Machine::ask_of(&Arc::new(System), &questions, Limits::default());
    let families = [Some(Family::V4), Some(Family::V6)];
    let of = |(host, port): (&str, Option<u16>)| families.map(|family| machine.host(host, family).map(|ip| (ip, port)));
    hosts.into_iter().flat_map(of).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn next(messages: &mut mpsc::Receiver<Maintenance>) -> Maintenance {
        tokio::time::timeout(Duration::from_secs(60), messages.recv()).await.unwrap().unwrap()
    }

    fn names(words: &[&str]) -> HashSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[tokio::test]
    async fn files_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("down");
        let mut seen = start(&place, names(&["10.0.0.1", "10.0.0.1:80", "web1"]));
        assert_eq!(next(&mut seen).await, Maintenance::default(), "no folder");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("10.0.0.2"), "").unwrap();
        std::fs::write(place.join("web1"), "").unwrap();
        assert_eq!(next(&mut seen).await.files, names(&["web1"]));
        std::fs::write(place.join("10.0.0.1:80"), "").unwrap();
        assert_eq!(next(&mut seen).await.files, names(&["web1", "10.0.0.1:80"]));
        std::fs::remove_file(place.join("web1")).unwrap();
        assert_eq!(next(&mut seen).await.files, names(&["10.0.0.1:80"]));
        std::os::unix::fs::symlink("/nowhere", place.join("10.0.0.1")).unwrap();
        std::fs::write(place.join("localhost:81"), "").unwrap();
        let last = next(&mut seen).await;
        assert_eq!(last.files, names(&["10.0.0.1:80"]), "a link into nowhere");
        assert!(last.hosts.contains(&([127, 0, 0, 1].into(), Some(81))), "{last:?}");
        std::fs::remove_dir_all(&place).unwrap();
        loop {
            if next(&mut seen).await == Maintenance::default() {
                break;
            }
        }
    }

    #[test]
    fn names_of_hosts() {
        assert_eq!(host_of("web1.example.org:8080"), Some(("web1.example.org", Some(8080))));
        assert_eq!(host_of("web1"), Some(("web1", None)));
        for other in [".hidden", "10.0.0.1", "10.0.0.1:80", "[fd00::1]", "web1:http", "a b", ""] {
            assert_eq!(host_of(other), None, "{other}");
        }
    }
}
