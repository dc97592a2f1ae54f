use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use sea_orm::{
    ActiveValue::{Set, Unchanged},
    Condition, QuerySelect, RuntimeErr,
    entity::prelude::*,
};

use super::{
    Ids, Import, OnConflict,
    append::{Appending, append},
    entity::{import, imported_id},
    record::{Checked, Reason},
    source::{Raw, Source},
};
use crate::{
    Doorward, Error,
    database::{self, StoredTime, Transaction, UserId, transfer::Link},
    revocation::Published,
    role,
    session::{EndReason, end_all_within},
    user::{ActiveModel, Column, Entity, User},
};

/// How often a batch is tried whose names somebody else takes meanwhile.
const TRIES: u32 = 5;

/// A database that is frozen is waited for so long.
const LONGEST_WRITE: Duration = Duration::from_mins(2);

/// A record on its way into the database.
pub(super) struct Item {
    /// The line, or the id in a database.
    pub(super) line: u64,
    pub(super) checked: Result<Checked, Vec<Reason>>,
    pub(super) raw: Raw,
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    Created,
    Changed,
    Skipped,
    Rejected(Vec<Reason>),
}

/// What a batch came to: a fate for each of its records; fewer, where the import ends at a conflict.
pub(super) struct Written {
    pub(super) fates: Vec<Fate>,
    /// The record that ends it has this user's name.
    pub(super) conflict: Option<UserId>,
}

/// What decides over a record besides itself and the users that are there.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) import: Import,
    /// The roles that there are.
    pub(super) roles: HashSet<String>,
}

/// What an import carries from batch to batch.
pub(super) struct State<'a> {
    pub(super) doorward: &'a Doorward,
    pub(super) rules: Rules,
    pub(super) source_hash: &'a str,
    /// What a dry run would have written: hashes of keys.
    pub(super) would_have: HashSet<u64>,
    pub(super) hasher: std::hash::RandomState,
    /// The batch before met nobody who was there already: this one is written without a look, and the database's constraints say
    /// whether one is needed.
    pub(super) meets_nobody: bool,
    /// Where batches go of which nobody is there already; none for a database in memory, which has one connection only.
    pub(super) link: Option<Link>,
}

/// Writes a batch and the place that was reached, or neither; `appending` is what it comes to where nobody is there already.
pub(super) async fn write(
    state: &mut State<'_>,
    items: &[Item],
    appending: Option<&Appending>,
    row: &mut import::Model,
) -> Result<Written, Error> {
    let mut tries = 0;
    let mut looks = state.rules.import.dry_run || !state.meets_nobody;
    loop {
        tries += 1;
        let mut reached = row.clone();
        match attempt(state, items, appending.filter(|_| !looks), &mut reached, looks).await {
            Ok(written) => {
                *row = reached;
                state.meets_nobody = written.conflict.is_none()
                    && items
                        .iter()
                        .zip(&written.fates)
                        .all(|(item, fate)| item.checked.is_err() || *fate == Fate::Created);
                return Ok(written);
            }
            Err(Attempt::Raced) if !looks => looks = true,
            // The same name came in by another door after it was looked for.
            Err(Attempt::Raced) if tries < TRIES => {}
            Err(Attempt::Raced) => return Err(Error::Internal("others take the same names all the time".into())),
            Err(Attempt::Failed(error)) => return Err(error),
        }
    }
}

/// Why a batch was not written.
pub(super) enum Attempt {
    /// Somebody is there already who was not looked for.
    Raced,
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Attempt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

async fn attempt(
    state: &mut State<'_>,
    items: &[Item],
    appending: Option<&Appending>,
    reached: &mut import::Model,
    looks: bool,
) -> Result<Written, Attempt> {
    let doorward = state.doorward;
    let now = doorward.now();
    if let Some(appending) = appending
        && let Some(mut link) = state.link.take()
    {
        let written = tokio::time::timeout(LONGEST_WRITE, append(state, &mut link, items, appending, reached)).await;
        state.link = Some(link);
        return written.unwrap_or_else(|_| Err(DbErr::Conn(RuntimeErr::Internal("timed out".into())).into()));
    }
    let mut transaction = doorward.database().begin().await?;
    let held = if looks { Held::by(&transaction, items).await? } else { Held::default() };
    let would_have = |key: &str| state.would_have.contains(&hash_of(state, key));
    let plan = plan(&state.rules, items, held, would_have);
    if state.rules.import.dry_run {
        note(state, items, &plan.fates);
        count(reached, &plan.fates);
        return Ok(Written { fates: plan.fates, conflict: plan.conflict });
    }

    let (kept, given) = by_whose_id(plan.created.iter().map(|(_, row)| row.clone()));
    if !kept.is_empty() {
        insert(&transaction, kept).await?;
        database::go_on_after_kept_ids(&mut transaction).await?;
    }
    insert(&transaction, given).await?;
    let after = reached.created.saturating_add(i64::try_from(plan.created.len()).unwrap_or(i64::MAX));
    if has_grown(reached.created, after) {
        database::note_size(&mut transaction).await?;
    }
    let mut published = Vec::new();
    for (index, user) in &plan.changed {
        if let Ok(checked) = &items[*index].checked {
            published.extend(change(&transaction, user, checked, now).await?);
        }
    }
    link(state, &transaction, items, &plan, now).await?;
    come_so_far(state, items, &plan.fates, reached).exec(&transaction).await?;
    transaction.commit().await?;
    doorward.apply_all(&published);
    Ok(Written { fates: plan.fates, conflict: plan.conflict })
}

/// The rows with an id of the source's, and those whose id is the database's to give.
pub(super) fn by_whose_id(created: impl Iterator<Item = ActiveModel>) -> (Vec<ActiveModel>, Vec<ActiveModel>) {
    created.partition(|row| row.id.is_set())
}

async fn insert(transaction: &Transaction, rows: Vec<ActiveModel>) -> Result<(), Attempt> {
    match database::insert_many_rows::<Entity, ActiveModel>(transaction, rows).await {
        Ok(()) => Ok(()),
        Err(error) if database::is_unique_violation(&error) => Err(Attempt::Raced),
        Err(error) => Err(error.into()),
    }
}

/// Counts, and says where the import goes on.
pub(super) fn come_so_far(
    state: &State<'_>,
    items: &[Item],
    fates: &[Fate],
    reached: &mut import::Model,
) -> sea_orm::UpdateMany<import::Entity> {
    count(reached, fates);
    if let (Source::Database(_), Some(last)) = (&state.rules.import.source, items[..fates.len()].last()) {
        reached.last_id = i64::try_from(last.line).ok();
    }
    let row = import::Column::SourceHash.eq(&reached.source_hash);
    import::Entity::update_many().set(reached.reached()).filter(row)
}

/// Whether a user has something besides the row in `users`.
pub(super) fn is_linked(rules: &Rules, item: &Item) -> bool {
    let maps_ids = rules.import.ids == Ids::New;
    let is_linked = |checked: &Checked| !checked.roles.is_empty() || (maps_ids && checked.source_id.is_some());
    item.checked.as_ref().is_ok_and(is_linked)
}

/// Whether there are four times as many as when it was last so.
pub(super) fn has_grown(before: i64, after: i64) -> bool {
    let fourfold = |count: i64| count.checked_ilog(4);
    fourfold(after) != fourfold(before)
}

/// Which keys and ids of a batch users have already.
#[derive(Default)]
pub(super) struct Held {
    usernames: HashMap<String, User>,
    emails: HashMap<String, User>,
    ids: HashSet<UserId>,
    skeletons: HashSet<String>,
}

impl Held {
    async fn by(transaction: &Transaction, items: &[Item]) -> Result<Self, Error> {
        let checked = || items.iter().filter_map(|item| item.checked.as_ref().ok());
        let usernames = checked().filter_map(|it| it.username_key.as_deref());
        let emails = checked().filter_map(|it| it.email_key.as_deref());
        let ids = checked().filter_map(|it| it.row.id.try_as_ref().copied());
        let skeletons = checked().filter_map(|it| it.skeleton.as_deref());
        let by = |rows: Vec<User>, key: fn(&User) -> Option<String>| {
            rows.into_iter().filter_map(|user| Some((key(&user)?, user))).collect::<HashMap<_, _>>()
        };
        let rows = Entity::find().filter(Column::UsernameKey.is_in(usernames)).all(transaction).await?;
        let usernames = by(rows, |user| user.username_key.as_deref().map(str::to_owned));
        let rows = Entity::find().filter(Column::EmailKey.is_in(emails)).all(transaction).await?;
        let emails = by(rows, |user| user.email_key.as_deref().map(str::to_owned));
        let ids = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(ids))
            .into_tuple::<UserId>()
            .all(transaction)
            .await?;
        let skeletons = Entity::find()
            .select_only()
            .column(Column::UsernameSkeleton)
            .filter(Column::UsernameSkeleton.is_in(skeletons))
            .into_tuple::<String>()
            .all(transaction)
            .await?;
        Ok(Self { usernames, emails, ids: ids.into_iter().collect(), skeletons: skeletons.into_iter().collect() })
    }
}

#[derive(Default)]
pub(super) struct Plan {
    pub(super) fates: Vec<Fate>,
    /// The records, by their place in the batch, and their rows.
    pub(super) created: Vec<(usize, ActiveModel)>,
    changed: Vec<(usize, User)>,
    conflict: Option<UserId>,
}

/// What becomes of each record; `would_have` says what a dry run would have written before.
pub(super) fn plan(rules: &Rules, items: &[Item], mut held: Held, would_have: impl Fn(&str) -> bool) -> Plan {
    let mut plan = Plan::default();
    // Names that records of this batch take.
    let mut taken = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let checked = match &item.checked {
            Ok(checked) => checked,
            Err(reasons) => {
                plan.fates.push(Fate::Rejected(reasons.clone()));
                continue;
            }
        };
        let by_name = checked.username_key.as_ref().and_then(|key| held.usernames.get(key));
        let by_email = checked.email_key.as_ref().and_then(|key| held.emails.get(key));
        let keys = keys_of(checked);
        let would_have = keys.iter().any(|key| would_have(key));
        let fate = match (by_name, by_email) {
            (Some(one), Some(other)) if one.id != other.id => Fate::Rejected(vec![Reason::whole("matches_two_users")]),
            (Some(user), _) | (_, Some(user)) => match rules.import.on_conflict {
                OnConflict::Skip => Fate::Skipped,
                OnConflict::Update => {
                    plan.changed.push((index, user.clone()));
                    Fate::Changed
                }
                OnConflict::Fail => {
                    plan.conflict = Some(user.id);
                    return plan;
                }
            },
            _ if would_have || keys.iter().any(|key| taken.contains(key)) => {
                Fate::Rejected(vec![Reason::whole("twice_in_the_file")])
            }
            _ if checked.row.id.try_as_ref().is_some_and(|id| held.ids.contains(id)) => {
                Fate::Rejected(vec![Reason::of("id", "taken")])
            }
            _ if checked.roles.iter().any(|role| !rules.roles.contains(role)) => {
                Fate::Rejected(vec![Reason::of("roles", "role_not_found")])
            }
            _ => {
                let mut row = checked.row.clone();
                // A name that can be taken for another's is let in, as in an adopted table.
                if checked.skeleton.as_ref().is_some_and(|skeleton| !held.skeletons.insert(skeleton.clone())) {
                    row.username_skeleton = Set(None);
                }
                held.ids.extend(checked.row.id.try_as_ref());
                taken.extend(keys);
                plan.created.push((index, row));
                Fate::Created
            }
        };
        plan.fates.push(fate);
    }
    plan
}

/// What only one user can have, each of its kind.
fn keys_of(checked: &Checked) -> Vec<String> {
    let username = checked.username_key.iter().map(|key| format!("n{key}"));
    username.chain(checked.email_key.iter().map(|key| format!("e{key}"))).collect()
}

fn hash_of(state: &State<'_>, key: &str) -> u64 {
    use std::hash::BuildHasher as _;
    state.hasher.hash_one(key)
}

fn note(state: &mut State<'_>, items: &[Item], fates: &[Fate]) {
    for (item, fate) in items.iter().zip(fates) {
        if let (Ok(checked), Fate::Created) = (&item.checked, fate) {
            let hashes: Vec<u64> = keys_of(checked).iter().map(|key| hash_of(state, key)).collect();
            state.would_have.extend(hashes);
        }
    }
}

fn count(reached: &mut import::Model, fates: &[Fate]) {
    for fate in fates {
        reached.records += 1;
        *match fate {
            Fate::Created => &mut reached.created,
            Fate::Changed => &mut reached.changed,
            Fate::Skipped => &mut reached.skipped,
            Fate::Rejected(_) => &mut reached.rejected,
        } += 1;
    }
}

/// Gives a user what the record says. Names, roles, and whether the account is shut stay as they are.
async fn change(
    transaction: &Transaction,
    user: &User,
    checked: &Checked,
    now: StoredTime,
) -> Result<Option<Published>, Error> {
    let theirs = &checked.row;
    let mut row = ActiveModel { id: Unchanged(user.id), ..Default::default() };
    for (ours, theirs) in [
        (&mut row.name, &theirs.name),
        (&mut row.location, &theirs.location),
        (&mut row.about_me, &theirs.about_me),
        (&mut row.language, &theirs.language),
        (&mut row.extra, &theirs.extra),
        (&mut row.password_hash, &theirs.password_hash),
    ] {
        if let Some(Some(text)) = theirs.try_as_ref() {
            *ours = Set(Some(text.clone()));
        }
    }
    if checked.given.confirmed {
        row.confirmed = theirs.confirmed.clone();
    }
    if checked.given.member_since {
        row.member_since = theirs.member_since.clone();
    }
    if checked.given.last_seen {
        row.last_seen = theirs.last_seen.clone();
    }
    let is_new_password = row.password_hash.try_as_ref().is_some_and(|hash| *hash != user.password_hash);
    if is_new_password {
        row.password_version = Set(Some(user.next_password_version()));
    }
    if row.is_changed() {
        row.update(transaction).await?;
    }
    if !is_new_password {
        return Ok(None);
    }
    let (_, published) = end_all_within(transaction, user.id, EndReason::PasswordChanged, now).await?;
    Ok(Some(published))
}

/// Roles of new users, and which user an id of the source has become.
async fn link(
    state: &State<'_>,
    transaction: &Transaction,
    items: &[Item],
    plan: &Plan,
    now: StoredTime,
) -> Result<(), Error> {
    let maps_ids = state.rules.import.ids == Ids::New;
    let created = plan.created.iter().map(|(index, _)| &items[*index]).filter(|item| is_linked(&state.rules, item));
    let linked: Vec<&Checked> = created.filter_map(|item| item.checked.as_ref().ok()).collect();
    let changed = plan.changed.iter().filter(|_| maps_ids);
    let mut ids = Vec::new();
    for (index, user) in changed {
        if let Some(source_id) = items[*index].checked.as_ref().ok().and_then(|checked| checked.source_id) {
            ids.push((source_id, user.id));
        }
    }
    if !linked.is_empty() {
        let names = linked.iter().filter_map(|checked| checked.username_key.as_deref());
        let emails = linked.iter().filter_map(|checked| checked.email_key.as_deref());
        let rows = Entity::find()
            .filter(Condition::any().add(Column::UsernameKey.is_in(names)).add(Column::EmailKey.is_in(emails)))
            .all(transaction)
            .await?;
        let by_name: HashMap<_, _> =
            rows.iter().filter_map(|user| Some((user.username_key.as_deref()?, user.id))).collect();
        let by_email: HashMap<_, _> =
            rows.iter().filter_map(|user| Some((user.email_key.as_deref()?, user.id))).collect();
        for checked in linked {
            let found = checked.username_key.as_deref().and_then(|key| by_name.get(key));
            let Some(id) = found.or_else(|| by_email.get(checked.email_key.as_deref()?)) else { continue };
            for name in &checked.roles {
                role::grant_within(transaction, *id, name, now).await?;
            }
            if let (true, Some(source_id)) = (maps_ids, checked.source_id) {
                ids.push((source_id, *id));
            }
        }
    }
    if !ids.is_empty() {
        let rows = ids.into_iter().map(|(source_id, user_id)| imported_id::ActiveModel {
            source_hash: Set(state.source_hash.to_owned()),
            source_id: Set(source_id),
            user_id: Set(user_id),
        });
        let once =
            sea_orm::sea_query::OnConflict::columns([imported_id::Column::SourceHash, imported_id::Column::SourceId])
                .do_nothing()
                .to_owned();
        imported_id::Entity::insert_many(rows).on_conflict(once).exec_without_returning(transaction).await?;
    }
    Ok(())
}
