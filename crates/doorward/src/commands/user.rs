use doorward_core::{
    Doorward,
    database::{StoredTime, UserId},
    role,
    user::{self, After, Disabling, ExportFormat, NewUser, Search, Sort, User, Wanted},
};
use serde_json::{Value, json};

use super::{
    CommandError, Context, Outcome,
    exit::Exit,
    output::{self, Table},
    password,
};
use crate::arguments::{ExportForm, UserCommand, UserFilter, UserSort};

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
        UserCommand::List { wanted, after, limit, all } => {
            list(context, doorward, &wanted_by(wanted), after, if all { None } else { Some(limit) }).await
        }
        UserCommand::Export { format, wanted } => export(doorward, wanted_by(wanted), format).await,
        UserCommand::Show { user } => show(context, doorward, &find(&user).await?).await,
        UserCommand::SetPassword { user, must_change, password: source } => {
            let user = find(&user).await?;
            let new = password::read(&source)?;
            if must_change {
                user::set_password_for_once(doorward, user.id, new).await?;
                let text = "The password is set for one sign-in, which must choose another; every session has ended.";
                return done(context, &user, text);
            }
            user::set_password(doorward, user.id, new).await?;
            done(context, &user, "The password is set; every session has ended.")
        }
        UserCommand::ResetPassword { user } => {
            let user = find(&user).await?;
            doorward_core::password::start_reset(doorward, user.id).await?;
            done(context, &user, "A mail with the link is on its way; the present password goes on until it is used.")
        }
        UserCommand::Disable { user, reason, until } => {
            let user = find(&user).await?;
            let how = Disabling { reason, until: until.map(StoredTime::new) };
            user::disable_with(doorward, user.id, how).await?;
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
        UserCommand::Undelete { user } => {
            let user = find(&user).await?;
            let text = if user::undelete(doorward, user.id).await? {
                "Called off: the account stays."
            } else {
                "No deletion was pending."
            };
            done(context, &user, text)
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
        "disabled_until": user.disabled_until.map(output::time),
        "disabled_reason": user.disabled_reason,
        "delete_after": user.delete_after.map(output::time),
        "roles": roles,
    })
}

/// The fields of a user in the order in which a person looks for them.
const SHOWN: [&str; 14] = [
    "id",
    "username",
    "email",
    "confirmed",
    "roles",
    "disabled_at",
    "disabled_until",
    "disabled_reason",
    "delete_after",
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
        output::print(&format!("{name:<15} {shown}"));
    }
    Ok(Exit::Done)
}

fn wanted_by(filter: UserFilter) -> Wanted {
    let sort = match filter.sort {
        UserSort::Id => Sort::Id,
        UserSort::Username => Sort::Username,
        UserSort::MemberSince => Sort::MemberSince,
        UserSort::LastSeen => Sort::LastSeen,
    };
    Wanted {
        search: filter.search.map(Search::Prefix).or(filter.containing.map(Search::Substring)),
        role: filter.role,
        disabled: if filter.disabled { Some(true) } else { filter.enabled.then_some(false) },
        confirmed: filter.unconfirmed.then_some(false),
        service: filter.service.then_some(true),
        sort,
        descending: filter.descending,
    }
}

async fn export(doorward: &Doorward, wanted: Wanted, form: ExportForm) -> Outcome {
    let format = match form {
        ExportForm::Csv => ExportFormat::Csv,
        ExportForm::Ndjson => ExportFormat::Ndjson,
    };
    let mut export = user::export(doorward, wanted, format).await?;
    while let Some(part) = export.next_part().await? {
        if !output::print_bytes(&part) {
            break;
        }
    }
    Ok(Exit::Done)
}

/// Up to `limit` users, or all of them where there is none.
async fn list(
    context: &Context,
    doorward: &Doorward,
    wanted: &Wanted,
    after: Option<String>,
    limit: Option<u64>,
) -> Outcome {
    let mut after = after.map(|text| text.parse().map_or(After::Cursor(text), |id| After::Id(UserId(id))));
    let mut shown = if context.json {
        Listing::Json { begun: false }
    } else {
        Listing::Table(Table::new(&["ID", "USERNAME", "EMAIL", "ROLES", "MEMBER SINCE", "STATE"]))
    };
    let now = doorward.now();
    let mut left = limit;
    let mut any = false;
    // A page is shown before the next is read: the table may be larger than the memory. A page of a search
    // can hold fewer than were asked for before the last.
    let next = loop {
        let page = user::find_page(doorward, wanted, after.as_ref(), left.unwrap_or(PAGE)).await?;
        let mut roles = user::roles_of_each(doorward.database().reads(), &page.users).await?;
        let users = page.users.iter().map(|user| (user, roles.remove(&user.id).unwrap_or_default()));
        shown.page(users, now);
        any |= !page.users.is_empty();
        left = left.map(|left| left - page.users.len() as u64);
        if left == Some(0) || page.next.is_none() {
            // In the usual order an id says as much, and can be typed.
            let by_id = wanted.search.is_none() && wanted.sort == Sort::Id;
            break match page.users.last().filter(|_| by_id && page.next.is_some()) {
                Some(last) => Some(json!(last.id)),
                None => page.next.map(Value::from),
            };
        }
        after = page.next.map(After::Cursor);
    };
    shown.end(next.as_ref());
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
    fn page<'a>(&mut self, users: impl Iterator<Item = (&'a User, Vec<String>)>, now: StoredTime) {
        match self {
            Self::Json { begun } => {
                for (user, roles) in users {
                    output::print_part(if *begun { ",\n    " } else { "{\n  \"users\": [\n    " });
                    output::print_part(&as_json(user, &roles).to_string());
                    *begun = true;
                }
            }
            Self::Table(table) => {
                let rows: Vec<_> = users.map(|(user, roles)| row(user, &roles, now)).collect();
                table.lines(&rows).iter().for_each(|line| output::print(line));
            }
        }
    }

    fn end(self, next: Option<&Value>) {
        match self {
            Self::Json { begun: false } => output::print_json(&json!({"users": [], "next": next})),
            Self::Json { begun: true } => output::print(&format!("\n  ],\n  \"next\": {}\n}}", json!(next))),
            Self::Table(_) => {
                if let Some(next) = next {
                    let next = next.as_str().map_or_else(|| next.to_string(), str::to_owned);
                    output::print(&format!("More: the same with --after {next}"));
                }
            }
        }
    }
}

async fn remind_of_administrator(context: &Context, doorward: &Doorward, name: &str) -> Result<(), CommandError> {
    if !context.json && !role::has_administrator(doorward.database().reads(), doorward.now()).await? {
        output::print(&format!("Nobody is an administrator: doorward user grant {name} admin"));
    }
    Ok(())
}

fn row(user: &User, roles: &[String], now: StoredTime) -> Vec<String> {
    let text = |field: Option<&str>| output::plain(field.unwrap_or("-"));
    vec![
        user.id.to_string(),
        text(user.username.as_deref()),
        text(user.email.as_deref()),
        if roles.is_empty() { "-".to_owned() } else { roles.join(",") },
        user.member_since.map_or_else(|| "-".to_owned(), output::time),
        if user.is_enabled(now) { "enabled".to_owned() } else { "disabled".to_owned() },
    ]
}
