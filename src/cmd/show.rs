//! `show`: the effective configuration, after defaults and inheritance.

use super::{BROKEN, judge, print_findings, read_file};
use crate::cli::ShowOptions;
use crate::config::render::Source;
use crate::config::show::{json, text};
use std::io::Write;

/// Prints the configuration as a canonical file or, with `--json`, as JSON on stdout. Exit code 2 with the findings on stderr where
/// it does not load.
pub fn run(shown: &str, options: ShowOptions, stdout: &mut dyn Write, stderr: &mut dyn Write, colour: bool) -> u8 {
    let file = match read_file(shown, stderr) {
        Ok(file) => file,
        Err(code) => return code,
    };
    let (config, findings) = judge(&file);
    let Some(config) = config else {
        let source = Source::new(shown, &file);
        print_findings(&source, &findings, stderr, colour);
        let _ = writeln!(stderr, "{}", source.summary(&findings));
        return BROKEN;
    };
    let shown =
        if options.json { format!("{:#}\n", json(&config, options.secrets)) } else { text(&config, options.secrets) };
    let written = stdout.write_all(shown.as_bytes()).and_then(|()| stdout.flush());
    if written.is_ok() { 0 } else { BROKEN }
}
