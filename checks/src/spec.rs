//! What a probe asks: plain values, equal when the same bytes would go over the wire.

mod grpc;
mod packets;
mod programs;

pub use grpc::Grpc;
pub use packets::{Dns, Ldap, Mqtt, Ntp, Radius, Sql, SqlKind};
pub use programs::{External, ExternalKind, MONITORS, Mon};

use crate::{Pattern, Secret};
use std::net::IpAddr;
use std::path::PathBuf;

/// Whom a probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The real server's own address.
    pub address: IpAddr,
    /// The port to check; 0 where the protocol has none (ping, external).
    pub port: u16,
}

/// What a probe asks. Two equal specs against one target are one probe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Spec {
    /// A TCP connection is established and closed.
    Connect,
    /// ICMP or ICMPv6 echo; `attempts` requests within the deadline, one matching reply is enough.
    Ping {
        /// How many echo requests at most (checkcount), spread over the deadline.
        attempts: u32,
    },
    /// An empty datagram over UDP, which ICMP must not call unreachable, and a ping as above.
    Reach {
        /// How many echo requests at most (checkcount), spread over the deadline.
        attempts: u32,
    },
    /// One HTTP exchange, plain or over TLS.
    Http(Box<Http>),
    /// SIP OPTIONS.
    Sip(Sip),
    /// Send bytes, close the write side, look at each line that comes back.
    SimpleTcp(SimpleTcp),
    /// A dialogue in lines: mail, files, news and their like.
    Dialogue(Box<Dialogue>),
    /// A program's exit code.
    External(External),
    /// A monitor of mon, asked for many targets at once.
    Mon(Mon),
    /// A DNS query.
    Dns(Dns),
    /// Bind and base search in a directory.
    Ldap(Ldap),
    /// A RADIUS Access-Request.
    Radius(Radius),
    /// Login and a query in a database.
    Sql(Sql),
    /// An NTP client's query.
    Ntp(Ntp),
    /// An MQTT connection.
    Mqtt(Mqtt),
    /// gRPC's health service.
    Grpc(Box<Grpc>),
}

impl Spec {
    /// The words that name this kind in status output: `connect`, `ping`, `http`, `https`, `sip`, …
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connect | Self::Reach { .. } => "connect",
            Self::Ping { .. } => "ping",
            Self::Http(http) if http.kube.is_some() => "kube",
            Self::Http(http) if http.proxy => "http_proxy",
            Self::Http(http) if http.tls.is_some() => "https",
            Self::Http(_) => "http",
            Self::Sip(sip) if sip.tls.is_some() => "sips",
            Self::Sip(_) => "sip",
            Self::SimpleTcp(_) => "simpletcp",
            Self::Dialogue(dialogue) => dialogue.name(),
            Self::External(external) => match external.kind {
                ExternalKind::Program => "external",
                ExternalKind::Perl => "external-perl",
            },
            Self::Mon(_) => "mon",
            Self::Dns(_) => "dns",
            Self::Ldap(ldap) if matches!(ldap.security, Security::Tls(_)) => "ldaps",
            Self::Ldap(_) => "ldap",
            Self::Radius(_) => "radius",
            Self::Sql(sql) => match sql.kind {
                SqlKind::Mysql => "mysql",
                SqlKind::Pgsql => "pgsql",
            },
            Self::Ntp(_) => "ntp",
            Self::Mqtt(_) => "mqtt",
            Self::Grpc(_) => "grpc",
        }
    }
    /// Which of the daemon's limits on checks in flight it counts against.
    pub fn class(&self) -> Class {
        match self {
            Self::External(_) | Self::Mon(_) => Class::Process,
            Self::Http(http) if http.tls.is_some() => Class::Heavy,
            Self::Dialogue(dialogue) if dialogue.security != Security::Plain => Class::Heavy,
            Self::Ldap(ldap) if ldap.security != Security::Plain => Class::Heavy,
            Self::Sip(Sip { tls: Some(_), .. })
            | Self::SimpleTcp(SimpleTcp { tls: Some(_), .. })
            | Self::Mqtt(Mqtt { tls: Some(_), .. }) => Class::Heavy,
            Self::Sql(_) | Self::Grpc(_) => Class::Heavy,
            Self::Connect
            | Self::Ping { .. }
            | Self::Reach { .. }
            | Self::Http(_)
            | Self::Sip(_)
            | Self::SimpleTcp(_)
            | Self::Dialogue(_)
            | Self::Dns(_)
            | Self::Ldap(_)
            | Self::Radius(_)
            | Self::Ntp(_)
            | Self::Mqtt(_) => Class::Light,
        }
    }
    /// The TLS setting of a check that is neither HTTP nor a dialogue.
    pub(crate) fn tls(&self) -> Option<&Tls> {
        match self {
            Self::Ldap(ldap) => match &ldap.security {
                Security::Plain => None,
                Security::Tls(tls) | Security::Starttls(tls) => Some(tls),
            },
            Self::Sql(sql) => Some(&sql.tls),
            Self::Grpc(grpc) => grpc.tls.as_ref(),
            Self::Sip(sip) => sip.tls.as_ref(),
            Self::SimpleTcp(simpletcp) => simpletcp.tls.as_ref(),
            Self::Mqtt(mqtt) => mqtt.tls.as_ref(),
            _ => None,
        }
    }
}

/// What a probe costs while it runs: the daemon bounds each class by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A socket and a few kilobytes: connect, ping, plain HTTP, SIP, simpletcp, plain dialogues.
    Light,
    /// TLS: some 30-60 kB each and a handshake's processor time.
    Heavy,
    /// A process of its own.
    Process,
}

/// An HTTP exchange.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Http {
    /// TLS settings where the URL that is asked is https.
    pub tls: Option<Tls>,
    /// GET or HEAD.
    pub method: Method,
    /// The request as configured, with its leading slash ("/index.html?a=b c"); bytes that may not stand in a request
    /// target are percent-encoded by the probe. An absolute URL (`scheme://…`) is used as it is: its own address and port
    /// are then asked, except behind `proxy`.
    pub request: String,
    /// `virtualhost`: the Host header and, for https, the name in SNI.
    pub host: Option<String>,
    /// The body must match; unset: any body.
    pub receive: Option<Pattern>,
    /// What to do with a redirect.
    pub redirect: Redirect,
    /// Offer HTTP/2 by ALPN (`httpversion = 2`).
    pub http2: bool,
    /// The real is asked as a proxy, `request` is an absolute URL: one that is https through a tunnel (CONNECT).
    pub proxy: bool,
    /// The server is a Kubernetes API server.
    pub kube: Option<Kube>,
}

/// What a Kubernetes API server is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kube {
    /// `tokenfile`: a file with a bearer token, read for each check since tokens rotate; unset: nobody is named.
    pub token: Option<PathBuf>,
}

/// The request method of an HTTP check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET
    #[default]
    Get,
    /// HEAD
    Head,
}

/// `httpredirect`: what an HTTP check does with a redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Redirect {
    /// Follow it to any host, seven at most.
    #[default]
    Follow,
    /// Follow it only as long as it stays on the checked real (the request is sent to the real whatever the host is called).
    Same,
    /// The redirect itself is the answer: not 2xx, so down.
    None,
}

/// How a TLS peer is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// What is verified.
    pub verify: Verify,
    /// `tlsca`: PEM file of the trusted authorities; unset: the system's.
    pub authorities: Option<PathBuf>,
    /// `tlsname`: name in SNI and, with [`Verify::Full`], in the certificate.
    pub name: Option<String>,
    /// Who we are, for a server that asks.
    pub identity: Option<Box<Identity>>,
}

/// A client certificate: `tlscert` and `tlskey`, which may be one file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// PEM file with the certificate, then those of the authorities between it and the one that the server knows.
    pub certificate: PathBuf,
    /// PEM file with its private key, without a passphrase (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
}

/// `tlsverify`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// Nothing: any certificate will do, expired ones too.
    #[default]
    None,
    /// The chain and the validity, not the name.
    Chain,
    /// The chain, the validity and the name.
    Full,
}

/// The protocol below a check that speaks over either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

/// SIP OPTIONS (RFC 3261, section 11).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sip {
    /// UDP or TCP.
    pub transport: Transport,
    /// Set: over TLS, which needs TCP.
    pub tls: Option<Tls>,
    /// `login`: the user part of the request, `user@host`; empty: the real's address alone.
    pub login: String,
}

/// Send and expect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SimpleTcp {
    /// TCP or UDP.
    pub transport: Transport,
    /// Set: over TLS, which needs TCP.
    pub tls: Option<Tls>,
    /// The bytes to send (escapes already replaced); empty: nothing is sent.
    pub send: Vec<u8>,
    /// Up at the first line that matches; unset: any line (any data) will do.
    pub receive: Option<Pattern>,
}

/// A dialogue in lines. What a protocol does not use is left unset, so that equal checks are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dialogue {
    /// What is spoken.
    pub protocol: LineProtocol,
    /// Whether and when TLS begins.
    pub security: Security,
    /// Whom to log in as; unset: nobody. FTP needs one. Redis may have an empty name.
    pub login: Option<Login>,
    /// The file to fetch (ftp), as configured, with or without its leading slash; empty: none.
    pub request: String,
    /// Must match the greeting (redis, memcached: the answer; ftp: the file's bytes); unset: any.
    pub receive: Option<Pattern>,
}

impl Dialogue {
    /// The word of the service: `smtp`, `pops`, …
    pub fn name(&self) -> &'static str {
        let tls = matches!(self.security, Security::Tls(_));
        match self.protocol {
            LineProtocol::Smtp => "smtp",
            LineProtocol::Submission => "submission",
            LineProtocol::Pop if tls => "pops",
            LineProtocol::Pop => "pop",
            LineProtocol::Imap if tls => "imaps",
            LineProtocol::Imap => "imap",
            LineProtocol::Ftp => "ftp",
            LineProtocol::Nntp => "nntp",
            LineProtocol::Redis => "redis",
            LineProtocol::Memcached => "memcached",
            LineProtocol::Ssh => "ssh",
        }
    }
}

/// The protocols of a [`Dialogue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineProtocol {
    /// RFC 5321
    Smtp,
    /// RFC 6409: SMTP on another port.
    Submission,
    /// POP3, RFC 1939
    Pop,
    /// IMAP4rev1 and rev2, RFC 3501 and 9051
    Imap,
    /// RFC 959 and 2428
    Ftp,
    /// RFC 3977
    Nntp,
    /// RESP, the protocol of Redis and its relatives
    Redis,
    /// The text protocol of memcached
    Memcached,
    /// The identification of SSH, RFC 4253, section 4.2
    Ssh,
}

/// Whether and when TLS begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    /// Never.
    Plain,
    /// With the connection.
    Tls(Tls),
    /// After STARTTLS (STLS), which must succeed (`starttls = yes`).
    Starttls(Tls),
}

/// A name and its password.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Login {
    /// `login`
    pub name: String,
    /// `passwd`
    pub password: Secret,
}
