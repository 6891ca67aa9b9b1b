//! The head of an answer: status line and headers, read as leniently as LWP reads them.

use crate::Reason;
use crate::net::excerpt;
use httparse::{ParserConfig, Response, Status};
use std::mem::MaybeUninit;

/// Header lines at most.
const LINES: usize = 256;

/// What a check needs to know of an answer's head.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) code: u16,
    pub(super) phrase: String,
    pub(super) location: Option<String>,
    /// Content-Encoding, lower case; empty where there is none.
    pub(super) encoding: String,
    /// Content-Length, where it is a number.
    pub(super) length: Option<u64>,
    /// The last transfer coding is `chunked`.
    pub(super) chunked: bool,
    /// There is a transfer coding: Content-Length does not count (RFC 9112, section 6.3).
    pub(super) transfer_coded: bool,
}

impl Head {
    /// Parses the bytes up to and including the empty line.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        let mut lines = [const { MaybeUninit::uninit() }; LINES];
        let mut response = Response::new(&mut []);
        let mut lenient = ParserConfig::default();
        lenient
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_multiple_spaces_in_response_status_delimiters(true)
            .ignore_invalid_headers_in_responses(true);
        match lenient.parse_response_with_uninit_headers(&mut response, bytes, &mut lines) {
            Ok(Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Reason::Protocol(format!("more than {LINES} header lines")));
            }
            Ok(Status::Partial) | Err(_) => {
                return Err(Reason::Protocol(format!("no HTTP status line, but {:?}", excerpt(bytes, 60))));
            }
        }
        let mut head = Self {
            code: response.code.unwrap_or_default(),
            phrase: excerpt(response.reason.unwrap_or_default().as_bytes(), 60),
            ..Self::default()
        };
        for header in response.headers.iter() {
            head.take(header.name, header.value);
        }
        Ok(head)
    }

    fn take(&mut self, name: &str, value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        let text = text.trim();
        if name.eq_ignore_ascii_case("location") {
            self.location.get_or_insert_with(|| text.to_owned());
        } else if name.eq_ignore_ascii_case("content-encoding") {
            self.encoding = text.to_ascii_lowercase();
        } else if name.eq_ignore_ascii_case("content-length") {
            self.length = self.length.or(text.split(',').next().and_then(|first| first.trim().parse().ok()));
        } else if name.eq_ignore_ascii_case("transfer-encoding") && !text.eq_ignore_ascii_case("identity") {
            self.transfer_coded = true;
            self.chunked = text.rsplit(',').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("chunked"));
        }
    }

    /// 2xx
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// An interim answer; 101 ends the exchange and is none.
    pub(super) fn is_interim(&self) -> bool {
        (100..200).contains(&self.code) && self.code != 101
    }

    /// The codes that LWP follows.
    pub(super) fn redirects(&self) -> bool {
        matches!(self.code, 301 | 302 | 303 | 307 | 308)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        Head::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_needed_is_found() {
        let head = head("HTTP/1.1 302 Found\r\nLOCATION: /a b\r\nContent-Length: 12\r\nContent-Encoding: GZip\r\n\r\n");
        assert_eq!((head.code, head.phrase.as_str()), (302, "Found"));
        assert_eq!(head.location.as_deref(), Some("/a b"));
        assert_eq!((head.length, head.chunked, head.encoding.as_str()), (Some(12), false, "gzip"));
        assert!(head.redirects() && !head.is_success());
    }

    #[test]
    fn leniency() {
        assert_eq!(head("HTTP/1.0 200\n\n").code, 200);
        assert_eq!(head("HTTP/1.1  200   OK\r\n\r\n").phrase, "OK");
        let odd = head(
            "HTTP/1.1 200 OK\r\nContent-Length : 3\r\nno colon at all\r\nB\u{e4}d: x\r\nX: a\r\n folded\r\nLocation: /x\r\n\r\n",
        );
        assert_eq!((odd.length, odd.location.as_deref()), (Some(3), Some("/x")));
        assert_eq!(head("HTTP/1.1 200 Tr\u{e8}s bien\r\n\r\n").code, 200);
        assert_eq!(head("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n").length, Some(5));
        assert_eq!(head("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n").length, None);
    }

    #[test]
    fn transfer_codings() {
        assert!(head("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n").chunked);
        let other = head("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n");
        assert!(other.transfer_coded && !other.chunked);
        assert!(!head("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n").transfer_coded);
    }

    #[test]
    fn too_many_lines() {
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(LINES + 1));
        assert!(Head::parse(many.as_bytes()).unwrap_err().to_string().contains("header lines"));
    }
}
