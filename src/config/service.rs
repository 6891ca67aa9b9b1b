//! Services: their words, the port that implies one, the port one has.

use super::model::Service;

/// (service, its word, its port; 0: none). Where two share a port, the first is implied by it.
const SERVICES: &[(Service, &str, u16)] = &[
    (Service::Dns, "dns", 53),
    (Service::Ftp, "ftp", 21),
    (Service::Http, "http", 80),
    (Service::Https, "https", 443),
    (Service::HttpProxy, "http_proxy", 3128),
    (Service::Imap, "imap", 143),
    (Service::Imaps, "imaps", 993),
    (Service::Ldap, "ldap", 389),
    (Service::Ldaps, "ldaps", 636),
    (Service::Mysql, "mysql", 3306),
    (Service::Nntp, "nntp", 119),
    (Service::None, "none", 0),
    (Service::Oracle, "oracle", 1521),
    (Service::Pop, "pop", 110),
    (Service::Pops, "pops", 995),
    (Service::Radius, "radius", 1812),
    (Service::Pgsql, "pgsql", 5432),
    (Service::SimpleTcp, "simpletcp", 0),
    (Service::Sip, "sip", 5060),
    (Service::Smtp, "smtp", 25),
    (Service::Submission, "submission", 587),
    (Service::Redis, "redis", 6379),
    (Service::Memcached, "memcached", 11211),
    (Service::Ssh, "ssh", 22),
    (Service::Ntp, "ntp", 123),
    (Service::Mqtt, "mqtt", 1883),
    (Service::Grpc, "grpc", 0),
    (Service::Kube, "kube", 6443),
    (Service::Sips, "sips", 5061),
];
/// Services that ldirectord does not have. No port implies one: a file that it loads keeps its meaning.
const BEYOND: &[Service] = &[
    Service::Redis,
    Service::Memcached,
    Service::Ssh,
    Service::Ntp,
    Service::Mqtt,
    Service::Grpc,
    Service::Kube,
    Service::Sips,
];

impl Service {
    /// The service of a word of the directive.
    pub fn from_word(word: &str) -> Option<Self> {
        SERVICES.iter().find(|(_, name, _)| *name == word).map(|(service, ..)| *service)
    }
    /// The word of the directive.
    pub fn word(self) -> &'static str {
        SERVICES.iter().find(|(service, ..)| *service == self).map_or("none", |(_, name, _)| name)
    }
    /// The service that a virtual port implies; `none` for other ports.
    pub fn implied_by(port: u16) -> Self {
        let implied = |(service, _, own): &&(Self, &str, u16)| *own == port && port > 0 && !service.is_beyond();
        SERVICES.iter().find(implied).map_or(Self::None, |(service, ..)| *service)
    }
    /// Whether ldirectord refuses the word.
    pub fn is_beyond(self) -> bool {
        BEYOND.contains(&self)
    }
    /// The port to check where a real server has none; 0: none.
    pub fn port(self) -> u16 {
        SERVICES.iter().find(|(service, ..)| *service == self).map_or(0, |(.., port)| *port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_ports_go_both_ways() {
        for (service, word, port) in SERVICES {
            assert_eq!(Service::from_word(word), Some(*service));
            assert_eq!(service.word(), *word);
            assert_eq!(service.port(), *port);
            let implied = if *port > 0 && !service.is_beyond() { *service } else { Service::None };
            assert_eq!(Service::implied_by(*port), implied, "{word}");
        }
        assert_eq!(Service::implied_by(8080), Service::None);
        assert_eq!(Service::implied_by(0), Service::None);
    }
}
