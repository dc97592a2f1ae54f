//! A PostgreSQL of the rig's own, that may be killed and frozen.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, getuid, kill_process};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use super::{Server, free_address};
use crate::process;

/// The cluster; gone with its folder when dropped.
#[derive(Debug)]
pub(crate) struct Postgres {
    // Declared before the folder: the server ends first.
    server: Option<Server>,
    port: u16,
    binaries: PathBuf,
    account: Option<Account>,
    folder: TempDir,
}

/// Whom to run as: PostgreSQL refuses to run as root.
#[derive(Debug, Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Postgres {
    /// `initdb` in a new folder, and the first start.
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("doorward-postgres-").tempdir()?;
        let account = if getuid().is_root() { Some(unprivileged_account()?) } else { None };
        if let Some(account) = account {
            chown(folder.path(), Some(account.user), Some(account.group))?;
        }
        let mut postgres = Self { server: None, port: free_address()?.port(), binaries: binaries()?, account, folder };
        let output = postgres
            .command("initdb")
            .args(["--auth=trust", "--username=doorward", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
            .arg(postgres.data())
            .output()?;
        if !output.status.success() {
            bail!("initdb failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        postgres.start_again().await?;
        Ok(postgres)
    }

    /// Starts the killed server on the same port, and waits until it takes connections.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]);
        // What it comes with is for the smallest of machines.
        command.args(["-c", "shared_buffers=1GB", "-c", "max_wal_size=8GB", "-p"]);
        command.arg(self.port.to_string());
        let address = ([127, 0, 0, 1], self.port).into();
        self.server = Some(Server::spawn("postgres", command, address, self.folder.path())?);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(30) {
            if PgConnection::connect(&self.url("postgres")).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("PostgreSQL took no connection within 30 s; see {}", self.folder.path().display())
    }

    /// A new, empty database; returns its address.
    pub(crate) async fn create_database(&self, name: &str) -> Result<String> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        let statement = format!("CREATE DATABASE \"{name}\"");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        Ok(self.url(name))
    }

    /// The server and all its backends die at once, with nothing written back.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        // The backends leave the postmaster's process group: each is ended by its own id.
        let family = process::tree(server.pid())?;
        server.kill()?;
        signal(&family[1..], Signal::KILL)?;
        // The postmaster alone would have removed it, and refuses to start beside a living one.
        let _ = fs::remove_file(self.data().join("postmaster.pid"));
        Ok(())
    }

    /// Every process stops in its tracks: connections stay open and nobody answers.
    pub(crate) fn freeze(&self) -> Result<()> {
        signal(&process::tree(self.pid()?)?, Signal::STOP)
    }

    /// The end of [`Self::freeze`].
    pub(crate) fn thaw(&self) -> Result<()> {
        signal(&process::tree(self.pid()?)?, Signal::CONT)
    }

    /// The address of a database in it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://doorward@127.0.0.1:{}/{database}", self.port)
    }

    fn pid(&self) -> Result<u32> {
        Ok(self.server.as_ref().context("PostgreSQL is not running")?.pid())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.join(program));
        command.current_dir(self.folder.path());
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A stopped process obeys SIGKILL too; what can't be ended can't be helped here.
        let _ = self.kill();
    }
}

fn signal(processes: &[u32], signal: Signal) -> Result<()> {
    for id in processes {
        let pid = i32::try_from(*id).ok().and_then(Pid::from_raw).context("a process id of 0")?;
        match kill_process(pid, signal) {
            // A backend may end between the listing and the signal.
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error).with_context(|| format!("signalling process {id}")),
        }
    }
    Ok(())
}

/// Debian keeps the server's programs outside the path, one folder a version; the newest is taken.
fn binaries() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    found.sort();
    if let Some((_, folder)) = found.pop() {
        return Ok(folder);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|folder| folder.join("initdb").exists())
        .context("no initdb found: install PostgreSQL's server (Debian: apt-get install postgresql)")
}

fn unprivileged_account() -> Result<Account> {
    let accounts = fs::read_to_string("/etc/passwd")?;
    account_of("postgres", &accounts)
        .or_else(|| account_of("nobody", &accounts))
        .context("neither postgres nor nobody stands in /etc/passwd")
}

fn account_of(name: &str, accounts: &str) -> Option<Account> {
    let fields: Vec<&str> =
        accounts.lines().map(|line| line.split(':').collect()).find(|f: &Vec<&str>| f[0] == name)?;
    Some(Account { user: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
}

/// An empty database of either engine, for a rig that runs on both.
pub(crate) enum Engine<'a> {
    /// A file in this folder.
    Sqlite(&'a Path),
    /// A database of this server.
    Postgres(&'a Postgres),
}

impl Engine<'_> {
    /// `SQLite` or `PostgreSQL`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// The address of a new database.
    pub(crate) async fn database(&self, name: &str) -> Result<String> {
        match self {
            Self::Sqlite(folder) => Ok(format!("sqlite://{}", folder.join(format!("{name}.db")).display())),
            Self::Postgres(postgres) => postgres.create_database(name).await,
        }
    }
}
