//! `table list [CONFIG]`: the kernel's table, or the memory table of a running instance, byte for byte as `ipvsadm -L -n`.

use super::call::{Call, Instance};
use crate::cli::{Command, Verb, parse};
use crate::daemon::pidfile::State;
use crate::daemon::serve::complain;
use crate::daemon::{control, lock};
use crate::ipvs::KernelTable;
use std::io::Write;
use std::time::Duration;

/// How long an instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// `arguments` are those behind `table`. Exit code 0: printed; 1: no table to print; 255: what is meant is not clear.
pub fn run(argv0: &str, arguments: &[String]) -> u8 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let text = match words.as_slice() {
        ["list"] => kernel(),
        ["list", config] if !config.starts_with('-') => of_instance(argv0, config),
        _ => {
            complain(&format!("Usage: {argv0} table list [CONFIG]"));
            return crate::cli::USAGE_EXIT;
        }
    };
    match text {
        Ok(text) => {
            let _closed = std::io::stdout().lock().write_all(text.as_bytes());
            0
        }
        Err(words) => {
            complain(&words);
            1
        }
    }
}

fn kernel() -> Result<String, String> {
    let mut table = KernelTable::open().map_err(|error| error.to_string())?;
    let info = table.info().map_err(|error| error.to_string())?;
    Ok(table.listing().map_err(|error| error.to_string())?.render(&info))
}

/// The table that the instance of this configuration writes.
fn of_instance(argv0: &str, config: &str) -> Result<String, String> {
    let command = parse(argv0, &[config.to_owned(), "status".to_owned()]);
    let Ok(Command::Configured(configured)) = command else { return Err(format!("{config} is not a configuration")) };
    debug_assert!(matches!(configured.verb, Verb::Status(_)));
    let call = Call { argv0, configured: &configured };
    let instance = Instance::silently(&call).ok_or_else(|| format!("Config file {config} not found"))?;
    match instance.1 {
        State::Running { .. } if lock::read(&instance.0).is_some_and(|note| note.table == "memory") => {
            let socket = instance.0.socket();
            let answer = control::ask(&socket, "table", PATIENCE)
                .map_err(|error| format!("No answer on {}: {error}", socket.display()))?;
            match answer.get("table").and_then(serde_json::Value::as_str) {
                Some(text) => Ok(text.to_owned()),
                None => {
                    let words = answer.get("error").and_then(serde_json::Value::as_str);
                    Err(words.unwrap_or("an answer without a table").to_owned())
                }
            }
        }
        State::Running { .. } => kernel(),
        State::Stale | State::Absent => Err(format!("ldirectord is stopped for {config}")),
    }
}
