//! `show`: the effective configuration, after defaults and inheritance.

use super::{BROKEN, loadable};
use crate::cli::ShowOptions;
use crate::config::show::{json, text};
use std::io::Write;

/// Prints the configuration as a canonical file or, with `--json`, as JSON on stdout. Exit code 2 with the findings on stderr where
/// it does not load.
pub fn run(shown: &str, options: ShowOptions, stdout: &mut dyn Write, stderr: &mut dyn Write, colour: bool) -> u8 {
    let config = match loadable(shown, stderr, colour) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let shown =
        if options.json { format!("{:#}\n", json(&config, options.secrets)) } else { text(&config, options.secrets) };
    let written = stdout.write_all(shown.as_bytes()).and_then(|()| stdout.flush());
    if written.is_ok() { 0 } else { BROKEN }
}
