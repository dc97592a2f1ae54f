//! `cargo xtask docs`: files of the repository that a program writes: the binary, or an example of a crate.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// A file, and the program that prints it, as it stands in the folder of what was built.
struct Generated {
    path: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
}

/// Every such file. Its text is never edited by hand; `cargo xtask test` fails when it is stale.
const FILES: &[Generated] = &[
    Generated {
        path: "docs/configuration.md",
        program: "doorward",
        arguments: &["config", "reference", "--format", "markdown"],
    },
    Generated {
        path: "doorward.example.toml",
        program: "doorward",
        arguments: &["config", "reference", "--format", "toml"],
    },
    Generated { path: "conformance/guard.jsonl", program: "examples/vectors", arguments: &[] },
];

/// The folder with everything that was built.
fn programs() -> Result<PathBuf> {
    workspace::build()?;
    Ok(workspace::target_directory()?.join("debug"))
}

/// Writes each file anew.
pub(crate) fn write() -> Result<()> {
    let programs = programs()?;
    for file in FILES {
        let path = workspace::root().join(file.path);
        std::fs::write(&path, file.text(&programs)?).with_context(|| format!("can't write {}", file.path))?;
        println!("{}", file.path);
    }
    Ok(())
}

/// Fails when a file is not what its program prints.
pub(crate) fn check() -> Result<()> {
    let programs = programs()?;
    for file in FILES {
        let found = std::fs::read(workspace::root().join(file.path)).unwrap_or_default();
        if found != file.text(&programs)? {
            bail!("{} is not what the code says", file.path);
        }
    }
    Ok(())
}

impl Generated {
    fn text(&self, programs: &Path) -> Result<Vec<u8>> {
        let mut command = Command::new(programs.join(self.program));
        command.args(self.arguments).current_dir(workspace::root());
        let output = command.output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{}`: {}\n{said}", workspace::line(&command), output.status);
        }
        Ok(output.stdout)
    }
}
