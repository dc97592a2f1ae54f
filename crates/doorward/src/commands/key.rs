use doorward_core::{Doorward, signing_key};
use serde_json::json;

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::KeyCommand;

pub(super) async fn run(command: &KeyCommand, context: Context) -> Outcome {
    if let KeyCommand::Rotate { lost_seal_key: true, .. } = command {
        refuse_unless_lost(&context).await?;
        let dropped = Doorward::drop_sealed_keys(&context.loaded.settings).await?;
        let doorward = context.open().await?;
        let kid = doorward.signing().current()?.kid().to_owned();
        doorward.close().await;
        if context.json {
            output::print_json(&json!({"kid": kid, "dropped": dropped}));
        } else {
            output::print(&format!("Dropped {dropped} key(s) and made {kid}. Everyone signs in anew."));
        }
        return Ok(Exit::Done);
    }
    let doorward = context.open().await?;
    match command {
        KeyCommand::List => {
            let keys = signing_key::list(&doorward).await?;
            if context.json {
                output::print_json(&json!({"keys": keys}));
            } else {
                let rows: Vec<_> = keys
                    .iter()
                    .map(|key| {
                        let made = key.created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
                        vec![key.kid.clone(), key.state.to_owned(), made]
                    })
                    .collect();
                output::print_table(&["KEY", "STATE", "MADE"], &rows);
            }
        }
        KeyCommand::Rotate { revoke, .. } => {
            let rotated = signing_key::rotate(&doorward, *revoke).await?;
            if context.json {
                output::print_json(&rotated);
            } else if rotated.withdrawn > 0 {
                output::print(&format!(
                    "{} signs now; {} older key(s) are withdrawn, their tokens void.",
                    rotated.kid, rotated.withdrawn
                ));
            } else {
                output::print(&format!("{} signs now; older tokens stay good until they end.", rotated.kid));
            }
        }
    }
    doorward.close().await;
    Ok(Exit::Done)
}

/// Where Doorward starts, the seal key opens the signing keys, and dropping them would sign everyone
/// out for nothing.
async fn refuse_unless_lost(context: &Context) -> Result<(), CommandError> {
    let Ok(doorward) = context.open().await else { return Ok(()) };
    doorward.close().await;
    Err(CommandError::conflict(
        "seal_key_not_lost",
        "the seal key is not lost: it opens the signing keys",
        "to replace them all the same, run `doorward key rotate --revoke`",
    ))
}
