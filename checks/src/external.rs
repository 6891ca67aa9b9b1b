//! External checks: a program's exit code decides. It runs without a shell in a process group of its own; when the check is
//! over before the program is (its deadline, a stop of the daemon), the whole group is killed, children that ignore TERM included.

#![allow(clippy::disallowed_methods, reason = "running programs is what this check does")]

use crate::line::short;
use crate::net::Progress;
use crate::{External, ExternalKind, Failure, Phase, Reason, Success, Target};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

/// What is kept of a line of output.
const LONGEST_LINE: usize = 512;
/// How much output is still read when the program has ended: more than a pipe holds.
const LAST_OUTPUT: usize = 256 * 1024;

/// Runs the program once: exit code 0 is up. Its last line of output becomes the words.
pub(crate) async fn run(spec: &External, target: Target, progress: &mut Progress) -> Result<Success, Failure> {
    progress.phase = Phase::Connect;
    progress.note(|| format!("running {}", command_line(spec)));
    let started = start(spec, target);
    let (mut child, output) = started.map_err(|reason| progress.failure(reason))?;
    // Declared behind the child, so that the group is killed while its leader's number cannot belong to anybody else.
    let mut group = Group(child.id());
    progress.connected();
    progress.phase = Phase::Receive;
    let mut last = LastLine::default();
    let status = wait(&mut child, output, &mut last, progress).await;
    match status {
        Ok(status) => {
            group.0 = None;
            progress.note(|| format!("the program ended: {status}"));
            verdict(status, last.words()).map_err(|reason| progress.failure(reason))
        }
        Err(error) => Err(progress.failure(Reason::Local(format!("cannot wait for the program: {}", words(&error))))),
    }
}

fn start(spec: &External, target: Target) -> Result<(Child, pipe::Receiver), Reason> {
    let program = match spec.kind {
        ExternalKind::Program => spec.command.first().map(String::as_str).unwrap_or_default(),
        ExternalKind::Perl => "perl",
    };
    let own = match spec.kind {
        ExternalKind::Program => spec.command.get(1..).unwrap_or_default(),
        ExternalKind::Perl => &spec.command,
    };
    let starting = || -> io::Result<(Child, pipe::Receiver)> {
        let (reader, writer) = io::pipe()?;
        let output = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        let [virtual_address, virtual_port, real_address, real_port] = &spec.arguments;
        let mut command = Command::new(program);
        command
            .args(own)
            .args(&spec.arguments)
            .env("LDIRECTORD_VIRTUAL_ADDRESS", virtual_address)
            .env("LDIRECTORD_VIRTUAL_PORT", virtual_port)
            .env("LDIRECTORD_REAL_ADDRESS", real_address)
            .env("LDIRECTORD_REAL_PORT", real_port)
            .env("LDIRECTORD_CHECKPORT", target.port.to_string())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::from(OwnedFd::from(writer.try_clone()?)))
            .stderr(Stdio::from(OwnedFd::from(writer)))
            .process_group(0)
            .kill_on_drop(true);
        // The command goes, and with it our ends of the pipe.
        Ok((command.spawn()?, output))
    };
    starting().map_err(|error| Reason::Local(format!("cannot run {program}: {}", words(&error))))
}

/// What is run, for a person.
fn command_line(spec: &External) -> String {
    let perl = matches!(spec.kind, ExternalKind::Perl).then_some("perl").into_iter();
    let words = perl.chain(spec.command.iter().chain(&spec.arguments).map(String::as_str));
    let quoted = |word: &str| {
        if word.is_empty() || word.contains([' ', '\t', '\'', '"']) { format!("{word:?}") } else { word.to_owned() }
    };
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// Waits for the program's end while its output is read, so that it never blocks on a full pipe. A child of it that keeps the
/// pipe open holds nothing up.
async fn wait(
    child: &mut Child,
    mut output: pipe::Receiver,
    last: &mut LastLine,
    progress: &Progress,
) -> io::Result<ExitStatus> {
    let mut buffer = vec![0; 8 * 1024];
    let mut open = true;
    let status = loop {
        tokio::select! {
            biased;
            status = child.wait() => break status?,
            read = output.read(&mut buffer), if open => match read {
                Ok(0) | Err(_) => open = false,
                Ok(count) => last.add(buffer.get(..count).unwrap_or_default(), progress),
            },
        }
    };
    let mut left = LAST_OUTPUT;
    while open && left > 0 {
        match output.try_read(&mut buffer) {
            Ok(0) | Err(_) => open = false,
            Ok(count) => {
                last.add(buffer.get(..count).unwrap_or_default(), progress);
                left = left.saturating_sub(count);
            }
        }
    }
    Ok(status)
}

fn verdict(status: ExitStatus, output: String) -> Result<Success, Reason> {
    match (status.code(), status.signal()) {
        (Some(0), _) => {
            Ok(Success { words: if output.is_empty() { "exit code 0".into() } else { output }, answered_by: None })
        }
        (Some(code), _) => Err(Reason::Exit { code, output }),
        (None, signal) => Err(Reason::Signal(signal.unwrap_or_default())),
    }
}

/// The process group of a running program; dropped before the program's end, it is killed.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0.and_then(|leader| i32::try_from(leader).ok()) {
            // It fails only if nobody is left.
            let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
        }
    }
}

/// The last line that is not blank, in bounded memory.
#[derive(Default)]
struct LastLine {
    complete: Vec<u8>,
    current: Vec<u8>,
}

impl LastLine {
    fn add(&mut self, bytes: &[u8], progress: &Progress) {
        progress.read(bytes);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(self.current.len());
            self.current.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                if !self.current.trim_ascii().is_empty() {
                    std::mem::swap(&mut self.complete, &mut self.current);
                }
                self.current.clear();
            }
        }
    }
    fn words(&self) -> String {
        short(if self.current.trim_ascii().is_empty() { &self.complete } else { &self.current })
    }
}

/// The error's words, without its number.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}
