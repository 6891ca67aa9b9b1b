//! HTTP/2, where the server chose it by ALPN.

use super::reply::Wanted;
use super::target::Hop;
use super::{Answer, BODY_LIMIT, Head, UNMATCHED_LIMIT, USER_AGENT};
use crate::http2::{self, Limits};
use crate::net::{Progress, excerpt};
use crate::spec::{Http, Method};
use crate::{Failure, Reason, Secret};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderName, LOCATION, USER_AGENT as AGENT};
use http::{HeaderValue, Request, Version};
use tokio::io::{AsyncRead, AsyncWrite};

/// One exchange over a stream on which HTTP/2 was agreed.
pub(super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    hop: &Hop,
    http: &Http,
    token: Option<&Secret>,
    wanted: Wanted,
    progress: &mut Progress,
) -> Result<Answer, Failure> {
    let request = request(hop, http, token).ok_or_else(|| {
        let shown = excerpt(format!("{}{}", hop.authority, hop.request_target).as_bytes(), 60);
        progress.failure(Reason::Local(format!("{shown:?} cannot be asked for over HTTP/2")))
    })?;
    let body = if wanted.keep_body { BODY_LIMIT } else { UNMATCHED_LIMIT };
    let limits = Limits { body, keep: wanted.keep_body };
    let answer = http2::exchange(stream, request, Bytes::new(), limits, progress).await?;
    // HTTP/2 has no phrase: the registered one is shown.
    let head = Head {
        code: answer.status.as_u16(),
        phrase: answer.status.canonical_reason().unwrap_or_default().to_owned(),
        location: text(&answer.headers, &LOCATION),
        encoding: text(&answer.headers, &CONTENT_ENCODING).unwrap_or_default().to_ascii_lowercase(),
        ..Head::default()
    };
    Ok(Answer { head, body: answer.body })
}

fn request(hop: &Hop, http: &Http, token: Option<&Secret>) -> Option<Request<()>> {
    let method = match http.method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
    };
    let mut request = Request::builder()
        .method(method)
        .version(Version::HTTP_2)
        .uri(format!("https://{}{}", hop.authority, hop.request_target))
        .header(AGENT, USER_AGENT)
        .header(ACCEPT, "*/*");
    if let Some(token) = token {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.reveal())).ok()?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(()).ok()
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
