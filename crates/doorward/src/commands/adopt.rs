use std::time::Duration;

use doorward_core::{
    adopt::{self, Discovered, Mapping},
    database,
};
use serde_json::json;

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::AdoptArguments;

/// The longest wait for one statement.
const WAIT: Duration = Duration::from_mins(1);

pub(super) async fn run(arguments: &AdoptArguments, context: Context) -> Outcome {
    if arguments.undo {
        if !arguments.yes {
            return Err(CommandError::unless_yes("this drops sessions, roles and keys (users stay)"));
        }
        let database = context.connect(false).await?;
        let taken_back = database::take_away(&database).await?;
        database.close().await;
        tell(&context, &json!({"taken_back": taken_back}), &format!("Took back {taken_back} step(s); users stay."));
        return Ok(Exit::Done);
    }
    let found = look(arguments, &context).await?;
    if !arguments.apply {
        return Ok(Exit::Done);
    }
    if !found.mapping.fits_in_place() {
        return Err(CommandError::conflict(
            "not_in_place",
            format!("Doorward can't work on the table `{}` where it stands: its columns differ", found.mapping.table),
            "only a table `users` with the Flask system's columns can be adopted in place",
        ));
    }
    let database = context.connect(false).await?;
    let applied = database::migrate_up(&database).await?;
    database.close().await;
    let told =
        if applied.is_empty() { "It is adopted already." } else { "Adopted. `doorward adopt --undo` goes back." };
    tell(&context, &json!({"applied": applied}), told);
    Ok(Exit::Done)
}

/// Shows what stands in the database, through a connection that can only read.
async fn look(arguments: &AdoptArguments, context: &Context) -> Result<Discovered, CommandError> {
    let url = context.loaded.settings.database.expose();
    let database = database::connect_read_only(url, WAIT).await.map_err(CommandError::unreachable)?;
    let found = match &arguments.mapping {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| CommandError::usage(format!("{} can't be read: {error}", file.display())))?;
            let mapping = Mapping::from_toml(&text)?;
            let mut found = adopt::discover(&database, Some(&mapping.table)).await?;
            mapping.check(&found.table)?;
            found.mapping = mapping;
            found
        }
        None => adopt::discover(&database, arguments.table.as_deref()).await?,
    };
    let schemes = adopt::count_schemes(&database, &found).await?;
    database.close().await;
    if context.json && !arguments.apply {
        let in_place = found.mapping.fits_in_place();
        output::print_json(&json!({
            "mapping": found.mapping, "schemes": schemes, "in_place": in_place, "adopted": found.adopted,
        }));
    } else if !context.json {
        output::print(found.mapping.to_toml()?.trim_end());
        schemes.iter().for_each(|(scheme, count)| output::print(&format!("# {count} {scheme}")));
        if !arguments.apply {
            output::print("# Nothing was changed; `doorward adopt --apply` does it.");
        }
    }
    Ok(found)
}

fn tell(context: &Context, document: &serde_json::Value, text: &str) {
    if context.json {
        output::print_json(document);
    } else {
        output::print(text);
    }
}
