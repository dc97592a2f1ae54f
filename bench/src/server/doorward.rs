//! Doorward, or an application with Doorward inside it, and Doorward's command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt as _;

use super::{Server, free_address};

/// The administrator that the first start makes.
pub(crate) const ADMIN: &str = "admin";
/// The administrator's password; it protects nothing but a temporary folder.
pub(crate) const ADMIN_PASSWORD: &str = "measured-by-the-rig-9f2c";

/// One Doorward with its folder, database and settings; may be started any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Doorward {
    name: String,
    words: Vec<String>,
    binary: PathBuf,
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

impl Doorward {
    /// `doorward serve`, with its files in `folder`.
    pub(crate) fn new(name: &str, binary: &Path, folder: &Path, database: &str) -> Result<Self> {
        let binary = std::path::absolute(binary)?;
        if !binary.exists() {
            bail!("{} is missing: cargo build --release -p doorward", binary.display());
        }
        let words = vec![binary.display().to_string(), "serve".to_owned()];
        let environment = vec![
            ("DOORWARD_DATABASE".to_owned(), database.to_owned()),
            ("DOORWARD_ADMIN_PASSWORD".to_owned(), ADMIN_PASSWORD.to_owned()),
        ];
        Ok(Self { name: name.to_owned(), words, binary, folder: folder.to_owned(), environment })
    }

    /// Another program in its place that takes the same environment, as `examples/embedded` does.
    pub(crate) fn embedded_in(mut self, command_line: &str) -> Result<Self> {
        let mut words = command_line.split_whitespace().map(str::to_owned);
        let program = words.next().context("the embedded server's command line is empty")?;
        let program = std::path::absolute(program)?;
        if !program.exists() {
            bail!("{} is missing: cargo build --release --examples", program.display());
        }
        self.words = std::iter::once(program.display().to_string()).chain(words).collect();
        Ok(self)
    }

    /// One more setting, by its environment name.
    #[must_use]
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The least work that Argon2id allows, so that the rest of a login can be seen.
    #[must_use]
    pub(crate) fn with_cheap_hashes(self) -> Self {
        self.set("DOORWARD_PASSWORD__ARGON2__MEMORY_KIB", "8").set("DOORWARD_PASSWORD__ARGON2__ITERATIONS", "1")
    }

    /// Starts it on a free port and waits for `/healthz`.
    pub(crate) async fn serve(&self) -> Result<Server> {
        let mut server = self.spawn(free_address()?)?;
        server.answers("/healthz", Duration::from_secs(30)).await?;
        Ok(server)
    }

    /// Starts it at `address` without waiting.
    pub(crate) fn spawn(&self, address: SocketAddr) -> Result<Server> {
        let mut command = self.command(&self.words[0]);
        command.args(&self.words[1..]).env("DOORWARD_LISTEN", address.to_string());
        Server::spawn(&self.name, command, address, &self.folder)
    }

    /// Runs a command of Doorward's, with `input` on its standard input, and waits at most a minute. A command whose
    /// caller is given up dies with it, by `kill -9`.
    pub(crate) async fn run(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut command = tokio::process::Command::from(self.command(&self.binary));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("running {}", self.binary.display()))?;
        let mut stdin = child.stdin.take().context("the command has no standard input")?;
        // A command that reads nothing closes its end first, which is no failure.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let ended = tokio::time::timeout(Duration::from_mins(1), child.wait_with_output()).await;
        Ok(ended.context("no end within a minute")??)
    }

    /// As [`Self::run`]; an exit code other than 0 is an error.
    pub(crate) async fn run_well(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let output = self.run(arguments, input).await?;
        if !output.status.success() {
            bail!("doorward {} failed ({}): {}", arguments.join(" "), output.status, said(&output));
        }
        Ok(output)
    }

    /// `doorward user create`, the password on standard input.
    pub(crate) async fn create_user(&self, username: &str, password: &str) -> Result<()> {
        self.run_well(&create_user_words(username, &address_of(username)), &format!("{password}\n")).await?;
        Ok(())
    }

    /// `doorward user set-password`, the password on standard input.
    pub(crate) async fn set_password(&self, username: &str, password: &str) -> Result<()> {
        let words = ["user", "set-password", username, "--password-stdin"];
        self.run_well(&words, &format!("{password}\n")).await?;
        Ok(())
    }

    /// The address of its database.
    pub(crate) fn database(&self) -> &str {
        &self.environment[0].1
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.folder)
            // Everybody comes from one address here, and signs in as often as can be.
            .env("DOORWARD_THROTTLE__ENABLED", "false")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The e-mail address that the rig gives a user.
pub(crate) fn address_of(username: &str) -> String {
    format!("{username}@example.org")
}

/// The words of the command that makes a user whose password comes by standard input.
pub(crate) fn create_user_words<'a>(username: &'a str, email: &'a str) -> [&'a str; 6] {
    ["user", "create", username, "--email", email, "--password-stdin"]
}

/// Both outputs of a command in one text.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).trim().to_owned()
}
