use doorward_core::role::{self, InUse, NewRole, PermissionChange, RoleChange, RoleShown};
use serde_json::{Value, json};

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::RoleCommand;

pub(super) async fn run(command: RoleCommand, context: Context) -> Outcome {
    let doorward = context.open().await?;
    let reads = doorward.database().reads();
    let changed = match command {
        RoleCommand::List => {
            list(&context, &role::list(reads).await?);
            None
        }
        RoleCommand::Create { role, description, permit } => {
            let permissions = permit.into_iter().collect();
            role::create(&doorward, NewRole { name: role.clone(), description, permissions }).await?;
            Some(role)
        }
        RoleCommand::Delete { role, take_away, yes } => {
            if !yes {
                let what = format!("this deletes the role {} for ever", output::plain(&role));
                return Err(CommandError::unless_yes(what));
            }
            let in_use = if take_away { InUse::TakeAway } else { InUse::Refuse };
            let taken_from = role::delete(&doorward, &role, in_use).await?;
            if context.json {
                output::print_json(&json!({"role": role, "taken_from": taken_from}));
            } else {
                output::print(&format!("Deleted; taken from {taken_from} user(s)."));
            }
            None
        }
        RoleCommand::Permit { role, permission } => {
            let permissions = Some(PermissionChange::Permit(permission.into_iter().collect()));
            role::change(&doorward, &role, RoleChange { permissions, ..Default::default() }).await?;
            Some(role)
        }
        RoleCommand::Forbid { role, permission } => {
            let permissions = Some(PermissionChange::Forbid(permission.into_iter().collect()));
            role::change(&doorward, &role, RoleChange { permissions, ..Default::default() }).await?;
            Some(role)
        }
    };
    if let Some(name) = changed {
        let role = role::find(reads, &name).await?;
        if context.json {
            output::print_json(&as_json(&role));
        } else {
            list(&context, &[role]);
        }
    }
    doorward.close().await;
    Ok(Exit::Done)
}

fn as_json(role: &RoleShown) -> Value {
    json!({"name": role.name, "description": role.description, "permissions": role.permissions})
}

fn list(context: &Context, roles: &[RoleShown]) {
    if context.json {
        let documents: Vec<_> = roles.iter().map(as_json).collect();
        output::print_json(&json!({"roles": documents}));
        return;
    }
    let rows: Vec<_> = roles
        .iter()
        .map(|role| {
            vec![
                output::plain(&role.name),
                if role.permissions.is_empty() { "-".to_owned() } else { role.permissions.join(",") },
                output::plain(role.description.as_deref().unwrap_or("-")),
            ]
        })
        .collect();
    output::print_table(&["ROLE", "PERMITS", "DESCRIPTION"], &rows);
}
