use std::{collections::BTreeMap, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use super::{Discovered, count_schemes};
use crate::{
    Doorward, Error, Start,
    database::{self, Database, Orphans, Table},
    doctor::{self, Finding},
    password::hash::{Family, SALT_LEN},
    random_bytes,
    settings::{ConnectionUrl, Profile, Secret, Settings, WriteScheme},
};

/// What an adoption would do and meet.
#[derive(Debug, Serialize)]
pub struct Survey {
    /// How many users have a password's hash of which scheme.
    pub schemes: BTreeMap<&'static str, u64>,
    /// What is wrong with which users, as `doorward doctor` would say after the adoption.
    pub findings: Vec<Finding>,
    /// Rows of the application that point at users who are not there.
    pub orphans: Vec<Orphans>,
    /// What renewing every password's hash takes.
    pub renewal: Renewal,
    /// What an adoption in place adds.
    pub added: Added,
    /// Tables of the application that have the name of one that would be added: with one of them nothing can be.
    pub taken: Vec<String>,
}

/// What it takes until every password's hash is Argon2id: each is renewed at its user's next sign-in, once
/// `password.write_scheme` says so.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Renewal {
    /// Hashes that are something else.
    pub hashes: u64,
    /// Milliseconds that one takes on a core of this machine.
    pub milliseconds_each: u64,
    /// Seconds that all of them take on one core.
    pub core_seconds: u64,
}

/// Tables and columns of `users`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Added {
    /// Tables.
    pub tables: Vec<String>,
    /// Columns of `users`.
    pub columns: Vec<String>,
}

/// Looks at every user of `found` by adopting a copy of the rows, in a file that is deleted again: what is told is what
/// would be, and nothing changes where they are. `settings` say how Doorward would run there.
pub async fn survey(source: &Database, found: &Discovered, settings: &Settings) -> Result<Survey, Error> {
    let schemes = count_schemes(source, found).await?;
    let tables = database::tables(source).await?;
    let orphans = database::orphans(source, &tables, &found.mapping.table, &found.mapping.id).await?;
    let folder = tempfile::Builder::new().prefix("doorward-").tempdir().map_err(|error| {
        Error::startup(format!("no folder can be made for the copy: {error}"), "make room in the folder `TMPDIR`")
    })?;
    let file = folder.path().join("users.db");
    let columns: Vec<_> = found.mapping.columns().filter(|(ours, _)| COPIED.contains(ours)).collect();
    database::copy_users(source, &found.table, &columns, &file).await?;

    let doorward = Doorward::start(Start::new(beside(settings, format!("sqlite://{}", file.display())))).await?;
    let findings = doctor::examine_users(&doorward).await;
    let renewal = renewal(&doorward, &schemes).await;
    let adopted = database::tables(doorward.database()).await;
    doorward.close().await;
    let (added, taken) = if found.adopted { Default::default() } else { added(&adopted?, &tables) };
    Ok(Survey { schemes, findings: findings?, orphans, renewal: renewal?, added, taken })
}

/// The columns that a copy has.
const COPIED: [&str; 11] = [
    "id",
    "email",
    "username",
    "password_hash",
    "confirmed",
    "name",
    "location",
    "about_me",
    "member_since",
    "last_seen",
    "avatar_hash",
];

/// A Doorward for a look: with what counts for passwords, and nothing else of the real one.
fn beside(settings: &Settings, database: String) -> Settings {
    let key: [u8; 32] = random_bytes(&crate::SystemRandomness);
    let mut beside = Settings::for_profile(Profile::Testing);
    beside.database = ConnectionUrl::new(database);
    beside.keys.seal_key = Some(Secret::new(STANDARD.encode(key)));
    beside.password = settings.password.clone();
    beside.login = settings.login.clone();
    beside
}

async fn renewal(doorward: &Doorward, schemes: &BTreeMap<&'static str, u64>) -> Result<Renewal, Error> {
    let settings =
        Settings { password: doorward.settings().password.clone(), ..Settings::for_profile(Profile::Testing) };
    let mut settings = settings;
    settings.password.write_scheme = WriteScheme::Argon2id;
    let scheme = crate::password::write_scheme(&settings, doorward.origin());
    let begun = Instant::now();
    let hashing = move |scratch: &mut _| scheme.hash("a password to measure with", &[0; SALT_LEN], scratch).is_ok();
    doorward.hashing().run(hashing).await?;
    let milliseconds_each = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let stay = [Family::Argon2id, Family::Unusable, Family::Damaged, Family::Unknown].map(Family::name);
    let hashes: u64 = schemes.iter().filter(|(name, _)| !stay.contains(name)).map(|(_, count)| count).sum();
    Ok(Renewal { hashes, milliseconds_each, core_seconds: hashes.saturating_mul(milliseconds_each) / 1_000 })
}

fn added(adopted: &[Table], before: &[Table]) -> (Added, Vec<String>) {
    let own: Vec<_> = adopted.iter().filter(|table| table.name != "users").map(|table| table.name.clone()).collect();
    let taken = own.iter().filter(|name| before.iter().any(|table| table.name == **name)).cloned().collect();
    let users = adopted.iter().find(|table| table.name == "users");
    let columns = users.into_iter().flat_map(|table| &table.columns).map(|column| column.name.clone());
    let columns = columns.filter(|name| !COPIED.contains(&name.as_str())).collect();
    (Added { tables: own, columns }, taken)
}
