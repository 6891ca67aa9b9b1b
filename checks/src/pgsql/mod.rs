//! PostgreSQL: TLS where the server offers it, login, one simple query, Terminate. Up when the query finds a row. Rows are
//! stepped over, not kept.

mod message;
mod scram;

use crate::conversation::{Conversation, Secure};
use crate::net::Progress;
use crate::{Failure, Reason, Sql, Success, Target, Verify, random};
use message::{Authentication, ServerError};
use scram::Scram;

const SCRAM: &str = "SCRAM-SHA-256";
/// Messages of a login and around a result, one message that is kept, one row, rows that are read to see the end.
const MOST_MESSAGES: usize = 200;
const LONGEST: usize = 16 * 1024;
const LONGEST_ROW: usize = 64 << 20;
const ENOUGH: usize = 256 * 1024;

/// Asks once.
pub(crate) async fn run(
    spec: &Sql,
    secure: Option<&Secure>,
    target: Target,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let mut conversation = Conversation::open(target, progress).await?;
    if let Some(secure) = secure {
        conversation.send(&message::TLS_REQUEST, progress).await?;
        match conversation.header(progress).await? {
            [b'S'] => conversation = conversation.secure(secure, progress).await?,
            [b'N'] if spec.tls.verify == Verify::None => {}
            [b'N'] => {
                let words = "the server offers no TLS, and tlsverify asks for it";
                return Err(progress.failure(Reason::Tls(words.to_owned())));
            }
            [b'E'] => {
                let length = length(conversation.header(progress).await?, progress)?;
                let contents = keep(&mut conversation, length, progress).await?;
                return Err(progress.failure(answer(spec, &ServerError::parse(&contents))));
            }
            _ => return Err(protocol("not PostgreSQL", progress)),
        }
    }
    let up = |words: &str| Ok(Success { words: words.to_owned(), answered_by: None });
    send(&mut conversation, message::startup(spec), progress).await?;
    let refused = login(&mut conversation, spec, progress).await?;
    match refused {
        Some(_) if spec.login.is_empty() => return up("answers (no login is given)"),
        Some(words) => return Err(progress.failure(Reason::login(words))),
        None => {}
    }
    let found = if spec.request.is_empty() { None } else { Some(query(&mut conversation, spec, progress).await?) };
    conversation.close(&message::TERMINATE).await;
    progress.matching();
    match found {
        None => up("logged in"),
        Some(false) => Err(progress.failure(Reason::Answer("the query finds no row".to_owned()))),
        Some(true) => up("the query finds rows"),
    }
}

/// Logs in, up to the point where a query may be sent; the reason where the server refuses.
async fn login(
    conversation: &mut Conversation,
    spec: &Sql,
    progress: &mut Progress,
) -> Result<Option<String>, Failure> {
    let nonce: [u8; 18] = random::bytes().map_err(|reason| progress.failure(reason))?;
    let mut scram = Scram::new(&nonce);
    let mut proven = true;
    let password = spec.password.reveal();
    let mut admitted = false;
    for _ in 0..MOST_MESSAGES {
        let (kind, length) = head(conversation, progress).await?;
        let contents = keep(conversation, length, progress).await?;
        match kind {
            b'R' => {}
            b'E' => {
                let error = ServerError::parse(&contents);
                if error.is_about_the_login() {
                    return Ok(Some(spec.password.mask(&error.words)));
                }
                return Err(progress.failure(answer(spec, &error)));
            }
            b'Z' if admitted => return Ok(None),
            // Parameters, the key for cancelling, notices, another protocol version.
            b'S' | b'K' | b'N' | b'v' => continue,
            _ => return Err(protocol("an answer to the login that cannot be read", progress)),
        }
        let Some(wanted) = Authentication::parse(&contents) else {
            return Err(protocol("an authentication that cannot be read", progress));
        };
        if !matches!(wanted, Authentication::Done) && spec.login.is_empty() {
            return Ok(Some("a password is wanted".to_owned()));
        }
        let reply = match wanted {
            Authentication::Done if proven => {
                admitted = true;
                continue;
            }
            Authentication::Done => {
                return Ok(Some("the server has not proven that it knows the password".to_owned()));
            }
            Authentication::Password => message::text(b'p', password),
            Authentication::Md5(salt) => {
                let proof = message::md5(&spec.login, password, salt);
                progress.conceal(proof.as_bytes());
                message::text(b'p', &proof)
            }
            Authentication::Sasl(mechanisms) if mechanisms.contains(&SCRAM.as_bytes()) => {
                proven = false;
                message::sasl(SCRAM, &scram.first())
            }
            Authentication::SaslContinue(words) => match scram.last(&spec.password, words).await {
                Ok(last) => {
                    scram.proofs().iter().for_each(|proof| progress.conceal(proof.as_bytes()));
                    message::message(b'p', last.as_bytes())
                }
                Err(words) => return Err(protocol(words, progress)),
            },
            Authentication::SaslFinal(words) => {
                proven = scram.is_proven(words);
                continue;
            }
            Authentication::Sasl(_) => {
                return Ok(Some("the server wants a SASL mechanism that is not spoken here".to_owned()));
            }
            Authentication::Other(number) => {
                return Ok(Some(format!("the server wants authentication {number}, which is not spoken here")));
            }
        };
        send(conversation, reply, progress).await?;
    }
    Err(protocol("a login without end", progress))
}

/// Runs the query: whether it finds a row. The rows are read to their end, or until that would be too much.
async fn query(conversation: &mut Conversation, spec: &Sql, progress: &mut Progress) -> Result<bool, Failure> {
    send(conversation, message::text(b'Q', &spec.request), progress).await?;
    let mut found = false;
    let mut read = 0;
    let mut others = 0;
    while others < MOST_MESSAGES {
        let (kind, length) = head(conversation, progress).await?;
        match kind {
            b'D' => {
                conversation.skip(length, "row", LONGEST_ROW, progress).await?;
                found = true;
                read += length + 5;
                if read >= ENOUGH {
                    return Ok(true);
                }
            }
            b'E' => {
                let contents = keep(conversation, length, progress).await?;
                return Err(progress.failure(answer(spec, &ServerError::parse(&contents))));
            }
            // Columns, the end of a statement, an empty one, notices, parameters, notifications.
            b'T' | b'C' | b'I' | b'N' | b'S' | b'A' => {
                conversation.skip(length, "message", LONGEST_ROW, progress).await?;
                others += 1;
            }
            b'Z' => {
                keep(conversation, length, progress).await?;
                return Ok(found);
            }
            _ => return Err(protocol("a result that cannot be read", progress)),
        }
    }
    Err(protocol("a result without end", progress))
}

async fn send(
    conversation: &mut Conversation,
    message: Option<Vec<u8>>,
    progress: &mut Progress,
) -> Result<(), Failure> {
    match message {
        Some(message) => conversation.send(&message, progress).await,
        None => Err(progress.failure(Reason::Local("request or passwd is longer than a message".to_owned()))),
    }
}

/// The kind of the next message and the length of its contents.
async fn head(conversation: &mut Conversation, progress: &mut Progress) -> Result<(u8, usize), Failure> {
    let [kind, a, b, c, d] = conversation.header(progress).await?;
    Ok((kind, length([a, b, c, d], progress)?))
}

/// A length on the wire counts itself.
fn length(bytes: [u8; 4], progress: &Progress) -> Result<usize, Failure> {
    let length = usize::try_from(u32::from_be_bytes(bytes)).ok().and_then(|length| length.checked_sub(4));
    length.ok_or_else(|| protocol("not PostgreSQL, or a message with an impossible length", progress))
}

async fn keep(conversation: &mut Conversation, length: usize, progress: &mut Progress) -> Result<Vec<u8>, Failure> {
    if length > LONGEST {
        return Err(progress.failure(Reason::TooLong { what: "PostgreSQL message", limit: LONGEST }));
    }
    conversation.receive(length, progress).await
}

fn answer(spec: &Sql, error: &ServerError) -> Reason {
    Reason::Answer(spec.password.mask(&error.words))
}

fn protocol(words: &str, progress: &Progress) -> Failure {
    progress.failure(Reason::Protocol(words.to_owned()))
}
