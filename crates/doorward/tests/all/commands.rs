use insta::assert_snapshot;
use serde_json::json;

use crate::program::Folder;

const PASSWORD: &str = "a long pass phrase\n";

#[test]
fn a_user_can_be_made_before_the_first_serve() {
    let folder = Folder::new();
    let made =
        folder.run_with_input("user create alice --email alice@example.com --role admin --password-stdin", PASSWORD);
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    assert!(made.out.starts_with("id              1\nusername        alice\n"), "{}", made.out);

    let shown = folder.run("--json user show alice").answer();
    assert_eq!(shown["email"], "alice@example.com");
    assert_eq!(shown["roles"], json!(["admin"]));
    assert!(folder.done("user list").contains("alice@example.com  admin  "));
    assert_eq!(folder.run("--json migrate status").answer()["steps"][0]["applied"], true);
}

#[test]
fn what_only_looks_makes_nothing() {
    let folder = Folder::new();
    for line in ["user list", "key list", "token inspect", "session list alice", "backup copy.db", "migrate status"] {
        let run = folder.run(line);
        assert_eq!((run.code, run.out.as_str()), (6, ""), "{line}");
        insta::allow_duplicates! {
            assert_snapshot!(run.err.trim_end(), @r"
            error: there is no database at doorward.db
              → correct `database`, or make it: `doorward serve`, `doorward migrate up` and `doorward user create` do
            ");
        }
    }
    assert_eq!(folder.run("doctor").code, 7);
    assert_eq!(folder.files(), Vec::<String>::new());
}

#[test]
fn an_existing_database_is_brought_up_to_date_only_on_request() {
    let folder = Folder::with_application("small.db");
    let before = std::fs::read(folder.path("doorward.db")).unwrap();
    for line in ["user list", "user create zoe --no-password", "key list"] {
        let run = folder.run(line);
        assert_eq!(run.code, 1, "{line}");
        assert!(run.err.contains("run `doorward migrate up`"), "{line}: {}", run.err);
    }
    let doctor = folder.run("--json doctor");
    assert_eq!(doctor.code, 7);
    assert_eq!(doctor.answer()["verdict"], "fail");
    assert_eq!(doctor.answer()["findings"][0]["check"], "start");
    // WAL is Doorward's; the rest of the file is the application's.
    assert_eq!(std::fs::read(folder.path("doorward.db")).unwrap()[100..], before[100..]);

    folder.done("migrate up");
    assert_eq!(folder.done("migrate up"), "Nothing to do.\n");
    let list = folder.done("user list");
    assert!(list.contains("王小明"), "{list}");
    assert!(list.ends_with("Nobody is an administrator: doorward user grant NAME admin\n"), "{list}");
    folder.done("user grant alice admin");
    assert!(!folder.done("user list").contains("Nobody"));
}

#[test]
fn every_refusal_has_its_exit_code_and_its_name() {
    let folder = Folder::new();
    folder.done("user create alice --no-password --role admin");
    for (line, code, name) in [
        ("user create ALICE --no-password", 5, "username_taken"),
        ("user create a@b --email x --no-password", 2, "invalid_fields"),
        ("user create bob --no-password --role nobody", 4, "role_not_found"),
        ("user show nobody", 4, "user_not_found"),
        ("user disable alice", 5, "last_administrator"),
        ("user delete alice", 2, "not_confirmed"),
        ("user delete alice --yes", 5, "last_administrator"),
        ("session end 0", 4, "session_not_found"),
        ("migrate down", 2, "not_confirmed"),
        ("restore copy.db", 2, "not_confirmed"),
        ("key rotate --lost-seal-key", 5, "seal_key_not_lost"),
        ("--set nope=1 user list", 3, "configuration"),
        ("--database postgres://nobody@127.0.0.1:1/none user list", 6, "unavailable"),
        ("--database postgres://nobody@127.0.0.1:1/none restore copy.db --yes", 1, "internal_error"),
        ("frobnicate", 2, "usage"),
        ("user list --limit 0", 2, "usage"),
        // A password never stands on the command line.
        ("user create bob --password secret", 2, "usage"),
    ] {
        let run = folder.run(&format!("--json {line}"));
        let error = run.error();
        assert_eq!((run.code, error["error"].as_str()), (code, Some(name)), "{line}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{line}");
        assert_eq!(run.out, "", "{line}");
        assert_eq!(folder.run(line).code, code, "{line}");
    }
}

#[test]
fn a_configuration_is_told_all_that_is_wrong_with_it() {
    let run = Folder::new().run("--set nope=1 --set token.expiration=-3 --set http.max_connections=many user list");
    assert_eq!(run.code, 3);
    assert_snapshot!(run.err.trim_end(), @r#"
    error: command line: there is no setting `nope`. `doorward config show` lists them all.
    error: command line: `token.expiration` is "-3"; it takes a whole number of seconds from 1 to 31536000.
    error: command line: `http.max_connections` is "many"; it takes a whole number of connections from 1 to 1000000.
    "#);
}

#[test]
fn a_lost_seal_key_is_replaced_by_command() {
    let folder = Folder::new();
    folder.done("user create alice --no-password");
    std::fs::remove_file(folder.path("doorward.key")).unwrap();
    let refused = folder.run("user list");
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("doorward key rotate --lost-seal-key"), "{}", refused.err);

    assert_eq!(folder.run("--json key rotate --lost-seal-key").answer()["dropped"], 1);
    let keys = folder.run("--json key list").answer();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["keys"][0]["state"], "signing");
    folder.done("user show alice");
}

#[test]
fn a_backup_is_of_one_moment_and_can_be_put_back() {
    let folder = Folder::new();
    folder.done("user create alice --no-password");
    folder.done("backup copy.db");
    assert_eq!(folder.run("backup copy.db").code, 1);
    folder.done("user create bob --no-password");
    let kept = folder.run("--json restore copy.db --yes").answer()["kept"].as_str().unwrap().to_owned();
    assert_eq!(folder.run("user show bob").code, 4);
    folder.done("user show alice");
    assert!(folder.done(&format!("--database sqlite://{kept} user list")).contains("bob"));
}

#[test]
fn commands_work_beside_a_running_server() {
    let folder = Folder::new();
    let server = folder.serve();
    let made = folder.run_with_input("user create bob --password-stdin", PASSWORD);
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    folder.done("user disable bob");
    folder.done("key rotate");
    folder.done("backup copy.db");
    assert!(folder.done("user list").contains("disabled"));
    drop(server);
}

#[test]
fn a_backup_is_not_put_back_beneath_a_running_server() {
    let folder = Folder::new();
    let server = folder.serve();
    folder.done("backup copy.db");
    folder.done("user create bob --no-password");
    let before = folder.files();
    let refused = folder.run("restore copy.db --yes");
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert_snapshot!(refused.err.trim_end(), @r"
    error: doorward.db is in use: another process has the database open
      → stop Doorward and every other program that uses the database, and restore again
    ");
    assert_eq!(folder.files(), before);
    folder.done("user show bob");

    // Killed, so that its log is still beside the file.
    drop(server);
    let kept = folder.run("--json restore copy.db --yes").answer()["kept"].as_str().unwrap().to_owned();
    assert_eq!(folder.run("user show bob").code, 4);
    assert!(folder.done(&format!("--database sqlite://{kept} user list")).contains("bob"));
}

#[test]
fn a_damaged_database_can_be_restored() {
    let folder = Folder::new();
    folder.done("user create alice --no-password");
    folder.done("backup copy.db");
    std::fs::write(folder.path("doorward.db"), "Dear diary,\n".repeat(1_000)).unwrap();
    assert_eq!(folder.run("user list").code, 6);
    folder.done("restore copy.db --yes");
    folder.done("user show alice");
}

#[test]
fn all_users_are_listed_with_their_roles() {
    let folder = Folder::with_application("large.db");
    folder.done("migrate up");
    folder.done("user grant 2 admin");
    let answer = folder.run("--json user list --all").answer();
    let users = answer["users"].as_array().unwrap();
    assert_eq!((users.len(), &answer["next"]), (2020, &json!(null)));
    assert!(users.is_sorted_by_key(|user| user["id"].as_i64()));
    let admins: Vec<_> = users.iter().filter(|user| user["roles"] == json!(["admin"])).collect();
    assert_eq!((admins.len(), &admins[0]["id"]), (1, &json!(2)));
    let page = folder.run("--json user list --after 1 --limit 2").answer();
    assert_eq!((page["users"].as_array().unwrap().as_slice(), &page["next"]), (&users[1..3], &json!(3)));
    let nobody = folder.run("--json user list --after 8589934599").answer();
    assert_eq!(nobody, json!({"users": [], "next": null}));

    let table = folder.done("user list --all");
    assert_eq!(table.lines().count(), 2021);
    assert!(table.starts_with("ID "));
}

#[test]
fn a_token_is_judged_from_standard_input_or_a_file() {
    let folder = Folder::new();
    folder.done("user create alice --no-password");
    std::fs::write(folder.path("token"), "junk").unwrap();
    for run in [folder.run_with_input("--json token inspect -", "junk\n"), folder.run("--json token inspect token")] {
        assert_eq!(run.code, 1);
        assert_eq!(run.answer()["good"], false);
        assert_eq!(run.answer()["error"], "token_malformed");
    }
}

#[test]
fn doctor_names_users_in_trouble_and_the_way_out() {
    let folder = Folder::with_application("large.db");
    folder.done("migrate up");
    let run = folder.run("--json doctor");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let answer = run.answer();
    assert_eq!(answer["verdict"], "warn");
    let findings = answer["findings"].as_array().unwrap();
    let users_of = |check: &str| {
        let finding = findings.iter().find(|finding| finding["check"] == check);
        let finding = finding.unwrap_or_else(|| panic!("no {check}"));
        assert!(finding["way_out"].is_string(), "{check}");
        finding["user_ids"].clone()
    };
    assert_eq!(users_of("same_user_name"), json!([2001, 2012]));
    assert_eq!(users_of("unreadable_password"), json!([2007]));
    assert_eq!(users_of("time_form"), json!([2016, 2017]));
    assert_eq!(users_of("bytes_in_text"), json!([8_589_934_595_i64]));
    assert!(folder.done("user list --after 8589934593 --limit 1").contains(r"pnul\u{0}x"));
}

#[test]
fn help_completions_and_descriptions_need_no_database() {
    let folder = Folder::new();
    let help = folder.done("--help");
    for command in [
        "serve", "user", "session", "token", "mail", "key", "migrate", "backup", "restore", "health", "doctor",
        "config",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
    }
    assert!(folder.done("completions bash").contains("_doorward()"));
    assert_eq!(folder.run("openapi").answer()["openapi"], "3.1.0");
    assert!(folder.done("config show").contains("token.expiration = 3600 # default"));
    assert!(folder.done("config reference --format markdown").contains("DOORWARD_TOKEN__EXPIRATION"));
    assert_eq!(folder.run("--profile production config check").code, 3);
    assert_eq!(folder.files(), Vec::<String>::new());
}

#[test]
fn roles_are_kept_by_command() {
    let folder = Folder::new();
    folder.done("user create alice --no-password --role admin");
    let made =
        folder.run("--json role create editor --description Edits --permit articles:write --permit articles:read");
    assert_eq!(
        made.answer(),
        json!({"name": "editor", "description": "Edits", "permissions": ["articles:read", "articles:write"]})
    );
    folder.done("role forbid editor articles:write articles:delete");
    folder.done("role permit editor comments:write");
    assert_snapshot!(folder.done("role list").trim_end(), @r"
    ROLE    PERMITS                       DESCRIPTION
    admin   -                             Administers users, roles and sessions
    editor  articles:read,comments:write  Edits
    ");
    folder.done("user grant alice editor");
    for (line, code, name) in [
        ("role create editor", 5, "role_taken"),
        ("role create a/b", 2, "invalid_fields"),
        ("role permit nobody x", 4, "role_not_found"),
        ("role permit editor a/b", 2, "invalid_fields"),
        ("role delete editor", 2, "not_confirmed"),
        ("role delete editor --yes", 5, "role_in_use"),
        ("role delete admin --yes --take-away", 5, "role_protected"),
    ] {
        let run = folder.run(&format!("--json {line}"));
        assert_eq!((run.code, run.error()["error"].as_str()), (code, Some(name)), "{line}");
    }
    assert_eq!(folder.run("--json role delete editor --yes --take-away").answer()["taken_from"], 1);
    assert_eq!(folder.run("--json user show alice").answer()["roles"], json!(["admin"]));
}

#[test]
fn users_are_searched_disabled_for_a_time_and_exported_by_command() {
    let folder = Folder::new();
    folder.done("user create root --no-password --role admin");
    for name in ["anna", "Annabel", "bert"] {
        folder.done(&format!("user create {name} --no-password --email {name}@example.com"));
    }
    let names = |line: &str| -> Vec<String> {
        let users = folder.run(&format!("--json user list {line}")).answer()["users"].clone();
        users.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
    };
    folder.done("user disable bert --reason away --until 2999-01-01T00:00:00Z");
    let bert = folder.run("--json user show bert").answer();
    assert_eq!((&bert["disabled_reason"], &bert["disabled_until"]), (&json!("away"), &json!("2999-01-01T00:00:00Z")));
    for (line, wanted) in [
        ("--search ANN", &["anna", "Annabel"][..]),
        ("--containing ert", &["bert"]),
        ("--disabled", &["bert"]),
        ("--enabled --sort username --descending", &["root", "Annabel", "anna"]),
        ("--role admin", &["root"]),
        ("--unconfirmed --search b", &["bert"]),
    ] {
        assert_eq!(names(line), wanted, "{line}");
    }
    let first = folder.run("--json user list --sort username --limit 2").answer();
    let next = first["next"].as_str().unwrap();
    assert_eq!(names(&format!("--sort username --limit 2 --after {next}")), ["bert", "root"]);
    assert_eq!(folder.run(&format!("--json user list --after {next}")).error()["error"], "invalid_fields");
    for line in ["user disable anna --until 1999-01-01T00:00:00Z", "user disable anna --until tomorrow"] {
        assert_eq!(folder.run(line).code, 2, "{line}");
    }
    let csv = folder.done("user export --role admin");
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert_eq!(folder.done("user export --format ndjson").lines().count(), 4);
}
