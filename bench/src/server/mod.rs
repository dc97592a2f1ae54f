//! Servers under measurement: each a process of its own on a free loopback port, in a folder of its own.

pub(crate) mod bare_axum;
pub(crate) mod doorward;
pub(crate) mod flask;
pub(crate) mod postgres;

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::http_client::{Request, ask};

/// A running server; ended with its whole process group when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    /// For messages.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it printed.
    pub log: PathBuf,
    child: Child,
}

impl Server {
    /// Starts `command`, its output added to `NAME.log` in `folder`, without waiting for it to answer.
    pub(crate) fn spawn(name: &str, mut command: Command, address: SocketAddr, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {name}: {}", command.get_program().display()))?;
        Ok(Self { name: name.to_owned(), address, log, child })
    }

    /// Waits until a GET of `path` is answered with 200.
    pub(crate) async fn answers(&mut self, path: &str, within: Duration) -> Result<()> {
        let request = Request::new("GET", path, &[]);
        let started = Instant::now();
        loop {
            if ask(self.address, &request).await.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended ({status}) before it answered:\n{}", self.name, self.last_lines());
            }
            if started.elapsed() > within {
                bail!("{} did not answer GET {path} within {within:?}:\n{}", self.name, self.last_lines());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The process started; its children stand below it.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, of the process group at once.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            kill_process_group(self.group()?, Signal::KILL)?;
            self.child.wait()?;
        }
        Ok(())
    }

    /// SIGTERM, then up to 15 s for a graceful end.
    pub(crate) async fn stop(mut self) -> Result<ExitStatus> {
        kill_process(self.group()?, Signal::TERM)?;
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(15) {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("{} did not end within 15 s of SIGTERM", self.name)
    }

    /// Everything printed so far, over all starts in the same folder.
    pub(crate) fn printed(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn last_lines(&self) -> String {
        let text = self.printed();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn group(&self) -> Result<Pid> {
        i32::try_from(self.pid()).ok().and_then(Pid::from_raw).context("a process id of 0")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing is left to do about a process that can't be ended.
        let _ = self.kill();
    }
}

/// A loopback address that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
