//! `serve --profile testing`: in memory, for the tests of other programs.

use serde_json::{Value, json};

use crate::{program::Folder, server::Serving};

const PASSWORD: &str = "wooden spoon under moonlight";

fn serving(folder: &Folder) -> Serving {
    let mut command = folder.program();
    command.args(["--profile", "testing"]);
    Serving::begin(folder, command, "testing").ready()
}

fn me(server: &Serving, token: &str) -> Value {
    let answer = server.get("/me", &[("token", token)]).json();
    answer.get("error").unwrap_or(&answer["data"]["username"]).clone()
}

#[test]
fn its_users_are_known_and_nothing_is_left_on_the_disk() {
    let folder = Folder::new();
    let server = serving(&folder);
    for name in ["admin", "alice", "bob"] {
        assert_eq!(me(&server, &server.log_in(name, PASSWORD).token()), name);
    }
    assert_eq!(folder.files(), ["testing"], "the socket alone");
}

#[test]
fn its_clock_can_be_set() {
    let server_folder = Folder::new();
    let server = serving(&server_folder);
    let token = server.log_in("alice", PASSWORD).token();
    assert_eq!(server.post("/testing/clock", &json!({"advance": 3599})).status, 200);
    assert_eq!(me(&server, &token), "alice");
    assert_eq!(server.post("/testing/clock", &json!({"advance": 2})).status, 200);
    assert_eq!(me(&server, &token), "token_expired");

    let set = server.post("/testing/clock", &json!({"now": "2031-05-01T00:00:00Z"})).json();
    assert!(set["data"]["now"].as_str().unwrap().starts_with("2031-05-01T00:00:0"), "{set}");
    for wrong in [json!({}), json!({"advance": "1"}), json!({"advance": i64::MAX}), json!({"later": 1}), json!([])] {
        assert_eq!(server.post("/testing/clock", &wrong).status, 400, "{wrong}");
    }
}

#[test]
fn its_mails_can_be_read() {
    let folder = Folder::new();
    let server = serving(&folder);
    let new = json!({"username": "carol", "email": "carol@example.com", "password": "seven quiet lanterns drifting"});
    assert_eq!(server.post("/register", &new).status, 200);
    let mails = server.get("/testing/mail", &[]).json();
    assert_eq!(
        (&mails["data"][0]["to"], &mails["data"][0]["template"]),
        (&json!("carol@example.com"), &json!("confirm"))
    );
    let code = mails["data"][0]["variables"]["code"].as_str().unwrap();
    assert!(mails["data"][0]["text"].as_str().unwrap().contains(code), "{mails}");
    assert_eq!(server.post("/confirm", &json!({"email": "carol@example.com", "code": code})).status, 200);
}

#[test]
fn it_begins_anew_when_told() {
    let folder = Folder::new();
    let server = serving(&folder);
    let old = server.log_in("alice", PASSWORD).token();
    server.post("/testing/clock", &json!({"advance": 100_000}));
    assert_eq!(server.post("/testing/reset", &json!({})).json()["data"]["users"], json!(["admin", "alice", "bob"]));
    assert_eq!(me(&server, &old), "token_invalid", "no key of before is left");
    assert_eq!(me(&server, &server.log_in("alice", PASSWORD).token()), "alice");
}

#[test]
fn it_stands_before_no_real_database_and_no_other_machine() {
    let folder = Folder::new();
    for (line, says) in [
        ("--profile testing --database sqlite://real.db serve --listen 127.0.0.1:0", "a real database"),
        ("--profile testing serve --listen 0.0.0.0:0", "others reach"),
    ] {
        let run = folder.run(line);
        assert_eq!(run.code, 3, "{line}");
        assert!(run.err.contains(says), "{line}: {}", run.err);
    }
    assert!(!folder.path("real.db").exists());
}
