//! The guard for Flask in `clients/python`: linted, typed, built, and tested as it would be installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::test::Outcome;
use crate::{pages, python, workspace};

/// The Pythons that Flask 1.1 goes with, the newest first.
const OF_FLASK_1_1: &[&str] = &["python3.11", "python3.10", "python3.9"];

/// What is tested on Flask 1.1 too: the rest knows nothing of Flask.
const WITH_FLASK: &[&str] = &["tests/test_flask.py", "tests/test_processes.py"];

pub(crate) fn run() -> Result<Outcome> {
    let folder = workspace::target_directory()?.join("flask-guard");
    let programs = match python::programs(&folder.join("newest"), &sources().join("requirements-test.txt"))? {
        Ok(programs) => programs,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    check(&programs, &["ruff", "format", "--quiet", "--check", "."])?;
    check(&programs, &["ruff", "check", "--quiet", "--no-cache", "."])?;
    let cache = folder.join("mypy").display().to_string();
    check(&programs, &["mypy", "--no-error-summary", "--cache-dir", &cache])?;

    let wheel = wheel(&programs, &folder.join("dist"))?;
    install(&programs, &wheel)?;
    check(&programs, &["pytest", "--quiet", "-p", "no:cacheprovider"])?;
    with_flask_1_1(&folder, &wheel)?;

    // `pip install doorward-flask`, as the page says, finds it installed.
    let doorward = workspace::doorward()?;
    let folders = [programs.as_path(), doorward.parent().context("the binary is in a folder")?];
    pages::run_page(pages::OF_FLASK_GUARD, &std::env::join_paths(folders)?)?;
    Ok(Outcome::Passed)
}

fn with_flask_1_1(folder: &Path, wheel: &Path) -> Result<()> {
    let Some(python) = python_of_flask_1_1() else {
        println!("   on Flask 1.1 NOT TESTED: there is none of {}", OF_FLASK_1_1.join(", "));
        return Ok(());
    };
    let requirements = sources().join("requirements-flask-1.1.txt");
    match python::programs_of(python, &folder.join(format!("flask-1.1-{python}")), &requirements)? {
        Ok(programs) => {
            println!("   on Flask 1.1, {python}");
            install(&programs, wheel)?;
            check(&programs, &[&["pytest", "--quiet", "-p", "no:cacheprovider"], WITH_FLASK].concat())
        }
        Err(why) => {
            println!("   on Flask 1.1 NOT TESTED: {why}");
            Ok(())
        }
    }
}

/// Builds the packages without reaching for an index; the wheel's path.
fn wheel(programs: &Path, folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let output =
        python_in(programs, &["build", "--no-isolation", "--wheel", "--outdir"]).arg(folder).arg(".").output()?;
    if !output.status.success() {
        bail!("the wheel doesn't build:\n{}", String::from_utf8_lossy(&output.stdout));
    }
    let built = std::fs::read_dir(folder)?.next().context("a built wheel")??;
    Ok(built.path())
}

fn install(programs: &Path, wheel: &Path) -> Result<()> {
    let pip =
        ["pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--force-reinstall"];
    workspace::run(python_in(programs, &pip).arg(wheel))
}

fn check(programs: &Path, words: &[&str]) -> Result<()> {
    workspace::run(&mut python_in(programs, words))
}

/// A module of an environment, in the package's folder. What the caller's shell says of Python or Doorward doesn't count.
fn python_in(programs: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(programs.join("python"));
    for (name, _) in std::env::vars_os() {
        if ["DOORWARD_", "FLASK_", "GUNICORN_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.env_remove("PYTHONPATH").env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg("-m").args(words).current_dir(sources());
    command
}

/// The newest Python here that Flask 1.1 runs on.
pub(crate) fn python_of_flask_1_1() -> Option<&'static str> {
    OF_FLASK_1_1.iter().copied().find(|python| is_there(python))
}

fn is_there(python: &str) -> bool {
    Command::new(python).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn sources() -> PathBuf {
    workspace::root().join("clients/python")
}
