//! The conversation of one check, for a person who wants to see it: what was sent and what came, with times, and no secret in
//! any form. Nothing is recorded unless somebody asks; a check that nobody watches pays for one branch.
//!
//! Secrets are masked when the conversation is over, over each direction as a whole: one that arrives in two pieces is found.

mod words;

use crate::Secret;
use crate::mask::Masker;
use serde::Serialize;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What is kept of one piece, in bytes.
const PIECE: usize = 4096;
/// What is kept of a whole conversation: bytes, and entries.
const BYTES: usize = 256 * 1024;
const ENTRIES: usize = 2000;

/// The end of a stream.
pub(crate) const CLOSED: &str = "closed by the server";

/// One step of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Since it was asked: a check by a program may have waited for room first.
    #[serde(skip)]
    pub at: Duration,
    /// What it is.
    pub kind: Kind,
    /// Set where a second connection of the same check said it (the data connection of FTP): its number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<u8>,
    /// Length of what was sent or received, in bytes; inside of TLS. 0 for a note.
    pub bytes: usize,
    /// How many of them, at the end, are not in the lines.
    pub left_out: usize,
    /// For people: text as lines, anything else as a dump of 16 bytes a line. Control characters are escaped, secrets are `***`
    /// in text and `**` in a dump.
    pub lines: Vec<String>,
}

/// What an [`Entry`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something that happened: connected, secured, resolved, a program's end.
    Note,
    /// Bytes to the real server.
    Sent,
    /// Bytes from it.
    Received,
}

/// Where a probe writes what it does. Clones write to the same place.
#[derive(Clone)]
pub(crate) struct Tap {
    tape: Arc<Mutex<Tape>>,
    connection: u8,
}

struct Tape {
    started: Instant,
    pieces: Vec<Piece>,
    /// Bytes kept.
    kept: usize,
    /// Bytes of which nothing is kept, sent and received.
    beyond: [usize; 2],
    /// Connections beside the first.
    connections: u8,
    /// What proves that somebody knows a secret: a digest, an answer to a challenge.
    proofs: Vec<Vec<u8>>,
    /// Those that the spec does not have: read from a file when the check began.
    secrets: Vec<Secret>,
}

struct Piece {
    at: Duration,
    kind: Kind,
    connection: u8,
    total: usize,
    kept: Vec<u8>,
}

tokio::task_local! {
    /// The certificate check is called by rustls, which knows nothing of us.
    static WATCHED: Tap;
}

impl Tap {
    pub(crate) fn start() -> Self {
        let tape = Tape {
            started: Instant::now(),
            pieces: Vec::new(),
            kept: 0,
            beyond: [0; 2],
            connections: 0,
            proofs: Vec::new(),
            secrets: Vec::new(),
        };
        Self { tape: Arc::new(Mutex::new(tape)), connection: 0 }
    }
    /// Runs `probe` so that [`watched`] finds this tap in it.
    pub(crate) async fn around<F: Future>(&self, probe: F) -> F::Output {
        WATCHED.scope(self.clone(), probe).await
    }
    /// For a second connection of the same check.
    pub(crate) fn beside(&self) -> Self {
        let mut tape = self.tape();
        tape.connections = tape.connections.saturating_add(1);
        Self { tape: Arc::clone(&self.tape), connection: tape.connections }
    }
    pub(crate) fn wrote(&self, bytes: &[u8]) {
        self.add(Kind::Sent, bytes);
    }
    pub(crate) fn read(&self, bytes: &[u8]) {
        self.add(Kind::Received, bytes);
    }
    pub(crate) fn note(&self, words: &str) {
        self.add(Kind::Note, words.as_bytes());
    }
    /// `proof` is never to be shown: whoever sees it could try passwords until one fits.
    pub(crate) fn conceal(&self, proof: &[u8]) {
        self.tape().proofs.push(proof.to_vec());
    }

    /// `secret`, which only this run knows, is never to be shown in any form.
    pub(crate) fn hide(&self, secret: &Secret) {
        self.tape().secrets.push(secret.clone());
    }

    fn tape(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn add(&self, kind: Kind, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut tape = self.tape();
        let room = PIECE.min(BYTES.saturating_sub(tape.kept));
        if tape.pieces.len() >= ENTRIES || room == 0 {
            match kind {
                Kind::Note => {}
                Kind::Sent => tape.beyond[0] += bytes.len(),
                Kind::Received => tape.beyond[1] += bytes.len(),
            }
            return;
        }
        let kept = bytes.get(..room).unwrap_or(bytes).to_vec();
        tape.kept += kept.len();
        let (at, connection) = (tape.started.elapsed(), self.connection);
        tape.pieces.push(Piece { at, kind, connection, total: bytes.len(), kept });
    }

    /// The conversation, as a dump where it is `binary`, without `secrets` and those that it met itself.
    pub(crate) fn entries(&self, binary: bool, secrets: &[Secret]) -> Vec<Entry> {
        let tape = self.tape();
        let masker = Masker::of(secrets.iter().chain(&tape.secrets)).with_proofs(&tape.proofs);
        let mut masks: Vec<Vec<bool>> = tape.pieces.iter().map(|piece| vec![false; piece.kept.len()]).collect();
        for connection in 0..=tape.connections {
            for kind in [Kind::Sent, Kind::Received] {
                let of_stream = |piece: &Piece| (piece.kind, piece.connection) == (kind, connection);
                mask_stream(&masker, &tape.pieces, of_stream, &mut masks);
            }
        }
        for (piece, mask) in tape.pieces.iter().zip(&mut masks).filter(|(piece, _)| piece.kind == Kind::Note) {
            *mask = masker.over(&piece.kept, &[piece.kept.len()]);
        }
        let mut entries: Vec<Entry> = tape
            .pieces
            .iter()
            .zip(&masks)
            .map(|(piece, mask)| Entry {
                at: piece.at,
                kind: piece.kind,
                connection: Some(piece.connection).filter(|connection| *connection > 0),
                bytes: if piece.kind == Kind::Note { 0 } else { piece.total },
                left_out: piece.total - piece.kept.len(),
                lines: match piece.kind {
                    Kind::Note => words::text(&piece.kept, mask),
                    _ => words::shown(&piece.kept, mask, binary),
                },
            })
            .collect();
        let at = tape.pieces.last().map(|piece| piece.at).unwrap_or_default();
        let beyond = [Kind::Sent, Kind::Received].into_iter().zip(tape.beyond).filter(|(_, bytes)| *bytes > 0);
        entries.extend(beyond.map(|(kind, bytes)| Entry {
            at,
            kind,
            connection: None,
            bytes,
            left_out: bytes,
            lines: Vec::new(),
        }));
        entries
    }
}

/// Masks the pieces of one direction as if they had come at once; where bytes were left out, and at the end, half a secret
/// counts as one.
fn mask_stream(masker: &Masker, pieces: &[Piece], of_stream: impl Fn(&Piece) -> bool, masks: &mut [Vec<bool>]) {
    let mut all = Vec::new();
    let mut gaps = Vec::new();
    for piece in pieces.iter().filter(|piece| of_stream(piece)) {
        all.extend_from_slice(&piece.kept);
        if piece.total > piece.kept.len() {
            gaps.push(all.len());
        }
    }
    gaps.push(all.len());
    let mut mask = masker.over(&all, &gaps).into_iter();
    for (piece, own) in pieces.iter().zip(masks).filter(|(piece, _)| of_stream(piece)) {
        *own = mask.by_ref().take(piece.kept.len()).collect();
    }
}

/// Tells `what` to the tap of the check that is running here, if it is watched.
pub(crate) fn watched(what: impl FnOnce(&Tap)) {
    let _nobody_watches = WATCHED.try_with(what);
}

/// What is on the tape is nobody's business.
impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}
