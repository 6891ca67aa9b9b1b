//! What the conversations in packets do not use, or lack.

use super::Lint;
use crate::config::directives::Key;
use crate::config::model::Service;

impl Lint<'_> {
    pub(super) fn packets(&mut self) {
        if !self.negotiates() {
            return;
        }
        match self.service.check.service {
            Service::Dns => self.dns(),
            Service::Ldap | Service::Ldaps => self.ldap(),
            Service::Radius => self.radius(),
            Service::Mysql | Service::Pgsql => self.sql(),
            Service::Ntp => self.unused(&[Key::Receive, Key::Login, Key::Passwd]),
            Service::Mqtt => {
                self.unused(&[Key::Receive]);
                self.nobody();
            }
            _ => {}
        }
    }

    /// The requests as they are asked.
    fn requests(&self) -> Vec<String> {
        let bare = |request: &str| request.strip_prefix('/').unwrap_or(request).to_owned();
        self.service.reals.iter().map(|real| bare(&real.request)).collect()
    }

    fn unused(&mut self, keys: &[Key]) {
        for key in keys {
            if self.has(*key) {
                let what = format!("{} checks do not use it", self.service.check.service.word());
                self.warn(*key, what, "leave it out");
            }
        }
    }

    fn nobody(&mut self) {
        if self.has(Key::Passwd) && self.service.check.login.is_empty() {
            self.warn(Key::Passwd, "nobody is logged in: there is no login", "write login=");
        }
    }

    fn dns(&mut self) {
        let requests = self.requests();
        if let Some(words) = requests.iter().find_map(|request| checks::dns_question(request).err()) {
            self.warn(Key::Request, format!("{words}: always down"), "write a name, an address, or a type and a name");
        }
        if requests.iter().any(String::is_empty) {
            self.warn(
                Key::Service,
                "only that the name server answers is checked: there is no request",
                "write request=\"www.example.org\"",
            );
        }
    }

    fn ldap(&mut self) {
        let check = &self.service.check;
        if self.has(Key::Login) && check.passwd.is_empty() {
            self.warn(Key::Login, "the bind is anonymous: there is no passwd", "write passwd=");
        }
        self.nobody();
    }

    fn radius(&mut self) {
        let check = &self.service.check;
        if check.secret.is_empty() {
            self.warn(Key::Service, "RADIUS needs a secret: always down", "write secret=");
        }
        if check.login.is_empty() {
            self.warn(
                Key::Service,
                "only that the server answers is checked: there is no login",
                "write login= and passwd=",
            );
        }
        self.unused(&[Key::Receive, Key::Request]);
    }

    fn sql(&mut self) {
        let check = &self.service.check;
        if check.login.is_empty() {
            self.warn(
                Key::Service,
                "only that the server answers a login is checked: there is no login",
                "write login= and passwd=",
            );
        } else if self.requests().iter().any(String::is_empty) {
            self.warn(Key::Service, "only the login is checked: there is no request", "write request=\"SELECT 1\"");
        }
        self.nobody();
        self.unused(&[Key::Receive]);
    }
}
