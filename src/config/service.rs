//! Services: their words, the port that implies one, the port one has.

use super::model::Service;

const ORIGINAL: bool = false;
/// ldirectord does not have it. No port implies it: a file that ldirectord loads keeps its meaning.
const BEYOND: bool = true;

/// (service, its word, its port; 0: none; whose it is). Where two share a port, the first is implied by it.
const SERVICES: &[(Service, &str, u16, bool)] = &[
    (Service::Dns, "dns", 53, ORIGINAL),
    (Service::Ftp, "ftp", 21, ORIGINAL),
    (Service::Http, "http", 80, ORIGINAL),
    (Service::Https, "https", 443, ORIGINAL),
    (Service::HttpProxy, "http_proxy", 3128, ORIGINAL),
    (Service::Imap, "imap", 143, ORIGINAL),
    (Service::Imaps, "imaps", 993, ORIGINAL),
    (Service::Ldap, "ldap", 389, ORIGINAL),
    (Service::Ldaps, "ldaps", 636, ORIGINAL),
    (Service::Mysql, "mysql", 3306, ORIGINAL),
    (Service::Nntp, "nntp", 119, ORIGINAL),
    (Service::None, "none", 0, ORIGINAL),
    (Service::Oracle, "oracle", 1521, ORIGINAL),
    (Service::Pop, "pop", 110, ORIGINAL),
    (Service::Pops, "pops", 995, ORIGINAL),
    (Service::Radius, "radius", 1812, ORIGINAL),
    (Service::Pgsql, "pgsql", 5432, ORIGINAL),
    (Service::SimpleTcp, "simpletcp", 0, ORIGINAL),
    (Service::Sip, "sip", 5060, ORIGINAL),
    (Service::Smtp, "smtp", 25, ORIGINAL),
    (Service::Submission, "submission", 587, ORIGINAL),
    (Service::Redis, "redis", 6379, BEYOND),
    (Service::Memcached, "memcached", 11211, BEYOND),
    (Service::Ssh, "ssh", 22, BEYOND),
    (Service::Ntp, "ntp", 123, BEYOND),
    (Service::Mqtt, "mqtt", 1883, BEYOND),
    (Service::Grpc, "grpc", 0, BEYOND),
    (Service::Kube, "kube", 6443, BEYOND),
    (Service::Sips, "sips", 5061, BEYOND),
    (Service::Tftp, "tftp", 69, BEYOND),
];

impl Service {
    /// The service of a word of the directive.
    pub fn from_word(word: &str) -> Option<Self> {
        SERVICES.iter().find(|(_, name, ..)| *name == word).map(|(service, ..)| *service)
    }
    /// The word of the directive.
    pub fn word(self) -> &'static str {
        SERVICES.iter().find(|(service, ..)| *service == self).map_or("none", |(_, name, ..)| name)
    }
    /// The service that a virtual port implies; `none` for other ports.
    pub fn implied_by(port: u16) -> Self {
        let implied = |(_, _, own, beyond): &&(Self, &str, u16, bool)| *own == port && port > 0 && !beyond;
        SERVICES.iter().find(implied).map_or(Self::None, |(service, ..)| *service)
    }
    /// Whether ldirectord refuses the word.
    pub fn is_beyond(self) -> bool {
        SERVICES.iter().any(|(service, .., beyond)| *service == self && *beyond)
    }
    /// The port to check where a real server has none; 0: none.
    pub fn port(self) -> u16 {
        SERVICES.iter().find(|(service, ..)| *service == self).map_or(0, |(_, _, port, _)| *port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directives::{Kind, lookup};

    #[test]
    fn words_and_ports_go_both_ways() {
        for (service, word, port, beyond) in SERVICES {
            assert_eq!(Service::from_word(word), Some(*service));
            assert_eq!(service.word(), *word);
            assert_eq!(service.port(), *port);
            let implied = if *port > 0 && !beyond { *service } else { Service::None };
            assert_eq!(Service::implied_by(*port), implied, "{word}");
        }
        for (.., word, _, beyond) in SERVICES {
            let directive = lookup("service").unwrap();
            let Kind::Word(words) = directive.kind else { panic!("{:?}", directive.kind) };
            assert!(words.contains(word) && words.len() == SERVICES.len(), "{word} in the table of directives");
            let (_, named) = directive.meaning.split_once("marks. ").unwrap();
            assert_eq!(
                named.split([' ', ',']).any(|name| name == *word),
                *beyond,
                "{word} in the words of the directive"
            );
        }
        assert_eq!(Service::implied_by(8080), Service::None);
        assert_eq!(Service::implied_by(0), Service::None);
    }
}
