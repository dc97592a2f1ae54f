use sea_orm::entity::prelude::*;

use crate::database::StoredTime;

/// A row of `signing_keys`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// The key's id: its thumbprint (RFC 7638).
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    /// The 32 bytes of the Ed25519 public key.
    pub public_key: Vec<u8>,
    /// The private key, sealed under the seal key.
    pub sealed_key: Vec<u8>,
    /// When it was made.
    pub created_at: StoredTime,
    /// When a newer one took its place. Its tokens stay good.
    pub retired_at: Option<StoredTime>,
    /// When it was withdrawn. Its tokens are void.
    pub revoked_at: Option<StoredTime>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// None is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
