//! Many users at once: copies of one that Doorward made, so that every column holds what Doorward would write.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context, Result, bail};
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

/// Whose row is copied. Its letters look like no others, so that a key made against confusable spellings holds them unchanged.
pub(crate) const TEMPLATE: &str = "benchtpx";
const PREFIX: &str = "benchx";
/// For the digits 0 to 9, for the same reason.
const LETTERS: [char; 10] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k'];

/// The name of the copy with that number, from 1.
pub(crate) fn username(number: u64) -> String {
    let digits = number.to_string();
    let letters = digits.bytes().map(|digit| LETTERS[usize::from(digit - b'0')]);
    PREFIX.chars().chain(letters).collect()
}

/// Copies the template's row `count` times; the copies have its password and the names [`username`] gives.
pub(crate) async fn fill(database: &str, count: u64) -> Result<()> {
    let mut connection = connect(database).await?;
    let columns = columns(&mut connection, database).await?;
    if columns.is_empty() {
        bail!("{database} has no table users: the server must have run on it once");
    }
    let number = LETTERS.iter().enumerate().fold("CAST(n.i AS TEXT)".to_owned(), |inner, (digit, letter)| {
        format!("replace({inner}, '{digit}', '{letter}')")
    });
    let copied = columns.iter().map(|column| {
        if column.name == "id" {
            "u.id + n.i".to_owned()
        } else if column.is_text {
            format!("replace(u.\"{}\", '{TEMPLATE}', '{PREFIX}' || {number})", column.name)
        } else {
            format!("u.\"{}\"", column.name)
        }
    });
    let names: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    let statement = format!(
        "{numbers} INSERT INTO users ({}) SELECT {} FROM users u, n WHERE u.username = '{TEMPLATE}'",
        names.join(", "),
        copied.collect::<Vec<_>>().join(", ")
    );
    let inserted = sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?.rows_affected();
    if inserted != count {
        bail!("{inserted} users were made in place of {count}: is {TEMPLATE} in the table?");
    }
    let closing = if is_sqlite(database) {
        // A write-ahead log of the whole table would make every read look through it.
        "ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)".to_owned()
    } else {
        "SELECT setval(pg_get_serial_sequence('users', 'id'), max(id)) FROM users; ANALYZE users".to_owned()
    };
    sqlx::raw_sql(AssertSqlSafe(closing)).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// A file of so many users, as `doorward import jsonl` reads it; each with a hash that no password has.
pub(crate) fn write_jsonl(path: &Path, count: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for number in 1..=count {
        let name = username(number);
        writeln!(
            file,
            "{{\"id\":{number},\"username\":\"{name}\",\"email\":\"{name}@example.com\",\"confirmed\":true,\
             \"member_since\":\"2020-03-15T11:30:00Z\",\"password_hash\":\"pbkdf2:sha256:150000$Xq3vR9sT${number:064x}\"}}"
        )?;
    }
    Ok(file.flush()?)
}

/// Runs statements of the rig's own; returns how many rows the last of them changed.
pub(crate) async fn execute(database: &str, statement: &str) -> Result<u64> {
    let mut connection = connect(database).await?;
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?;
    connection.close().await?;
    Ok(done.rows_affected())
}

/// The whole number that a query gives.
pub(crate) async fn number(database: &str, query: &str) -> Result<i64> {
    let mut connection = connect(database).await?;
    let row = sqlx::query(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await?;
    connection.close().await?;
    row.try_get(0).with_context(|| format!("no whole number from: {query}"))
}

/// The text that a query gives.
pub(crate) async fn text(database: &str, query: &str) -> Result<String> {
    let mut connection = connect(database).await?;
    let row = sqlx::query(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await?;
    connection.close().await?;
    row.try_get(0).with_context(|| format!("no text from: {query}"))
}

async fn connect(database: &str) -> Result<AnyConnection> {
    install_default_drivers();
    AnyConnection::connect(database).await.with_context(|| format!("connecting to {database}"))
}

fn is_sqlite(database: &str) -> bool {
    database.starts_with("sqlite:")
}

struct Column {
    name: String,
    is_text: bool,
}

async fn columns(connection: &mut AnyConnection, database: &str) -> Result<Vec<Column>> {
    let query = if is_sqlite(database) {
        "SELECT name, lower(type) FROM pragma_table_info('users')"
    } else {
        "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns \
         WHERE table_name = 'users' AND table_schema = current_schema() ORDER BY ordinal_position"
    };
    let rows = sqlx::query(query).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let kind: String = row.try_get(1)?;
            let is_text = kind.contains("char") || kind.contains("text");
            Ok(Column { name: row.try_get(0)?, is_text })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn copies_differ_from_the_template_in_every_key_made_of_its_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = format!("sqlite://{}?mode=rwc", folder.path().join("a.db").display());
        execute(
            &database,
            "CREATE TABLE users (id INTEGER PRIMARY KEY, username VARCHAR(64), email_key TEXT UNIQUE, seen DATETIME)",
        )
        .await
        .expect("a table");
        execute(&database, &format!("INSERT INTO users VALUES (7, '{TEMPLATE}', '{TEMPLATE}@x.org', '2020-01-01')"))
            .await
            .expect("a template");
        fill(&database, 120).await.expect("120 copies");
        let query = format!(
            "SELECT count(*) FROM users WHERE id = 7 + 105 AND username = '{0}' AND email_key = '{0}@x.org' AND seen = '2020-01-01'",
            username(105)
        );
        assert_eq!(number(&database, &query).await.expect("a count"), 1);
        assert_eq!(username(105), "benchxbaf");
    }
}
