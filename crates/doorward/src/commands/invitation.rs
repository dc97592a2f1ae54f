use doorward_core::{
    database::StoredTime,
    invitation::{self, Invitation, NewInvitation},
};
use serde_json::{Value, json};

use super::{Context, Outcome, exit::Exit, output};
use crate::arguments::InvitationCommand;

pub(super) async fn run(command: InvitationCommand, context: Context) -> Outcome {
    let doorward = context.open().await?;
    match command {
        InvitationCommand::Create { email, role, days, language } => {
            let new = NewInvitation {
                email: email.as_deref(),
                role: role.as_deref(),
                expires_in: days.map(|days| days * 24 * 60 * 60),
                language: &language,
            };
            let invited = invitation::create(&doorward, new).await?;
            let (code, link) = invited.shown.unzip();
            if context.json {
                let mut document = document(&invited.invitation);
                document["invitation_code"] = json!(code);
                document["link"] = json!(link);
                output::print_json(&document);
            } else {
                output::print(&format!("Invitation {}", invited.invitation.id));
                output::print(&link.unwrap_or_else(|| "The mail goes out with the next `serve`.".into()));
            }
        }
        InvitationCommand::List => {
            let invitations = invitation::list(doorward.database().reads()).await?;
            if context.json {
                let documents: Vec<_> = invitations.iter().map(document).collect();
                output::print_json(&json!({"invitations": documents}));
            } else {
                let rows: Vec<_> = invitations.iter().map(|it| row(it, doorward.now())).collect();
                output::print_table(&["ID", "FOR", "ROLE", "ENDS", "STATE"], &rows);
            }
        }
        InvitationCommand::Revoke { id } => {
            invitation::revoke(&doorward, &id).await?;
            if context.json {
                output::print_json(&json!({"revoked": id}));
            } else {
                output::print("Taken back.");
            }
        }
    }
    doorward.close().await;
    Ok(Exit::Done)
}

fn document(it: &Invitation) -> Value {
    json!({
        "id": it.id,
        "email": it.email,
        "role": it.role,
        "invited_by": it.invited_by,
        "created_at": output::time(it.created_at),
        "expires_at": output::time(it.expires_at),
        "used_at": it.used_at.map(output::time),
        "user_id": it.user_id,
    })
}

fn row(it: &Invitation, now: StoredTime) -> Vec<String> {
    let state = match it.user_id {
        Some(user) => format!("used by {user}"),
        None if it.expires_at <= now => "outdated".into(),
        None => "open".into(),
    };
    vec![
        it.id.clone(),
        output::plain(it.email.as_deref().unwrap_or("-")),
        output::plain(it.role.as_deref().unwrap_or("-")),
        output::time(it.expires_at),
        state,
    ]
}
