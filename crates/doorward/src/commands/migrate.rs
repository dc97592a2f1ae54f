use doorward_core::database;
use serde_json::json;

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::MigrateCommand;

pub(super) async fn run(command: &MigrateCommand, context: Context) -> Outcome {
    if let MigrateCommand::Down { yes: false, .. } = command {
        return Err(CommandError::unless_yes("this drops sessions, roles and keys (users stay)"));
    }
    let create = matches!(command, MigrateCommand::Up);
    let database = context.connect(create).await?;
    match command {
        MigrateCommand::Up => {
            let applied = database::migrate_up(&database).await?;
            if context.json {
                output::print_json(&json!({"applied": applied}));
            } else if applied.is_empty() {
                output::print("Nothing to do.");
            } else {
                applied.iter().for_each(|name| output::print(&format!("applied {name}")));
            }
        }
        MigrateCommand::Down { steps, .. } => {
            let taken_back = database::migrate_down(&database, *steps).await?;
            if context.json {
                output::print_json(&json!({"taken_back": taken_back}));
            } else {
                output::print(&format!("Took back {taken_back} step(s)."));
            }
        }
        MigrateCommand::Status => {
            let states = database::migration_status(&database).await?;
            if context.json {
                output::print_json(&json!({"steps": states}));
            } else {
                let rows: Vec<_> = states
                    .iter()
                    .map(|it| vec![it.name.clone(), if it.applied { "applied" } else { "missing" }.into()])
                    .collect();
                output::print_table(&["STEP", "STATE"], &rows);
            }
        }
    }
    database.close().await;
    Ok(Exit::Done)
}
