//! DNS (RFC 1035): one query, over UDP with a second one over TCP where the answer is truncated, or over TCP. Up when a record
//! of the asked type answers it, and matches.

use crate::bytes::Bytes;
use crate::conversation::Conversation;
use crate::datagram::{Datagram, exchange, open};
use crate::line::short;
use crate::net::Progress;
use crate::{Dns, Failure, Reason, Success, Target, Transport, random};
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

/// The longest answer over TCP: it bounds the records in memory.
const LONGEST: usize = 16 * 1024;
/// `receive` that asks for the name not to exist.
const NO_SUCH_NAME: &str = "NXDOMAIN";

/// Asks once.
pub(crate) async fn run(
    spec: &Dns,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let (query, packet, id) = prepare(spec).map_err(|reason| progress.failure(reason))?;
    let mut transport = spec.transport;
    if transport == Transport::Udp {
        let socket = open(target, progress).await?;
        let answer = exchange(&socket, &packet, deadline, progress, |datagram| {
            if truncated(datagram, id) {
                return Datagram::Answer(None);
            }
            match decode(datagram, id, &query) {
                Ok(message) => Datagram::Answer(Some(message)),
                Err(why) => Datagram::Stray(why),
            }
        });
        match answer.await? {
            Some(message) => return judge(spec, &query, &message, progress),
            None => transport = Transport::Tcp,
        }
    }
    debug_assert_eq!(transport, Transport::Tcp);
    let mut conversation = Conversation::open(target, progress).await?;
    let length = u16::try_from(packet.len()).unwrap_or_default();
    conversation.send(&[&length.to_be_bytes(), packet.as_slice()].concat(), progress).await?;
    let length = usize::from(u16::from_be_bytes(conversation.header(progress).await?));
    if length > LONGEST {
        return Err(progress.failure(Reason::TooLong { what: "answer", limit: LONGEST }));
    }
    let answer = conversation.receive(length, progress).await?;
    match decode(&answer, id, &query) {
        Ok(message) => judge(spec, &query, &message, progress),
        Err(why) => Err(progress.failure(Reason::Protocol(why.to_owned()))),
    }
}

/// What a `request` asks: `NAME`, an address (PTR), `TYPE NAME`, or nothing. An error says what to write instead.
pub fn question(request: &str) -> Result<(), String> {
    parse(request).map(|_| ())
}

fn parse(request: &str) -> Result<Query, String> {
    let words: Vec<&str> = request.split_whitespace().collect();
    let (kind, name) = match words.as_slice() {
        // The root's servers: what every name server can at least refuse to tell.
        [] => (RecordType::NS, "."),
        [name] if name.parse::<IpAddr>().is_ok() => (RecordType::PTR, *name),
        [name] => (RecordType::A, *name),
        [kind, name] => {
            let known = kind.to_ascii_uppercase().parse();
            (known.map_err(|_| format!("{kind} is no type of DNS records: write A, AAAA, MX, …"))?, *name)
        }
        _ => return Err(format!("{request:?} is more than a type and a name: write \"AAAA www.example.org\"")),
    };
    let address = name.parse::<IpAddr>().ok().filter(|_| kind == RecordType::PTR);
    let mut name = match address {
        Some(address) => Name::from(address),
        None => Name::from_utf8(name).map_err(|error| format!("{name:?} is no domain name: {error}"))?,
    };
    name.set_fqdn(true);
    Ok(Query::query(name, kind))
}

/// The query, as bytes, and its id.
fn prepare(spec: &Dns) -> Result<(Query, Vec<u8>, u16), Reason> {
    let query = parse(&spec.request).map_err(Reason::Local)?;
    let id = u16::from_be_bytes(random::bytes()?);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(query.clone());
    let packet = message.to_vec().map_err(|error| Reason::Local(format!("request: {error}")))?;
    Ok((query, packet, id))
}

/// Whether it is a truncated reply to `id`; what there is of its records may be cut anywhere, and is not looked at.
fn truncated(datagram: &[u8], id: u16) -> bool {
    let mut bytes = Bytes(datagram);
    let (found, flags) = (bytes.u16(), bytes.u16().unwrap_or_default());
    found == Some(id) && flags & 0x8200 == 0x8200 && datagram.len() >= 12
}

fn decode(bytes: &[u8], id: u16, query: &Query) -> Result<Message, &'static str> {
    let Ok(message) = Message::from_vec(bytes) else { return Err("not a DNS message") };
    if message.metadata.message_type != MessageType::Response || message.metadata.id != id {
        return Err("a DNS message that is no reply to this query");
    }
    // A server that cannot read the query may leave it out of its reply.
    let repeated = message
        .queries
        .first()
        .is_none_or(|asked| asked.query_type() == query.query_type() && asked.name().eq_ignore_root(query.name()));
    if repeated { Ok(message) } else { Err("a DNS reply to another query") }
}

fn judge(spec: &Dns, query: &Query, message: &Message, progress: &mut Progress) -> Result<Success, Failure> {
    progress.matching();
    let up = |words: String| Ok(Success { words, answered_by: None });
    let code = message.metadata.response_code;
    let absence = spec.receive.as_ref().is_some_and(|receive| receive.source() == NO_SUCH_NAME);
    match code {
        ResponseCode::NoError if absence => {
            let words = format!("{} exists, and should not", short(query.name().to_string().as_bytes()));
            return Err(progress.failure(Reason::Answer(words)));
        }
        ResponseCode::NXDomain if absence => return up("no such name, as wanted".to_owned()),
        ResponseCode::NoError | ResponseCode::NXDomain | ResponseCode::Refused if spec.request.is_empty() => {
            return up(format!("answers ({})", words(code)));
        }
        ResponseCode::NoError => {}
        code => return Err(progress.failure(Reason::Answer(words(code)))),
    }
    let kind = query.query_type();
    let texts: Vec<String> =
        message.answers.iter().filter(|record| kind.is_any() || record.record_type() == kind).map(text).collect();
    let Some(first) = texts.first() else {
        return Err(progress.failure(Reason::Answer(format!("the name has no {kind} record"))));
    };
    let Some(receive) = &spec.receive else { return up(short(first.as_bytes())) };
    for text in &texts {
        if receive.is_match(text.as_bytes()).map_err(|words| progress.failure(Reason::Pattern(words)))? {
            return up(short(text.as_bytes()));
        }
    }
    let all = texts.join(", ");
    Err(progress.failure(Reason::NoMatch { bytes: all.len(), excerpt: short(all.as_bytes()) }))
}

/// A record's data as text; a name without the dot at its end.
fn text(record: &Record) -> String {
    let mut text = String::new();
    // Not to_string(): some data has no text, and to_string() panics then.
    let written = match &record.data {
        RData::CNAME(name) => write!(text, "{}", name.0),
        RData::NS(name) => write!(text, "{}", name.0),
        RData::PTR(name) => write!(text, "{}", name.0),
        data => write!(text, "{data}"),
    };
    if written.is_ok() && text.len() > 1 && text.ends_with('.') {
        text.pop();
    }
    text
}

fn words(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR: the server cannot read the query".to_owned(),
        ResponseCode::ServFail => "SERVFAIL: the server failed to find out".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN: there is no such name".to_owned(),
        ResponseCode::NotImp => "NOTIMP: the server does not do such queries".to_owned(),
        ResponseCode::Refused => "REFUSED: the server does not answer this to us".to_owned(),
        other => format!("the server's error code {}", u16::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_in_all_their_forms() {
        for (request, kind, name) in [
            ("www.example.org", RecordType::A, "www.example.org."),
            ("192.0.2.1", RecordType::PTR, "1.2.0.192.in-addr.arpa."),
            ("ptr 192.0.2.1", RecordType::PTR, "1.2.0.192.in-addr.arpa."),
            (
                "2001:db8::1",
                RecordType::PTR,
                "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
            ),
            ("AAAA www.example.org.", RecordType::AAAA, "www.example.org."),
            ("mx  example.org", RecordType::MX, "example.org."),
            ("SRV _sip._udp.example.org", RecordType::SRV, "_sip._udp.example.org."),
            ("", RecordType::NS, "."),
        ] {
            let query = parse(request).unwrap();
            assert_eq!((query.query_type(), query.name().to_string()), (kind, name.to_owned()), "{request}");
        }
        assert!(question("BOGUS example.org").unwrap_err().contains("no type of DNS records"));
        assert!(question("a b c").unwrap_err().contains("more than a type and a name"));
        assert!(question(&"x".repeat(64)).unwrap_err().contains("no domain name"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_none(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), id: u16) {
            let query = parse("www.example.org").unwrap();
            let _ = (decode(&bytes, id, &query), truncated(&bytes, id));
            // Likewise with a header that announces two of everything.
            if let Some(head) = bytes.get_mut(..12) {
                head.copy_from_slice(&[1, 2, 0x81, 0x80, 0, 1, 0, 2, 0, 2, 0, 2]);
                if let Ok(message) = decode(&bytes, 0x102, &query) {
                    message.answers.iter().for_each(|record| drop(text(record)));
                }
            }
        }

        #[test]
        fn any_request_is_a_query_or_an_error(request in ".{0,300}") {
            let _ = question(&request);
        }
    }
}
