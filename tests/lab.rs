//! Names the laboratory's scenarios among cargo's tests, as ignored ones: they need a kernel with IPVS and run by
//! `tests/run` (together with everything else) or `tests/lab/run` (alone). This keeps `cargo test` honest about what it
//! did not run. It has no harness of its own, because that one would swallow the names.
#![allow(clippy::disallowed_methods, clippy::expect_used, reason = "lists the directory of scenarios")]

fn main() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/scenarios");
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .expect("the directory of scenarios")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".sh").map(str::to_string))
        .collect();
    names.sort();
    // cargo-nextest asks for the list of tests in this form; it is told that none is to be run by it.
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--list") {
        if arguments.iter().any(|argument| argument == "--ignored") {
            names.iter().for_each(|name| println!("lab::{name}: test"));
        }
        return;
    }
    println!("\nrunning {} tests", names.len());
    for name in &names {
        println!("test lab::{name} ... ignored, run by tests/lab/run {name}");
    }
    let count = names.len();
    println!("\ntest result: ok. 0 passed; 0 failed; {count} ignored; 0 measured; 0 filtered out; finished in 0.00s\n");
}
