use doorward_core::{
    Doorward,
    database::UserId,
    role,
    user::{self, NewUser, User},
};
use serde_json::{Value, json};

use super::{CommandError, Context, Outcome, exit::Exit, output, password};
use crate::arguments::UserCommand;

pub(super) async fn run(command: UserCommand, context: Context) -> Outcome {
    let making = matches!(command, UserCommand::Create { .. });
    let doorward = if making { context.open_or_make().await? } else { context.open().await? };
    let outcome = act(command, &context, &doorward).await;
    doorward.close().await;
    outcome
}

async fn act(command: UserCommand, context: &Context, doorward: &Doorward) -> Outcome {
    let find = async |named: &str| user::find_named(doorward.database().reads(), named).await;
    match command {
        UserCommand::Create { name, email, role, confirmed, no_password, password: source } => {
            let password = if no_password { None } else { Some(password::read(&source)?) };
            let new = NewUser { username: &name, email: email.as_deref(), password, confirmed, roles: role };
            let user = user::create(doorward, new).await?;
            show(context, doorward, &user).await?;
            remind_of_administrator(context, doorward, &name).await?;
            Ok(Exit::Done)
        }
        UserCommand::List { after, limit, all } => list(context, doorward, after, limit, all).await,
        UserCommand::Show { user } => show(context, doorward, &find(&user).await?).await,
        UserCommand::SetPassword { user, password: source } => {
            let user = find(&user).await?;
            user::set_password(doorward, user.id, password::read(&source)?).await?;
            done(context, &user, "The password is set; every session has ended.")
        }
        UserCommand::Disable { user } => {
            let user = find(&user).await?;
            user::disable(doorward, user.id).await?;
            done(context, &user, "Disabled; every session has ended.")
        }
        UserCommand::Enable { user } => {
            let user = find(&user).await?;
            user::enable(doorward, user.id).await?;
            done(context, &user, "Enabled.")
        }
        UserCommand::Delete { user, yes } => {
            let user = find(&user).await?;
            if !yes {
                let name = user.username.as_deref().unwrap_or_default();
                return Err(CommandError::unless_yes(format!(
                    "this deletes the user {} ({}) for ever",
                    user.id,
                    output::plain(name)
                )));
            }
            user::delete(doorward, user.id).await?;
            done(context, &user, "Deleted.")
        }
        UserCommand::Grant { user, role } => {
            let user = find(&user).await?;
            let text = if role::grant(doorward, user.id, &role).await? {
                "Granted."
            } else {
                "The user had that role already."
            };
            done(context, &user, text)
        }
        UserCommand::Revoke { user, role } => {
            let user = find(&user).await?;
            let text = if role::revoke(doorward, user.id, &role).await? {
                "Revoked."
            } else {
                "The user did not have that role."
            };
            done(context, &user, text)
        }
    }
}

fn done(context: &Context, user: &User, text: &str) -> Outcome {
    if context.json {
        output::print_json(&json!({"id": user.id, "done": text}));
    } else {
        output::print(text);
    }
    Ok(Exit::Done)
}

fn as_json(user: &User, roles: &[String]) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "confirmed": user.confirmed,
        "name": user.name,
        "location": user.location,
        "about_me": user.about_me,
        "member_since": user.member_since.map(output::time),
        "last_seen": user.last_seen.map(output::time),
        "disabled_at": user.disabled_at.map(output::time),
        "roles": roles,
    })
}

/// The fields of a user in the order in which a person looks for them.
const SHOWN: [&str; 11] = [
    "id",
    "username",
    "email",
    "confirmed",
    "roles",
    "disabled_at",
    "name",
    "location",
    "about_me",
    "member_since",
    "last_seen",
];

async fn show(context: &Context, doorward: &Doorward, user: &User) -> Outcome {
    let roles = user::roles_of(doorward.database().reads(), user.id).await?;
    let value = as_json(user, &roles);
    if context.json {
        output::print_json(&value);
        return Ok(Exit::Done);
    }
    for name in SHOWN {
        let shown = match &value[name] {
            Value::Null => continue,
            Value::String(text) => output::plain(text),
            Value::Array(items) if items.is_empty() => "none".to_owned(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        output::print(&format!("{name:<13} {shown}"));
    }
    Ok(Exit::Done)
}

async fn list(context: &Context, doorward: &Doorward, after: Option<i64>, limit: u64, all: bool) -> Outcome {
    let reads = doorward.database().reads();
    let mut after = after.map(UserId);
    let (mut documents, mut rows) = (Vec::new(), Vec::new());
    let next = loop {
        let page = user::list(reads, after, if all { 200 } else { limit }).await?;
        for user in &page.users {
            let roles = user::roles_of(reads, user.id).await?;
            if context.json {
                documents.push(as_json(user, &roles));
            } else {
                rows.push(row(user, &roles));
            }
        }
        if !all || page.next.is_none() {
            break page.next;
        }
        after = page.next;
    };
    if context.json {
        output::print_json(&json!({"users": documents, "next": next}));
        return Ok(Exit::Done);
    }
    output::print_table(&["ID", "USERNAME", "EMAIL", "ROLES", "MEMBER SINCE", "STATE"], &rows);
    if let Some(next) = next {
        output::print(&format!("More: doorward user list --after {next}"));
    }
    if !rows.is_empty() {
        remind_of_administrator(context, doorward, "NAME").await?;
    }
    Ok(Exit::Done)
}

async fn remind_of_administrator(context: &Context, doorward: &Doorward, name: &str) -> Result<(), CommandError> {
    if !context.json && !role::has_administrator(doorward.database().reads()).await? {
        output::print(&format!("Nobody is an administrator: doorward user grant {name} admin"));
    }
    Ok(())
}

fn row(user: &User, roles: &[String]) -> Vec<String> {
    let text = |field: Option<&str>| output::plain(field.unwrap_or("-"));
    vec![
        user.id.to_string(),
        text(user.username.as_deref()),
        text(user.email.as_deref()),
        if roles.is_empty() { "-".to_owned() } else { roles.join(",") },
        user.member_since.map_or_else(|| "-".to_owned(), output::time),
        if user.is_enabled() { "enabled".to_owned() } else { "disabled".to_owned() },
    ]
}
