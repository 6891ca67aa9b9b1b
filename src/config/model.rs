//! The resolved configuration: every default and every inheritance applied. One struct a section of the file.

use super::Secret;
use crate::ipvs::{Forward, ServiceId, Tunnel};
use checks::{Method, Redirect, Spec, Verify};
use std::net::IpAddr;
use std::time::Duration;

/// A loadable configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Global directives with their defaults.
    pub globals: Globals,
    /// Virtual services in file order, ids unique.
    pub virtuals: Vec<Virtual>,
}

/// Global directives (behaviour as documented in docs/directives.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Globals {
    /// `checktimeout`, as given.
    pub checktimeout: Option<u32>,
    /// `negotiatetimeout`, as given.
    pub negotiatetimeout: Option<u32>,
    /// `checkinterval` in seconds.
    pub checkinterval: u32,
    /// `checkcount`: echo requests of a ping check.
    pub checkcount: u32,
    /// `failurecount`: failures in a row that take a real server down.
    pub failurecount: u32,
    /// `fallback` for IPv4 virtuals without their own, as written.
    pub fallback: Option<String>,
    /// `fallback6`, likewise for IPv6.
    pub fallback6: Option<String>,
    /// `fallbackcommand`, quotes stripped.
    pub fallbackcommand: Option<String>,
    /// `autoreload`
    pub autoreload: bool,
    /// `callback`
    pub callback: Option<String>,
    /// `logfile`: a path that begins with a slash, or a syslog facility.
    pub logfile: String,
    /// `execute`: further configurations, in order, each once.
    pub execute: Vec<String>,
    /// `fork`: accepted, without effect.
    pub fork: bool,
    /// `supervised`
    pub supervised: bool,
    /// `quiescent`
    pub quiescent: bool,
    /// `readdquiescent`
    pub readdquiescent: bool,
    /// `emailalert` and what belongs to it.
    pub alert: Alert,
    /// `emailalertfrom`
    pub emailalertfrom: Option<String>,
    /// `cleanstop`
    pub cleanstop: bool,
    /// `maintenancedir`
    pub maintenancedir: Option<String>,
    /// `externalmax`
    pub externalmax: u32,
    /// `ipvssysctl`
    pub ipvssysctl: IpvsSysctl,
    /// `tls`
    pub tls: bool,
    /// `tlscert`
    pub tlscert: Option<String>,
    /// `tlskey`
    pub tlskey: Option<String>,
}

/// Kernel settings that a configuration needs: only named, set, or left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IpvsSysctl {
    /// Named in the log.
    #[default]
    Warn,
    /// Set and logged.
    Set,
    /// Not looked at.
    Off,
}

/// E-mail alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alert {
    /// `emailalert`: recipients; empty: no mail.
    pub to: Vec<String>,
    /// `emailalertfreq` in seconds; 0: no reminders.
    pub frequency: u32,
    /// `emailalertstatus`
    pub status: AlertStatus,
    /// `smtp`: `host[:port]`; unset: the local MTA.
    pub smtp: Option<String>,
}

/// In which states of the daemon mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertStatus {
    /// starting
    pub starting: bool,
    /// running
    pub running: bool,
    /// stopping
    pub stopping: bool,
    /// reloading
    pub reloading: bool,
}

impl Default for AlertStatus {
    fn default() -> Self {
        Self { starting: true, running: true, stopping: true, reloading: true }
    }
}

/// One virtual service, with globals and defaults resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Virtual {
    /// Line of its `virtual=`.
    pub line: usize,
    /// Protocol, address and port, or mark.
    pub id: ServiceId,
    /// `scheduler`
    pub scheduler: String,
    /// `schedflags`: scheduler flags as bits of [`crate::ipvs::ServiceFlags`].
    pub schedflags: u32,
    /// `persistent` in seconds.
    pub persistent: Option<u32>,
    /// `netmask` as a prefix length; only effective with `persistent`.
    pub netmask: Option<u8>,
    /// `persistenceengine`: `sip`.
    pub persistenceengine: Option<String>,
    /// `ops`: one-packet scheduling; effective for udp only.
    pub ops: bool,
    /// `quiescent`, effective.
    pub quiescent: bool,
    /// `cleanstop`, effective.
    pub cleanstop: bool,
    /// What is checked and how.
    pub check: Check,
    /// Real servers in file order, ranges expanded, ids within the virtual unique.
    pub reals: Vec<Real>,
    /// The fallback, own or global.
    pub fallback: Option<Fallback>,
    /// `fallbackcommand`, effective.
    pub fallbackcommand: Option<String>,
    /// Mail, effective.
    pub alert: Alert,
    /// `monitorfile`
    pub monitorfile: Option<String>,
    /// `servicename`
    pub servicename: Option<String>,
    /// `comment`
    pub comment: Option<String>,
}

/// The check directives of a virtual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `checktype`
    pub kind: CheckKind,
    /// `service`, given or implied by the port.
    pub service: Service,
    /// Seconds between the starts of two checks of one real.
    pub interval: u32,
    /// Effective checktimeout in seconds.
    pub checktimeout: u32,
    /// Effective negotiatetimeout in seconds.
    pub negotiatetimeout: u32,
    /// Effective checkcount.
    pub checkcount: u32,
    /// Effective failurecount.
    pub failurecount: u32,
    /// `checkport`
    pub checkport: Option<u16>,
    /// `checkcommand` as written; default `/bin/true`.
    pub checkcommand: String,
    /// `request` of the virtual, with its leading slash; default `/`.
    pub request: String,
    /// `receive` of the virtual.
    pub receive: Option<String>,
    /// `httpmethod`
    pub httpmethod: Method,
    /// `httpredirect`
    pub httpredirect: Redirect,
    /// `httpversion = 2`
    pub http2: bool,
    /// `virtualhost`
    pub virtualhost: Option<String>,
    /// `login`, with the service's default.
    pub login: String,
    /// `passwd`; masked in Debug.
    pub passwd: Secret,
    /// `database`
    pub database: String,
    /// `secret`; masked in Debug.
    pub secret: Secret,
    /// `tlsverify`
    pub tlsverify: Verify,
    /// `starttls`
    pub starttls: bool,
    /// `tls`, effective: TLS begins with the connection of a service that has no word of its own for it.
    pub tls: bool,
    /// `tlsca`
    pub tlsca: Option<String>,
    /// `tlsname`
    pub tlsname: Option<String>,
    /// `tlscert`, own or global.
    pub tlscert: Option<String>,
    /// `tlskey`, own or global.
    pub tlskey: Option<String>,
    /// `tokenfile`
    pub tokenfile: Option<String>,
}

/// `checktype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// The service's own dialogue.
    Negotiate,
    /// A TCP connection; for udp virtuals a datagram and ping.
    Connect,
    /// ICMP echo.
    Ping,
    /// A program.
    External,
    /// A Perl script.
    ExternalPerl,
    /// A monitor of mon.
    Mon,
    /// One negotiate, then N connects, and again.
    Combined(u32),
    /// Always up, nothing is checked.
    On,
    /// Never checked; counts as down unless adopted.
    Off,
}

impl CheckKind {
    /// Whether `checkcommand` says what is run.
    pub fn runs_a_program(self) -> bool {
        matches!(self, Self::External | Self::ExternalPerl | Self::Mon)
    }
}

/// `service`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words of the directive")]
pub enum Service {
    Dns,
    Ftp,
    Http,
    Https,
    HttpProxy,
    Imap,
    Imaps,
    Ldap,
    Ldaps,
    Mysql,
    Nntp,
    None,
    Oracle,
    Pop,
    Pops,
    Radius,
    Pgsql,
    SimpleTcp,
    Sip,
    Smtp,
    Submission,
    Redis,
    Memcached,
    Ssh,
    Ntp,
    Mqtt,
    Grpc,
    Kube,
    Sips,
}

/// One real server of one virtual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Real {
    /// Line of its `real=`.
    pub line: usize,
    /// Host as written (an address in canonical form for members of a range).
    pub host: String,
    /// Its address; unset: the name did not resolve.
    pub address: Option<IpAddr>,
    /// Port as configured; 0: none given.
    pub port: u16,
    /// Forwarding method.
    pub forward: Forward,
    /// Encapsulation, with `ipip`.
    pub tunnel: Tunnel,
    /// Weight, 0–65535.
    pub weight: u32,
    /// Effective request.
    pub request: String,
    /// Effective receive.
    pub receive: Option<String>,
    /// `l:` lower connection threshold; 0: none.
    pub lower: u32,
    /// `u:` upper connection threshold; 0: none.
    pub upper: u32,
    /// Port to check: checkport, else the real's, else the service's; 0: none.
    pub checkport: u16,
    /// What to ask; unset where nothing is checked (on, off, service none).
    pub probes: Probes,
}

/// What is asked of a real server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probes {
    /// Up by configuration (`on`, `negotiate` with service `none`).
    AlwaysUp,
    /// Never checked (`off`).
    Never,
    /// Always the same probe, with its deadline.
    One(Spec, Duration),
    /// Combined: `negotiate` first, then `count` times `connect`.
    Combined {
        /// The service's dialogue; unset with service `none`: always up.
        negotiate: Option<(Spec, Duration)>,
        /// The connect probe.
        connect: (Spec, Duration),
        /// How many connects between two negotiates.
        count: u32,
    },
}

/// A fallback server: weight 1, no thresholds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// Host as written.
    pub host: String,
    /// Its address; unset: the name did not resolve.
    pub address: Option<IpAddr>,
    /// Its port; where none is given the virtual's, for a mark 0.
    pub port: u16,
    /// Forwarding method; default gate.
    pub forward: Forward,
}
