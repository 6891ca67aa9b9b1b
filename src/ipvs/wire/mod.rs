//! The wire format of the kernel's IPVS interface: generic netlink messages over byte slices, no socket. Every command
//! and attribute of `linux/ip_vs.h`. Decoding any bytes ends in a value or a [`WireError`], never in a panic.

mod attribute;
mod counters;
mod daemon;
mod destination;
mod family;
mod message;
mod request;
mod service;
mod settings;

pub use attribute::{Attribute, Attributes, Writer};
pub use counters::{decode_counters, encode_counters};
pub use daemon::{SyncDaemon, SyncRole, decode_daemon, encode_daemon};
pub use destination::{decode_destination, encode_destination};
pub use family::{decode_family, encode_family_request};
pub use message::{Acknowledgement, Frame, Frames, Generic, write_message};
pub use request::Request;
pub use service::{decode_service, encode_service, encode_service_id};
pub use settings::{Info, Timeouts, decode_info, decode_timeouts, encode_info, encode_timeouts};

/// Name of the generic netlink family (`IPVS_GENL_NAME`).
pub const FAMILY_NAME: &str = "IPVS";
/// Version of the family's messages (`IPVS_GENL_VERSION`).
pub const FAMILY_VERSION: u8 = 1;

/// Bytes that are not what the kernel's interface promises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kernel's answer could not be understood: {0}")]
pub struct WireError(pub String);

impl From<netlink_packet_core::DecodeError> for WireError {
    fn from(error: netlink_packet_core::DecodeError) -> Self {
        Self(error.to_string())
    }
}

/// Commands (`IPVS_CMD_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Command {
    /// Add a service; also the command of every service in an answer.
    NewService = 1,
    /// Change a service.
    SetService = 2,
    /// Delete a service with its destinations.
    DeleteService = 3,
    /// One service, or all of them as a dump.
    GetService = 4,
    /// Add a destination; also the command of every destination in an answer.
    NewDestination = 5,
    /// Change a destination.
    SetDestination = 6,
    /// Delete a destination.
    DeleteDestination = 7,
    /// A dump of one service's destinations.
    GetDestination = 8,
    /// Start a sync daemon; also the command of every daemon in an answer.
    NewDaemon = 9,
    /// Stop a sync daemon.
    DeleteDaemon = 10,
    /// A dump of the running sync daemons.
    GetDaemon = 11,
    /// Set the timeouts; also the command of the answer that tells them.
    SetConfig = 12,
    /// The timeouts.
    GetConfig = 13,
    /// Only in the answer to `GetInfo`.
    SetInfo = 14,
    /// Version and size of the connection table.
    GetInfo = 15,
    /// Reset the statistics of one service, or of all.
    Zero = 16,
    /// Delete every service.
    Flush = 17,
}

/// Attributes of the first level (`IPVS_CMD_ATTR_*`).
pub mod top {
    /// Nested: a service.
    pub const SERVICE: u16 = 1;
    /// Nested: a destination.
    pub const DESTINATION: u16 = 2;
    /// Nested: a sync daemon.
    pub const DAEMON: u16 = 3;
    /// u32, seconds: established TCP connections.
    pub const TIMEOUT_TCP: u16 = 4;
    /// u32, seconds: TCP connections after a FIN.
    pub const TIMEOUT_TCP_FIN: u16 = 5;
    /// u32, seconds: UDP.
    pub const TIMEOUT_UDP: u16 = 6;
}
