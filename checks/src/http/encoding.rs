//! Content codings of a server that encodes although none was offered: decoded, as far as the limit.

use crate::Reason;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::borrow::Cow;
use std::io::Read;

/// The content behind `coding`; an unknown coding leaves the bytes as they are.
pub(super) fn decode<'a>(coding: &str, body: &'a [u8], limit: usize) -> Result<Cow<'a, [u8]>, Reason> {
    match coding {
        _ if body.is_empty() => Ok(Cow::Borrowed(body)),
        "gzip" | "x-gzip" => inflate(coding, MultiGzDecoder::new(body), limit),
        // RFC 9110, section 8.4.1.2: zlib is meant, raw deflate is often sent. zlib's first byte says which.
        "deflate" if body.first().is_some_and(|first| first & 0x0f == 8) => {
            inflate(coding, ZlibDecoder::new(body), limit)
        }
        "deflate" => inflate(coding, DeflateDecoder::new(body), limit),
        _ => Ok(Cow::Borrowed(body)),
    }
}

fn inflate(coding: &str, decoder: impl Read, limit: usize) -> Result<Cow<'static, [u8]>, Reason> {
    let mut content = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    match decoder.take(most).read_to_end(&mut content) {
        Ok(length) if length > limit => Err(Reason::TooLong { what: "decoded body", limit }),
        Ok(_) => Ok(Cow::Owned(content)),
        Err(error) => Err(Reason::Protocol(format!("body is not {coding}, although the header says so ({error})"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write};
    use std::io::Write;

    #[test]
    fn every_coding_there_and_back() {
        let text = b"server is fine\n".repeat(50);
        let mut gzip = write::GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = write::ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&text).unwrap();
        let mut raw = write::DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(&text).unwrap();
        for (coding, body) in [
            ("gzip", gzip.clone()),
            ("x-gzip", gzip.clone()),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
        ] {
            assert_eq!(decode(coding, &body, 1000).unwrap(), text, "{coding}");
            assert_eq!(decode(coding, &body, 749).unwrap_err(), Reason::TooLong { what: "decoded body", limit: 749 });
        }
        assert_eq!(decode("br", b"as it is", 1000).unwrap().as_ref(), b"as it is");
        assert!(matches!(decode("gzip", b"not gzip at all", 1000), Err(Reason::Protocol(_))));
        assert!(matches!(decode("gzip", &gzip[..gzip.len() - 9], 1000), Err(Reason::Protocol(_))));
    }

    #[test]
    fn a_bomb_stays_small() {
        let mut bomb = write::GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..64 {
            bomb.write_all(&[0; 1 << 20]).unwrap();
        }
        assert!(matches!(decode("gzip", &bomb.finish().unwrap(), 1 << 20), Err(Reason::TooLong { .. })));
    }
}
