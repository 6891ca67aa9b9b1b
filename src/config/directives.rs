//! The one table of all directives: what the parser accepts and where, the defaults, the words of the errors, and the
//! reference page in docs/. Nothing about a directive is written down anywhere else.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Where a directive may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In column 1, for the whole file.
    Global,
    /// Indented under `virtual=`.
    Virtual,
    /// Both; under `virtual=` it overrides the global one.
    Both,
}

/// What kind of value a directive takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `yes` or `no`.
    YesNo,
    /// A number of at least 1.
    Positive,
    /// A number, 0 allowed.
    Number,
    /// A port, 1 to 65535.
    Port,
    /// Text in double quotes, not empty.
    Quoted,
    /// Text in double quotes, at least one letter or digit in it.
    Pattern,
    /// Text, with or without double quotes around it.
    MaybeQuoted,
    /// The rest of the line, as it is; may be empty.
    Text,
    /// The rest of the line, as it is; not empty.
    Command,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One word of lower-case letters.
    Scheduler,
    /// Names of scheduler flags, comma between them.
    Flags,
    /// IPv4: a dotted quad; IPv6: a prefix length.
    Netmask,
    /// A check type, or a number.
    CheckType,
    /// `ipip`, `gue:PORT` or `gre`.
    Tunnel,
    /// Mail addresses, comma between them.
    Addresses,
    /// States of the daemon, comma between them.
    Statuses,
    /// Host or host:port, without quotes.
    Smtp,
    /// The line that opens a virtual service.
    Opening,
    /// A real server.
    Real,
    /// A fallback server.
    Fallback,
    /// Refused, with the words that say what replaced it.
    Gone,
}

/// One directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// Which one.
    pub key: Key,
    /// Its name in the file.
    pub name: &'static str,
    /// Where it may stand.
    pub scope: Scope,
    /// What it takes.
    pub kind: Kind,
    /// Its default as text; empty: unset.
    pub default: &'static str,
    /// Whether ldirectord does not have it.
    pub beyond: bool,
    /// What ldirectord says about a bad value; a second one, after `|`, under `virtual=`.
    pub words: &'static str,
    /// What it does, in one line.
    pub meaning: &'static str,
}

impl Directive {
    /// The words for a bad value.
    pub fn error(&self, in_virtual: bool) -> &'static str {
        match self.words.split_once('|') {
            Some((_, words)) if in_virtual => words,
            Some((words, _)) => words,
            None => self.words,
        }
    }
    /// Whether every line of it counts; of the others the last one does.
    pub fn cumulative(&self) -> bool {
        matches!(self.key, Key::Real | Key::Real6 | Key::Execute | Key::Virtual | Key::Virtual6)
    }
}

macro_rules! directives {
    ($($key:ident $name:literal $scope:ident $kind:expr, $default:literal, $origin:ident, $words:literal, $meaning:literal;)*) => {
        /// Names every directive in the program.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the names of the directives")]
        pub enum Key { $($key,)* }

        /// The table, in the order of the reference page.
        pub static DIRECTIVES: &[Directive] = &[$(Directive {
            key: Key::$key, name: $name, scope: Scope::$scope, kind: $kind, default: $default,
            beyond: $origin, words: $words, meaning: $meaning,
        },)*];
    };
}

const ORIGINAL: bool = false;
const BEYOND: bool = true;
const SERVICES: &[&str] = &[
    "dns",
    "ftp",
    "http",
    "https",
    "http_proxy",
    "imap",
    "imaps",
    "ldap",
    "ldaps",
    "mysql",
    "nntp",
    "none",
    "oracle",
    "pop",
    "pops",
    "radius",
    "pgsql",
    "simpletcp",
    "sip",
    "smtp",
    "submission",
    "redis",
    "memcached",
    "ssh",
    "ntp",
    "mqtt",
    "grpc",
    "kube",
    "sips",
];
const PROTOCOLS: &[&str] = &["tcp", "udp", "sctp", "fwm"];

use Kind::*;

#[rustfmt::skip]
directives! {
    Virtual "virtual" Global Opening, "", ORIGINAL, "invalid address for virtual server",
        "Opens an IPv4 virtual service: `ADDRESS:PORT`, `NAME:PORT`, or a firewall mark. What belongs to it follows, indented.";
    Virtual6 "virtual6" Global Opening, "", ORIGINAL, "invalid address for virtual server",
        "Opens an IPv6 virtual service: `[ADDRESS]:PORT`, `NAME:PORT`, or a firewall mark.";
    Real "real" Virtual Real, "", ORIGINAL, "invalid address for real server (wrong format)",
        "A real server: `HOST[->HOST][:PORT] gate|masq|ipip [WEIGHT] [\"REQUEST\", \"RECEIVE\"] [l:N] [u:N] [tunneltype=…]`.";
    Real6 "real6" Virtual Real, "", ORIGINAL, "invalid address for real server (wrong format)",
        "A real server of an IPv6 virtual service: `[ADDRESS]:PORT …`.";
    Fallback "fallback" Both Fallback, "", ORIGINAL, "invalid IPv4 address or could not resolve for fallback server",
        "Takes the connections while no real server is up: `HOST[:PORT] [gate|masq|ipip]`; port default: the virtual's.";
    Fallback6 "fallback6" Both Fallback, "", ORIGINAL, "invalid IPv6 address or could not resolve for fallback server",
        "The fallback of IPv6 virtual services.";
    Fallbackcommand "fallbackcommand" Both MaybeQuoted, "", ORIGINAL, "invalid fallback command",
        "Run by a shell with `start` or `stop`, the virtual address and the protocol when the last real goes and the first comes.";
    Service "service" Virtual Word(SERVICES), "", ORIGINAL, "service must be dns, ftp, http, https, http_proxy, imap, imaps, ldap, ldaps, mysql, nntp, none, oracle, pop, pops, radius, pgsql, simpletcp, sip, smtp or submission",
        "The dialogue of a negotiate check; default: implied by the port, `none` for other ports and for marks. redis, memcached, ssh, ntp, mqtt, grpc, kube and sips are not known to ldirectord.";
    Checktype "checktype" Virtual CheckType, "negotiate", ORIGINAL, "checktype must be \"connect\", \"negotiate\", \"on\", \"off\", \"ping\", \"external\", \"external-perl\" or a positive number",
        "How real servers are checked; a number N: one negotiate, then N connects, and again. mon is not known to ldirectord.";
    Checkcommand "checkcommand" Virtual MaybeQuoted, "/bin/true", ORIGINAL, "invalid check command",
        "The program of `external`, `external-perl` and `mon`; a name of an existing file, or a program with arguments; for mon a monitor's name will do, and `%p` is the port to check.";
    Checkport "checkport" Virtual Port, "", ORIGINAL, "invalid port",
        "The port to check; default: the real server's, else the service's.";
    Request "request" Virtual Quoted, "/", ORIGINAL, "no request string specified",
        "What is asked: a path, a query, a name; a leading slash is added where it is missing.";
    Receive "receive" Virtual Quoted, "", ORIGINAL, "invalid receive string",
        "A Perl regular expression that the answer must match; unset: any answer.";
    Httpmethod "httpmethod" Virtual Word(&["GET", "HEAD"]), "GET", ORIGINAL, "httpmethod must be GET or HEAD",
        "The method of HTTP checks.";
    Virtualhost "virtualhost" Virtual MaybeQuoted, "", ORIGINAL, "invalid virtualhost",
        "The Host header of HTTP checks, and the name in SNI.";
    Httpredirect "httpredirect" Virtual Word(&["follow", "same", "none"]), "follow", BEYOND, "httpredirect must be follow, same or none",
        "What an HTTP check does with a redirect: follow it anywhere, only as long as it stays on the real server, or not at all.";
    Httpversion "httpversion" Virtual Word(&["1", "2"]), "1", BEYOND, "httpversion must be 1 or 2",
        "With 2, https checks offer HTTP/2.";
    Tlsverify "tlsverify" Virtual Word(&["none", "chain", "full"]), "none", BEYOND, "tlsverify must be none, chain or full",
        "What is verified of a TLS peer: nothing, its chain and validity, or its name as well.";
    Tlsca "tlsca" Virtual MaybeQuoted, "", BEYOND, "invalid tlsca",
        "PEM file with the trusted authorities; unset: the system's.";
    Tlsname "tlsname" Virtual MaybeQuoted, "", BEYOND, "invalid tlsname",
        "The name in SNI and, with `tlsverify = full`, in the certificate; default: virtualhost.";
    Tlscert "tlscert" Both MaybeQuoted, "", BEYOND, "invalid tlscert",
        "PEM file with a client certificate, for every check over TLS whose server asks for one; needs `tlskey`.";
    Tlskey "tlskey" Both MaybeQuoted, "", BEYOND, "invalid tlskey",
        "PEM file with the private key of `tlscert`, without a passphrase; may be the same file.";
    Tokenfile "tokenfile" Virtual MaybeQuoted, "", BEYOND, "invalid tokenfile",
        "A file with the bearer token of kube checks, read again for each check.";
    Starttls "starttls" Virtual YesNo, "no", BEYOND, "starttls must be 'yes' or 'no'",
        "smtp, submission, pop, imap, nntp and ldap checks begin in clear text, start TLS before anything else and go on in it; a server that refuses is down.";
    Tls "tls" Both YesNo, "no", BEYOND, "tls must be 'yes' or 'no'",
        "smtp, submission, ftp, nntp, redis, memcached, mqtt, sip, simpletcp and grpc checks begin with TLS, as servers on ports such as 465 and 6380 want it; other services have words of their own (https, imaps, pops, ldaps, sips, kube).";
    Login "login" Virtual Quoted, "", ORIGINAL, "invalid login string",
        "The user of a check (pop, imap, nntp, ftp, redis, ldap, mysql, pgsql, oracle, radius, mqtt, sip, sips); ftp: `anonymous`, sip and sips: `ldirectord@HOSTNAME` where none is given.";
    Passwd "passwd" Virtual Quoted, "", ORIGINAL, "invalid password",
        "The password of a check; ftp: `ldirectord@HOSTNAME` where none is given.";
    Database "database" Virtual Quoted, "", ORIGINAL, "invalid database",
        "The database of mysql, pgsql and oracle checks.";
    Secret "secret" Virtual Quoted, "", ORIGINAL, "invalid secret",
        "The shared secret of radius checks.";
    Load "load" Virtual Pattern, "", ORIGINAL, "invalid string for load testing",
        "Accepted, without effect.";
    Checktimeout "checktimeout" Both Positive, "5", ORIGINAL, "invalid check timeout value|invalid check timeout",
        "Seconds for a connect, ping, external, external-perl or mon check.";
    Negotiatetimeout "negotiatetimeout" Both Positive, "30", ORIGINAL, "invalid negotiate timeout value|invalid negotiate timeout",
        "Seconds for the whole of a negotiate check.";
    Checkinterval "checkinterval" Both Positive, "10", ORIGINAL, "invalid check interval value|invalid checkinterval",
        "Seconds between the starts of two checks of one real server.";
    Checkcount "checkcount" Both Positive, "1", ORIGINAL, "invalid check count value|invalid check count",
        "Echo requests of a ping check at most.";
    Failurecount "failurecount" Both Positive, "1", ORIGINAL, "invalid failure count value|invalid failure count",
        "Failures in a row that take a real server down.";
    Quiescent "quiescent" Both YesNo, "no", ORIGINAL, "quiescent must be 'yes' or 'no'",
        "A failed real server gets weight 0 and keeps its connections (yes), or is removed (no).";
    Readdquiescent "readdquiescent" Global YesNo, "no", ORIGINAL, "readdquiescent must be 'yes' or 'no'",
        "A quiesced real server that somebody removed is put back with weight 0.";
    Cleanstop "cleanstop" Both YesNo, "yes", ORIGINAL, "cleanstop must be 'yes' or 'no'",
        "At the end the virtual services are removed from the kernel (yes), or left as they are (no).";
    Scheduler "scheduler" Virtual Scheduler, "wrr", ORIGINAL, "invalid scheduler, should be only lowercase letters (a-z)",
        "The kernel's scheduler: rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos.";
    Schedflags "schedflags" Virtual Flags, "", ORIGINAL, "invalid sched-flags",
        "Flags of the scheduler: sh-port, sh-fallback, mh-port, mh-fallback, flag-1, flag-2, flag-3.";
    Persistent "persistent" Virtual Number, "", ORIGINAL, "invalid persistent timeout",
        "Seconds for which a client stays with its real server.";
    Netmask "netmask" Virtual Netmask, "", ORIGINAL, "invalid netmask: dotted quad notation is required",
        "Clients of one network count as one client; needs `persistent`. IPv4: dotted quad, IPv6: prefix length.";
    Persistenceengine "persistenceengine" Virtual Word(&["sip"]), "", BEYOND, "persistenceengine must be sip",
        "Persistence by the SIP Call-ID instead of the client's address; udp, needs `persistent`.";
    Protocol "protocol" Virtual Word(PROTOCOLS), "", ORIGINAL, "invalid protocol",
        "tcp (default), udp (default for port 53), sctp; fwm for marks.";
    Ops "ops" Virtual YesNo, "no", ORIGINAL, "ops must be 'yes' or 'no'",
        "One-packet scheduling: every datagram by itself; udp only.";
    Tunneltype "tunneltype" Virtual Tunnel, "ipip", BEYOND, "tunneltype must be ipip, gue:PORT or gre",
        "How `ipip` real servers are reached; on a real line, as a word `tunneltype=gue:6080`, for that one.";
    Monitorfile "monitorfile" Virtual MaybeQuoted, "", ORIGINAL, "unable to open monitorfile",
        "Every verdict of this virtual service is appended to this file.";
    Servicename "servicename" Virtual Text, "", ORIGINAL, "",
        "Names the virtual service in mails.";
    Comment "comment" Virtual Text, "", ORIGINAL, "",
        "Text for mails.";
    Emailalert "emailalert" Both Addresses, "", ORIGINAL, "no email address specified",
        "Who gets mail when a real server changes.";
    Emailalertfreq "emailalertfreq" Both Number, "0", ORIGINAL, "invalid email alert frequency",
        "Seconds after which mail about a server that is still down is repeated; 0: never.";
    Emailalertstatus "emailalertstatus" Both Statuses, "all", ORIGINAL, "invalid email alert status at",
        "In which states of the daemon mail is sent: all, none, starting, running, stopping, reloading.";
    Emailalertfrom "emailalertfrom" Global Command, "", ORIGINAL, "no email from address specified",
        "The sender of the mails.";
    Smtp "smtp" Both Smtp, "", ORIGINAL, "invalid SMTP server address",
        "The mail server, host or host:port; unset: the local sendmail.";
    Autoreload "autoreload" Global YesNo, "no", ORIGINAL, "autoreload must be 'yes' or 'no'",
        "A changed configuration file is loaded by itself.";
    Callback "callback" Global Quoted, "", ORIGINAL, "invalid callback",
        "Run by a shell with the path of the configuration file when that has changed.";
    Execute "execute" Global Text, "", ORIGINAL, "",
        "Another configuration, started, stopped and reloaded together with this one.";
    Logfile "logfile" Global Quoted, "/var/log/ldirectord.log", ORIGINAL, "unable to open logfile",
        "A file (begins with a slash), or a syslog facility.";
    Supervised "supervised" Global YesNo, "no", ORIGINAL, "supervised must be 'yes' or 'no'",
        "Stays in the foreground and logs to standard output.";
    Fork "fork" Global YesNo, "no", ORIGINAL, "fork must be 'yes' or 'no'",
        "Accepted, without effect: checks always run concurrently.";
    Maintenancedir "maintenancedir" Global Command, "", ORIGINAL, "maintenance directory not specified",
        "A file here named after a real server takes it out.";
    Externalmax "externalmax" Global Positive, "64", BEYOND, "invalid externalmax",
        "Programs of external, external-perl and mon checks that may run at once.";
    Ipvssysctl "ipvssysctl" Global Word(&["warn", "set", "off"]), "warn", BEYOND, "ipvssysctl must be warn, set or off",
        "Kernel settings that this configuration needs are named in the log, set, or not looked at.";
    Timeout "timeout" Global Gone, "", ORIGINAL, "timeout directive deprecated in favour of checktimeout and negotiatetimeout",
        "Refused: replaced by checktimeout and negotiatetimeout.";
    Connecttimeout "connecttimeout" Both Gone, "", ORIGINAL, "connecttimeout directive deprecated in favour of negotiatetimeout",
        "Refused: replaced by negotiatetimeout.";
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Directive>> =
    LazyLock::new(|| DIRECTIVES.iter().map(|directive| (directive.name, directive)).collect());

/// The directive of this name; names are case-sensitive.
pub fn lookup(name: &str) -> Option<&'static Directive> {
    BY_NAME.get(name).copied()
}

/// The default of a directive as text; empty: unset.
pub fn default_of(key: Key) -> &'static str {
    DIRECTIVES.get(key as usize).map_or("", |directive| directive.default)
}

/// The directive whose name is nearest to a misspelt one, if any is near: at most two edits, letter case apart.
pub fn nearest(name: &str) -> Option<&'static Directive> {
    let name = name.to_ascii_lowercase();
    if name.len() > 40 {
        return None;
    }
    let allowed = if name.len() < 5 { 1 } else { 2 };
    DIRECTIVES
        .iter()
        .map(|directive| (distance(&name, directive.name), directive))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, directive)| directive)
}

/// Levenshtein's distance, two rows.
pub(super) fn distance(left: &str, right: &str) -> usize {
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.bytes().enumerate() {
        let mut corner = row;
        let mut beside = row + 1;
        let mut next = vec![beside];
        for (b, above) in right.bytes().zip(previous.iter().skip(1)) {
            beside = (corner + usize::from(a != b)).min(above + 1).min(beside + 1);
            corner = *above;
            next.push(beside);
        }
        previous = next;
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_indexes_and_names_unique() {
        for (index, directive) in DIRECTIVES.iter().enumerate() {
            assert_eq!(directive.key as usize, index);
            assert!(std::ptr::eq(lookup(directive.name).unwrap(), directive), "{} twice", directive.name);
        }
    }

    #[test]
    fn misspelt_names_find_their_neighbours() {
        for (written, meant) in [
            ("CheckInterval", "checkinterval"),
            ("quiescant", "quiescent"),
            ("recieve", "receive"),
            ("sheduler", "scheduler"),
            ("checktimout", "checktimeout"),
        ] {
            assert_eq!(nearest(written).map(|found| found.name), Some(meant));
        }
        assert!(nearest("bogus").is_none());
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
