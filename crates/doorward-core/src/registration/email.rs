use serde_json::{Map, Value};

use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction},
    mail::{self, Mail, Template},
    one_time_code::{self, Purpose},
    user::{self, User},
};

/// Mails `user` the link and the code that confirm `address`. Where the address has an owner already,
/// the mail tells the owner instead; who that is, is the answer. The same is written in either case.
pub(super) async fn confirmation_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: &User,
    address: &str,
    now: StoredTime,
) -> Result<Option<User>, Error> {
    let lifetimes = Purpose::ConfirmEmail.lifetimes();
    let issued =
        one_time_code::issue_within(doorward, transaction, user.id, Purpose::ConfirmEmail, Some(address), lifetimes)
            .await?;
    let owner = user::find_by_email(transaction, address).await?;
    let (template, variables) = if owner.is_some() {
        (Template::RegisteredAgain, again_variables(doorward))
    } else {
        let typed = issued.typed_code.as_deref().zip(lifetimes.typed_seconds);
        (Template::Confirm, confirm_variables(doorward, &issued.link_token, typed, lifetimes.link_seconds))
    };
    let language = owner.as_ref().unwrap_or(user).language.as_deref().unwrap_or("en");
    // To an owner as they spelled it, for that is where they read mail.
    let recipient = owner.as_ref().and_then(|owner| owner.email.as_deref()).unwrap_or(address);
    let about = owner.as_ref().unwrap_or(user).id;
    let mail = Mail { user_id: Some(about), recipient, template, language, variables };
    mail::enqueue_within(doorward, transaction, mail, now).await?;
    Ok(owner)
}

fn confirm_variables(
    doorward: &Doorward,
    link_token: &str,
    typed: Option<(&str, i64)>,
    link_seconds: i64,
) -> Map<String, Value> {
    let mut variables = Map::new();
    variables.insert("link".into(), mail::link(doorward, "/account/confirm", link_token).into());
    if let Some((code, seconds)) = typed {
        variables.insert("code".into(), code.into());
        variables.insert("minutes".into(), (seconds / 60).into());
    }
    variables.insert("hours".into(), (link_seconds / 3_600).into());
    variables
}

/// The link leads to where a reset is asked for, and holds no token: what a stranger can have mailed
/// must not open the account.
fn again_variables(doorward: &Doorward) -> Map<String, Value> {
    let link = mail::link(doorward, "/account/forgot", "");
    Map::from_iter([("link".to_owned(), Value::from(link.trim_end_matches('#')))])
}
