//! Heads and trailers in the shape of HTTP/1, for a person: on the wire they are compressed.

use http::{HeaderMap, Request, StatusCode};

/// The head of a request.
pub(super) fn of_request(request: &Request<()>) -> Vec<u8> {
    let mut lines = format!("{} {} HTTP/2\r\n", request.method(), request.uri()).into_bytes();
    lines.extend(of_fields(request.headers()));
    lines
}

/// The head of an answer.
pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let mut lines = format!("HTTP/2 {}\r\n", status.as_u16()).into_bytes();
    lines.extend(of_fields(headers));
    lines
}

/// A line for each field.
pub(super) fn of_fields(fields: &HeaderMap) -> Vec<u8> {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat()
    };
    fields.iter().flat_map(line).collect()
}
