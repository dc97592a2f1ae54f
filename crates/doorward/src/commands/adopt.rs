use std::{path::Path, time::Duration};

use doorward_core::{
    adopt::{self, Added, Discovered, Mapping, Renewal, Survey},
    database::{self, Database, Orphans},
};
use serde_json::json;

use super::{CommandError, Context, Outcome, doctor, exit::Exit, output};
use crate::arguments::{AdoptArguments, AdoptStep};

/// The longest wait for one statement.
const WAIT: Duration = Duration::from_mins(1);

pub(super) async fn run(arguments: &AdoptArguments, context: Context) -> Outcome {
    if let Some(AdoptStep::Status { days }) = arguments.step {
        return status(days, &context).await;
    }
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

async fn status(days: u32, context: &Context) -> Outcome {
    let doorward = context.open().await?;
    let status = adopt::status(&doorward, days).await;
    doorward.close().await;
    let status = status?;
    if context.json {
        output::print_json(&status);
        return Ok(Exit::Done);
    }
    for (scheme, count) in &status.schemes {
        output::print(&format!("{count:>9}  {scheme}"));
    }
    output::print(&format!("Passwords are written as {}.", status.write_scheme));
    for (what, seen) in [("tokens", status.tokens), ("cookies", status.cookies)] {
        let last = seen.last.map_or_else(String::new, |last| format!(", the last on {last}"));
        output::print(&format!("{:>9}  {what} of the application's in the last {days} days{last}", seen.count));
    }
    output::print(if status.can_be_switched_off {
        "Nobody came lately who had signed in there: where nothing else needs it, it can be switched off.\n\
         → stop it, set password.write_scheme = \"argon2id\", and leave flask_session out"
    } else {
        "People who had signed in there still come.\n→ send /login to Doorward alone, and look again when its tokens are over"
    });
    Ok(Exit::Done)
}

/// Shows what stands in the database, through a connection that can only read.
async fn look(arguments: &AdoptArguments, context: &Context) -> Result<Discovered, CommandError> {
    let database = open(context.loaded.settings.database.expose()).await?;
    let found = find(&database, arguments.table.as_deref(), arguments.mapping.as_deref()).await?;
    let survey = adopt::survey(&database, &found, &context.loaded.settings).await?;
    database.close().await;
    if context.json && !arguments.apply {
        let in_place = found.mapping.fits_in_place();
        output::print_json(&json!({
            "mapping": found.mapping, "in_place": in_place, "adopted": found.adopted, "survey": survey,
        }));
    } else if !context.json {
        // A file of what is shown can be given as a mapping.
        output::print(found.mapping.to_toml()?.trim_end());
        for line in report(&survey, &found) {
            output::print(format!("# {line}").trim_end());
        }
        if !arguments.apply {
            output::print("# Nothing was changed; `doorward adopt --apply` does it.");
        }
    }
    Ok(found)
}

fn report(survey: &Survey, found: &Discovered) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(survey.schemes.iter().map(|(scheme, count)| format!("{count:>9}  {scheme}")));
    let Renewal { hashes, milliseconds_each, core_seconds } = survey.renewal;
    lines.push(format!(
        "{hashes:>9}  can be renewed as Argon2id at their users' next sign-ins: {milliseconds_each} ms each, \
         {core_seconds} s of one core in all"
    ));
    lines.push(String::new());
    lines.extend(survey.findings.iter().flat_map(doctor::lines));
    for Orphans { table, column, rows, ids } in &survey.orphans {
        let more = if ids.len() > doctor::IDS_SHOWN { ", …" } else { "" };
        let ids: Vec<_> = ids.iter().take(doctor::IDS_SHOWN).map(|id| output::plain(id)).collect();
        lines.push(format!(
            "warn  orphans: {rows} row(s) of `{}` point by `{}` at users who are not there: {}{more}",
            output::plain(table),
            output::plain(column),
            ids.join(", ")
        ));
        lines.push("      → delete them: the next users who get these ids would be taken for theirs".to_owned());
    }
    for table in &survey.taken {
        lines.push(format!("FAIL  taken: the application has a table `{table}`, as Doorward would"));
        lines.push("      → rename it, or import the users into a database of Doorward's own".to_owned());
    }
    if !found.adopted && found.mapping.fits_in_place() {
        let Added { tables, columns } = &survey.added;
        lines.push(String::new());
        lines.push(format!("To `users` would be added: {}", columns.join(", ")));
        lines.push(format!("and beside it the tables {}", tables.join(", ")));
    }
    lines.push(String::new());
    lines
}

/// Another application's database, for reading alone.
pub(super) async fn open(url: &str) -> Result<Database, CommandError> {
    database::connect_read_only(url, WAIT).await.map_err(CommandError::unreachable)
}

/// Its users: by a mapping, in a table, or wherever they can only be.
pub(super) async fn find(
    database: &Database,
    table: Option<&str>,
    mapping: Option<&Path>,
) -> Result<Discovered, CommandError> {
    let Some(file) = mapping else { return Ok(adopt::discover(database, table).await?) };
    let text = std::fs::read_to_string(file)
        .map_err(|error| CommandError::usage(format!("{} can't be read: {error}", file.display())))?;
    let mapping = Mapping::from_toml(&text)?;
    let mut found = adopt::discover(database, Some(&mapping.table)).await?;
    mapping.check(&found.table)?;
    found.mapping = mapping;
    Ok(found)
}

fn tell(context: &Context, document: &serde_json::Value, text: &str) {
    if context.json {
        output::print_json(document);
    } else {
        output::print(text);
    }
}
