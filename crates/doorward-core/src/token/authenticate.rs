use std::sync::Arc;

use doorward_guard::{Credential, CredentialKind, Denied, Format, Identity};

use crate::{
    Doorward, Error,
    adopt::SignOf,
    api_key,
    database::{StoredTime, UserId},
    session::{self, Client, NOTE_EVERY_SECONDS},
    signing_key,
    user::{self, User},
};

/// Who shows this credential, if that is remembered: no database, no cryptography, no waiting.
/// `None` says that [`authenticate`] has to find out.
pub fn recall(
    doorward: &Doorward,
    credential: &Credential<'_>,
    client: &Client,
) -> Option<Result<Arc<Identity>, Denied>> {
    let now = doorward.now();
    let known = match credential.kind {
        CredentialKind::SessionCookie => {
            let key = cookie_key(credential.value, client);
            doorward.guard().recall(credential.kind, key.as_bytes(), now.unix())
        }
        _ => doorward.guard().recall(credential.kind, credential.value.as_bytes(), now.unix()),
    };
    if let Some(Ok(identity)) = &known {
        note(doorward, identity, now);
    }
    known
}

/// Who shows this credential: remembered, or verified and then remembered.
pub async fn authenticate(
    doorward: &Doorward,
    credential: &Credential<'_>,
    client: &Client,
) -> Result<Arc<Identity>, Error> {
    if let Some(known) = recall(doorward, credential, client) {
        return Ok(known?);
    }
    let now = doorward.now();
    let seen = doorward.guard().revocations().mark();
    let (identity, key) = match credential.kind {
        CredentialKind::SessionCookie => {
            let identity = session::recognise(doorward, credential.value, client).await?;
            (identity, cookie_key(credential.value, client))
        }
        CredentialKind::AccessToken => {
            (verify_token(doorward, credential.value, now).await?, credential.value.to_owned())
        }
        CredentialKind::ApiKey => (api_key::recognise(doorward, credential.value).await?, credential.value.to_owned()),
    };
    let identity = doorward.guard().admit(credential.kind, key.as_bytes(), identity, now.unix(), seen)?;
    note(doorward, &identity, now);
    Ok(identity)
}

/// A cookie is remembered together with the client that showed it: from any other it is looked at
/// anew, and session protection decides.
fn cookie_key(cookie: &str, client: &Client) -> String {
    format!("{cookie}|{}", client.recognition_text())
}

fn note(doorward: &Doorward, identity: &Identity, now: StoredTime) {
    if identity.touch(now.unix(), NOTE_EVERY_SECONDS) {
        doorward.activity().note(identity, now);
    }
}

async fn verify_token(doorward: &Doorward, token: &str, now: StoredTime) -> Result<Identity, Error> {
    let verified = match doorward.guard().verify_token(token, now.unix()) {
        // Another replica may have turned the key a moment ago.
        Err(Denied::UnknownKey) if signing_key::reload_if_due(doorward).await => {
            doorward.guard().verify_token(token, now.unix())
        }
        other => other,
    };
    let mut identity = verified?;
    if identity.session_id.is_none() {
        doorward.seen().note(SignOf::Token);
    }
    if identity.format == Some(Format::Flask) {
        complete(doorward, &mut identity, now).await?;
    }
    Ok(identity)
}

/// A token of the Flask system says no more than an id: whether that is anybody, and who, stands in
/// the database.
async fn complete(doorward: &Doorward, identity: &mut Identity, now: StoredTime) -> Result<(), Error> {
    let reads = doorward.database().reads();
    let user = user::find_by_id(reads, UserId(identity.user_id))
        .await?
        .filter(|user: &User| user.is_enabled(now))
        .ok_or(Denied::UserUnknown)?;
    if let Some(ended) = user.tokens_valid_after {
        let issued_ms =
            identity.session_id.map_or(identity.issued_at.saturating_mul(1_000), |session| session.created_ms());
        if issued_ms <= ended.unix_ms() {
            return Err(Denied::Revoked.into());
        }
    }
    let roles = user::roles_of(reads, user.id).await?;
    identity.roles = roles.into_iter().map(String::into_boxed_str).collect();
    identity.username = user.username.map(|name| name.0.into_boxed_str());
    Ok(())
}
