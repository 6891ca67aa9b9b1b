//! What happened, as values: the log, mail, hooks and monitorfile are written from these.

use crate::ipvs::{DestinationId, ServiceId};

/// What a destination is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A real server.
    Real,
    /// The fallback.
    Fallback,
}

/// In which part of the daemon's life something was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At start or reload.
    Start,
    /// At stop.
    Stop,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// `Added virtual server`
    VirtualAdded(ServiceId),
    /// `Changed virtual server`
    VirtualChanged(ServiceId),
    /// `Purged virtual server (start|stop)`
    VirtualPurged(ServiceId, Stage),
    /// `Added real server` / `Added fallback server`
    Added {
        /// Its service
        service: ServiceId,
        /// The destination (with the port that the kernel uses)
        destination: DestinationId,
        /// Real or fallback
        role: Role,
        /// New weight
        weight: u32,
    },
    /// `Restored real server` / `Restored fallback server`
    Restored {
        /// Its service
        service: ServiceId,
        /// The destination
        destination: DestinationId,
        /// Real or fallback
        role: Role,
        /// New weight
        weight: u32,
    },
    /// `Deleted real server` / `Deleted fallback server`
    Deleted {
        /// Its service
        service: ServiceId,
        /// The destination in the kernel
        destination: DestinationId,
        /// The destination as configured where its port differs: `Deleted real server: RS2 mapped from RS (VIP)`
        mapped_from: Option<DestinationId>,
        /// Real or fallback
        role: Role,
    },
    /// `Quiescent real server … (Weight set to 0)`
    Quiesced {
        /// Its service
        service: ServiceId,
        /// The destination
        destination: DestinationId,
    },
    /// `Readd Quiescent real server … (Weight set to 0)`
    ReaddedQuiescent {
        /// Its service
        service: ServiceId,
        /// The destination
        destination: DestinationId,
    },
    /// `Purged real server (start|stop)`
    Purged {
        /// Its service
        service: ServiceId,
        /// The destination
        destination: DestinationId,
        /// When
        stage: Stage,
    },
    /// `Soft failure real server: RS (<virtual-id>) failure n/m`
    SoftFailure {
        /// Its service
        service: ServiceId,
        /// Real as configured
        real: DestinationId,
        /// Failures in a row
        failures: u32,
        /// failurecount
        limit: u32,
        /// Why
        words: String,
    },
    /// `Resetting soft failure count: RS (<virtual-id>)`
    SoftFailureReset {
        /// Its service
        service: ServiceId,
        /// Real as configured
        real: DestinationId,
    },
    /// A real changed its state; the table operation is told separately.
    Transition {
        /// Its service
        service: ServiceId,
        /// Real as configured
        real: DestinationId,
        /// Up or down now
        up: bool,
        /// Why
        words: String,
    },
    /// A file in `maintenancedir` took a real out, or its removal gave it back to its checks.
    Maintenance {
        /// Its service
        service: ServiceId,
        /// Real as configured
        real: DestinationId,
        /// Out, or back
        out: bool,
    },
    /// A check ended: one per virtual and real that shares it, only where the virtual has a monitorfile.
    Checked {
        /// Its service
        service: ServiceId,
        /// Real as configured
        real: DestinationId,
        /// Whether it passed; never for a real in maintenance
        up: bool,
        /// What it found
        words: String,
    },
    /// The verdict came from another host than the checked real (a redirect); told once.
    AnsweredElsewhere {
        /// Its service
        service: ServiceId,
        /// Real as configured
        real: DestinationId,
        /// The URL that answered
        url: String,
    },
    /// Somebody else changed the table; told once per change.
    Drift {
        /// Its service
        service: ServiceId,
        /// The destination, unless the service itself
        destination: Option<DestinationId>,
        /// What differs: "weight 0 instead of 5", "removed"
        words: String,
    },
    /// The kernel refused an operation.
    Refused {
        /// Its service
        service: ServiceId,
        /// The destination
        destination: Option<DestinationId>,
        /// Why
        words: String,
    },
    /// No real of a virtual is up: fallbackcommand start.
    AllDown(ServiceId),
    /// The first real of a virtual is up: fallbackcommand stop.
    FirstUp(ServiceId),
    /// Checks cannot be started in time: how many are waiting. Told once until it is over.
    Late(usize),
}
