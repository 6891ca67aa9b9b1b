//! Oracle: the connect handshake of TNS, as it is told by the public descriptions of the protocol. Up when the listener, and
//! behind it a server process of the database, accepts the connection; there is no login and no query.

mod packet;

use crate::conversation::Conversation;
use crate::line::short;
use crate::net::Progress;
use crate::{Failure, Oracle, Reason, Success, Target};
use packet::{Refusal, Wanted};
use std::net::IpAddr;

/// The longest packet that is read: a listener says a few hundred bytes.
const LONGEST: usize = 8 * 1024;
/// The listener does not know the service.
const UNKNOWN_SERVICE: u32 = 12_514;
/// It does not know the SID.
const UNKNOWN_SID: u32 = 12_505;

/// Whether a database's name can stand in a connect descriptor; if not, why.
pub fn judge(database: &str) -> Result<(), String> {
    let odd = |character: char| !character.is_ascii_graphic() || "()='\"\\,".contains(character);
    match database.chars().find(|character| odd(*character)) {
        Some(character) => Err(format!("the name of a service or SID has no {character:?} in it")),
        None if database.len() > 1000 => Err("the name of a service or SID is not that long".to_owned()),
        None => Ok(()),
    }
}

/// Asks once. The database is a service's name; where the listener knows none of it, a SID, which is what ldirectord asks for.
pub(crate) async fn run(spec: &Oracle, target: Target, progress: &mut Progress) -> Result<Success, Failure> {
    let database = spec.database.as_str();
    judge(database).map_err(|words| progress.failure(Reason::Local(words)))?;
    if database.is_empty() {
        let words = match connect(Wanted::Any, target, progress).await? {
            None => "connection accepted".to_owned(),
            Some(refusal) => format!("answers: {}", refusal.words("")),
        };
        return Ok(Success { words, answered_by: None });
    }
    let name = short(database.as_bytes());
    let accepted =
        |what: &str| Ok(Success { words: format!("connection to {what} {name} accepted"), answered_by: None });
    let refused = |progress: &Progress, reply| progress.failure(Reason::Rejected { what: "database", reply });
    let Some(first) = connect(Wanted::Service(database), target, progress).await? else { return accepted("service") };
    if first.code != Some(UNKNOWN_SERVICE) {
        return Err(refused(progress, first.words(&name)));
    }
    let Some(second) = connect(Wanted::Sid(database), target, progress).await? else { return accepted("SID") };
    if second.code != Some(UNKNOWN_SID) {
        return Err(refused(progress, second.words(&name)));
    }
    let words = format!("ORA-{UNKNOWN_SERVICE}, ORA-{UNKNOWN_SID}: the listener knows no service and no SID {name:?}");
    Err(refused(progress, words))
}

/// One connect handshake, over a second connection where the listener redirects; its refusal, if it refuses.
async fn connect(wanted: Wanted<'_>, target: Target, progress: &mut Progress) -> Result<Option<Refusal>, Failure> {
    let descriptor = packet::descriptor(wanted, target.address, target.port);
    let (conversation, answer) = handshake(&descriptor, target, progress).await?;
    let redirect = match answer {
        Answer::Redirect(redirect) => redirect,
        answer => return end(conversation, answer, progress).await,
    };
    drop(conversation);
    let elsewhere = redirect.host.parse::<IpAddr>().is_ok_and(|host| host != target.address);
    if elsewhere || !matches!(redirect.protocol.as_str(), "" | "tcp") {
        // Its clients are sent on as well: what answers there says nothing about this real server.
        let words = format!(
            "the listener redirects to {} {} port {}, which is not this server over TCP",
            redirect.protocol, redirect.host, redirect.port
        );
        return Err(progress.failure(Reason::Answer(words)));
    }
    let descriptor = if redirect.descriptor.is_empty() { descriptor } else { redirect.descriptor };
    // A host that has a name is taken at its real address, as the one thing that is to be checked.
    let there = Target { port: redirect.port, ..target };
    let (conversation, answer) = handshake(&descriptor, there, progress).await.map_err(|failure| Failure {
        reason: Reason::Data { port: redirect.port, reason: Box::new(failure.reason) },
        ..failure
    })?;
    end(conversation, answer, progress).await
}

/// What a listener answers in the end.
enum Answer {
    Accepted,
    Refused(Refusal),
    Redirect(packet::Redirect),
}

async fn end(conversation: Conversation, answer: Answer, progress: &mut Progress) -> Result<Option<Refusal>, Failure> {
    match answer {
        Answer::Accepted => {
            progress.matching();
            conversation.close(&packet::GOODBYE).await;
            Ok(None)
        }
        Answer::Refused(refusal) => Ok(Some(refusal)),
        Answer::Redirect(_) => Err(progress.failure(Reason::Answer("the listener redirects a second time".to_owned()))),
    }
}

/// Connects and asks; once more where it is told to, as by a server process that took over the listener's connection.
async fn handshake(
    descriptor: &[u8],
    target: Target,
    progress: &mut Progress,
) -> Result<(Conversation, Answer), Failure> {
    let Some(request) = packet::connect(descriptor) else {
        return Err(progress.failure(Reason::Local("the connect descriptor is too long".to_owned())));
    };
    let nonsense = |progress: &Progress, what: &str| progress.failure(Reason::Protocol(what.to_owned()));
    let mut conversation = Conversation::open(target, progress).await?;
    conversation.send(&request, progress).await?;
    let mut answer = receive(&mut conversation, progress).await?;
    if answer.0 == packet::RESEND {
        conversation.send(&request, progress).await?;
        answer = receive(&mut conversation, progress).await?;
    }
    let (kind, body) = answer;
    let answer = match kind {
        packet::ACCEPT => packet::accepted(&body).map(|_| Answer::Accepted),
        packet::REFUSE => packet::refused(&body).map(Answer::Refused),
        packet::REDIRECT => {
            let text = redirected(&body, &mut conversation, progress).await?;
            packet::redirect(&text).map(Answer::Redirect)
        }
        packet::RESEND => return Err(nonsense(progress, "the listener wants the connect packet a third time")),
        kind => {
            return Err(nonsense(progress, &format!("a TNS packet of type {kind} where a connection is asked for")));
        }
    };
    let answer = answer.ok_or_else(|| nonsense(progress, &format!("a broken TNS packet of type {kind}")))?;
    Ok((conversation, answer))
}

/// The text of a redirect packet: it is in it, or follows in data packets.
async fn redirected(body: &[u8], conversation: &mut Conversation, progress: &mut Progress) -> Result<Vec<u8>, Failure> {
    let broken = |progress: &Progress| progress.failure(Reason::Protocol("a broken TNS packet of type 5".to_owned()));
    let (length, text) = packet::announced(body).ok_or_else(|| broken(progress))?;
    if length > LONGEST {
        return Err(progress.failure(Reason::TooLong { what: "redirect", limit: LONGEST }));
    }
    let mut text = text.to_vec();
    while text.len() < length {
        let (kind, body) = receive(conversation, progress).await?;
        // Two bytes of flags, then at least one of text: the loop comes to its end.
        let more = body.get(2..).filter(|more| kind == packet::DATA && !more.is_empty());
        text.extend_from_slice(more.ok_or_else(|| broken(progress))?);
    }
    text.truncate(length);
    Ok(text)
}

/// The next packet: type and what follows the header.
async fn receive(conversation: &mut Conversation, progress: &mut Progress) -> Result<(u8, Vec<u8>), Failure> {
    let header: [u8; packet::HEADER] = conversation.header(progress).await?;
    let Some((kind, length)) = packet::header(header) else {
        let words = format!("not TNS: {}", short(&header));
        return Err(progress.failure(Reason::Protocol(words)));
    };
    if length > LONGEST {
        return Err(progress.failure(Reason::TooLong { what: "packet", limit: LONGEST }));
    }
    Ok((kind, conversation.receive(length, progress).await?))
}
