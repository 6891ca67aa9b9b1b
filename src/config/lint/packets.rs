//! What the conversations in packets do not use, or lack.

use super::Lint;
use crate::config::directives::Key;
use crate::config::model::Service;
use crate::ipvs::Protocol;

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
            Service::Oracle => self.oracle(),
            Service::Tftp => self.tftp(),
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

    /// The one word on what is checked of an Oracle database and what is not.
    fn oracle(&mut self) {
        let check = &self.service.check;
        if let Err(words) = checks::oracle_database(&check.database) {
            self.warn(Key::Database, format!("{words}: always down"), "write database=\"shop.example.org\"");
            return;
        }
        let unused: Vec<&str> = [Key::Login, Key::Passwd, Key::Request, Key::Receive]
            .into_iter()
            .zip(["login", "passwd", "request", "receive"])
            .filter_map(|(key, name)| self.has(key).then_some(name))
            .collect();
        let what = match (check.database.is_empty(), unused.is_empty()) {
            (true, _) => "that the listener answers, whatever it says: there is no database",
            (false, false) => {
                "that the listener and the database accept the connection: nobody logs in, no query is run"
            }
            (false, true) => return,
        };
        let mut words = format!("service=oracle: what is checked is {what}");
        if !unused.is_empty() {
            words.push_str(&format!(" ({} not used)", unused.join(", ")));
        }
        let help = match check.database.is_empty() {
            true => "write database= with the name of a service or SID",
            false => "checktype=external can run a query with a client of Oracle's",
        };
        self.warn(Key::Service, words, help);
    }

    fn tftp(&mut self) {
        self.unused(&[Key::Login, Key::Passwd]);
        let unnamed = self.requests().iter().any(String::is_empty);
        if unnamed && self.has(Key::Receive) {
            self.warn(Key::Receive, "there is no file for receive to match", "write request=\"pxelinux.0\"");
        } else if unnamed {
            self.warn(
                Key::Service,
                "only that the server answers is checked: there is no request",
                "write request=\"pxelinux.0\"",
            );
        }
        if self.raw.protocol() == Protocol::Tcp && !self.raw.is_mark() {
            self.warn(
                Key::Service,
                "tftp is spoken over udp, and this virtual service forwards tcp",
                "write protocol=udp",
            );
        }
    }
}
