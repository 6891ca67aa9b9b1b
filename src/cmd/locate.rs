//! Where a CONFIG lies: the first of ldirectord's places that holds a regular file.
#![allow(clippy::disallowed_methods, reason = "files are looked for")]

use crate::cli::candidates;
use std::io::ErrorKind;

/// The file as it is printed, links unresolved: they may be swapped later. `Err`: the sentence that says why there is none.
pub fn locate(config: &str) -> Result<String, String> {
    let mut why = None;
    for shown in candidates(config) {
        match std::fs::metadata(&shown) {
            Ok(data) if data.is_file() => return Ok(shown),
            Ok(data) => {
                let what = if data.is_dir() { "a directory" } else { "no regular file" };
                why.get_or_insert(format!("{shown} is {what}"));
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => {
                let words = error.to_string();
                why.get_or_insert(format!("{shown}: {}", words.split(" (os error").next().unwrap_or_default()));
            }
        }
    }
    let sentence = format!("Config file {config} not found");
    Err(why.map_or_else(|| sentence.clone(), |why| format!("{sentence}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        std::fs::write(at("a.cf"), "").unwrap();
        assert_eq!(locate(&at("a.cf")), Ok(at("a.cf")));
        std::os::unix::fs::symlink(at("two"), at("one")).unwrap();
        std::os::unix::fs::symlink(at("one"), at("two")).unwrap();
        nix::unistd::mkfifo(folder.path().join("pipe").as_path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        for (name, why) in [
            ("missing", String::new()),
            ("a.cf/below", String::new()),
            ("folder", format!(": {} is a directory", at("folder"))),
            ("pipe", format!(": {} is no regular file", at("pipe"))),
            ("one", format!(": {}: Too many levels of symbolic links", at("one"))),
        ] {
            assert_eq!(locate(&at(name)), Err(format!("Config file {} not found{why}", at(name))));
        }
    }
}
