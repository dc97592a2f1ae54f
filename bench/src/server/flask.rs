//! The Flask system under gunicorn with two workers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Server, free_address};

/// The application with its Python.
#[derive(Debug, Clone)]
pub(crate) struct Flask {
    application: PathBuf,
    binaries: PathBuf,
}

impl Flask {
    /// Makes the virtual environment at `venv` if it isn't there (pip reaches for the package index then).
    pub(crate) fn prepare(application: &Path, venv: &Path, python: &str) -> Result<Self> {
        let application = std::path::absolute(application)?;
        let venv = std::path::absolute(venv)?;
        let binaries = venv.join("bin");
        if !binaries.join("gunicorn").exists() {
            println!("flask: making {} from requirements.txt", venv.display());
            run(Command::new(python).args(["-m", "venv"]).arg(&venv))?;
            let requirements = application.join("requirements.txt");
            run(Command::new(binaries.join("pip")).args(["install", "--quiet", "-r"]).arg(requirements))?;
        }
        Ok(Self { application, binaries })
    }

    /// Makes the tables of an empty database, as Flask-Migrate leaves them.
    pub(crate) fn create_tables(&self, database: &str, folder: &Path) -> Result<()> {
        run(self.command("python", database, "unused here", folder).args(["application.py", "create-tables"]))
    }

    /// Starts it and waits until both workers answer.
    pub(crate) async fn serve(&self, database: &str, secret_key: &str, folder: &Path) -> Result<Server> {
        let address = free_address()?;
        let mut command = self.command("gunicorn", database, secret_key, folder);
        command.args(["--workers", "2", "--log-level", "warning", "--bind"]).arg(address.to_string());
        command.arg("application:app");
        let mut server = Server::spawn("flask", command, address, folder)?;
        server.answers("/my_info", Duration::from_secs(20)).await?;
        // The second worker imports beside the first; let it come up before anything is measured.
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(server)
    }

    fn command(&self, program: &str, database: &str, secret_key: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.binaries.join(program));
        command
            .current_dir(&self.application)
            .env("SECRET_KEY", secret_key)
            .env("DATABASE_URL", for_sqlalchemy(database))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONWARNINGS", "ignore")
            // gunicorn keeps a control socket in the home folder.
            .env("HOME", folder);
        command
    }
}

/// SQLAlchemy takes the path of `sqlite://` after one more slash, and knows no `postgres://`.
fn for_sqlalchemy(database: &str) -> String {
    if let Some(path) = database.strip_prefix("sqlite://") {
        format!("sqlite:///{path}")
    } else if let Some(rest) = database.strip_prefix("postgres://") {
        format!("postgresql://{rest}")
    } else {
        database.to_owned()
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("running {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{command:?} failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::for_sqlalchemy;

    #[test]
    fn addresses_are_in_the_words_of_sqlalchemy() {
        assert_eq!(for_sqlalchemy("sqlite:///tmp/a.db"), "sqlite:////tmp/a.db");
        assert_eq!(for_sqlalchemy("postgres://a@127.0.0.1:5/b"), "postgresql://a@127.0.0.1:5/b");
    }
}
