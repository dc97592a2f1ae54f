//! From one database to another.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Instant,
};

use doorward_core::{
    Doorward,
    settings::ConnectionUrl,
    transfer::{self, MoveReport, Step},
};
use serde_json::json;

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::MoveArguments;

pub(super) async fn run(arguments: &MoveArguments, context: Context) -> Outcome {
    if arguments.abandon {
        return abandon(arguments.yes, &context).await;
    }
    let settings = &context.loaded.settings;
    let next = settings.database_next.as_ref().map(ConnectionUrl::expose);
    let to = arguments.to.as_deref().or(next).ok_or_else(|| {
        CommandError::usage(
            "nothing says where to: write --to URL, or set `database_next`, which `serve` follows by itself",
        )
    })?;
    let source = context.connect(false).await?;
    let target = Doorward::connect_beside(settings, to).await.map_err(CommandError::unreachable)?;
    let mut shown = Shown { began: Instant::now(), shows: io::stderr().is_terminal() && !context.json, last: None };
    let moved = transfer::move_to(&source, &target, &mut |step| shown.show(step)).await;
    shown.end();
    source.close().await;
    target.close().await;
    let report = moved?;
    if context.json {
        output::print_json(&report);
    } else {
        print(&report);
    }
    Ok(Exit::Done)
}

async fn abandon(yes: bool, context: &Context) -> Outcome {
    if !yes {
        return Err(CommandError::unless_yes(
            "this lets the database take writes again as it was: what was written at the other one since is not here",
        ));
    }
    let source = context.connect(false).await?;
    let abandoned = transfer::abandon(&source).await;
    source.close().await;
    let abandoned = abandoned?;
    if context.json {
        output::print_json(&json!({"other": abandoned.other}));
    } else {
        output::print(&format!("Given up; what is at {} is of no use any more.", abandoned.other));
    }
    Ok(Exit::Done)
}

fn print(report: &MoveReport) {
    for table in &report.tables {
        output::print(&format!("{:>10}  {}", table.rows, table.name));
    }
    output::print(&format!(
        "Moved to {}: every row compared, {} brought over that were written meanwhile; writers waited {} ms.",
        report.to, report.caught_up, report.held_ms
    ));
    if !report.stay.is_empty() {
        let tables: Vec<_> = report.stay.iter().map(|name| output::plain(name)).collect();
        output::print(&format!("These tables are not Doorward's, and stay: {}", tables.join(", ")));
    }
    output::print(
        "This database takes no more writes. Set `database` to the other one for the next start of Doorward.",
    );
}

/// How far it is, on a terminal.
struct Shown {
    began: Instant,
    shows: bool,
    last: Option<Instant>,
}

impl Shown {
    fn show(&mut self, step: Step<'_>) {
        let held = matches!(step, Step::Holding);
        let is_due = self.last.is_none_or(|at| at.elapsed().as_millis() >= 200);
        if !self.shows || (!is_due && !held) {
            return;
        }
        self.last = Some(Instant::now());
        let seconds = self.began.elapsed().as_secs();
        let what = match step {
            Step::Copying { table, rows } => format!("copying {table}: {rows}"),
            Step::CatchingUp(rows) => format!("catching up: {rows}"),
            Step::Comparing(table) => format!("comparing {table}"),
            Step::Holding => "writers wait".to_owned(),
        };
        let _ = write!(io::stderr(), "\r{seconds} s  {what:<60}");
    }

    fn end(&self) {
        if self.last.is_some() {
            output::complain("");
        }
    }
}
