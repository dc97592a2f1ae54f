//! The Flask system under gunicorn with two workers.

use std::net::SocketAddr;
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

/// What doorward-flask is told.
#[derive(Debug)]
pub(crate) struct Guarding<'a> {
    /// The Doorward that it follows.
    pub doorward: SocketAddr,
    /// The service's key.
    pub service_key: &'a str,
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
        self.start("flask", "application:app", self.command("gunicorn", database, secret_key, folder), folder).await
    }

    /// The same with `/my_info` guarded by doorward-flask, which must be [installed](Self::install).
    pub(crate) async fn serve_guarded(
        &self,
        database: &str,
        secret_key: &str,
        folder: &Path,
        guarding: &Guarding<'_>,
    ) -> Result<Server> {
        let mut command = self.command("gunicorn", database, secret_key, folder);
        command
            .env("DOORWARD_URL", format!("http://{}", guarding.doorward))
            .env("DOORWARD_SERVICE_KEY", guarding.service_key)
            .env("DOORWARD_SECRET_KEYS", secret_key)
            // As the application itself answers: the status is not the code.
            .env("DOORWARD_HTTP_STATUS", "always-200");
        self.start("flask-guarded", "guarded:app", command, folder).await
    }

    /// Installs doorward-flask from its folder, as it stands now.
    pub(crate) fn install(&self, package: &Path) -> Result<()> {
        let pip = ["install", "--quiet", "--upgrade", "--force-reinstall", "--no-deps"];
        run(Command::new(self.binaries.join("pip")).args(["install", "--quiet", "cryptography>=41"]))?;
        run(Command::new(self.binaries.join("pip")).args(pip).arg(std::path::absolute(package)?))
    }

    /// What the application's Python prints.
    pub(crate) fn python(&self, words: &[&str], folder: &Path) -> Result<String> {
        let output = self.command("python", "sqlite://", "unused here", folder).args(words).output()?;
        if !output.status.success() {
            bail!("python failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    async fn start(&self, name: &str, module: &str, mut command: Command, folder: &Path) -> Result<Server> {
        let address = free_address()?;
        command.args(["--workers", "2", "--log-level", "warning", "--bind"]).arg(address.to_string()).arg(module);
        let mut server = Server::spawn(name, command, address, folder)?;
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
