//! Who may use whom: docs/architecture.md draws the house, this holds the code to it.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test reads the sources, and fails where it cannot"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// module -> modules it may use. `ipvs::model` stands for the table's vocabulary (`crate::ipvs::{Service, …}`).
const ALLOWED: &[(&str, &[&str])] = &[
    ("ipvs", &[]),
    ("config", &["checks", "ipvs"]),
    ("director", &["config", "checks", "ipvs"]),
    ("report", &["config", "director", "ipvs", "checks"]),
    ("daemon", &["config", "director", "ipvs", "report", "checks"]),
    ("cli", &[]),
    ("cmd", &["cli", "daemon", "config", "checks", "ipvs", "report", "director"]),
];

/// The parts of `ipvs` that act; pure modules may only use its vocabulary and its trait.
const ACTING: &[&str] = &["ipvs::kernel", "ipvs::socket", "ipvs::memory", "KernelTable", "MemoryTable"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn module_of(path: &Path, root: &Path) -> String {
    let inside = path.strip_prefix(root).expect("below src");
    let first = inside.components().next().expect("a component").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Code lines: comments and everything from the first `#[cfg(test)]` on left out.
fn code(text: &str) -> Vec<&str> {
    text.lines()
        .take_while(|line| !line.trim_start().starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//") && !line.trim().is_empty())
        .collect()
}

#[test]
fn modules_use_only_what_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 10, "the source files were not found");
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(module, uses)| (*module, uses.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for path in files {
        let module = module_of(&path, &root);
        let Some(may) = allowed.get(module.as_str()) else { continue };
        let text = std::fs::read_to_string(&path).expect("a source file");
        for line in code(&text) {
            for (other, _) in ALLOWED {
                if *other != module && line.contains(&format!("crate::{other}")) && !may.contains(other) {
                    wrong.push(format!("{}: {module} may not use {other}: {}", path.display(), line.trim()));
                }
            }
            let pure = module == "config" || module == "director";
            if let Some(acting) = ACTING.iter().find(|acting| pure && line.contains(**acting)) {
                wrong.push(format!("{}: {module} is pure and may not use {acting}: {}", path.display(), line.trim()));
            }
            if pure && (line.contains("tokio::") || line.contains("std::fs") || line.contains("std::net::Tcp")) {
                wrong.push(format!("{}: {module} is pure: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn checks_know_nothing_of_the_director() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks/src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a source file");
        assert!(!text.contains("ldirectord::"), "{} uses the director's crate", path.display());
    }
}

#[test]
fn files_stay_small() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("checks/src"), &mut files);
    let mut sizes: Vec<(usize, PathBuf)> = files
        .into_iter()
        .map(|path| (code(&std::fs::read_to_string(&path).expect("a source file")).len(), path))
        .collect();
    sizes.sort();
    let (largest, path) = sizes.last().expect("there are files");
    assert!(*largest <= 500, "{} has {largest} lines of code, 500 at the most", path.display());
    let nine_of_ten = sizes.get(sizes.len() * 9 / 10).map_or(0, |(size, _)| *size);
    assert!(nine_of_ten <= 350, "one file in ten is longer than 350 lines of code ({nine_of_ten})");
}
