//! What a monitor said, and what that means for one host.

use crate::line::short;
use crate::{Reason, Success};
use std::net::IpAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// The end of one process.
#[derive(Debug)]
pub(crate) struct Report {
    status: ExitStatus,
    /// Those of the asked hosts that the first line names.
    failed: Vec<IpAddr>,
    output: String,
    errors: String,
}

impl Report {
    /// Of a process that was asked about these hosts.
    pub(super) fn new(status: ExitStatus, asked: &[IpAddr], output: String, errors: String) -> Self {
        let first = output.lines().next().unwrap_or_default();
        let failed = hosts(first).filter(|host| asked.contains(host)).collect();
        Self { status, failed, output, errors }
    }

    /// Exit code 0: up. Else the first line names the hosts that are not, and where it names none of those that it was asked
    /// about nobody is known to be up.
    pub(super) fn verdict(&self, host: IpAddr) -> Result<Success, Reason> {
        let up = || {
            let words = self.detail(host).unwrap_or_else(|| "not among the failed hosts".to_owned());
            Ok(Success { words, answered_by: None })
        };
        match (self.status.code(), self.status.signal()) {
            (Some(0), _) => up(),
            (Some(_), _) if !self.failed.is_empty() && !self.failed.contains(&host) => up(),
            (Some(code), _) => {
                let output = if self.failed.is_empty() { None } else { self.detail(host) };
                Err(Reason::Exit { code, output: output.unwrap_or_else(|| self.summary()) })
            }
            (None, signal) => Err(Reason::Signal(signal.unwrap_or_default())),
        }
    }

    /// The first line below the summary that names the host and says something of it.
    fn detail(&self, host: IpAddr) -> Option<String> {
        let mut lines = self.output.lines().skip(1);
        let line = lines.find(|line| line.trim().contains(' ') && hosts(line).any(|named| named == host))?;
        Some(short(line.as_bytes()))
    }

    /// What it said at all.
    fn summary(&self) -> String {
        let line = self.output.lines().chain(self.errors.lines()).find(|line| !line.trim().is_empty());
        short(line.unwrap_or_default().as_bytes())
    }
}

/// The addresses in a line, however they are set off from other words: `10.0.0.1`, `www@10.0.0.1`, `10.0.0.1:80`,
/// `[fd00::1](zone)`.
fn hosts(line: &str) -> impl Iterator<Item = IpAddr> {
    let outside = |character: char| !(character.is_alphanumeric() || matches!(character, '.' | ':' | '-' | '_'));
    line.split(outside).filter_map(|word| {
        let bare = word.trim_end_matches(['.', ':', '-']);
        let portless = word.rsplit_once(':').map_or("", |(host, _)| host);
        let portless = if portless.contains(':') { "" } else { portless };
        [word, bare, portless].into_iter().find_map(|word| word.parse().ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(code: i32, output: &str, errors: &str) -> Report {
        let asked = ["10.0.0.1", "10.0.0.11", "fd00::1"].map(|host| host.parse().unwrap());
        Report::new(ExitStatus::from_raw(code << 8), &asked, output.to_owned(), errors.to_owned())
    }

    fn words(report: &Report, host: &str) -> Result<String, String> {
        let verdict = report.verdict(host.parse().unwrap());
        verdict.map(|success| success.words).map_err(|reason| reason.to_string())
    }

    #[test]
    fn the_first_line_names_who_is_down_and_the_others_are_up() {
        let http = report(1, "10.0.0.11\nHOST 10.0.0.11: connect: refused\n\nHOST 10.0.0.1: ok\n", "");
        assert_eq!(words(&http, "10.0.0.11"), Err("exit code 1: HOST 10.0.0.11: connect: refused".to_owned()));
        assert_eq!(words(&http, "10.0.0.1"), Ok("HOST 10.0.0.1: ok".to_owned()));
        assert_eq!(words(&http, "fd00::1"), Ok("not among the failed hosts".to_owned()));
        let dns = report(2, "www.lab@10.0.0.1 www.lab@fd00:0::1 \n\nA query failed\n", "");
        assert_eq!(words(&dns, "10.0.0.11"), Ok("not among the failed hosts".to_owned()));
        for down in ["10.0.0.1", "fd00::1"] {
            assert!(words(&dns, down).is_err(), "{down}");
        }
        assert_eq!(words(&report(0, "10.0.0.1\n", ""), "10.0.0.1"), Ok("not among the failed hosts".to_owned()));
    }

    #[test]
    fn where_nobody_is_named_all_are_down() {
        for (output, errors, said) in [
            ("\n\nno such zone\n", "", "exit code 2: no such zone"),
            ("", "\nCan't locate Net/DNS.pm in @INC\nBEGIN failed\n", "exit code 2: Can't locate Net/DNS.pm in @INC"),
            ("10.0.0.2 10.0.0.111\n", "", "exit code 2: 10.0.0.2 10.0.0.111"),
            ("", "", "exit code 2"),
        ] {
            assert_eq!(words(&report(2, output, errors), "10.0.0.1"), Err(said.to_owned()));
        }
        let killed = Report::new(ExitStatus::from_raw(9), &[], "10.0.0.1\n".to_owned(), String::new());
        assert_eq!(words(&killed, "10.0.0.11"), Err("killed by signal 9".to_owned()));
    }

    #[test]
    fn hosts_are_found_in_any_setting() {
        let line = "10.0.0.1:80, www(10.0.0.2) x@10.0.0.3. [fd00::1]:80 fd00::2: 10.0.0.4-10.0.0.5 1.2.3 host web:1";
        let found: Vec<String> = hosts(line).map(|host| host.to_string()).collect();
        assert_eq!(found, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2"]);
    }
}
