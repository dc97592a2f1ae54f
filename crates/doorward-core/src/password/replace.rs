use sea_orm::{ActiveValue::Set, entity::prelude::*};
use serde_json::{Map, json};

use crate::{
    Doorward, Error,
    audit::{self, Recorded},
    database::{StoredTime, Transaction},
    event::{Event, EventKind},
    mail::{self, Mail, Template},
    one_time_code::{self, Purpose},
    throttle,
    user::{self, User},
};

/// How another password came about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replacement {
    /// What the audit says.
    pub(crate) kind: EventKind,
    /// Whether the next sign-in must choose another one.
    pub(crate) must_change: bool,
}

/// Puts `hash` in the place of the user's password and tells the user by mail. Codes that were on their way to
/// choose a password or an address die, and devices are trusted no longer but for the caller's: who knew the old
/// password may sit at one. The sessions are the caller's to end, at the transaction's end.
pub(crate) async fn replace_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: &User,
    hash: String,
    replacement: Replacement,
    now: StoredTime,
) -> Result<Recorded, Error> {
    user::ActiveModel {
        id: Set(user.id),
        password_hash: Set(Some(hash.into())),
        password_version: Set(Some(user.next_password_version())),
        must_change_password: Set(Some(replacement.must_change)),
        ..Default::default()
    }
    .update(transaction)
    .await?;
    for purpose in [Purpose::ResetPassword, Purpose::ChangeEmail] {
        one_time_code::withdraw_within(transaction, user.id, purpose).await?;
    }
    throttle::distrust_others_within(doorward, transaction, user.id).await?;
    if let Some(recipient) = user.email.as_deref() {
        let mail = Mail {
            user_id: Some(user.id),
            recipient,
            template: Template::PasswordChanged,
            language: user.mail_language(),
            variables: when_and_where(doorward, now),
        };
        mail::enqueue_within(doorward, transaction, mail, now).await?;
    }
    audit::append_within(doorward, transaction, Event::of(replacement.kind, user.id), now).await
}

fn when_and_where(doorward: &Doorward, now: StoredTime) -> Map<String, serde_json::Value> {
    let address = doorward.caller().client.address.map(|address| address.to_canonical().to_string());
    Map::from_iter([
        ("when".to_owned(), json!(now.utc().format("%Y-%m-%d %H:%M UTC").to_string())),
        ("address".to_owned(), json!(address.unwrap_or_else(|| "-".to_owned()))),
    ])
}
