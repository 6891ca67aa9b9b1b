//! External checks: a program's exit code decides. It runs without a shell in a process group of its own; when the check is
//! over before the program is (its deadline, a stop of the daemon), the whole group is killed, children that ignore TERM included.

#![allow(clippy::disallowed_methods, reason = "running programs is what this check does")]

use crate::net::Progress;
use crate::programs::{Group, LastLine, MARK, Stream, error_words, mark, wait};
use crate::{External, Failure, Phase, Reason, Success, Target};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use tokio::process::{Child, Command};

/// Runs the program once: exit code 0 is up. Its last line of output becomes the words.
pub(crate) async fn run(spec: &External, target: Target, progress: &mut Progress) -> Result<Success, Failure> {
    progress.phase = Phase::Connect;
    let started = start(spec, target);
    let (mut child, output, mut group) = started.map_err(|reason| progress.failure(reason))?;
    progress.connected();
    progress.phase = Phase::Receive;
    let mut output = [output];
    // Declared behind the child, the group goes first: its number cannot belong to anybody else yet.
    let status = wait(&mut child, &mut output).await;
    match status {
        Ok(status) => {
            group.ended();
            let [output] = output;
            verdict(status, output.sink.words()).map_err(|reason| progress.failure(reason))
        }
        Err(error) => {
            Err(progress.failure(Reason::Local(format!("cannot wait for the program: {}", error_words(&error)))))
        }
    }
}

fn start(spec: &External, target: Target) -> Result<(Child, Stream<LastLine>, Group), Reason> {
    let program = spec.command.first().map(String::as_str).unwrap_or_default();
    let starting = || -> io::Result<_> {
        let (stream, writer) = Stream::new(LastLine::default())?;
        let mark = mark();
        let mut command = Command::new(program);
        command
            .args(spec.command.get(1..).unwrap_or_default())
            .args(&spec.arguments)
            .envs(environment(spec, target))
            .env(MARK, &mark)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::from(writer.try_clone()?))
            .stderr(Stdio::from(writer))
            .process_group(0)
            .kill_on_drop(true);
        // The command goes, and with it our ends of the pipe.
        let child = command.spawn()?;
        let group = Group::new(child.id(), mark);
        Ok((child, stream, group))
    };
    starting().map_err(|error| Reason::Local(format!("cannot run {program}: {}", error_words(&error))))
}

/// The four arguments by name, and the port that is checked.
pub(crate) fn environment(spec: &External, target: Target) -> [(&'static str, String); 5] {
    let [virtual_address, virtual_port, real_address, real_port] = spec.arguments.clone();
    [
        ("LDIRECTORD_VIRTUAL_ADDRESS", virtual_address),
        ("LDIRECTORD_VIRTUAL_PORT", virtual_port),
        ("LDIRECTORD_REAL_ADDRESS", real_address),
        ("LDIRECTORD_REAL_PORT", real_port),
        ("LDIRECTORD_CHECKPORT", target.port.to_string()),
    ]
}

/// What an exit code, or death by a signal, says.
pub(crate) fn verdict(status: ExitStatus, output: String) -> Result<Success, Reason> {
    match (status.code(), status.signal()) {
        (Some(0), _) => {
            Ok(Success { words: if output.is_empty() { "exit code 0".into() } else { output }, answered_by: None })
        }
        (Some(code), _) => Err(Reason::Exit { code, output }),
        (None, signal) => Err(Reason::Signal(signal.unwrap_or_default())),
    }
}
