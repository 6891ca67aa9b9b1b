//! Watches the configuration for a changed content: through notify on the folders where a rename can replace it (its own, and those
//! of every symlink on the way, as editors and ConfigMaps do it), with a slow look at the file as a fallback.
#![allow(clippy::disallowed_methods, reason = "files are watched here")]

use super::load;
use notify::{RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// After the first sign of a change this long nothing may move: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(200);
/// A file that never settles is looked at all the same.
const AT_LAST: Duration = Duration::from_secs(2);
/// How often the file is looked at without any sign.
const LOOK: Duration = Duration::from_secs(3);

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Another content.
    Changed,
    /// The file is not there any more; told once.
    Vanished,
}

/// Starts watching from the content `known`. Ends when the receiver is dropped. Must run inside a runtime.
pub fn start(path: &Path, known: &[u8]) -> mpsc::Receiver<Seen> {
    let (sender, receiver) = mpsc::channel(4);
    let watch = Watch { path: path.to_owned(), look: None, content: fingerprint(known), vanished: false };
    tokio::task::spawn(watch.run(sender));
    receiver
}

struct Watch {
    path: PathBuf,
    /// What a stat said at the last look: device, inode, size, times.
    look: Option<[i128; 5]>,
    content: (usize, u64),
    vanished: bool,
}

impl Watch {
    async fn run(mut self, seen: mpsc::Sender<Seen>) {
        let (sender, mut signs) = mpsc::channel::<()>(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading a file is a sign too (of ourselves, above all).
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _one_is_enough = sender.try_send(());
            }
        });
        // Without inotify (its instances are limited) the slow look remains.
        let mut watcher = watcher.ok();
        let mut watched = BTreeSet::new();
        loop {
            if let Some(watcher) = &mut watcher {
                follow(watcher, &mut watched, &self.path);
            }
            tokio::select! {
                sign = signs.recv(), if watcher.is_some() => {
                    if sign.is_some() {
                        settle(&mut signs).await;
                    }
                }
                () = tokio::time::sleep(LOOK) => {}
                () = seen.closed() => return,
            }
            if let Some(what) = self.look().await
                && seen.send(what).await.is_err()
            {
                return;
            }
        }
    }

    /// Looks at the file; its content is only read where a stat says that it may have changed.
    async fn look(&mut self) -> Option<Seen> {
        let (path, last) = (self.path.clone(), self.look);
        // A file system that hangs must not hang the checks.
        let looking = tokio::task::spawn_blocking(move || {
            let look = stat(&path)?;
            if Some(look) == last {
                return Some((look, None));
            }
            load::read(&path).ok().map(|text| (look, Some(fingerprint(&text))))
        });
        match looking.await.ok()? {
            None => {
                self.look = None;
                (!std::mem::replace(&mut self.vanished, true)).then_some(Seen::Vanished)
            }
            Some((look, content)) => {
                self.look = Some(look);
                self.vanished = false;
                let content = content?;
                (std::mem::replace(&mut self.content, content) != content).then_some(Seen::Changed)
            }
        }
    }
}

/// Waits until no sign has come for a while.
async fn settle(signs: &mut mpsc::Receiver<()>) {
    let quiet = async { while tokio::time::timeout(SETTLE, signs.recv()).await.is_ok_and(|sign| sign.is_some()) {} };
    let _restless = tokio::time::timeout(AT_LAST, quiet).await;
}

fn fingerprint(text: &[u8]) -> (usize, u64) {
    (text.len(), BuildHasherDefault::<DefaultHasher>::default().hash_one(text))
}

fn stat(path: &Path) -> Option<[i128; 5]> {
    let data = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let time = i128::from(data.mtime()) * 1_000_000_000 + i128::from(data.mtime_nsec());
    let change = i128::from(data.ctime()) * 1_000_000_000 + i128::from(data.ctime_nsec());
    Some([data.dev().into(), data.ino().into(), data.size().into(), time, change])
}

/// Watches the folders on the way to the file, and gives up those that are not on it any more.
fn follow(watcher: &mut notify::RecommendedWatcher, watched: &mut BTreeSet<PathBuf>, path: &Path) {
    let folders = folders(path);
    for folder in watched.difference(&folders) {
        let _gone = watcher.unwatch(folder);
    }
    // A folder that cannot be watched is tried again after the next look.
    let old = std::mem::take(watched);
    *watched = folders
        .into_iter()
        .filter(|folder| old.contains(folder) || watcher.watch(folder, RecursiveMode::NonRecursive).is_ok())
        .collect();
}

/// The folders in which a rename can change what the path leads to.
fn folders(path: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut todo = vec![path.to_owned()];
    // Bounded as the kernel bounds a walk (40 symlinks, path_resolution(7)).
    for _ in 0..40 {
        let Some(path) = todo.pop() else { break };
        for step in path.ancestors() {
            let Some(folder) = step.parent() else { continue };
            if step == path {
                found.insert(folder.to_owned());
            }
            if let Ok(target) = std::fs::read_link(step) {
                found.insert(folder.to_owned());
                let rest = path.strip_prefix(step).unwrap_or(Path::new(""));
                todo.push(if rest.as_os_str().is_empty() {
                    folder.join(target)
                } else {
                    folder.join(target).join(rest)
                });
            }
        }
    }
    found.into_iter().filter(|folder| folder.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    async fn expect(seen: &mut mpsc::Receiver<Seen>, what: Seen) {
        let got = tokio::time::timeout(Duration::from_secs(30), seen.recv()).await;
        assert_eq!(got.unwrap(), Some(what));
    }

    #[tokio::test]
    async fn writes_renames_and_removals_are_seen_and_touches_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cf");
        std::fs::write(&path, "one").unwrap();
        let mut seen = start(&path, b"one");
        std::fs::write(&path, "two").unwrap();
        expect(&mut seen, Seen::Changed).await;
        for number in 0..3 {
            let other = folder.path().join("a.cf.new");
            std::fs::write(&other, format!("number {number}")).unwrap();
            std::fs::rename(&other, &path).unwrap();
            expect(&mut seen, Seen::Changed).await;
        }
        // The same content anew, then another one: one change is seen.
        std::fs::write(&path, "number 2").unwrap();
        tokio::time::sleep(SETTLE * 3).await;
        assert!(seen.try_recv().is_err());
        std::fs::remove_file(&path).unwrap();
        expect(&mut seen, Seen::Vanished).await;
        std::fs::write(&path, "back").unwrap();
        expect(&mut seen, Seen::Changed).await;
    }

    #[tokio::test]
    async fn swapped_symlinks_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        for (version, text) in [("v1", "one"), ("v2", "two"), ("v3", "three")] {
            std::fs::create_dir(folder.path().join(version)).unwrap();
            std::fs::write(folder.path().join(version).join("a.cf"), text).unwrap();
        }
        symlink("v1", folder.path().join("..data")).unwrap();
        symlink("..data/a.cf", folder.path().join("a.cf")).unwrap();
        let path = folder.path().join("a.cf");
        let mut seen = start(&path, b"one");
        for version in ["v2", "v3"] {
            symlink(version, folder.path().join("..data_tmp")).unwrap();
            std::fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
            expect(&mut seen, Seen::Changed).await;
        }
        assert!(folders(&path).contains(folder.path()));
        assert!(
            folders(&path).contains(&folder.path().join("v3"))
                || folders(&path).contains(&folder.path().join("..data"))
        );
    }
}
