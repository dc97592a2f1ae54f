//! `cargo xtask bench` and `cargo xtask faults`: release builds of the server and of what drives it.

use anyhow::Result;

use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// One of them with its options, or nothing for all; passed on to `doorward-bench`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    drive("all", &options.arguments)
}

pub(crate) fn faults(options: &Options) -> Result<()> {
    drive("faults", &options.arguments)
}

/// `everything` is the task where the arguments name none.
fn drive(everything: &str, arguments: &[String]) -> Result<()> {
    let build = ["build", "--release", "--locked", "--package", "doorward", "--package", "doorward-bench"];
    workspace::run(workspace::cargo(build).args(["--bins", "--example", "embedded"]))?;
    let programs = workspace::target_directory()?.join("release");
    let mut bench = std::process::Command::new(programs.join("doorward-bench"));
    bench.arg("--doorward").arg(programs.join("doorward"));
    bench.arg("--embedded").arg(programs.join("examples/embedded"));
    if arguments.first().is_none_or(|first| first.starts_with("--")) {
        bench.arg(everything);
    }
    workspace::run(bench.args(arguments).current_dir(workspace::root()))
}
