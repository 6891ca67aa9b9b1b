//! `receive` patterns: Perl's regular expressions over bytes, compiled once when a configuration is loaded. Perl's syntax is
//! read by a parser of our own and handed to fancy-regex in a form that both read alike, because the engines differ where it
//! hurts: `^OK$` must match "OK\n". What cannot be carried over is an error with its place, never a check that silently fails.

mod class;
mod cursor;
mod emit;
mod escape;
mod group;
mod parse;
mod set;
mod tree;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Steps back in one search before it gives up: a fraction of a second. Each start position counts as one, so this is also
/// about the longest text a pattern with look-around can be looked for in.
const BACKTRACKS: usize = 4_000_000;
/// Bytes of compiled program, for the linear engine.
const PROGRAM_BYTES: usize = 4 << 20;
/// Instructions of the backtracking engine.
const PROGRAM_STEPS: usize = 200_000;

/// A compiled pattern; compared by its source, cheap to clone.
#[derive(Clone)]
pub struct Pattern {
    compiled: Arc<Compiled>,
}

struct Compiled {
    source: String,
    engine: Engine,
}

enum Engine {
    /// Nothing but text: no engine, and next to nothing to compile.
    Literal(Box<memchr::memmem::Finder<'static>>),
    Regex(Box<fancy_regex::Regex>),
}

/// A pattern that cannot be used, with the place in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What is wrong, and what to write instead.
    pub message: String,
    /// Byte offset in the pattern.
    pub offset: usize,
}

impl Pattern {
    /// Compiles Perl's syntax: `m/…/` without flags over bytes, as of Perl 5.36. The parts of the pattern that are not
    /// ASCII are their UTF-8 bytes, `$name` and `@name` are not interpolated, the empty pattern is found everywhere.
    pub fn compile(source: &str) -> Result<Self, PatternError> {
        let (node, parser) = parse::parse(source)?;
        let engine = match node.literal() {
            Some(text) => Engine::Literal(Box::new(memchr::memmem::Finder::new(&text).into_owned())),
            None => {
                let mut referred: Vec<usize> = parser.references.iter().map(|(group, _)| *group).collect();
                referred.sort_unstable();
                referred.dedup();
                let built = build(&emit::emit(&node, &referred));
                let offset = parser.first_behind.unwrap_or_default();
                Engine::Regex(Box::new(built.map_err(|error| refused(&error, offset))?))
            }
        };
        Ok(Self { compiled: Arc::new(Compiled { source: source.to_owned(), engine }) })
    }
    /// The pattern as written.
    pub fn source(&self) -> &str {
        &self.compiled.source
    }
    /// Whether it is found anywhere in `bytes`; an error when the engine gave up (backtrack limit).
    pub fn is_match(&self, bytes: &[u8]) -> Result<bool, String> {
        match &self.compiled.engine {
            Engine::Literal(finder) => Ok(finder.find(bytes).is_some()),
            Engine::Regex(regex) => regex.is_match(bytes).map_err(|error| match error {
                fancy_regex::Error::RuntimeError(fancy_regex::RuntimeError::BacktrackLimitExceeded) => {
                    format!("more than {BACKTRACKS} steps back in {} bytes", bytes.len())
                }
                error => error.to_string(),
            }),
        }
    }
}

fn build(pattern: &str) -> fancy_regex::Result<fancy_regex::Regex> {
    fancy_regex::RegexBuilder::new(pattern)
        .bytes_mode(fancy_regex::BytesMode::Ascii)
        .backtrack_limit(BACKTRACKS)
        .delegate_size_limit(PROGRAM_BYTES)
        .max_prog_size(PROGRAM_STEPS)
        .build()
}

/// What the engine refused although it is Perl.
fn refused(error: &fancy_regex::Error, offset: usize) -> PatternError {
    use fancy_regex::{CompileError, Error};
    let message = match error {
        Error::CompileError(error) => match &**error {
            CompileError::LookBehindNotConst | CompileError::DfaBuildError(..) => {
                "a look-behind of this kind is not supported: write it without groups, references and look-around inside, \
                 or one look-behind for each length"
                    .to_owned()
            }
            CompileError::InnerError(_) | CompileError::PatternTooComplex => {
                "the pattern is too large when its counts in braces are written out: use smaller counts".to_owned()
            }
            error => format!("the pattern cannot be compiled: {error}"),
        },
        error => format!("the pattern cannot be compiled: {error}"),
    };
    PatternError { message, offset }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pattern").field(&self.source()).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.compiled, &other.compiled) || self.source() == other.source()
    }
}
impl Eq for Pattern {}
impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source().hash(state);
    }
}
