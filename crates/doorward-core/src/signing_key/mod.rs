//! The keys that sign access tokens: made at the first start, sealed at rest, rotated by command and
//! by age, published for other services.

mod entity;
mod load;
mod rotate;
mod seal;

pub use entity::{ActiveModel, Column, Entity, Model as SigningKeyRow};
pub use load::{KeyState, SigningKeys, list, load_or_create, published, reload, reload_if_due};
pub use rotate::{Rotated, delete_all, rotate, rotate_by_age};
pub use seal::SealKey;
