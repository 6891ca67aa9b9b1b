//! Where the files of a running instance lie. `LDIRECTORD_RUNDIR` replaces /var/run and /run, so that tests and unprivileged
//! users can have instances of their own (docs/operations.md).
#![allow(clippy::disallowed_methods, reason = "the environment names the run directory")]

use std::path::{Path, PathBuf};

/// The files of one instance, named by CFGNAME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// CFGNAME.
    pub name: String,
    /// `/var/run`: the literal that is also printed.
    pid_folder: PathBuf,
    /// `/run/ldirectord`
    folder: PathBuf,
}

impl Paths {
    /// In the system's folders, or where the environment says.
    pub fn of(name: &str) -> Self {
        match std::env::var_os("LDIRECTORD_RUNDIR").filter(|folder| !folder.is_empty()) {
            Some(folder) => Self::below(Path::new(&folder), name),
            None => Self { name: name.to_owned(), pid_folder: "/var/run".into(), folder: "/run/ldirectord".into() },
        }
    }

    /// Everything below one folder.
    pub fn below(folder: &Path, name: &str) -> Self {
        Self { name: name.to_owned(), pid_folder: folder.to_owned(), folder: folder.join("ldirectord") }
    }

    /// The same place for another CFGNAME.
    pub fn named(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    /// `/var/run/ldirectord.<CFGNAME>.pid`
    pub fn pid_file(&self) -> PathBuf {
        self.pid_folder.join(format!("ldirectord.{}.pid", self.name))
    }
    /// The folder of everything but the pid file.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
    /// Held locked by the instance for as long as it lives; tells its state.
    pub fn lock(&self) -> PathBuf {
        self.folder.join(format!("{}.lock", self.name))
    }
    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(format!("{}.sock", self.name))
    }
    /// The last configuration that could be loaded.
    pub fn last_good(&self) -> PathBuf {
        self.folder.join(format!("{}.cf", self.name))
    }
}
