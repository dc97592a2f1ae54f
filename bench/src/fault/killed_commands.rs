//! `adopt`, `import`, `export` and `move` killed at random moments, again and again: run once more, each ends as if it had
//! not been.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rand::RngExt;
use serde_json::Value;

use super::Findings;
use crate::command_line::On;
use crate::measure::{Rig, temporary_folder};
use crate::population;
use crate::server::postgres::{Engine, Postgres};

/// Enough that a command takes some tenths of a second.
const USERS: u64 = 20_000;
/// How often a command may be killed before it must have come to its end.
const MOST_KILLS_IN_A_ROW: u32 = 200;

/// Each command is killed at least `kills` times on each engine.
pub(crate) async fn run(rig: &Rig, kills: u32, on: On) -> Result<Findings> {
    let mut findings = Findings::new("killed-commands");
    let folder = temporary_folder()?;
    let postgres = Postgres::start().await?;
    let file = folder.path().join("users.jsonl");
    population::write_jsonl(&file, USERS)?;
    let sqlite = on.sqlite().then(|| Engine::Sqlite(folder.path()));
    let engines = [sqlite, on.postgres().then_some(Engine::Postgres(&postgres))];
    for engine in engines.iter().flatten() {
        let other = match engine {
            Engine::Sqlite(_) => Engine::Postgres(&postgres),
            Engine::Postgres(_) => Engine::Sqlite(folder.path()),
        };
        let mut trial =
            Trial { rig, folder: folder.path(), engine, other: &other, kills, databases: 0, findings: &mut findings };
        trial.import().await?;
        trial.export_and_back().await?;
        trial.moves().await?;
        trial.adoption().await?;
    }
    Ok(findings)
}

struct Trial<'a> {
    rig: &'a Rig,
    folder: &'a Path,
    engine: &'a Engine<'a>,
    other: &'a Engine<'a>,
    kills: u32,
    databases: u32,
    findings: &'a mut Findings,
}

impl Trial<'_> {
    async fn import(&mut self) -> Result<()> {
        let words = ["import", "jsonl", "users.jsonl"];
        let database = self.migrated().await?;
        let seconds = self.done(&database, &words)?.seconds;
        let users = self.tables(&database)?["users"].clone();
        let mut killed = 0;
        while killed < self.kills {
            let database = self.migrated().await?;
            killed += self.until_done(&database, &words, seconds).await?;
            let said = self.done(&database, &words)?.said;
            let made = said["created"].as_u64() == Some(USERS) && said["finished_before"] == true;
            let tables = self.tables(&database)?;
            self.check("an import ended the same", made && tables["users"] == users, || format!("{said}"));
            forget(&database)?;
        }
        self.counted("kills of import", killed);
        Ok(())
    }

    async fn export_and_back(&mut self) -> Result<()> {
        let source = self.filled().await?;
        let whole = self.done(&source, &["export", "whole", "--with-hashes"])?;
        let tables = whole.said["tables"].clone();
        let mut killed = 0;
        for number in 0.. {
            if killed >= self.kills {
                break;
            }
            let out = format!("out-{number}");
            killed += self.until_done(&source, &["export", &out, "--with-hashes"], whole.seconds).await?;
            let manifest: Value = serde_json::from_slice(&fs::read(self.folder.join(&out).join("manifest.json"))?)?;
            self.check("an export ended the same", manifest["tables"] == tables, || format!("{manifest}"));
            fs::remove_dir_all(self.folder.join(out))?;
        }
        self.counted("kills of export", killed);

        let words = ["import", "doorward", "whole"];
        let database = self.migrated().await?;
        let seconds = self.done(&database, &words)?.seconds;
        let mut killed = 0;
        while killed < self.kills {
            let database = self.migrated().await?;
            killed += self.until_done(&database, &words, seconds).await?;
            let back = self.exported(&database)?;
            self.check("an export came back the same", back == tables, || format!("{back}"));
            forget(&database)?;
        }
        self.counted("kills of import of an export", killed);
        fs::remove_dir_all(self.folder.join("whole"))?;
        Ok(())
    }

    async fn moves(&mut self) -> Result<()> {
        let source = self.filled().await?;
        self.done(&source, &["export", "whole", "--with-hashes"])?;
        let tables = self.exported(&source)?;
        let mut killed = 0;
        let mut seconds = None;
        while killed < self.kills {
            let from = self.migrated().await?;
            self.done(&from, &["import", "doorward", "whole"])?;
            let to = self.new_in(self.other).await?;
            let words = ["move", "--to", &to];
            match seconds {
                None => seconds = Some(self.done(&from, &words)?.seconds),
                Some(seconds) => {
                    killed += self.until_done(&from, &words, seconds).await?;
                    let refused = self.run(&from, &["user", "create", "late", "--no-password"])?;
                    self.check("the one that was moved takes no writes", !refused, || "it took one".into());
                }
            }
            let there = self.exported(&to)?;
            self.check("a move ended the same", there == tables, || format!("{there}"));
            let written = self.run(&to, &["user", "create", "newcomer", "--no-password"])?;
            self.check("the one that it was moved to takes writes", written, || "it took none".into());
            forget(&from)?;
            forget(&to)?;
        }
        self.counted(&format!("kills of move to {}", self.other.name()), killed);
        fs::remove_dir_all(self.folder.join("whole"))?;
        Ok(())
    }

    async fn adoption(&mut self) -> Result<()> {
        let database = self.flask_users().await?;
        let before = self.state(&database).await?;
        let seconds = self.done(&database, &["adopt", "--apply"])?.seconds;
        let adopted = self.state(&database).await?;
        let seconds_back = self.done(&database, &["adopt", "--undo", "--yes"])?.seconds;
        let (mut killed, mut killed_back) = (0, 0);
        while killed < self.kills || killed_back < self.kills {
            for (words, seconds, kills, end) in [
                (&["adopt", "--apply"][..], seconds, &mut killed, &adopted),
                (&["adopt", "--undo", "--yes"], seconds_back, &mut killed_back, &before),
            ] {
                for _ in 0..MOST_KILLS_IN_A_ROW {
                    let ended = self.started(&database, words, seconds).await?;
                    let now = self.state(&database).await?;
                    let is_whole = now == before || now == adopted;
                    self.check("an adoption was whole or not begun", is_whole, || format!("{words:?}: {now}"));
                    if ended {
                        break;
                    }
                    *kills += 1;
                }
                // A kill just before its end leaves nothing to do.
                self.run(&database, words)?;
                let now = self.state(&database).await?;
                self.check("an adoption ended the same", now == *end, || format!("{words:?}: {now}"));
            }
        }
        self.counted("kills of adopt --apply", killed);
        self.counted("kills of adopt --undo", killed_back);
        forget(&database)
    }

    /// Runs a command again and again, and kills it at a random moment, until it comes to its end; how often it was killed.
    async fn until_done(&mut self, database: &str, words: &[&str], seconds: f64) -> Result<u32> {
        for kills in 0..MOST_KILLS_IN_A_ROW {
            if self.started(database, words, seconds).await? {
                return Ok(kills);
            }
        }
        bail!("{words:?} came to no end in {MOST_KILLS_IN_A_ROW} runs")
    }

    /// Whether it came to its end before it was killed.
    async fn started(&mut self, database: &str, words: &[&str], seconds: f64) -> Result<bool> {
        let errors = self.folder.join("errors");
        let mut child = self.spawn(database, words, Stdio::null(), fs::File::create(&errors)?.into())?;
        let moment = rand::rng().random_range(0.0..seconds * 1.5);
        tokio::time::sleep(Duration::from_secs_f64(moment)).await;
        let Some(status) = child.try_wait()? else {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        };
        let said = fs::read_to_string(&errors)?;
        // A run before was killed when all was written and only its answer was missing.
        let was_done = ["holds an export already", "is in use already"].iter().any(|done| said.contains(done));
        self.check("a run that was not killed ended well", status.success() || was_done, || {
            format!("{words:?}: {status}: {said}")
        });
        Ok(true)
    }

    fn spawn(&self, database: &str, words: &[&str], said: Stdio, errors: Stdio) -> Result<Child> {
        Ok(self.command(database, words)?.stdout(said).stderr(errors).spawn()?)
    }

    fn command(&self, database: &str, words: &[&str]) -> Result<Command> {
        let mut command = Command::new(std::path::absolute(&self.rig.doorward)?);
        command.args(["--json", "--database", database]).args(words).current_dir(self.folder);
        Ok(command)
    }

    fn done(&self, database: &str, words: &[&str]) -> Result<Done> {
        let said = self.folder.join("said.json");
        let begun = Instant::now();
        let errors = self.folder.join("errors");
        let (out, err) = (fs::File::create(&said)?, fs::File::create(&errors)?);
        let status = self.spawn(database, words, out.into(), err.into())?.wait()?;
        let seconds = begun.elapsed().as_secs_f64();
        if !status.success() {
            bail!("{words:?} ended with {status}: {}", fs::read_to_string(errors)?);
        }
        Ok(Done { seconds, said: serde_json::from_slice(&fs::read(said)?).unwrap_or(Value::Null) })
    }

    fn run(&self, database: &str, words: &[&str]) -> Result<bool> {
        Ok(self.spawn(database, words, Stdio::null(), Stdio::null())?.wait()?.success())
    }

    /// Rows and SHA-256 of every table.
    fn exported(&self, database: &str) -> Result<Value> {
        let said = self.done(database, &["export", "compared", "--with-hashes"])?.said;
        fs::remove_dir_all(self.folder.join("compared"))?;
        Ok(said["tables"].clone())
    }

    fn tables(&self, database: &str) -> Result<serde_json::Map<String, Value>> {
        let tables = self.exported(database)?;
        let named = |table: &Value| Some((table["name"].as_str()?.to_owned(), table.clone()));
        Ok(tables.as_array().context("no tables")?.iter().filter_map(named).collect())
    }

    async fn new_in(&mut self, engine: &Engine<'_>) -> Result<String> {
        self.databases += 1;
        engine.database(&format!("killed_{}_{}", self.engine.name(), self.databases)).await
    }

    async fn migrated(&mut self) -> Result<String> {
        let database = self.new_in(self.engine).await?;
        // Beside the seal key of another database, a file that isn't there is one that was lost.
        let alone = self.folder.join("alone");
        fs::create_dir_all(&alone)?;
        let made = self.command(&database, &["migrate", "up"])?.current_dir(alone).stdout(Stdio::null()).status()?;
        if !made.success() {
            bail!("{database} can't be made: {made}");
        }
        Ok(database)
    }

    async fn filled(&mut self) -> Result<String> {
        let database = self.migrated().await?;
        self.done(&database, &["import", "jsonl", "users.jsonl"])?;
        self.done(&database, &["key", "list"])?;
        Ok(database)
    }

    /// The table of the Flask system, with a tenth of the users.
    async fn flask_users(&mut self) -> Result<String> {
        let database = self.new_in(self.engine).await?;
        let (id, time, of_time, made) = match self.engine {
            Engine::Sqlite(_) => ("INTEGER NOT NULL PRIMARY KEY", "DATETIME", "", format!("{database}?mode=rwc")),
            Engine::Postgres(_) => ("SERIAL PRIMARY KEY", "TIMESTAMP", "TIMESTAMP ", database.clone()),
        };
        let table = format!(
            "CREATE TABLE users (id {id}, email VARCHAR(64), username VARCHAR(64), password_hash VARCHAR(128), \
             confirmed BOOLEAN, name VARCHAR(64), location VARCHAR(64), about_me TEXT, member_since {time}, \
             last_seen {time}, avatar_hash VARCHAR(32))"
        );
        population::execute(&made, &table).await?;
        for column in ["email", "username"] {
            let index = format!("CREATE UNIQUE INDEX ix_users_{column} ON users ({column})");
            population::execute(&database, &index).await?;
        }
        let rows = format!(
            "INSERT INTO users (email, username, password_hash, confirmed, member_since) \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) \
             SELECT 'user' || i || '@example.com', 'user' || i, 'pbkdf2:sha256:150000$Xq3vR9sT$' || '{}', TRUE, \
             {of_time}'2020-03-15 11:30:00.000000' FROM n",
            USERS / 10,
            "0".repeat(64)
        );
        population::execute(&database, &rows).await?;
        Ok(database)
    }

    /// Every column, index and trigger, and the application's rows.
    async fn state(&self, database: &str) -> Result<String> {
        let rows = "id || '|' || username || '|' || email || '|' || password_hash";
        let (schema, rows) = match self.engine {
            Engine::Sqlite(_) => (
                "SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_master WHERE sql IS NOT NULL \
                 AND name <> 'sqlite_sequence' ORDER BY sql)"
                    .to_owned(),
                format!("SELECT group_concat(row, char(10)) FROM (SELECT {rows} AS row FROM users ORDER BY id)"),
            ),
            Engine::Postgres(_) => (
                "SELECT string_agg(what, E'\\n' ORDER BY what) FROM (
                     SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS what
                         FROM information_schema.columns WHERE table_schema = 'public'
                     UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
                     UNION ALL SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger
                     UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                 ) AS everything WHERE what NOT LIKE '%RI_ConstraintTrigger%'"
                    .to_owned(),
                format!("SELECT string_agg({rows}, E'\\n' ORDER BY id) FROM users"),
            ),
        };
        Ok(population::text(database, &schema).await? + "\n" + &population::text(database, &rows).await?)
    }

    fn check(&mut self, what: &str, holds: bool, otherwise: impl FnOnce() -> String) {
        self.findings.check(&format!("{}: {what}", self.engine.name()), holds, otherwise);
    }

    fn counted(&mut self, what: &str, kills: u32) {
        println!("{}: {what}: {kills}", self.engine.name());
        self.findings.add(&format!("{}: {what}", self.engine.name()), kills.into());
    }
}

struct Done {
    seconds: f64,
    said: Value,
}

/// Files of databases that are no longer needed go, for the disk's sake.
fn forget(database: &str) -> Result<()> {
    if let Some(file) = database.strip_prefix("sqlite://") {
        for end in ["", "-wal", "-shm"] {
            match fs::remove_file(format!("{file}{end}")) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(())
}
