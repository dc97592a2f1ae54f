use sea_orm::{entity::prelude::*, sea_query::Expr};

use super::{
    NewPassword,
    hash::{RewritePolicy, StoredHash, Verdict},
    hash_new, write_policy, write_scheme,
};
use crate::{
    Doorward, Error,
    user::{self, User},
};

/// Writes the hash of a password that was just right anew, where it is of another scheme or strength
/// than is written here. The sign-in does not fail with it.
pub async fn renew_if_due(doorward: &Doorward, user: &User, stored: &StoredHash, verdict: Verdict, password: &str) {
    let (settings, origin) = (doorward.settings(), doorward.origin());
    let policy = write_policy(settings, origin);
    // A hash under a pepper dies with that pepper's configuration, unless its application still reads it.
    let due = stored.needs_rewrite(&write_scheme(settings, origin), policy)
        || (verdict == Verdict::PepperedMatch && policy == RewritePolicy::Always);
    if !due {
        return;
    }
    if let Err(error) = renew(doorward, user, password).await {
        tracing::warn!(user = user.id.0, %error, "a password hash could not be renewed; the next login tries again");
    }
}

async fn renew(doorward: &Doorward, user: &User, password: &str) -> Result<(), Error> {
    let Some(before) = user.password_hash.as_deref() else { return Ok(()) };
    let hash = hash_new(doorward, NewPassword::new(password)).await?;
    let transaction = doorward.database().begin().await?;
    // Only over the hash that was verified: a password that was changed meanwhile stays.
    user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, Expr::value(hash))
        .col_expr(user::Column::PasswordVersion, Expr::value(user.next_password_version()))
        .filter(user::Column::Id.eq(user.id))
        .filter(user::Column::PasswordHash.eq(before))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    tracing::info!(user = user.id.0, from = stored_family(before), "a password hash was renewed");
    Ok(())
}

fn stored_family(encoded: &str) -> &'static str {
    StoredHash::parse(encoded).map_or("unknown", |stored| stored.family().name())
}
