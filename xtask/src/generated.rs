//! `cargo xtask docs`: files of the repository that the binary itself writes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// A file, and the arguments with which `doorward` prints it.
struct Generated {
    path: &'static str,
    arguments: &'static [&'static str],
}

/// Every such file. Its text is never edited by hand; `cargo xtask test` fails when it is stale.
const FILES: &[Generated] = &[
    Generated { path: "docs/configuration.md", arguments: &["config", "reference", "--format", "markdown"] },
    Generated { path: "doorward.example.toml", arguments: &["config", "reference", "--format", "toml"] },
];

/// Writes each file anew.
pub(crate) fn write() -> Result<()> {
    let doorward = workspace::doorward()?;
    for file in FILES {
        let path = workspace::root().join(file.path);
        std::fs::write(&path, file.text(&doorward)?).with_context(|| format!("can't write {}", file.path))?;
        println!("{}", file.path);
    }
    Ok(())
}

/// Fails when a file is not what the binary prints.
pub(crate) fn check() -> Result<()> {
    let doorward = workspace::doorward()?;
    for file in FILES {
        let found = std::fs::read(workspace::root().join(file.path)).unwrap_or_default();
        if found != file.text(&doorward)? {
            bail!("{} is not what the code says", file.path);
        }
    }
    Ok(())
}

impl Generated {
    fn text(&self, doorward: &Path) -> Result<Vec<u8>> {
        let mut command = Command::new(doorward);
        command.args(self.arguments).current_dir(workspace::root());
        let output = command.output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{}`: {}\n{said}", workspace::line(&command), output.status);
        }
        Ok(output.stdout)
    }
}
