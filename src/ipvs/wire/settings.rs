//! The kernel's connection timeouts and what it tells about itself.

use super::{Attributes, WireError, Writer, top};

/// Connection timeouts in seconds. Written: 0 leaves one as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Established TCP connections.
    pub tcp: u32,
    /// TCP connections after a FIN.
    pub tcp_fin: u32,
    /// UDP.
    pub udp: u32,
}

/// Writes the three timeouts.
pub fn encode_timeouts(writer: &mut Writer<'_>, timeouts: &Timeouts) {
    writer.u32(top::TIMEOUT_TCP, timeouts.tcp);
    writer.u32(top::TIMEOUT_TCP_FIN, timeouts.tcp_fin);
    writer.u32(top::TIMEOUT_UDP, timeouts.udp);
}

/// Reads the three timeouts; one that the kernel does not have (built without that protocol) is 0.
pub fn decode_timeouts(attributes: Attributes<'_>) -> Result<Timeouts, WireError> {
    let mut timeouts = Timeouts::default();
    for field in attributes {
        let field = field?;
        match field.kind {
            top::TIMEOUT_TCP => timeouts.tcp = field.u32()?,
            top::TIMEOUT_TCP_FIN => timeouts.tcp_fin = field.u32()?,
            top::TIMEOUT_UDP => timeouts.udp = field.u32()?,
            _ => {}
        }
    }
    Ok(timeouts)
}

/// What the kernel tells about its IPVS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Major, minor, patch; one byte each: 1.2.1 is `[1, 2, 1]`.
    pub version: [u8; 3],
    /// Buckets of the connection table: 4096.
    pub connection_table_size: u32,
}

impl Default for Info {
    /// What every kernel since 2.6 says unless told otherwise.
    fn default() -> Self {
        Self { version: [1, 2, 1], connection_table_size: 4096 }
    }
}

/// `IPVS_INFO_ATTR_VERSION`, `IPVS_INFO_ATTR_CONN_TAB_SIZE`.
const VERSION: u16 = 1;
const CONNECTION_TABLE_SIZE: u16 = 2;

/// Writes the answer to `GetInfo` as the kernel does.
pub fn encode_info(writer: &mut Writer<'_>, info: &Info) {
    let [major, minor, patch] = info.version;
    writer.u32(VERSION, u32::from_be_bytes([0, major, minor, patch]));
    writer.u32(CONNECTION_TABLE_SIZE, info.connection_table_size);
}

/// Reads the answer to `GetInfo`.
pub fn decode_info(attributes: Attributes<'_>) -> Result<Info, WireError> {
    let mut info = Info { version: [0; 3], connection_table_size: 0 };
    for field in attributes {
        let field = field?;
        match field.kind {
            VERSION => {
                let [_, major, minor, patch] = field.u32()?.to_be_bytes();
                info.version = [major, minor, patch];
            }
            CONNECTION_TABLE_SIZE => info.connection_table_size = field.u32()?,
            _ => {}
        }
    }
    Ok(info)
}
