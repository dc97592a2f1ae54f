use sea_orm::{ActiveValue::Set, entity::prelude::*};
use serde_json::{Map, Value};

use super::{ActiveModel, Entity, Template};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction, UserId},
    random_bytes,
};

/// A mail to be sent once its transaction is committed.
#[derive(Debug)]
pub struct Mail<'a> {
    /// Whom it is about.
    pub user_id: Option<UserId>,
    /// The address that it goes to.
    pub recipient: &'a str,
    /// Which mail.
    pub template: Template,
    /// `en` or `zh`.
    pub language: &'a str,
    /// What the template is filled with; links that open accounts too, so it is sealed at rest.
    pub variables: Map<String, Value>,
}

/// Writes the mail to the outbox, in the transaction that causes it: no mail without its cause, and
/// no cause without its mail. Announce an event of the transaction after the commit, and it is sent at once.
///
/// # Errors
/// [`Error::Internal`] where a variable is missing that the template needs.
pub async fn enqueue_within(
    doorward: &Doorward,
    transaction: &Transaction,
    mail: Mail<'_>,
    now: StoredTime,
) -> Result<(), Error> {
    // What can't be rendered is found here, not by somebody who waits for the mail.
    let title = &doorward.settings().api.title;
    doorward.outbox().templates.render(mail.template, mail.language, title, &mail.variables)?;
    let unique = u128::from_be_bytes(random_bytes(doorward.randomness()));
    let message_id = format!("{unique:032x}@{}", doorward.settings().mail_domain());
    let variables = Value::Object(mail.variables).to_string();
    let sealed = doorward.seal().seal(&seal_name(&message_id), variables.as_bytes())?;
    let row = ActiveModel {
        user_id: Set(mail.user_id),
        recipient: Set(mail.recipient.to_owned()),
        template: Set(mail.template.name().to_owned()),
        language: Set(mail.language.to_owned()),
        sealed: Set(Some(sealed)),
        message_id: Set(message_id),
        created_at: Set(now),
        due_at: Set(now),
        give_up_at: Set(now.plus_seconds(doorward.settings().mail.give_up_seconds())),
        attempts: Set(0),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(transaction).await?;
    doorward.outbox().note_enqueued();
    Ok(())
}

/// The name under which a mail's variables are sealed.
pub(super) fn seal_name(message_id: &str) -> String {
    format!("mail {message_id}")
}
