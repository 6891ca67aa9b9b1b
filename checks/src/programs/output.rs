//! What a program says, in bounded memory.

use crate::line::short;

/// What is kept of a line of output.
const LONGEST_LINE: usize = 512;

/// Takes output as it comes.
pub(crate) trait Sink: Send {
    /// More of it.
    fn add(&mut self, bytes: &[u8]);
}

/// The last line that is not blank.
#[derive(Default)]
pub(crate) struct LastLine {
    complete: Vec<u8>,
    current: Vec<u8>,
}

impl Sink for LastLine {
    fn add(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(self.current.len());
            self.current.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                if !self.current.trim_ascii().is_empty() {
                    std::mem::swap(&mut self.complete, &mut self.current);
                }
                self.current.clear();
            }
        }
    }
}

impl LastLine {
    /// The line in words, empty where there was none.
    pub(crate) fn words(&self) -> String {
        short(if self.current.trim_ascii().is_empty() { &self.complete } else { &self.current })
    }
}

/// The beginning of what is said.
pub(crate) struct Head {
    bytes: Vec<u8>,
    limit: usize,
}

impl Head {
    /// So many bytes at most.
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }
    /// As text; what is no UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Sink for Head {
    fn add(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
    }
}
