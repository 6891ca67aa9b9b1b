//! The verbs, one file each: they take what the command line says and where to write, and return the exit code.
#![allow(clippy::disallowed_methods, reason = "verbs act: they read the configuration file")]

pub mod call;
pub mod check;
pub mod demo;
mod locate;
pub mod probe;
pub mod reload;
pub mod show;
pub mod start;
pub mod status;
pub mod stop;
pub mod table;
pub mod table_text;

pub use crate::daemon::process::outlive_size_limits;
pub use locate::locate;

use crate::config::render::Source;
use crate::config::{Config, Diagnostic, read};
use crate::daemon::load;
use crate::daemon::resolve::Machine;
use std::io::Write;
use std::path::Path;

/// Exit code of a missing configuration file.
pub const MISSING: u8 = 1;
/// Exit code of a configuration that does not load.
pub const BROKEN: u8 = 2;

/// The bytes of a located file, or what keeps a verb from them, on stderr; exit code then.
fn read_file(shown: &str, stderr: &mut dyn Write) -> Result<Vec<u8>, u8> {
    load::read(Path::new(shown)).map_err(|words| {
        let _ = writeln!(stderr, "Error [{}]: {words}", std::process::id());
        BROKEN
    })
}

/// Parses, asks the machine what must be asked (10 s at most), and judges.
pub fn judge(text: &[u8]) -> (Option<Config>, Vec<Diagnostic>) {
    let draft = read(text);
    let machine = Machine::ask(&draft.questions());
    draft.finish(&machine)
}

/// The configuration of a verb that needs one; where it does not load, the findings on stderr and the exit code.
fn loadable(shown: &str, stderr: &mut dyn Write, colour: bool) -> Result<Config, u8> {
    let file = read_file(shown, stderr)?;
    let (config, findings) = judge(&file);
    config.ok_or_else(|| {
        let source = Source::new(shown, &file);
        print_findings(&source, &findings, stderr, colour);
        let _ = writeln!(stderr, "{}", source.summary(&findings));
        BROKEN
    })
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
