//! Small configurations with the verdict that ldirectord 4.12 gives on them and ours. Where the two differ the row says
//! why, so that this table is also the list of differences.

mod config_support;

use config_support::{found, load};
use ldirectord::config::Severity;

enum Verdict {
    /// Both load it.
    Both,
    /// Both load it, with a warning of ours that holds these words.
    Warned(&'static str),
    /// Both refuse it; ours says these words (ldirectord's own, where it has them).
    Neither(&'static str),
    /// Only we load it: why.
    Ours(&'static str),
    /// Only ldirectord loads it: our words, why.
    Theirs(&'static str, &'static str),
}
use Verdict::{Both, Neither, Ours, Theirs, Warned};

const SERVICE: &str = "service must be dns, ftp, http, https, http_proxy, imap, imaps, ldap, ldaps, mysql, nntp, none, oracle, pop, pops, radius, pgsql, simpletcp, sip, smtp or submission";
const TYPE: &str = "checktype must be \"connect\", \"negotiate\", \"on\", \"off\", \"ping\", \"external\", \"external-perl\" or a positive number";
const COMMENT: &str = "a comment behind yes or no, a list or a fallback server is accepted, with a note";
const BLANKS: &str = "trailing blanks are accepted, with a note";
const LAST: &str = "a virtual service on the last line is no duplicate of itself";
const NAME: &str = "a name that does not resolve is a warning: the others run";

/// Globals: the lines as they are.
const GLOBALS: &[(&str, Verdict)] = &[
    ("frobnicate=1", Neither("Unknown command frobnicate=1")),
    ("checktimeout=0", Neither("invalid check timeout value")),
    ("checktimeout=soon", Neither("invalid check timeout value")),
    ("checktimeout=\"8\"", Both),
    ("checkinterval=0", Neither("invalid check interval value")),
    ("checkinterval=", Neither("invalid check interval value")),
    ("CheckInterval=4", Neither("Unknown command CheckInterval=4")),
    ("autoreload=yes # always", Ours(COMMENT)),
    ("autoreload=yes ", Ours(BLANKS)),
    ("autoreload=YES", Neither("autoreload must be 'yes' or 'no'")),
    ("autoreload=yes\r\n", Ours("line ends of other systems are accepted, with a note")),
    ("checkinterval=4 # seconds", Both),
    ("quiescent=perhaps", Neither("quiescent must be 'yes' or 'no'")),
    ("timeout=4", Neither("timeout directive deprecated in favour of checktimeout and negotiatetimeout")),
    ("connecttimeout=4", Neither("connecttimeout directive deprecated in favour of negotiatetimeout")),
    ("checkcount=4", Warned("checkcount option is deprecated and slated for removal.  please see 'failurecount'")),
    ("supervised", Warned("please update your config not to use a bare supervised directive")),
    ("supervised=perhaps", Neither("supervised must be 'yes' or 'no'")),
    ("supervised=yes", Both),
    ("logfile=\"/missing/dir/log\"", Neither("unable to open logfile: /missing/dir/log")),
    ("logfile=/srv/log", Neither("Unknown command \"logfile=/srv/log\"")),
    ("emailalert=", Neither("no email address specified")),
    ("emailalert=\"\"", Neither("no email address specified")),
    ("emailalertfreq=often", Neither("invalid email alert frequency")),
    ("emailalertstatus=all,none", Neither("invalid email alert status: \"all\" specified with \"none\"")),
    ("emailalertstatus=dreaming", Neither("invalid email alert status at: \"dreaming\"")),
    ("emailalertfrom=", Neither("no email from address specified")),
    ("smtp=\"192.0.2.25\"", Neither("invalid SMTP server address")),
    ("maintenancedir=/nowhere", Warned("maintenance directory does not exist")),
    ("maintenancedir=", Neither("maintenance directory not specified")),
    ("callback=\"\"", Both),
    ("fork=on", Neither("fork must be 'yes' or 'no'")),
    ("cleanstop=on", Neither("cleanstop must be 'yes' or 'no'")),
    ("fallback=nobody.invalid:80", Ours(NAME)),
    ("fallback=127.0.0.1:80 route", Neither("forward method must be gate, masq or ipip")),
    ("fallback=127.0.0.1:nothing", Neither("invalid port for fallback server")),
    ("fallback=127.0.0.1:80 gate # sorry", Ours(COMMENT)),
    ("fallback6=127.0.0.1:80", Neither("invalid IPv6 address or could not resolve for fallback server: 127.0.0.1")),
    ("fallback6=[::1]:80", Both),
    ("callback=/srv/told", Neither("Unknown command \"callback=/srv/told\"")),
    (" checkinterval=4", Neither("Unknown command checkinterval=4")),
    ("\tcheckinterval=4", Neither("Unknown command checkinterval=4")),
    ("checkinterval = 4\nnegotiatetimeout  =  6", Both),
    ("virtual=192.0.2.100:80", Ours(LAST)),
    ("virtual=192.0.2.100", Neither("invalid address for virtual server")),
    ("virtual=192.0.2.100:", Neither("invalid address for virtual server")),
    ("virtual=300.0.2.100:80", Neither("invalid address for virtual service")),
    ("virtual=nobody.invalid:80", Neither("invalid address for virtual service")),
    ("virtual=192.0.2.100:nothing", Neither("invalid address for virtual service")),
    ("virtual=192.0.2.100:66000", Neither("invalid address for virtual service")),
    ("virtual=[2001:db8::100]:80", Neither("cannot specify an IPv6 address here. please use \"virtual6\" instead.")),
    ("virtual6=[2001:db8::100]", Neither("invalid address for virtual server")),
    ("virtual6=[2001:db8::xy]:80", Neither("invalid ipv6 address for virtual server")),
    ("virtual6=[2001::db8::1]:80", Neither("invalid ipv6 address for virtual server")),
    ("virtual6=192.0.2.100:80", Neither("invalid address for virtual service")),
    ("virtual=0", Neither("invalid address for virtual server")),
    ("virtual=web", Neither("invalid address for virtual server")),
    ("virtual=", Neither("invalid address for virtual server")),
    (
        "virtual=192.0.2.100:80\n  real=192.0.2.1:80 masq",
        Ours("any indentation continues a virtual service, with a note"),
    ),
    ("virtual=192.0.2.100:80\n    real=192.0.2.1:80 masq", Both),
    (
        "virtual=192.0.2.100:80\n \n    real=192.0.2.1:80 masq",
        Ours("an empty line before an indented one does not end a virtual service; it gets a note"),
    ),
    ("virtual=192.0.2.100:80\n    # one\n\t# two\n# three\n    real=192.0.2.1:80 masq # four", Both),
    (
        "virtual=192.0.2.100:80\n\treal=192.0.2.1:80 masq\n     \n\tservice=http",
        Ours("blanks alone are an empty line, however many"),
    ),
    ("virtual=192.0.2.100:80\n\treal=192.0.2.1:80 masq\n\t", Both),
    ("virtual=192.0.2.100:http\nvirtual=192.0.2.100:80", Neither("duplicate virtual server")),
    ("virtual=7\nvirtual6=7", Ours(LAST)),
    ("virtual=192.0.2.100:80\n\tprotocol=udp\nvirtual=192.0.2.100:80\n\tprotocol=tcp", Both),
    (
        "virtual=192.0.2.100:80\n\treal=192.0.2.1:80 gate\nvirtual=192.0.2.100:80\n\treal=192.0.2.1:80 gate",
        Neither("duplicate virtual server"),
    ),
    (
        "virtual=192.0.2.100:80\n\treal=192.0.2.1:80 gate\ncheckinterval=7\n\tservice=http",
        Neither("Unknown command service=http"),
    ),
    ("", Both),
    (
        "virtual=192.0.2.100:80   and more\n\treal=192.0.2.1:80 gate",
        Warned("what follows the virtual address is ignored"),
    ),
    ("checkinterval=4\nvirtual=192.0.2.100:80", Ours(LAST)),
    ("fork=yes\nvirtual=192.0.2.100:80\n\tcheckinterval=4", Both),
    ("emailalert=root@example.org\nemailalertstatus=none", Both),
    ("execute=\"other.cf\"", Both),
    ("negotiatetimeout=-4", Warned("negotiatetimeout=-4 is read as 4")),
    ("fallbackcommand=", Neither("invalid fallback command")),
    ("readdquiescent=1", Neither("readdquiescent must be 'yes' or 'no'")),
];

/// Lines of a virtual service on 192.0.2.100:80.
const BLOCKS: &[(&str, Verdict)] = &[
    ("real=192.0.2.1:80", Neither("invalid address for real server (wrong format)")),
    ("real=192.0.2.1:80 route", Neither("forward method must be gate, masq or ipip")),
    ("real=192.0.2.1:80 gate heavy", Neither("Invalid real server line, around \"heavy\"")),
    ("real=192.0.2.1:80 gate -1", Neither("Invalid real server line, around \"-1\"")),
    ("real=192.0.2.1:80 gate 5 \"ask\"", Neither("Invalid real server line, around \"\"ask\"\"")),
    ("real=192.0.2.1:80 gate 5 \"ask\" \"answer\"", Both),
    (
        "real=192.0.2.1:80 gate \"ask\" , \"answer\"",
        Neither("Invalid real server line, around \"\"ask\" , \"answer\"\""),
    ),
    ("real=192.0.2.1:80 gate \"ask 5 x\", \"answer\"", Ours("a number in the request is not the weight")),
    ("real=192.0.2.1:80 gate u:5 l:3", Both),
    ("real=192.0.2.1:80 gate l:3 u:5", Both),
    ("real=192.0.2.1:80 gate 2 l:3", Both),
    ("real=192.0.2.1:99999 gate", Neither("invalid port (99999) for real server (could not resolve port)")),
    ("real=192.0.2.1:nothing gate", Neither("invalid port (nothing) for real server (could not resolve port)")),
    ("real=192.0.2.1:http gate", Both),
    ("real=nobody.invalid:80 gate", Ours(NAME)),
    ("real=my_web:80 gate", Both),
    (
        "real=192.0.2.3->192.0.2.1:80 gate",
        Neither("Invalid Range: 192.0.2.3-192.0.2.1: First value must be greater than or equal to the second value"),
    ),
    ("real6=[::1]:80 gate", Neither("cannot specify \"real6\" here.  please use \"real\" instead")),
    ("netmask=24", Neither("invalid netmask: dotted quad notation is required")),
    ("netmask=255.255.255.0 ", Ours(BLANKS)),
    ("checkport=0", Neither("checkport must be in range 1..65536")),
    ("checkport=http", Neither("invalid port")),
    ("checkport=66000", Neither("checkport must be in range 1..65536")),
    ("checktype=look", Neither(TYPE)),
    ("checktype=negotiate4", Warned("checktype=negotiate4 is read as 4")),
    ("checktype=0", Warned("checktype=0 makes every check a negotiate")),
    ("service=telnet", Neither(SERVICE)),
    ("service=HTTP", Neither(SERVICE)),
    ("protocol=sctp", Ours("the kernel balances sctp")),
    ("protocol=fwm", Neither("protocol must be tcp or udp if the virtual service is an address and port")),
    ("scheduler=RR", Neither("invalid scheduler, should be only lowercase letters (a-z)")),
    ("ops=perhaps", Neither("ops must be 'yes' or 'no'")),
    ("httpmethod=POST", Neither("httpmethod must be GET or HEAD")),
    ("httpmethod=head", Both),
    ("request=page.html", Neither("Unknown command \"request=page.html\"")),
    ("request=\"\"", Neither("no request string specified")),
    ("receive=\"\"", Neither("invalid receive string")),
    ("passwd=\"a#b\"", Ours("a # between quotes is text")),
    ("login=\"\"", Neither("invalid login string")),
    ("persistent=long", Neither("invalid persistent timeout")),
    ("checkinterval=4", Both),
    ("checkinterval=0", Neither("invalid checkinterval")),
    ("failurecount=0", Neither("invalid failure count")),
    ("checkcount=4", Warned("checkcount option is deprecated and slated for removal.  please see 'failurecount'")),
    ("monitorfile=/missing/x", Neither("unable to open monitorfile /missing/x: No such file or directory")),
    ("quiescent=yes  # c", Ours(COMMENT)),
    ("smtp=mail\n\tservicename=\n\tcomment=\n\tload=\"x\"\n\tschedflags=sh-port", Both),
    ("readdquiescent=yes", Neither("Unknown command \"readdquiescent=yes\"")),
    ("autoreload=yes", Neither("Unknown command \"autoreload=yes\"")),
    (
        "fallback=",
        Theirs(
            "could not resolve for fallback server",
            "an empty fallback means 127.0.0.1 to ldirectord and nothing to a reader",
        ),
    ),
    ("fallback=192.0.2.9:80 bad", Neither("forward method must be gate, masq or ipip")),
    ("virtualhost=", Both),
    ("secret=x", Neither("Unknown command \"secret=***\"")),
    ("word", Neither("Unknown command \"word\"")),
    ("real=192.0.2.1:80 gate\n\treal=192.0.2.1:80 gate", Warned("is the same destination as line 2; this line counts")),
    ("emailalertstatus=starting , running", Both),
    // Beyond the transcript: what ldirectord misreads without a word.
    ("real=192.0.2.1::80 gate", Theirs("invalid address for real server (wrong format)", "it reads host 80, port 0")),
    ("real=192.0.2.1:80 gate l:3 7", Both),
    ("real=80 gate", Theirs("invalid address (80)", "it reads 0.0.0.80")),
    ("scheduler=Wrr-x", Theirs("invalid scheduler", "it reads rr")),
    ("real=192.0.2.1:80 gate 65536", Theirs("weight 65536 is too large", "the kernel refuses it later")),
    ("schedflags=sh-prot", Theirs("invalid sched-flags", "ipvsadm refuses it later")),
    ("receive=\"OK #1\"", Ours("a # between quotes is text")),
];

/// Lines of other openings.
const OTHERS: &[(&str, Verdict)] = &[
    (
        "virtual6=[2001:db8::100]:80\n\treal=192.0.2.1:80 gate\n",
        Neither("cannot specify \"real\" here.  please use \"real6\" instead"),
    ),
    (
        "virtual6=[2001:db8::100]:80\n\treal6=[2001:db8::2]->[2001:db8::4]:80 gate\n",
        Neither("Address range for IPv6 is not supported yet"),
    ),
    (
        "virtual6=[2001:db8::100]:80\n\tfallback=192.0.2.9:80 gate\n",
        Neither("cannot specify \"fallback\" here.  please use \"fallback6\" instead"),
    ),
    (
        "virtual6=[2001:db8::100]:80\n\tnetmask=255.255.255.0\n",
        Neither("invalid netmask: a prefix length between 1 and 128 is required"),
    ),
    ("virtual=7\n\tprotocol=tcp\n", Neither("protocol must be fwm if the virtual service is a fwmark (a number)")),
    ("virtual=7\n\tprotocol=fwm\n\tservice=http\n", Both),
    ("virtual=192.0.2.100\n\n", Theirs("invalid address for virtual server", "it reads the firewall mark 192")),
    ("virtual=192.0.2.100 :80\n\n", Theirs("invalid address for virtual server", "it reads the firewall mark 192")),
    ("virtual=5abc\n\n", Theirs("invalid address for virtual server", "it reads the firewall mark 5")),
    ("virtual=0\n\n", Theirs("invalid address for virtual server", "the kernel takes mark 0 for no mark")),
];

#[test]
fn every_verdict_is_the_decided_one() {
    let blocks = BLOCKS.iter().map(|(lines, verdict)| (format!("virtual=192.0.2.100:80\n\t{lines}\n"), verdict));
    let rows = GLOBALS.iter().chain(OTHERS).map(|(text, verdict)| ((*text).to_owned(), verdict)).chain(blocks);
    let mut wrong = Vec::new();
    for (text, verdict) in rows {
        let (config, all) = load(&text);
        let errors = found(&all, Severity::Error);
        let warnings = found(&all, Severity::Warning);
        let fits = match verdict {
            Both => config.is_some(),
            Ours(why) => config.is_some() && !why.is_empty(),
            Warned(words) => config.is_some() && warnings.iter().any(|warning| warning.contains(words)),
            Neither(words) => config.is_none() && errors.len() == 1 && errors[0].contains(words),
            Theirs(words, why) => config.is_none() && !why.is_empty() && errors.len() == 1 && errors[0].contains(words),
        };
        if !fits {
            wrong.push(format!("{text:?}: loads {}\n  {errors:?}\n  {warnings:?}", config.is_some()));
        }
        for finding in &all {
            assert!(
                finding.severity != Severity::Error || finding.help.is_some() || text.contains("monitorfile"),
                "{text:?}: {finding:?}"
            );
        }
    }
    assert!(wrong.is_empty(), "{} rows\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn leniencies_are_noted() {
    for (text, words) in [
        ("autoreload=yes # always", "a comment behind the value of autoreload"),
        ("autoreload=yes ", "a blank behind the value of autoreload"),
        ("autoreload=yes\r\n", "the lines end in CR LF"),
        ("\u{FEFF}autoreload=yes", "byte order mark"),
        ("virtual=7\n  service=http\n", "indented by less than four blanks"),
        ("virtual=7\n\tservice=http\n\n\tscheduler=rr\n", "an empty line inside a virtual service"),
        ("virtual=7\n\tpasswd=\"a#b\"\n", "a # between quotes is text here"),
        ("virtual=7\n\treceive=\"a\tb\"\n", "a tab between quotes stays a tab"),
        ("fallback=127.0.0.1:80 # c", "a comment behind the value of fallback"),
    ] {
        let (config, all) = load(text);
        assert!(config.is_some(), "{text:?}: {all:?}");
        let notes = found(&all, Severity::Note);
        assert!(notes.iter().any(|note| note.contains(words)), "{text:?}: {notes:?}");
        let help = all.iter().find(|found| found.severity == Severity::Note).and_then(|found| found.help.as_deref());
        assert!(help.is_some_and(|help| help.contains("Perl program") || help.contains("Unix")), "{help:?}");
    }
}
