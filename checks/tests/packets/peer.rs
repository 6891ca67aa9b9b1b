//! A scripted server that can be told to misbehave, and what every check has to stand.

use crate::support::{DEADLINE, HERE, acceptor, ask, tcp};
use checks::{Failure, Reason, Spec, Success, Target};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Where a peer spoils what it says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    None,
    /// Closes after so many bytes.
    CutAt(usize),
    /// Replaces the byte at this place.
    Spoil(usize, u8),
    /// One byte a millisecond.
    Drip,
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One connection, seen from the server. Every method fails where the conversation has ended.
pub(crate) struct Peer {
    stream: Box<dyn Stream>,
    fault: Fault,
    said: Arc<AtomicUsize>,
}

impl Peer {
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> Option<()> {
        for byte in bytes {
            let place = self.said.fetch_add(1, Ordering::SeqCst);
            let byte = match self.fault {
                Fault::CutAt(end) if place >= end => {
                    let _ = self.stream.shutdown().await;
                    return None;
                }
                Fault::Spoil(spoilt, other) if place == spoilt => other,
                _ => *byte,
            };
            self.stream.write_all(&[byte]).await.ok()?;
            if matches!(self.fault, Fault::Drip) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        self.stream.flush().await.ok()
    }
    pub(crate) async fn hear(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await.ok()?;
        Some(bytes)
    }
    /// Waits for the other side's end; what it says until then.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = self.stream.read_to_end(&mut bytes).await;
        bytes
    }
    /// TLS with a certificate that nobody signed.
    pub(crate) async fn secure(self) -> Option<Self> {
        let acceptor = acceptor();
        let stream = acceptor.accept(self.stream).await.ok()?;
        Some(Self { stream: Box::new(stream), ..self })
    }
}

pub(crate) type Script = fn(Peer) -> Pin<Box<dyn Future<Output = Option<()>> + Send>>;

/// A server that runs `script` on every connection; how much it has said, and word of each script's end.
pub(crate) async fn serve(script: Script, fault: Fault) -> (Target, Arc<AtomicUsize>, UnboundedReceiver<()>) {
    let said = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&said);
    let (ended, ends) = unbounded_channel();
    let target = tcp(HERE, move |stream: TcpStream| {
        let _ = stream.set_nodelay(true);
        let peer = Peer { stream: Box::new(stream), fault, said: Arc::clone(&counter) };
        let ended = ended.clone();
        async move {
            let _ = script(peer).await;
            let _ = ended.send(());
        }
    });
    (target.await, said, ends)
}

/// Asks a well-behaved server, whose script must come to its end: an assertion in it that fails would be missed otherwise.
pub(crate) async fn asked(spec: &Spec, script: Script) -> Result<Success, Failure> {
    let (target, _, mut ends) = serve(script, Fault::None).await;
    let result = ask(spec.clone(), target, DEADLINE).await;
    timeout(DEADLINE, ends.recv()).await.unwrap_or_else(|_| panic!("the server's script has failed: {result:?}"));
    result
}

/// What every check over TCP has to stand: `script` is a server that makes `spec` up in plain text.
pub(crate) async fn hostile(spec: Spec, script: Script) {
    let (target, said, _ends) = serve(script, Fault::None).await;
    let up = ask(spec.clone(), target, DEADLINE).await;
    assert!(up.is_ok(), "{up:?}");
    let length = said.load(Ordering::SeqCst);
    let (target, _, _ends) = serve(script, Fault::Drip).await;
    assert!(ask(spec.clone(), target, DEADLINE).await.is_ok(), "slow is not down");

    let mut cases = JoinSet::new();
    for end in 0..length {
        cases.spawn(down(spec.clone(), script, Fault::CutAt(end), true));
    }
    for place in 0..length {
        for other in [0x00, 0x7f, 0xff] {
            cases.spawn(down(spec.clone(), script, Fault::Spoil(place, other), false));
        }
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
    let garbage: [&'static [u8]; 7] = [
        &[0x00; 4096],
        &[0xff; 4096],
        &[b'x'; 4096],
        b"220 smtp.example ESMTP\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x84\xff\xff\xff\xff",
    ];
    for piece in garbage {
        let endless = tcp(HERE, move |mut stream| async move { while stream.write_all(piece).await.is_ok() {} });
        quick(spec.clone(), endless.await, &format!("{:02x?} without end", &piece[..6])).await;
    }
    let silent = tcp(HERE, |stream| async move {
        tokio::time::sleep(DEADLINE).await;
        drop(stream);
    });
    let patience = Duration::from_millis(200);
    let failure = ask(spec, silent.await, patience).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Timeout(patience));
}

/// One spoilt conversation: ends inside the deadline, and is down where it was cut.
async fn down(spec: Spec, script: Script, fault: Fault, must: bool) {
    let (target, _, _ends) = serve(script, fault).await;
    let started = Instant::now();
    let result = ask(spec, target, Duration::from_millis(1500)).await;
    assert!(started.elapsed() < DEADLINE, "{fault:?}");
    if let Err(failure) = &result {
        assert!(!matches!(failure.reason, Reason::Internal(_)), "{fault:?}: {failure}");
    }
    assert!(!must || result.is_err(), "{fault:?}: {result:?}");
}

/// Down, for a reason that is not the deadline.
async fn quick(spec: Spec, target: Target, what: &str) {
    let failure = ask(spec, target, DEADLINE).await.unwrap_err();
    assert!(!matches!(failure.reason, Reason::Timeout(_) | Reason::Internal(_)), "{what}: {failure}");
}

/// The reason of a login that was refused in these words.
pub(crate) fn login_refused(words: &str) -> Reason {
    Reason::Rejected { what: "login", reply: words.to_owned() }
}
