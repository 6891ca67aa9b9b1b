//! HTTP/2, offered by ALPN: reqwest, pinned to the real's address, one exchange a connection.

use super::reply::Wanted;
use super::target::Hop;
use super::{Answer, BODY_LIMIT, Head, UNMATCHED_LIMIT};
use crate::net::{Progress, excerpt, reason_of};
use crate::spec::{Http, Method};
use crate::{Failure, Phase, Reason, Target, tls};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, HeaderMap, HeaderName, LOCATION};
use reqwest::{Client, redirect, retry};
use rustls::ClientConfig;
use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

/// What every HTTP check calls itself.
pub(super) const USER_AGENT: &str = concat!("ldirectord-rs/", env!("CARGO_PKG_VERSION"));

/// Whether reqwest can say it: there the name in SNI and the name asked for are one. Where `tlsname` differs from the
/// virtual host, the check stays with HTTP/1.1.
pub(super) fn possible(http: &Http) -> bool {
    match (http.tls.as_ref().and_then(|tls| tls.name.as_deref()), http.host.as_deref()) {
        (Some(name), Some(host)) => name.eq_ignore_ascii_case(host),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// One hop. The client is built at its first use and kept for the hops to the checked real; others get one of their own.
pub(super) async fn ask(
    kept: &OnceLock<Client>,
    config: Arc<ClientConfig>,
    hop: &Hop,
    peer: Target,
    http: &Http,
    wanted: Wanted,
    progress: &mut Progress,
) -> Result<Answer, Failure> {
    let built = match kept.get() {
        Some(client) if hop.pinned.is_some() => Ok(client.clone()),
        _ => client(config, hop, peer),
    };
    let client =
        built.map_err(|error| progress.failure(Reason::Local(format!("HTTP/2 client: {}", innermost(&error)))))?;
    if hop.pinned.is_some() {
        let _ = kept.set(client.clone());
    }
    let method = match http.method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
    };
    // A name goes without a port, which is that of `resolve` below; an address is asked at the port in the URL.
    let url = match &hop.name {
        Some(name) => format!("https://{name}{}", hop.request_target),
        None => hop.url(),
    };
    progress.note(|| format!("over HTTP/2, where the server takes it: {method} {url}, Host {}", hop.authority));
    let sent = client.request(method, url).header(ACCEPT, "*/*").send().await;
    let response = sent.map_err(|error| failure(&error, 0, progress))?;
    progress.received();
    progress.read(&if progress.tap.is_some() { head_lines(&response) } else { Vec::new() });
    let mut answer = Answer { head: head(&response), body: Vec::new() };
    if !answer.head.is_success() {
        return Ok(answer);
    }
    let limit = if wanted.keep_body { BODY_LIMIT } else { UNMATCHED_LIMIT };
    let (mut response, mut content) = (response, 0);
    while let Some(data) = response.chunk().await.map_err(|error| failure(&error, content as u64, progress))? {
        content += data.len();
        progress.read(&data);
        if content > limit {
            return Err(progress.failure(Reason::TooLong { what: "body", limit }));
        }
        if wanted.keep_body {
            answer.body.extend_from_slice(&data);
        }
    }
    Ok(answer)
}

fn client(config: Arc<ClientConfig>, hop: &Hop, peer: Target) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(ClientConfig::clone(&config))
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .user_agent(USER_AGENT);
    if let Some(name) = &hop.name {
        builder = builder.resolve(name, (peer.address, peer.port).into());
    }
    builder.build()
}

/// The head in the terms of the HTTP/1 exchange; HTTP/2 has no phrase, the registered one is shown.
fn head(response: &reqwest::Response) -> Head {
    let status = response.status();
    Head {
        code: status.as_u16(),
        phrase: status.canonical_reason().unwrap_or_default().to_owned(),
        location: text(response.headers(), &LOCATION),
        encoding: text(response.headers(), &CONTENT_ENCODING).unwrap_or_default().to_ascii_lowercase(),
        ..Head::default()
    }
}

/// The head in the shape of HTTP/1, for a person.
fn head_lines(response: &reqwest::Response) -> Vec<u8> {
    let mut lines = format!("{:?} {}\r\n", response.version(), response.status().as_u16()).into_bytes();
    for (name, value) in response.headers() {
        lines.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    lines
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The phase and the reason behind reqwest's error: the first cause that says something.
fn failure(error: &reqwest::Error, bytes: u64, progress: &Progress) -> Failure {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(present) = cause {
        if let Some(io) = present.downcast_ref::<io::Error>() {
            if let Some(reason) = tls::reason(io) {
                return Failure { phase: Phase::Tls, reason };
            }
            if io.kind() != io::ErrorKind::Other {
                return progress.failure(reason_of(io, bytes));
            }
        }
        cause = present.source();
    }
    progress.failure(Reason::Protocol(excerpt(innermost(error).as_bytes(), 100)))
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
