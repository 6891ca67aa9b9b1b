//! The real binary: usage, version, `check` and `show`, their streams and exit codes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests run the program and may fail"
)]

use std::path::Path;
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ldirectord-rs");

fn run(arguments: &[&str]) -> (i32, String, String) {
    taken(Command::new(PROGRAM).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap())
}

fn taken(output: Output) -> (i32, String, String) {
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// A file of this content in a directory of its own.
fn file(content: &[u8]) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.cf");
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

#[test]
fn usage_goes_to_stdout_and_ends_with_255() {
    let (code, stdout, stderr) = run(&[]);
    assert_eq!((code, stderr.as_str()), (255, ""));
    assert!(stdout.starts_with("Usage:\n    ldirectord-rs [-d|--debug] [--] [CONFIG] start | stop"), "{stdout}");
    let (code, again, stderr) = run(&["--bogus", "a.cf", "status"]);
    assert_eq!((code, again.as_str(), stderr.as_str()), (255, stdout.as_str(), "Unknown option: bogus\n"));
    assert_eq!(run(&["-h"]), (0, stdout, String::new()));
}

#[test]
fn the_version_depends_on_the_name() {
    let own = format!("ldirectord-rs {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(&["-v"]), (0, own.clone(), String::new()));
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("ldirectord");
    std::os::unix::fs::symlink(PROGRAM, &link).unwrap();
    let linked = taken(Command::new(&link).arg("-vd").output().unwrap());
    assert_eq!(linked, (0, format!("Linux Director v1.186-ha\n{own}"), String::new()));
    let (code, stdout, _) = taken(Command::new(&link).arg("demo").output().unwrap());
    assert_eq!(code, 255);
    assert!(stdout.starts_with("Usage:\n    ldirectord [-d|--debug]"), "{stdout}");
}

#[test]
fn check_of_a_good_file_counts_and_ends_with_0() {
    let (code, stdout, stderr) = run(&["fixtures/mend/flat.mended.cf", "check"]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert!(stderr.ends_with("fixtures/mend/flat.mended.cf: 0 errors, 0 warnings, 0 notes\n"), "{stderr}");
}

#[test]
fn check_names_every_error_with_its_place() {
    let (_directory, path) = file(b"checktimeout=0\nautoreload=maybe\nvirtual=192.0.2.1:80\n    passwd=hunter2\n");
    let (code, stdout, stderr) = run(&[&path, "check"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    for place in ["1:14", "2:12", "4:12"] {
        assert!(stderr.contains(&format!("--> {path}:{place}\n")), "{place} in {stderr}");
    }
    assert!(stderr.contains("invalid check timeout value") && stderr.contains("autoreload must be 'yes' or 'no'"));
    assert!(stderr.contains(&format!("{path}: 3 errors, ")), "{stderr}");
    assert!(!stderr.contains("hunter2") && !stderr.contains('\u{1b}'), "{stderr}");
    let (code, stdout, stderr) = run(&[&path, "check", "--json"]);
    assert_eq!((code, stderr.as_str()), (2, ""));
    let found: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(found["errors"], 3);
    assert_eq!(found["findings"][0]["line"], 1);
}

#[test]
fn check_fix_prints_the_mended_file() {
    for name in ["tutorial", "flat"] {
        let (code, stdout, stderr) = run(&[&format!("fixtures/mend/{name}.cf"), "check", "--fix"]);
        let expected = std::fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/mend/{name}.mended.cf")),
        );
        assert_eq!((code, stdout), (0, expected.unwrap()), "{stderr}");
        assert!(stderr.contains("lost indentation under virtual=: four blanks"), "{stderr}");
        assert!(stderr.contains(&format!("fixtures/mend/{name}.cf (mended): 0 errors")), "{stderr}");
    }
    let (_directory, path) = file(b"checktimeout=0\nlogfile=local0");
    let (code, stdout, stderr) = run(&[&path, "check", "--fix"]);
    assert_eq!((code, stdout.as_str()), (2, "checktimeout=0\nlogfile=\"local0\""));
    assert!(stderr.starts_with(&format!("{path}, line 2: no quotes around the value")), "{stderr}");
    assert!(stderr.contains("invalid check timeout value"), "{stderr}");
}

#[test]
fn show_prints_a_file_that_shows_the_same_again() {
    let (code, shown, stderr) = run(&["fixtures/show/web.cf", "show", "--secrets"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let (_directory, path) = file(shown.as_bytes());
    assert_eq!(run(&[&path, "show", "--secrets"]), (0, shown, String::new()));
    let (code, masked, _) = run(&["fixtures/show/web.cf", "show"]);
    assert!(code == 0 && masked.contains("passwd=\"***\"\n") && !masked.contains("hunter2"), "{masked}");
    let (code, stdout, _) = run(&["fixtures/show/web.cf", "show", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &shown["virtuals"][0]["passwd"]), (0, &"***".into()));
    let (code, stdout, stderr) = run(&["fixtures/show/broken.cf", "show", "--json"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("invalid check interval value"), "{stderr}");
}

#[test]
fn bad_files_get_a_clear_sentence() {
    for verb in ["check", "show"] {
        let missing = run(&["no-such.cf", verb]);
        assert_eq!(missing, (1, String::new(), "Config file no-such.cf not found\n".to_owned()));
        let (directory, path) = file(b"");
        let place = directory.path().to_str().unwrap();
        let expected = format!("Config file {place} not found: {place} is a directory\n");
        assert_eq!(run(&[place, verb]), (1, String::new(), expected));
        assert_eq!(run(&[&path, verb]).0, 0);
        // Not for root, who may read everything.
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
        if std::fs::File::open(&path).is_err() {
            let (code, stdout, stderr) = run(&[&path, verb]);
            assert_eq!((code, stdout.as_str()), (2, ""));
            assert!(stderr.ends_with(&format!("]: can not open file {path}: Permission denied\n")), "{stderr}");
        }
    }
}

#[test]
fn ten_megabytes_of_noise_are_refused_in_few_words() {
    let noise: Vec<u8> = (0..10_000_000u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let (_directory, path) = file(&noise);
    let (code, stdout, stderr) = run(&[&path, "check"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains(&format!("\n{path}: ")) && stderr.len() < 3_000_000, "{} bytes", stderr.len());
}
