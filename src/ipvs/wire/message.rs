//! Frames of netlink and generic netlink: several messages to a datagram, acknowledgements with the kernel's words.

use super::{Attributes, WireError};
use netlink_packet_core::{
    Emitable, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_DUMP_INTR, NLMSG_ALIGNTO, NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer,
    NetlinkHeader,
};

/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Length of `struct genlmsghdr`.
const GENERIC_HEADER: usize = 4;
/// `NLMSGERR_ATTR_MSG`: the kernel's words.
const WORDS: u16 = 1;

/// Command and version of a generic netlink message (`struct genlmsghdr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generic {
    /// Command of the family.
    pub command: u8,
    /// Version of the family.
    pub version: u8,
}

/// Appends one message: both headers, then what `fill` writes.
pub fn write_message(
    buffer: &mut Vec<u8>,
    family: u16,
    flags: u16,
    sequence: u32,
    generic: Generic,
    fill: impl FnOnce(&mut Vec<u8>),
) {
    let start = buffer.len();
    buffer.resize(start + HEADER, 0);
    buffer.extend_from_slice(&[generic.command, generic.version, 0, 0]);
    fill(buffer);
    let mut header = NetlinkHeader::default();
    header.length = u32::try_from(buffer.len() - start).unwrap_or(u32::MAX);
    header.message_type = family;
    header.flags = flags;
    header.sequence_number = sequence;
    if let Some(place) = buffer.get_mut(start..start + HEADER) {
        header.emit(place);
    }
    buffer.resize(buffer.len().next_multiple_of(usize::from(NLMSG_ALIGNTO)), 0);
}

/// One received message.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Message type: a family's number, or a control message.
    pub kind: u16,
    /// `NLM_F_*`
    pub flags: u16,
    /// The request it answers.
    pub sequence: u32,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// An acknowledgement (`NLMSG_ERROR`), or the end of a dump (`NLMSG_DONE`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// 0, or errno.
    pub errno: i32,
    /// The kernel's words, where it has some.
    pub words: Option<String>,
}

impl<'a> Frame<'a> {
    /// Whether the table changed while it was dumped, so that the dump must be repeated.
    pub fn interrupted(&self) -> bool {
        self.flags & NLM_F_DUMP_INTR != 0
    }
    /// Whether this is the last message of a dump.
    pub fn done(&self) -> bool {
        self.kind == NLMSG_DONE
    }
    /// The acknowledgement in it; `None` for a message that carries data.
    pub fn acknowledgement(&self) -> Option<Result<Acknowledgement, WireError>> {
        match self.kind {
            NLMSG_ERROR => Some(self.decode_acknowledgement()),
            // An empty one is a dump that ended well.
            NLMSG_DONE => {
                let code = self.payload.first_chunk().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
                Some(Ok(Acknowledgement { errno: code.saturating_neg(), words: None }))
            }
            _ => None,
        }
    }
    fn decode_acknowledgement(&self) -> Result<Acknowledgement, WireError> {
        let Some((code, rest)) = self.payload.split_first_chunk::<4>() else {
            return Err(WireError("an acknowledgement of less than four bytes".into()));
        };
        let errno = i32::from_ne_bytes(*code).saturating_neg();
        let mut words = None;
        if self.flags & NLM_F_ACK_TLVS != 0 {
            // The request follows, whole unless capped to its header, and after it the attributes.
            let request = match rest.first_chunk() {
                Some(_) if self.flags & NLM_F_CAPPED != 0 => HEADER,
                Some(length) => usize::try_from(u32::from_ne_bytes(*length)).unwrap_or(usize::MAX),
                None => 0,
            };
            let start = request.checked_next_multiple_of(usize::from(NLMSG_ALIGNTO)).unwrap_or(usize::MAX);
            for field in Attributes::new(rest.get(start..).unwrap_or_default()) {
                let field = field?;
                if field.kind == WORDS {
                    words = Some(field.text()?.to_owned());
                }
            }
        }
        Ok(Acknowledgement { errno, words })
    }
    /// Command and attributes of a generic netlink message.
    pub fn generic(&self) -> Result<(u8, Attributes<'a>), WireError> {
        match (self.payload.first(), self.payload.get(GENERIC_HEADER..)) {
            (Some(command), Some(attributes)) => Ok((*command, Attributes::new(attributes))),
            _ => Err(WireError("a message without its generic header".into())),
        }
    }
}

/// The messages of one datagram; after bytes that are no message: one error, then the end.
pub struct Frames<'a>(&'a [u8]);

impl<'a> Frames<'a> {
    /// The messages in `datagram`.
    pub fn new(datagram: &'a [u8]) -> Self {
        Self(datagram)
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.0;
        if bytes.is_empty() {
            return None;
        }
        self.0 = &[];
        let message = match NetlinkBuffer::new_checked(bytes) {
            Ok(message) => message,
            Err(error) => return Some(Err(error.into())),
        };
        let length = usize::try_from(message.length()).unwrap_or(usize::MAX);
        let aligned = length.checked_next_multiple_of(usize::from(NLMSG_ALIGNTO)).unwrap_or(usize::MAX);
        self.0 = bytes.get(aligned..).unwrap_or_default();
        Some(Ok(Frame {
            kind: message.message_type(),
            flags: message.flags(),
            sequence: message.sequence_number(),
            payload: bytes.get(HEADER..length).unwrap_or_default(),
        }))
    }
}
