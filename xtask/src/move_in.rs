//! The walk of docs/move-in.md under load, in small: `examples/move-in`, on both engines.

use std::process::Command;

use anyhow::Result;

use crate::{flask_guard, postgres::Postgres, python, test::Outcome, workspace};

pub(crate) fn run(install: bool) -> Result<Outcome> {
    if !workspace::is_installed("nginx") {
        return Ok(Outcome::Skipped("nginx isn't installed".into()));
    }
    let Some(interpreter) = flask_guard::python_of_flask_1_1() else {
        return Ok(Outcome::Skipped("there is no Python that Flask 1.1 runs on".into()));
    };
    let folder = workspace::target_directory()?.join("move-in").join(interpreter);
    let requirements = workspace::root().join("bench/flask/requirements.txt");
    let programs = match python::programs_of(interpreter, &folder, &requirements)? {
        Ok(programs) => programs,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let server = Postgres::start(install)?;
    for database in ["sqlite", server.url.as_str()] {
        let mut command = Command::new(programs.join("python"));
        command.arg("-B").arg(workspace::root().join("examples/move-in/run.py"));
        command.arg("--doorward").arg(workspace::doorward()?).args(["--database", database]);
        command.args(["--users", "300", "--clients", "9", "--seconds", "2"]);
        // This binary is not optimized.
        command.args(["--rounds", "20000"]);
        workspace::run(&mut command)?;
    }
    Ok(Outcome::Passed)
}
