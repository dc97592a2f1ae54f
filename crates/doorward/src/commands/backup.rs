use std::path::Path;

use doorward_core::{Doorward, database};
use serde_json::json;

use super::{CommandError, Context, Outcome, output};

pub(super) async fn back_up(file: &Path, context: Context) -> Outcome {
    let database = Doorward::connect_only(&context.loaded.settings, false).await?;
    let advice = database::back_up(&database, file).await?;
    database.close().await;
    match advice {
        Some(advice) if context.json => output::print_json(&advice),
        Some(advice) => output::print(&format!("PostgreSQL makes its own backups. Run:\n{}", advice.command)),
        None if context.json => output::print_json(&json!({"file": file})),
        None => output::print(&format!(
            "Copied to {}. Keep the seal key too, and elsewhere: without it the signing keys in the copy can't be opened.",
            file.display()
        )),
    }
    Ok(0)
}

pub(super) fn restore(file: &Path, yes: bool, context: &Context) -> Outcome {
    if !yes {
        return Err(CommandError::usage(
            "stop Doorward first; this puts the backup in the database's place (what is there is kept beside it); say --yes to do it",
        ));
    }
    let kept = database::restore(context.loaded.settings.database.expose(), file)?;
    if context.json {
        output::print_json(&json!({"kept": kept}));
    } else {
        output::print("Restored.");
        if let Some(kept) = kept {
            output::print(&format!("What was there is kept as {}.", kept.display()));
        }
    }
    Ok(0)
}
