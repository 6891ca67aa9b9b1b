//! `execute`: further configurations, each with an instance of its own that starts, stops and reloads together with this one. No
//! shell is involved; nobody but the end of the daemon waits for them.
#![allow(clippy::disallowed_methods, reason = "programs are run here")]

use super::owner::Facts;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// In the environment of a call: the CFGNAMEs of the configurations that led to it, with slashes between.
const CHAIN: &str = "LDIRECTORD_EXECUTED";
/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the end of the daemon waits for the ends of the others: a stop takes at most 10 s.
const LAST: Duration = Duration::from_secs(15);

/// What is asked of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Start,
    Stop,
    /// A start where there is nothing to reload.
    Reload,
    /// With another instance of this one: they are what this program is now.
    Restart,
}

enum Job {
    Run(String, Verb),
    /// Says when everything before it is done.
    Done(oneshot::Sender<()>),
}

/// The other configurations, and the task that calls for them, one after the other.
#[derive(Debug)]
pub(super) struct Executed {
    running: Vec<String>,
    jobs: mpsc::UnboundedSender<Job>,
}

/// What a call for another configuration needs to know of this one.
#[derive(Clone, Debug)]
struct Caller {
    program: PathBuf,
    arg0: OsString,
    folder: PathBuf,
    memory: bool,
    chain: String,
}

impl Executed {
    /// Nothing is started yet. Must run inside a runtime.
    pub(super) fn new(facts: &Facts) -> Self {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let folder = facts.path.parent().unwrap_or(Path::new("/")).to_owned();
        let caller = Caller {
            program: program(),
            arg0: arg0(),
            folder,
            memory: facts.table == "memory",
            chain: chain(&facts.paths.name),
        };
        tokio::task::spawn(work(receiver, caller));
        Self { running: Vec::new(), jobs }
    }

    /// This instance is ready: the others begin, or begin anew where this one took the place of another one, which had
    /// `predecessor`.
    pub(super) fn start(&mut self, wanted: &[String], predecessor: Option<&[String]>) {
        self.running = wanted.to_vec();
        for name in predecessor.unwrap_or_default().iter().filter(|name| !wanted.contains(name)) {
            self.job(name, Verb::Stop);
        }
        for name in wanted {
            self.job(name, if predecessor.is_some() { Verb::Restart } else { Verb::Start });
        }
    }

    /// A reload: those that are not wanted any more end, new ones begin.
    pub(super) fn reload(&mut self, wanted: &[String]) {
        let before = std::mem::replace(&mut self.running, wanted.to_vec());
        for name in before.iter().filter(|name| !wanted.contains(name)) {
            self.job(name, Verb::Stop);
        }
        for name in wanted {
            self.job(name, if before.contains(name) { Verb::Reload } else { Verb::Start });
        }
    }

    /// The end of this instance is theirs; waits for it a bounded time.
    pub(super) async fn stop(&self) {
        if self.running.is_empty() {
            return;
        }
        for name in &self.running {
            self.job(name, Verb::Stop);
        }
        let (done, wait) = oneshot::channel();
        let asked = self.jobs.send(Job::Done(done));
        if asked.is_ok() && tokio::time::timeout(LAST, wait).await.is_err() {
            tracing::info!("The configurations of execute did not all end within {} s", LAST.as_secs());
        }
    }

    fn job(&self, name: &str, verb: Verb) {
        // The task lives as long as this handle.
        let _ended = self.jobs.send(Job::Run(name.to_owned(), verb));
    }
}

async fn work(mut jobs: mpsc::UnboundedReceiver<Job>, caller: Caller) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Run(name, Verb::Start) => drop(caller.call(&name, "start").await),
            Job::Run(name, Verb::Stop) => drop(caller.call(&name, "stop").await),
            Job::Run(name, Verb::Restart) => drop(caller.call(&name, "restart").await),
            Job::Run(name, Verb::Reload) => {
                if !caller.call(&name, "reload").await.is_some_and(|status| status.success()) {
                    let _told = caller.call(&name, "start").await;
                }
            }
            Job::Done(done) => {
                let _gone = done.send(());
            }
        }
    }
}

impl Caller {
    /// Runs `<this program> <name> <verb>`; failures are told. Nothing: it did not run to its end.
    async fn call(&self, name: &str, verb: &str) -> Option<ExitStatus> {
        let words = match words(name, &self.chain) {
            Ok(words) => words,
            Err(error) => {
                tracing::info!("execute={name} cannot be called: {error}");
                return None;
            }
        };
        let mut command = std::process::Command::new(&self.program);
        std::os::unix::process::CommandExt::arg0(&mut command, &self.arg0);
        command.args(&words).arg(verb).current_dir(&self.folder).env(CHAIN, &self.chain);
        if self.memory && verb == "start" {
            command.args(["--table", "memory"]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let shown = format!("{} {name} {verb}", self.arg0.to_string_lossy());
        let mut child = match tokio::process::Command::from(command).spawn() {
            Ok(child) => child,
            Err(error) => {
                tracing::info!("{shown} failed: {error}");
                return None;
            }
        };
        match tokio::time::timeout(PATIENCE, child.wait()).await {
            Ok(Ok(status)) => {
                // A reload of one that does not run is followed by its start.
                if !status.success() && verb != "reload" {
                    tracing::info!("{shown} failed: {status}");
                }
                Some(status)
            }
            Ok(Err(error)) => {
                tracing::info!("{shown} failed: {error}");
                None
            }
            Err(_) => {
                tracing::info!("{shown} took longer than {} s and is killed", PATIENCE.as_secs());
                let _gone = child.kill().await;
                None
            }
        }
    }
}

/// The names behind which a call stands, this configuration's last.
fn chain(name: &str) -> String {
    let before = std::env::var(CHAIN).unwrap_or_default();
    if before.is_empty() { name.to_owned() } else { format!("{before}/{name}") }
}

/// The arguments that a value of `execute` stands for. Configurations that execute each other would call for ever.
fn words(value: &str, chain: &str) -> Result<Vec<String>, String> {
    let words = checks::words::split(value).map_err(|error| error.to_string())?;
    let name = words.last().and_then(|path| Path::new(path).file_name()).ok_or("it names no configuration")?;
    if chain.split('/').any(|known| name == known) {
        return Err(format!("it is called by itself: {chain}"));
    }
    Ok(words)
}

/// This program's file, also after an upgrade has replaced it.
pub(super) fn program() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let text = program.to_string_lossy();
    text.strip_suffix(" (deleted)").map(PathBuf::from).unwrap_or(program.clone())
}

/// The name that this process was called by.
fn arg0() -> OsString {
    std::env::args_os().next().unwrap_or_else(|| "ldirectord-rs".into())
}

/// `status` of the other configurations of the instance called `own`, on this process' own streams.
pub fn status_of(names: &[String], own: &str, folder: &Path) {
    let chain = chain(own);
    for name in names {
        let Ok(words) = words(name, &chain) else { continue };
        let mut command = std::process::Command::new(program());
        std::os::unix::process::CommandExt::arg0(&mut command, arg0());
        let _its_own_words =
            command.args(words).arg("status").current_dir(folder).env(CHAIN, &chain).stdin(Stdio::null()).status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_without_a_shell_and_circles_are_refused() {
        assert_eq!(words("\"other.cf\"", "a.cf"), Ok(vec!["other.cf".to_owned()]));
        assert_eq!(words("-d /etc/b.cf;reboot", "a.cf"), Ok(vec!["-d".to_owned(), "/etc/b.cf;reboot".to_owned()]));
        assert_eq!(words("/etc/ha.d/a.cf", "a.cf/b.cf"), Err("it is called by itself: a.cf/b.cf".to_owned()));
        assert!(words("'open", "a.cf").is_err() && words("", "a.cf").is_err());
    }
}
