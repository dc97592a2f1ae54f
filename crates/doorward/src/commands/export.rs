//! Everything into files, and back.

use std::path::Path;

use doorward_core::{
    Clock as _, Doorward, SystemClock,
    database::StoredTime,
    transfer::{self, ExportFormat, Manifest, WantedExport},
};

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::{ExportArguments, ExportWord};

pub(super) async fn run(arguments: &ExportArguments, context: Context) -> Outcome {
    let database = context.connect(false).await?;
    let wanted = WantedExport {
        folder: arguments.folder.clone(),
        format: match arguments.format {
            ExportWord::Jsonl => ExportFormat::Jsonl,
            ExportWord::Csv => ExportFormat::Csv,
            ExportWord::Sqlite => ExportFormat::Sqlite,
            ExportWord::Postgres => ExportFormat::Postgres,
        },
        with_hashes: arguments.with_hashes,
    };
    let taken_at = StoredTime::new(SystemClock.now()).rfc3339();
    let exported = transfer::export(&database, &wanted, taken_at).await;
    database.close().await;
    let manifest = exported?;
    if context.json {
        output::print_json(&manifest);
    } else {
        tell(&manifest);
        output::print(&format!(
            "Written to {}, with the counts and SHA-256 in manifest.json.",
            wanted.folder.display()
        ));
    }
    if wanted.with_hashes {
        output::complain("warn: the folder holds hashes of passwords and tokens: keep it as you keep the database");
    } else if wanted.format == ExportFormat::Jsonl {
        output::complain("note: without --with-hashes it can't be imported again, and nobody could sign in from it");
    }
    let mut faults = false;
    for table in manifest.tables.iter().filter(|table| !table.left_out.is_empty()) {
        faults = true;
        output::complain(&format!(
            "warn: {} row(s) of {} have no place in this format: {}",
            table.left_out.len(),
            table.name,
            table.left_out.keys().take(20).map(|key| output::plain(key)).collect::<Vec<_>>().join("; ")
        ));
    }
    Ok(if faults { Exit::Faults } else { Exit::Done })
}

pub(super) async fn import(folder: &Path, context: Context) -> Outcome {
    // Made though the seal key is here: it was brought along.
    let settings = &context.loaded.settings;
    let database = Doorward::connect_beside(settings, settings.database.expose()).await;
    let database = database.map_err(CommandError::unreachable)?;
    let imported = transfer::import(&database, folder).await;
    database.close().await;
    let manifest = imported?;
    if context.json {
        output::print_json(&manifest);
        return Ok(Exit::Done);
    }
    tell(&manifest);
    output::print("Everything is as it was exported.");
    output::print("Bring the seal key too (`keys.seal_key_file`): without it the signing keys can't be opened.");
    Ok(Exit::Done)
}

fn tell(manifest: &Manifest) {
    for table in &manifest.tables {
        output::print(&format!("{:>10}  {}", table.rows, table.name));
    }
}
