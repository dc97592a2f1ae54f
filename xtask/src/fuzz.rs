//! `cargo xtask fuzz`: the parsers under libFuzzer, one target after another.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these; without any, all of them
    targets: Vec<String>,

    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// The most that one input may take, far above what any needs: seconds, and MB that are asked for at once. A parser that
/// believes a length or a count in its input goes beyond.
const LIMITS: [&str; 2] = ["-timeout=5", "-malloc_limit_mb=64"];

pub(crate) fn run(options: &Options) -> Result<()> {
    let known = targets()?;
    if let Some(unknown) = options.targets.iter().find(|name| !known.contains(name)) {
        bail!("there is no target {unknown}; there are {}", known.join(", "));
    }
    has(&["rustc", "--version"], "libFuzzer needs a nightly compiler: rustup toolchain install nightly")?;
    has(&["cargo", "fuzz", "--version"], "cargo-fuzz is missing: cargo install cargo-fuzz --locked")?;

    let fuzz = workspace::root().join("fuzz");
    let seeds = workspace::target_directory()?.join("fuzz-seeds");
    let write = ["run", "--quiet", "--locked", "--package", "doorward-fuzz", "--example", "seeds", "--"];
    workspace::run(workspace::cargo(write).arg(&seeds))?;

    let wanted = if options.targets.is_empty() { &known } else { &options.targets };
    for target in wanted {
        println!("── {target}, {} s", options.seconds);
        // What this target found in earlier runs comes first: new inputs are written there.
        let corpus = fuzz.join("corpus").join(target);
        fs::create_dir_all(&corpus).with_context(|| format!("can't make {}", corpus.display()))?;
        let mut command = nightly(&["cargo", "fuzz", "run", "--features", "targets", "--target-dir"]);
        command.arg(workspace::target_directory()?.join("fuzz")).arg(target).arg(&corpus).arg(seeds.join(target));
        command.arg("--").args(LIMITS).arg(format!("-max_total_time={}", options.seconds));
        command.arg(format!("-dict={}", seeds.join(format!("{target}.dict")).display()));
        command.args(["-max_len=8192", "-print_final_stats=1"]);
        workspace::run(&mut command).with_context(|| {
            format!("{target} did not get to its end; what to do with a finding stands in CONTRIBUTING.md")
        })?;
    }
    Ok(())
}

fn targets() -> Result<Vec<String>> {
    let folder = workspace::root().join("fuzz/fuzz_targets");
    let files = fs::read_dir(&folder).with_context(|| format!("can't list {}", folder.display()))?;
    let mut names = Vec::new();
    for file in files {
        names.extend(file?.path().file_stem().map(|name| name.display().to_string()));
    }
    names.sort();
    Ok(names)
}

fn has(arguments: &[&str], way_out: &str) -> Result<()> {
    let found = nightly(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) { Ok(()) } else { bail!("{way_out}") }
}

/// A program of the nightly toolchain. The `cargo` that runs xtask is bound to its own.
fn nightly(arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly"]).args(arguments).current_dir(workspace::root());
    // The release profile is made for a small program: here linking would take minutes, and traces have no names.
    command
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_STRIP", "none");
    command
}
