//! The command line: reads the arguments and the configuration, runs one command, tells how it ended.

mod arguments;
mod commands;
mod succession;
mod testing;
mod working;

use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser as _;
use commands::{CommandError, Exit};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return not_parsed(&error),
    };
    let json = arguments.json;
    match commands::run(arguments) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            error.tell(json);
            ExitCode::from(error.code())
        }
    }
}

/// Help and version are no errors. The rest is told as the caller reads it, though `--json` itself was
/// not parsed.
fn not_parsed(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let error = CommandError::usage(text.trim_start_matches("error: ").trim_end());
        error.tell(true);
        return ExitCode::from(error.code());
    }
    // A reader that has gone away is no failure.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { Exit::Usage } else { Exit::Done }.code())
}
