//! The log: a bounded queue and one thread that writes. Whoever logs never waits; in a storm lines are counted instead of kept.
//! Everything is tracing inside: [`Log::install`] makes this the process' subscriber.
#![allow(clippy::disallowed_methods, reason = "the log has a thread of its own")]

use super::clock;
use super::sink::{Line, Sink};
use std::fmt::{Debug, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Lines that may wait to be written.
const QUEUE: usize = 8192;
/// A line is cut after this many bytes: a peer's words may be in it.
const LONGEST: usize = 4096;
/// How long [`Log::flush`] waits at most: a log that hangs must not keep the process.
const FLUSH: Duration = Duration::from_secs(2);
/// How often waiting syslog lines are tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// `logfile` with a leading slash.
    File(PathBuf),
    /// A syslog facility by name.
    Syslog(String),
    /// `-d`: the plain message.
    Stderr,
    /// `supervised=yes`: `[ctime] message`.
    Stdout,
}

impl Destination {
    /// From the value of `logfile`, and what overrides it.
    pub fn of(logfile: &str, supervised: bool, debug: bool) -> Self {
        match logfile {
            _ if debug => Self::Stderr,
            _ if supervised => Self::Stdout,
            path if path.starts_with('/') => Self::File(PathBuf::from(path)),
            facility => Self::Syslog(facility.to_owned()),
        }
    }
}

enum Message {
    Line(Line),
    Redirect(Destination),
    Flush(SyncSender<()>),
}

/// A handle to the log; clones write to the same one.
#[derive(Clone)]
pub struct Log {
    sender: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    debug: bool,
}

impl Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("debug", &self.debug).finish_non_exhaustive()
    }
}

impl Log {
    /// Starts the log. `name` is CFGNAME; with `debug` also debug lines are written, marked `DEBUG2:`.
    pub fn start(name: &str, destination: Destination, debug: bool) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let sink = Sink::new(name, destination);
        let (name, counter) = (name.to_owned(), lost.clone());
        // Without its thread the log is silent; nothing else depends on it.
        let _detached =
            std::thread::Builder::new().name("log".into()).spawn(move || run(&receiver, sink, &name, &counter));
        Self { sender, lost, debug }
    }

    /// Makes this the receiver of everything that is traced in this process. The first one wins.
    pub fn install(&self) {
        let subscriber = tracing_subscriber::registry().with(self.clone());
        let _already_there = tracing::subscriber::set_global_default(subscriber);
    }

    /// Writes one line.
    pub fn line(&self, message: &str) {
        let line = Line { at: clock::now(), message: one_line(message) };
        if self.sender.try_send(Message::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// From now on elsewhere: a reload changed `logfile`.
    pub fn redirect(&self, destination: Destination) {
        let _full = self.sender.try_send(Message::Redirect(destination));
    }

    /// Waits, a bounded time, until everything so far is written.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.sender.try_send(Message::Flush(done)).is_ok() {
            let _late = wait.recv_timeout(FLUSH);
        }
    }
}

impl<S: Subscriber> Layer<S> for Log {
    /// What nobody will read is not even put into words: there is a debug line for every check.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.debug { LevelFilter::DEBUG } else { LevelFilter::INFO })
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        // Libraries have much to say that nobody who runs a director wants to read.
        if !(metadata.target().starts_with("ldirectord") || metadata.target().starts_with("checks")) {
            return;
        }
        let level = *metadata.level();
        if level > Level::INFO && !self.debug {
            return;
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        if level > Level::INFO {
            self.line(&format!("DEBUG2: {}", text.0));
        } else {
            self.line(&text.0);
        }
    }
}

/// Collects the message and appends other fields as `name=value`.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _infallible = if field.name() == "message" {
            write!(self.0, "{value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }
}

/// Without control characters, so that nobody's words can forge a line; blanks at the end stay (ldirectord writes one).
fn one_line(message: &str) -> String {
    let clean = message.chars().map(|character| if character.is_control() { ' ' } else { character });
    let mut length = 0;
    clean
        .take_while(|character| {
            length += character.len_utf8();
            length <= LONGEST
        })
        .collect()
}

fn run(receiver: &Receiver<Message>, mut sink: Sink, name: &str, lost: &AtomicU64) {
    loop {
        let first = match receiver.recv_timeout(RETRY) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => {
                if sink.is_waiting() {
                    sink.retry();
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut burst = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                Message::Line(line) => burst.push(line),
                Message::Redirect(destination) => {
                    sink.write(&std::mem::take(&mut burst));
                    sink = Sink::new(name, destination);
                }
                Message::Flush(done) => {
                    sink.write(&std::mem::take(&mut burst));
                    let _gone = done.try_send(());
                }
            }
            if burst.len() < QUEUE {
                next = receiver.try_recv().ok();
            }
        }
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            burst.push(Line { at: clock::now(), message: format!("{missing} log lines were given up in a storm") });
        }
        if !burst.is_empty() {
            sink.write(&burst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_log_goes() {
        assert_eq!(Destination::of("/a/b", false, false), Destination::File("/a/b".into()));
        assert_eq!(Destination::of("local0", false, false), Destination::Syslog("local0".into()));
        assert_eq!(Destination::of("/a/b", true, false), Destination::Stdout);
        assert_eq!(Destination::of("/a/b", true, true), Destination::Stderr);
    }

    #[test]
    fn a_rotated_file_is_made_anew_and_a_redirected_log_moves() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second, other) =
            (folder.path().join("log"), folder.path().join("log.1"), folder.path().join("new"));
        let log = Log::start("a.cf", Destination::File(first.clone()), false);
        log.line("one\n[forged] \u{1b}[31m ");
        log.flush();
        std::fs::rename(&first, &second).unwrap();
        log.line("two");
        log.flush();
        log.redirect(Destination::File(other.clone()));
        log.line("three");
        log.flush();
        let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
        assert!(read(&second).ends_with(&format!("|a.cf|{}] one [forged]  [31m \n", std::process::id())));
        assert_eq!(read(&first).lines().count(), 1);
        assert!(read(&first).starts_with('[') && read(&first).ends_with("] two\n"));
        assert!(read(&other).ends_with("] three\n"));
    }

    #[test]
    fn tracing_arrives_here_and_libraries_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = Log::start("a.cf", Destination::File(path.clone()), true);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(log.clone()), || {
            tracing::info!("Added virtual server: {}", 7);
            tracing::debug!(target: "checks::http", "asked");
            tracing::info!(target: "hyper", "chatter");
        });
        log.flush();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("] Added virtual server: 7\n") && text.contains("] DEBUG2: asked\n"), "{text}");
        assert!(!text.contains("chatter"));
    }

    #[test]
    fn a_log_that_hangs_keeps_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // Opening a pipe without a reader blocks the thread for good; the queue fills, and nobody waits.
        let log = Log::start("a.cf", Destination::File(pipe), false);
        // The thread may take some bursts before it opens the pipe; once it hangs, one queue is all that fits.
        let mut number = 0;
        while log.lost.load(Ordering::Relaxed) == 0 && number < QUEUE * 100 {
            log.line(&number.to_string());
            number += 1;
        }
        assert!(log.lost.load(Ordering::Relaxed) > 0, "{number} lines were taken by a log that hangs");
    }
}
