//! What the verbs share: arguments, the clock that all logs of one machine have in common, line-buffered logs.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;

/// What a verb ends with: nothing, or a sentence for stderr.
pub(crate) type Outcome = Result<(), String>;

/// Milliseconds of the wall clock, the same for every process of one machine.
pub(crate) fn now() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_millis())
}

/// `ADDRESS:PORT` or `[ADDRESS]:PORT`.
pub(crate) fn address(word: Option<&&str>) -> Result<SocketAddr, String> {
    let word = word.ok_or("an ADDRESS:PORT is missing")?;
    word.parse().map_err(|_| format!("'{word}' is no ADDRESS:PORT"))
}

/// A number, or the default where the argument is absent.
pub(crate) fn number(word: Option<&&str>, default: u64) -> Result<u64, String> {
    word.map_or(Ok(default), |word| word.parse().map_err(|_| format!("'{word}' is no number")))
}

/// Opens a log for appending; every line is written with one system call.
pub(crate) fn log(word: Option<&&str>) -> Result<File, String> {
    let path = word.ok_or("the name of a LOG is missing")?;
    OpenOptions::new().create(true).append(true).open(path).map_err(|error| format!("{path}: {error}"))
}

/// Appends one line; a full disk is the scenario's trouble, not this program's.
pub(crate) fn say(mut log: &File, line: &str) {
    let _ = log.write_all(format!("{line}\n").as_bytes());
}

/// Splits `--name value` pairs from the other words.
pub(crate) fn options<'a>(words: &[&'a str]) -> (Vec<(&'a str, &'a str)>, Vec<&'a str>) {
    let (mut named, mut plain) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("--") {
            Some(name) => named.push((name, words.next().copied().unwrap_or(""))),
            None => plain.push(*word),
        }
    }
    (named, plain)
}

/// The last value given for a named option.
pub(crate) fn option<'a>(named: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    named.iter().rev().find(|(candidate, _)| *candidate == name).map(|(_, value)| *value)
}
