use doorward_core::throttle;
use serde_json::json;

use super::{Context, Outcome, exit::Exit, output};
use crate::arguments::ThrottleCommand;

pub(super) async fn run(command: ThrottleCommand, context: Context) -> Outcome {
    let doorward = context.open().await?;
    match command {
        ThrottleCommand::List { named } => {
            let counted = throttle::list(&doorward, named.as_deref()).await?;
            let now = doorward.now();
            let waiting = |it: &throttle::Counted| it.row.blocked_until.filter(|until| *until > now);
            if context.json {
                let documents: Vec<_> = counted
                    .iter()
                    .map(|it| {
                        json!({
                            "what": it.purpose.name(),
                            "scope": it.scope.name(),
                            "account": it.account,
                            "place": it.place,
                            "count": it.row.failures,
                            "last_at": output::time(it.row.last_at),
                            "waits_until": waiting(it).map(output::time),
                            "forgotten_at": output::time(it.row.expires_at),
                        })
                    })
                    .collect();
                output::print_json(&json!({"counts": documents}));
            } else {
                let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
                let rows: Vec<_> = counted
                    .iter()
                    .map(|it| {
                        vec![
                            it.purpose.name().to_owned(),
                            it.scope.name().to_owned(),
                            dash(&it.account),
                            dash(&it.place),
                            it.row.failures.to_string(),
                            output::time(it.row.last_at),
                            waiting(it).map_or_else(|| "-".into(), output::time),
                        ]
                    })
                    .collect();
                output::print_table(&["WHAT", "SCOPE", "ACCOUNT", "PLACE", "COUNT", "LAST", "WAITS UNTIL"], &rows);
            }
        }
        ThrottleCommand::Clear { named } => {
            let cleared = throttle::clear(&doorward, &named).await?;
            if context.json {
                output::print_json(&json!({"cleared": cleared}));
            } else {
                output::print(&format!("Cleared {cleared} count(s)."));
            }
        }
    }
    doorward.close().await;
    Ok(Exit::Done)
}
