use std::{
    io::{IsTerminal as _, Read as _},
    path::Path,
};

use doorward_core::token;

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::TokenCommand;

/// The most that is read: no token is as long.
const MOST_BYTES: u64 = 65_536;

pub(super) async fn run(command: &TokenCommand, context: Context) -> Outcome {
    let TokenCommand::Inspect { file } = command;
    let text =
        read(file.as_deref()).map_err(|error| CommandError::failed(format!("the token can't be read: {error}")))?;
    let doorward = context.open().await?;
    let inspection = token::inspect(&doorward, text.trim()).await;
    doorward.close().await;
    let inspection = inspection?;
    if context.json {
        output::print_json(&inspection);
    } else if inspection.good {
        output::print("The token is good.");
        let time = |unix: Option<i64>| {
            unix.and_then(|unix| chrono::DateTime::from_timestamp(unix, 0))
                .map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
                .unwrap_or_default()
        };
        output::print(&format!("format        {}", inspection.format.unwrap_or_default()));
        output::print(&format!("user          {}", inspection.user_id.unwrap_or_default()));
        output::print(&format!("session       {}", inspection.session_id.as_deref().unwrap_or("none")));
        output::print(&format!("issued        {}", time(inspection.issued_at)));
        output::print(&format!("expires       {}", time(inspection.expires_at)));
        output::print(&format!("roles         {}", inspection.roles.join(", ")));
    } else {
        let error = inspection.error.as_deref().unwrap_or_default();
        let reason = inspection.reason.as_deref().unwrap_or_default();
        output::print(&format!("The token is refused: {error} ({reason})."));
    }
    Ok(if inspection.good { Exit::Done } else { Exit::Failed })
}

/// From standard input or a file: an argument is seen by every user of the machine.
fn read(file: Option<&Path>) -> std::io::Result<String> {
    let mut text = String::new();
    match file.filter(|file| *file != Path::new("-")) {
        Some(file) => std::fs::File::open(file)?.take(MOST_BYTES).read_to_string(&mut text)?,
        None if std::io::stdin().is_terminal() => return rpassword::prompt_password("Token: "),
        None => std::io::stdin().take(MOST_BYTES).read_to_string(&mut text)?,
    };
    Ok(text)
}
