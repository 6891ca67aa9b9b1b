//! What a gRPC server is asked.

use super::Tls;

/// `Check` of grpc.health.v1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grpc {
    /// TLS from the beginning; unset: HTTP/2 in clear text, which both sides know beforehand.
    pub tls: Option<Tls>,
    /// The service that is asked for (`package.Service`); empty: the server as a whole.
    pub service: String,
    /// The `:authority` of the request and, over TLS, the name in SNI; unset: the address and the port.
    pub host: Option<String>,
}
