//! What keeps strangers from guessing: failures are counted in the database, where every replica sees
//! them, before they cost a hash. Nobody is locked out: a wait grows, and a device that has signed in
//! before has a count of its own.

mod bucket;
mod count;
mod device;
mod entity;
mod filter;
mod list;
mod quota;
mod request;
mod tries;

pub use bucket::{Purpose, Scope};
pub use device::{DeviceToken, TrustedDevice};
pub(crate) use device::{distrust_others_within, recognise, trust_within};
pub use entity::{
    device::{Column as DeviceColumn, Entity as Devices, Model as DeviceRow},
    failure::{Column, Entity, Model as LoginFailure},
};
pub(crate) use filter::Filter;
pub use list::{Counted, clear, list};
pub use quota::{Quota, RateTold};
pub use request::count_request;
pub use tries::{Try, check_try};
pub(crate) use tries::{check_challenge, check_login};

use sea_orm::entity::prelude::*;

use crate::{Doorward, Error};

/// Deletes counts that are forgotten and devices that are trusted no longer.
pub(crate) async fn delete_outdated(doorward: &Doorward) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(&transaction).await?;
    Devices::delete_many().filter(DeviceColumn::ExpiresAt.lte(now)).exec(&transaction).await?;
    transaction.commit().await?;
    doorward.filter().prune(now);
    Ok(())
}
