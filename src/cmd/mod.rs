//! The verbs, one file each: they take what the command line says and where to write, and return the exit code.
#![allow(clippy::disallowed_methods, reason = "verbs act: they read the configuration file")]

pub mod call;
pub mod check;
pub mod demo;
pub mod reload;
pub mod show;
pub mod start;
pub mod status;
pub mod stop;
pub mod table;
pub mod table_text;

use crate::cli::candidates;
use crate::config::render::Source;
use crate::config::{Config, Diagnostic, read};
use crate::daemon::resolve::Machine;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// More than this is no configuration: 50,000 real servers are 3 MB.
const LARGEST: u64 = 64 << 20;

/// Exit code of a missing configuration file.
pub const MISSING: u8 = 1;
/// Exit code of a configuration that does not load.
pub const BROKEN: u8 = 2;

/// A configuration file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// As it is printed: the first of the candidates that is a file.
    pub shown: String,
    /// Absolute, links resolved, for all later use: the daemon changes its directory, and links may be swapped.
    pub path: PathBuf,
}

/// What keeps a verb from its work: the sentence for stderr, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Without newline.
    pub sentence: String,
    /// Exit code.
    pub code: u8,
}

impl Refusal {
    /// Prints the sentence; returns the exit code.
    pub fn print(&self, stderr: &mut dyn Write) -> u8 {
        let _ = writeln!(stderr, "{}", self.sentence);
        self.code
    }
}

/// Looks a CONFIG up where ldirectord does.
pub fn locate(config: &str) -> Result<Located, Refusal> {
    let places = candidates(config);
    for shown in &places {
        if Path::new(shown).is_file() {
            let path =
                std::path::absolute(shown).and_then(std::fs::canonicalize).unwrap_or_else(|_| PathBuf::from(shown));
            return Ok(Located { shown: shown.clone(), path });
        }
    }
    let mut sentence = format!("Config file {config} not found");
    if let Some(other) = places.iter().find(|place| Path::new(place).exists()) {
        let what = if Path::new(other).is_dir() { "a directory" } else { "no regular file" };
        sentence.push_str(&format!("\n{other} is {what}"));
    }
    Err(Refusal { sentence, code: MISSING })
}

/// The bytes of a located file.
pub fn read_file(located: &Located) -> Result<Vec<u8>, Refusal> {
    let refusal = |why: String| Refusal {
        sentence: format!("Error [{}]: can not open file {}: {why}", std::process::id(), located.shown),
        code: BROKEN,
    };
    let words = |error: std::io::Error| {
        let text = error.to_string();
        refusal(text.split(" (os error").next().unwrap_or_default().to_owned())
    };
    let file = std::fs::File::open(&located.path).map_err(words)?;
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(words)?;
    if text.len() as u64 > LARGEST {
        return Err(refusal(format!("it is larger than {} MB, which no configuration is", LARGEST >> 20)));
    }
    Ok(text)
}

/// Parses, asks the machine what must be asked (10 s at most), and judges.
pub fn judge(text: &[u8]) -> (Option<Config>, Vec<Diagnostic>) {
    let draft = read(text);
    let machine = Machine::ask(&draft.questions());
    draft.finish(&machine)
}

/// More findings than this are counted, not shown.
const SHOWN: usize = 1000;

/// Prints findings with their lines, the errors first where not all are shown.
fn print_findings(source: &Source<'_>, findings: &[Diagnostic], stderr: &mut dyn Write, colour: bool) {
    let mut shown: Vec<&Diagnostic> = findings.iter().collect();
    if shown.len() > SHOWN {
        shown.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        shown.truncate(SHOWN);
    }
    for finding in &shown {
        let _ = writeln!(stderr, "{}", source.pretty(finding, colour));
    }
    if shown.len() < findings.len() {
        let _ = writeln!(stderr, "... and {} more", findings.len() - shown.len());
    }
}
