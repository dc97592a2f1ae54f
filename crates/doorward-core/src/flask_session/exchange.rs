use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_guard::{Credential, CredentialKind, CredentialSource, Denied, Identity};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};
use sha2::{Digest, Sha256};

use super::{
    FlaskCookies, FlaskSignIn,
    entity::{ActiveModel, Column, Entity},
};
use crate::{
    Actor, Doorward, Error,
    adopt::SignOf,
    audit,
    database::{StoredTime, UserId},
    event::{Event, EventKind},
    session, token,
};

/// Whom the Flask application's cookies show, and the value of the session cookie to give in exchange. The same cookies
/// give the same session, at whatever replica, until that ends: signed out here is signed out.
///
/// # Errors
/// [`Denied::BadSignature`] where Flask would see nobody; what [`session::recognise`] says of the session.
pub async fn recognise(doorward: &Doorward, cookies: &FlaskCookies<'_>) -> Result<(Arc<Identity>, String), Error> {
    let (settings, client) = (doorward.settings(), &doorward.caller().client);
    let sign_in = cookies
        .sign_in(&settings.token.secret_keys, &settings.flask_session, client, doorward.now().unix())
        .ok_or(Denied::BadSignature)?;
    let shown = if sign_in.signed_at.is_some() { cookies.session } else { cookies.remember };
    let value = in_exchange_for(shown.unwrap_or_default());
    let credential =
        Credential { kind: CredentialKind::SessionCookie, source: CredentialSource::Cookie, value: &value };
    let identity = match token::authenticate(doorward, &credential, client).await {
        Err(Error::Denied(Denied::BadSignature)) => {
            exchange(doorward, cookies, &sign_in, &value).await?;
            token::authenticate(doorward, &credential, client).await?
        }
        known => known?,
    };
    Ok((identity, value))
}

/// The cookie's value: whoever has the one has the other, and nobody learns the one from the other.
fn in_exchange_for(cookie: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"a session of Doorward's for this cookie of Flask's\0");
    hash.update(cookie);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// Begins the session of a cookie that was not seen before. Of two who bring it at once, one does.
async fn exchange(
    doorward: &Doorward,
    cookies: &FlaskCookies<'_>,
    sign_in: &FlaskSignIn,
    value: &str,
) -> Result<(), Error> {
    let now = doorward.now();
    let id = UserId(sign_in.user_id.get());
    let shown = [cookies.session.filter(|_| sign_in.signed_at.is_some()), cookies.remember];
    let lifetime = i64::try_from(doorward.settings().flask_session.lifetime).unwrap_or(i64::MAX);
    let session_ends = sign_in.signed_at.map(|at| now.plus_seconds((at - now.unix()).saturating_add(lifetime)));
    let shown: Vec<_> =
        shown.into_iter().zip([session_ends, None]).filter_map(|(it, until)| Some((it?, until))).collect();
    let transaction = doorward.database().begin().await?;
    let row = |cookie: &str, until, session: &str| ActiveModel {
        cookie_hash: Set(Sha256::digest(cookie).to_vec()),
        user_id: Set(id),
        session_id: Set(session.to_owned()),
        until: Set(until),
    };
    // Who comes second waits here for the first.
    let Some((decisive, until)) = shown.first().copied() else { return Err(Denied::Missing.into()) };
    let once = OnConflict::column(Column::CookieHash).do_nothing().to_owned();
    let first = row(decisive, until, "");
    let written = Entity::insert(first).on_conflict(once).exec_without_returning(&transaction).await?;
    if written == 0 {
        let known = Entity::find_by_id(Sha256::digest(decisive).to_vec()).one(&transaction).await?;
        let became = known.map(|known| known.session_id).unwrap_or_default();
        match session::find_alive(&transaction, &became, now).await? {
            None => return Err(Denied::Revoked.into()),
            Some(session) if session.cookie_hash == Some(Sha256::digest(value).to_vec()) => return Ok(()),
            // It came along with another cookie before; now it is alone.
            Some(_) => {}
        }
    }
    let doorward = doorward.acting_as(Actor::User(id));
    let event = Event::of(EventKind::LoggedIn, id).with("by", "flask_cookie");
    let recorded = audit::append_within(&doorward, &transaction, event, now).await?;
    let beginning = session::Beginning { cookie: Some(value.to_owned()), fresh: sign_in.fresh };
    let is_later = |ended: StoredTime| {
        // What was signed in the second in which all ended counts as before: the cookie knows no parts of it.
        sign_in.signed_at.is_some_and(|signed_at| signed_at.saturating_mul(1_000) > ended.unix_ms())
    };
    let (session, ended) = session::take_over_within(&doorward, &transaction, id, beginning, now, is_later).await?;
    for (cookie, until) in shown {
        let newest = OnConflict::column(Column::CookieHash).update_column(Column::SessionId).to_owned();
        Entity::insert(row(cookie, until, &session)).on_conflict(newest).exec_without_returning(&transaction).await?;
    }
    transaction.commit().await?;
    doorward.apply_all(&ended);
    doorward.announce(&recorded);
    doorward.seen().note(SignOf::Cookie);
    metrics::counter!("doorward_flask_cookies_exchanged_total").increment(1);
    Ok(())
}

/// Forgets cookies that Flask would not take any more.
pub async fn delete_outdated(doorward: &Doorward) -> Result<(), Error> {
    let transaction = doorward.database().begin().await?;
    Entity::delete_many().filter(Column::Until.lt(doorward.now())).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(())
}
