use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*};
use sha2::{Digest, Sha256};

use super::{DeviceColumn, Devices, entity::device::ActiveModel};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction, UserId},
    random_bytes,
    user::User,
};

/// The most devices of one user.
const MOST: usize = 20;
/// The length of a token in base64: 256 bits.
const LENGTH: usize = 43;

/// What a device shows that has signed in before. It signs nobody in: it only tells the device from
/// strangers. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// A token as it came; what can't be one is none.
    pub fn read(text: &str) -> Option<Self> {
        (text.len() == LENGTH && text.is_ascii()).then(|| Self(text.to_owned()))
    }

    /// The text, for the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> Vec<u8> {
        Sha256::digest(&self.0).to_vec()
    }
}

impl std::fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceToken")
    }
}

/// A device that has signed in to this account before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedDevice {
    token_hash: Vec<u8>,
    user_id: UserId,
}

impl TrustedDevice {
    pub(super) fn token_hash(&self) -> &[u8] {
        &self.token_hash
    }
}

/// Whether the device that the handle acts for has signed in to `user` before. It looks in any case, so
/// that an account that is there costs what one that is not does.
pub(crate) async fn recognise(doorward: &Doorward, user: Option<&User>) -> Result<Option<TrustedDevice>, Error> {
    let settings = &doorward.settings().throttle;
    let Some(token) = doorward.caller().device.as_ref().filter(|_| settings.enabled) else { return Ok(None) };
    let row = Devices::find_by_id(token.hash()).one(doorward.database().reads()).await?;
    let now = doorward.now();
    let row = row.filter(|row| row.expires_at > now && user.is_some_and(|user| user.id == row.user_id));
    Ok(row.map(|row| TrustedDevice { token_hash: row.token_hash, user_id: row.user_id }))
}

/// Trusts the device that has just signed in; answers what it shall show from now on, where it has
/// nothing to show yet.
pub(crate) async fn trust_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: UserId,
    known: Option<&TrustedDevice>,
    now: StoredTime,
) -> Result<Option<DeviceToken>, Error> {
    let settings = doorward.settings();
    let days = i64::from(settings.throttle.trusted_device_days);
    if !settings.throttle.enabled || days == 0 || !settings.session.cookie {
        return Ok(None);
    }
    let expires_at = now.plus_seconds(days * 24 * 60 * 60);
    if let Some(known) = known.filter(|known| known.user_id == user) {
        let renewed = Devices::update_many()
            .col_expr(DeviceColumn::LastUsedAt, Expr::value(now))
            .col_expr(DeviceColumn::ExpiresAt, Expr::value(expires_at))
            .filter(DeviceColumn::TokenHash.eq(known.token_hash.clone()))
            .exec(transaction)
            .await?;
        if renewed.rows_affected > 0 {
            return Ok(doorward.caller().device.clone());
        }
    }
    make_room(transaction, user).await?;
    let random: [u8; 32] = random_bytes(doorward.randomness());
    let token = DeviceToken(URL_SAFE_NO_PAD.encode(random));
    let row = ActiveModel {
        token_hash: Set(token.hash()),
        user_id: Set(user),
        user_agent: Set(doorward.caller().client.shown_user_agent()),
        created_at: Set(now),
        last_used_at: Set(now),
        expires_at: Set(expires_at),
    };
    Devices::insert(row).exec_without_returning(transaction).await?;
    Ok(Some(token))
}

/// Trusts none of the user's devices any more but the one that the handle acts for.
pub(crate) async fn distrust_others_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: UserId,
) -> Result<(), Error> {
    let mut others = Devices::delete_many().filter(DeviceColumn::UserId.eq(user));
    if let Some(device) = &doorward.caller().device {
        others = others.filter(DeviceColumn::TokenHash.ne(device.hash()));
    }
    others.exec(transaction).await?;
    Ok(())
}

/// A client that keeps no cookie is a new device at each sign-in: such ones go before those that came
/// back.
async fn make_room(transaction: &Transaction, user: UserId) -> Result<(), Error> {
    let mut rows = Devices::find()
        .filter(DeviceColumn::UserId.eq(user))
        .order_by_desc(DeviceColumn::LastUsedAt)
        .all(transaction)
        .await?;
    if rows.len() < MOST {
        return Ok(());
    }
    rows.sort_by_key(|row| (row.last_used_at > row.created_at, row.last_used_at));
    let surplus = rows.len() + 1 - MOST;
    let hashes = rows.into_iter().take(surplus).map(|row| row.token_hash);
    Devices::delete_many().filter(DeviceColumn::TokenHash.is_in(hashes)).exec(transaction).await?;
    Ok(())
}
