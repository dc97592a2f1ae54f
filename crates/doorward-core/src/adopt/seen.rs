use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{Days, NaiveDate};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*, sea_query::OnConflict};
use serde::Serialize;

use crate::{Doorward, Error, database::StoredTime};

/// How long the days stay.
const KEPT_DAYS: u64 = 400;

/// What shows that somebody signed in at the other application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignOf {
    /// A token that it issued.
    Token,
    /// Its session's cookie, or the one that remembers users.
    Cookie,
}

impl SignOf {
    const ALL: [Self; 2] = [Self::Token, Self::Cookie];

    fn key(self) -> &'static str {
        match self {
            Self::Token => "seen_token",
            Self::Cookie => "seen_cookie",
        }
    }
}

/// What was seen since it was last written.
#[derive(Debug, Default)]
pub(crate) struct Seen([AtomicU64; 2]);

impl Seen {
    pub(crate) fn note(&self, sign: SignOf) {
        self.0[sign as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Adds it to the day's count.
    pub(crate) async fn flush(&self, doorward: &Doorward) -> Result<(), Error> {
        for sign in SignOf::ALL {
            let count = self.0[sign as usize].swap(0, Ordering::Relaxed);
            if count == 0 {
                continue;
            }
            if let Err(error) = add(doorward, sign, count).await {
                self.0[sign as usize].fetch_add(count, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    }
}

async fn add(doorward: &Doorward, sign: SignOf, count: u64) -> Result<(), Error> {
    let today = day(doorward.now());
    let name = format!("{} {today}", sign.key());
    let transaction = doorward.database().begin().await?;
    let first = state::ActiveModel { name: Set(name.clone()), value: Set("0".to_owned()) };
    let once = OnConflict::column(state::Column::Name).do_nothing().to_owned();
    state::Entity::insert(first).on_conflict(once).exec_without_returning(&transaction).await?;
    let row = state::Entity::find_by_id(name.clone()).lock_exclusive().one(&transaction).await?;
    let before: u64 = row.and_then(|row| row.value.parse().ok()).unwrap_or(0);
    let value = before.saturating_add(count).to_string();
    state::Entity::update(state::ActiveModel { name: Set(name), value: Set(value) }).exec(&transaction).await?;
    let long_ago = today.checked_sub_days(Days::new(KEPT_DAYS)).unwrap_or(today);
    state::Entity::delete_many()
        .filter(state::Column::Name.gte(format!("{} ", sign.key())))
        .filter(state::Column::Name.lt(format!("{} {long_ago}", sign.key())))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// How often something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sightings {
    /// How often it came for the first time: what is remembered isn't counted again.
    pub count: u64,
    /// The last day.
    pub last: Option<NaiveDate>,
}

/// What was seen in the last `days` days, today among them.
pub(super) async fn seen_since(doorward: &Doorward, sign: SignOf, days: u32) -> Result<Sightings, Error> {
    let today = day(doorward.now());
    let first = today.checked_sub_days(Days::new(u64::from(days.saturating_sub(1)))).unwrap_or(today);
    let rows = state::Entity::find()
        .filter(state::Column::Name.gte(format!("{} {first}", sign.key())))
        .filter(state::Column::Name.lte(format!("{} {today}", sign.key())))
        .order_by_asc(state::Column::Name)
        .all(doorward.database().reads())
        .await?;
    let last = rows.last().and_then(|row| row.name.rsplit_once(' ')?.1.parse().ok());
    Ok(Sightings { count: rows.iter().filter_map(|row| row.value.parse::<u64>().ok()).sum(), last })
}

fn day(now: StoredTime) -> NaiveDate {
    now.utc().date_naive()
}

// The macros make more of a row than this feature names.
#[allow(unreachable_pub)]
mod state {
    use sea_orm::entity::prelude::*;

    /// A row of `doorward_state`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "doorward_state")]
    pub struct Model {
        /// What it says.
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        /// How it stands.
        pub value: String,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
