//! The end of a program with everything that it started: its process group, and those who left it.
#![allow(clippy::disallowed_methods, reason = "processes are looked for in /proc, by a thread of its own")]

use super::lock;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The variable that every process of one check has in its environment; `setsid` does not take it away.
pub(crate) const MARK: &str = "LDIRECTORD_CHECK";
/// Looking again finds who was forked in between; somebody who forks faster than that is left.
const ROUNDS: usize = 8;

/// A value of [`MARK`] that no other check on this machine has.
pub(crate) fn mark() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{}.{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The process group of a running program. Dropped before [`Group::ended`], all of it is killed, and whoever has its mark.
pub(crate) struct Group {
    leader: Option<Pid>,
    mark: String,
}

impl Group {
    /// Of a program that leads a group of its own and was started with this mark.
    pub(crate) fn new(leader: Option<u32>, mark: String) -> Self {
        Self { leader: leader.and_then(|leader| i32::try_from(leader).ok()).map(Pid::from_raw), mark }
    }
    /// The program has ended by itself; what it left running is its own business.
    pub(crate) fn ended(&mut self) {
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // It fails only if nobody is left.
            let _ = killpg(leader, Signal::SIGKILL);
            sweep(std::mem::take(&mut self.mark));
        }
    }
}

/// Marks whose processes are to be found and killed; whether a thread is at it.
static WANTED: Mutex<(Vec<String>, bool)> = Mutex::new((Vec::new(), false));

/// Kills whoever left the group (`setsid`) and still has the mark. Reading all of /proc takes milliseconds: one thread does it,
/// for all checks that have ended meanwhile.
pub(crate) fn sweep(mark: String) {
    let mut wanted = lock(&WANTED);
    wanted.0.push(mark);
    if !wanted.1 {
        wanted.1 = std::thread::Builder::new().name("strays".to_owned()).spawn(sweeping).is_ok();
    }
}

fn sweeping() {
    loop {
        let marks = {
            let mut wanted = lock(&WANTED);
            if wanted.0.is_empty() {
                wanted.1 = false;
                return;
            }
            std::mem::take(&mut wanted.0)
        };
        let marks: Vec<String> = marks.into_iter().map(|mark| format!("{MARK}={mark}")).collect();
        for _ in 0..ROUNDS {
            if kill_marked(&marks) == 0 {
                break;
            }
        }
    }
}

/// Kills every process with one of these in its environment; how many there were.
fn kill_marked(marks: &[String]) -> usize {
    let Ok(entries) = std::fs::read_dir("/proc") else { return 0 };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let mut killed = 0;
    for number in numbers {
        // Those of other users cannot be read, and are not ours.
        let Ok(environment) = std::fs::read(format!("/proc/{number}/environ")) else { continue };
        let marked = environment.split(|byte| *byte == 0).any(|pair| marks.iter().any(|mark| mark.as_bytes() == pair));
        if marked && kill(Pid::from_raw(number), Signal::SIGKILL).is_ok() {
            killed += 1;
        }
    }
    killed
}
