//! `cargo xtask tree`: lines per file and crate.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::workspace;

pub(crate) fn run() -> Result<()> {
    let root = workspace::root();
    let mut crates = folders(&root.join("crates"))?;
    crates.extend(["bench", "xtask"].map(|name| root.join(name)));
    for folder in crates.into_iter().filter(|folder| folder.join("Cargo.toml").exists()) {
        let mut files = Vec::new();
        rust_files(&folder, &mut files)?;
        let lines: usize = files.iter().map(|(_, lines)| lines).sum();
        let name = folder.strip_prefix(&root)?.display();
        println!("{name}: {lines} lines in {} files", files.len());
        for (path, lines) in files {
            println!("{lines:>6}  {}", path.strip_prefix(&folder)?.display());
        }
    }
    Ok(())
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    let mut found = fs::read_dir(parent)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}

fn rust_files(folder: &Path, found: &mut Vec<(PathBuf, usize)>) -> Result<()> {
    for path in folders(folder)? {
        if path.is_dir() {
            if !path.ends_with("target") {
                rust_files(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = fs::read_to_string(&path)?.lines().count();
            found.push((path, lines));
        }
    }
    Ok(())
}
