//! The lock that one instance holds for as long as it lives, so that two starts at once make one daemon. Its file also tells
//! what the instance is doing and with which configuration; the lock alone tells whether it lives.
#![allow(clippy::disallowed_methods, reason = "the lock is a file")]

use super::paths::Paths;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;

/// What an instance is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Not ready yet.
    Starting,
    /// Ready.
    Running,
    /// On its way out: a start waits for the end.
    Stopping,
}

/// The content of the lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its pid.
    pub pid: u32,
    /// What it is doing.
    pub phase: Phase,
    /// Absolute path of its configuration.
    pub config: String,
    /// `kernel` or `memory`.
    pub table: String,
}

/// The held lock.
#[derive(Debug)]
pub struct Lock {
    file: File,
    note: Note,
}

impl Lock {
    /// Tries to take it, making the folder where it is missing; nothing if somebody holds it.
    pub fn try_take(paths: &Paths, config: &str, table: &str) -> io::Result<Option<Self>> {
        std::fs::create_dir_all(paths.folder())?;
        let file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o644).open(paths.lock())?;
        match file.try_lock() {
            Ok(()) => {
                let note = Note {
                    pid: std::process::id(),
                    phase: Phase::Starting,
                    config: config.to_owned(),
                    table: table.to_owned(),
                };
                let mut lock = Self { file, note };
                lock.write()?;
                Ok(Some(lock))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Tells what it is doing now.
    pub fn set_phase(&mut self, phase: Phase) {
        self.note.phase = phase;
        // The note is a help for those who wait; without it they wait for the lock alone.
        let _ignored = self.write();
    }

    fn write(&mut self) -> io::Result<()> {
        // Over the old note, then cut: a successor needs no room on a full disk.
        let text = serde_json::to_string(&self.note)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)
    }
}

/// What the instance told last, whether it lives or not.
pub fn read(paths: &Paths) -> Option<Note> {
    serde_json::from_slice(&std::fs::read(paths.lock()).ok()?).ok()
}

/// Whether the lock file is there and nobody holds it.
pub fn is_free(paths: &Paths) -> bool {
    // A shared lock, given back at once: a start that tries in this moment tries again.
    File::open(paths.lock()).is_ok_and(|file| file.try_lock_shared().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path(), "a.cf");
        assert!(!is_free(&paths), "no file is not a free lock");
        let mut first = Lock::try_take(&paths, "/x/a.cf", "memory").unwrap().unwrap();
        assert!(!is_free(&paths));
        assert!(Lock::try_take(&paths, "/x/a.cf", "memory").unwrap().is_none());
        first.set_phase(Phase::Stopping);
        let note = read(&paths).unwrap();
        assert_eq!(
            note,
            Note { pid: std::process::id(), phase: Phase::Stopping, config: "/x/a.cf".into(), table: "memory".into() }
        );
        drop(first);
        assert!(is_free(&paths));
        assert!(Lock::try_take(&paths, "/x/a.cf", "memory").unwrap().is_some());
    }
}
