//! Patterns against Perl's own answers, which stand beside them in fixtures/patterns.

use checks::Pattern;
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
const DECIDED: usize = 24;

#[test]
fn written_answers_are_perls() {
    match Command::new("perl").arg(directory().join("ask-perl")).arg("--check").output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        Err(error) => println!("perl cannot be run ({error}): its answers are taken as written"),
    }
}
