use sea_orm::{ConnectionTrait as _, DbErr, QueryTrait as _};

use super::{
    batch::{self, Attempt, Fate, Held, Item, Rules, State, by_whose_id, come_so_far, has_grown, is_linked, plan},
    entity::import,
};
use crate::database::{
    self, Engine,
    transfer::{Link, NewRows, Written, insert_new},
};

/// What a batch comes to where none of its users is there already, made ready while the one before is written.
pub(super) struct Appending {
    fates: Vec<Fate>,
    /// Rows with an id of the source's.
    kept: NewRows,
    /// Rows whose id is the database's to give.
    given: NewRows,
}

impl Appending {
    /// None where users have something besides their row.
    pub(super) fn of(rules: &Rules, items: &[Item], engine: Engine) -> Result<Option<Self>, DbErr> {
        let plan = plan(rules, items, Held::default(), |_| false);
        if plan.created.iter().any(|(index, _)| is_linked(rules, &items[*index])) {
            return Ok(None);
        }
        let (kept, given) = by_whose_id(plan.created.into_iter().map(|(_, row)| row));
        let ready = |rows| Ok::<_, DbErr>(NewRows::of(rows)?.made_ready(engine));
        Ok(Some(Self { fates: plan.fates, kept: ready(kept)?, given: ready(given)? }))
    }
}

/// Writes users none of whom is there already, by the quickest way there is. Where one is, nothing is written.
pub(super) async fn append(
    state: &State<'_>,
    link: &mut Link,
    items: &[Item],
    appending: &Appending,
    reached: &mut import::Model,
) -> Result<batch::Written, Attempt> {
    let before = reached.created;
    let come_so_far = come_so_far(state, items, &appending.fates, reached);
    link.begin_writing().await?;
    let mut written = Written::All;
    if !appending.kept.is_empty() {
        written = insert_new(link, &appending.kept).await?;
        database::go_on_after_kept_ids(link).await?;
    }
    if written == Written::All {
        written = insert_new(link, &appending.given).await?;
    }
    if written == Written::Some {
        link.roll_back().await?;
        return Err(Attempt::Raced);
    }
    if has_grown(before, reached.created) {
        database::note_size(link).await?;
    }
    let backend = state.doorward.database().reads().get_database_backend();
    link.run(&come_so_far.build(backend).to_string()).await?;
    link.commit().await?;
    Ok(batch::Written { fates: appending.fates.clone(), conflict: None })
}
