use doorward_core::{
    Error,
    session::{self, EndReason},
    user,
};
use serde_json::json;

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::SessionCommand;

pub(super) async fn run(command: SessionCommand, context: Context) -> Outcome {
    let doorward = context.open().await?;
    let reads = doorward.database().reads();
    match command {
        SessionCommand::List { user } => {
            let user = user::find_named(reads, &user).await?;
            let sessions = session::list_of(reads, user.id, doorward.now()).await?;
            if context.json {
                let documents: Vec<_> = sessions
                    .iter()
                    .map(|it| {
                        json!({
                            "id": it.id,
                            "created_at": output::time(it.created_at),
                            "last_seen_at": output::time(it.last_seen_at),
                            "expires_at": output::time(it.expires_at),
                            "address": it.address,
                            "user_agent": it.user_agent,
                            "fresh": it.fresh,
                        })
                    })
                    .collect();
                output::print_json(&json!({"sessions": documents}));
            } else {
                let rows: Vec<_> = sessions
                    .iter()
                    .map(|it| {
                        vec![
                            it.id.clone(),
                            output::time(it.created_at),
                            output::time(it.last_seen_at),
                            it.address.clone().unwrap_or_else(|| "-".into()),
                            output::plain(it.user_agent.as_deref().unwrap_or("-")),
                        ]
                    })
                    .collect();
                output::print_table(&["ID", "BEGAN", "LAST SEEN", "ADDRESS", "PROGRAM"], &rows);
            }
        }
        SessionCommand::End { all: Some(user), .. } => {
            let user = user::find_named(reads, &user).await?;
            let ended = session::end_all(&doorward, user.id, EndReason::Administrator).await?;
            if context.json {
                output::print_json(&json!({"ended": ended}));
            } else {
                output::print(&format!("Ended {ended} session(s), and every token."));
            }
        }
        SessionCommand::End { id, .. } => {
            let id = id.unwrap_or_default();
            let id = id.parse().map_err(|_| CommandError::from(Error::SessionNotFound))?;
            session::end(&doorward, id, EndReason::Administrator).await?;
            if context.json {
                output::print_json(&json!({"ended": 1}));
            } else {
                output::print("Ended.");
            }
        }
    }
    doorward.close().await;
    Ok(Exit::Done)
}
