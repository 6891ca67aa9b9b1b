//! Small servers on loopback whose behaviour the story changes.

use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;

/// What a server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// The right answer.
    Right,
    /// A page without the wanted text; 503 for SIP.
    Wrong,
    /// Not listening.
    Stopped,
}

/// A server that runs as a task until the runtime ends.
#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    behaviour: watch::Sender<Behaviour>,
}

impl Server {
    /// A web server that answers every request with `page`.
    pub(super) async fn web(address: IpAddr, page: String) -> Result<Self, String> {
        let listener = TcpListener::bind((address, 0)).await.map_err(|error| cannot_listen(address, &error))?;
        let local = listener.local_addr().map_err(|error| cannot_listen(address, &error))?;
        let (behaviour, changes) = watch::channel(Behaviour::Right);
        tokio::spawn(web(listener, local, page, changes));
        Ok(Self { port: local.port(), behaviour })
    }

    /// A SIP server over UDP that answers OPTIONS.
    pub(super) async fn sip(address: IpAddr) -> Result<Self, String> {
        let socket = UdpSocket::bind((address, 0)).await.map_err(|error| cannot_listen(address, &error))?;
        let port = socket.local_addr().map_err(|error| cannot_listen(address, &error))?.port();
        let (behaviour, changes) = watch::channel(Behaviour::Right);
        tokio::spawn(sip(socket, changes));
        Ok(Self { port, behaviour })
    }

    /// The port it got.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Changes what it does from now on.
    pub(super) fn behave(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }
}

fn cannot_listen(address: IpAddr, error: &std::io::Error) -> String {
    format!("cannot listen on {address}: {error}")
}

async fn web(first: TcpListener, local: SocketAddr, page: String, mut changes: watch::Receiver<Behaviour>) {
    let mut listener = Some(first);
    loop {
        let behaviour = *changes.borrow_and_update();
        if behaviour == Behaviour::Stopped {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(local).await.ok();
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await.ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            stream = accepted => if let Some((mut stream, _)) = stream {
                let body = if behaviour == Behaviour::Right { page.clone() } else { "<html>Oops</html>\n".to_owned() };
                tokio::spawn(async move {
                    let mut request = [0; 2048];
                    if stream.read(&mut request).await.is_ok() {
                        let length = body.len();
                        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                        // A checker that went away meanwhile is its own affair.
                        let _ = stream.write_all(reply.as_bytes()).await;
                    }
                });
            }
        }
    }
}

async fn sip(socket: UdpSocket, changes: watch::Receiver<Behaviour>) {
    let mut request = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut request).await {
        let text = String::from_utf8_lossy(request.get(..length).unwrap_or_default()).into_owned();
        let status = match *changes.borrow() {
            Behaviour::Right => "SIP/2.0 200 OK",
            Behaviour::Wrong => "SIP/2.0 503 Service Unavailable",
            Behaviour::Stopped => continue,
        };
        // RFC 3261 section 8.2.6.2: Via, From, To, Call-ID and CSeq are the request's.
        let echoed: String = text
            .split("\r\n")
            .filter(|line| {
                let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
                ["via", "from", "to", "call-id", "cseq"].contains(&name.trim())
            })
            .map(|line| format!("{line}\r\n"))
            .collect();
        let _ = socket.send_to(format!("{status}\r\n{echoed}Content-Length: 0\r\n\r\n").as_bytes(), from).await;
    }
}
