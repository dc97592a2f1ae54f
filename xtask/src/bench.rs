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
    let build = ["build", "--release", "--locked", "--package", "doorward"];
    workspace::run(&mut workspace::cargo(build))?;
    let mut bench = workspace::cargo(["run", "--release", "--locked"]);
    bench.args(["--manifest-path", "bench/Cargo.toml", "--target-dir"]);
    bench.arg(workspace::target_directory()?).arg("--");
    if arguments.first().is_none_or(|first| first.starts_with("--")) {
        bench.arg(everything);
    }
    workspace::run(bench.args(arguments))
}
