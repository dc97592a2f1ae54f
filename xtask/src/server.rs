//! The built binary, serving.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// `doorward serve` on a database of its own.
pub(crate) struct Server {
    child: Child,
    /// `http://HOST:PORT`.
    pub(crate) address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts it with these settings, and waits until it listens.
    pub(crate) fn start(doorward: &Path, password: &str, settings: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("doorward-serve.").tempdir()?;
        let mut serve = Command::new(doorward);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DOORWARD_") {
                serve.env_remove(name);
            }
        }
        serve.args(["serve", "--listen", "127.0.0.1:0"]);
        for (key, value) in settings {
            serve.args(["--set", &format!("{key}={value}")]);
        }
        let mut child = serve
            .env("DOORWARD_ADMIN_PASSWORD", password)
            .env("DOORWARD_LOG__FORMAT", "json")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = child.stderr.take().context("standard error is piped")?;
        let mut server = Self { child, address: String::new(), _folder: folder };
        let mut lines = BufReader::new(log).lines();
        let mut said = String::new();
        for line in lines.by_ref() {
            let line = line?;
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = event["message"].as_str().and_then(|text| text.strip_prefix("Listening on ")) {
                address.clone_into(&mut server.address);
                break;
            }
            said.push_str(&line);
            said.push('\n');
        }
        if server.address.is_empty() {
            bail!("`doorward serve` ended:\n{said}");
        }
        // A log that nobody reads would fill up.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
