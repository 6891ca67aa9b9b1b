//! A record of every write, where `LDIRECTORD_RECORD` names a file: one JSON line an operation (`ipvs::recording`), `at` in seconds
//! since 1970, so that the records of one instance and its successor go into one file.
#![allow(clippy::disallowed_methods, reason = "the record is a file")]

use crate::ipvs::recording::{JsonLines, Recording};
use crate::ipvs::{Table, TableError};
use std::fs::OpenOptions;
use std::time::{SystemTime, UNIX_EPOCH};

/// The table itself, or one whose writes are recorded.
pub fn recorded<T: Table + 'static>(table: T) -> Result<Box<dyn Table>, TableError> {
    let Some(path) = std::env::var_os("LDIRECTORD_RECORD").filter(|path| !path.is_empty()) else {
        return Ok(Box::new(table));
    };
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(|error| TableError::Transport(format!("LDIRECTORD_RECORD {}: {error}", path.to_string_lossy())))?;
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Box::new(Recording::new(table, JsonLines::new(file, clock))))
}
