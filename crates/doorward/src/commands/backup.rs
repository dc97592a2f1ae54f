use std::path::Path;

use doorward_core::database;
use serde_json::json;

use super::{CommandError, Context, Outcome, exit::Exit, output};

pub(super) async fn back_up(file: &Path, context: Context) -> Outcome {
    let database = context.connect(false).await?;
    let advice = database::back_up(&database, file).await;
    database.close().await;
    if let Some(advice) = advice? {
        // Not a success: a script must not believe that it has a backup now.
        return Err(CommandError::elsewhere(
            "use_pg_dump",
            "nothing was copied: PostgreSQL makes its own backups",
            format!("run: {}", advice.command),
        ));
    }
    if context.json {
        output::print_json(&json!({"file": file}));
    } else {
        output::print(&format!("Copied to {}.", file.display()));
        output::print("Keep the seal key too, and elsewhere: without it the copy's signing keys can't be opened.");
    }
    Ok(Exit::Done)
}

pub(super) async fn restore(file: &Path, yes: bool, context: &Context) -> Outcome {
    if !yes {
        return Err(CommandError::unless_yes(
            "this puts the backup in the database's place (what is there is kept beside it); stop Doorward first",
        ));
    }
    let kept = database::restore(context.loaded.settings.database.expose(), file).await?;
    if context.json {
        output::print_json(&json!({"kept": kept}));
    } else {
        output::print("Restored.");
        if let Some(kept) = kept {
            output::print(&format!("What was there is kept as {}.", kept.display()));
        }
    }
    Ok(Exit::Done)
}
