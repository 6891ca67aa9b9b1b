//! Warnings for what is legal but surely not meant.

mod packets;
mod web;

use super::directives::Key;
use super::findings::{Findings, Place};
use super::model::{CheckKind, Globals, Service, Virtual};
use super::raw::{RawConfig, RawVirtual};
use crate::ipvs::{Forward, Protocol, ServiceFlags, ServiceId};
use checks::Verify;

/// The schedulers that Linux has.
const SCHEDULERS: &[&str] =
    &["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"];

/// The facilities of syslog.
const FACILITIES: &[&str] = &[
    "auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "security", "syslog", "user", "uucp",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// The globals.
pub(super) fn globals(config: &RawConfig, globals: &Globals, findings: &mut Findings) {
    if !globals.logfile.starts_with('/') && !FACILITIES.contains(&globals.logfile.as_str()) {
        findings.warning(
            config.globals.place(Key::Logfile).unwrap_or_default(),
            format!("{} is no syslog facility", globals.logfile),
            "write a path that begins with a slash, or a facility: logfile=\"local0\"",
        );
    }
    let path = globals.maintenancedir.as_deref().unwrap_or("");
    if path.contains('#') {
        findings.warning(
            config.globals.place(Key::Maintenancedir).unwrap_or_default(),
            "the # is part of the name here",
            "put the comment on a line of its own",
        );
    }
}

/// One virtual service.
pub(super) fn section(raw: &RawVirtual, service: &Virtual, globals: &Globals, findings: &mut Findings) {
    let mut lint = Lint { raw, service, findings };
    lint.nothing_checked();
    lint.check();
    lint.beyond();
    lint.http();
    lint.grpc();
    lint.token();
    lint.tls();
    lint.dialogue();
    lint.packets();
    lint.secrets();
    lint.kernel();
    lint.persistence(globals);
    lint.pool();
}

struct Lint<'a> {
    raw: &'a RawVirtual,
    service: &'a Virtual,
    findings: &'a mut Findings,
}

impl Lint<'_> {
    fn warn(&mut self, key: Key, message: impl Into<String>, help: impl Into<String>) {
        let place = self.raw.settings.place(key).unwrap_or(self.raw.place);
        self.findings.warning(place, message, help);
    }

    fn has(&self, key: Key) -> bool {
        self.raw.settings.get(key).is_some()
    }

    fn negotiates(&self) -> bool {
        matches!(self.service.check.kind, CheckKind::Negotiate | CheckKind::Combined(_))
    }

    fn nothing_checked(&mut self) {
        let check = &self.service.check;
        if self.service.reals.is_empty() {
            return;
        }
        match check.kind {
            CheckKind::On => {
                self.warn(Key::Checktype, "nothing is checked: checktype=on", "write checktype=connect or negotiate");
            }
            CheckKind::Negotiate | CheckKind::Combined(_) if check.service == Service::None => {
                let key = if self.has(Key::Service) { Key::Service } else { Key::Checktype };
                let why = if self.has(Key::Service) {
                    "service=none"
                } else {
                    "no service is given, and the port implies none"
                };
                let what = if check.kind == CheckKind::Negotiate {
                    format!("nothing is checked: {why}")
                } else {
                    format!("only connections are checked: {why}")
                };
                self.warn(key, what, "write service=, or checktype=connect");
            }
            _ => {}
        }
    }

    fn check(&mut self) {
        let check = &self.service.check;
        let (kind, service) = (check.kind, check.service);
        if self.negotiates() && !super::probes::spoken(service) {
            let what = match self.raw.protocol() {
                Protocol::Tcp => "that the port accepts a connection",
                _ => "that the host answers a ping",
            };
            self.warn(
                Key::Service,
                format!("service={}: only {what} is checked in this version", service.word()),
                "request, receive, login and passwd are not used; checktype=external can check more",
            );
        }
        let external = kind.runs_a_program();
        if self.has(Key::Checkcommand) && !external {
            self.warn(Key::Checkcommand, "checkcommand is not used", "write checktype=external");
        }
        if external && !self.has(Key::Checkcommand) {
            self.warn(Key::Checktype, "no checkcommand is given: /bin/true is always up", "write checkcommand=");
        }
        let command = &check.checkcommand;
        if kind == CheckKind::Mon && command.contains("%p") && self.service.reals.iter().any(|real| real.checkport == 0)
        {
            self.warn(Key::Checkcommand, "there is no port for %p: 0 stands there", "write checkport=80");
        }
        let tcp = self.raw.protocol() == Protocol::Tcp;
        let connects = matches!(kind, CheckKind::Connect | CheckKind::Combined(_)) && tcp;
        let needs_port = connects || self.negotiates() && service != Service::None;
        if needs_port && self.service.reals.iter().any(|real| real.checkport == 0) {
            self.warn(
                Key::Checktype,
                "there is no port to check: a real server without port is always down",
                "write checkport=80, or a port behind the real servers",
            );
        }
        let reaches =
            matches!(kind, CheckKind::Connect | CheckKind::Combined(_)) && self.raw.protocol() == Protocol::Udp;
        if reaches && !needs_port && self.service.reals.iter().any(|real| real.checkport == 0) {
            self.warn(
                Key::Checktype,
                "there is no port to check: only that the host of a real server without port answers a ping is checked",
                "write checkport=53, or a port behind the real servers",
            );
        }
        if self.has(Key::Protocol) && self.raw.protocol() == Protocol::Sctp && kind == CheckKind::Connect {
            self.warn(
                Key::Checktype,
                "over sctp only that the host answers a ping is checked",
                "checktype=external can check more",
            );
        }
        if self.has(Key::Receive) && (!self.negotiates() || service == Service::None) {
            self.warn(Key::Receive, "receive is not used", "write checktype=negotiate and a service");
        }
    }

    /// Words of ours among those of ldirectord.
    fn beyond(&mut self) {
        let service = self.service.check.service;
        if self.service.check.kind == CheckKind::Mon {
            let place = self.raw.settings.place(Key::Checktype).unwrap_or(self.raw.place);
            self.findings.note(place, "ldirectord has no checktype=mon", "the Perl program refuses the file");
        }
        if service.is_beyond() {
            let place = self.raw.settings.place(Key::Service).unwrap_or(self.raw.place);
            let message = format!("ldirectord has no service={}", service.word());
            self.findings.note(place, message, "the Perl program refuses the file");
        }
    }

    /// What belongs to TLS where there is none.
    fn tls(&mut self) {
        let check = &self.service.check;
        if !self.negotiates() {
            return;
        }
        let upgrades = super::probes::upgrades(check.service);
        let begins = check.tls || super::probes::begins_with_tls(check.service);
        if check.starttls && (!upgrades || begins) {
            let (message, help) = match check.tls {
                true => ("starttls is not used: TLS begins with the connection", "leave out starttls or tls"),
                false if begins => {
                    ("starttls is not used: TLS begins with the connection", "leave it out, or write the plain service")
                }
                false => ("starttls is not used: the checked service has none here", "leave it out"),
            };
            self.warn(Key::Starttls, message, help);
        }
        // A service whose dialogue is not spoken says so already.
        let tls = begins
            || check.starttls && upgrades
            || matches!(check.service, Service::Mysql | Service::Pgsql)
            || self.tunnelled();
        if !super::probes::spoken(check.service) {
            return;
        }
        let takes = super::probes::takes_tls(check.service, self.raw.protocol());
        self.tls_unused();
        let datagrams = self.raw.settings.place(Key::Protocol).filter(|_| self.raw.protocol() == Protocol::Udp);
        if let (Service::Sips, Some(place)) = (self.service.check.service, datagrams) {
            self.findings.warning(place, "sips is checked over tcp: datagrams carry no TLS", "write protocol=tcp");
        }
        let check = &self.service.check;
        for key in [Key::Tlsverify, Key::Tlsca, Key::Tlsname, Key::Tlscert, Key::Tlskey] {
            if self.has(key) && !tls {
                let http = check.service == Service::Http;
                let help = match (http, upgrades, takes) {
                    _ if check.service == Service::HttpProxy => "write request=\"https://…\", or leave it out",
                    (true, ..) => "write service=https, or leave it out",
                    (_, true, true) => "write starttls=yes or tls=yes, or leave it out",
                    (_, true, false) => "write starttls=yes, or leave it out",
                    (_, _, true) => "write tls=yes, or leave it out",
                    _ => "leave it out",
                };
                self.warn(key, "the checked service has no TLS", help);
            }
        }
        if tls && check.tlsca.is_some() && check.tlsverify == Verify::None {
            self.warn(Key::Tlsca, "tlsca is not used: nothing is verified", "write tlsverify=chain or full");
        }
        if check.tlsverify == Verify::Full && tls && check.tlsname.is_none() && check.virtualhost.is_none() {
            self.warn(
                Key::Tlsverify,
                "no name to verify: certificates are made for names, not for addresses of real servers",
                "write tlsname=www.example.org",
            );
        }
    }

    /// `tls = yes` of this virtual service where nothing comes of it; a global one is meant for those that can.
    fn tls_unused(&mut self) {
        let check = &self.service.check;
        if self.raw.settings.flag(Key::Tls) != Some(true) || check.tls {
            return;
        }
        let (why, help) = match check.service {
            service if super::probes::could_take_tls(service) => {
                ("datagrams carry no TLS", "write protocol=tcp, or leave it out")
            }
            service if super::probes::begins_with_tls(service) => ("TLS begins with the connection", "leave it out"),
            Service::Http => ("TLS has a service of its own", "write service=https"),
            Service::Pop => ("TLS has a service of its own", "write service=pops, or starttls=yes"),
            Service::Imap => ("TLS has a service of its own", "write service=imaps, or starttls=yes"),
            Service::Ldap => ("TLS has a service of its own", "write service=ldaps, or starttls=yes"),
            Service::Mysql | Service::Pgsql => {
                ("TLS is used where the server offers it", "write tlsverify=chain or full to insist on it")
            }
            _ => ("the checked service has no TLS", "leave it out"),
        };
        self.warn(Key::Tls, format!("tls is not used: {why}"), help);
    }

    /// What a dialogue in lines does not use, or lacks.
    fn dialogue(&mut self) {
        let check = &self.service.check;
        if !self.negotiates() {
            return;
        }
        let silent = matches!(check.service, Service::Smtp | Service::Submission | Service::Memcached | Service::Ssh);
        for key in [Key::Login, Key::Passwd] {
            if silent && self.has(key) {
                let what = format!("nobody is logged in: {} checks use no login and no passwd", check.service.word());
                self.warn(key, what, "leave it out");
            }
        }
        let mail =
            matches!(check.service, Service::Pop | Service::Pops | Service::Imap | Service::Imaps | Service::Nntp);
        if mail && self.has(Key::Passwd) && check.login.is_empty() {
            self.warn(Key::Passwd, "nobody is logged in: there is no login", "write login=");
        }
        if check.service == Service::Redis && self.has(Key::Login) && check.passwd.is_empty() {
            self.warn(Key::Login, "nobody is logged in: there is no passwd", "write passwd=");
        }
        let unnamed = |request: &str| request.trim_start_matches('/').is_empty();
        if check.service == Service::Ftp
            && self.service.reals.iter().any(|real| real.receive.is_some() && unnamed(&real.request))
        {
            self.warn(
                Key::Receive,
                "there is no file for receive to match: always down",
                "write request=\"/pub/README\"",
            );
        }
    }

    fn secrets(&mut self) {
        let check = &self.service.check;
        let upgraded = check.starttls && super::probes::upgrades(check.service);
        let begins =
            super::probes::begins_with_tls(check.service) && !matches!(check.service, Service::Https | Service::Kube);
        let tls = upgraded || check.tls || begins;
        if self.has(Key::Passwd) && tls && check.tlsverify == Verify::None && self.negotiates() {
            self.warn(
                Key::Passwd,
                "the password is sent to a peer that nothing verifies",
                "write tlsverify=chain or full",
            );
        }
    }

    fn kernel(&mut self) {
        let service = self.service;
        let scheduler = service.scheduler.as_str();
        if !SCHEDULERS.contains(&scheduler) {
            self.warn(
                Key::Scheduler,
                format!("Linux has no scheduler {scheduler}"),
                format!("write one of {}", SCHEDULERS.join(", ")),
            );
        }
        let hashing = matches!(scheduler, "sh" | "mh");
        let known = service.schedflags & (ServiceFlags::SCHEDULER_1 | ServiceFlags::SCHEDULER_2);
        if known != 0 && !hashing && SCHEDULERS.contains(&scheduler) {
            self.warn(
                Key::Schedflags,
                format!("scheduler {scheduler} has no flags"),
                "write scheduler=sh or mh, or leave schedflags out",
            );
        }
        if service.ops && self.raw.protocol() != Protocol::Udp {
            self.warn(Key::Ops, "ops is only effective with protocol=udp", "leave it out");
        }
        if self.has(Key::Tunneltype) && !service.reals.iter().any(|real| real.forward == Forward::Tunnel) {
            self.warn(Key::Tunneltype, "no real server is reached by ipip", "leave tunneltype out");
        }
        let unspecific = matches!(service.id, ServiceId::Address { port: 0, .. });
        if unspecific && service.persistent.is_none() {
            self.warn(
                Key::Virtual,
                "port 0 stands for every port, which the kernel only accepts with persistence",
                "write persistent=600, or a port",
            );
        }
    }

    fn persistence(&mut self, globals: &Globals) {
        let service = self.service;
        if self.has(Key::Persistent) && service.persistent.is_none() {
            self.warn(Key::Persistent, "persistent=0 is no persistence", "write seconds, or leave it out");
        }
        if service.netmask.is_some() && service.persistent.is_none() {
            self.warn(Key::Netmask, "netmask has no effect without persistent", "write persistent=600");
        }
        if service.persistenceengine.is_some() {
            if service.persistent.is_none() {
                self.warn(
                    Key::Persistenceengine,
                    "persistenceengine has no effect without persistent",
                    "write persistent=600",
                );
            }
            if self.raw.protocol() != Protocol::Udp {
                self.warn(Key::Persistenceengine, "the engine sip reads udp only", "write protocol=udp");
            }
        }
        if service.quiescent && service.persistent.is_some() && globals.ipvssysctl != super::IpvsSysctl::Set {
            self.warn(
                Key::Persistent,
                "with quiescent=yes persistent clients stay with a failed real server",
                "set net.ipv4.vs.expire_quiescent_template=1, or write ipvssysctl=set",
            );
        }
    }

    fn pool(&mut self) {
        let service = self.service;
        if self.raw.reals.is_empty() && !self.raw.broken_reals && service.fallback.is_none() {
            self.warn(Key::Virtual, "no real server and no fallback", "write real= lines under it, indented");
        }
        let mut told = 0;
        for real in &service.reals {
            let local = real.address.is_some_and(|address| address.is_loopback());
            // A range is one line, told once.
            if local && real.forward == Forward::Masquerade && real.line != told {
                told = real.line;
                let place = self.place_of(real.line);
                self.findings.warning(
                    place,
                    "address translation cannot reach a loopback address",
                    "write gate: the kernel then delivers to itself",
                );
            }
        }
        let Some(fallback) = &service.fallback else { return };
        let place = self.raw.fallback.as_ref().map_or(self.raw.place, |fallback| fallback.place);
        if fallback.forward == Forward::Masquerade && fallback.address.is_some_and(|address| address.is_loopback()) {
            self.findings.warning(
                place,
                "address translation cannot reach a loopback address",
                "write gate: the kernel then delivers to itself",
            );
        }
        let same = service
            .reals
            .iter()
            .find(|real| real.address.is_some() && real.address == fallback.address && real.port == fallback.port);
        if let Some(real) = same {
            self.findings.warning(
                place,
                format!("the fallback server is the real server of line {}", real.line),
                "when all real servers are down this one is too: write another one",
            );
        }
    }

    fn place_of(&self, line: usize) -> Place {
        self.raw.reals.iter().find(|real| real.place.line as usize == line).map_or(self.raw.place, |real| real.place)
    }
}
