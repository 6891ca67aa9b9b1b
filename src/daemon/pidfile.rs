//! The pid file, and whether who is named in it is a director. Names and content are ldirectord's; a file is written whole or
//! not at all, and only its owner removes it.
#![allow(clippy::disallowed_methods, reason = "pid files and /proc are looked at here")]

use super::lock;
use super::paths::Paths;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the moment between two instances may last before it is the end.
const CHANGE: Duration = Duration::from_secs(2);

/// Whose process it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// This program.
    Ours,
    /// ldirectord, in Perl.
    Perl,
}

/// What the pid files say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A director is alive.
    Running {
        /// Its pid.
        pid: i32,
        /// Which program.
        kind: Kind,
        /// Its CFGNAME: the sibling's name may differ.
        name: String,
    },
    /// There is a pid file, but no director behind it.
    Stale,
    /// There is no pid file.
    Absent,
}

/// The state of an instance. `config` is the file's absolute path: the sibling name (`ldirectord` against `ldirectord.cf`)
/// counts only where its instance runs the same file.
pub fn state(paths: &Paths, config: Option<&Path>) -> State {
    let own = state_of(paths);
    if matches!(own, State::Running { .. }) {
        return own;
    }
    let sibling = match paths.name.as_str() {
        "ldirectord" => paths.named("ldirectord.cf"),
        "ldirectord.cf" => paths.named("ldirectord"),
        _ => return own,
    };
    match state_of(&sibling) {
        running @ State::Running { pid, kind, .. } => {
            let theirs = match kind {
                Kind::Ours => lock::read(&sibling).map(|note| note.config.into()),
                Kind::Perl => perl_config(pid),
            };
            if theirs.is_some() && theirs.as_deref() == config { running } else { own }
        }
        _ => own,
    }
}

/// The same for those who only ask: while one instance takes over from another there is a moment without either, and its end is
/// waited for.
pub fn settled_state(paths: &Paths, config: Option<&Path>) -> State {
    let began = Instant::now();
    loop {
        let state = state(paths, config);
        let changing = || lock::read(paths).is_some_and(|note| note.phase != lock::Phase::Running);
        if state != State::Stale || began.elapsed() > CHANGE || !changing() {
            return state;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The sentence for an instance that runs another file than the one that is meant: CFGNAME is only the last component of a path.
pub fn another_file(theirs: &Paths, pid: i32, config: &Path) -> Option<String> {
    let runs = PathBuf::from(lock::read(theirs).filter(|note| i32::try_from(note.pid) == Ok(pid))?.config);
    let same = runs == config || runs.canonicalize().ok().is_some_and(|runs| Some(runs) == config.canonicalize().ok());
    (!same).then(|| {
        format!("Warning: pid {pid} runs {}, not {}; both are called {}", runs.display(), config.display(), theirs.name)
    })
}

fn state_of(paths: &Paths) -> State {
    let Ok(text) = std::fs::read(paths.pid_file()) else { return State::Absent };
    let text = String::from_utf8_lossy(&text);
    let pid = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok()).filter(|pid| *pid > 0);
    let Some(pid) = pid else { return State::Stale };
    // A pid file that outlived its machine (containers start counting anew) may name this very process or its launcher.
    let myself = i32::try_from(std::process::id()).ok();
    if Some(pid) == myself || Some(pid) == super::process::launcher() {
        return State::Stale;
    }
    match kind(pid) {
        // Ours hold their lock for life: a pid that now belongs to another instance is not this one.
        Some(Kind::Ours) if lock::is_free(paths) => State::Stale,
        Some(kind) => State::Running { pid, kind, name: paths.name.clone() },
        None => State::Stale,
    }
}

/// Whether a process is a director, and which one.
pub fn kind(pid: i32) -> Option<Kind> {
    let command_line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let arguments: Vec<String> =
        command_line.split(|byte| *byte == 0).map(|argument| String::from_utf8_lossy(argument).into_owned()).collect();
    if let Some(kind) = kind_of(&arguments) {
        return Some(kind);
    }
    let file = |path: &str| std::fs::read_link(path).ok().map(|path| path.to_string_lossy().into_owned());
    let strip = |path: String| path.trim_end_matches(" (deleted)").to_owned();
    let theirs = file(&format!("/proc/{pid}/exe")).map(strip)?;
    (!arguments.iter().all(String::is_empty) && Some(theirs) == file("/proc/self/exe").map(strip)).then_some(Kind::Ours)
}

/// By the command line alone.
fn kind_of(arguments: &[String]) -> Option<Kind> {
    let last = |argument: &str| argument.rsplit('/').next().unwrap_or_default().to_owned();
    let program = arguments.first().map(|argument| last(argument.trim_end_matches(" (deleted)")))?;
    if program == "ldirectord" || program == "ldirectord-rs" {
        return Some(Kind::Ours);
    }
    if program.starts_with("perl") {
        let script = arguments.iter().skip(1).find(|argument| !argument.starts_with('-'))?;
        return (last(script) == "ldirectord").then_some(Kind::Perl);
    }
    None
}

/// The configuration of a running Perl ldirectord, where its command line names it by an absolute path or in /etc/ha.d.
fn perl_config(pid: i32) -> Option<std::path::PathBuf> {
    let command_line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&command_line).into_owned();
    let words: Vec<&str> =
        text.trim_end_matches('\0').split('\0').skip(1).filter(|word| !word.starts_with('-')).collect();
    let name = match words.as_slice() {
        [_script, _verb] => "ldirectord.cf",
        [_script, config, ..] => config,
        _ => return None,
    };
    let places = [format!("/etc/ha.d/{name}"), format!("/etc/ha.d/conf/{name}"), name.to_owned()];
    places.into_iter().map(std::path::PathBuf::from).find(|place| place.is_absolute() && place.is_file())
}

/// The pid of this process, written beside the pid file: what a full disk refuses is known before anybody makes room for this
/// process. Gone again unless it enters.
#[derive(Debug)]
pub struct Pending {
    temporary: PathBuf,
    path: PathBuf,
}

impl Pending {
    /// Writes it: 0644 less the umask.
    pub fn write(paths: &Paths) -> io::Result<Self> {
        let path = paths.pid_file();
        let pending = Self { temporary: path.with_extension(format!("pid.{}", std::process::id())), path };
        std::fs::File::create(&pending.temporary)?.write_all(format!("{}\n", std::process::id()).as_bytes())?;
        Ok(pending)
    }

    /// Puts it in the place of the pid file, in one step.
    pub fn enter(self) -> io::Result<()> {
        std::fs::rename(&self.temporary, &self.path)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let _entered = std::fs::remove_file(&self.temporary);
    }
}

/// Removes the pid file if it names this process.
pub fn remove(paths: &Paths) {
    remove_of(paths, std::process::id());
}

/// Removes the pid file of a process that is gone, if it names that one.
pub fn remove_of(paths: &Paths, pid: impl ToString) {
    let path = paths.pid_file();
    let theirs = std::fs::read_to_string(&path).is_ok_and(|text| text.trim() == pid.to_string());
    if theirs {
        let _gone_already = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(paths: &Paths) -> io::Result<()> {
        Pending::write(paths)?.enter()
    }

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn who_is_a_director() {
        for line in ["/usr/sbin/ldirectord a.cf start", "ldirectord-rs start", "/x/ldirectord-rs (deleted)"] {
            let arguments = if line.contains('(') { vec![line.to_owned()] } else { words(line) };
            assert_eq!(kind_of(&arguments), Some(Kind::Ours), "{line}");
        }
        for line in ["/usr/bin/perl -w /usr/sbin/ldirectord a.cf start", "perl5.36 /x/ldirectord start"] {
            assert_eq!(kind_of(&words(line)), Some(Kind::Perl), "{line}");
        }
        for line in
            ["vi /etc/ha.d/ldirectord.cf", "perl -w /usr/bin/x ldirectord", "grep ldirectord", "", "ldirectord.cf"]
        {
            assert_eq!(kind_of(&words(line)), None, "{line}");
        }
    }

    #[test]
    fn garbage_and_foreign_pids_are_stale() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path(), "a.cf");
        assert_eq!(state(&paths, None), State::Absent);
        for text in ["", "\n", "garbage\n", "-1\n", "0\n", "999999999999\n", "4194305\n", "1\n", "\u{0}"] {
            std::fs::write(paths.pid_file(), text).unwrap();
            assert_eq!(state(&paths, None), State::Stale, "{text:?}");
        }
    }

    #[test]
    fn a_pid_file_is_written_whole_and_only_ours_is_removed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path(), "a.cf");
        enter(&paths).unwrap();
        assert_eq!(std::fs::read_to_string(paths.pid_file()).unwrap(), format!("{}\n", std::process::id()));
        let mode = std::fs::metadata(paths.pid_file()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o133, 0, "{mode:o}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        // This process is the one in the file: who asks about itself is not an instance.
        assert_eq!(state(&paths, None), State::Stale);
        std::fs::write(paths.pid_file(), "1\n").unwrap();
        remove(&paths);
        assert!(paths.pid_file().exists());
        enter(&paths).unwrap();
        remove(&paths);
        assert!(!paths.pid_file().exists());
        drop(Pending::write(&paths).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(enter(&Paths::below(Path::new("/nonexistent"), "a.cf")).is_err());
    }
}
