//! docs/directives.md is the table of directives in words; it may not fall behind.
#![allow(clippy::disallowed_methods, reason = "the page is a file")]

use ldirectord::config::reference::reference_markdown;
use std::path::Path;

#[test]
fn directives_page_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/directives.md");
    let page = reference_markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/directives.md has fallen behind: UPDATE_DOCS=1 cargo test directives");
    for name in ["virtual", "real6", "tlsverify", "ipvssysctl", "persistenceengine"] {
        assert!(page.contains(&format!("| `{name}`")), "{name}");
    }
}
