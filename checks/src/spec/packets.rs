//! What the binary protocols are asked.

use super::{Security, Tls, Transport};
use crate::{Pattern, Secret};

/// A DNS query (RFC 1035).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dns {
    /// UDP (and TCP where the answer is truncated), or TCP.
    pub transport: Transport,
    /// `NAME` (its A records), an address (its PTR records), or `TYPE NAME`. Empty: only that the server answers at all.
    pub request: String,
    /// One of the answer's records of the asked type must match, as text: an address, a name without a dot at its end, the
    /// data as in a zone file. `NXDOMAIN` by itself: the name must not exist. Unset: any such record.
    pub receive: Option<Pattern>,
}

/// Bind and base search (RFC 4511).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ldap {
    /// ldap, ldaps, or StartTLS.
    pub security: Security,
    /// The DN to bind as; anonymous where it or the password is empty.
    pub login: String,
    /// Its password.
    pub password: Secret,
    /// The DN of the entry to look up; empty: the root DSE.
    pub base: String,
    /// The entry's DN must match; unset: any.
    pub receive: Option<Pattern>,
}

/// A RADIUS Access-Request (RFC 2865).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Radius {
    /// User-Name; empty: any genuine answer is up, also one that refuses.
    pub login: String,
    /// User-Password, 128 bytes at most.
    pub password: Secret,
    /// The secret shared with the server.
    pub secret: Secret,
}

/// Login and a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sql {
    /// Which protocol.
    pub kind: SqlKind,
    /// The user; empty: any proper answer to a login is up, also one that refuses.
    pub login: String,
    /// Its password.
    pub password: Secret,
    /// The database; empty: the server's choice.
    pub database: String,
    /// The query, which must find a row; empty: the login is all.
    pub request: String,
    /// TLS is used where the server offers it, and must be offered where something is to be verified.
    pub tls: Tls,
}

/// The protocols of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SqlKind {
    /// MySQL and MariaDB.
    Mysql,
    /// PostgreSQL.
    Pgsql,
}

/// An NTP client's query (RFC 5905): up when the server is synchronised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ntp;

/// CONNECT and CONNACK (MQTT 3.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mqtt {
    /// Set: over TLS.
    pub tls: Option<Tls>,
    /// The user; empty: none is named.
    pub login: String,
    /// Its password.
    pub password: Secret,
}
