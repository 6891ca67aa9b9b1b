//! Patterns against Perl's own answers, which stand beside them in fixtures/patterns.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::mutable_key_type,
    clippy::disallowed_methods,
    reason = "a test may fail, and asks perl; a pattern is hashed by its source alone"
)]

use checks::Pattern;
use proptest::prelude::*;
use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;

/// One row of a fixture.
struct Row {
    place: String,
    pattern: String,
    subject: Vec<u8>,
    /// Perl's answer.
    perl: String,
    /// Ours where it differs on purpose, with the reason.
    decided: Option<(String, String)>,
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/patterns")
}

fn rows() -> Vec<Row> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "tsv"));
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for (index, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let columns: Vec<&str> = line.split('\t').collect();
            let column = |index: usize| columns.get(index).map(|text| (*text).to_owned()).unwrap_or_default();
            rows.push(Row {
                place: format!("{name}:{}", index + 1),
                pattern: column(0),
                subject: bytes(&column(1)),
                perl: column(2),
                decided: (!column(3).is_empty()).then(|| (column(3), column(4))),
            });
        }
    }
    rows
}

/// The subject's escapes, as described in ask-perl.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        if character != '\\' {
            out.extend(character.to_string().bytes());
            continue;
        }
        if let Some(hexadecimal) = rest.strip_prefix('x') {
            out.push(u8::from_str_radix(&hexadecimal[..2], 16).unwrap());
            rest = &hexadecimal[2..];
        } else if let Some(repeated) = rest.strip_prefix('(') {
            let (inner, behind) = repeated.split_once(')').unwrap();
            let (piece, times) = inner.split_once('*').unwrap();
            out.extend(piece.repeat(times.parse().unwrap()).bytes());
            rest = behind;
        } else {
            out.push(match rest.as_bytes()[0] {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => other,
            });
            rest = &rest[1..];
        }
    }
    out
}

fn ours(row: &Row) -> String {
    match Pattern::compile(&row.pattern) {
        Err(_) if row.perl == "error" => "error".to_owned(),
        Err(_) => "refused".to_owned(),
        Ok(pattern) => match pattern.is_match(&row.subject) {
            Ok(true) => "match".to_owned(),
            Ok(false) => "no".to_owned(),
            Err(words) => format!("gave up: {words}"),
        },
    }
}

#[test]
fn answers_are_perls() {
    let mut wrong = Vec::new();
    let rows = rows();
    let mut decided = 0;
    for row in &rows {
        let wanted = row.decided.as_ref().map_or(&row.perl, |(answer, _)| answer);
        if let Some((_, reason)) = &row.decided {
            decided += 1;
            assert!(!reason.is_empty(), "{}: a different answer needs its reason", row.place);
        }
        let got = ours(row);
        if got != *wanted {
            let why = Pattern::compile(&row.pattern).err().map(|error| error.message).unwrap_or_default();
            wrong.push(format!("{}: {}: {got}, wanted {wanted} (Perl: {}) {why}", row.place, row.pattern, row.perl));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    println!("{} patterns, {decided} decided to differ from Perl", rows.len());
    assert!(rows.len() >= 120, "only {} rows", rows.len());
    assert_eq!(decided, DECIDED, "the number of rows that differ from Perl changed");
}

/// Rows where we refuse or differ, each with its reason.
const DECIDED: usize = 26;

#[test]
fn written_answers_are_perls() {
    match Command::new("perl").arg(directory().join("ask-perl")).arg("--check").output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        Err(error) => println!("perl cannot be run ({error}): its answers are taken as written"),
    }
}

#[test]
fn errors_name_their_place_and_the_way_out() {
    let cases = [
        ("a(b", 1, "not closed"),
        ("ab)", 2, "closes nothing"),
        ("a[bc", 1, "not closed"),
        ("a**", 2, "quantifier follows a quantifier"),
        ("x|*y", 2, "follows nothing"),
        ("ab[z-a]", 3, "backwards"),
        ("é\\p{L}", 2, "[[:alpha:]]"),
        ("a(?<=b+)", 1, "bound it"),
        ("(a)\\2", 3, "no group 2"),
        ("a\\", 1, "backslash"),
        ("[[:foo:]]", 1, "POSIX"),
        ("(?z)", 0, "nothing Perl knows"),
        ("a(?R)", 1, "recursion"),
        ("((a{9999}){9999}){9999}", 0, "smaller counts"),
        ("(?:a{1000}\\b){1000}(?=x)", 0, "smaller counts"),
    ];
    for (pattern, offset, words) in cases {
        let error = Pattern::compile(pattern).unwrap_err();
        assert!(error.message.contains(words), "{pattern}: {}", error.message);
        assert_eq!(error.offset, offset, "{pattern}: {}", error.message);
    }
    assert!(Pattern::compile(&"(".repeat(100_000)).is_err());
    assert!(Pattern::compile(&"(".repeat(5_000)).is_err());
    assert!(Pattern::compile(&"(?:".repeat(61)).unwrap_err().message.contains("deeper"));
}

#[test]
fn what_would_take_for_ever_gives_up_in_words() {
    let pattern = Pattern::compile(r"^(a|aa|aaa)+\1?b$").unwrap();
    let words = pattern.is_match("a".repeat(200).as_bytes()).unwrap_err();
    assert!(words.contains("steps back in 200 bytes"), "{words}");
}

#[test]
fn a_large_body_does_not_count_as_backtracking() {
    let pattern = Pattern::compile(r"(\w)\1\1(?=!)").unwrap();
    let mut body = b"ab ".repeat(300_000);
    assert_eq!(pattern.is_match(&body), Ok(false));
    body.extend(b"xxx!");
    assert_eq!(pattern.is_match(&body), Ok(true));
}

#[test]
fn patterns_are_equal_by_source_and_cheap_to_clone() {
    let pattern = Pattern::compile("a+").unwrap();
    let set: HashSet<Pattern> =
        [pattern.clone(), Pattern::compile("a+").unwrap(), Pattern::compile("a").unwrap()].into();
    assert_eq!(set.len(), 2);
    assert_eq!(pattern.source(), "a+");
    assert_eq!(Pattern::compile("").unwrap().is_match(b""), Ok(true));
}

/// Perl's quotemeta for text of any kind.
fn quoted(text: &str) -> String {
    let quote = |character: char| {
        if character.is_ascii() && !character.is_alphanumeric() { vec!['\\', character] } else { vec![character] }
    };
    text.chars().flat_map(quote).collect()
}

/// Text that looks like a pattern more often than chance would have it.
fn patterns() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("("),
        Just(")"),
        Just("(?:"),
        Just("(?="),
        Just("(?<="),
        Just("(?<!"),
        Just("(?i)"),
        Just("(?>"),
        Just("["),
        Just("]"),
        Just("[^"),
        Just("|"),
        Just("*"),
        Just("+"),
        Just("?"),
        Just("{2,3}"),
        Just("{"),
        Just("}"),
        Just("\\"),
        Just("\\1"),
        Just("\\b"),
        Just("\\R"),
        Just("^"),
        Just("$"),
        Just("."),
        Just("-"),
        Just("a"),
        Just("b"),
        Just("é"),
        Just("\n"),
        Just("[:alpha:]"),
        Just("\\Q"),
        Just("\\E"),
        Just("(?x)"),
        Just("#"),
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn quoted_text_is_found_where_it_stands(text in ".{0,6}", before in proptest::collection::vec(any::<u8>(), 0..20), add in any::<bool>()) {
        let mut subject = before;
        if add {
            subject.extend(text.bytes());
            subject.push(b'x');
        }
        let wanted = memchr::memmem::find(&subject, text.as_bytes()).is_some();
        prop_assert_eq!(Pattern::compile(&quoted(&text)).unwrap().is_match(&subject), Ok(wanted));
        let engine = Pattern::compile(&format!("(?:{}|(?!))", quoted(&text))).unwrap();
        prop_assert_eq!(engine.is_match(&subject), Ok(wanted));
    }

    #[test]
    fn nothing_panics(pattern in patterns(), noise in ".{0,20}", subject in proptest::collection::vec(any::<u8>(), 0..40)) {
        for pattern in [pattern, noise] {
            match Pattern::compile(&pattern) {
                Ok(compiled) => { let _ = compiled.is_match(&subject); }
                Err(error) => {
                    prop_assert!(error.offset <= pattern.len());
                    prop_assert!(!error.message.contains("cannot be compiled"), "{}: {}", pattern, error.message);
                }
            }
        }
    }
}
