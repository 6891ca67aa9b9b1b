//! The one trait behind which a table lives.

use super::{DestinationId, Operation, ServiceId, Snapshot};
use std::sync::{Arc, Mutex, PoisonError};

/// Which part of a table to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// These services; those that do not exist are absent from the answer.
    Services(Vec<ServiceId>),
}

/// Why a table could not be read or an operation was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The kernel has no IPVS (family missing, module not loadable): what to do.
    #[error("{0}")]
    Missing(String),
    /// EPERM: what to do.
    #[error("{0}")]
    Permission(String),
    /// An operation was refused.
    #[error("{}: {words}", place(service, destination))]
    Refused {
        /// The service it belongs to.
        service: ServiceId,
        /// The destination, where the operation has one.
        destination: Option<DestinationId>,
        /// errno as a number (ENOENT 2, EEXIST 17, …).
        errno: i32,
        /// In words: "no such scheduler: foo".
        words: String,
    },
    /// The socket failed or the answer could not be understood.
    #[error("{0}")]
    Transport(String),
}

fn place(service: &ServiceId, destination: &Option<DestinationId>) -> String {
    match destination {
        Some(destination) => format!("{service} -> {destination}"),
        None => service.to_string(),
    }
}

/// A table that can be read and changed: the kernel's, or one in memory. Calls block.
pub trait Table: Send {
    /// Reads the services in `scope` with their destinations.
    fn read(&mut self, scope: &Scope) -> Result<Snapshot, TableError>;
    /// Applies the operations in order; one result each, in the same order. A refused one does not stop the others.
    /// `Err` only when nothing can be said about any of them (the socket is gone).
    fn apply(&mut self, operations: &[Operation]) -> Result<Vec<Result<(), TableError>>, TableError>;
}

impl<T: Table + ?Sized> Table for Box<T> {
    fn read(&mut self, scope: &Scope) -> Result<Snapshot, TableError> {
        (**self).read(scope)
    }
    fn apply(&mut self, operations: &[Operation]) -> Result<Vec<Result<(), TableError>>, TableError> {
        (**self).apply(operations)
    }
}

/// A table that several hold: its owner writes it, a test or a control connection looks at it.
impl<T: Table> Table for Arc<Mutex<T>> {
    fn read(&mut self, scope: &Scope) -> Result<Snapshot, TableError> {
        self.lock().unwrap_or_else(PoisonError::into_inner).read(scope)
    }
    fn apply(&mut self, operations: &[Operation]) -> Result<Vec<Result<(), TableError>>, TableError> {
        self.lock().unwrap_or_else(PoisonError::into_inner).apply(operations)
    }
}
