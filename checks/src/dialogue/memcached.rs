//! memcached's text protocol: its version.

use super::Outcome;
use super::talk::Talk;
use crate::Failure;

/// Up when the server tells its version, and that matches.
pub(super) async fn run(mut talk: Talk<'_>) -> Result<Outcome<'_>, Failure> {
    talk.send("version").await?;
    let line = talk.line().await?;
    let refused: [&[u8]; 3] = [b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR"];
    if refused.iter().any(|word| line.starts_with(word)) {
        return Err(talk.rejected("version", &line));
    }
    if !line.starts_with(b"VERSION ") {
        return Err(talk.nonsense("memcached", &line));
    }
    talk.matching(&line)?;
    // quit is never answered: the server closes.
    Ok(Outcome { words: talk.words(&line), talk, farewell: "quit" })
}
