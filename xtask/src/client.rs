//! A client that openapi-python-client generates from the API's description: it must be generated without a
//! warning, compile, hold to its types, and sign in and out at a running server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::server::Server;
use crate::test::Outcome;
use crate::{python, workspace};

/// The generated package, as `sign_in.py` imports it.
const PACKAGE: &str = "doorward_client";

/// What the first user signs in with.
const PASSWORD: &str = "a long pass phrase";

/// Both ways of telling a failure: what is described differs.
const HTTP_STATUSES: [&str; 2] = ["honest", "always-200"];

pub(crate) fn run() -> Result<Outcome> {
    let folder = workspace::target_directory()?.join("openapi-client");
    let programs = match python::programs(&folder, &sources().join("requirements.txt"))? {
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
        let run = |arguments: &[&str]| {
            workspace::run(Command::new(programs.join("python")).args(arguments).current_dir(&place))
        };
        run(&["-m", "compileall", "-q", "-f", PACKAGE])?;
        run(&["-m", "mypy", "--no-error-summary", PACKAGE])?;
        // The generator's own templates don't hold to it.
        run(&["-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary", "sign_in.py"])?;
        let server = Server::start(&doorward, PASSWORD, &[("http_status", http_status)])?;
        run(&["sign_in.py", &server.address, PASSWORD, http_status])?;
    }
    Ok(Outcome::Passed)
}

fn sources() -> PathBuf {
    workspace::root().join("xtask/openapi-client")
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
