//! docs/directives.md, made from the table of directives.

use super::directives::{DIRECTIVES, Directive, Kind, Scope};
use std::fmt::Write as _;

/// The reference page. docs/directives.md must equal it; `UPDATE_DOCS=1 cargo test directives` writes it anew.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Directives\n\n\
         Made from the table in src/config/directives.rs by `UPDATE_DOCS=1 cargo test directives`; do not edit.\n\n\
         A line is `NAME = VALUE`. Names and values are case-sensitive. Global directives begin in column 1; what belongs to a\n\
         virtual service is indented under its `virtual=` line, by four blanks or a tab. A line that begins with `#` is a\n\
         comment, and so is the rest of a line from a `#` outside quotes on (at the top of the file not behind values that are\n\
         taken as they stand). The last of several lines of one directive counts; of those marked *cumulative* every one does.\n\
         A directive that may stand in both places is overridden under `virtual=` for that virtual service.\n",
    );
    for (title, scope) in [
        ("Both at the top of the file and under `virtual=`", Scope::Both),
        ("Only at the top of the file", Scope::Global),
        ("Only under `virtual=`", Scope::Virtual),
    ] {
        let _ = write!(page, "\n## {title}\n\n| directive | value | default | meaning |\n|---|---|---|---|\n");
        for directive in DIRECTIVES.iter().filter(|directive| directive.scope == scope) {
            row(&mut page, directive);
        }
    }
    page.push_str(
        "\nDirectives marked *new* are not known to ldirectord, which refuses a file that holds them.\n\n\
         ## What is said about a bad value\n\n| directive | words |\n|---|---|\n",
    );
    for directive in DIRECTIVES.iter().filter(|directive| !directive.words.is_empty()) {
        let words = match directive.words.split_once('|') {
            Some((top, under)) => format!("{top}; under `virtual=`: {under}"),
            None => directive.words.to_owned(),
        };
        let _ = writeln!(page, "| `{}` | {words} |", directive.name);
    }
    page
}

fn row(page: &mut String, directive: &Directive) {
    let marks = match (directive.beyond, directive.cumulative()) {
        (true, _) => " *new*",
        (_, true) => " *cumulative*",
        _ => "",
    };
    let default = match directive.default {
        "" => String::new(),
        default => format!("`{default}`"),
    };
    let meaning = directive.meaning.replace('|', "\\|");
    let _ = writeln!(page, "| `{}`{marks} | {} | {default} | {meaning} |", directive.name, value(directive.kind));
}

/// The kind of a value in words.
fn value(kind: Kind) -> String {
    match kind {
        Kind::YesNo => "yes, no".to_owned(),
        Kind::Positive => "number from 1".to_owned(),
        Kind::Number => "number from 0".to_owned(),
        Kind::Port => "port, 1 to 65535".to_owned(),
        Kind::Quoted | Kind::Pattern => "text in double quotes".to_owned(),
        Kind::MaybeQuoted => "text, with or without double quotes".to_owned(),
        Kind::Text => "text as it stands, may be empty".to_owned(),
        Kind::Command => "text as it stands".to_owned(),
        Kind::Word(words) => words.join(", "),
        Kind::Scheduler => "word of lower-case letters".to_owned(),
        Kind::Flags => "names, comma between them".to_owned(),
        Kind::Netmask => "dotted quad, or prefix length 1 to 128".to_owned(),
        Kind::CheckType => "negotiate, connect, ping, external, external-perl, mon, on, off, or a number".to_owned(),
        Kind::Tunnel => "ipip, gue:PORT, gre".to_owned(),
        Kind::Addresses => "mail addresses, comma between them".to_owned(),
        Kind::Statuses => "all, none, starting, running, stopping, reloading; comma between them".to_owned(),
        Kind::Smtp => "host, or host:port".to_owned(),
        Kind::Opening | Kind::Real | Kind::Fallback => "see meaning".to_owned(),
        Kind::Gone => "refused".to_owned(),
    }
}
