//! Values: which ones ldirectord wants exactly, in quotes, or takes as they come; and how each is mended.

use super::Fault;
use super::text::{is_blank, is_odd_blank, is_typographic_quote, plain_blanks};

/// How ldirectord reads the value of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `virtual`, `virtual6`: from the beginning, what follows is ignored.
    Service,
    /// An address and more: blanks separate.
    Address,
    /// The first number or word in it: what follows is ignored.
    Word,
    /// Must match to its last character.
    Exact,
    /// Must stand in double quotes.
    Quoted,
    /// May stand in double quotes, else the rest of the line.
    MaybeQuoted,
    /// The rest of the line.
    Verbatim,
}

/// The class of a directive that may stand in a block, or among the globals.
pub(super) fn class(keyword: &str, block: bool) -> Option<Class> {
    let class = match keyword {
        "fallback" | "fallback6" => Class::Address,
        "checktimeout" | "negotiatetimeout" | "checkinterval" | "checkcount" | "failurecount" | "emailalertfreq"
        | "smtp" => Class::Word,
        "quiescent" | "cleanstop" | "emailalertstatus" | "tls" => Class::Exact,
        "emailalert" => Class::MaybeQuoted,
        "fallbackcommand" | "tlscert" | "tlskey" => Class::MaybeQuoted,
        _ if block => match keyword {
            "real" | "real6" => Class::Address,
            "checktype" | "protocol" | "service" | "httpmethod" | "scheduler" | "checkport" | "persistent"
            | "schedflags" | "tlsverify" | "httpredirect" | "httpversion" | "tunneltype" | "persistenceengine" => {
                Class::Word
            }
            "ops" | "netmask" | "starttls" => Class::Exact,
            "request" | "receive" | "login" | "passwd" | "database" | "secret" | "load" => Class::Quoted,
            "checkcommand" | "monitorfile" | "virtualhost" | "tlsca" | "tlsname" | "tokenfile" => Class::MaybeQuoted,
            "servicename" | "comment" => Class::Verbatim,
            _ => return None,
        },
        "virtual" | "virtual6" => Class::Service,
        "autoreload" | "fork" | "supervised" | "readdquiescent" => Class::Exact,
        "callback" | "logfile" => Class::Quoted,
        "ipvssysctl" | "externalmax" => Class::Word,
        "execute" | "emailalertfrom" | "maintenancedir" => Class::Verbatim,
        _ => return None,
    };
    Some(class)
}

/// A directive as it should be.
pub(super) struct Directive {
    /// Without indentation.
    pub(super) line: String,
    /// A comment that had to go to a line of its own.
    pub(super) comment: Option<String>,
}

/// Mends a directive, without its indentation.
pub(super) fn directive(line: &str, block: bool, note: &mut impl FnMut(Fault)) -> Directive {
    let keyword = line.split(|character: char| !character.is_ascii_alphanumeric()).next().unwrap_or_default();
    let untouched = || Directive { line: line.to_owned(), comment: None };
    let Some(class) = class(keyword, block) else { return untouched() };
    let behind = line.get(keyword.len()..).unwrap_or_default().trim_start_matches(is_blank);
    let Some(behind) = behind.strip_prefix('=') else {
        // The one directive that may stand without a value.
        note(Fault::BareSupervised);
        let comment = line.find('#').and_then(|at| line.get(at..)).map(str::to_owned);
        return Directive { line: "supervised=yes".to_owned(), comment };
    };
    let before = line.get(..line.len() - behind.len()).unwrap_or_default();
    let value = behind.trim_start_matches(is_blank);
    let gap = behind.get(..behind.len() - value.len()).unwrap_or_default();
    if class == Class::Verbatim {
        // Odd blanks behind the equals sign may be meant.
        return Directive { line: format!("{}{behind}", blanks(before, note)), comment: None };
    }
    let head = blanks(&format!("{before}{gap}"), note);
    let (value, comment) = match class {
        Class::Address | Class::Service => {
            let (value, comment) = address(value, block || class == Class::Service, note);
            (if keyword.starts_with("real") { without_weight_option(value, note) } else { value }, comment)
        }
        Class::Exact => exact(value, block, note),
        Class::Quoted => (quoted(value, block, note), None),
        Class::MaybeQuoted => (enclosed(value, block, note), None),
        Class::Word => {
            let (word, comment) = split_comment(value);
            (format!("{}{}", blanks(word, note), comment.unwrap_or_default()), None)
        }
        Class::Verbatim => (value.to_owned(), None),
    };
    Directive { line: format!("{head}{value}"), comment }
}

/// Replaces odd blanks and says so.
fn blanks(text: &str, note: &mut impl FnMut(Fault)) -> String {
    if let Some(odd) = text.chars().find(|character| is_odd_blank(*character)) {
        note(Fault::Blank(odd));
    }
    plain_blanks(text)
}

/// Value and comment, split at the first `#` outside quotes of any kind. The comment begins with its sign.
fn split_comment(text: &str) -> (&str, Option<&str>) {
    // Plain quotes are closed by plain ones only; what a typographic one opens, either kind closes.
    let mut open = None;
    for (at, character) in text.char_indices() {
        match open {
            Some('"') if character != '"' => {}
            Some(_) if character == '"' || is_double(character) => open = None,
            Some(_) => {}
            None if character == '"' || is_double(character) => open = Some(character),
            None if character == '#' => return (text.get(..at).unwrap_or_default(), text.get(at..)),
            None => {}
        }
    }
    // An odd quote left open: the first sign counts, as it does for ldirectord.
    match text.find('#') {
        Some(at) if open.is_some() => (text.get(..at).unwrap_or_default(), text.get(at..)),
        _ => (text, None),
    }
}

fn is_double(character: char) -> bool {
    is_typographic_quote(character) && !matches!(character, '‘' | '’' | '‚' | '‛')
}

/// An address with what follows it: odd blanks and typographic quotes; among the globals no comment may follow.
fn address(text: &str, comment_may_stay: bool, note: &mut impl FnMut(Fault)) -> (String, Option<String>) {
    let (value, comment) = split_comment(text);
    // What stands in plain quotes (a real server's own request and receive) stays as it is.
    let (head, strings) = value.split_at(value.find('"').unwrap_or(value.len()));
    let mut value = format!("{}{strings}", blanks(head, note));
    let replaced = value.replace(is_double, "\"");
    let whole = format!("{replaced}{}", comment.unwrap_or_default());
    // Only where every string is closed afterwards and none was before: anything else is a guess.
    if let Some(quote) = value.chars().find(|character| is_double(*character))
        && (strings.is_empty() || strings.matches('"').count() % 2 == 1)
        && replaced.matches('"').count() % 2 == 0
        && split_comment(&whole).0 == replaced
    {
        note(Fault::Quotes(quote));
        value = replaced;
    }
    match comment {
        Some(comment) if comment_may_stay => (format!("{value}{comment}"), None),
        Some(comment) => {
            note(Fault::TrailingComment);
            (value.trim_end().to_owned(), Some(comment.to_owned()))
        }
        None => (value, None),
    }
}

/// `HOST gate -w 5` means `HOST gate 5`.
fn without_weight_option(value: String, note: &mut impl FnMut(Fault)) -> String {
    let end = value.find(['"', '#']).unwrap_or(value.len());
    let Some(at) = value.get(..end).and_then(|words| words.find(" -w ")) else { return value };
    let (before, behind) = value.split_at(at + 1);
    let weight = behind.trim_start_matches("-w").trim_start_matches(is_blank);
    if !weight.starts_with(|character: char| character.is_ascii_digit()) {
        return value;
    }
    note(Fault::WeightOption);
    format!("{before}{weight}")
}

/// A value that must match to its last character.
fn exact(text: &str, block: bool, note: &mut impl FnMut(Fault)) -> (String, Option<String>) {
    let (value, comment) = split_comment(text);
    let trimmed = value.trim_end_matches(is_blank);
    if value.len() > trimmed.len() {
        let tail = value.get(trimmed.len()..).unwrap_or_default();
        match tail.chars().find(|character| is_odd_blank(*character)) {
            Some(odd) => note(Fault::Blank(odd)),
            None if comment.is_none() => note(Fault::TrailingBlanks),
            None => {}
        }
    }
    match comment {
        // In a block the comment is cut, but not the blanks before it.
        Some(comment) if block && trimmed.len() == value.len() => (format!("{trimmed}{comment}"), None),
        Some(comment) => {
            note(Fault::TrailingComment);
            (trimmed.to_owned(), Some(comment.to_owned()))
        }
        None => (trimmed.to_owned(), None),
    }
}

/// A value that must stand in double quotes.
fn quoted(text: &str, block: bool, note: &mut impl FnMut(Fault)) -> String {
    // What ldirectord looks at: in a block nothing from the first `#` on.
    let seen = if block { text.split('#').next().unwrap_or_default() } else { text };
    if seen.strip_prefix('"').is_some_and(|rest| rest.contains('"')) {
        return text.to_owned();
    }
    // `#` inside plain quotes: ldirectord cuts the value there whatever is written, this program does not.
    if block && split_comment(text).0.len() > seen.len() && text.starts_with('"') {
        return text.to_owned();
    }
    let (value, comment) = split_comment(text);
    let bare = value.trim_end_matches(is_blank);
    let is_quote = |character: char| character == '"' || is_typographic_quote(character);
    let mut content = bare;
    let mut fault = Fault::MissingQuotes;
    if let Some(inner) = bare.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        content = inner;
        fault = Fault::Quotes('\'');
    } else {
        let opening = content.chars().next().filter(|quote| is_quote(*quote));
        content = content.get(opening.map_or(0, char::len_utf8)..).unwrap_or_default();
        let closing = content.chars().next_back().filter(|quote| is_quote(*quote));
        content = content.get(..content.len() - closing.map_or(0, char::len_utf8)).unwrap_or_default();
        if let Some(quote) = opening.into_iter().chain(closing).find(|quote| *quote != '"') {
            fault = Fault::Quotes(quote);
        }
    }
    // A quote left over inside: nobody knows what is meant.
    if content.is_empty() || content.contains('"') {
        return text.to_owned();
    }
    note(fault);
    let tail = blanks(value.get(bare.len()..).unwrap_or_default(), note);
    // Among the globals the last quote of the whole line ends the value: none may stand in the comment.
    let comment = comment.map(|comment| if block { comment.to_owned() } else { comment.replace('"', "'") });
    format!("\"{content}\"{tail}{}", comment.unwrap_or_default())
}

/// A value that may stand in quotes: typographic ones around all of it were never meant.
fn enclosed(text: &str, block: bool, note: &mut impl FnMut(Fault)) -> String {
    let (value, comment) = if block { split_comment(text) } else { (text, None) };
    let bare = value.trim_end_matches(is_blank);
    let mut characters = bare.chars();
    let (Some(first), Some(last)) = (characters.next(), characters.next_back()) else { return text.to_owned() };
    let content = characters.as_str();
    let is_quote = |character: char| character == '"' || is_double(character);
    if content.is_empty()
        || content.contains('"')
        || !is_quote(first)
        || !is_quote(last)
        || (first == '"' && last == '"')
    {
        return text.to_owned();
    }
    note(Fault::Quotes(if first == '"' { last } else { first }));
    let tail = blanks(value.get(bare.len()..).unwrap_or_default(), note);
    format!("\"{content}\"{tail}{}", comment.unwrap_or_default())
}
