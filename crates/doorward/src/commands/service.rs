use doorward_core::{
    Doorward, Error,
    api_key::{create, list_of, rotate},
    user::{self, User, Wanted},
};
use serde_json::{Value, json};

use super::{Context, Outcome, api_key, exit::Exit, output};
use crate::arguments::ServiceCommand;

pub(super) async fn run(command: ServiceCommand, context: Context) -> Outcome {
    let doorward = match command {
        // The first service can be made before the server first starts.
        ServiceCommand::Create { .. } => context.open_or_make().await?,
        _ => context.open().await?,
    };
    let outcome = act(command, &context, &doorward).await;
    doorward.close().await;
    outcome
}

async fn act(command: ServiceCommand, context: &Context, doorward: &Doorward) -> Outcome {
    match command {
        ServiceCommand::Create { name, role, scope, expires } => {
            return create_service(context, doorward, &name, role, scope, expires).await;
        }
        ServiceCommand::List { limit } => {
            let wanted = Wanted { service: Some(true), ..Wanted::default() };
            let page = user::find_page(doorward, &wanted, None, limit).await?;
            show_services(context, doorward, &page.users);
        }
        ServiceCommand::Show { service } => {
            let service = named(doorward, &service).await?;
            let keys = list_of(doorward.database().reads(), service.id).await?;
            if context.json {
                let mut document = as_json(doorward, &service);
                document["api_keys"] = keys.iter().map(api_key::as_json).collect();
                output::print_json(&document);
            } else {
                show_services(context, doorward, std::slice::from_ref(&service));
                api_key::show_list(context, &keys);
            }
        }
        ServiceCommand::Rotate { service, overlap } => {
            let service = named(doorward, &service).await?;
            let made = rotate(doorward, service.id, overlap).await?;
            api_key::show_made(context, service.id, Some(&made));
            if !context.json {
                output::print(&format!(
                    "The keys before it end within {overlap} seconds: give the service this one by then."
                ));
            }
        }
        ServiceCommand::Delete { service } => {
            let service = named(doorward, &service).await?;
            user::delete(doorward, service.id).await?;
            if context.json {
                output::print_json(&json!({"deleted": 1}));
            } else {
                output::print("Deleted.");
            }
        }
    }
    Ok(Exit::Done)
}

/// A person is none, whatever their name.
async fn named(doorward: &Doorward, name: &str) -> Result<User, Error> {
    let user = user::find_named(doorward.database().reads(), name).await?;
    if user.service == Some(true) { Ok(user) } else { Err(Error::UserNotFound) }
}

fn as_json(doorward: &Doorward, service: &User) -> Value {
    json!({
        "user_id": service.id,
        "name": service.username,
        "disabled": !service.is_enabled(doorward.now()),
        "created_at": service.member_since.map(output::time),
    })
}

fn show_services(context: &Context, doorward: &Doorward, services: &[User]) {
    if context.json {
        output::print_json(
            &json!({"services": services.iter().map(|service| as_json(doorward, service)).collect::<Vec<_>>()}),
        );
        return;
    }
    let rows: Vec<_> = services
        .iter()
        .map(|service| {
            vec![
                service.id.to_string(),
                output::plain(service.username.as_deref().unwrap_or("-")),
                if service.is_enabled(doorward.now()) { "enabled" } else { "disabled" }.to_owned(),
                service.member_since.map_or_else(|| "-".to_owned(), output::time),
            ]
        })
        .collect();
    output::print_table(&["ID", "NAME", "STATE", "MADE"], &rows);
}

async fn create_service(
    context: &Context,
    doorward: &Doorward,
    name: &str,
    roles: Vec<String>,
    scopes: Vec<String>,
    expires: Option<u64>,
) -> Outcome {
    let key = (!scopes.is_empty()).then(|| api_key::new_key("first".to_owned(), scopes, expires));
    if let Some(key) = &key {
        // Before the service is made: without its key it is half of what was asked for.
        key.check()?;
    }
    let service = user::create_service(doorward, name, roles).await?;
    let made = match key {
        Some(key) => Some(create(doorward, service.id, key).await?),
        None => None,
    };
    api_key::show_made(context, service.id, made.as_ref());
    Ok(Exit::Done)
}
