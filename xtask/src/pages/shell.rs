//! The one shell in which a page's commands run.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// How long a command may take, and a server until it is ready.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long a ready server may take to print what the page shows.
const PRINTING: Duration = Duration::from_secs(5);

/// When the shell ends, so does what it started, and the shell waits for that: the next
/// page needs the address. `kill 0` reaches the shell's whole process group.
const AT_EXIT: &str = "trap 'trap \"\" TERM; kill -TERM 0; wait' EXIT\n";

/// A `bash` in an empty folder. Its standard input takes commands, its standard
/// output gives each one's exit code.
pub(crate) struct Shell {
    bash: Child,
    stdin: Option<ChildStdin>,
    exits: Receiver<i32>,
    folder: TempDir,
    count: usize,
    /// What the page's servers print, in files.
    servers: Vec<PathBuf>,
}

impl Shell {
    pub(crate) fn start(programs: &OsStr) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("doorward-page.").tempdir()?;
        let empty = folder.path().join("empty");
        fs::create_dir(&empty)?;
        // On a terminal curl shows no progress beside an answer; here it would.
        fs::write(folder.path().join(".curlrc"), "silent\nshow-error\n")?;

        let mut path = programs.to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        // Where Debian has its servers, also for who isn't root.
        path.push(":/usr/sbin");

        let mut command = Command::new("bash");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DOORWARD_") {
                command.env_remove(name);
            }
        }
        let mut bash = command
            .args(["--noprofile", "--norc", "-s"])
            .current_dir(&empty)
            .env("PATH", path)
            .env("CURL_HOME", folder.path())
            .env("PAGE", folder.path())
            .env("LC_ALL", "C.UTF-8")
            .env("NO_COLOR", "1")
            .env("TERM", "dumb")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("can't start bash")?;

        let stdin = bash.stdin.take();
        let stdout = bash.stdout.take().context("standard output is piped")?;
        let (sender, exits) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Ok(code) = line.parse() {
                    // Nobody listens any more when the page has failed.
                    let _ = sender.send(code);
                }
            }
        });
        let mut shell = Self { bash, stdin, exits, folder, count: 0, servers: Vec::new() };
        shell.tell(AT_EXIT)?;
        Ok(shell)
    }

    /// Runs a command to its end; its exit code and what it printed.
    pub(crate) fn run(&mut self, text: &str) -> Result<(i32, String)> {
        let (script, output) = self.lay_down(text)?;
        let script = script.display();
        let printed = output.display();
        // A script's `set -e` or `exit` must not end the page's shell, a command's `cd`
        // or variable must stay.
        let source = if text.starts_with("set -e\n") { format!("(. '{script}')") } else { format!(". '{script}'") };
        self.tell(&format!("{source} >'{printed}' 2>&1 </dev/null; echo $?\n"))?;
        let Ok(exit) = self.exits.recv_timeout(PATIENCE) else {
            let printed = read(&output);
            bail!("no end after {} s; it printed:\n{printed}", PATIENCE.as_secs());
        };
        Ok((exit, read(&output)))
    }

    /// Starts a server, and returns when it says that it is ready and `accepts` what it printed.
    pub(crate) fn serve(&mut self, text: &str, mut accepts: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let (script, output) = self.lay_down(text)?;
        let socket = script.with_extension("notify");
        let ended = script.with_extension("ended");
        let notifications = UnixDatagram::bind(&socket)?;
        notifications.set_read_timeout(Some(Duration::from_millis(100)))?;
        // The trap makes the subshell wait for its server instead of leaving it behind.
        self.tell(&format!(
            "(trap : TERM; export NOTIFY_SOCKET='{}'; . '{}'; echo $? >'{}') >'{}' 2>&1 </dev/null &\n",
            socket.display(),
            script.display(),
            ended.display(),
            output.display(),
        ))?;
        self.servers.push(output.clone());

        let start = Instant::now();
        let mut message = [0; 4096];
        loop {
            match notifications.recv(&mut message) {
                Ok(length) => {
                    let message = String::from_utf8_lossy(&message[..length]);
                    if message.lines().any(|line| line == "READY=1") {
                        break;
                    }
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error.into()),
            }
            if ended.exists() {
                let code = read(&ended);
                bail!("ended with exit code {}; it printed:\n{}", code.trim(), read(&output));
            }
            if start.elapsed() > PATIENCE {
                bail!("not ready after {} s; it printed:\n{}", PATIENCE.as_secs(), read(&output));
            }
        }
        let ready = Instant::now();
        loop {
            match accepts(&read(&output)) {
                Ok(()) => return Ok(()),
                Err(error) if ready.elapsed() > PRINTING => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// What the page's servers have printed, for one who looks for a failure's cause.
    pub(crate) fn served(&self) -> String {
        let printed: Vec<_> = self.servers.iter().map(|output| read(output)).collect();
        match printed.concat() {
            nothing if nothing.is_empty() => nothing,
            printed => format!("\nthe server printed:\n{printed}"),
        }
    }

    /// Writes a command to a file of its own, and names one for what it prints.
    fn lay_down(&mut self, text: &str) -> Result<(PathBuf, PathBuf)> {
        self.count += 1;
        let script = self.folder.path().join(format!("{}.sh", self.count));
        fs::write(&script, text)?;
        Ok((script.clone(), script.with_extension("out")))
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        let stdin = self.stdin.as_mut().context("the shell's input is open")?;
        stdin.write_all(line.as_bytes())?;
        Ok(stdin.flush()?)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let start = Instant::now();
        while matches!(self.bash.try_wait(), Ok(None)) {
            if start.elapsed() > Duration::from_secs(20) {
                let group = format!("-{}", self.bash.id());
                // Nothing is left to do where even this fails.
                let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
                let _ = self.bash.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn read(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
