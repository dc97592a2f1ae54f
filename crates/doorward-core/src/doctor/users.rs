use std::collections::{BTreeMap, BTreeSet};

use super::{
    Finding, HASH_WIDTH,
    trouble::{
        BAD_HASH, BIG_ID, BLOB, CONTROL, DEAR_HASH, HAS_TWIN, LONG_HASH, MARKS, NO_ADDRESS, NO_HASH, NO_NAME, NOBODY,
        NOT_CONFIRMED, SAME_EMAIL, SAME_NAME, SPACES, TIME_FORM, TOO_LONG, Trouble,
    },
};
use crate::{
    Doorward, Error,
    database::{self, RowsFound, UserId},
    password::hash::{Family, HashError, StoredHash},
    user::{self, User, check_email},
};

/// Rows read at a time.
const BATCH: u64 = 200;
/// Ids that are listed for one kind of trouble.
const MOST_LISTED: usize = 100;
/// The widths of the Flask system's columns, in characters.
const NAME_WIDTH: usize = 64;
const AVATAR_HASH_WIDTH: usize = 32;

/// What looking at every user found.
pub(super) struct Users {
    pub(super) findings: Vec<Finding>,
    /// The slowest stored hash that is still checked: its family and its estimated nanoseconds.
    pub(super) slowest: Option<(&'static str, u64)>,
}

#[derive(Default)]
struct Tally {
    troubles: BTreeMap<&'static str, (Trouble, u64, Vec<i64>)>,
    /// Users without an address, which is no trouble; the first are named.
    no_email: (u64, Vec<i64>),
    families: BTreeMap<&'static str, u64>,
    slowest: Option<(&'static str, u64)>,
    users: u64,
    /// Look-up keys of this page that an older user has.
    held: Vec<String>,
    /// The users who have them: the one thing that grows with the table, by 8 bytes a collision.
    holders: BTreeSet<UserId>,
}

impl Tally {
    fn note(&mut self, trouble: Trouble, id: UserId) {
        let entry = self.troubles.entry(trouble.0).or_insert((trouble, 0, Vec::new()));
        entry.1 += 1;
        if entry.2.len() < MOST_LISTED {
            entry.2.push(id.0);
        }
    }

    fn note_found(&mut self, trouble: Trouble, found: RowsFound) {
        if found.count > 0 {
            let ids = found.ids.into_iter().map(|id| id.0).collect();
            self.troubles.insert(trouble.0, (trouble, found.count, ids));
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
        if !tally.held.is_empty() {
            let held = std::mem::take(&mut tally.held);
            tally.holders.extend(user::holders_of(database.reads(), &held).await?);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let holders = std::mem::take(&mut tally.holders);
    holders.into_iter().for_each(|id| tally.note(HAS_TWIN, id));
    tally.note_found(TIME_FORM, database::users_with_unreadable_times(database, MOST_LISTED).await?);
    tally.note_found(BLOB, database::users_with_bytes_in_text(database, MOST_LISTED).await?);
    Ok(report(tally))
}

fn look_at(doorward: &Doorward, user: &User, tally: &mut Tally) {
    tally.users += 1;
    let username = user.username.as_deref().unwrap_or_default();
    let email = user.email.as_deref().unwrap_or_default();
    if user.username_key.is_none() && !username.is_empty() {
        tally.held.push(user::lookup_key(username));
    }
    if user.email_key.is_none() && !email.is_empty() {
        tally.held.push(user::email_key(email));
    }
    if email.is_empty() {
        tally.no_email.0 += 1;
        if tally.no_email.1.len() < MOST_LISTED {
            tally.no_email.1.push(user.id.0);
        }
    }
    let mut note = |trouble, bad| {
        if bad {
            tally.note(trouble, user.id);
        }
    };
    note(NOBODY, username.is_empty() && email.is_empty());
    note(NO_NAME, username.is_empty());
    note(SAME_NAME, !user::lookup_key(username).is_empty() && user.username_key.is_none());
    note(SAME_EMAIL, !user::lookup_key(email).is_empty() && user.email_key.is_none());
    note(NO_ADDRESS, !email.trim().is_empty() && check_email(email.trim()).is_err());
    note(SPACES, username.trim() != username || email.trim() != email);
    note(CONTROL, username.chars().chain(email.chars()).any(char::is_control));
    note(MARKS, username.chars().any(is_picture_or_right_to_left));
    let texts = [
        (&user.username, NAME_WIDTH),
        (&user.email, NAME_WIDTH),
        (&user.name, NAME_WIDTH),
        (&user.location, NAME_WIDTH),
        (&user.avatar_hash, AVATAR_HASH_WIDTH),
    ];
    let too_long = texts.iter().any(|(text, width)| text.as_deref().is_some_and(|it| it.chars().count() > *width));
    note(TOO_LONG, too_long);
    let hash_length = user.password_hash.as_deref().map_or(0, |hash| hash.chars().count());
    note(LONG_HASH, hash_length > HASH_WIDTH);
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
    if tally.no_email.0 > 0 {
        let (count, user_ids) = tally.no_email;
        let told = Finding::ok("no_email", "an address is optional; these users can recover no password by mail");
        findings.push(Finding { count: Some(count), user_ids, ..told });
    }
    for ((check, what, way_out), count, user_ids) in tally.troubles.into_values() {
        findings.push(Finding { count: Some(count), user_ids, ..Finding::warn(check, what, way_out) });
    }
    Users { findings, slowest: tally.slowest }
}
