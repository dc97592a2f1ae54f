//! Users in, everything out and back, and from one engine to the other: the command line, on a million users.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::{Rig, spread, temporary_folder};
use crate::population;
use crate::process;
use crate::report::{Goal, Report, Row, short};
use crate::server::postgres::Postgres;

/// Columns that the engine alone is given: those that an import fills.
const FILLED: &str = "id, email, username, password_hash, confirmed, member_since, last_seen, avatar_hash, username_key, \
                      email_key, username_skeleton";

/// How a command did.
struct Ran {
    seconds: f64,
    peak_mb: f64,
    said: Value,
}

/// The measurement.
pub(crate) async fn run(rig: &Rig, postgres: &Postgres, users: u64) -> Result<Report> {
    let folder = temporary_folder()?;
    let folder = folder.path();
    let file = folder.join("users.jsonl");
    population::write_jsonl(&file, users)?;
    let sqlite = |name: &str| format!("sqlite://{}", folder.join(name).display());
    let (first, second) = (sqlite("first.db"), postgres.create_database("first").await?);
    let mut rows = Vec::new();
    let mut detail = serde_json::Map::new();

    for (engine, database) in [("SQLite", &first), ("PostgreSQL", &second)] {
        ran(rig, folder, database, &["migrate", "up"])?;
        let import = ran(rig, folder, database, &["import", "jsonl", "users.jsonl"])?;
        let alone = engine_alone(database, users).await?;
        rows.push(row(
            &format!("import of {users} users from JSONL, {engine}, a second"),
            &format!("{:.1} s, {:.0} MB at the peak", import.seconds, import.peak_mb),
            &format!("the engine alone, the same rows: {alone:.1} s ({:.2}×)", import.seconds / alone),
            rate(users, &import),
            " users/s",
            Goal::AtLeast(50_000.0),
        )?);
        detail.insert(format!("import {engine}"), json!({"seconds": import.seconds, "engine_alone": alone}));
    }

    let out = ran(rig, folder, &first, &["export", "out", "--with-hashes"])?;
    let (back, back_postgres) = (sqlite("back.db"), postgres.create_database("back").await?);
    let returned = ran(rig, folder, &back, &["import", "doorward", "out"])?;
    let returned_postgres = ran(rig, folder, &back_postgres, &["import", "doorward", "out"])?;
    for (name, database) in [("again", &back), ("again-postgres", &back_postgres)] {
        let again = ran(rig, folder, database, &["export", name, "--with-hashes"])?;
        if again.said["tables"] != out.said["tables"] {
            bail!("what came back differs: {} in place of {}", again.said["tables"], out.said["tables"]);
        }
    }
    for (what, ran) in [
        ("export of everything, SQLite", &out),
        ("import of an export, SQLite", &returned),
        ("import of an export, PostgreSQL", &returned_postgres),
    ] {
        rows.push(row(
            &format!("{what}, {users} users, a second"),
            &format!("{:.1} s", ran.seconds),
            &format!("{:.0} MB at the peak", ran.peak_mb),
            rate(users, ran),
            " users/s",
            Goal::None,
        )?);
    }

    let (there, here) = (postgres.create_database("there").await?, sqlite("here.db"));
    for (what, from, to) in [("SQLite to PostgreSQL", &back, &there), ("PostgreSQL to SQLite", &there, &here)] {
        let moved = ran(rig, folder, from, &["move", "--to", to])?;
        let held = moved.said["held_ms"].as_f64().unwrap_or(f64::MAX);
        rows.push(row(
            &format!("move of {users} users from {what}: how long writers wait"),
            &format!("{:.1} s in all", moved.seconds),
            &format!("{:.0} MB at the peak", moved.peak_mb),
            held,
            " ms",
            Goal::AtMost(1_000.0),
        )?);
        detail.insert(format!("move {what}"), moved.said);
    }
    let end = ran(rig, folder, &here, &["export", "end", "--with-hashes"])?;
    if end.said["tables"] != out.said["tables"] {
        bail!("what was moved there and back differs");
    }
    let how = format!(
        "`doorward import`, `export` and `move` of {users} users with hashes of PBKDF2, once each; PostgreSQL with the memory and the log of a server (`shared_buffers` 1 GB, `max_wal_size` 8 GB); the engine alone: `INSERT … SELECT` \
         of the {} filled columns into a table of the same columns and indexes; what comes back, and what was moved there and back, has the \
         same SHA-256 of every table",
        FILLED.split(", ").count()
    );
    Ok(Report::new("transfer", 16, &how, rows, Value::Object(detail)))
}

fn row(what: &str, measured: &str, against: &str, value: f64, unit: &str, goal: Goal) -> Result<Row> {
    println!("{what}: {}{unit}; {measured}; {against}", short(value));
    Ok(Row {
        what: what.to_owned(),
        measured: measured.to_owned(),
        against: against.to_owned(),
        judged: spread(&[value])?,
        unit: unit.to_owned(),
        goal,
    })
}

fn rate(users: u64, ran: &Ran) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Some millions.
    let users = users as f64;
    users / ran.seconds
}

/// Runs one command to its end, and looks at its memory meanwhile.
fn ran(rig: &Rig, folder: &Path, database: &str, words: &[&str]) -> Result<Ran> {
    let said = folder.join("said.json");
    let begun = Instant::now();
    let mut child = Command::new(std::path::absolute(&rig.doorward)?)
        .args(["--json", "--database", database])
        .args(words)
        .current_dir(folder)
        .env("DOORWARD_DATABASE_POOL__STATEMENT_TIMEOUT_MS", "60000")
        .stdout(File::create(&said)?)
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if let Ok(memory) = process::memory(child.id()) {
            peak = peak.max(memory.peak);
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let seconds = begun.elapsed().as_secs_f64();
    if !status.success() {
        bail!("{words:?} ended with {status}");
    }
    let said = serde_json::from_slice(&std::fs::read(said)?).unwrap_or(Value::Null);
    #[allow(clippy::cast_precision_loss)] // Far below 2^52.
    let peak_mb = peak as f64 / 1e6;
    Ok(Ran { seconds, peak_mb, said })
}

/// Seconds in which the engine copies the rows that the import made, into a table of the same columns and indexes.
async fn engine_alone(database: &str, users: u64) -> Result<f64> {
    let indexes = if database.starts_with("sqlite:") {
        "SELECT group_concat(replace(sql, ' ON users ', ' ON bulk '), ';') FROM sqlite_master WHERE tbl_name = 'users' AND type = 'index' AND sql IS NOT NULL"
    } else {
        ""
    };
    if indexes.is_empty() {
        population::execute(database, "CREATE TABLE bulk (LIKE users INCLUDING ALL)").await?;
    } else {
        let table = population::text(
            database,
            "SELECT replace(sql, 'CREATE TABLE users', 'CREATE TABLE bulk') FROM sqlite_master WHERE name = 'users'",
        )
        .await?;
        population::execute(database, &table).await?;
        for index in population::text(database, indexes).await?.split(';') {
            let named = index.replace("INDEX ix_", "INDEX bulk_");
            population::execute(database, &named).await?;
        }
    }
    let begun = Instant::now();
    let copied =
        population::execute(database, &format!("INSERT INTO bulk ({FILLED}) SELECT {FILLED} FROM users ORDER BY id"))
            .await?;
    let seconds = begun.elapsed().as_secs_f64();
    if copied != users {
        bail!("{copied} rows in place of {users}");
    }
    population::execute(database, "DROP TABLE bulk").await?;
    Ok(seconds)
}
