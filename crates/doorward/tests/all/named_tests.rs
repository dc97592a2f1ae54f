//! The pages that say which test shows what name tests that there are.

use std::{collections::BTreeMap, fs, path::Path};

/// What a page calls the folders of tests.
const FOLDERS: [(&str, &str); 6] = [
    ("http", "crates/doorward-http/tests/all"),
    ("guard", "crates/doorward-guard/tests/guard"),
    ("core", "crates/doorward-core"),
    ("serve", "crates/doorward/src/serve/tests"),
    ("program", "crates/doorward/tests/all"),
    ("flask", "clients/python/tests"),
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The last cell of each row of a table, under what stands in the first.
fn rows(page: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    rows.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        (cells[0], cells)
    })
}

/// The tests that a cell names, with the file or folder of each: a name follows the file that it is in.
fn named(cell: &str) -> Vec<(String, String)> {
    let (mut found, mut place) = (Vec::new(), String::new());
    // What stands between two marks is code at odd places.
    for (at, part) in cell.split('`').enumerate() {
        let before = cell.split('`').nth(at.saturating_sub(1)).unwrap_or_default();
        if at % 2 == 0 || part.contains(' ') {
            continue;
        }
        if part.contains(['/', '.']) {
            let word = before.split_whitespace().last().unwrap_or_default();
            let folder = FOLDERS.iter().find(|(name, _)| *name == word).map(|(_, folder)| *folder);
            place = folder.map_or_else(|| part.to_owned(), |folder| format!("{folder}/{part}"));
        } else if part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            found.push((place.clone(), part.to_owned()));
        }
    }
    found
}

/// The text of a file, or of all source in a folder.
fn text(path: &Path) -> String {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries
            .filter(|path| path.is_dir() || path.extension().is_some_and(|it| it == "rs"))
            .map(|path| text(&path))
            .collect();
    }
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn is_test(text: &str, name: &str) -> bool {
    // pytest calls what is named so.
    if name.starts_with("test_") && text.lines().any(|line| line.starts_with(&format!("def {name}("))) {
        return true;
    }
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let is_it = |line: &str| line.trim_start_matches("async ").starts_with(&format!("fn {name}("));
    lines.iter().enumerate().filter(|(_, line)| is_it(line)).any(|(at, _)| {
        let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        attributes.into_iter().any(|line| line.contains("test"))
    })
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let mut texts = BTreeMap::new();
    for name in ["asvs.md", "security.md"] {
        let page = page(name);
        let mut count = 0;
        for (row, cells) in rows(&page) {
            for (place, test) in named(cells.last().unwrap()) {
                let text = texts.entry(place.clone()).or_insert_with(|| text(&root().join(&place)));
                assert!(is_test(text, &test), "docs/{name}, {row}: {place} has no test `{test}`");
                count += 1;
            }
        }
        assert!(count > 50, "docs/{name} names {count} tests");
    }
}

#[test]
fn every_requirement_is_shown_by_a_test_or_says_why_not() {
    let page = page("asvs.md");
    let is_requirement = |row: &str| row.starts_with(|first: char| first.is_ascii_digit());
    let rows: Vec<_> = rows(&page).filter(|(row, _)| is_requirement(row)).collect();
    assert!(rows.len() > 60, "{}", rows.len());
    for (row, cells) in rows {
        assert_eq!(cells.len(), 4, "{row}");
        let (how, shown) = (cells[2], cells[3]);
        let says_why_not = shown == "does not apply" || how.starts_with("**no**");
        assert!(says_why_not || !named(shown).is_empty(), "docs/asvs.md, {row}: no test is named: {shown}");
    }
}
