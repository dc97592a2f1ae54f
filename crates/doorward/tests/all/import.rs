//! `doorward import`

use std::{fs, process::Stdio, time::Duration};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    postgres::new_database,
    program::{Folder, Run},
    server::{Serving, soon},
};

/// Hashes by Werkzeug, Django and bcrypt, and their passwords.
const HASHES: [(&str, &str); 3] = [
    ("pbkdf2:sha256:150000$8fgciI6A$fbbfb17ef853c0257af7753bce6bd1b9dcb1e06359cae0611a3a1cf74dffea07", "yiyetong123"),
    ("pbkdf2_sha256$1000000$seasalt0123456789abcd$nRNkZUUZhqp/4Jfg1WQ4/RMNOXwm54OGUpODz//2+Jc=", "yiyetong123"),
    ("$2b$04$GmCD.RR2mndsj7Ds6FQ1yuHh0jm.yGUwoIzPPlJjjE3d6U2sQUE62", "yiyetong123"),
];

/// A folder with a database that has been made, and its URL.
struct Site {
    folder: Folder,
    database: String,
}

impl Site {
    fn on_both_engines(test: impl Fn(&Self)) {
        for database in ["sqlite://doorward.db".to_owned(), new_database()] {
            let site = Self { folder: Folder::new(), database };
            site.done("migrate up");
            insta::allow_duplicates! { test(&site) };
        }
    }

    fn run(&self, line: &str) -> Run {
        self.folder.run(&format!("--database {} {line}", self.database))
    }

    fn done(&self, line: &str) -> String {
        let run = self.run(line);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{line}: {}", run.out);
        run.out
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.path(name), content).unwrap();
    }

    fn users(&self) -> Vec<Value> {
        let listed = self.run("--json user list --limit 200").answer();
        listed["users"].as_array().unwrap().clone()
    }

    fn names(&self) -> Vec<String> {
        let name = |user: &Value| user["username"].as_str().or(user["email"].as_str()).unwrap_or("-").to_owned();
        self.users().iter().map(name).collect()
    }
}

fn jsonl(rows: &[Value]) -> String {
    let lines: Vec<_> = rows.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

#[test]
fn imported_users_sign_in_with_the_password_that_they_have() {
    Site::on_both_engines(|site| {
        let users: Vec<Value> = HASHES
            .iter()
            .enumerate()
            .map(|(at, (encoded, _))| json!({"id": 100 + at, "username": format!("user{at}"), "password_hash": encoded, "roles": ["admin"]}))
            .collect();
        site.write("users.jsonl", jsonl(&users));
        assert_snapshot!(site.done("import jsonl users.jsonl"), @r"
                3  records
                3  users made
                0  users changed
                0  users were there already and stay as they are
                0  records rejected
        ");
        let mut command = site.folder.program();
        command.args(["--database", &site.database]);
        let server = Serving::begin(&site.folder, command, "door").ready();
        for (at, (_, password)) in HASHES.iter().enumerate() {
            let token = server.log_in(&format!("USER{at}"), password).token();
            let me = server.get("/me", &[("token", &token)]).json();
            assert_eq!(me["data"]["id"], json!(100 + at));
            assert_eq!(me["data"]["roles"], json!(["admin"]));
            assert_eq!(server.log_in(&format!("user{at}"), "wrong").error(), "401 invalid_credentials");
        }
        // Who is made next comes after the ids that were kept.
        site.write("more.jsonl", r#"{"username": "next"}"#);
        site.done("import jsonl more.jsonl");
        let next = site.run("--json user show next").answer();
        assert_eq!(next["id"], json!(100 + HASHES.len()));
        // A server that runs knows of whom another process imports.
        site.write("late.jsonl", jsonl(&[json!({"username": "late", "password_hash": HASHES[0].0})]));
        site.done("import jsonl late.jsonl");
        assert!(soon(|| server.log_in("late", HASHES[0].1).status == 200));
        let told = site.done("audit tail --kind user.imported");
        assert_eq!(told.lines().filter(|line| line.contains(r#""created":1,"#)).count(), 2, "{told}");
    });
}

#[test]
fn a_file_is_imported_once_and_a_dry_run_changes_nothing() {
    Site::on_both_engines(|site| {
        site.write(
            "users.jsonl",
            jsonl(&[json!({"username": "anna"}), json!({"username": "ANNA"}), json!({"email": "b@example.org"})]),
        );
        let dry = site.run("import jsonl users.jsonl --dry-run");
        assert_eq!(dry.code, 7);
        assert_snapshot!(dry.out, @r"
                3  records
                2  users would be made
                0  users would be changed
                0  users were there already and stay as they are
                1  records would be rejected
                   1 twice_in_the_file
        → say --rejects FILE to have them in a file that you can mend and import
        ");
        assert_eq!(site.names(), Vec::<String>::new());
        assert_eq!(site.run("import jsonl users.jsonl").code, 7);
        assert_eq!(site.names(), ["anna", "b@example.org"]);
        let again = site.run("import jsonl users.jsonl");
        assert!(again.out.starts_with("This very file was imported before"), "{}", again.out);
        assert_eq!(site.names(), ["anna", "b@example.org"]);
    });
}

#[test]
fn whoever_is_there_already_stays_is_changed_or_ends_the_import() {
    Site::on_both_engines(|site| {
        site.write("first.jsonl", jsonl(&[json!({"username": "anna", "email": "anna@example.org", "name": "Anna"})]));
        site.done("import jsonl first.jsonl");
        let rows = [
            json!({"username": "before"}),
            json!({"username": "Anna", "name": "Annabel", "location": "Wien", "confirmed": true}),
            json!({"username": "after"}),
        ];
        site.write("second.jsonl", jsonl(&rows));
        let ended = site.run("--json import jsonl second.jsonl");
        assert_eq!((ended.code, ended.error()["error"].as_str()), (5, Some("user_exists")));
        assert!(ended.error()["message"].as_str().unwrap().starts_with("line 2: "), "{}", ended.err);
        assert_eq!(site.names(), ["anna", "before"]);

        let went_on = site.done("import jsonl second.jsonl --on-conflict update");
        assert!(went_on.starts_with("Went on after record 1, "), "{went_on}");
        assert_eq!(site.names(), ["anna", "before", "after"]);
        let anna = site.run("--json user show anna").answer();
        assert_eq!(
            (&anna["username"], &anna["name"], &anna["location"]),
            (&json!("anna"), &json!("Annabel"), &json!("Wien"))
        );

        site.write("third.jsonl", jsonl(&[json!({"email": "ANNA@example.org", "name": "Anneliese"})]));
        site.done("import jsonl third.jsonl --on-conflict skip");
        assert_eq!(site.run("--json user show anna").answer()["name"], "Annabel");
        // An id that somebody else has, and names that two users have.
        site.write(
            "fourth.jsonl",
            jsonl(&[json!({"id": 1, "username": "else"}), json!({"username": "before", "email": "anna@example.org"})]),
        );
        let rejected = site.run("--json import jsonl fourth.jsonl --on-conflict update");
        assert_eq!(rejected.answer()["reasons"], json!({"id: taken": 1, "matches_two_users": 1}));
    });
}

#[test]
fn what_is_rejected_can_be_mended_and_fed_again() {
    Site::on_both_engines(|site| {
        let long = "x".repeat(65);
        let rows = jsonl(&[
            json!({"username": long}),
            json!({"username": "a\u{200b}b"}),
            json!({"email": "no address"}),
            json!({}),
            json!({"username": "c", "password_hash": "md6$x"}),
            json!({"username": "c", "password_hash": "scrypt:1099511627776:8:1$s$00"}),
            json!({"username": "c", "roles": ["nosuch"]}),
            json!({"username": "c", "member_since": "yesterday"}),
            json!({"id": -1, "username": "c"}),
            json!({"id": "1; DROP TABLE users", "username": "c"}),
            json!({"username": "c", "nosuch": 1}),
            json!({"username": "c", "extra": {"a": "\u{0}"}, "name": "\u{0}"}),
        ]);
        let content = [rows.as_bytes(), b"{\"username\": \"\xff\"}\n", b"[1]\n\n", b"{\"username\": \"cut o"].concat();
        site.write("users.jsonl", content);
        let run = site.run("--json import jsonl users.jsonl --rejects rejects.jsonl");
        assert_eq!(run.code, 7);
        assert_eq!((&run.answer()["created"], &run.answer()["rejected"]), (&json!(0), &json!(15)));
        let rejects = fs::read_to_string(site.folder.path("rejects.jsonl")).unwrap();
        let told = |row: &Value| format!("{} {}", row["_line"], row["_rejected"]);
        let rows: Vec<Value> = rejects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut reasons: Vec<_> = rows.iter().map(|row| (row["_line"].as_u64(), told(row))).collect();
        reasons.sort();
        assert_snapshot!(reasons.into_iter().map(|(_, told)| told).collect::<Vec<_>>().join("\n"), @r#"
        1 ["username: too_long"]
        2 ["username: invalid_characters"]
        3 ["email: not_an_address"]
        4 ["no_name_at_all"]
        5 ["password_hash: unknown_scheme"]
        6 ["password_hash: damaged"]
        7 ["roles: role_not_found"]
        8 ["member_since: not_a_time"]
        9 ["id: out_of_range"]
        10 ["not_a_user"]
        11 ["not_a_user"]
        12 ["name: invalid_characters"]
        13 ["not_utf8"]
        14 ["not_a_user"]
        16 ["not_json"]
        "#);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(site.folder.path("rejects.jsonl")).unwrap().permissions().mode() & 0o777, 0o600);
        }

        let mended: Vec<Value> = rows
            .into_iter()
            .filter(|row| row["_line"] == 8)
            .map(|mut row| {
                row["member_since"] = "2020-01-02 03:04:05".into();
                row
            })
            .collect();
        site.write("mended.jsonl", jsonl(&mended));
        site.done("import jsonl mended.jsonl");
        assert_eq!(site.run("--json user show c").answer()["member_since"], "2020-01-02T03:04:05Z");
    });
}

#[test]
fn a_hand_kept_csv_file() {
    Site::on_both_engines(|site| {
        let file = "\u{feff}login,E-Mail,password,Admin?,Since\r\n\
                    anna,anna@example.org,,no,2020-01-02\r\n\
                    \"bob, the \"\"builder\"\"\",BOB@EXAMPLE.ORG,,no,\r\n\
                    =cmd|' /C calc'!A0,,,no,\r\n\
                    carol,,,,,,too,many\r\n\
                    dora@example.org,dora@example.org,,,\r\n";
        site.write("users.csv", file);
        let unknown = site.run("import csv users.csv");
        assert_eq!(unknown.code, 2);
        assert!(unknown.err.contains("the column `login` is no field"), "{}", unknown.err);
        let columns = "--column login=username --column E-Mail=email --column password=password_hash --column Admin?=- --column Since=member_since";
        let run = site.run(&format!("--json import csv users.csv {columns}"));
        assert_eq!((run.code, &run.answer()["reasons"]), (7, &json!({"wrong_number_of_cells": 1})), "{}", run.err);
        assert_eq!(site.names(), ["anna", "bob, the \"builder\"", "=cmd|' /C calc'!A0", "dora@example.org"]);
        assert_eq!(site.run("--json user show anna").answer()["member_since"], "2020-01-02T00:00:00Z");

        for (content, said) in [
            ("", "the file is empty"),
            ("name,location\nAnna,Wien\n", "neither `username` nor `email`"),
            ("username,username\n", "it names a field twice"),
        ] {
            site.write("bad.csv", content);
            let run = site.run("import csv bad.csv");
            assert_eq!(run.code, 2);
            assert!(run.err.contains(said), "{}", run.err);
        }
        assert_eq!(site.run("import csv nosuch.csv").code, 1);
    });
}

#[test]
fn one_broken_quote_and_one_huge_cell_cost_their_records_only_and_no_memory() {
    Site::on_both_engines(|site| {
        let huge = "x".repeat(10 * 1024 * 1024);
        site.write(
            "users.csv",
            format!("username,about_me\nanna,{huge}\nbob,short\n\"carol,broken\ndora,never seen\n"),
        );
        let run = site.run("--json import csv users.csv");
        assert_eq!(
            (run.code, &run.answer()["reasons"]),
            (7, &json!({"record_too_long": 1, "wrong_number_of_cells": 1}))
        );
        assert_eq!(site.names(), ["bob"]);
        site.write(
            "users.jsonl",
            format!("{}{}", jsonl(&[json!({"username": huge})]), jsonl(&[json!({"username": "eve"})])),
        );
        let run = site.run("--json import jsonl users.jsonl");
        assert_eq!(run.answer()["reasons"], json!({"record_too_long": 1}));
        assert_eq!(site.names(), ["bob", "eve"]);
    });
}

#[test]
fn ids_can_be_given_anew_and_are_told() {
    Site::on_both_engines(|site| {
        site.write(
            "users.jsonl",
            jsonl(&[json!({"id": 900, "username": "anna"}), json!({"id": 7, "email": "bob@example.org"})]),
        );
        site.done("import jsonl users.jsonl --ids new");
        let ids: Vec<_> = site.users().iter().map(|user| user["id"].clone()).collect();
        assert_eq!(ids, [json!(1), json!(2)]);
    });
}

#[test]
fn some_records_have_an_id_and_others_get_one() {
    Site::on_both_engines(|site| {
        let new = |name: &str| json!({"username": name});
        site.write("first.jsonl", jsonl(&[new("bob"), json!({"id": 900, "username": "anna"})]));
        site.write("second.jsonl", jsonl(&[json!({"id": 7, "username": "carla"}), new("dora")]));
        site.done("import jsonl first.jsonl");
        site.done("import jsonl second.jsonl");
        let users: Vec<_> = site.users().iter().map(|user| format!("{} {}", user["id"], user["username"])).collect();
        assert_snapshot!(users.join(", "), @r#"7 "carla", 900 "anna", 901 "bob", 902 "dora""#);
    });
}

#[test]
fn killed_at_any_moment_and_run_again_it_loses_nothing_and_makes_nobody_twice() {
    Site::on_both_engines(|site| {
        let rows: Vec<Value> = (0..6_000)
            .map(|at| json!({"id": at + 1, "username": format!("user{at}"), "email": format!("user{at}@example.org")}))
            .collect();
        site.write("users.jsonl", jsonl(&rows));
        let mut kills = 0;
        loop {
            let mut command = site.folder.program();
            command.args(["--database", &site.database, "import", "jsonl", "users.jsonl"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(150 + 40 * kills));
            if child.try_wait().unwrap().is_some_and(|status| status.success()) {
                break;
            }
            let _ = child.kill();
            let _ = child.wait();
            kills += 1;
        }
        let again = site.run("--json import jsonl users.jsonl").answer();
        assert_eq!(
            (&again["created"], &again["rejected"], &again["finished_before"]),
            (&json!(6_000), &json!(0), &json!(true))
        );
        let exported = site.done("user export --format ndjson");
        assert_eq!(exported.lines().filter(|line| line.starts_with('{')).count(), 6_000);
        assert!(kills > 0, "it was never killed");
    });
}
