//! What is wrong with a configuration: where, what, and what to write instead.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Accepted here, but ldirectord would refuse or cut it.
    Note,
    /// Legal, but surely not meant.
    Warning,
    /// The file is not loadable.
    Error,
}

/// One finding, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Line, from 1; 0: the file as a whole.
    pub line: usize,
    /// Column of the first marked character, from 1.
    pub column: usize,
    /// How many characters are marked, at least 1.
    pub length: usize,
    /// What is wrong, in ldirectord's words where it has words for it.
    pub message: String,
    /// What to write instead, or why it matters.
    pub help: Option<String>,
}
