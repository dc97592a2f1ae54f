//! Whether the running server keeps to its own description: Schemathesis makes requests of every kind from
//! the OpenAPI document, as an administrator and as a user, and judges each answer by it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::server::Server;
use crate::test::Outcome;
use crate::{python, workspace};

/// What the first user signs in with.
const PASSWORD: &str = "wooden spoon under moonlight";

/// Requests for each operation and phase. `DOORWARD_CONTRACT_EXAMPLES` asks for more.
const EXAMPLES: &str = "15";

pub(crate) fn run() -> Result<Outcome> {
    let folder = workspace::target_directory()?.join("openapi-contract");
    let programs = match python::programs(&folder, &sources().join("requirements.txt"))? {
        Ok(programs) => programs,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let doorward = workspace::doorward()?;
    let examples = std::env::var("DOORWARD_CONTRACT_EXAMPLES").unwrap_or_else(|_| EXAMPLES.to_owned());
    for role in ["admin", "user"] {
        println!("   as {role}, {examples} examples of each");
        let server = Server::start(&doorward, PASSWORD, SETTINGS)?;
        let mut test = Command::new(programs.join("python"));
        test.arg(sources().join("run.py"))
            .args([server.address.as_str(), PASSWORD, role, examples.as_str()])
            .current_dir(&folder);
        workspace::run(&mut test)?;
    }
    Ok(Outcome::Passed)
}

/// Cheap passwords and no waits: what is tested is what is answered.
const SETTINGS: &[(&str, &str)] = &[
    ("login.failure_time_ms", "0"),
    ("password.argon2.memory_kib", "64"),
    ("password.argon2.iterations", "1"),
    ("throttle.enabled", "false"),
    ("registration.mode", "open"),
];

fn sources() -> PathBuf {
    workspace::root().join("xtask/openapi-contract")
}
