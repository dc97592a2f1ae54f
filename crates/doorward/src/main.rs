//! The command line: reads the arguments and the configuration, runs one command, tells how it ended.

mod arguments;
mod commands;

use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.json;
    match commands::run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            error.tell(json);
            ExitCode::from(error.exit_code)
        }
    }
}
