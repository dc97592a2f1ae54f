use doorward_guard::Denied;

use super::{Beginning, LoggedIn, begin::begin_within};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction, UserId},
    token::{self, Owner},
    user::{self, User},
};

/// Begins a session for a user whose sessions have all just ended in this transaction: nothing that was known of
/// the old one opens the new one. Ends no further session, so it may follow a revocation.
pub(crate) async fn renew_within(
    doorward: &Doorward,
    transaction: &Transaction,
    id: UserId,
    now: StoredTime,
) -> Result<LoggedIn, Error> {
    // Read again: it says until when everything has ended.
    let user = user::find_by_id(transaction, id)
        .await?
        .filter(|user: &User| user.is_enabled(now))
        .ok_or(Denied::UserUnknown)?;
    let beginning = Beginning::by_sign_in(doorward);
    let begun = begin_within(doorward, transaction, &user, &doorward.caller().client, beginning, now).await?;
    let roles = user::roles_of(transaction, user.id).await?;
    let tokens =
        token::issue_within(doorward, transaction, Owner { user: &user, roles: &roles }, begun.id, &begun.session, now)
            .await?;
    Ok(LoggedIn { user, tokens, cookie: begun.cookie, device: None })
}
