//! Where a body ends: not at all there, counted, chunked, or with the connection (RFC 9112, section 6.3).

use super::head::Head;
use crate::Reason;
use crate::net::excerpt;

/// A chunk's size line with its extensions.
const SIZE_LINE: usize = 4096;
/// All trailer lines together.
const TRAILERS: usize = 64 << 10;

/// How the end is found, and how far it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes are still to come.
    Counted(u64),
    /// In chunks.
    Chunked(Chunks),
    /// Until the server closes.
    UntilClose,
}

/// The place within a chunked body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In a size line.
    Size(Vec<u8>),
    /// In a chunk, so many bytes before its end.
    Data(u64),
    /// At the line end after a chunk.
    DataEnd,
    /// In the trailers: bytes so far, and of the present line.
    Trailers(usize, usize),
}

impl Framing {
    /// What follows `head`; `None` where no body does.
    pub(super) fn of(head: &Head, head_only: bool) -> Option<Self> {
        if head_only || matches!(head.code, 204 | 304) || head.length == Some(0) && !head.transfer_coded {
            None
        } else if head.chunked {
            Some(Self::Chunked(Chunks::Size(Vec::new())))
        } else if let (Some(length), false) = (head.length, head.transfer_coded) {
            Some(Self::Counted(length))
        } else {
            Some(Self::UntilClose)
        }
    }

    /// Takes the next bytes and hands content to `content`; true once the body is complete.
    pub(super) fn take(
        &mut self,
        mut bytes: &[u8],
        content: &mut dyn FnMut(&[u8]) -> Result<(), Reason>,
    ) -> Result<bool, Reason> {
        match self {
            Self::UntilClose => content(bytes).map(|()| false),
            Self::Counted(left) => {
                content(beginning(bytes, *left))?;
                *left = left.saturating_sub(bytes.len() as u64);
                Ok(*left == 0)
            }
            Self::Chunked(chunks) => {
                while !bytes.is_empty() {
                    if chunks.step(&mut bytes, content)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

impl Chunks {
    /// One step into `bytes`, which is not empty; true at the end of the body.
    fn step(
        &mut self,
        bytes: &mut &[u8],
        content: &mut dyn FnMut(&[u8]) -> Result<(), Reason>,
    ) -> Result<bool, Reason> {
        match self {
            Self::Data(left) => {
                let data = beginning(bytes, *left);
                content(data)?;
                *left -= data.len() as u64;
                *bytes = bytes.get(data.len()..).unwrap_or_default();
                if *left == 0 {
                    *self = Self::DataEnd;
                }
                return Ok(false);
            }
            Self::Size(_) | Self::DataEnd | Self::Trailers(..) => {}
        }
        let Some((&byte, rest)) = bytes.split_first() else { return Ok(false) };
        *bytes = rest;
        match (&mut *self, byte) {
            (Self::Size(line), b'\n') => {
                let size = size(line)?;
                *self = if size == 0 { Self::Trailers(0, 0) } else { Self::Data(size) };
            }
            (Self::Size(line), _) if line.len() >= SIZE_LINE => {
                return Err(Reason::TooLong { what: "chunk size line", limit: SIZE_LINE });
            }
            (Self::Size(line), _) => line.push(byte),
            (Self::DataEnd, b'\r') => {}
            (Self::DataEnd, b'\n') => *self = Self::Size(Vec::new()),
            (Self::DataEnd, _) => return Err(Reason::Protocol("a chunk goes on after its size".to_owned())),
            (Self::Trailers(_, 0), b'\n') => return Ok(true),
            (Self::Trailers(all, _), _) if *all >= TRAILERS => {
                return Err(Reason::TooLong { what: "trailers", limit: TRAILERS });
            }
            (Self::Trailers(all, _), b'\n') => *self = Self::Trailers(*all + 1, 0),
            (Self::Trailers(all, line), b'\r') => *self = Self::Trailers(*all + 1, *line),
            (Self::Trailers(all, line), _) => *self = Self::Trailers(*all + 1, *line + 1),
            (Self::Data(_), _) => {}
        }
        Ok(false)
    }
}

/// The beginning of `bytes` up to `most`.
fn beginning(bytes: &[u8], most: u64) -> &[u8] {
    let length = usize::try_from(most).map_or(bytes.len(), |most| most.min(bytes.len()));
    bytes.get(..length).unwrap_or_default()
}

/// The size in a chunk's first line; extensions after `;` do not count.
fn size(line: &[u8]) -> Result<u64, Reason> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let text = std::str::from_utf8(digits).unwrap_or_default();
    let valid = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let size = if valid { u64::from_str_radix(text, 16).ok() } else { None };
    size.ok_or_else(|| Reason::Protocol(format!("chunk size {:?}", excerpt(line, 20))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content and whether it is complete, fed `step` bytes at a time.
    fn read(mut framing: Framing, bytes: &[u8], step: usize) -> Result<(Vec<u8>, bool), Reason> {
        let mut content = Vec::new();
        let mut complete = false;
        for piece in bytes.chunks(step) {
            complete = framing.take(piece, &mut |data| {
                content.extend_from_slice(data);
                Ok(())
            })?;
            if complete {
                break;
            }
        }
        Ok((content, complete))
    }

    #[test]
    fn chunks_in_every_cut() {
        let body = b"5\r\nhello\r\n6;name=\"x\"\r\n, worl\r\n1 \nd\n0\r\nTrailer: x\r\n\r\nnot read";
        for step in 1..body.len() {
            let read = read(Framing::Chunked(Chunks::Size(Vec::new())), body, step).unwrap();
            assert_eq!(read, (b"hello, world".to_vec(), true), "{step} bytes at a time");
        }
        let end = body.len() - b"not read".len();
        for cut in 0..end {
            let chunked = Framing::Chunked(Chunks::Size(Vec::new()));
            assert!(!read(chunked, &body[..cut], 7).unwrap().1, "complete after {cut} bytes");
        }
    }

    #[test]
    fn counted_bodies_end_where_they_say() {
        for step in 1..8 {
            assert_eq!(read(Framing::Counted(5), b"hello there", step).unwrap(), (b"hello".to_vec(), true));
        }
        assert!(!read(Framing::Counted(5), b"hell", 1).unwrap().1);
    }

    #[test]
    fn nonsense_is_named() {
        let chunked = || Framing::Chunked(Chunks::Size(Vec::new()));
        for bad in [&b"xyz\r\n"[..], b"\r\n", b"-1\r\n", b"+5\r\n", b"11111111111111111\r\n", b"1\r\nab"] {
            assert!(matches!(read(chunked(), bad, 100), Err(Reason::Protocol(_))), "{bad:?}");
        }
        assert!(matches!(read(chunked(), &[b'0'; 5000], 100), Err(Reason::TooLong { .. })));
        let trailers = [b"0\r\n".as_slice(), &b"a: b\r\n".repeat(20_000)].concat();
        assert!(matches!(read(chunked(), &trailers, 100), Err(Reason::TooLong { .. })));
    }

    #[test]
    fn what_has_no_body() {
        let head = |code, length| Head { code, length, ..Head::default() };
        assert_eq!(Framing::of(&head(204, Some(5)), false), None);
        assert_eq!(Framing::of(&head(304, None), false), None);
        assert_eq!(Framing::of(&head(200, Some(5)), true), None);
        assert_eq!(Framing::of(&head(200, Some(0)), false), None);
        assert_eq!(Framing::of(&head(200, None), false), Some(Framing::UntilClose));
        let both = Head { code: 200, length: Some(3), transfer_coded: true, chunked: true, ..Head::default() };
        assert!(matches!(Framing::of(&both, false), Some(Framing::Chunked(_))));
    }
}
