//! A PostgreSQL of the tests' own: made by `initdb` in a temporary folder, gone with this process.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// The variable in which the tests find the server; they make a database each in it.
pub(crate) const VARIABLE: &str = "DOORWARD_TEST_POSTGRES";

/// Fast rather than safe: what it holds is worth nothing after the run.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 300
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
";

/// Waits for the end of its standard input, which comes with the end of this process
/// however that ends, then clears up.
const GUARD: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
"$1/pg_ctl" -D "$2/data" -m immediate stop >/dev/null 2>&1
rm -rf "$2"
"#;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Install PostgreSQL by apt-get where it is missing (needs root)
    #[arg(long)]
    install: bool,
}

/// `cargo xtask postgres`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let server = Postgres::start(options.install)?;
    println!("In another terminal, until Ctrl-C here:\n");
    println!("    export {VARIABLE}={}", server.url);
    println!("    cargo test --workspace");
    loop {
        std::thread::park();
    }
}

/// A running server; stopped and removed when dropped, or when this process ends.
pub(crate) struct Postgres {
    /// Of its superuser, who may make databases.
    pub(crate) url: String,
    guard: Child,
}

impl Postgres {
    pub(crate) fn start(install: bool) -> Result<Self> {
        let programs = programs(install)?;
        let owner = Owner::of_servers();

        let made = owner.command(Path::new("mktemp")).args(["-d", "-t", "doorward-postgres.XXXXXX"]).output()?;
        if !made.status.success() {
            bail!("{}", String::from_utf8_lossy(&made.stderr));
        }
        let folder = PathBuf::from(String::from_utf8(made.stdout)?.trim_end());

        let guard = owner
            .command(Path::new("sh"))
            .args(["-c", GUARD, "guard"])
            .args([&programs, &folder])
            .stdin(Stdio::piped())
            // Ctrl-C goes to the terminal's whole process group, and must not end the guard.
            .process_group(0)
            .spawn()?;
        let mut server = Self { url: String::new(), guard };

        let password = random_password()?;
        fs::write(folder.join("password"), &password)?;
        let mut initdb = owner.command(&programs.join("initdb"));
        initdb
            .arg("--pgdata")
            .arg(folder.join("data"))
            .arg("--pwfile")
            .arg(folder.join("password"))
            .args(["--username=postgres", "--auth=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"]);
        quietly(&mut initdb)?;

        let port = start_on_a_free_port(&owner, &programs, &folder)?;
        server.url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
        Ok(server)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // An error leaves the guard to finish by itself.
        let _ = self.guard.wait();
    }
}

fn start_on_a_free_port(owner: &Owner, programs: &Path, folder: &Path) -> Result<u16> {
    let data = folder.join("data");
    let configuration = data.join("postgresql.conf");
    let shipped = fs::read_to_string(&configuration)?;
    let log = folder.join("log");
    // Between its choice and its use another process can take the port.
    let mut tries = 3;
    loop {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let sockets = folder.display();
        fs::write(
            &configuration,
            format!("{shipped}{SETTINGS}port = {port}\nunix_socket_directories = '{sockets}'\n"),
        )?;
        let mut start = owner.command(&programs.join("pg_ctl"));
        start.args(["start", "--wait", "--pgdata"]).arg(&data);
        start.arg("--log").arg(&log);
        match quietly(&mut start) {
            Ok(()) => return Ok(port),
            Err(_) if tries > 1 => tries -= 1,
            Err(error) => {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(error.context(format!("PostgreSQL doesn't start:\n{said}")));
            }
        }
    }
}

/// Whom PostgreSQL's programs run as: they refuse root.
struct Owner(Option<&'static str>);

impl Owner {
    fn of_servers() -> Self {
        if !workspace::is_root() {
            return Self(None);
        }
        let known = Command::new("id").args(["-u", "postgres"]).output();
        let there = known.is_ok_and(|output| output.status.success());
        Self(Some(if there { "postgres" } else { "nobody" }))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = match self.0 {
            None => Command::new(program),
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.arg(format!("--reuid={user}"));
                // By the user's own id: Debian's nobody has no group of its name.
                command.arg(format!("--regid={}", group_of(user)));
                command.arg("--init-groups").arg(program);
                command
            }
        };
        // A folder that every user may enter; a root's checkout often isn't one.
        command.current_dir("/");
        command
    }
}

fn group_of(user: &str) -> String {
    Command::new("id")
        .args(["-g", user])
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

/// Runs a command and shows what it printed only when it fails.
fn quietly(command: &mut Command) -> Result<()> {
    // The server keeps what `pg_ctl` inherits: pipes would never see their end.
    let mut output = tempfile::tempfile()?;
    let status = command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?).status()?;
    if !status.success() {
        let mut said = String::new();
        std::io::Seek::rewind(&mut output)?;
        output.read_to_string(&mut said)?;
        bail!("`{}`: {status}\n{said}", workspace::line(command));
    }
    Ok(())
}

fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// The folder of `initdb` and `pg_ctl`.
fn programs(install: bool) -> Result<PathBuf> {
    if let Some(folder) = installed() {
        return Ok(folder);
    }
    if !(install && workspace::is_root()) {
        bail!(
            "PostgreSQL's programs (initdb, pg_ctl) are neither on PATH nor in /usr/lib/postgresql\n\
             Debian, Ubuntu: sudo apt-get install postgresql\n\
             Fedora:         sudo dnf install postgresql-server\n\
             macOS:          brew install postgresql"
        );
    }
    println!("   installing PostgreSQL");
    let mut update = Command::new("apt-get");
    quietly(update.args(["update", "--quiet"]))?;
    let mut get = Command::new("apt-get");
    get.args(["install", "--yes", "--no-install-recommends", "postgresql"]);
    quietly(get.env("DEBIAN_FRONTEND", "noninteractive"))?;
    installed().context("apt-get installed postgresql, but no initdb is in /usr/lib/postgresql")
}

fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim_end().into());
    }
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    folders.into_iter().find(|folder| ["initdb", "pg_ctl"].iter().all(|program| folder.join(program).is_file()))
}
