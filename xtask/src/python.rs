//! Programs from Python's index, in an environment of their own under `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace;

/// The folder of the programs that `requirements` lists, installed into `folder` once per clone and list; or why
/// they can't be had here.
pub(crate) fn programs(folder: &Path, requirements: &Path) -> Result<Result<PathBuf, String>> {
    programs_of("python3", folder, requirements)
}

/// The same with an interpreter of one's own choice. It is part of `folder`'s name where there are several.
pub(crate) fn programs_of(python: &str, folder: &Path, requirements: &Path) -> Result<Result<PathBuf, String>> {
    let wanted = fs::read(requirements)?;
    let (environment, installed) = (folder.join("venv"), folder.join("installed.txt"));
    let programs = environment.join("bin");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(Ok(programs));
    }
    println!("   installing what {} lists", requirements.file_name().unwrap_or_default().display());
    fs::create_dir_all(folder)?;
    let made = Command::new(python).args(["-m", "venv", "--clear"]).arg(&environment).output();
    if !made.is_ok_and(|made| made.status.success()) {
        return Ok(Err("there is no Python with venv and pip here: apt-get install python3-venv".into()));
    }
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip.args(["--retries", "1", "--timeout", "10", "--only-binary", ":all:", "--requirement"]).arg(requirements);
    let output = pip.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        if no_index(&said) {
            return Ok(Err("pip can't reach an index of packages from here".into()));
        }
        bail!("`{}`: {}\n{said}", workspace::line(&pip), output.status);
    }
    fs::write(installed, wanted)?;
    Ok(Ok(programs))
}

/// Whether pip failed for want of an index: it tells of each connection that it tries again, and where
/// it is told to use none, of a package without any version.
fn no_index(said: &str) -> bool {
    said.contains("after connection broken by") || said.contains("(from versions: none)")
}

#[cfg(test)]
mod tests {
    use super::no_index;

    #[test]
    fn an_index_out_of_reach_is_told_from_a_package_that_is_not_there() {
        let unreachable = "WARNING: Retrying (Retry(total=0, …)) after connection broken by 'NewConnectionError(…)'";
        assert!(no_index(unreachable));
        assert!(no_index(
            "ERROR: Could not find a version that satisfies the requirement mypy==2.4.1 (from versions: none)"
        ));
        assert!(!no_index(
            "ERROR: Could not find a version that satisfies the requirement mypy==99 (from versions: 0.1, 2.4.1)"
        ));
        assert!(!no_index(
            "ERROR: Cannot install -r requirements.txt because these package versions have conflicting dependencies."
        ));
    }
}
