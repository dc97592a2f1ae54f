//! The binary.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use commands::CommandError;
use doorward_core::settings::{self, Options};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Users and login for any HTTP service.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, global = true)]
    config: Option<std::path::PathBuf>,
    /// Sets one setting, as in `--set token.format=flask`. May stand several times.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until told to stop.
    Serve,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in &error.lines {
                eprintln!("error: {line}");
            }
            ExitCode::from(error.exit_code)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), CommandError> {
    let mut options = Options::of_process();
    options.file = arguments.config;
    for pair in &arguments.set {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| CommandError::configuration(format!("`--set {pair}` has no `=`")))?;
        options.flags.push((key.to_owned(), value.to_owned()));
    }
    let loaded = settings::load(&options).map_err(CommandError::unread)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::failed(error.to_string()))?;
    match arguments.command {
        Command::Serve => runtime.block_on(commands::serve::run(loaded)),
    }
}
