//! The kernel's table, over generic netlink. Loads the modules it needs where it may, as ipvsadm does.
#![allow(clippy::disallowed_methods, reason = "this module acts: it loads kernel modules")]

use super::refusal::{ENOENT, EPERM, ESRCH, objection, permission, refused};
use super::socket::{GenericSocket, SocketError};
use super::wire::{
    Acknowledgement, Attribute, Attributes, FAMILY_NAME, Info, Request, SyncDaemon, SyncRole, Timeouts, WireError,
    decode_daemon, decode_destination, decode_info, decode_service, decode_timeouts, top,
};
use super::{
    Counters, DestinationEntry, Listing, Operation, Scope, Service, ServiceEntry, ServiceId, Snapshot, Table,
    TableError,
};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

/// The table of the network namespace in which it was opened.
#[derive(Debug)]
pub struct KernelTable {
    socket: GenericSocket,
    /// Modules whose loading was tried; once is enough.
    tried: BTreeSet<String>,
}

impl KernelTable {
    /// Opens the kernel's table, loading `ip_vs` if need be.
    /// [`TableError::Missing`] and [`TableError::Permission`] say what to do.
    pub fn open() -> Result<Self, TableError> {
        let socket = match GenericSocket::open(FAMILY_NAME) {
            Err(SocketError::Refused(Acknowledgement { errno: ENOENT, .. })) => {
                load_module("ip_vs");
                GenericSocket::open(FAMILY_NAME)
            }
            other => other,
        };
        let socket = socket.map_err(|error| match error {
            SocketError::Refused(Acknowledgement { errno: ENOENT, .. }) => TableError::Missing(
                "the kernel has no IPVS: load it with `modprobe ip_vs` as root, or install a kernel with CONFIG_IP_VS"
                    .into(),
            ),
            other => failed(other),
        })?;
        let mut table = Self { socket, tried: BTreeSet::new() };
        // Finds out about permission before anything depends on it.
        table.info()?;
        Ok(table)
    }

    /// Version and size of the connection table.
    pub fn info(&mut self) -> Result<Info, TableError> {
        let answers = self.socket.ask(&Request::Info, |_, attributes| decode_info(attributes).map(Some));
        first(answers.map_err(failed)?)
    }

    /// The connection timeouts.
    pub fn timeouts(&mut self) -> Result<Timeouts, TableError> {
        let answers = self.socket.ask(&Request::Timeouts, |_, attributes| decode_timeouts(attributes).map(Some));
        first(answers.map_err(failed)?)
    }

    /// Sets the connection timeouts; those that are 0 stay.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) -> Result<(), TableError> {
        self.command(Request::SetTimeouts(timeouts), "setting the timeouts")
    }

    /// The sync daemons that run: none, a master, a backup, or both.
    pub fn daemons(&mut self) -> Result<Vec<SyncDaemon>, TableError> {
        let answers = self.socket.ask(&Request::Daemons, |_, attributes| {
            nested(attributes, top::DAEMON)?.map(|attribute| decode_daemon(&attribute)).transpose()
        });
        answers.map_err(failed)
    }

    /// Starts a sync daemon.
    pub fn start_daemon(&mut self, daemon: &SyncDaemon) -> Result<(), TableError> {
        let what = format!("starting the {} sync daemon on {}", role(daemon.role), daemon.interface);
        self.command(Request::StartDaemon(daemon), &what)
    }

    /// Stops a sync daemon.
    pub fn stop_daemon(&mut self, stop: SyncRole) -> Result<(), TableError> {
        // A daemon that is stopped before its thread ran for the first time is gone, but the kernel's handler ends in
        // EINTR, and that is the one error which netlink does not acknowledge. So the acknowledgement asked for is
        // that of a harmless second question.
        let what = format!("stopping the {} sync daemon", role(stop));
        let answers = self.socket.change([Request::StopDaemon(stop), Request::Info]).map_err(failed)?;
        outcome(answers, &what)
    }

    /// Deletes every service of the namespace.
    pub fn flush(&mut self) -> Result<(), TableError> {
        self.command(Request::Flush, "flushing the table")
    }

    /// Resets the statistics of one service with its destinations, or of everything.
    pub fn zero(&mut self, service: Option<&ServiceId>) -> Result<(), TableError> {
        match service {
            None => self.command(Request::Zero(None), "resetting the statistics"),
            Some(id) => self.command(Request::Zero(Some(id)), &format!("resetting the statistics of {id}")),
        }
    }

    fn command(&mut self, request: Request<'_>, what: &str) -> Result<(), TableError> {
        let answers = self.socket.change([request]).map_err(failed)?;
        outcome(answers, what)
    }

    fn services(&mut self, request: &Request<'_>) -> Result<Vec<(Service, Counters)>, SocketError> {
        self.socket.ask(request, |_, attributes| match nested(attributes, top::SERVICE)? {
            Some(attribute) => decode_service(&attribute),
            None => Ok(None),
        })
    }

    fn destinations(&mut self, service: &ServiceId) -> Result<Vec<DestinationEntry>, TableError> {
        let entries = self.socket.ask(&Request::Destinations(service), |_, attributes| {
            match nested(attributes, top::DESTINATION)? {
                Some(attribute) => decode_destination(&attribute, service.family()),
                None => Ok(None),
            }
        });
        entries.map_err(failed)
    }

    /// The whole table in the kernel's own order, as ipvsadm gets it.
    pub fn listing(&mut self) -> Result<Listing, TableError> {
        let services = self.services(&Request::Services).map_err(failed)?;
        let entries = services.into_iter().map(|(service, _)| {
            let destinations = self.destinations(&service.id)?;
            Ok((service, destinations))
        });
        Ok(Listing(entries.collect::<Result<_, TableError>>()?))
    }

    /// Writes all of `operations` once.
    fn write(&mut self, operations: &[&Operation]) -> Result<Vec<Result<(), TableError>>, TableError> {
        let objections: Vec<_> = operations.iter().map(|operation| objection(operation)).collect();
        let sent = operations.iter().zip(&objections).filter(|(_, objection)| objection.is_none());
        let answers = self.socket.change(sent.map(|(operation, _)| Request::Change(operation))).map_err(failed)?;
        let mut answers = answers.into_iter();
        let judge = |(operation, objection): (&&Operation, Option<TableError>)| match objection {
            Some(objection) => Err(objection),
            None => match answers.next() {
                Some(Acknowledgement { errno: 0, .. }) => Ok(()),
                Some(answer) => Err(refused(operation, answer.errno, answer.words.as_deref())),
                None => Err(TableError::Transport("an operation was not acknowledged".into())),
            },
        };
        Ok(operations.iter().zip(objections).map(judge).collect())
    }

    /// Loads the modules a service names (`ip_vs_wrr`, `ip_vs_pe_sip`); whether one was loaded now.
    fn load_for(&mut self, service: &Service) -> bool {
        let engine = service.engine.as_ref().map(|engine| format!("ip_vs_pe_{engine}"));
        let mut loaded = false;
        for module in [Some(format!("ip_vs_{}", service.scheduler)), engine].into_iter().flatten() {
            if self.tried.insert(module.clone()) {
                loaded |= load_module(&module);
            }
        }
        loaded
    }
}

impl Table for KernelTable {
    fn read(&mut self, scope: &Scope) -> Result<Snapshot, TableError> {
        let services = match scope {
            Scope::All => self.services(&Request::Services).map_err(failed)?,
            Scope::Services(ids) => {
                let mut found = Vec::new();
                for id in ids {
                    match self.services(&Request::Service(id)) {
                        Ok(services) => found.extend(services),
                        Err(SocketError::Refused(Acknowledgement { errno: ESRCH, .. })) => {}
                        Err(error) => return Err(failed(error)),
                    }
                }
                found
            }
        };
        let entries = services.into_iter().map(|(service, counters)| {
            let entries = self.destinations(&service.id)?;
            let destinations = entries.into_iter().map(|entry| (entry.destination.id, entry)).collect();
            Ok((service.id, ServiceEntry { service, counters, destinations }))
        });
        entries.collect()
    }

    fn apply(&mut self, operations: &[Operation]) -> Result<Vec<Result<(), TableError>>, TableError> {
        let mut results = self.write(&operations.iter().collect::<Vec<_>>())?;
        // A service whose scheduler the kernel did not know is tried once more with its module loaded, and with it
        // everything that failed for want of the service.
        let mut again = BTreeSet::new();
        for (operation, result) in operations.iter().zip(&results) {
            if let (Operation::AddService(service) | Operation::EditService(service), Err(error)) = (operation, result)
                && errno_of(error) == Some(ENOENT)
                && self.load_for(service)
            {
                again.insert(service.id);
            }
        }
        if again.is_empty() {
            return Ok(results);
        }
        let failed = |operation: &Operation, result: &Result<(), TableError>| {
            again.contains(&operation.service())
                && matches!(result, Err(error) if matches!(errno_of(error), Some(ENOENT | ESRCH)))
        };
        let (places, repeated): (Vec<usize>, Vec<&Operation>) = operations
            .iter()
            .zip(&results)
            .enumerate()
            .filter(|(_, (operation, result))| failed(operation, result))
            .map(|(place, (operation, _))| (place, operation))
            .unzip();
        for (place, result) in places.into_iter().zip(self.write(&repeated)?) {
            if let Some(slot) = results.get_mut(place) {
                *slot = result;
            }
        }
        Ok(results)
    }
}

fn outcome(answers: Vec<Acknowledgement>, what: &str) -> Result<(), TableError> {
    match answers.into_iter().find(|answer| answer.errno != 0) {
        None => Ok(()),
        Some(answer) if answer.errno == EPERM => Err(permission()),
        Some(answer) => Err(TableError::Transport(format!("{what}: {}", reason(&answer)))),
    }
}

fn errno_of(error: &TableError) -> Option<i32> {
    match error {
        TableError::Refused { errno, .. } => Some(*errno),
        _ => None,
    }
}

fn role(role: SyncRole) -> &'static str {
    match role {
        SyncRole::Master => "master",
        SyncRole::Backup => "backup",
    }
}

/// The attribute `kind` of the first level.
fn nested(attributes: Attributes<'_>, kind: u16) -> Result<Option<Attribute<'_>>, WireError> {
    for attribute in attributes {
        let attribute = attribute?;
        if attribute.kind == kind {
            return Ok(Some(attribute));
        }
    }
    Ok(None)
}

fn first<T>(answers: Vec<T>) -> Result<T, TableError> {
    answers.into_iter().next().ok_or_else(|| TableError::Transport("the kernel's answer was empty".into()))
}

fn reason(answer: &Acknowledgement) -> String {
    let error = std::io::Error::from_raw_os_error(answer.errno);
    match &answer.words {
        Some(words) => format!("{error} (kernel: {words})"),
        None => error.to_string(),
    }
}

fn failed(error: SocketError) -> TableError {
    match error {
        SocketError::Refused(Acknowledgement { errno: EPERM, .. }) => permission(),
        SocketError::Refused(answer) => TableError::Transport(format!("netlink: {}", reason(&answer))),
        other => TableError::Transport(other.to_string()),
    }
}

/// Runs modprobe; whether the module is there now and was not before (what failed with it there fails again). Refuses names that are no plain names, as they come from files.
fn load_module(module: &str) -> bool {
    if !module.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return false;
    }
    if std::path::Path::new("/sys/module").join(module.replace('-', "_")).exists() {
        return false;
    }
    // /sbin is not in every PATH.
    ["modprobe", "/sbin/modprobe"].into_iter().any(|program| {
        let mut command = Command::new(program);
        command.args(["-q", module]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}
