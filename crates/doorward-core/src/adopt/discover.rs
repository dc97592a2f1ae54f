use sea_orm::{ConnectionTrait, Statement};

use super::Mapping;
use crate::{
    Error,
    database::{self, Database, DatabaseFailure, LenientText, Table, TableColumn, quoted},
    password::hash::Family,
};

/// Values that are looked at to see what a column holds.
const SAMPLED: u32 = 200;

/// What was found in a database.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// The users' table.
    pub table: Table,
    /// What its columns mean.
    pub mapping: Mapping,
    /// Whether Doorward's own tables stand in the same database already.
    pub adopted: bool,
}

/// Finds the users' table of another application, or looks at the one that is named, and tells what its
/// columns mean by name, type and content. Only reads. A database without such a table, with several, and
/// one that Doorward made itself, is refused.
pub async fn discover(database: &Database, wanted: Option<&str>) -> Result<Discovered, Error> {
    let mut tables = database::tables(database).await?;
    let adopted = tables.iter().any(|table| table.name == "doorward_state");
    if adopted && database::origin(database).await? == database::Origin::Made {
        return Err(Error::startup(
            "this database is Doorward's own: it made the `users` table itself",
            "there is nothing to adopt; name the other application's database by `--database`",
        ));
    }
    if let Some(name) = wanted {
        let Some(at) = tables.iter().position(|table| table.name == name) else {
            return Err(Error::startup(format!("there is no table `{name}`"), tables_there(&tables)));
        };
        let table = tables.swap_remove(at);
        refuse_view(&table)?;
        let mapping = map(database, &table).await?;
        mapping.check(&table)?;
        return Ok(Discovered { table, mapping, adopted });
    }
    let mut candidates = Vec::new();
    for table in &tables {
        let mapping = match map(database, table).await {
            Ok(mapping) => mapping,
            Err(error @ Error::Unavailable(_)) => return Err(error),
            // Without an id, or not for this user to read: no candidate.
            Err(_) => continue,
        };
        if mapping.check(table).is_ok() && mapping.password_hash.is_some() {
            candidates.push((table.clone(), mapping));
        }
    }
    // A view over the users' table shows the same users, and is in nobody's way.
    if candidates.iter().any(|(table, _)| !table.view) {
        candidates.retain(|(table, _)| !table.view);
    }
    match candidates.len() {
        0 => Err(Error::startup(
            "no table here holds users: none has an id, a user name or e-mail address, and a password",
            tables_there(&tables),
        )),
        1 => {
            let (table, mapping) = candidates.swap_remove(0);
            refuse_view(&table)?;
            Ok(Discovered { table, mapping, adopted })
        }
        _ => {
            let names: Vec<_> = candidates.iter().map(|(table, _)| format!("`{}`", table.name)).collect();
            Err(Error::startup(
                format!("several tables can hold the users: {}", names.join(", ")),
                "say which by `--table NAME`",
            ))
        }
    }
}

fn refuse_view(table: &Table) -> Result<(), Error> {
    if table.view {
        return Err(Error::startup(
            format!("`{}` is a view: nothing can be added to it", table.name),
            "name the table beneath it by `--table NAME`",
        ));
    }
    Ok(())
}

fn tables_there(tables: &[Table]) -> String {
    if tables.is_empty() {
        return "the database is empty: check `--database`".to_owned();
    }
    let names: Vec<_> = tables.iter().take(20).map(|table| format!("`{}`", table.name)).collect();
    format!("check `--database`, or name the table by `--table NAME`; there are {}", names.join(", "))
}

/// The table's columns by their meanings.
async fn map(database: &Database, table: &Table) -> Result<Mapping, Error> {
    let named = |names: &[&str]| names.iter().find_map(|name| table.columns.iter().find(|it| plain(&it.name) == *name));
    let text = |names: &[&str]| named(names).filter(|column| is_text(column)).map(|column| column.name.clone());
    let any = |names: &[&str]| named(names).map(|column| column.name.clone());
    let mut primary = table.columns.iter().filter(|column| column.primary);
    let id = match (primary.next(), primary.next()) {
        (Some(one), None) => one.name.clone(),
        _ => any(&["id", "userid", "uid"]).ok_or_else(|| {
            Error::startup(
                format!("the table `{}` has no column that identifies a user", table.name),
                "name its `id` in a mapping, and give it by `--mapping FILE`",
            )
        })?,
    };
    let mut mapping = Mapping {
        table: table.name.clone(),
        id,
        username: text(&["username", "login", "loginname", "nickname", "useraccount"]),
        email: text(&["email", "emailaddress", "mail"]),
        confirmed: any(&["confirmed", "isconfirmed", "emailconfirmed", "emailverified", "isverified", "confirmedat"]),
        active: any(&["active", "isactive", "enabled"]),
        administrator: any(&["issuperuser", "isadmin", "isadministrator", "admin"]),
        name: text(&["name", "fullname", "displayname"]),
        first_name: text(&["firstname"]),
        last_name: text(&["lastname", "surname"]),
        location: text(&["location"]),
        about_me: text(&["aboutme", "about", "bio"]),
        member_since: any(&["membersince", "datejoined", "createdat", "registeredat", "createdon"]),
        last_seen: any(&["lastseen", "lastlogin", "lastloginat", "currentloginat"]),
        avatar_hash: text(&["avatarhash"]),
        password_hash: None,
    };
    if mapping.username.is_some() || mapping.email.is_some() {
        mapping.password_hash = password_column(database, table).await?;
    }
    Ok(mapping)
}

/// The column of password hashes: the one whose contents say so, else the one whose name does.
async fn password_column(database: &Database, table: &Table) -> Result<Option<String>, DatabaseFailure> {
    let names = ["passwordhash", "password", "hashedpassword", "encryptedpassword", "passwd", "pwhash", "pwd", "hash"];
    let by_name = names.iter().find_map(|name| table.columns.iter().find(|it| plain(&it.name) == *name));
    let mut best = None;
    for column in table.columns.iter().filter(|column| is_text(column)) {
        let values = sample(database, table, column).await?;
        let hashes = values.iter().filter(|value| is_recognisable(value)).count();
        // Half of them: others may be empty, damaged, or of a scheme that nobody knows.
        if hashes > 0 && hashes * 2 >= values.len() && best.is_none_or(|(most, _)| hashes > most) {
            best = Some((hashes, column));
        }
    }
    Ok(best.map(|(_, column)| column).or(by_name).map(|column| column.name.clone()))
}

async fn sample(database: &Database, table: &Table, column: &TableColumn) -> Result<Vec<String>, DatabaseFailure> {
    let (table, column) = (quoted(&table.name), quoted(&column.name));
    // A cell can be of any length; a hash is short.
    let sql = format!(
        "SELECT substr(CAST({column} AS TEXT), 1, 1024) FROM {table} WHERE {column} IS NOT NULL LIMIT {SAMPLED}"
    );
    let connection = database.reads();
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    let values = rows.iter().map(|row| row.try_get_by_index::<LenientText>(0).map(|text| text.0));
    Ok(values.collect::<Result<_, _>>()?)
}

/// Whether a text can only be a password's hash. A bare digest can be anything's: an avatar has one.
fn is_recognisable(value: &str) -> bool {
    !matches!(Family::of(value), Family::UnsaltedDigest | Family::Unusable | Family::Damaged | Family::Unknown)
}

fn is_text(column: &TableColumn) -> bool {
    ["char", "text", "clob", "string"].iter().any(|kind| column.kind.contains(kind))
}

fn plain(name: &str) -> String {
    name.chars().filter(|character| *character != '_').flat_map(char::to_lowercase).collect()
}
