//! A client that openapi-python-client generates from the API's description: it must be generated without a
//! warning, compile, hold to its types, and sign in and out at a running server.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::test::Outcome;
use crate::workspace;

/// The generated package, as `sign_in.py` imports it.
const PACKAGE: &str = "doorward_client";

/// What the first user signs in with.
const PASSWORD: &str = "a long pass phrase";

/// Both ways of telling a failure: what is described differs.
const HTTP_STATUSES: [&str; 2] = ["honest", "always-200"];

pub(crate) fn run() -> Result<Outcome> {
    let folder = workspace::target_directory()?.join("openapi-client");
    let programs = match programs(&folder, &sources().join("requirements.txt"))? {
        Ok(programs) => programs,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let doorward = workspace::doorward()?;
    for http_status in HTTP_STATUSES {
        println!("   http_status = {http_status}");
        let place = folder.join(http_status);
        fs::create_dir_all(&place)?;
        generate(&programs, &doorward, &place, http_status)?;
        fs::copy(sources().join("sign_in.py"), place.join("sign_in.py"))?;
        let python = |arguments: &[&str]| {
            workspace::run(Command::new(programs.join("python")).args(arguments).current_dir(&place))
        };
        python(&["-m", "compileall", "-q", "-f", PACKAGE])?;
        python(&["-m", "mypy", "--no-error-summary", PACKAGE])?;
        // The generator's own templates don't hold to it.
        python(&["-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary", "sign_in.py"])?;
        let server = Server::start(&doorward, http_status)?;
        python(&["sign_in.py", &server.address, PASSWORD, http_status])?;
    }
    Ok(Outcome::Passed)
}

fn sources() -> PathBuf {
    workspace::root().join("xtask/openapi-client")
}

/// The folder of the programs that the generator and the type checker are, installed once per clone and
/// list of requirements; or why they can't be had here.
fn programs(folder: &Path, requirements: &Path) -> Result<Result<PathBuf, String>> {
    let wanted = fs::read(requirements)?;
    let (environment, installed) = (folder.join("venv"), folder.join("installed.txt"));
    let programs = environment.join("bin");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(Ok(programs));
    }
    println!("   installing what {} lists", requirements.file_name().unwrap_or_default().display());
    fs::create_dir_all(folder)?;
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).output();
    if !made.is_ok_and(|made| made.status.success()) {
        return Ok(Err("there is no Python with venv and pip here: apt-get install python3-venv".into()));
    }
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip.args(["--retries", "1", "--timeout", "10", "--only-binary", ":all:", "--requirement"]).arg(requirements);
    let output = pip.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        if no_index(&said) {
            return Ok(Err("pip can't reach an index of packages from here".into()));
        }
        bail!("`{}`: {}\n{said}", workspace::line(&pip), output.status);
    }
    fs::write(installed, wanted)?;
    Ok(Ok(programs))
}

/// Whether pip failed for want of an index: it tells of each connection that it tries again, and where
/// it is told to use none, of a package without any version.
fn no_index(said: &str) -> bool {
    said.contains("after connection broken by") || said.contains("(from versions: none)")
}

fn generate(programs: &Path, doorward: &Path, place: &Path, http_status: &str) -> Result<()> {
    let described = Command::new(doorward)
        .args(["openapi", "--set", &format!("http_status={http_status}")])
        .current_dir(place)
        .output()?;
    if !described.status.success() {
        bail!("`doorward openapi`: {}", String::from_utf8_lossy(&described.stderr));
    }
    fs::write(place.join("openapi.json"), described.stdout)?;
    let mut generate = Command::new(programs.join("openapi-python-client"));
    generate
        .args(["generate", "--path", "openapi.json", "--output-path", PACKAGE, "--overwrite"])
        .args(["--meta", "none", "--fail-on-warning", "--config"])
        .arg(sources().join("generator.yaml"))
        .current_dir(place);
    let output = generate.output()?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("`{}`:\n{}", workspace::line(&generate), String::from_utf8_lossy(&said));
    }
    Ok(())
}

/// `doorward serve` on a database of its own.
struct Server {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(doorward: &Path, http_status: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("doorward-client.").tempdir()?;
        let mut serve = Command::new(doorward);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DOORWARD_") {
                serve.env_remove(name);
            }
        }
        let mut child = serve
            .args(["serve", "--listen", "127.0.0.1:0", "--set", &format!("http_status={http_status}")])
            .env("DOORWARD_ADMIN_PASSWORD", PASSWORD)
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

#[cfg(test)]
mod tests {
    use super::no_index;

    #[test]
    fn an_index_out_of_reach_is_told_from_a_package_that_is_not_there() {
        let unreachable = "WARNING: Retrying (Retry(total=0, …)) after connection broken by 'NewConnectionError(…)'";
        assert!(no_index(unreachable));
        assert!(no_index(
            "ERROR: Could not find a version that satisfies the requirement mypy==2.4.1 (from versions: none)"
        ));
        assert!(!no_index(
            "ERROR: Could not find a version that satisfies the requirement mypy==99 (from versions: 0.1, 2.4.1)"
        ));
        assert!(!no_index(
            "ERROR: Cannot install -r requirements.txt because these package versions have conflicting dependencies."
        ));
    }
}
