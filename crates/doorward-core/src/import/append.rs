use sea_orm::{ConnectionTrait as _, QueryTrait as _};

use super::{
    batch::{Attempt, Item, Plan, State, by_whose_id, come_so_far, has_grown},
    entity::import,
};
use crate::database::{
    self,
    transfer::{Link, NewRows, Written, insert_new},
};

/// Writes users none of whom is there already, by the quickest way there is. Where one is, nothing is written.
pub(super) async fn append(
    link: &mut Link,
    state: &State<'_>,
    items: &[Item],
    plan: &Plan,
    reached: &mut import::Model,
) -> Result<(), Attempt> {
    let (kept, given) = by_whose_id(plan);
    link.begin_writing().await?;
    let mut written = Written::All;
    if !kept.is_empty() {
        written = insert_new(link, &NewRows::of(kept)?).await?;
        database::go_on_after_kept_ids(link).await?;
    }
    if written == Written::All {
        written = insert_new(link, &NewRows::of(given)?).await?;
    }
    if written == Written::Some {
        link.roll_back().await?;
        return Err(Attempt::Raced);
    }
    if has_grown(reached.created, plan.created.len()) {
        database::note_size(link).await?;
    }
    let backend = state.doorward.database().reads().get_database_backend();
    link.run(&come_so_far(state, items, plan, reached).build(backend).to_string()).await?;
    link.commit().await?;
    Ok(())
}
