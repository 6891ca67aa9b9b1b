//! `check`: everything that is wrong with a configuration, or, with `--fix`, the configuration mended.

use super::{BROKEN, judge, print_findings, read_file};
use crate::cli::CheckOptions;
use crate::config::mend::mend;
use crate::config::render::{Source, count};
use std::io::Write;

/// Findings go to stderr, as ldirectord's do, and end with a count; with `--json` they go to stdout, with `--fix` the mended
/// file does. Exit code 0: it loads (mended, with `--fix`); 2: it does not.
pub fn run(shown: &str, options: CheckOptions, stdout: &mut dyn Write, stderr: &mut dyn Write, colour: bool) -> u8 {
    let text = match read_file(shown, stderr) {
        Ok(text) => text,
        Err(code) => return code,
    };
    if options.fix {
        return fix(shown, &text, stdout, stderr, colour);
    }
    let (config, findings) = judge(&text);
    let source = Source::new(shown, &text);
    if options.json {
        let _ = writeln!(stdout, "{:#}", source.json(&findings));
    } else {
        print_findings(&source, &findings, stderr, colour);
        let _ = writeln!(stderr, "{}", source.summary(&findings));
    }
    if config.is_some() { 0 } else { BROKEN }
}

/// Prints the mended file, says what was mended, and what is left.
fn fix(shown: &str, text: &[u8], stdout: &mut dyn Write, stderr: &mut dyn Write, colour: bool) -> u8 {
    let (mended, mendings) = mend(text);
    if stdout.write_all(mended.as_bytes()).and_then(|()| stdout.flush()).is_err() {
        let _ = writeln!(stderr, "the mended file could not be written");
        return BROKEN;
    }
    for mending in &mendings {
        let _ = writeln!(stderr, "{}, {mending}", shown);
    }
    let (config, findings) = judge(mended.as_bytes());
    let name = format!("{} (mended)", shown);
    let source = Source::new(&name, mended.as_bytes());
    if count(&findings)[0] > 0 {
        print_findings(&source, &findings, stderr, colour);
    }
    let _ = writeln!(stderr, "{}", source.summary(&findings));
    if config.is_some() { 0 } else { BROKEN }
}
