//! `docs/operations/metrics.md` names the metrics that there are.

use std::{collections::BTreeSet, fs, path::Path};

/// The names in quotes behind `counter!(`, `gauge!(` and `histogram!(`.
fn metrics_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            metrics_in(&path, found);
            continue;
        }
        if path.extension().is_none_or(|it| it != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for kind in ["counter!(", "gauge!(", "histogram!("] {
            for (at, _) in text.match_indices(kind) {
                let argument = text[at + kind.len()..].trim_start();
                if let Some((name, _)) = argument.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
                    found.insert(name.to_owned());
                }
            }
        }
    }
}

#[test]
fn the_page_names_every_metric_and_no_other() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut counted = BTreeSet::new();
    for name in ["doorward-guard", "doorward-core", "doorward-http", "doorward"] {
        metrics_in(&root.join("crates").join(name).join("src"), &mut counted);
    }
    assert!(counted.len() > 20, "{counted:?}");

    let page = fs::read_to_string(root.join("docs/operations/metrics.md")).unwrap();
    let named: BTreeSet<String> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| {
            code.starts_with("doorward_") && code.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(named, counted);
}
