//! `external-perl`: a Perl script that one perl keeps compiled, for every real server that it is asked about. Each check runs it
//! in a fork of that perl: it costs no start and no compilation, and whatever a run does to itself (`exit`, a changed variable, an
//! alarm, an endless loop) ends with it.

mod frames;
mod worker;

use crate::net::Progress;
use crate::programs::{error_words, lock};
use crate::{External, Failure, Phase, Reason, Success, Target};
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, Weak};
use tokio::sync::watch;
use worker::{End, State, Worker};

/// Every script that a probe is there for.
static SCRIPTS: LazyLock<Mutex<HashMap<String, Weak<Script>>>> = LazyLock::new(Mutex::default);

/// A script, and the worker that keeps it compiled; both end with the last probe that uses them.
#[derive(Debug)]
pub(crate) struct Script {
    path: String,
    worker: Mutex<Option<(Arc<Worker>, Stamp)>>,
}

/// What changes when a file is written or replaced: device, inode, size, seconds and nanoseconds of the last writing.
type Stamp = (u64, u64, u64, i64, i64);

impl Script {
    /// The one script of this path.
    pub(crate) fn of(spec: &External) -> Arc<Self> {
        let path = spec.command.first().cloned().unwrap_or_default();
        let mut scripts = lock(&SCRIPTS);
        scripts.retain(|_, script| script.strong_count() > 0);
        if let Some(script) = scripts.get(&path).and_then(Weak::upgrade) {
            return script;
        }
        let script = Arc::new(Self { path: path.clone(), worker: Mutex::default() });
        scripts.insert(path, Arc::downgrade(&script));
        script
    }

    /// Runs it once, with the words of its command and the four arguments.
    pub(crate) async fn run(
        &self,
        spec: &External,
        target: Target,
        progress: &mut Progress,
    ) -> Result<Success, Failure> {
        progress.phase = Phase::Connect;
        let own = spec.command.get(1..).unwrap_or_default();
        let arguments: Vec<String> = own.iter().chain(&spec.arguments).cloned().collect();
        // A worker may be ended while it is asked: by an administrator, or because it was idle. Once that says nothing.
        for last in [false, true] {
            let (worker, mut state) = self.worker().map_err(|reason| progress.failure(reason))?;
            let known = state.wait_for(|state| *state != State::Starting).await.map(|state| state.clone());
            match known {
                Ok(State::Broken(words)) => {
                    return Err(progress.failure(Reason::Local(format!("the script does not compile: {words}"))));
                }
                Ok(State::Ready) => {}
                Ok(State::Starting | State::Gone) | Err(_) if last => {
                    let words = "perl ended before it had compiled the script";
                    return Err(progress.failure(Reason::Local(words.to_owned())));
                }
                Ok(State::Starting | State::Gone) | Err(_) => continue,
            }
            progress.connected();
            progress.phase = Phase::Receive;
            match worker.run(target.port, &arguments).await {
                Some(End::Ended(status, words)) => {
                    return crate::external::verdict(status, words).map_err(|reason| progress.failure(reason));
                }
                Some(End::Failed(words)) => return Err(progress.failure(Reason::Local(words))),
                None => {}
            }
        }
        Err(progress.failure(Reason::Local("perl ended before the script did".to_owned())))
    }

    /// The worker, a new one where there is none or the script has changed; with its state, which keeps it while it starts.
    fn worker(&self) -> Result<(Arc<Worker>, watch::Receiver<State>), Reason> {
        let stamp = stamp(&self.path)?;
        let mut kept = lock(&self.worker);
        if let Some((worker, known)) = &*kept
            && *known == stamp
            && worker.is_of_use()
        {
            return Ok((worker.clone(), worker.state()));
        }
        let started = Worker::start(&self.path);
        let (worker, state) =
            started.map_err(|error| Reason::Local(format!("cannot run perl: {}", error_words(&error))))?;
        // Whoever is still asking the former one keeps it until he has his answer.
        *kept = Some((worker.clone(), stamp));
        Ok((worker, state))
    }
}

/// Where it is relative it is so to the directory that the worker is started in.
#[allow(clippy::disallowed_methods, reason = "a changed script is compiled anew")]
fn stamp(path: &str) -> Result<Stamp, Reason> {
    match std::fs::metadata(Path::new("/").join(path)) {
        Ok(file) if file.is_dir() => Err(Reason::Local(format!("cannot read {path}: is a directory"))),
        Ok(file) => Ok((file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec())),
        Err(error) => Err(Reason::Local(format!("cannot read {path}: {}", error_words(&error)))),
    }
}
