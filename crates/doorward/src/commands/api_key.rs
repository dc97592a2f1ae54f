use doorward_core::{
    Doorward,
    api_key::{self, ApiKeyRow, CreatedApiKey, NewApiKey},
    database::UserId,
    user,
};
use serde_json::{Value, json};

use super::{Context, Outcome, exit::Exit, output};
use crate::arguments::ApiKeyCommand;

const DAY_SECONDS: u64 = 24 * 60 * 60;

pub(super) async fn run(command: ApiKeyCommand, context: Context) -> Outcome {
    let doorward = context.open().await?;
    let outcome = act(command, &context, &doorward).await;
    doorward.close().await;
    outcome
}

async fn act(command: ApiKeyCommand, context: &Context, doorward: &Doorward) -> Outcome {
    let reads = doorward.database().reads();
    match command {
        ApiKeyCommand::Create { user, name, scope, expires } => {
            let user = user::find_named(reads, &user).await?;
            let made = api_key::create(doorward, user.id, new_key(name, scope, expires)).await?;
            show_made(context, user.id, Some(&made));
        }
        ApiKeyCommand::List { user } => {
            let user = user::find_named(reads, &user).await?;
            show_list(context, &api_key::list_of(reads, user.id).await?);
        }
        ApiKeyCommand::Revoke { user, id } => {
            let user = user::find_named(reads, &user).await?;
            api_key::revoke(doorward, user.id, &id).await?;
            if context.json {
                output::print_json(&json!({"ended": 1}));
            } else {
                output::print("Ended.");
            }
        }
    }
    Ok(Exit::Done)
}

pub(super) fn new_key(name: String, scopes: Vec<String>, expires: Option<u64>) -> NewApiKey {
    NewApiKey { name, scopes, expires_in: expires.map(|days| days.saturating_mul(DAY_SECONDS)) }
}

pub(super) fn show_made(context: &Context, user: UserId, made: Option<&CreatedApiKey>) {
    if context.json {
        let mut document = json!({"user_id": user});
        if let Some(made) = made {
            document["api_key"] = as_json(&made.row);
            document["api_key"]["key"] = made.key.expose().into();
        }
        output::print_json(&document);
        return;
    }
    output::print(&format!("user  {user}"));
    match made {
        Some(made) => {
            output::print(&format!("id    {}", made.row.id));
            output::print(&format!("key   {}", made.key.expose()));
            output::print("Keep the key now: it is not shown again.");
        }
        None => output::print(&format!("Give it a key: doorward api-key create {user} --name NAME --scope read")),
    }
}

pub(super) fn as_json(row: &ApiKeyRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "shown": row.shown,
        "scopes": row.scopes().collect::<Vec<_>>(),
        "created_at": output::time(row.created_at),
        "expires_at": row.expires_at.map(output::time),
        "last_used_at": row.last_used_at.map(output::time),
    })
}

pub(super) fn show_list(context: &Context, rows: &[ApiKeyRow]) {
    if context.json {
        output::print_json(&json!({"api_keys": rows.iter().map(as_json).collect::<Vec<_>>()}));
        return;
    }
    let time = |time: Option<_>| time.map_or_else(|| "-".to_owned(), output::time);
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            vec![
                row.id.clone(),
                format!("{}…", row.shown),
                row.scopes.clone(),
                time(row.last_used_at),
                time(row.expires_at),
                output::plain(&row.name),
            ]
        })
        .collect();
    output::print_table(&["ID", "KEY", "SCOPES", "LAST USED", "ENDS", "NAME"], &rows);
}
