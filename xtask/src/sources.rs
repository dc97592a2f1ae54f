//! Users of real Django and Flask-Security applications, made by these, and of a MariaDB, imported: each signs in with the known
//! password.

use std::process::Command;

use anyhow::Result;

use crate::{postgres::Postgres, python, test::Outcome, workspace};

/// A list of packages, and the program that makes the application's users with them and imports these.
const SOURCES: [(&str, &str); 3] =
    [("django-4.2", "django_project.py"), ("django-5.2", "django_project.py"), ("flask-security", "flask_security.py")];

pub(crate) fn run(install: bool) -> Result<Outcome> {
    let folder = workspace::target_directory()?.join("sources");
    let programs = workspace::root().join("crates/doorward/tests/sources");
    let doorward = workspace::doorward()?;
    let server = Postgres::start(install)?;
    for (name, program) in SOURCES {
        let requirements = programs.join(format!("requirements-{name}.txt"));
        let python = match python::programs(&folder.join(name), &requirements)? {
            Ok(installed) => installed.join("python"),
            Err(why) => return Ok(Outcome::Skipped(why)),
        };
        let mut command = Command::new(python);
        command.arg("-B").arg(programs.join(program)).arg(&doorward).arg(&server.url);
        workspace::run(command.current_dir(&folder))?;
    }
    let mut mariadb = Command::new("python3");
    mariadb.arg("-B").arg(programs.join("mariadb.py")).arg(&doorward);
    workspace::run(mariadb.current_dir(&folder))?;
    Ok(Outcome::Passed)
}
