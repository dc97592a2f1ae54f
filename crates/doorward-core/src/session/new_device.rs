use sea_orm::{QueryOrder, entity::prelude::*};
use serde_json::Map;

use super::{Column, Device, Entity, fingerprint};
use crate::{
    Doorward, Error, audit,
    audit::Recorded,
    database::{StoredTime, Transaction},
    event::{Event, EventKind},
    mail::{self, Mail, Template},
    user::User,
};

/// How long a device counts as known after it was last used, in seconds.
pub(super) const KNOWN_SECONDS: i64 = 180 * 24 * 60 * 60;

/// Tells the user of a sign-in from a network or program that none of their sessions came from lately. The very
/// first sign-in is not told. A sign-in from a known one costs one query by an index.
pub(super) async fn tell_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: &User,
    now: StoredTime,
) -> Result<Option<Recorded>, Error> {
    let client = &doorward.caller().client;
    let known = Entity::find()
        .filter(Column::UserId.eq(user.id))
        .filter(Column::Fingerprint.eq(fingerprint(client).to_vec()))
        .order_by_desc(Column::Id)
        .one(transaction)
        .await?;
    if known.is_some_and(|session| session.last_seen_at > now.plus_seconds(-KNOWN_SECONDS)) {
        return Ok(None);
    }
    if Entity::find().filter(Column::UserId.eq(user.id)).one(transaction).await?.is_none() {
        return Ok(None);
    }
    let address = client.address.map(|address| address.to_canonical().to_string());
    let shown = client.shown_user_agent().unwrap_or_default();
    let device = Device::of(&shown).to_string();
    // An address that nobody confirmed may be a stranger's.
    if doorward.settings().login.new_device_mail
        && user.confirmed == Some(true)
        && let Some(email) = &user.email
    {
        let variables = Map::from_iter([
            ("when".to_owned(), now.utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into()),
            ("address".to_owned(), address.clone().into()),
            ("device".to_owned(), device.clone().into()),
        ]);
        let mail = Mail {
            user_id: Some(user.id),
            recipient: &email.0,
            template: Template::NewDevice,
            language: user.language.as_deref().unwrap_or("en"),
            variables,
        };
        mail::enqueue_within(doorward, transaction, mail, now).await?;
    }
    let event = Event::of(EventKind::NewDevice, user.id).with("device", device).with("address", address);
    audit::append_within(doorward, transaction, event, now).await.map(Some)
}
