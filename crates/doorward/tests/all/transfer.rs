//! `doorward export`, `doorward import doorward` and `doorward move`

use std::{
    fs,
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use insta::assert_snapshot;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::Value;

use crate::{
    postgres::{lines, new_database, sql},
    program::{Folder, Run},
};

/// A folder with a database whose every table has rows, `users` of them in the larger tables.
fn filled(users: usize) -> (Folder, String) {
    let folder = Folder::new();
    let url = sqlite(&folder, "doorward.db");
    folder.done("migrate up");
    folder.done("key list");
    let tables = lines(
        &url,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
         AND name <> 'doorward_migrations' ORDER BY name IN ('user_roles', 'role_permissions')",
    );
    for table in tables {
        let columns = lines(&url, &format!("SELECT name || ' ' || type FROM pragma_table_info('{table}')"));
        let (names, values): (Vec<_>, Vec<_>) = columns.iter().map(|column| filling(&table, column)).unzip();
        let rows = if ["users", "sessions", "user_roles"].contains(&table.as_str()) { users } else { 3 };
        sql(
            &url,
            &format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
                 INSERT OR IGNORE INTO {table} ({}) SELECT {} FROM n",
                names.join(", "),
                values.join(", ")
            ),
        );
    }
    (folder, url)
}

/// A column and what the row `i` has there; every seventh has nothing, where it can.
fn filling(table: &str, column: &str) -> (String, String) {
    let (name, kind) = column.split_once(' ').unwrap();
    let kind = kind.to_lowercase();
    let value = match (name, kind.as_str()) {
        ("role", _) => "'admin'".to_owned(),
        ("name", _) if table == "roles" => "'role' || i".to_owned(),
        ("name", _) if table == "doorward_state" => "'state' || i".to_owned(),
        ("about_me", _) => "CASE WHEN i % 7 = 0 THEN NULL ELSE '=1+1, \"' || char(10) || '王''\\' || i END".to_owned(),
        ("id" | "session_id", "char(32)") => "printf('%032x', i * 7919)".to_owned(),
        (_, kind) if kind.contains("int") => "i".to_owned(),
        (_, "boolean") => "i % 2".to_owned(),
        (_, "datetime") => "printf('2026-01-02 03:%02d:%02d.%06d', i / 60 % 60, i % 60, i)".to_owned(),
        (_, "blob") => "CAST(printf('%08d', i) AS BLOB) || X'00FF'".to_owned(),
        _ => "'t' || i".to_owned(),
    };
    let value = if kind == "blob" { "unhex(printf('%016X', i) || '00FF')".to_owned() } else { value };
    (name.to_owned(), value)
}

fn sqlite(folder: &Folder, name: &str) -> String {
    format!("sqlite://{}", folder.path(name).display())
}

/// What an export of the database says of its tables.
fn tables(folder: &Folder, url: &str, into: &str) -> Value {
    let run = folder.run(&format!("--json --database {url} export {into} --with-hashes"));
    assert_eq!(run.code, 0, "{}", run.err);
    let manifest = run.answer();
    serde_json::json!({"tables": manifest["tables"], "sequences": manifest["sequences"]})
}

fn schema(url: &str) -> Vec<String> {
    lines(
        url,
        if url.starts_with("sqlite") {
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql"
        } else {
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
             UNION ALL SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' \
             UNION ALL SELECT tgname::text || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal \
             UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"
        },
    )
}

fn refused(run: &Run) -> String {
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    run.err.clone()
}

#[test]
fn everything_goes_out_and_comes_back() {
    let (folder, url) = filled(2_500);
    let before = tables(&folder, &url, "out");
    assert!(before["tables"].as_array().unwrap().iter().all(|table| table["rows"].as_u64().unwrap() > 0), "{before}");
    for (number, there) in [sqlite(&folder, "other.db"), new_database()].iter().enumerate() {
        let run = folder.run(&format!("--database {there} import doorward out"));
        assert_eq!(run.code, 0, "{}", run.err);
        assert_eq!(tables(&folder, there, &format!("again{number}")), before);
        // Its numbers go on, its triggers work.
        folder.done(&format!("--database {there} user create newcomer --no-password"));
        let twice = folder.run(&format!("--database {there} import doorward out"));
        assert!(refused(&twice).contains("is in use already"), "{}", twice.err);
    }
}

#[test]
fn a_move_leads_there_and_back() {
    let (folder, url) = filled(2_500);
    let before = tables(&folder, &url, "before");
    let there = new_database();
    let fresh = new_database();
    folder.done(&format!("--database {fresh} migrate up"));

    let report = folder.run(&format!("--json move --to {there}"));
    assert_eq!(report.code, 0, "{}", report.err);
    assert_eq!(report.answer()["resumed"], false);
    assert_eq!(tables(&folder, &there, "there"), before);
    assert_eq!(schema(&there), schema(&fresh), "nothing of the move is left");
    let late = folder.run("user create late --no-password");
    assert!(refused(&late).contains("was moved to") && !late.err.contains("postgres:"), "{}", late.err);
    folder.done(&format!("--database {there} user create newcomer --no-password"));

    let moved = tables(&folder, &there, "moved");
    let back = sqlite(&folder, "back.db");
    folder.done(&format!("--database {there} move --to {back}"));
    assert_eq!(tables(&folder, &back, "back"), moved);
    folder.done("move --abandon --yes");
    assert_eq!(schema(&back), schema(&url), "here neither");
    folder.done("user create late --no-password");
}

/// Writes as several programs at once would, with names that change hands, until it is refused or told to stop. Answers how often.
fn write_on(url: &str, first: usize, stop: &AtomicBool) -> (usize, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = Database::connect(url).await.unwrap();
        let mut written = 0;
        while !stop.load(Ordering::SeqCst) {
            let now = first + written;
            let (one, other) = (1 + written % 90, 1 + (written * 7 + 13) % 90);
            let statements = [
                format!("UPDATE users SET name = 'round {now}' WHERE id = {one}"),
                format!("UPDATE users SET username = 'swap {now}' WHERE id = {one}"),
                format!("UPDATE users SET username = 'gone {now}' WHERE id = {other}"),
                format!("UPDATE users SET username = 'swap {now}' WHERE id = {one}"),
                format!("INSERT INTO users (id, username) VALUES ({now}, 'new {now}')"),
                format!("DELETE FROM users WHERE id = {}", now - 3),
                format!("DELETE FROM sessions WHERE user_id = {other}"),
            ];
            for statement in statements {
                if let Err(error) = connection.execute_unprepared(&statement).await {
                    return (written, error.to_string());
                }
            }
            written += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        (written, String::new())
    })
}

#[test]
fn what_is_written_meanwhile_is_moved_too() {
    let (folder, url) = filled(1_500);
    let (middle, end) = (new_database(), sqlite(&folder, "end.db"));
    for (from, to, first) in [(&url, &middle, 1_000_000), (&middle, &end, 2_000_000)] {
        let stop = AtomicBool::new(false);
        let (written, why) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| write_on(from, first, &stop));
            std::thread::sleep(Duration::from_millis(50));
            let run = folder.run(&format!("--json --database {from} move --to {to}"));
            stop.store(run.code != 0, Ordering::SeqCst);
            assert_eq!(run.code, 0, "{}", run.err);
            assert!(run.answer()["caught_up"].as_u64().unwrap() > 0, "nothing was written meanwhile");
            writer.join().unwrap()
        });
        assert!(why.contains("was moved"), "after {written} rounds: {why}");
        let name = if from == &url { "one" } else { "two" };
        assert_eq!(tables(&folder, to, &format!("to-{name}")), tables(&folder, from, &format!("from-{name}")));
    }
}

#[test]
fn i_killed_at_any_moment_a_move_ends_the_same() {
    let (folder, url) = filled(2_000);
    let before = tables(&folder, &url, "before");
    let (middle, end) = (new_database(), sqlite(&folder, "end.db"));
    for (from, to) in [(&url, &middle), (&middle, &end)] {
        let mut kills = 0;
        for pause in (0..).map(|round: u64| 15 + round * 37 % 400 + round * 6) {
            let mut command = folder.program();
            command.args(["--database", from, "move", "--to", to]).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(pause));
            if child.try_wait().unwrap().is_some() {
                let ended = child.wait_with_output().unwrap();
                assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            assert!(kills < 200, "it never ends");
        }
        assert!(kills > 3, "{kills}");
        let refusal = folder.run(&format!("--database {from} user create late --no-password"));
        assert!(refused(&refusal).contains("was moved to"));
    }
    assert_eq!(tables(&folder, &middle, "middle"), before);
    assert_eq!(tables(&folder, &end, "end"), before);
    folder.done(&format!("--database {end} user create newcomer --no-password"));
}

#[test]
fn i_killed_at_any_moment_an_export_and_its_import_end_the_same() {
    let (folder, url) = filled(2_000);
    let before = tables(&folder, &url, "before");
    let end = sqlite(&folder, "end.db");
    let lines = [format!("--database {url} export out --with-hashes"), format!("--database {end} import doorward out")];
    for (line, done_before) in lines.iter().zip(["holds an export already", "is in use already"]) {
        let mut kills = 0;
        for pause in (0..).map(|round: u64| 5 + round * 41) {
            let mut command = folder.program();
            command.args(line.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(pause));
            if child.try_wait().unwrap().is_some() {
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            assert!(kills < 200, "it never ends");
        }
        // It ended by itself, or had all but ended when it was killed.
        let again = folder.run(line);
        assert!(refused(&again).contains(done_before), "{}", again.err);
    }
    assert_eq!(tables(&folder, &end, "after"), before);
}

#[test]
fn an_export_that_was_touched_is_refused_and_nothing_of_it_stays() {
    let (folder, url) = filled(30);
    tables(&folder, &url, "out");
    let there = sqlite(&folder, "there.db");
    let users = fs::read_to_string(folder.path("out/users.jsonl")).unwrap();
    let manifest = fs::read_to_string(folder.path("out/manifest.json")).unwrap();
    let lines: Vec<_> = users.lines().collect();
    let touched = [
        ("users.jsonl", users.replacen("t1", "t2", 1)),
        ("users.jsonl", lines[1..].join("\n")),
        ("users.jsonl", users[..users.len() / 2].to_owned()),
        ("users.jsonl", users.replacen("\"username\"", "\"is_admin\"", 1)),
        ("users.jsonl", users.replacen("\"id\":1,", "\"id\":\"1; DROP TABLE users\",", 1)),
        ("users.jsonl", users.replacen(lines[1], lines[0], 1)),
        ("manifest.json", manifest.replacen("m0004_move_in", "m0005_later", 1)),
        ("manifest.json", manifest.replacen("\"users\":", "\"sqlite_master\":", 1)),
        ("manifest.json", manifest.replacen("\"name\": \"users\"", "\"name\": \"sqlite_master\"", 1)),
        ("manifest.json", "{}".to_owned()),
    ];
    for (file, content) in touched {
        let path = folder.path("out").join(file);
        let whole = fs::read(&path).unwrap();
        assert_ne!(content.as_bytes(), whole, "{file}");
        fs::write(&path, &content).unwrap();
        let run = folder.run(&format!("--database {there} import doorward out"));
        assert!(refused(&run).contains("export"), "{}", run.err);
        fs::write(&path, whole).unwrap();
    }
    folder.done(&format!("--database {there} import doorward out"));

    folder.done("export bare");
    let bare = folder.run(&format!("--database {there} import doorward bare"));
    assert!(refused(&bare).contains("made without hashes"), "{}", bare.err);
    assert!(!fs::read_to_string(folder.path("bare/users.jsonl")).unwrap().contains("password_hash"));
    assert!(refused(&folder.run("export bare")).contains("holds an export already"));
    assert!(refused(&folder.run(&format!("--database {there} import doorward none"))).contains("can't be read"));
}

#[test]
fn what_postgresql_has_no_place_for_is_named_and_mended_and_the_move_goes_on() {
    let (folder, url) = filled(30);
    let there = new_database();
    sql(&url, "UPDATE users SET member_since = 'last summer' WHERE id = 3");
    sql(&url, "UPDATE users SET location = printf('%.*c', 70, 'x') WHERE id = 5");
    sql(&url, "UPDATE users SET about_me = 'a' || char(0) || 'b' WHERE id = 6");
    sql(&url, "INSERT INTO users (id, username) VALUES (5000000000, 'far')");
    let run = folder.run(&format!("move --to {there}"));
    assert_snapshot!(refused(&run).trim_end(), @"
    error: 4 row(s) can't stand in the other database: users 3: member_since holds no time in the one form of times; users 5: location holds text longer than the column is wide; users 6: about_me holds a NUL within text; users 5000000000: id holds a number beyond 32 bits
      → mend them (`doorward doctor` says more of users), and run it again: it goes on from there
    ");
    folder.done("user list");
    // SQLite takes them as they are.
    let copy = sqlite(&folder, "copy.db");
    tables(&folder, &url, "odd");
    folder.done(&format!("--database {copy} import doorward odd"));
    assert_eq!(tables(&folder, &copy, "odd-again"), tables(&folder, &url, "odd-before"));
    let flask = folder.run("export flask --format postgres --with-hashes");
    assert_eq!(flask.code, 7);
    assert!(flask.err.contains("4 row(s) of users"), "{}", flask.err);

    let none = folder.run(&format!("move --to {there}"));
    assert!(refused(&none).contains("users 3: member_since"), "{}", none.err);
    sql(&url, "UPDATE users SET member_since = NULL, location = NULL, about_me = NULL WHERE id IN (3, 5, 6)");
    sql(&url, "DELETE FROM users WHERE id = 5000000000");
    folder.done(&format!("move --to {there}"));
    assert_eq!(tables(&folder, &there, "there")["tables"], tables(&folder, &url, "here")["tables"]);
}

#[test]
fn a_database_in_use_is_not_moved_to_and_a_move_is_given_up() {
    let (folder, url) = filled(5);
    let used = Folder::with_application("small.db");
    let flask = sqlite(&used, "doorward.db");
    assert!(refused(&folder.run(&format!("move --to {flask}"))).contains("users of another application"));
    let other = new_database();
    folder.done(&format!("--database {other} migrate up"));
    folder.done(&format!("--database {other} user create somebody --no-password"));
    assert!(refused(&folder.run(&format!("move --to {other}"))).contains("is in use already"));
    assert!(refused(&folder.run("move --abandon --yes")).contains("no move leads away"));
    assert_eq!(folder.run("move").code, 2);

    let there = new_database();
    folder.done(&format!("move --to {there}"));
    assert!(refused(&folder.run(&format!("move --to {}", new_database()))).contains("was moved already"));
    assert!(sqlx_refuses(&url), "another program's write too");
    assert_eq!(folder.run("move --abandon").code, 2);
    folder.done("move --abandon --yes");
    folder.done("user create again --no-password");
}

fn sqlx_refuses(url: &str) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = Database::connect(url).await.unwrap();
        connection.execute_unprepared("UPDATE users SET name = 'x'").await.is_err()
    })
}

#[test]
fn users_go_back_into_a_flask_applications_table() {
    let (folder, url) = filled(40);
    let rows = "SELECT group_concat(quote(id) || quote(username) || quote(password_hash) || quote(about_me) || \
                quote(confirmed) || quote(member_since)) FROM (SELECT * FROM users ORDER BY id)";
    folder.done("export sqlite --format sqlite --with-hashes");
    let back = sqlite(&folder, "back.db?mode=rwc");
    sql(&back, &fs::read_to_string(folder.path("sqlite/users.sql")).unwrap());
    assert_eq!(lines(&back, rows), lines(&url, rows));

    folder.done("export postgres --format postgres --with-hashes");
    let there = new_database();
    sql(&there, &fs::read_to_string(folder.path("postgres/users.sql")).unwrap());
    sql(&there, "INSERT INTO users (username) VALUES ('next')");
    assert_eq!(
        lines(&there, "SELECT id || ' ' || username FROM users WHERE id > 39 ORDER BY id"),
        ["40 t40", "41 next"]
    );
    assert_eq!(
        lines(&there, "SELECT about_me FROM users WHERE id = 1"),
        lines(&url, "SELECT about_me FROM users WHERE id = 1")
    );

    folder.done("export csv --format csv");
    let csv = fs::read_to_string(folder.path("csv/users.csv")).unwrap();
    assert!(!csv.contains("password_hash") && csv.contains("\"'=1+1, \"\""), "F4: {csv}");
}
