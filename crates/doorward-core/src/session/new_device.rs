use serde_json::Map;

use super::{Device, standing::Standing};
use crate::{
    Doorward, Error, audit,
    audit::Recorded,
    database::{StoredTime, Transaction},
    event::{Event, EventKind},
    mail::{self, Mail, Template},
};

/// How long a device counts as known after it was last used, in seconds.
pub(super) const KNOWN_SECONDS: i64 = 180 * 24 * 60 * 60;

/// Tells the user of a sign-in from a network or program that none of their sessions came from lately. The very
/// first sign-in is not told.
pub(super) async fn tell_within(
    doorward: &Doorward,
    transaction: &Transaction,
    standing: &Standing,
    now: StoredTime,
) -> Result<Option<Recorded>, Error> {
    let known = standing.device_last_used.is_some_and(|time| time > now.plus_seconds(-KNOWN_SECONDS));
    if known || !standing.has_signed_in {
        return Ok(None);
    }
    let (client, user) = (&doorward.caller().client, &standing.user);
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
