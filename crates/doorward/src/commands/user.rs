use doorward_core::{
    Doorward,
    database::UserId,
    role,
    user::{self, NewUser, User},
};
use serde_json::{Value, json};

use super::{
    CommandError, Context, Outcome,
    exit::Exit,
    output::{self, Table},
    password,
};
use crate::arguments::UserCommand;

/// Users read at a time.
const PAGE: u64 = 200;

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
    let mut shown = if context.json {
        Listing::Json { begun: false }
    } else {
        Listing::Table(Table::new(&["ID", "USERNAME", "EMAIL", "ROLES", "MEMBER SINCE", "STATE"]))
    };
    let mut any = false;
    // A page is shown before the next is read: the table may be larger than the memory.
    let next = loop {
        let page = user::list(reads, after, if all { PAGE } else { limit }).await?;
        let mut roles = user::roles_of_each(reads, &page.users).await?;
        let users = page.users.iter().map(|user| (user, roles.remove(&user.id).unwrap_or_default()));
        shown.page(users);
        any |= !page.users.is_empty();
        if !all || page.next.is_none() {
            break page.next;
        }
        after = page.next;
    };
    shown.end(next);
    if any {
        remind_of_administrator(context, doorward, "NAME").await?;
    }
    Ok(Exit::Done)
}

/// A list of users that is shown a page at a time.
enum Listing {
    /// One document, `{"users": […], "next": …}`.
    Json {
        begun: bool,
    },
    Table(Table<'static>),
}

impl Listing {
    fn page<'a>(&mut self, users: impl Iterator<Item = (&'a User, Vec<String>)>) {
        match self {
            Self::Json { begun } => {
                for (user, roles) in users {
                    output::print_part(if *begun { ",\n    " } else { "{\n  \"users\": [\n    " });
                    output::print_part(&as_json(user, &roles).to_string());
                    *begun = true;
                }
            }
            Self::Table(table) => {
                let rows: Vec<_> = users.map(|(user, roles)| row(user, &roles)).collect();
                table.lines(&rows).iter().for_each(|line| output::print(line));
            }
        }
    }

    fn end(self, next: Option<UserId>) {
        match self {
            Self::Json { begun: false } => output::print_json(&json!({"users": [], "next": next})),
            Self::Json { begun: true } => output::print(&format!("\n  ],\n  \"next\": {}\n}}", json!(next))),
            Self::Table(_) => {
                if let Some(next) = next {
                    output::print(&format!("More: doorward user list --after {next}"));
                }
            }
        }
    }
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
