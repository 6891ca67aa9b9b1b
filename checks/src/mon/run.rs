//! One process of a monitor, as mon(8) runs it.
#![allow(clippy::disallowed_methods, reason = "running programs is what this check does")]

use super::Monitor;
use super::report::Report;
use crate::Reason;
use crate::programs::{Group, Head, MARK, Stream, error_words, lock, mark, wait};
use crate::spec::MONITORS;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::process::Command;

/// How much of a monitor's output is looked at: the details of many hosts.
const OUTPUT: usize = 128 * 1024;
/// How much of its errors: the first line says what is wrong.
const ERRORS: usize = 4 * 1024;
/// How much of its output the next run gets in its environment, as one variable has a bounded length.
const LAST_OUTPUT: usize = 16 * 1024;
/// The last word of a command that does not want to have the hosts.
const NO_HOSTS: &str = ";;";

/// What the next run is told of the former ones.
#[derive(Debug, Default)]
pub(super) struct History {
    summary: String,
    output: String,
    /// Of those since the last success.
    first_failure: u64,
    last_failure: u64,
    last_success: u64,
}

/// Runs the monitor for these hosts. An error is about this side: it cannot be started.
pub(super) async fn once(monitor: &Monitor, hosts: &[IpAddr]) -> Result<Report, Reason> {
    let (program, own) = monitor.command.split_first().map_or(("", [].as_slice()), |(first, own)| (first, own));
    let path = found(program);
    let own = own.strip_suffix(&[NO_HOSTS.to_owned()]).map_or((own, hosts), |own| (own, &[]));
    let starting = || -> io::Result<_> {
        let (from_output, to_output) = Stream::new(Head::new(OUTPUT))?;
        let (from_errors, to_errors) = Stream::new(Head::new(ERRORS))?;
        let mark = mark();
        let child = Command::new(&path)
            .args(own.0)
            .args(own.1.iter().map(IpAddr::to_string))
            .envs(variables(&lock(&monitor.history)))
            .env(MARK, &mark)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::from(to_output))
            .stderr(Stdio::from(to_errors))
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = Group::new(child.id(), mark);
        Ok((child, [from_output, from_errors], group))
    };
    let (mut child, mut streams, mut group) =
        starting().map_err(|error| Reason::Local(format!("cannot run {path}: {}", error_words(&error))))?;
    let status = wait(&mut child, &mut streams).await;
    let status = status.map_err(|error| Reason::Local(format!("cannot wait for {path}: {}", error_words(&error))))?;
    group.ended();
    let [output, errors] = streams.map(|stream| stream.sink.text());
    lock(&monitor.history).remember(status.success(), &output);
    Ok(Report::new(status, hosts, output, errors))
}

/// A program without a slash is looked for where mon has its monitors, then like any other.
fn found(program: &str) -> String {
    if program.contains('/') {
        return program.to_owned();
    }
    let places = MONITORS.iter().map(|directory| format!("{directory}/{program}"));
    places.into_iter().find(|path| Path::new(path).is_file()).unwrap_or_else(|| program.to_owned())
}

/// The variables of mon(8), section MONITOR PROGRAMS, with Debian's directories.
fn variables(history: &History) -> [(&'static str, String); 10] {
    [
        ("MON_LAST_SUMMARY", history.summary.clone()),
        ("MON_LAST_OUTPUT", history.output.clone()),
        ("MON_LAST_FAILURE", history.last_failure.to_string()),
        ("MON_FIRST_FAILURE", history.first_failure.to_string()),
        ("MON_LAST_SUCCESS", history.last_success.to_string()),
        ("MON_DESCRIPTION", String::new()),
        ("MON_DEPEND_STATUS", "1".to_owned()),
        ("MON_LOGDIR", "/var/log/mon".to_owned()),
        ("MON_STATEDIR", "/var/lib/mon".to_owned()),
        ("MON_CFBASEDIR", "/etc/mon".to_owned()),
    ]
}

impl History {
    fn remember(&mut self, success: bool, output: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if success {
            self.last_success = now;
        } else {
            if self.first_failure == 0 || self.last_success > self.last_failure {
                self.first_failure = now;
            }
            self.last_failure = now;
        }
        // An environment has no NUL.
        let text: String = output.chars().filter(|character| *character != '\0').take(LAST_OUTPUT).collect();
        self.summary = text.lines().next().unwrap_or_default().to_owned();
        self.output = text;
    }
}
