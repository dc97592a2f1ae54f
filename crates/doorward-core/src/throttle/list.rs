use std::net::IpAddr;

use sea_orm::{Condition, QueryOrder, QuerySelect, entity::prelude::*};

use super::{
    Column, Entity, LoginFailure, Purpose, Scope,
    bucket::{Bucket, network_tag},
};
use crate::{
    Doorward, Error,
    user::{self, lookup_key},
};

/// The most counts that are listed.
const MOST: u64 = 1_000;
/// Rows looked through at a time.
const BATCH: u64 = 500;

/// A count, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Of what.
    pub purpose: Purpose,
    /// For whom and from where.
    pub scope: Scope,
    /// Stands for the account: equal accounts have equal tags, and no name can be had from one.
    pub account: Option<String>,
    /// Stands for the network or device, likewise.
    pub place: Option<String>,
    /// The row.
    pub row: LoginFailure,
}

/// What is counted now, the newest first: of the account or address that `named` names, or everything.
pub async fn list(doorward: &Doorward, named: Option<&str>) -> Result<Vec<Counted>, Error> {
    let mut query = Entity::find()
        .filter(Column::ExpiresAt.gt(doorward.now()))
        .filter(Column::Failures.gt(0))
        .order_by_desc(Column::LastAt);
    let address = named.and_then(|named| named.parse::<IpAddr>().ok());
    if let (Some(named), None) = (named, address) {
        query = query.filter(of_account(doorward, &keys_of(doorward, named).await?));
    }
    let place = address.map(|address| network_tag(doorward, address));
    let mut counted = Vec::new();
    let mut page = 0;
    loop {
        let rows = query.clone().offset(page * BATCH).limit(BATCH).all(doorward.database().reads()).await?;
        let last = (rows.len() as u64) < BATCH;
        counted
            .extend(rows.into_iter().filter(|row| place.is_none_or(|tag| row.bucket.ends_with(&tag))).filter_map(read));
        page += 1;
        if last || counted.len() as u64 >= MOST {
            return Ok(counted);
        }
    }
}

/// Forgets what is counted of an account, whoever failed at it, or of an address. Answers how many counts
/// there were.
pub async fn clear(doorward: &Doorward, named: &str) -> Result<u64, Error> {
    let transaction = doorward.database().begin().await?;
    let filter = match named.parse::<IpAddr>() {
        Ok(address) => {
            let tag = network_tag(doorward, address);
            let keys = Entity::find().select_only().column(Column::Bucket).into_tuple::<Vec<u8>>();
            let keys: Vec<Vec<u8>> = keys.all(&transaction).await?;
            Condition::any().add(Column::Bucket.is_in(keys.into_iter().filter(|key| key.ends_with(&tag))))
        }
        Err(_) => of_account(doorward, &keys_of(doorward, named).await?),
    };
    let deleted = Entity::delete_many().filter(filter).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected)
}

/// The look-up keys under which an account is tried: as it was named, and its name and address where there
/// is one.
async fn keys_of(doorward: &Doorward, named: &str) -> Result<Vec<String>, Error> {
    let mut keys = vec![lookup_key(named)];
    match user::find_named(doorward.database().reads(), named).await {
        Ok(user) => keys.extend([user.username, user.email].into_iter().flatten().map(|text| lookup_key(&text))),
        Err(Error::UserNotFound) => {}
        Err(error) => return Err(error),
    }
    keys.sort();
    keys.dedup();
    Ok(keys)
}

fn of_account(doorward: &Doorward, keys: &[String]) -> Condition {
    let mut any = Condition::any();
    for key in keys {
        for scope in [Scope::AccountFromNetwork, Scope::Account, Scope::Device] {
            for purpose in Purpose::ALL {
                let (first, last) = Bucket::range_of_account(doorward, scope, purpose, key);
                any = any.add(Column::Bucket.between(first.0, last.0));
            }
        }
    }
    any
}

fn read(row: LoginFailure) -> Option<Counted> {
    let (scope, purpose, account, place) = Bucket::read(&row.bucket)?;
    let shown = |tag: &[u8]| {
        let first = u32::from_be_bytes(*tag.first_chunk()?);
        tag.iter().any(|byte| *byte != 0).then(|| format!("{first:08x}"))
    };
    Some(Counted { purpose, scope, account: shown(account), place: shown(place), row })
}
