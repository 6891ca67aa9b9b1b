//! Every request that can be put to the kernel, and its message.

use super::destination::{encode_configured, encode_destination_id};
use super::{
    Command, FAMILY_VERSION, Generic, SyncDaemon, SyncRole, Timeouts, Writer, daemon, encode_service,
    encode_service_id, encode_timeouts, write_message,
};
use crate::ipvs::{Operation, ServiceId};
use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};

/// A request to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// A change of the table.
    Change(&'a Operation),
    /// All services, as a dump.
    Services,
    /// One service.
    Service(&'a ServiceId),
    /// The destinations of one service, as a dump.
    Destinations(&'a ServiceId),
    /// The running sync daemons, as a dump.
    Daemons,
    /// Start a sync daemon.
    StartDaemon(&'a SyncDaemon),
    /// Stop a sync daemon.
    StopDaemon(SyncRole),
    /// The timeouts.
    Timeouts,
    /// Set the timeouts.
    SetTimeouts(Timeouts),
    /// Version and size of the connection table.
    Info,
    /// Reset the statistics of one service with its destinations, or of all.
    Zero(Option<&'a ServiceId>),
    /// Delete every service.
    Flush,
}

impl Request<'_> {
    /// The command it goes by.
    pub fn command(&self) -> Command {
        match self {
            Self::Change(operation) => match operation {
                Operation::AddService(_) => Command::NewService,
                Operation::EditService(_) => Command::SetService,
                Operation::DeleteService(_) => Command::DeleteService,
                Operation::AddDestination(..) => Command::NewDestination,
                Operation::EditDestination(..) => Command::SetDestination,
                Operation::DeleteDestination(..) => Command::DeleteDestination,
            },
            Self::Services | Self::Service(_) => Command::GetService,
            Self::Destinations(_) => Command::GetDestination,
            Self::Daemons => Command::GetDaemon,
            Self::StartDaemon(_) => Command::NewDaemon,
            Self::StopDaemon(_) => Command::DeleteDaemon,
            Self::Timeouts => Command::GetConfig,
            Self::SetTimeouts(_) => Command::SetConfig,
            Self::Info => Command::GetInfo,
            Self::Zero(_) => Command::Zero,
            Self::Flush => Command::Flush,
        }
    }

    /// Whether the answer is a dump, which ends with `NLMSG_DONE`.
    pub fn dumps(&self) -> bool {
        matches!(self, Self::Services | Self::Destinations(_) | Self::Daemons)
    }

    /// Appends the message. `acknowledge` asks for an acknowledgement also of success; dumps never have one.
    pub fn encode(&self, buffer: &mut Vec<u8>, family: u16, sequence: u32, acknowledge: bool) {
        let flags = NLM_F_REQUEST
            | if self.dumps() {
                NLM_F_DUMP
            } else if acknowledge {
                NLM_F_ACK
            } else {
                0
            };
        let generic = Generic { command: self.command() as u8, version: FAMILY_VERSION };
        write_message(buffer, family, flags, sequence, generic, |body| self.body(&mut Writer::new(body)));
    }

    fn body(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Change(operation) => change(writer, operation),
            Self::Service(id) | Self::Destinations(id) | Self::Zero(Some(id)) => encode_service_id(writer, id),
            Self::StartDaemon(wanted) => daemon::encode_daemon(writer, wanted),
            Self::StopDaemon(role) => daemon::encode_role(writer, *role),
            Self::SetTimeouts(timeouts) => encode_timeouts(writer, timeouts),
            Self::Services | Self::Daemons | Self::Timeouts | Self::Info | Self::Zero(None) | Self::Flush => {}
        }
    }
}

fn change(writer: &mut Writer<'_>, operation: &Operation) {
    match operation {
        Operation::AddService(service) | Operation::EditService(service) => encode_service(writer, service, None),
        Operation::DeleteService(id) => encode_service_id(writer, id),
        Operation::AddDestination(id, destination) | Operation::EditDestination(id, destination) => {
            encode_service_id(writer, id);
            encode_configured(writer, destination);
        }
        Operation::DeleteDestination(id, destination) => {
            encode_service_id(writer, id);
            encode_destination_id(writer, destination);
        }
    }
}
