//! The HTTP check, plain, over TLS or through the real as a proxy: hop after hop (a redirect begins another one), then the
//! decision. HTTP/1.1 is spoken by `exchange` over any stream, HTTP/2 by `h2` where TLS has agreed on it. Leniency is that of LWP, on which
//! ldirectord stands. docs/decisions/0003-http-engine.md says why it is built so.

mod body;
mod encoding;
mod exchange;
mod h2;
mod head;
mod reply;
mod target;
mod token;
mod tunnel;

use crate::net::{self, Progress, excerpt};
use crate::spec::{Http, Method, Redirect};
use crate::{Failure, Pattern, Phase, Reason, Secret, Success, Target, Tls, tls};
use head::Head;
use reply::Wanted;
use rustls::ClientConfig;
use std::net::IpAddr;
use std::sync::Arc;
use target::{Hop, Next};
use tokio::net::{TcpStream, lookup_host};

/// What every HTTP check calls itself.
pub(crate) const USER_AGENT: &str = concat!("ldirectord-rs/", env!("CARGO_PKG_VERSION"));
/// Redirects that are followed at most, as in LWP.
const REDIRECTS: usize = 7;
/// A body is kept up to this size to be matched; a longer one is down with that reason.
pub(crate) const BODY_LIMIT: usize = 1 << 20;
/// Where nothing is matched, a body is read to its end but not kept; this bounds the traffic of an endless one.
pub(crate) const UNMATCHED_LIMIT: usize = 16 << 20;

/// One complete answer.
#[derive(Debug, Default)]
struct Answer {
    head: Head,
    /// As sent, encoded if the head says so; empty where nothing is to be matched.
    body: Vec<u8>,
}

/// What is the same for every run of a check.
#[derive(Debug)]
pub(crate) struct Prepared {
    first: Hop,
    tls: Option<Arc<ClientConfig>>,
}

impl Prepared {
    /// Judges the spec: the request as URL, the names, the authorities.
    pub(crate) fn new(http: &Http, target: Target) -> Result<Self, Reason> {
        let first = Hop::first(http, target)?;
        let http2 = http.http2 && first.secure;
        let tls = match &http.tls {
            Some(tls) => Some(tls::config(tls, http2)?),
            None if first.secure => Some(tls::config(&Tls::default(), http2)?),
            None => None,
        };
        Ok(Self { first, tls })
    }

    /// Asks once.
    pub(crate) async fn run(&self, http: &Http, target: Target, progress: &mut Progress) -> Result<Success, Failure> {
        let Some(path) = http.kube.as_ref().and_then(|kube| kube.token.as_deref()) else {
            return self.follow(http, None, target, progress).await;
        };
        let token = token::read(path).await.map_err(|reason| progress.failure(reason))?;
        let followed = self.follow(http, Some(&token), target, progress).await;
        match followed {
            Ok(success) => Ok(Success { words: token::masked(&success.words, token.reveal()), ..success }),
            Err(Failure { phase, reason }) => Err(Failure { phase, reason: token::mask(reason, &token) }),
        }
    }

    /// Hop after hop.
    async fn follow(
        &self,
        http: &Http,
        token: Option<&Secret>,
        target: Target,
        progress: &mut Progress,
    ) -> Result<Success, Failure> {
        let mut redirected: Option<Hop> = None;
        for _ in 0..=REDIRECTS {
            let hop = redirected.as_ref().unwrap_or(&self.first);
            let (answer, peer) = self.ask(http, hop, token, progress).await?;
            let next = match (answer.head.redirects(), &answer.head.location, http.redirect) {
                (true, Some(location), Redirect::Follow | Redirect::Same) => hop.next(location, http, target),
                _ => {
                    progress.matching();
                    let words = decide(http, &answer).map_err(|reason| failed(progress, reason))?;
                    let answered_by = (peer != target.address).then(|| hop.url());
                    return Ok(Success { words, answered_by });
                }
            };
            match next {
                Next::Hop(hop) => redirected = Some(*hop),
                Next::Leaves(why) => {
                    let code = answer.head.code;
                    let phrase = format!("{}, not followed: {why}", answer.head.phrase);
                    return Err(progress.failure(Reason::Status { code, phrase }));
                }
            }
        }
        let last = redirected.map(|hop| excerpt(hop.url().as_bytes(), 80)).unwrap_or_default();
        Err(progress.failure(Reason::Protocol(format!("more than {REDIRECTS} redirects, the last to {last}"))))
    }

    /// One hop; with the address that answered.
    async fn ask(
        &self,
        http: &Http,
        hop: &Hop,
        token: Option<&Secret>,
        progress: &mut Progress,
    ) -> Result<(Answer, IpAddr), Failure> {
        let wanted = Wanted { head_only: http.method == Method::Head, keep_body: http.receive.is_some() };
        let Some(peer) = resolve(hop, progress).await? else {
            return Err(progress.failure(Reason::Unresolved(hop.host_text())));
        };
        progress.connecting();
        let mut stream = net::connect(peer, progress).await?;
        let answer = if hop.secure {
            let config = self.tls(http, progress)?;
            if http.proxy {
                Box::pin(tunnel::open(&mut stream, hop, progress)).await?;
            }
            // Boxed: TLS and HTTP/2 need much more room than a plain check, thousands of which may wait at once.
            // Only the checked real is shown the token, whatever a redirect says, and never in clear text.
            let token = token.filter(|_| hop.pinned.is_some());
            Box::pin(secured(config, stream, hop, peer.address, http, token, wanted, progress)).await
        } else {
            exchange::exchange(&mut stream, &hop.request(http, None), wanted, progress).await
        }?;
        Ok((answer, peer.address))
    }

    /// The TLS configuration; a plain check that is redirected to https gets the one that verifies nothing.
    fn tls(&self, http: &Http, progress: &Progress) -> Result<Arc<ClientConfig>, Failure> {
        match &self.tls {
            Some(config) => Ok(Arc::clone(config)),
            None => {
                let plain = Tls::default();
                tls::config(http.tls.as_ref().unwrap_or(&plain), false).map_err(|reason| progress.failure(reason))
            }
        }
    }
}

/// One exchange over TLS; where the hop has no name its address counts, and without one that of the peer.
#[allow(clippy::too_many_arguments, reason = "one exchange has that many parts")]
async fn secured(
    config: Arc<ClientConfig>,
    stream: TcpStream,
    hop: &Hop,
    peer: IpAddr,
    http: &Http,
    token: Option<&Secret>,
    wanted: Wanted,
    progress: &mut Progress,
) -> Result<Answer, Failure> {
    let address = hop.address().unwrap_or(peer);
    let mut stream = tls::handshake(config, hop.name.as_deref(), address, stream, progress).await?;
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        return Box::pin(h2::exchange(stream, hop, http, token, wanted, progress)).await;
    }
    let answer = exchange::exchange(&mut stream, &hop.request(http, token), wanted, progress).await;
    tls::close(&mut stream).await;
    answer
}

/// The address to ask: the pinned one, or what the system resolves the host to.
async fn resolve(hop: &Hop, progress: &mut Progress) -> Result<Option<Target>, Failure> {
    if let Some(pinned) = hop.pinned {
        return Ok(Some(pinned));
    }
    let target = |address: IpAddr| Target { address, port: hop.port };
    if let Some(address) = hop.address() {
        return Ok(Some(target(address)));
    }
    progress.resolving();
    let host = hop.host_text();
    let found = Box::pin(lookup_host((host.as_str(), hop.port))).await.ok().and_then(|mut addresses| addresses.next());
    if found.is_some() {
        progress.resolved();
    }
    Ok(found.map(|address| target(address.ip())))
}

/// Up, with the status line's words, or the reason why not.
fn decide(http: &Http, answer: &Answer) -> Result<String, Reason> {
    let head = &answer.head;
    if !head.is_success() {
        let location = head.location.as_deref().filter(|_| head.redirects());
        let phrase = match location {
            Some(location) => format!("{} to {}", head.phrase, excerpt(location.as_bytes(), 60)),
            None => head.phrase.clone(),
        };
        return Err(Reason::Status { code: head.code, phrase });
    }
    if let Some(pattern) = &http.receive {
        let body = encoding::decode(&head.encoding, &answer.body, BODY_LIMIT)?;
        // 204 has no content (RFC 9110, section 15.3.5): whatever the pattern, there is nothing that it could be found in.
        found(pattern, &body, head.code != 204)?;
    }
    Ok(format!("{} {}", head.code, head.phrase).trim().to_owned())
}

fn found(pattern: &Pattern, body: &[u8], may_match: bool) -> Result<(), Reason> {
    match pattern.is_match(body) {
        Ok(true) if may_match => Ok(()),
        Ok(_) => Err(Reason::NoMatch { bytes: body.len(), excerpt: excerpt(body, 60) }),
        Err(words) => Err(Reason::Pattern(words)),
    }
}

/// A refusal by status was received, everything else was found in comparing.
fn failed(progress: &Progress, reason: Reason) -> Failure {
    match reason {
        Reason::Status { .. } => Failure { phase: Phase::Receive, reason },
        _ => progress.failure(reason),
    }
}
