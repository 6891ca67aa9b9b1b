//! Reads the record that the program under test keeps of its own kernel writes (one JSON line an operation, written where
//! LDIRECTORD_RECORD names a file) for the scenarios: how many, and which.

use crate::common::{Outcome, number};

/// `writes RECORD FIRST-LINE`: the operations from that line (1 is the first) on, one a line as compact JSON; a line
/// that is no JSON is an error.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let path = words.first().ok_or("the name of a RECORD is missing")?;
    let first = number(words.get(1), 1)?.max(1);
    let text = std::fs::read_to_string(path).unwrap_or_default();
    for (number, line) in (1..).zip(text.lines()).filter(|(number, _)| *number >= first) {
        let value: serde_json::Value =
            serde_json::from_str(line).map_err(|error| format!("{path}:{number}: {error}: {line}"))?;
        println!("{value}");
    }
    Ok(())
}
