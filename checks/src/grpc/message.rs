//! The two messages of the health service (grpc/health/v1/health.proto), the frame around them, and what an answer means.
//! Two messages of one field each: that is no reason for a code generator.

use crate::Reason;
use crate::http2::Answer;
use crate::net::excerpt;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// SERVING
    Up,
    /// The call itself failed.
    Status(Reason),
    /// The call succeeded, and its answer is not the wanted one.
    Down(Reason),
}

/// `HealthCheckRequest { string service = 1 }`; an empty field is left out.
pub(super) fn request(service: &str) -> Vec<u8> {
    if service.is_empty() {
        return Vec::new();
    }
    let mut bytes = vec![0x0a];
    let mut length = service.len();
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(service.as_bytes());
    bytes
}

/// A message with the flag "not compressed" and its length before it.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0], &length.to_be_bytes()[..], message].concat()
}

/// The message in a body that has exactly one.
fn unframed(body: &[u8]) -> Result<&[u8], String> {
    let Some((&[flag, a, b, c, d], message)) = body.split_first_chunk::<5>() else {
        return Err(format!("a message of {} bytes", body.len()));
    };
    let length = u32::from_be_bytes([a, b, c, d]);
    match flag {
        0 if u64::from(length) == message.len() as u64 => Ok(message),
        0 => Err(format!("a message of {length} bytes that has {}", message.len())),
        _ => Err("a compressed message, which was not asked for".to_owned()),
    }
}

/// `HealthCheckResponse { ServingStatus status = 1 }`: the last value of the field counts, fields that are not known are
/// stepped over (Protocol Buffers, "Encoding").
fn status(mut message: &[u8]) -> Option<u64> {
    let mut status = 0;
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let skipped = match key & 7 {
            0 => {
                let value = varint(&mut message)?;
                if key >> 3 == 1 {
                    status = value;
                }
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut message)?).ok()?,
            5 => 4,
            _ => return None,
        };
        message = message.get(skipped..)?;
    }
    Some(status)
}

/// A number in groups of seven bits, the lowest first.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// What the server said.
pub(super) fn outcome(answer: &Answer, service: &str) -> Outcome {
    if !answer.status.is_success() {
        let phrase = answer.status.canonical_reason().unwrap_or_default().to_owned();
        return Outcome::Status(Reason::Status { code: answer.status.as_u16(), phrase });
    }
    let protocol = |words: String| Outcome::Status(Reason::Protocol(words));
    let kind = answer.headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    if !kind.starts_with(b"application/grpc") {
        return protocol(format!("not gRPC, but content of type {:?}", excerpt(kind, 40)));
    }
    // An answer without a message may have its status in the head (Trailers-Only).
    let told = [&answer.trailers, &answer.headers].into_iter().find(|headers| headers.contains_key("grpc-status"));
    let Some((code, words)) = told.and_then(call) else {
        return protocol("the answer has no grpc-status".to_owned());
    };
    if code != 0 {
        return Outcome::Status(Reason::Answer(refusal(code, &words, service)));
    }
    let who = if service.is_empty() { "the server".to_owned() } else { format!("the service {}", shown(service)) };
    match unframed(&answer.body).map(status) {
        Ok(Some(1)) => Outcome::Up,
        Ok(Some(2)) => Outcome::Down(Reason::Answer(format!("{who} is NOT_SERVING"))),
        Ok(Some(0)) => Outcome::Down(Reason::Answer(format!("the state of {who} is UNKNOWN"))),
        Ok(Some(3)) => Outcome::Down(Reason::Answer(format!("{who} is not known there (SERVICE_UNKNOWN)"))),
        Ok(Some(other)) => Outcome::Down(Reason::Answer(format!("{who} has a state that is not defined: {other}"))),
        Ok(None) => protocol("the message is no HealthCheckResponse".to_owned()),
        Err(words) => protocol(words),
    }
}

/// The code and the message of a call.
fn call(headers: &HeaderMap) -> Option<(u32, String)> {
    let code = headers.get("grpc-status")?.to_str().ok()?.trim().parse().ok()?;
    let words = headers.get("grpc-message").map_or(&b""[..], |value| value.as_bytes());
    Some((code, excerpt(&decoded(words), 60)))
}

/// Percent-decodes a status message; what is no encoding stays.
fn decoded(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some((&first, rest)) = text.split_first() {
        let pair = match rest {
            [high, low, ..] if first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        bytes.push(pair.map_or(first, |(high, low)| high << 4 | low));
        text = if pair.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
    }
    bytes
}

/// A call that failed, in words an operator can act on, and the server's own.
fn refusal(code: u32, words: &str, service: &str) -> String {
    let what = match code {
        5 if service.is_empty() => "the health service does not know the server as a whole (NOT_FOUND)".to_owned(),
        5 => format!("the health service does not know {} (NOT_FOUND)", shown(service)),
        12 => "the server has no health service (UNIMPLEMENTED)".to_owned(),
        7 => "the health check is not permitted (PERMISSION_DENIED)".to_owned(),
        16 => "the health check needs credentials (UNAUTHENTICATED)".to_owned(),
        other => match name(other) {
            Some(name) => format!("the health check failed: {name}"),
            None => format!("the health check failed with status {other}"),
        },
    };
    if words.is_empty() { what } else { format!("{what}: {words}") }
}

fn shown(service: &str) -> String {
    excerpt(service.as_bytes(), 60)
}

/// The codes' names (grpc, doc/statuscodes.md).
fn name(code: u32) -> Option<&'static str> {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    NAMES.get(usize::try_from(code).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests() {
        assert_eq!(framed(&request("")), [0, 0, 0, 0, 0]);
        assert_eq!(framed(&request("a.B")), b"\0\0\0\0\x05\x0a\x03a.B");
        let long = "x".repeat(300);
        assert_eq!(request(&long)[..3], [0x0a, 0xac, 0x02]);
        assert_eq!(request(&long).len(), 303);
    }

    #[test]
    fn responses() {
        assert_eq!(status(b""), Some(0), "the default");
        assert_eq!(status(&[0x08, 1]), Some(1));
        assert_eq!(status(&[0x08, 1, 0x08, 2]), Some(2), "the last one counts");
        assert_eq!(status(&[0x12, 2, b'h', b'i', 0x08, 1, 0x1d, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0]), Some(1));
        for bad in [&[0x08][..], &[0x12, 5, 1], &[0x0b], &[0x08, 0xff], &[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
            assert_eq!(status(bad), None, "{bad:?}");
        }
        assert_eq!(status(&[0xff; 11]), None);
        assert!(unframed(&[0, 0, 0, 0]).is_err() && unframed(&[0, 0, 0, 0, 1]).is_err());
        assert!(unframed(&[1, 0, 0, 0, 0]).is_err() && unframed(&[0, 0xff, 0xff, 0xff, 0xff, 8]).is_err());
        assert_eq!(unframed(&[0, 0, 0, 0, 2, 8, 1]), Ok(&[8, 1][..]));
    }

    #[test]
    fn words_of_a_status() {
        assert_eq!(decoded(b"too%20late%"), b"too late%");
        assert_eq!(refusal(12, "", "a"), "the server has no health service (UNIMPLEMENTED)");
        assert_eq!(refusal(5, "unknown", "a.B"), "the health service does not know a.B (NOT_FOUND): unknown");
        assert_eq!(refusal(14, "gone", ""), "the health check failed: UNAVAILABLE: gone");
        assert_eq!(refusal(99, "", ""), "the health check failed with status 99");
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = unframed(&bytes).map(status);
            prop_assert!(decoded(&bytes).len() <= bytes.len());
        }
    }
}
