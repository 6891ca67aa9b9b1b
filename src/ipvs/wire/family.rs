//! The question that precedes all others: under which number does the kernel know a generic netlink family
//! (`CTRL_CMD_GETFAMILY` of `linux/genetlink.h`)?

use super::{Attributes, Generic, WireError, Writer, write_message};
use netlink_packet_core::NLM_F_REQUEST;

/// Number of the controller family (`GENL_ID_CTRL`).
const CONTROLLER: u16 = 0x10;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;

/// Writes the request for the number of the family `name`.
pub fn encode_family_request(buffer: &mut Vec<u8>, sequence: u32, name: &str) {
    let generic = Generic { command: GET_FAMILY, version: 1 };
    write_message(buffer, CONTROLLER, NLM_F_REQUEST, sequence, generic, |body| {
        Writer::new(body).text(FAMILY_NAME, name);
    });
}

/// Reads the number out of the answer's attributes.
pub fn decode_family(attributes: Attributes<'_>) -> Result<u16, WireError> {
    for field in attributes {
        let field = field?;
        if field.kind == FAMILY_ID {
            return field.u16();
        }
    }
    Err(WireError("the controller named no family number".into()))
}
