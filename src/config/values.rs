//! Values: where a trailing comment begins, and what the kinds of the table accept.

use super::directives::{Directive, Key, Kind};
use super::model::{AlertStatus, CheckKind};
use super::real_line;
use crate::ipvs::{ServiceFlags, Tunnel};

/// A judged value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// yes, no
    Flag(bool),
    /// A number.
    Number(u32),
    /// Text, quotes removed.
    Text(String),
    /// A word of the directive's list.
    Word(&'static str),
    /// `checktype`
    Check(CheckKind),
    /// Scheduler flags.
    Flags(u32),
    /// `tunneltype`
    Tunnel(Tunnel),
    /// Mail addresses.
    Addresses(Vec<String>),
    /// `emailalertstatus`
    Statuses(AlertStatus),
}

/// Why a value is refused: words (the directive's own where empty) and what to write instead.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) words: String,
    pub(super) help: String,
}

/// An accepted value, perhaps with a warning: (what is odd, what to write).
pub(super) type Judged = Result<(Value, Option<(String, String)>), Refusal>;

fn refuse(help: impl Into<String>) -> Judged {
    Err(Refusal { words: String::new(), help: help.into() })
}

/// Byte offset at which a trailing comment begins. A `#` between quotes is text. After an odd number of quotes it is
/// between quotes when another one follows, unless a quote that can only be a closing one stands before it (`"a"b" # c`).
pub(super) fn comment_start(value: &str) -> Option<usize> {
    if !value.contains('#') {
        return None;
    }
    let last_quote = value.rfind('"').unwrap_or(0);
    let mut quotes = 0usize;
    for (offset, character) in value.char_indices() {
        match character {
            '"' => quotes += 1,
            '#' if quotes.is_multiple_of(2) || last_quote < offset || closed(value.get(..offset).unwrap_or("")) => {
                return Some(offset);
            }
            _ => {}
        }
    }
    None
}

/// Whether text ends in a closing quote and blanks: a quote with something other than a blank or a comma before it.
fn closed(before: &str) -> bool {
    let trimmed = before.trim_end();
    let Some(inner) = trimmed.strip_suffix('"') else { return false };
    trimmed.len() < before.len() && !inner.is_empty() && !inner.ends_with([' ', '\t', ','])
}

/// Whether a directive's value is taken as it stands, `#` included, at the top of the file.
pub(super) fn verbatim(directive: &Directive, value: &str) -> bool {
    match directive.kind {
        Kind::Text | Kind::Command => !value.starts_with('"'),
        Kind::MaybeQuoted => directive.key == Key::Fallbackcommand && !value.starts_with('"'),
        _ => false,
    }
}

/// Text in quotes, from the first quote (which must be the first character) to the last one.
pub(super) fn quoted(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('"')?;
    inner.get(..inner.rfind('"')?)
}

/// Judges a value (blanks and comment already removed) by its directive's kind. Values of openings, real and fallback
/// servers and netmasks are judged elsewhere.
pub(super) fn judge(directive: &Directive, value: &str) -> Judged {
    let text = |text: &str| Ok((Value::Text(text.to_owned()), None));
    match directive.kind {
        Kind::YesNo => yes_no(directive, value),
        Kind::Positive => number(directive, value, 1),
        Kind::Number => number(directive, value, 0),
        Kind::Port => port(value),
        Kind::Quoted | Kind::Pattern => match quoted(value) {
            Some("") if directive.key == Key::Callback => text(""),
            Some("") => refuse(format!("write something between the quotes, or leave {} out", directive.name)),
            Some(inner) if directive.kind == Kind::Quoted || inner.contains(is_word) => text(inner),
            Some(_) => refuse("write at least one letter or digit between the quotes"),
            None => {
                let shown = super::reader::shown_value(directive, value);
                Err(Refusal {
                    words: format!(
                        "Unknown command \"{}={shown}\": the value must stand in double quotes",
                        directive.name
                    ),
                    help: format!("write {}=\"{}\"", directive.name, shown.trim_matches('"')),
                })
            }
        },
        Kind::MaybeQuoted if value.is_empty() && directive.key != Key::Virtualhost => {
            refuse(format!("write a value after {}=, or leave it out", directive.name))
        }
        Kind::MaybeQuoted => text(quoted(value).unwrap_or(value.trim_end())),
        Kind::Command if value.is_empty() || value == "\"\"" => {
            refuse(format!("write a value after {}=, or leave it out", directive.name))
        }
        // Quotes around the whole of it are no part of a directory's or a sender's name.
        Kind::Command => text(quoted(value).filter(|_| value.ends_with('"')).unwrap_or(value)),
        Kind::Text => text(value),
        Kind::Word(words) => word(directive, words, value),
        Kind::Scheduler => scheduler(value),
        Kind::Flags => flags(value),
        Kind::CheckType => check_type(value),
        Kind::Tunnel => match real_line::tunnel(value.trim_matches('"')) {
            Some(tunnel) => Ok((Value::Tunnel(tunnel), None)),
            None => refuse("write tunneltype=ipip, tunneltype=gue:6080 or tunneltype=gre"),
        },
        Kind::Addresses => addresses(value),
        Kind::Statuses => statuses(value),
        Kind::Smtp => smtp(value),
        Kind::Netmask | Kind::Opening | Kind::Real | Kind::Fallback | Kind::Gone => refuse(""),
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn yes_no(directive: &Directive, value: &str) -> Judged {
    match value {
        "yes" => Ok((Value::Flag(true), None)),
        "no" => Ok((Value::Flag(false), None)),
        _ => {
            let meant = match value.trim_matches(['"', '\'']).to_ascii_lowercase().as_str() {
                "yes" | "on" | "true" | "1" => "yes",
                "no" | "off" | "false" | "0" => "no",
                _ => return refuse(format!("write {0}=yes or {0}=no", directive.name)),
            };
            refuse(format!("write {}={meant}", directive.name))
        }
    }
}

/// The first run of digits, as ldirectord takes it; anything else in the value gets a warning.
fn number(directive: &Directive, value: &str, least: u32) -> Judged {
    let digits: &str =
        value.split(|character: char| !character.is_ascii_digit()).find(|run| !run.is_empty()).unwrap_or("");
    let name = directive.name;
    if digits.is_empty() {
        return refuse(format!("write a whole number: {name}={}", default_number(directive)));
    }
    let Ok(number) = digits.parse::<u32>() else {
        return refuse(format!("{digits} is too large; the largest number is {}", u32::MAX));
    };
    if number < least {
        return refuse(format!("write a number of at least {least}: {name}={}", default_number(directive)));
    }
    if directive.key == Key::Emailalertfreq && !value.trim_start_matches('"').starts_with(digits) {
        return refuse(format!("write {name}={number}"));
    }
    let odd = (value.trim_matches('"') != digits)
        .then(|| (format!("{name}={value} is read as {number}"), format!("write {name}={number}")));
    Ok((Value::Number(number), odd))
}

fn default_number(directive: &Directive) -> &'static str {
    if directive.default.is_empty() { "600" } else { directive.default }
}

fn port(value: &str) -> Judged {
    let digits: &str =
        value.split(|character: char| !character.is_ascii_digit()).find(|run| !run.is_empty()).unwrap_or("");
    if digits.is_empty() {
        return refuse("write the number of a port: checkport=80");
    }
    match digits.parse::<u16>() {
        Ok(number) if number > 0 => {
            let odd = (value.trim_matches('"') != digits)
                .then(|| (format!("checkport={value} is read as {number}"), format!("write checkport={number}")));
            Ok((Value::Number(number.into()), odd))
        }
        _ => Err(Refusal {
            words: "checkport must be in range 1..65536".to_owned(),
            help: "write a number from 1 to 65535".to_owned(),
        }),
    }
}

/// The first word of the value, one of `words`; what follows it is ignored, with a warning.
fn word(directive: &Directive, words: &'static [&'static str], value: &str) -> Judged {
    let first = value
        .split(|character: char| !(is_word(character) || character == '-'))
        .find(|run| !run.is_empty())
        .unwrap_or("");
    let name = directive.name;
    let exact = words
        .iter()
        .find(|word| **word == first || directive.key == Key::Httpmethod && word.eq_ignore_ascii_case(first));
    let Some(found) = exact else {
        let lower = first.to_ascii_lowercase();
        let near = words.iter().map(|word| (super::directives::distance(&lower, word), word)).min();
        return refuse(match near {
            Some((distance, word)) if !first.is_empty() && distance <= 1 => format!("write {name}={word}"),
            _ => format!("write one of {}", words.join(", ")),
        });
    };
    let odd = (value.trim_matches('"') != first)
        .then(|| (format!("{name}={value} is read as {found}"), format!("write {name}={found}")));
    Ok((Value::Word(found), odd))
}

fn scheduler(value: &str) -> Judged {
    let (first, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    let first = first.trim_matches('"');
    if first.is_empty() || !first.bytes().all(|byte| byte.is_ascii_lowercase()) {
        let lower: String = first.chars().filter(char::is_ascii_alphabetic).collect();
        return refuse(match lower.to_ascii_lowercase() {
            lower if lower.is_empty() => "write a scheduler: scheduler=wrr".to_owned(),
            lower => format!("write scheduler={lower}"),
        });
    }
    let odd = (!rest.trim().is_empty())
        .then(|| (format!("scheduler={value} is read as {first}"), format!("write scheduler={first}")));
    Ok((Value::Text(first.to_owned()), odd))
}

fn flags(value: &str) -> Judged {
    let mut bits = 0;
    for name in value.trim_matches('"').split([',', ' ', '\t']).filter(|name| !name.is_empty()) {
        bits |= match name {
            "sh-fallback" | "mh-fallback" | "flag-1" => ServiceFlags::SCHEDULER_1,
            "sh-port" | "mh-port" | "flag-2" => ServiceFlags::SCHEDULER_2,
            "flag-3" => ServiceFlags::SCHEDULER_3,
            _ => {
                return Err(Refusal {
                    words: format!("invalid sched-flags: {name}"),
                    help: "write sh-port, sh-fallback, mh-port, mh-fallback, flag-1, flag-2 or flag-3, a comma between them"
                        .to_owned(),
                });
            }
        };
    }
    if bits == 0 {
        return refuse("write a flag: schedflags=sh-port");
    }
    Ok((Value::Flags(bits), None))
}

/// A number anywhere means combined; else the first word must be a check type.
fn check_type(value: &str) -> Judged {
    let plain = value.trim_matches('"');
    let digits: &str =
        plain.split(|character: char| !character.is_ascii_digit()).find(|run| !run.is_empty()).unwrap_or("");
    if !digits.is_empty() {
        let Ok(count) = digits.parse::<u32>() else {
            return refuse("write the number of connects between two negotiates: checktype=5");
        };
        let odd = if plain != digits {
            Some((
                format!("checktype={value} is read as {count}: one negotiate, then {count} connects"),
                format!("write checktype={count}, or a check type without a number"),
            ))
        } else if count == 0 {
            Some(("checktype=0 makes every check a negotiate".to_owned(), "write checktype=negotiate".to_owned()))
        } else {
            None
        };
        return Ok((Value::Check(CheckKind::Combined(count)), odd));
    }
    let first = plain.split(|character: char| !(is_word(character) || character == '-')).find(|run| !run.is_empty());
    let kind = match first.unwrap_or("") {
        "negotiate" => CheckKind::Negotiate,
        "connect" => CheckKind::Connect,
        "ping" => CheckKind::Ping,
        "external" => CheckKind::External,
        "external-perl" => CheckKind::ExternalPerl,
        "mon" => CheckKind::Mon,
        "on" => CheckKind::On,
        "off" => CheckKind::Off,
        _ => return refuse("write checktype=negotiate, or checktype=connect"),
    };
    let odd = (first != Some(plain)).then(|| {
        let first = first.unwrap_or("");
        (format!("checktype={value} is read as {first}"), format!("write checktype={first}"))
    });
    Ok((Value::Check(kind), odd))
}

fn addresses(value: &str) -> Judged {
    let plain = match quoted(value) {
        Some(inner) if value.ends_with('"') => inner,
        _ => value,
    };
    let list: Vec<String> =
        plain.split([',', ';', ' ', '\t']).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if list.is_empty() {
        return refuse("write a mail address, or leave emailalert out");
    }
    let odd = list.iter().find(|address| address.contains(['"', '<', '>']) || address.matches('@').count() > 1).map(
        |address| {
            (format!("{address} does not look like a mail address"), "write emailalert=admin@example.org".to_owned())
        },
    );
    Ok((Value::Addresses(list), odd))
}

fn statuses(value: &str) -> Judged {
    let mut status = AlertStatus { starting: false, running: false, stopping: false, reloading: false };
    let (mut none, mut other) = (false, None);
    for word in value.trim_matches('"').split(',').map(str::trim) {
        match word {
            "all" => status = AlertStatus::default(),
            "none" => none = true,
            "starting" => status.starting = true,
            "running" => status.running = true,
            "stopping" => status.stopping = true,
            "reloading" => status.reloading = true,
            _ => {
                return Err(Refusal {
                    words: format!("invalid email alert status at: \"{word}\""),
                    help: "write all, none, starting, running, stopping or reloading, a comma between them".to_owned(),
                });
            }
        }
        if word != "none" {
            other = Some(word);
        }
    }
    match other {
        Some(other) if none => Err(Refusal {
            words: format!("invalid email alert status: \"{other}\" specified with \"none\""),
            help: "write none alone, or leave it out".to_owned(),
        }),
        _ => Ok((Value::Statuses(status), None)),
    }
}

fn smtp(value: &str) -> Judged {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "._+-:[]".contains(character);
    let (first, rest) = value.split_at(value.find(|character| !allowed(character)).unwrap_or(value.len()));
    if first.is_empty() {
        return refuse(format!("write the host without quotes: smtp={}", value.trim_matches('"')));
    }
    if !rest.trim().is_empty() {
        return Ok((
            Value::Text(first.to_owned()),
            Some((format!("smtp={value} is read as {first}"), format!("write smtp={first}"))),
        ));
    }
    Ok((Value::Text(first.to_owned()), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directives::lookup;

    fn accepted(name: &str, value: &str) -> (Value, bool) {
        let (value, odd) = judge(lookup(name).unwrap(), value).unwrap();
        (value, odd.is_some())
    }
    fn refused(name: &str, value: &str) -> Refusal {
        judge(lookup(name).unwrap(), value).unwrap_err()
    }

    #[test]
    fn comments_begin_outside_quotes() {
        for (value, kept) in [
            ("yes # c", "yes "),
            ("\"a#b\"", "\"a#b\""),
            ("\"a#b\" # c", "\"a#b\" "),
            ("\"a\"b\" # c", "\"a\"b\" "),
            ("\"a\" # say \"b\"", "\"a\" "),
            ("\"a # b", "\"a "),
            ("10.0.0.1:80 gate \"a#\", \"#b\" 5 # x", "10.0.0.1:80 gate \"a#\", \"#b\" 5 "),
            ("it's \"5 # c", "it's \"5 "),
            ("plain", "plain"),
        ] {
            assert_eq!(&value[..comment_start(value).unwrap_or(value.len())], kept);
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(accepted("checktimeout", "7"), (Value::Number(7), false));
        assert_eq!(accepted("checktimeout", "\"7\""), (Value::Number(7), false));
        assert_eq!(accepted("checktimeout", "-5"), (Value::Number(5), true));
        assert_eq!(accepted("checktimeout", "5 min"), (Value::Number(5), true));
        assert_eq!(accepted("persistent", "0"), (Value::Number(0), false));
        assert!(refused("checktimeout", "0").help.contains("checktimeout=5"));
        assert!(refused("checktimeout", "99999999999").help.contains("too large"));
        assert_eq!(accepted("checkport", "65535"), (Value::Number(65535), false));
        assert!(refused("checkport", "65536").words.contains("range"));
    }

    #[test]
    fn words() {
        assert_eq!(accepted("service", "http"), (Value::Word("http"), false));
        assert_eq!(accepted("service", "http now"), (Value::Word("http"), true));
        assert_eq!(accepted("httpmethod", "head"), (Value::Word("HEAD"), false));
        assert_eq!(refused("service", "HTTP").help, "write service=http");
        assert_eq!(refused("scheduler", "RR").help, "write scheduler=rr");
        assert_eq!(refused("autoreload", "Yes").help, "write autoreload=yes");
    }

    #[test]
    fn lists() {
        assert_eq!(accepted("schedflags", "sh-port,sh-fallback"), (Value::Flags(0x18), false));
        assert_eq!(accepted("emailalert", "\"a@x, b@y\""), (Value::Addresses(vec!["a@x".into(), "b@y".into()]), false));
        assert!(refused("emailalertstatus", "all,none").words.contains("specified with \"none\""));
        assert_eq!(accepted("checktype", "negotiate5"), (Value::Check(CheckKind::Combined(5)), true));
    }
}
