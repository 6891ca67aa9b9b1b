//! What HTTP and its relatives do not use, or lack.

use super::Lint;
use crate::config::directives::Key;
use crate::config::model::Service;
use crate::config::probes::tunnelled;
use checks::{Method, Verify};

impl Lint<'_> {
    pub(super) fn http(&mut self) {
        let check = &self.service.check;
        let secure = matches!(check.service, Service::Https | Service::Kube);
        if !(secure || matches!(check.service, Service::Http | Service::HttpProxy)) || !self.negotiates() {
            return;
        }
        let receive = check.receive.is_some() || self.service.reals.iter().any(|real| real.receive.is_some());
        if check.httpmethod == Method::Head && receive {
            self.warn(
                Key::Httpmethod,
                "the answer to HEAD has no body for receive to match: always down",
                "write httpmethod=GET, or leave receive out",
            );
        }
        if check.service == Service::HttpProxy {
            let relative = |request: &str| !request.contains("://");
            if self.service.reals.iter().any(|real| relative(&real.request)) {
                self.warn(
                    Key::Request,
                    "a proxy needs an absolute URL: always down",
                    "write request=\"http://www.example.org/\"",
                );
            }
        }
        if check.http2 && !secure && !self.tunnelled() {
            self.warn(Key::Httpversion, "HTTP/2 is only offered by https checks", "leave it out");
        }
    }

    /// Whether a proxy is asked for a tunnel to some https URL.
    pub(super) fn tunnelled(&self) -> bool {
        self.service.check.service == Service::HttpProxy
            && self.service.reals.iter().any(|real| tunnelled(&real.request))
    }

    pub(super) fn grpc(&mut self) {
        if self.service.check.service != Service::Grpc || !self.negotiates() {
            return;
        }
        for key in [Key::Receive, Key::Login, Key::Passwd, Key::Httpmethod, Key::Httpversion, Key::Httpredirect] {
            if self.has(key) {
                self.warn(key, "grpc checks do not use it", "leave it out");
            }
        }
    }

    /// A token that is not sent, or to anybody.
    pub(super) fn token(&mut self) {
        if !self.has(Key::Tokenfile) {
            return;
        }
        if self.service.check.service != Service::Kube || !self.negotiates() {
            self.warn(Key::Tokenfile, "tokenfile is not used: only kube checks send a token", "write service=kube");
        } else if self.service.check.tlsverify == Verify::None {
            self.warn(
                Key::Tokenfile,
                "the token is sent to a peer that nothing verifies",
                "write tlsverify=chain or full",
            );
        }
    }
}
