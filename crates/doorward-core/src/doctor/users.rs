use std::collections::BTreeMap;

use super::{Finding, Verdict};
use crate::{
    Doorward, Error,
    database::{self, UserId},
    password::hash::{Family, HashError, StoredHash},
    user::{self, User, check_email},
};

/// Rows read at a time.
const BATCH: u64 = 200;
/// Ids that are listed for one kind of trouble.
const MOST_LISTED: usize = 100;
/// Look-up keys whose holders are named.
const MOST_TWINS: usize = 500;
/// The widths of the Flask system's columns, in characters.
const NAME_WIDTH: usize = 64;

/// What looking at every user found.
pub(super) struct Users {
    pub(super) findings: Vec<Finding>,
    /// The slowest stored hash that is still checked: its family and its estimated nanoseconds.
    pub(super) slowest: Option<(&'static str, u64)>,
}

/// A kind of trouble that a row can have: its name, what it is, and what to do.
type Trouble = (&'static str, &'static str, &'static str);

const SAME_NAME: Trouble = (
    "same_user_name",
    "the user name is an older user's but for case or Unicode form: it signs in only exactly as spelled",
    "rename one of them in the application",
);
const SAME_EMAIL: Trouble = (
    "same_email",
    "the address is an older user's but for case or Unicode form: it signs in only exactly as spelled",
    "correct one of them in the application",
);
const HAS_TWIN: Trouble = (
    "has_a_twin",
    "a younger user has the same name or address but for case or Unicode form; whoever types another spelling signs in here",
    "rename one of them in the application",
);
const NO_NAME: Trouble =
    ("no_user_name", "the user name is missing or empty", "give them one, or let them sign in by address");
const NO_EMAIL: Trouble =
    ("no_email", "the address is missing: the password can't be recovered by mail", "ask for one");
const NOBODY: Trouble =
    ("no_name_at_all", "neither user name nor address: nobody can sign in as them", "delete them, or give them a name");
const NO_HASH: Trouble = (
    "no_password",
    "there is no usable password: they can't sign in",
    "run `doorward user set-password ID` if they should",
);
const BAD_HASH: Trouble = (
    "unreadable_password",
    "the password's hash is damaged or of an unknown scheme: they can't sign in",
    "run `doorward user set-password ID`",
);
const DEAR_HASH: Trouble = (
    "too_expensive_password",
    "checking the password's hash would take more than is allowed: they can't sign in",
    "run `doorward user set-password ID`, or raise password.max_memory_kib",
);
const NO_ADDRESS: Trouble =
    ("not_an_address", "what stands in `email` is no address: no mail can be sent there", "correct it");
const SPACES: Trouble = (
    "spaces_around",
    "there are spaces around the user name or address; they don't count at sign-in",
    "remove them in the application",
);
const CONTROL: Trouble = (
    "control_characters",
    "the user name or address holds characters that can't be typed: sign in by the other, or not at all",
    "rename them",
);
const MARKS: Trouble = (
    "mixed_direction",
    "the user name holds pictures or changes the direction of writing: it can be read as another",
    "look at it, and rename it if need be",
);
const TOO_LONG: Trouble = (
    "too_long",
    "a value is longer than its column (SQLite does not enforce that): PostgreSQL will not take it",
    "shorten it before moving to PostgreSQL",
);
const NOT_CONFIRMED: Trouble =
    ("confirmed_is_null", "`confirmed` is NULL; it counts as not confirmed", "set it to false");
const BIG_ID: Trouble = (
    "id_past_32_bits",
    "the id does not fit into the INTEGER of PostgreSQL",
    "widen `users.id` to BIGINT there before moving",
);
const TIME_FORM: Trouble = (
    "time_form",
    "a time is not written as SQLAlchemy reads it (YYYY-MM-DD HH:MM:SS.ffffff)",
    "rewrite it; Doorward shows what it can read and takes the rest as not set",
);
const BLOB: Trouble = (
    "bytes_in_text",
    "a text column holds bytes; Doorward shows them as text as far as they are",
    "rewrite it as text",
);

#[derive(Default)]
struct Tally {
    troubles: BTreeMap<&'static str, (Trouble, u64, Vec<i64>)>,
    families: BTreeMap<&'static str, u64>,
    slowest: Option<(&'static str, u64)>,
    users: u64,
    /// Look-up keys that a younger user would have too.
    twins: Vec<String>,
}

impl Tally {
    fn note(&mut self, trouble: Trouble, id: UserId) {
        let entry = self.troubles.entry(trouble.0).or_insert((trouble, 0, Vec::new()));
        entry.1 += 1;
        if entry.2.len() < MOST_LISTED {
            entry.2.push(id.0);
        }
    }
}

pub(super) async fn examine(doorward: &Doorward) -> Result<Users, Error> {
    let database = doorward.database();
    let mut tally = Tally::default();
    let mut after = None;
    loop {
        let page = user::list(database.reads(), after, BATCH).await?;
        for user in &page.users {
            look_at(doorward, user, &mut tally);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    for id in user::holders_of(database.reads(), &tally.twins).await? {
        tally.note(HAS_TWIN, id);
    }
    for id in database::users_with_unreadable_times(database).await? {
        tally.note(TIME_FORM, id);
    }
    for id in database::users_with_bytes_in_text(database).await? {
        tally.note(BLOB, id);
    }
    Ok(report(tally))
}

fn look_at(doorward: &Doorward, user: &User, tally: &mut Tally) {
    tally.users += 1;
    let username = user.username.as_deref().unwrap_or_default();
    let email = user.email.as_deref().unwrap_or_default();
    for (spelling, key) in [(username, &user.username_key), (email, &user.email_key)] {
        if key.is_none() && !spelling.is_empty() && tally.twins.len() < MOST_TWINS {
            tally.twins.push(user::lookup_key(spelling));
        }
    }
    let mut note = |trouble, bad| {
        if bad {
            tally.note(trouble, user.id);
        }
    };
    note(NOBODY, username.is_empty() && email.is_empty());
    note(NO_NAME, username.is_empty());
    note(NO_EMAIL, email.is_empty());
    note(SAME_NAME, !user::lookup_key(username).is_empty() && user.username_key.is_none());
    note(SAME_EMAIL, !user::lookup_key(email).is_empty() && user.email_key.is_none());
    note(NO_ADDRESS, !email.trim().is_empty() && check_email(email.trim()).is_err());
    note(SPACES, username.trim() != username || email.trim() != email);
    note(CONTROL, username.chars().chain(email.chars()).any(char::is_control));
    note(MARKS, username.chars().any(is_picture_or_right_to_left));
    let texts = [&user.username, &user.email, &user.name, &user.location];
    note(TOO_LONG, texts.iter().any(|text| text.as_deref().is_some_and(|text| text.chars().count() > NAME_WIDTH)));
    note(NOT_CONFIRMED, user.confirmed.is_none());
    note(BIG_ID, i32::try_from(user.id.0).is_err());

    let encoded = user.password_hash.as_deref().unwrap_or_default();
    let family = Family::of(encoded).name();
    *tally.families.entry(family).or_default() += 1;
    match StoredHash::parse(encoded) {
        Ok(stored) if !doorward.hashing().limits().allow(stored.cost()) => tally.note(DEAR_HASH, user.id),
        Ok(stored) => {
            let work = stored.cost().work_ns;
            if tally.slowest.is_none_or(|(_, most)| work > most) {
                tally.slowest = Some((family, work));
            }
        }
        Err(HashError::Unusable) => tally.note(NO_HASH, user.id),
        Err(_) => tally.note(BAD_HASH, user.id),
    }
}

fn is_picture_or_right_to_left(character: char) -> bool {
    matches!(character,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}')
}

fn report(tally: Tally) -> Users {
    let schemes: Vec<_> = tally.families.iter().map(|(family, count)| format!("{count} {family}")).collect();
    let counted = format!("{} user(s): {}", tally.users, schemes.join(", "));
    let mut findings = vec![Finding { count: Some(tally.users), ..Finding::ok("users", counted) }];
    for ((check, what, way_out), count, user_ids) in tally.troubles.into_values() {
        findings.push(Finding {
            verdict: Verdict::Warn,
            count: Some(count),
            user_ids,
            ..Finding::warn(check, what, way_out)
        });
    }
    Users { findings, slowest: tally.slowest }
}
