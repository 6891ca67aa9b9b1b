//! What is asked of a real server: the check directives of a virtual service turned into a [`Spec`] and a deadline.

use super::model::{Check, CheckKind, Probes, Service};
use super::raw::{RawVirtual, Strings};
use crate::ipvs::{Protocol, ServiceId};
use checks::{
    Dialogue, Dns, External, ExternalKind, Grpc, Http, Identity, Kube, Ldap, LineProtocol, Login, Mon, Mqtt, Ntp,
    Pattern, Radius, Security, SimpleTcp, Sip, Spec, Sql, SqlKind, Tls, Transport,
};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The services whose dialogue is spoken.
pub(super) fn spoken(service: Service) -> bool {
    service != Service::Oracle
}

/// The dialogue in lines of a service, if that is what it has.
fn line_protocol(service: Service) -> Option<LineProtocol> {
    Some(match service {
        Service::Smtp => LineProtocol::Smtp,
        Service::Submission => LineProtocol::Submission,
        Service::Pop | Service::Pops => LineProtocol::Pop,
        Service::Imap | Service::Imaps => LineProtocol::Imap,
        Service::Ftp => LineProtocol::Ftp,
        Service::Nntp => LineProtocol::Nntp,
        Service::Redis => LineProtocol::Redis,
        Service::Memcached => LineProtocol::Memcached,
        Service::Ssh => LineProtocol::Ssh,
        _ => return None,
    })
}

/// Whether a service has a word that starts TLS in the middle of its dialogue.
pub(super) fn upgrades(service: Service) -> bool {
    matches!(
        service,
        Service::Smtp | Service::Submission | Service::Pop | Service::Imap | Service::Nntp | Service::Ldap
    )
}

/// Whether TLS begins with the connection, by the service's own word.
pub(super) fn begins_with_tls(service: Service) -> bool {
    matches!(service, Service::Https | Service::Imaps | Service::Pops | Service::Ldaps | Service::Sips | Service::Kube)
}

/// Whether `tls = yes` has TLS begin with the connection: services that have no word of their own for it, over TCP.
pub(super) fn takes_tls(service: Service, protocol: Protocol) -> bool {
    let datagrams = protocol == Protocol::Udp && matches!(service, Service::Sip | Service::SimpleTcp);
    could_take_tls(service) && !datagrams
}

/// Likewise, over a protocol that carries TLS.
pub(super) fn could_take_tls(service: Service) -> bool {
    matches!(
        service,
        Service::Smtp
            | Service::Submission
            | Service::Ftp
            | Service::Nntp
            | Service::Redis
            | Service::Memcached
            | Service::Mqtt
            | Service::Sip
            | Service::SimpleTcp
            | Service::Grpc
    )
}

/// Everything about the checks of one virtual service.
pub(super) struct Asking<'a> {
    check: &'a Check,
    protocol: Protocol,
    mark: bool,
    /// The virtual service as scripts get it: address (IPv6 in brackets) or mark, port.
    named: [String; 2],
    receive: Option<Pattern>,
    command: Vec<String>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(section: &RawVirtual, check: &'a Check, id: Option<ServiceId>, command: Vec<String>) -> Self {
        let named = match id {
            Some(ServiceId::Address { address, port, .. }) => [bracketed(address), port.to_string()],
            Some(ServiceId::Mark { mark, .. }) => [mark.to_string(), "0".to_owned()],
            None => Default::default(),
        };
        Self {
            check,
            protocol: section.protocol(),
            mark: section.is_mark(),
            named,
            receive: section.receive.clone(),
            command,
        }
    }

    /// The probes of one real server; the ports are its own and the one that is checked.
    pub(super) fn probes(
        &self,
        strings: Option<&Strings>,
        host: &str,
        address: Option<IpAddr>,
        (port, checkport): (u16, u16),
    ) -> Probes {
        match self.check.kind {
            CheckKind::On => Probes::AlwaysUp,
            CheckKind::Off => Probes::Never,
            CheckKind::Connect => one(self.connect(port)),
            CheckKind::Ping => one(self.ping()),
            CheckKind::External => one(self.external(ExternalKind::Program, host, address, port)),
            CheckKind::ExternalPerl => one(self.external(ExternalKind::Perl, host, address, port)),
            CheckKind::Mon => one(self.mon(checkport)),
            CheckKind::Negotiate | CheckKind::Combined(0) => self.negotiate(strings).map_or(Probes::AlwaysUp, one),
            CheckKind::Combined(count) => {
                Probes::Combined { negotiate: self.negotiate(strings), connect: self.connect(port), count }
            }
        }
    }

    fn checktimeout(&self) -> Duration {
        Duration::from_secs(self.check.checktimeout.into())
    }

    fn negotiatetimeout(&self) -> Duration {
        Duration::from_secs(self.check.negotiatetimeout.into())
    }

    /// A connection. Over UDP there is none to make, and what ICMP says counts; over SCTP, and without a port, the host is
    /// asked instead.
    fn connect(&self, port: u16) -> (Spec, Duration) {
        match self.protocol {
            Protocol::Tcp => (Spec::Connect, self.checktimeout()),
            Protocol::Udp if port != 0 => {
                let (_, deadline) = self.ping();
                (Spec::Reach { attempts: self.check.checkcount }, deadline)
            }
            Protocol::Udp | Protocol::Sctp => self.ping(),
        }
    }

    fn ping(&self) -> (Spec, Duration) {
        let attempts = self.check.checkcount;
        (Spec::Ping { attempts }, self.checktimeout().saturating_mul(attempts))
    }

    fn external(&self, kind: ExternalKind, host: &str, address: Option<IpAddr>, port: u16) -> (Spec, Duration) {
        let [virtual_address, virtual_port] = self.named.clone();
        let real = address.map_or_else(|| host.to_owned(), bracketed);
        let arguments = [virtual_address, virtual_port, real, port.to_string()];
        (Spec::External(External { kind, command: self.command.clone(), arguments }), self.checktimeout())
    }

    /// A monitor with the port to check in its place; reals with equal commands are asked together.
    fn mon(&self, checkport: u16) -> (Spec, Duration) {
        let command = self.command.iter().map(|word| with_port(word, checkport)).collect();
        (Spec::Mon(Mon { command }), self.checktimeout())
    }

    fn transport(&self) -> Transport {
        if self.protocol == Protocol::Udp { Transport::Udp } else { Transport::Tcp }
    }

    /// The service's dialogue; unset for `none`. Services not spoken yet get the nearest that is.
    fn negotiate(&self, strings: Option<&Strings>) -> Option<(Spec, Duration)> {
        let receive = match strings {
            Some(strings) => strings.receive.clone(),
            None => self.receive.clone(),
        };
        let request = strings.map_or(self.check.request.as_str(), |strings| strings.request.as_str());
        if let Some(protocol) = line_protocol(self.check.service) {
            let dialogue = Box::new(self.dialogue(protocol, request, receive));
            return Some((Spec::Dialogue(dialogue), self.negotiatetimeout()));
        }
        let spec = match self.check.service {
            Service::None => return None,
            Service::Http | Service::Https | Service::HttpProxy | Service::Kube => {
                Spec::Http(Box::new(self.http(request, strings.is_some(), receive)))
            }
            Service::Sips => {
                let (tls, login) = (Some(self.tls(true)), self.check.login.clone());
                Spec::Sip(Sip { transport: Transport::Tcp, tls, login })
            }
            Service::Sip => {
                Spec::Sip(Sip { transport: self.transport(), tls: self.wrapped(), login: self.check.login.clone() })
            }
            Service::SimpleTcp => Spec::SimpleTcp(SimpleTcp {
                transport: self.transport(),
                tls: self.wrapped(),
                send: checks::words::unescape(bare(request)),
                receive,
            }),
            service => match self.packets(service, bare(request).to_owned(), receive) {
                Some(spec) => spec,
                None if self.protocol == Protocol::Tcp => Spec::Connect,
                None => Spec::Ping { attempts: 1 },
            },
        };
        Some((spec, self.negotiatetimeout()))
    }

    /// A conversation in packets with what its protocol uses; unset for services that have none.
    fn packets(&self, service: Service, request: String, receive: Option<Pattern>) -> Option<Spec> {
        let check = self.check;
        let (login, password) = (check.login.clone(), check.passwd.clone());
        Some(match service {
            Service::Dns => {
                let datagrams = self.mark || self.protocol == Protocol::Udp;
                let transport = if datagrams { Transport::Udp } else { Transport::Tcp };
                Spec::Dns(Dns { transport, request, receive })
            }
            Service::Ldap | Service::Ldaps => {
                Spec::Ldap(Ldap { security: self.security(), login, password, base: request, receive })
            }
            Service::Radius => Spec::Radius(Radius { login, password, secret: check.secret.clone() }),
            Service::Mysql | Service::Pgsql => {
                let kind = if service == Service::Mysql { SqlKind::Mysql } else { SqlKind::Pgsql };
                let (database, tls) = (check.database.clone(), self.tls(true));
                Spec::Sql(Sql { kind, login, password, database, request, tls })
            }
            Service::Ntp => Spec::Ntp(Ntp),
            Service::Grpc => {
                let host = check.virtualhost.clone().filter(|host| !host.is_empty());
                Spec::Grpc(Box::new(Grpc { tls: self.wrapped(), service: request, host }))
            }
            Service::Mqtt => Spec::Mqtt(Mqtt { tls: self.wrapped(), login, password }),
            _ => return None,
        })
    }

    /// Whether and when TLS begins.
    fn security(&self) -> Security {
        match self.check.service {
            service if self.check.tls || begins_with_tls(service) => Security::Tls(self.tls(true)),
            service if self.check.starttls && upgrades(service) => Security::Starttls(self.tls(true)),
            _ => Security::Plain,
        }
    }

    /// TLS where `tls = yes` has it begin with the connection.
    fn wrapped(&self) -> Option<Tls> {
        self.check.tls.then(|| self.tls(true))
    }

    /// A dialogue with what its protocol uses, and nothing else: equal dialogues are one check.
    fn dialogue(&self, protocol: LineProtocol, request: &str, receive: Option<Pattern>) -> Dialogue {
        let check = self.check;
        let wanted = match protocol {
            LineProtocol::Pop | LineProtocol::Imap | LineProtocol::Ftp | LineProtocol::Nntp => !check.login.is_empty(),
            LineProtocol::Redis => !check.passwd.is_empty(),
            LineProtocol::Smtp | LineProtocol::Submission | LineProtocol::Memcached | LineProtocol::Ssh => false,
        };
        let login = wanted.then(|| Login { name: check.login.clone(), password: check.passwd.clone() });
        let file = protocol == LineProtocol::Ftp;
        let request = if file { request.trim_start_matches('/').to_owned() } else { String::new() };
        Dialogue { protocol, security: self.security(), login, request, receive }
    }

    /// The TLS settings; where the virtualhost is not told in another way it is the name in SNI.
    fn tls(&self, virtualhost: bool) -> Tls {
        let check = self.check;
        let other = check.virtualhost.as_ref().filter(|host| virtualhost && !host.is_empty());
        Tls {
            verify: check.tlsverify,
            authorities: check.tlsca.as_ref().map(PathBuf::from),
            name: check.tlsname.as_ref().or(other).cloned(),
            identity: check.tlscert.as_ref().zip(check.tlskey.as_ref()).map(|(certificate, key)| {
                Box::new(Identity { certificate: PathBuf::from(certificate), key: PathBuf::from(key) })
            }),
        }
    }

    fn http(&self, request: &str, own: bool, receive: Option<Pattern>) -> Http {
        let check = self.check;
        let proxy = check.service == Service::HttpProxy;
        let bare = bare(request);
        let kube =
            (check.service == Service::Kube).then(|| Kube { token: check.tokenfile.as_ref().map(PathBuf::from) });
        let tunnel = proxy && tunnelled(bare);
        let tls = (check.service == Service::Https || kube.is_some() || tunnel).then(|| self.tls(false));
        let scheme = if tls.is_some() { "https://" } else { "http://" };
        // Of the virtual's request only a proxy takes an absolute URL; a real's own one may be asked of any service.
        let absolute = proxy || own && request.contains(scheme);
        Http {
            tls,
            method: check.httpmethod,
            request: if absolute { bare } else { request }.to_owned(),
            host: check.virtualhost.clone().filter(|_| !proxy),
            receive,
            redirect: check.httpredirect,
            http2: check.http2,
            proxy,
            kube,
        }
    }
}

/// Whether a proxy is asked for a tunnel: the URL is https.
pub(super) fn tunnelled(request: &str) -> bool {
    const SCHEME: &str = "https://";
    request.trim_start_matches('/').get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

/// A request without the slash that every request has in front.
fn bare(request: &str) -> &str {
    request.strip_prefix('/').unwrap_or(request)
}

/// `%p` is the port, `%%` a percent sign; any other percent sign stays.
fn with_port(word: &str, port: u16) -> String {
    let mut text = String::with_capacity(word.len());
    let mut rest = word;
    while let Some((before, behind)) = rest.split_once('%') {
        text.push_str(before);
        rest = match behind.as_bytes().first() {
            Some(b'p') => {
                text.push_str(&port.to_string());
                behind.get(1..).unwrap_or_default()
            }
            Some(b'%') => {
                text.push('%');
                behind.get(1..).unwrap_or_default()
            }
            _ => {
                text.push('%');
                behind
            }
        };
    }
    text + rest
}

fn one((spec, deadline): (Spec, Duration)) -> Probes {
    Probes::One(spec, deadline)
}

/// An address as scripts get it.
fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}
