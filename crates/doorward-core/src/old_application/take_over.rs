use super::ask::{Answer, ask};
use crate::{
    Doorward, Error,
    import::{self, Reason},
    password::{
        self, NewPassword,
        hash::{HashError, StoredHash},
    },
    user::{self, User},
};

/// How long a client waits before it tries again while the application can't be asked, in seconds.
const RETRY_AFTER: u32 = 5;

/// Whoever is to be signed in, as far as Doorward knows a password of theirs; otherwise, where an old application is
/// configured, whom that one lets in, taken over with the password that was just right there.
///
/// # Errors
/// [`Error::Busy`] where the application can't be asked now.
pub(crate) async fn take_over(
    doorward: &Doorward,
    found: Option<User>,
    identifier: &str,
    password: &str,
) -> Result<Option<User>, Error> {
    let Some(url) = &doorward.settings().old_application.login_url else { return Ok(found) };
    if found.as_ref().is_some_and(has_password) {
        return Ok(found);
    }
    let outcome = |outcome: &'static str| {
        metrics::counter!("doorward_old_application_total", "outcome" => outcome).increment(1);
    };
    let told = match ask(doorward, url.expose(), identifier, password).await {
        Ok(Answer::Right(told)) => told,
        Ok(Answer::Wrong) => {
            outcome("wrong");
            return Ok(found);
        }
        Err(reason) => {
            outcome("unreachable");
            tracing::warn!(reason, "the old application could not be asked; the sign-in is refused for now");
            return Err(Error::Busy { retry_after: RETRY_AFTER });
        }
    };
    let hash = password::hash_new(doorward, NewPassword::new(password)).await?;
    let taken = match &found {
        Some(user) => import::give_password(doorward, user, hash).await.map(Ok)?,
        None => import::take_in(doorward, *told, hash).await?,
    };
    match taken {
        Ok(user) => {
            outcome("taken_over");
            Ok(Some(user))
        }
        Err(reasons) => {
            // Somebody who signed in there at the same moment may have been taken over meanwhile.
            let again = user::find_for_login(doorward.database().reads(), identifier).await?;
            if again.is_some() {
                return Ok(again);
            }
            outcome("rejected");
            let reasons = reasons.iter().map(Reason::to_string).collect::<Vec<_>>().join(", ");
            tracing::error!(reasons, "a user whom the old application lets in can't be taken over");
            Ok(found)
        }
    }
}

/// Whether there is a password that Doorward could check, or one that it chose to have none.
fn has_password(user: &User) -> bool {
    let hash = user.password_hash.as_deref().unwrap_or_default();
    user.password_version.is_some() || !matches!(StoredHash::parse(hash), Err(HashError::Unusable))
}
