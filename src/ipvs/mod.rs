//! The kernel's IPVS table: its model, its wire format, and one trait with two tables behind it, the kernel's and one in
//! memory. Usable by itself; nothing here knows of configuration files or checks.

pub mod kernel;
pub mod listing;
pub mod memory;
pub mod model;
mod order;
pub mod recording;
mod refusal;
pub mod socket;
pub mod table;
pub mod wire;

pub use kernel::KernelTable;
pub use listing::Listing;
pub use memory::MemoryTable;
pub use model::{
    Counters, Destination, DestinationEntry, DestinationId, Family, Forward, Operation, Protocol, Service,
    ServiceEntry, ServiceFlags, ServiceId, Snapshot, Tunnel, TunnelKind,
};
pub use recording::{JsonLines, Note, Notes, Record, Recording};
pub use table::{Scope, Table, TableError};
pub use wire::{Info, SyncDaemon, SyncRole, Timeouts};
