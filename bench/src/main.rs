//! Doorward's measuring rigs.
//!
//! `doorward-bench all` measures every figure that one machine can show, side by side with what it is compared with, and
//! writes `bench/results/*.json` and `docs/performance.md`. `doorward-bench faults` kills, freezes and restarts what
//! Doorward stands on while clients remember what they were promised. Servers run in temporary folders on free loopback
//! ports; nothing else is touched.

mod command_line;
mod fault;
mod http_client;
mod load;
mod measure;
mod population;
mod process;
mod report;
mod server;
mod statistics;
mod wire;

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Parser as _;

use command_line::{CommandLine, Task};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let done = tokio::select! {
        // What was started ends with the values that hold it.
        _ = tokio::signal::ctrl_c() => Err(anyhow!("stopped by Ctrl-C")),
        done = carry_out(&command_line) => done,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(command_line: &CommandLine) -> Result<()> {
    match &command_line.task {
        Task::BareAxum { listen, answer, guarded_by } => {
            server::bare_axum::serve(*listen, answer, guarded_by.as_deref()).await
        }
        Task::Table => report::write_table(&command_line.results, &command_line.table),
        Task::Measure(measurement) => command_line.measure(measurement).await,
        Task::All { samples } => command_line.measure_all(*samples).await,
        Task::Fault(fault) => command_line.try_fault(fault).await,
        Task::Faults => command_line.try_all_faults().await,
    }
}
