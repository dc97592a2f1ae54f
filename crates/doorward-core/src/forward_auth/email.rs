use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use crate::{Doorward, Error, database::UserId, user};

/// How long an address is told as it was read, in seconds: until then a change of it may not be seen.
const GOOD_SECONDS: i64 = 10;

/// The most that are remembered.
const MOST: usize = 50_000;

/// The addresses of users who passed lately: no credential holds them, and a request should not wait for the database
/// each time.
#[derive(Default)]
pub(crate) struct Addresses {
    known: Mutex<HashMap<i64, Known>>,
}

struct Known {
    email: Option<Arc<str>>,
    read_at: i64,
}

/// The user's confirmed address; at most ten seconds old.
///
/// # Errors
/// The database can't be asked, and nothing is remembered.
pub async fn confirmed_email(doorward: &Doorward, user_id: i64) -> Result<Option<Arc<str>>, Error> {
    let now = doorward.now().unix();
    let addresses = doorward.forwarded_addresses();
    if let Some(known) = addresses.known.lock().get(&user_id)
        && (0..GOOD_SECONDS).contains(&(now - known.read_at))
    {
        return Ok(known.email.clone());
    }
    let user = match user::find_by_id(doorward.database().reads(), UserId(user_id)).await {
        Ok(user) => user,
        // While the database is away, what was last known is told on, as tokens are accepted on.
        Err(error) => {
            let known = addresses.known.lock();
            return known.get(&user_id).map(|known| known.email.clone()).ok_or(error);
        }
    };
    let confirmed = user.filter(|user| user.confirmed == Some(true)).and_then(|user| user.email);
    let email: Option<Arc<str>> = confirmed.map(|email| Arc::from(email.0));
    let mut known = addresses.known.lock();
    if known.len() >= MOST {
        known.retain(|_, known| (0..GOOD_SECONDS).contains(&(now - known.read_at)));
        if known.len() >= MOST {
            known.clear();
        }
    }
    known.insert(user_id, Known { email: email.clone(), read_at: now });
    Ok(email)
}
