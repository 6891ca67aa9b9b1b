//! Files that lines are appended to by a thread of their own: whoever has lines never waits for a disk, a file that cannot be
//! written is told once, and what it missed is counted.
#![allow(clippy::disallowed_methods, reason = "the files are written here, by a thread")]

use nix::fcntl::OFlag;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Lines that may wait to be written.
const QUEUE: usize = 16 * 1024;
/// How long [`Appender::flush`] waits at most: a disk that hangs must not keep the process.
const FLUSH: Duration = Duration::from_secs(2);

enum Message {
    Line(Arc<Path>, String),
    Flush(SyncSender<()>),
}

/// A handle to the thread; the thread ends with it.
#[derive(Debug)]
pub struct Appender {
    sender: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

impl Appender {
    /// Starts the thread.
    pub fn start() -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let counter = lost.clone();
        // Without its thread nothing is written; nothing else depends on it.
        let _detached = std::thread::Builder::new().name("files".into()).spawn(move || run(&receiver, &counter));
        Self { sender, lost }
    }

    /// Appends a line, newline included, as soon as the disk allows.
    pub fn append(&self, path: Arc<Path>, line: String) {
        if self.sender.try_send(Message::Line(path, line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits, a bounded time, until everything so far is written.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.sender.try_send(Message::Flush(done)).is_ok() {
            let _late = wait.recv_timeout(FLUSH);
        }
    }
}

/// How it stands with a file.
#[derive(Debug, Default)]
struct File {
    /// Lines that could not be written since that was told.
    missed: u64,
    failing: bool,
    /// A line was written in part: the next one begins behind a newline.
    torn: bool,
}

fn run(receiver: &Receiver<Message>, lost: &AtomicU64) {
    let mut files: HashMap<Arc<Path>, File> = HashMap::new();
    while let Ok(first) = receiver.recv() {
        let mut texts: HashMap<Arc<Path>, (u64, String)> = HashMap::new();
        let mut waiting = Vec::new();
        let mut next = Some(first);
        for _ in 0..QUEUE {
            match next {
                Some(Message::Line(path, line)) => {
                    let (lines, text) = texts.entry(path).or_default();
                    *lines += 1;
                    text.push_str(&line);
                }
                Some(Message::Flush(done)) => waiting.push(done),
                None => break,
            }
            next = receiver.try_recv().ok();
        }
        // One more came out of the queue than was looked at.
        if let Some(Message::Line(path, line)) = next {
            let (lines, text) = texts.entry(path).or_default();
            *lines += 1;
            text.push_str(&line);
        }
        for (path, (lines, text)) in texts {
            files.entry(path.clone()).or_default().write(&path, lines, &text);
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::info!("{lost} lines of monitorfiles were given up: they came faster than the disk takes them");
        }
        for done in waiting {
            let _gone = done.try_send(());
        }
    }
}

impl File {
    fn write(&mut self, path: &Path, lines: u64, text: &str) {
        // Opened anew each time, so that a rotated file is never written to; a pipe without a reader holds nothing up.
        let opened = OpenOptions::new().create(true).append(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
        let written = opened.and_then(|mut file| {
            if self.torn {
                file.write_all(b"\n")?;
                self.torn = false;
            }
            let before = file.metadata()?.len();
            file.write_all(text.as_bytes()).inspect_err(|_| {
                self.torn = file.metadata().is_ok_and(|data| data.len() > before);
            })
        });
        match written {
            Ok(()) if self.failing => {
                tracing::info!("{} can be written again, {} lines are missing in it", path.display(), self.missed);
                *self = Self::default();
            }
            Ok(()) => {}
            Err(error) => {
                self.missed += lines;
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::info!("{} cannot be written: {error}", path.display());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(appender: &Appender, path: &Path, line: &str) {
        appender.append(path.into(), line.to_owned());
        appender.flush();
    }

    #[test]
    fn lines_are_appended_in_order_and_a_moved_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("m"), folder.path().join("m.1"));
        let appender = Appender::start();
        (0..100).for_each(|number| appender.append(path.as_path().into(), format!("{number}\n")));
        appender.flush();
        std::fs::rename(&path, &old).unwrap();
        append(&appender, &path, "new\n");
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(std::fs::read_to_string(&old).unwrap(), expected);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
    }

    #[test]
    fn a_file_that_cannot_be_written_costs_its_own_lines_only() {
        let folder = tempfile::tempdir().unwrap();
        let (good, bad) = (folder.path().join("good"), folder.path().join("missing/bad"));
        let appender = Appender::start();
        append(&appender, &bad, "lost\n");
        append(&appender, &good, "kept\n");
        // A disk that is full says so at the write.
        append(&appender, Path::new("/dev/full"), "lost\n");
        std::fs::create_dir(folder.path().join("missing")).unwrap();
        append(&appender, &bad, "found\n");
        assert_eq!(std::fs::read_to_string(&good).unwrap(), "kept\n");
        assert_eq!(std::fs::read_to_string(&bad).unwrap(), "found\n");
    }
}
