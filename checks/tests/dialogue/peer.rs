//! A peer that plays a script: says, hears, begins TLS, opens a data connection. It closes at the first thing that it did not
//! expect, or when its budget of bytes is spent.

use super::support::{DEADLINE, HERE, ask, tcp};
use checks::{Dialogue, Failure, LineProtocol, Login, Pattern, Secret, Security, Spec, Success, Target, Tls};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One step of a script.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends these bytes.
    Say(Vec<u8>),
    /// Expects exactly these bytes.
    Hear(Vec<u8>),
    /// The server's side of a TLS handshake.
    Secure,
    /// Listens for a data connection and says so; `{}` stands for the port, `{h}` and `{l}` for its two bytes.
    Listen(&'static str),
    /// Sends these bytes on the data connection and closes it.
    Data(Vec<u8>),
    /// Likewise over TLS.
    SecureData(Vec<u8>),
    /// Sends the rest of nothing, and stays.
    Hang,
}

pub(crate) use Step::{Data, Hang, Hear, Listen, Say, Secure, SecureData};

/// A line said.
pub(crate) fn say(line: &str) -> Step {
    Say(format!("{line}\r\n").into_bytes())
}
/// A line heard.
pub(crate) fn hear(line: &str) -> Step {
    Hear(format!("{line}\r\n").into_bytes())
}

/// How a peer plays.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// Bytes that it says before it closes; unset: all.
    pub(crate) budget: Option<usize>,
    /// Time before every byte.
    pub(crate) pause: Option<Duration>,
}

pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

static ACCEPTOR: LazyLock<TlsAcceptor> = LazyLock::new(|| {
    let certified = rcgen::generate_simple_self_signed(vec!["mail.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
});

/// What went wrong with each connection, if anything: the peer's view.
pub(crate) type Complaints = Arc<Mutex<Vec<String>>>;

/// Plays the script on every connection.
pub(crate) async fn playing(script: Vec<Step>, manner: Manner) -> (Target, Complaints) {
    let complaints = Complaints::default();
    let kept = Arc::clone(&complaints);
    let target = tcp(HERE, move |stream| {
        let (script, kept) = (script.clone(), Arc::clone(&kept));
        async move {
            // Small lines one after the other would wait for an acknowledgement, in real time.
            stream.set_nodelay(true).unwrap();
            if let Err(words) = play(Box::new(stream), script, manner).await {
                kept.lock().unwrap().push(words);
            }
        }
    })
    .await;
    (target, complaints)
}

async fn play(mut stream: Box<dyn Io>, script: Vec<Step>, manner: Manner) -> Result<(), String> {
    let mut budget = manner.budget.unwrap_or(usize::MAX);
    let mut listener: Option<TcpListener> = None;
    for step in script {
        match step {
            Say(bytes) => say_slowly(&mut stream, &bytes, &mut budget, manner).await?,
            Hear(expected) => {
                let mut heard = vec![0; expected.len()];
                stream.read_exact(&mut heard).await.map_err(|error| error.to_string())?;
                if heard != expected {
                    let (heard, expected) = (String::from_utf8_lossy(&heard), String::from_utf8_lossy(&expected));
                    return Err(format!("heard {heard:?} instead of {expected:?}"));
                }
            }
            Secure => stream = Box::new(ACCEPTOR.accept(stream).await.map_err(|error| error.to_string())?),
            Listen(words) => {
                let opened = TcpListener::bind((HERE, 0)).await.unwrap();
                let port = opened.local_addr().unwrap().port();
                let words = words.replace("{h}", &(port / 256).to_string()).replace("{l}", &(port % 256).to_string());
                let words = words.replace("{}", &format!("{port:05}")) + "\r\n";
                listener = Some(opened);
                say_slowly(&mut stream, words.as_bytes(), &mut budget, manner).await?;
            }
            Data(bytes) => {
                let (mut data, _) = listener.take().unwrap().accept().await.unwrap();
                say_slowly(&mut data, &bytes, &mut budget, manner).await?;
                let _ = data.shutdown().await;
            }
            SecureData(bytes) => {
                let (data, _) = listener.take().unwrap().accept().await.unwrap();
                data.set_nodelay(true).unwrap();
                let mut data = ACCEPTOR.accept(data).await.map_err(|error| error.to_string())?;
                say_slowly(&mut data, &bytes, &mut budget, manner).await?;
                let _ = data.shutdown().await;
            }
            Hang => std::future::pending().await,
        }
    }
    let _ = stream.shutdown().await;
    Ok(())
}

async fn say_slowly<S: Io + ?Sized>(
    stream: &mut S,
    bytes: &[u8],
    budget: &mut usize,
    manner: Manner,
) -> Result<(), String> {
    let part = bytes.get(..*budget).unwrap_or(bytes);
    *budget -= part.len();
    let pieces: Vec<&[u8]> = if manner.pause.is_some() { part.chunks(1).collect() } else { vec![part] };
    for piece in pieces {
        if let Some(pause) = manner.pause {
            tokio::time::sleep(pause).await;
        }
        let sent = stream.write_all(piece).await;
        sent.and(stream.flush().await).map_err(|error| format!("saying: {error}"))?;
    }
    if part.len() < bytes.len() {
        let _ = stream.shutdown().await;
        return Err("the budget is spent".to_owned());
    }
    Ok(())
}

/// Paused time jumps to the next timer whenever nobody can run, even while bytes are on their way between two sockets: with
/// this at work it goes in small steps, and a conversation keeps up.
pub(crate) fn small_steps() {
    tokio::spawn(async {
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

/// A plain dialogue without login and pattern.
pub(crate) fn dialogue(protocol: LineProtocol) -> Dialogue {
    Dialogue { protocol, security: Security::Plain, login: None, request: String::new(), receive: None }
}

pub(crate) trait With {
    fn login(self, name: &str, password: &str) -> Self;
    fn receive(self, pattern: &str) -> Self;
    fn tls(self) -> Self;
    fn starttls(self) -> Self;
}

impl With for Dialogue {
    fn login(mut self, name: &str, password: &str) -> Self {
        self.login = Some(Login { name: name.to_owned(), password: Secret::new(password) });
        self
    }
    fn receive(mut self, pattern: &str) -> Self {
        self.receive = Some(Pattern::compile(pattern).unwrap());
        self
    }
    fn tls(mut self) -> Self {
        self.security = Security::Tls(Tls::default());
        self
    }
    fn starttls(mut self) -> Self {
        self.security = Security::Starttls(Tls::default());
        self
    }
}

/// Runs the check against the script. Where it is up, the peer must have heard everything as written.
pub(crate) async fn run(spec: &Dialogue, script: &[Step]) -> Result<Success, Failure> {
    let (target, complaints) = playing(script.to_vec(), Manner::default()).await;
    let result = ask(Spec::Dialogue(Box::new(spec.clone())), target, DEADLINE).await;
    if result.is_ok() {
        assert_eq!(*complaints.lock().unwrap(), [""; 0], "{spec:?}");
    }
    result
}

/// Up, with these words.
pub(crate) async fn up(spec: &Dialogue, script: &[Step], words: &str) {
    match run(spec, script).await {
        Ok(success) => assert_eq!(success.words, words, "{script:?}"),
        Err(failure) => panic!("{failure} with {script:?}"),
    }
}

/// Down, with these words and the phase in front.
pub(crate) async fn down(spec: &Dialogue, script: &[Step], words: &str) {
    match run(spec, script).await {
        Ok(success) => panic!("up with {:?}: {script:?}", success.words),
        Err(failure) => assert_eq!(failure.to_string(), words, "{script:?}"),
    }
}
