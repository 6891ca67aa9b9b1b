//! LDAP (RFC 4511): StartTLS where asked, bind, search of one entry by its DN, unbind. Up when exactly one entry is found and
//! its DN matches.

pub(crate) mod ber;
mod message;

use crate::conversation::{Conversation, Secure};
use crate::line::short;
use crate::net::Progress;
use crate::{Failure, Ldap, Reason, Security, Success, Target};
use message::Operation;

/// The longest message, and how many may come instead of the end of a search.
const LONGEST: usize = 64 * 1024;
const MOST: usize = 100;

/// Asks once.
pub(crate) async fn run(
    spec: &Ldap,
    secure: Option<&Secure>,
    target: Target,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let mut conversation = Conversation::open(target, progress).await?;
    let mut id = 0;
    if let (Security::Starttls(_), Some(secure)) = (&spec.security, secure) {
        id += 1;
        conversation.send(&message::start_tls(id), progress).await?;
        match receive(&mut conversation, id, spec, progress).await? {
            Operation::Extended(outcome) if outcome.is_success() => {}
            Operation::Extended(outcome) => {
                return Err(
                    progress.failure(Reason::Answer(format!("StartTLS refused: {}", outcome.words(&spec.password))))
                );
            }
            _ => return Err(unexpected("StartTLS", progress)),
        }
        conversation = conversation.secure(secure, progress).await?;
    } else if let (Security::Tls(_), Some(secure)) = (&spec.security, secure) {
        conversation = conversation.secure(secure, progress).await?;
    }
    id += 1;
    conversation.send(&message::bind(id, spec), progress).await?;
    match receive(&mut conversation, id, spec, progress).await? {
        Operation::Bound(outcome) if outcome.is_success() => {}
        Operation::Bound(outcome) => {
            return Err(progress.failure(Reason::login(outcome.words(&spec.password))));
        }
        _ => return Err(unexpected("the bind", progress)),
    }
    id += 1;
    conversation.send(&message::search(id, &spec.base), progress).await?;
    let entry = search(&mut conversation, id, spec, progress).await?;
    conversation.close(&message::unbind(id + 1)).await;
    progress.matching();
    let Some(entry) = entry else {
        return Err(progress.failure(Reason::Answer("no entry of this DN can be seen".to_owned())));
    };
    if let Some(receive) = &spec.receive
        && !receive.is_match(&entry).map_err(|words| progress.failure(Reason::Pattern(words)))?
    {
        return Err(progress.failure(Reason::NoMatch { bytes: entry.len(), excerpt: short(&entry) }));
    }
    let words = if entry.is_empty() { "root DSE".to_owned() } else { short(&entry) };
    Ok(Success { words, answered_by: None })
}

/// The one entry that a search finds, if any.
async fn search(
    conversation: &mut Conversation,
    id: u8,
    spec: &Ldap,
    progress: &mut Progress,
) -> Result<Option<Vec<u8>>, Failure> {
    let mut entry = None;
    for _ in 0..MOST {
        match receive(conversation, id, spec, progress).await? {
            Operation::Entry(_) if entry.is_some() => {
                return Err(progress.failure(Reason::Protocol("two entries of one DN".to_owned())));
            }
            Operation::Entry(name) => entry = Some(name),
            Operation::Done(outcome) if outcome.is_success() => return Ok(entry),
            Operation::Done(outcome) => return Err(progress.failure(Reason::Answer(outcome.words(&spec.password)))),
            Operation::Other => {}
            _ => return Err(unexpected("the search", progress)),
        }
    }
    Err(progress.failure(Reason::Protocol(format!("a search without end: {MOST} messages"))))
}

/// The next message, which must answer request `id`.
async fn receive(
    conversation: &mut Conversation,
    id: u8,
    spec: &Ldap,
    progress: &mut Progress,
) -> Result<Operation, Failure> {
    let protocol = |words: &str, progress: &Progress| progress.failure(Reason::Protocol(words.to_owned()));
    let [tag, first] = conversation.header(progress).await?;
    let length = if tag == ber::SEQUENCE { ber::length_of_length(first) } else { None };
    let length = match length {
        Some(Ok(length)) => length,
        Some(Err(digits)) => {
            let digits = conversation.receive(digits, progress).await?;
            usize::try_from(ber::unsigned(&digits)).unwrap_or(usize::MAX)
        }
        None => return Err(protocol("not LDAP", progress)),
    };
    if length > LONGEST {
        return Err(progress.failure(Reason::TooLong { what: "LDAP message", limit: LONGEST }));
    }
    let contents = conversation.receive(length, progress).await?;
    match message::parse(&contents) {
        Ok((0, Operation::Extended(outcome))) => {
            Err(progress.failure(Reason::Answer(format!("the server disconnects: {}", outcome.words(&spec.password)))))
        }
        Ok((found, operation)) if found == u64::from(id) => Ok(operation),
        Ok(_) => Err(protocol("an LDAP message that answers another request", progress)),
        Err(words) => Err(protocol(words, progress)),
    }
}

fn unexpected(what: &str, progress: &Progress) -> Failure {
    progress.failure(Reason::Protocol(format!("another operation than the answer to {what}")))
}
