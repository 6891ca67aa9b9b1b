//! MySQL and MariaDB: TLS where the server offers it, login, one query, COM_QUIT. Up when the query finds a row. Large packets
//! are stepped over, not kept, and a request for a file of this machine is a fault.

mod auth;
mod packet;

use crate::conversation::{Conversation, Secure};
use crate::line::short;
use crate::net::Progress;
use crate::{Failure, Reason, Sql, Success, Target, Verify};
use auth::Plugin;
use packet::{Greeting, Outcome, Reply, ServerError};

const QUIT: u8 = 1;
const QUERY: u8 = 3;
/// caching_sha2_password: the server knows the password already, or wants to see it.
const FAST: &[u8] = &[3];
const FULL: &[u8] = &[4];
/// Packets of a login, columns of a result, one packet that is kept, rows that are read to see the end.
const MOST_REPLIES: usize = 8;
const MOST_COLUMNS: u64 = 4096;
const LONGEST: usize = 16 * 1024;
const LONGEST_ROW: usize = 16 << 20;
const ENOUGH: usize = 256 * 1024;

/// Asks once.
pub(crate) async fn run(
    spec: &Sql,
    secure: Option<&Secure>,
    target: Target,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let conversation = Conversation::open(target, progress).await?;
    let mut wire = Wire { conversation, number: 0 };
    let payload = wire.receive(progress).await?;
    if let Some(error) = ServerError::parse(&payload) {
        return Err(progress.failure(answer(spec, &error)));
    }
    let Some(greeting) = Greeting::parse(&payload) else {
        return Err(protocol("not MySQL's protocol 10", progress));
    };
    if !greeting.is_current() {
        return Err(progress.failure(Reason::Answer("the server is older than MySQL 4.1".to_owned())));
    }
    let tls = secure.filter(|_| greeting.offers_tls());
    if let Some(secure) = tls {
        wire.send(&packet::tls_request(spec, true), progress).await?;
        wire.conversation = wire.conversation.secure(secure, progress).await?;
    } else if spec.tls.verify != Verify::None {
        let words = "the server offers no TLS, and tlsverify asks for it";
        return Err(progress.failure(Reason::Tls(words.to_owned())));
    }
    let refused = login(&mut wire, spec, &greeting, progress).await?;
    let up = |words: String| Ok(Success { words, answered_by: None });
    let version = short(&greeting.version);
    match refused {
        Some(_) if spec.login.is_empty() => return up(format!("{version} answers (no login is given)")),
        Some(words) => return Err(progress.failure(Reason::login(words))),
        None => {}
    }
    let rows = if spec.request.is_empty() { None } else { Some(query(&mut wire, spec, progress).await?) };
    wire.conversation.close(&packet::packet(0, &[QUIT]).unwrap_or_default()).await;
    progress.matching();
    match rows {
        None => up(format!("{version}, logged in")),
        Some(false) => Err(progress.failure(Reason::Answer("the query finds no row".to_owned()))),
        Some(true) => up(format!("{version}, the query finds rows")),
    }
}

/// Logs in; the server's words where it refuses.
async fn login(
    wire: &mut Wire,
    spec: &Sql,
    greeting: &Greeting,
    progress: &mut Progress,
) -> Result<Option<String>, Failure> {
    let password = spec.password.reveal();
    let secure = wire.conversation.is_secure();
    // A default that is not spoken need not be the user's: the server switches to that one.
    let mut plugin = Plugin::from_name(&greeting.plugin).unwrap_or(Plugin::Native);
    let first = plugin.answer(password, &greeting.scramble, secure).unwrap_or_default();
    progress.conceal(&first);
    let Some(payload) = packet::login(spec, secure, plugin, &first) else {
        return Err(progress.failure(Reason::Local("passwd is longer than 255 bytes".to_owned())));
    };
    wire.send(&payload, progress).await?;
    for _ in 0..MOST_REPLIES {
        let payload = wire.receive(progress).await?;
        match Reply::parse(&payload) {
            Some(Reply::Ok) => return Ok(None),
            Some(Reply::Error(error)) if error.is_about_the_login() => {
                return Ok(Some(spec.password.mask(&error.words)));
            }
            Some(Reply::Error(error)) => return Err(progress.failure(answer(spec, &error))),
            Some(Reply::Switch(name, scramble)) => {
                let Some(other) = Plugin::from_name(name) else {
                    let words = format!("the server wants the plugin {}, which is not spoken here", short(name));
                    return Err(progress.failure(Reason::login(words)));
                };
                plugin = other;
                let Some(answer) = plugin.answer(password, scramble, secure) else {
                    return Err(progress.failure(unsafe_without_tls()));
                };
                progress.conceal(&answer);
                wire.send(&answer, progress).await?;
            }
            Some(Reply::More(FAST)) if plugin == Plugin::CachingSha2 => {}
            Some(Reply::More(FULL)) if plugin == Plugin::CachingSha2 => {
                if !secure {
                    return Err(progress.failure(unsafe_without_tls()));
                }
                wire.send(&auth::clear(password.as_bytes()), progress).await?;
            }
            Some(Reply::More(_)) | None => {
                return Err(protocol("an answer to the login that cannot be read", progress));
            }
        }
    }
    Err(protocol("a login without end", progress))
}

/// Runs the query: whether it finds a row. The rows are read to their end, or until that would be too much.
async fn query(wire: &mut Wire, spec: &Sql, progress: &mut Progress) -> Result<bool, Failure> {
    wire.number = 0;
    wire.send(&[&[QUERY], spec.request.as_bytes()].concat(), progress).await?;
    let payload = wire.receive(progress).await?;
    let columns = match Outcome::parse(&payload) {
        Some(Outcome::Done) => return Ok(false),
        Some(Outcome::Error(error)) => return Err(progress.failure(answer(spec, &error))),
        Some(Outcome::Columns(columns)) if columns <= MOST_COLUMNS => columns,
        Some(Outcome::Columns(_)) | None => return Err(protocol("a result that cannot be read", progress)),
    };
    for _ in 0..columns {
        wire.receive(progress).await?;
    }
    if !is_end(&wire.receive(progress).await?) {
        return Err(protocol("more columns than announced", progress));
    }
    let mut read = 0;
    let mut found = false;
    while read < ENOUGH {
        let (length, beginning) = wire.beginning(progress).await?;
        if let Some(error) = ServerError::parse(&beginning) {
            return Err(progress.failure(answer(spec, &error)));
        }
        if length == beginning.len() && is_end(&beginning) {
            return Ok(found);
        }
        wire.conversation.skip(length - beginning.len(), "row", LONGEST_ROW, progress).await?;
        found = true;
        read += length + 4;
    }
    Ok(found)
}

/// An EOF packet.
fn is_end(payload: &[u8]) -> bool {
    payload.first() == Some(&0xfe) && payload.len() < 9
}

fn answer(spec: &Sql, error: &ServerError) -> Reason {
    Reason::Answer(format!("error {}: {}", error.code, spec.password.mask(&error.words)))
}

fn unsafe_without_tls() -> Reason {
    Reason::login("the server wants the password itself, and offers no TLS to send it over".to_owned())
}

fn protocol(words: &str, progress: &Progress) -> Failure {
    progress.failure(Reason::Protocol(words.to_owned()))
}

/// The connection and the number of the next packet.
struct Wire {
    conversation: Conversation,
    number: u8,
}

impl Wire {
    async fn send(&mut self, payload: &[u8], progress: &mut Progress) -> Result<(), Failure> {
        let Some(packet) = packet::packet(self.number, payload) else {
            return Err(progress.failure(Reason::Local("request is longer than a packet".to_owned())));
        };
        self.number = self.number.wrapping_add(1);
        self.conversation.send(&packet, progress).await
    }
    /// The next packet's payload.
    async fn receive(&mut self, progress: &mut Progress) -> Result<Vec<u8>, Failure> {
        let length = self.length(progress).await?;
        if length > LONGEST {
            return Err(progress.failure(Reason::TooLong { what: "MySQL packet", limit: LONGEST }));
        }
        self.conversation.receive(length, progress).await
    }
    /// The next packet's length and as much of its payload as an error may have.
    async fn beginning(&mut self, progress: &mut Progress) -> Result<(usize, Vec<u8>), Failure> {
        let length = self.length(progress).await?;
        Ok((length, self.conversation.receive(length.min(1024), progress).await?))
    }
    async fn length(&mut self, progress: &mut Progress) -> Result<usize, Failure> {
        let [a, b, c, number] = self.conversation.header(progress).await?;
        if number != self.number {
            return Err(protocol("not MySQL, or a packet out of order", progress));
        }
        self.number = self.number.wrapping_add(1);
        Ok(usize::try_from(u32::from_le_bytes([a, b, c, 0])).unwrap_or(usize::MAX))
    }
}
