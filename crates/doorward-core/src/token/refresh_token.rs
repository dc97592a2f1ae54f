use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::entity::prelude::*;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction, UserId},
    random_bytes,
};

/// What every refresh token begins with, so that it stands for nothing else and can be found where
/// it leaked.
const PREFIX: &str = "dwr_";

/// A refresh token: 256 bits behind a prefix. Only its hash is stored.
#[derive(Clone)]
pub(crate) struct RefreshToken(Zeroizing<String>);

impl RefreshToken {
    /// The first of a session.
    pub(crate) fn random(doorward: &Doorward) -> Self {
        Self::of_bytes(random_bytes(doorward.randomness()))
    }

    /// Reads what a client sent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let body = text.strip_prefix(PREFIX)?;
        (body.len() == 43 && URL_SAFE_NO_PAD.decode(body).is_ok()).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The token that takes the place of this one. It is computed, not drawn: two tabs that use the
    /// same token at once get the same answer, from any replica, and nothing but hashes is stored.
    /// Without the seal key nobody can compute it, not with the whole database either.
    pub(crate) fn successor(&self, doorward: &Doorward) -> Self {
        let tag = hmac::sign(doorward.seal().refresh_key(), self.0.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Self::of_bytes(bytes)
    }

    fn of_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }

    /// The name (`jti`) of the access token that is issued with this one.
    pub(crate) fn access_token_id(&self) -> String {
        let digest = Sha256::digest([b"access token of ", self.0.as_bytes()].concat());
        URL_SAFE_NO_PAD.encode(&digest[..16])
    }

    pub(crate) fn into_string(self) -> String {
        self.0.to_string()
    }
}

/// A row of `refresh_tokens`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub(super) struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// Whose it is.
    pub user_id: UserId,
    /// The session that it renews.
    pub session_id: String,
    /// When it was issued.
    pub issued_at: StoredTime,
    /// When it ends unused.
    pub expires_at: StoredTime,
    /// When it was used.
    pub used_at: Option<StoredTime>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

/// None is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Deletes those that ended a day ago or before: until then a late one is told why it is refused.
pub async fn delete_outdated_refresh_tokens(transaction: &Transaction, now: StoredTime) -> Result<(), Error> {
    Entity::delete_many().filter(Column::ExpiresAt.lt(now.plus_seconds(-24 * 60 * 60))).exec(transaction).await?;
    Ok(())
}
