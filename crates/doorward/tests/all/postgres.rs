//! The command line on PostgreSQL.

use std::sync::atomic::{AtomicUsize, Ordering};

use insta::assert_snapshot;
use sea_orm::{ConnectionTrait as _, Database, Statement};
use serde_json::json;

use crate::{
    program::Folder,
    server::{Serving, soon},
};

const PASSWORD: &str = "a long pass phrase";

/// An empty database of the test's own, as a URL.
pub(crate) fn new_database() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let Ok(server) = std::env::var("DOORWARD_TEST_POSTGRES") else {
        panic!("no PostgreSQL for the tests: run `cargo xtask test`, or `cargo xtask postgres` and set what it prints");
    };
    let name = format!("program_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    let (before, _) = server.rsplit_once('/').unwrap();
    sql(&server, &format!("CREATE DATABASE {name}"));
    format!("{before}/{name}")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs a statement as another application on the same database would.
pub(crate) fn sql(url: &str, statement: &str) {
    runtime().block_on(async {
        let connection = Database::connect(url).await.unwrap();
        connection.execute_unprepared(statement).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// Rows of one text column.
pub(crate) fn lines(url: &str, query: &str) -> Vec<String> {
    runtime().block_on(async {
        let connection = Database::connect(url).await.unwrap();
        let statement = Statement::from_string(connection.get_database_backend(), query);
        let rows = connection.query_all_raw(statement).await.unwrap();
        let lines = rows.iter().map(|row| row.try_get_by_index::<Option<String>>(0).unwrap().unwrap_or_default());
        let lines = lines.collect();
        connection.close().await.unwrap();
        lines
    })
}

/// A folder whose commands work on a PostgreSQL database.
struct OnPostgres {
    folder: Folder,
    url: String,
}

impl OnPostgres {
    fn new() -> Self {
        Self { folder: Folder::new(), url: new_database() }
    }

    fn run(&self, line: &str) -> crate::program::Run {
        self.run_with_input(line, "")
    }

    fn run_with_input(&self, line: &str, input: &str) -> crate::program::Run {
        let run = self.folder.run_with_input(&format!("--database {} {line}", self.url), input);
        let (_, after) = self.url.split_once("://postgres:").unwrap();
        let password = after.split('@').next().unwrap();
        assert!(!run.out.contains(password) && !run.err.contains(password), "{line} shows the database's password");
        run
    }

    fn done(&self, line: &str) -> String {
        let run = self.run(line);
        assert_eq!(run.code, 0, "{line}: {}", run.err);
        run.out
    }

    fn serve(&self, socket: &str) -> Serving {
        let mut command = self.folder.program();
        command.args(["--database", &self.url]);
        Serving::begin(&self.folder, command, socket).ready()
    }
}

#[test]
fn the_schema_is_made_on_request_and_taken_back() {
    let on = OnPostgres::new();
    for line in ["user list", "user create alice --no-password", "key list", "session list alice"] {
        let run = on.run(line);
        assert_eq!(run.code, 1, "{line}");
        assert!(run.err.contains("run `doorward migrate up`"), "{line}: {}", run.err);
    }
    let step = |at: usize| on.run("--json migrate status").answer()["steps"][at].clone();
    assert_eq!(step(0), json!({"name": "m0001_foundation", "applied": false}));
    assert_eq!(
        on.done("migrate up"),
        "applied m0001_foundation\napplied m0002_accounts\napplied m0003_import\napplied m0004_move_in\n"
    );
    assert_eq!(step(0)["applied"], true);
    assert_eq!(on.done("migrate up"), "Nothing to do.\n");
    on.done("user create alice --no-password --role admin");

    assert_eq!(on.run("migrate down").code, 2);
    on.done("migrate down --yes");
    assert_eq!(step(0)["applied"], false);
    assert_eq!(lines(&on.url, "SELECT username::text FROM users"), ["alice"]);
}

#[test]
fn users_are_made_changed_and_deleted() {
    let on = OnPostgres::new();
    on.done("migrate up");
    let made =
        on.run_with_input("--json user create Alice --email alice@example.com --role admin --password-stdin", PASSWORD);
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    let shown = on.run("--json user show ALICE").answer();
    assert_eq!((shown["username"].as_str(), &shown["roles"]), (Some("Alice"), &json!(["admin"])));
    on.done("user create bob --no-password");
    let list = on.done("user list");
    assert!(list.contains("alice@example.com  admin  ") && list.contains("bob"), "{list}");
    assert_eq!(on.run("--json user list --limit 1").answer()["next"], 1);

    assert_eq!(on.done("user grant bob admin"), "Granted.\n");
    assert_eq!(on.done("user grant bob admin"), "The user had that role already.\n");
    assert_eq!(on.done("user revoke bob admin"), "Revoked.\n");
    assert_eq!(on.done("user revoke bob admin"), "The user did not have that role.\n");
    assert_eq!(on.run("user revoke alice admin").code, 5);
    assert_eq!(on.run("user disable alice").code, 5);
    on.done("user disable bob");
    assert!(on.run("--json user show bob").answer()["disabled_at"].is_string());
    on.done("user enable bob");
    assert!(on.run("--json user show bob").answer()["disabled_at"].is_null());
    assert_eq!(on.run_with_input("user set-password bob --password-stdin", PASSWORD).code, 0);
    assert_eq!(lines(&on.url, "SELECT left(password_hash, 10)::text FROM users ORDER BY id"), ["$argon2id$"; 2]);

    assert_eq!(on.run("user delete bob").code, 2);
    on.done("user delete bob --yes");
    assert_eq!(on.run("--json user show bob").error()["error"], "user_not_found");
    for (line, code, name) in [
        ("user create ALICE --no-password", 5, "username_taken"),
        ("user create carol --email ALICE@example.com --no-password", 5, "email_taken"),
        ("user create carol --no-password --role nobody", 4, "role_not_found"),
        ("session end 0", 4, "session_not_found"),
    ] {
        let run = on.run(&format!("--json {line}"));
        assert_eq!((run.code, run.error()["error"].as_str()), (code, Some(name)), "{line}");
    }
}

#[test]
fn what_a_command_ends_is_ended_in_the_server_that_runs() {
    let on = OnPostgres::new();
    let server = on.serve("door");
    assert_eq!(on.run_with_input("user create bob --password-stdin", PASSWORD).code, 0);
    let log_in = || server.log_in("bob", PASSWORD).token();
    let status = |token: &str| server.get("/me", &[("token", token)]).status;
    let refused_soon = |token: &str| soon(|| status(token) == 401);

    let (one, other) = (log_in(), log_in());
    assert_eq!((status(&one), status(&other)), (200, 200));
    let sessions = on.run("--json session list bob").answer()["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    on.done(&format!("session end {}", sessions[0]["id"].as_str().unwrap()));
    assert!(soon(|| status(&one) != status(&other)), "one of the two is refused");
    let (one, other) = if status(&one) == 200 { (one, other) } else { (other, one) };
    assert_eq!((status(&one), status(&other)), (200, 401));
    assert!(on.done("session list bob").lines().count() == 2, "a heading and the one that is left");

    on.done("session end --all bob");
    assert!(refused_soon(&one));
    for line in ["user disable bob", "user delete bob --yes"] {
        let token = log_in();
        assert_eq!(status(&token), 200);
        on.done(line);
        assert!(refused_soon(&token), "{line}");
        if line.contains("disable") {
            on.done("user enable bob");
        }
    }
}

#[test]
fn keys_turn_under_a_server_that_runs() {
    let on = OnPostgres::new();
    let server = on.serve("door");
    assert!(soon(|| server.first_password().is_some()));
    let password = server.first_password().unwrap();
    let old = server.log_in("admin", &password).token();
    let status = |token: &str| server.get("/me", &[("token", token)]).status;
    assert_eq!(status(&old), 200);

    assert_eq!(on.run("--json key rotate").answer()["withdrawn"], 0);
    let keys = on.run("--json key list").answer()["keys"].clone();
    assert_eq!((&keys[0]["state"], &keys[1]["state"]), (&json!("signing"), &json!("verifying")));
    assert_eq!(status(&old), 200, "a turn of the key voids nothing");
    let new = server.log_in("admin", &password).token();
    assert_eq!(status(&new), 200);

    assert_eq!(on.run("--json key rotate --revoke").answer()["withdrawn"], 2);
    let refused = |token: &str| soon(|| status(token) == 401);
    assert!(refused(&old) && refused(&new));
    assert_eq!(status(&server.log_in("admin", &password).token()), 200);
    assert_eq!(on.run("--json key rotate --lost-seal-key").error()["error"], "seal_key_not_lost");
}

#[test]
fn doctor_looks_at_postgresql_too() {
    let on = OnPostgres::new();
    on.done("migrate up");
    on.done("user create alice --no-password --role admin");
    let run = on.run("--json doctor");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let answer = run.answer();
    let finding = |check: &str| {
        let findings = answer["findings"].as_array().unwrap();
        findings.iter().find(|it| it["check"] == check).unwrap_or_else(|| panic!("no {check}")).to_string()
    };
    assert!(finding("database").contains("PostgreSQL"), "{}", finding("database"));
    for check in ["clock", "keys", "migrations", "triggers", "administrators"] {
        assert!(finding(check).contains(r#""verdict":"ok""#), "{}", finding(check));
    }
    sql(&on.url, "DROP TRIGGER doorward_revocations_told ON revocations");
    let broken = on.run("--json doctor");
    assert_eq!((broken.code, &broken.answer()["verdict"]), (7, &json!("fail")));
}

#[test]
fn a_backup_is_left_to_pg_dump_and_says_so() {
    let on = OnPostgres::new();
    on.done("migrate up");
    let run = on.run("backup copy.dump");
    assert_eq!(run.code, 1);
    assert_snapshot!(run.err.trim_end(), @r"
    error: nothing was copied: PostgreSQL makes its own backups
      → run: pg_dump --format=custom --file=copy.dump --dbname=$DOORWARD_DATABASE
    ");
    assert_eq!(on.run("--json backup copy.dump").error()["error"], "use_pg_dump");
    let restored = on.run("restore copy.dump --yes");
    assert_eq!(restored.code, 1);
    assert!(restored.err.contains("pg_restore"), "{}", restored.err);
    assert!(!on.folder.files().contains(&"copy.dump".to_owned()));
}

#[test]
fn i_a_server_that_can_not_be_used_is_named_without_its_password() {
    let on = OnPostgres::new();
    let (before, name) = on.url.rsplit_once('/').unwrap();
    let (user, host) = before.rsplit_once('@').unwrap();
    let scheme = user.rsplit_once(':').unwrap().0;
    let nobody_listens = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, says) in [
        (format!("{user}@{nobody_listens}/{name}"), format!("{nobody_listens}/{name}")),
        (format!("{before}/no_such_database"), "no_such_database".to_owned()),
        (format!("{scheme}:another-passphrase@{host}/{name}"), "password authentication failed".to_owned()),
    ] {
        let run = on.folder.run(&format!("--json --database {url} user list"));
        let error = run.error();
        assert_eq!((run.code, error["error"].as_str()), (6, Some("unavailable")), "{error}");
        assert!(error["message"].as_str().unwrap().contains(&says), "{error}");
        assert!(error["way_out"].is_string(), "{error}");
        assert!(!run.err.contains("another-passphrase"), "{error}");
    }
}
