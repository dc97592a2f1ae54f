//! Doorward's own chores. `cargo xtask --help` lists them.

mod bench;
mod client;
mod common_passwords;
mod contract;
mod flask_guard;
mod fuzz;
mod generated;
mod move_in;
mod pages;
mod postgres;
mod python;
mod server;
mod sources;
mod test;
mod tools;
mod tree;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// Doorward's own chores
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Every check and every test, on SQLite and PostgreSQL; what CI runs
    Test(test::Options),
    /// Keep a PostgreSQL for the tests running until Ctrl-C, for plain `cargo test`
    Postgres(postgres::Options),
    /// Write the files that come from the code anew (configuration reference, example file, vectors for guards)
    Docs,
    /// Run Doorward side by side with what it is measured against, in release builds
    Bench(bench::Options),
    /// Kill, cut and fill up what Doorward stands on, and count what was lost
    Faults(bench::Options),
    /// Feed the parsers arbitrary input for a while (needs a nightly compiler and cargo-fuzz)
    Fuzz(fuzz::Options),
    /// Build the filter of common passwords from lists (docs/decisions/common-passwords.md says which)
    CommonPasswords(common_passwords::Options),
    /// Lines per file and crate
    Tree,
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Test(options) => test::run(&options),
        Task::Postgres(options) => postgres::run(&options),
        Task::Docs => generated::write(),
        Task::Bench(options) => bench::run(&options),
        Task::Faults(options) => bench::faults(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::CommonPasswords(options) => common_passwords::run(&options),
        Task::Tree => tree::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
