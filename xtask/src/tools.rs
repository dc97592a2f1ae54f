//! Checkers that are built from source at a fixed version, once per clone.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::workspace;

/// A program from crates.io.
pub(crate) struct Tool {
    package: &'static str,
    program: &'static str,
    version: &'static str,
}

pub(crate) const CARGO_DENY: Tool = Tool { package: "cargo-deny", program: "cargo-deny", version: "0.20.2" };

pub(crate) const TYPOS: Tool = Tool { package: "typos-cli", program: "typos", version: "1.52.0" };

impl Tool {
    /// The program's path; built first where this clone doesn't have it yet.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        let folder = workspace::target_directory()?.join("tools").join(format!("{}-{}", self.package, self.version));
        let program = folder.join("bin").join(self.program);
        if !program.exists() {
            println!("   building {} {}", self.package, self.version);
            // Unoptimized: a minute to build against several, and each runs for seconds.
            let mut install = workspace::cargo(["install", self.package, "--quiet"]);
            install
                .args(["--version", self.version, "--locked", "--debug", "--root"])
                .arg(&folder)
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env_remove("CARGO_TARGET_DIR");
            workspace::run(&mut install).with_context(|| format!("{} {} doesn't build", self.package, self.version))?;
        }
        Ok(program)
    }
}
