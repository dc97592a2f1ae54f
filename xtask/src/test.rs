//! `cargo xtask test`: every check, cheapest first; the first that fails ends the run.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::postgres::{self, Postgres};
use crate::{client, contract, flask_guard, generated, move_in, pages, sources, tools, workspace};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these steps, in the usual order; without any, all of them
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(STEPS.iter().map(|step| step.name)))]
    steps: Vec<String>,

    /// Install PostgreSQL by apt-get where it is missing (needs root; on by itself where CI=true)
    #[arg(long)]
    install: bool,
}

struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Options) -> Result<Outcome>,
    way_out: &'static str,
}

/// How a step ended that did not fail.
pub(crate) enum Outcome {
    Passed,
    /// What it needs isn't here, and why.
    Skipped(String),
}

const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "the code stands as rustfmt writes it",
        run: |_| passed(cargo(&["fmt", "--all", "--check", "--", "-l"])),
        way_out: "cargo fmt --all",
    },
    Step {
        name: "typos",
        about: "no misspelt word",
        run: |_| passed(typos()),
        way_out: "mend the word, or name it in typos.toml where it is right",
    },
    Step {
        name: "deny",
        about: "licences, sources and known holes of every dependency",
        run: |_| passed(deny()),
        way_out: "cargo update --package NAME, or another crate, or an entry in deny.toml with the reason",
    },
    Step {
        name: "clippy",
        about: "no warning in any target",
        run: |_| passed(clippy()),
        way_out: "cargo clippy --workspace --all-targets",
    },
    Step {
        name: "doc",
        about: "the crates' documentation has no warning",
        run: |_| passed(doc()),
        way_out: "cargo doc --no-deps --workspace --open",
    },
    Step {
        name: "build",
        about: "crates, binary, tests and examples",
        run: |_| passed(workspace::build()),
        way_out: "the compiler's first error above",
    },
    Step {
        name: "generated",
        about: "the files that programs write are what they write today",
        run: |_| passed(generated::check()),
        way_out: "cargo xtask docs",
    },
    Step {
        name: "pages",
        about: "README.md and docs/ do what they say",
        run: |_| passed(pages::run()),
        way_out: "mend the page, or what it describes",
    },
    Step {
        name: "client",
        about: "a client generated from the API's description compiles, and signs in and out",
        run: |_| client::run(),
        way_out: "mend the description in crates/doorward-http/src/openapi, or the door",
    },
    Step {
        name: "contract",
        about: "every answer is one that the API's description has",
        run: |_| contract::run(),
        way_out: "mend the description of the door, or the door; Schemathesis prints a curl line for each failure",
    },
    Step {
        name: "python",
        about: "the guard for Flask: lints, types, packages, and tests on the newest Flask and on 1.1",
        run: |_| flask_guard::run(),
        way_out: "mend clients/python; its virtual environments are under target/flask-guard",
    },
    Step {
        name: "sources",
        about: "users of Django, Flask-Security and a MariaDB, imported from their databases, sign in",
        run: |options| sources::run(options.install || in_ci()),
        way_out: "crates/doorward/tests/sources; the virtual environments are under target/sources",
    },
    Step {
        name: "move-in",
        about: "a Flask application's users move in under load, and out again: nothing fails",
        run: |options| move_in::run(options.install || in_ci()),
        way_out: "examples/move-in/run.py says what failed, and where the logs are",
    },
    Step {
        name: "tests",
        about: "all tests, on SQLite and PostgreSQL",
        run: |options| passed(tests(options)),
        way_out: "the same test again: cargo xtask postgres, and in a second terminal cargo test NAME",
    },
];

pub(crate) fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    let mut skipped = Vec::new();
    let wanted = |name| options.steps.is_empty() || options.steps.iter().any(|step| step == name);
    for step in STEPS.iter().filter(|step| wanted(step.name)) {
        println!("── {}: {}", step.name, step.about);
        let start = Instant::now();
        let outcome = (step.run)(options)
            .map_err(|error| anyhow!("{} failed: {error:#}\nwhat to do: {}", step.name, step.way_out))?;
        match outcome {
            Outcome::Passed => println!("   {} ok, {}", step.name, text(start.elapsed())),
            Outcome::Skipped(why) => {
                println!("   {} SKIPPED: {why}", step.name);
                skipped.push(step.name);
            }
        }
    }
    let but = if skipped.is_empty() { String::new() } else { format!(", but skipped: {}", skipped.join(", ")) };
    println!("── all well after {}{but}", text(start.elapsed()));
    Ok(())
}

fn passed(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

fn text(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", time.as_secs_f32()),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

fn cargo(arguments: &[&str]) -> Result<()> {
    workspace::run(&mut workspace::cargo(arguments))
}

fn typos() -> Result<()> {
    let program = tools::TYPOS.path()?;
    workspace::run(std::process::Command::new(program).current_dir(workspace::root()))
}

fn deny() -> Result<()> {
    let program = tools::CARGO_DENY.path()?;
    let deny = || {
        let mut command = std::process::Command::new(&program);
        command.arg("--locked").current_dir(workspace::root());
        command
    };
    let check = ["check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    workspace::run(deny().args(check))?;
    if !deny().args(["fetch", "db"]).output()?.status.success() {
        println!("   known holes were NOT CHECKED: RustSec's database can't be reached from here");
        return Ok(());
    }
    workspace::run(deny().args(["--offline", "check", "advisories"]))
}

fn clippy() -> Result<()> {
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-Dwarnings"])?;
    // What a service takes that wants the guard and no runtime: the workspace always has more of it switched on.
    cargo(&["clippy", "--package", "doorward-guard", "--lib", "--locked", "--", "-Dwarnings"])
}

fn doc() -> Result<()> {
    let mut command = workspace::cargo(["doc", "--no-deps", "--workspace", "--locked"]);
    workspace::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Where a machine is set up by nobody else, PostgreSQL is installed too.
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

fn tests(options: &Options) -> Result<()> {
    let server = Postgres::start(options.install || in_ci())?;
    let mut command = workspace::cargo(["test", "--workspace", "--locked", "--no-fail-fast"]);
    let mut child = command.env(postgres::VARIABLE, &server.url).stdout(Stdio::piped()).spawn()?;
    let printed = child.stdout.take().context("standard output is piped")?;
    let mut sum = Sum::default();
    for line in BufReader::new(printed).split(b'\n') {
        let line = line?;
        // A failing test may print anything.
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        sum.add(&line);
    }
    let status = child.wait()?;
    // Before the sum, so that the sum is what stands last.
    drop(server);
    println!("{} passed, {} failed, {} skipped", sum.passed, sum.failed, sum.ignored);
    if !status.success() {
        bail!("`{}`: {status}", workspace::line(&command));
    }
    if sum.passed == 0 {
        bail!("no test was run");
    }
    Ok(())
}

/// What the test binaries' closing lines add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    passed: u32,
    failed: u32,
    ignored: u32,
}

impl Sum {
    /// Takes in `test result: ok. 12 passed; 0 failed; 1 ignored; …`, and leaves other lines alone.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        for count in counts.split([';', '.']) {
            if let Some((number, what)) = count.trim().split_once(' ')
                && let Ok(number) = number.parse::<u32>()
            {
                match what {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    "ignored" => self.ignored += number,
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn closing_lines_of_several_binaries_add_up() {
        let mut sum = Sum::default();
        sum.add("test user::tests::passed ... ok");
        sum.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s");
        sum.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s");
        let expected = Sum { passed: 15, failed: 2, ignored: 1 };
        assert_eq!(sum, expected);
    }
}
