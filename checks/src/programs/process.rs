//! A running program: its output is read while its end is waited for.

use super::Sink;
use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::Child;

/// How much output is still read when the program has ended: more than a pipe holds.
const LAST_OUTPUT: usize = 256 * 1024;
/// Bytes that are read at once.
const PIECE: usize = 8 * 1024;

/// Our end of one output of a program, and where it goes.
pub(crate) struct Stream<S> {
    /// Unset once it has ended.
    pipe: Option<pipe::Receiver>,
    buffer: Vec<u8>,
    /// What was said.
    pub(crate) sink: S,
}

impl<S: Sink> Stream<S> {
    /// A new pipe: our end, and what the program gets.
    pub(crate) fn new(sink: S) -> io::Result<(Self, OwnedFd)> {
        let (reader, writer) = io::pipe()?;
        let pipe = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        Ok((Self { pipe: Some(pipe), buffer: vec![0; PIECE], sink }, OwnedFd::from(writer)))
    }

    /// Reads once; waits for ever at the end.
    async fn pump(&mut self) {
        let Some(pipe) = &mut self.pipe else { return std::future::pending().await };
        match pipe.read(&mut self.buffer).await {
            Ok(0) | Err(_) => self.pipe = None,
            Ok(count) => self.sink.add(self.buffer.get(..count).unwrap_or_default()),
        }
    }

    /// Reads what is there already.
    fn finish(&mut self) {
        let mut left = LAST_OUTPUT;
        while let Some(pipe) = &self.pipe
            && left > 0
        {
            match pipe.try_read(&mut self.buffer) {
                Ok(0) | Err(_) => self.pipe = None,
                Ok(count) => {
                    self.sink.add(self.buffer.get(..count).unwrap_or_default());
                    left = left.saturating_sub(count);
                }
            }
        }
    }
}

/// Waits for the program's end while its output is read, so that it never blocks on a full pipe. A child of it that keeps the
/// pipe open holds nothing up.
pub(crate) async fn wait<S: Sink>(child: &mut Child, streams: &mut [Stream<S>]) -> io::Result<ExitStatus> {
    let (mut first, mut second) = match streams {
        [first, second, ..] => (Some(first), Some(second)),
        [first] => (Some(first), None),
        [] => (None, None),
    };
    let status = loop {
        tokio::select! {
            biased;
            status = child.wait() => break status?,
            () = pump(first.as_deref_mut()) => {}
            () = pump(second.as_deref_mut()) => {}
        }
    };
    for stream in [first, second].into_iter().flatten() {
        stream.finish();
    }
    Ok(status)
}

async fn pump<S: Sink>(stream: Option<&mut Stream<S>>) {
    match stream {
        Some(stream) => stream.pump().await,
        None => std::future::pending().await,
    }
}

/// The error's words, without its number.
pub(crate) fn error_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}
