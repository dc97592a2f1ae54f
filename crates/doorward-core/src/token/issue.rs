use doorward_guard::{Claims, SessionId, sign_flask, sign_jwt_with};
use sea_orm::{ActiveValue::Set, EntityTrait as _};

use super::refresh_token::{ActiveModel, Entity, RefreshToken};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction},
    session::Session,
    settings::TokenFormat,
    user::User,
};

/// What a client gets to show who it is.
#[derive(Clone)]
pub struct IssuedTokens {
    /// The access token, in the configured format.
    pub access: String,
    /// How long the access token is good, in seconds.
    pub expires_in: u64,
    /// The refresh token.
    pub refresh: String,
    /// How long the refresh token is good, in seconds.
    pub refresh_expires_in: u64,
}

impl std::fmt::Debug for IssuedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedTokens").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Whose tokens they are.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    /// The user.
    pub user: &'a User,
    /// The names of the user's roles, in order.
    pub roles: &'a [String],
}

/// Issues the first tokens of a session.
pub async fn issue_within(
    doorward: &Doorward,
    transaction: &Transaction,
    owner: Owner<'_>,
    id: SessionId,
    session: &Session,
    now: StoredTime,
) -> Result<IssuedTokens, Error> {
    let refresh = RefreshToken::random(doorward);
    store_within(doorward, transaction, &refresh, session, now).await?;
    compose(doorward, owner, id, session, refresh, now)
}

/// Stores the hash of a refresh token that begins at `now`.
pub(super) async fn store_within(
    doorward: &Doorward,
    transaction: &Transaction,
    token: &RefreshToken,
    session: &Session,
    now: StoredTime,
) -> Result<(), Error> {
    let row = ActiveModel {
        token_hash: Set(token.hash()),
        user_id: Set(session.user_id),
        session_id: Set(session.id.clone()),
        issued_at: Set(now),
        expires_at: Set(refresh_end(doorward, session, now)),
        used_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// Writes the access token that goes with `refresh`. The same arguments make the same tokens.
pub(super) fn compose(
    doorward: &Doorward,
    Owner { user, roles }: Owner<'_>,
    id: SessionId,
    session: &Session,
    refresh: RefreshToken,
    now: StoredTime,
) -> Result<IssuedTokens, Error> {
    let settings = &doorward.settings().token;
    let issued_at = now.unix();
    // No token outlives its session.
    let left = u64::try_from(session.expires_at.unix() - issued_at).unwrap_or(0);
    let expires_in = settings.expiration.min(left);
    let expires_at = issued_at + i64::try_from(expires_in).unwrap_or(i64::MAX);
    let access = match settings.format {
        TokenFormat::Flask => {
            let secret = settings.secret_keys.first().ok_or_else(|| {
                Error::startup(
                    "tokens of the format `flask` need a secret key",
                    "set `token.secret_keys` to the Flask application's SECRET_KEY",
                )
            })?;
            let algorithm = doorward.guard().config().flask_algorithm;
            let secret = secret.expose().as_bytes();
            sign_flask(secret, algorithm, user.id.0, Some(id), issued_at, expires_at)
        }
        TokenFormat::Jwt => {
            let claims = Claims {
                issuer: doorward.settings().issuer(),
                audience: &settings.audience,
                user_id: user.id.0,
                session_id: id,
                token_id: &refresh.access_token_id(),
                issued_at,
                expires_at,
                roles,
                username: user.username.as_deref(),
            };
            let extra = doorward.hooks().extra_claims(user);
            sign_jwt_with(doorward.signing().current()?.as_ref(), &claims, &extra)
                .map_err(|refused| Error::Internal(format!("the application's `extra_claims`: {refused}")))?
        }
    };
    let refresh_end = refresh_end(doorward, session, now).unix();
    Ok(IssuedTokens {
        access,
        expires_in,
        refresh: refresh.into_string(),
        refresh_expires_in: u64::try_from(refresh_end - issued_at).unwrap_or(0),
    })
}

fn refresh_end(doorward: &Doorward, session: &Session, now: StoredTime) -> StoredTime {
    let life = i64::try_from(doorward.settings().token.refresh_expiration).unwrap_or(i64::MAX);
    now.plus_seconds(life).min(session.expires_at)
}
