//! `doorward invitation`, and what becomes of an invitation at the server's door.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{program::Folder, server::Serving};

const PASSWORD: &str = "seven quiet lanterns drifting";

fn listed(folder: &Folder) -> Vec<Value> {
    folder.run("--json invitation list").answer()["invitations"].as_array().unwrap().clone()
}

#[test]
fn an_invitation_that_is_handed_on_makes_one_account() {
    let folder = Folder::new();
    let mut command = folder.program();
    command.args(["--set", "registration.mode=invite"]);
    let server = Serving::begin(&folder, command, "door").ready();
    let made = folder.run("--json invitation create --role admin --days 2").answer();
    let code = made["invitation_code"].as_str().unwrap();
    assert!(code.starts_with("dwi_"), "{made}");
    assert!(made["link"].as_str().unwrap().ends_with(&format!("/account/register#{code}")), "{made}");
    assert_eq!((&made["role"], &made["email"], &made["user_id"]), (&json!("admin"), &Value::Null, &Value::Null));
    let id = made["id"].as_str().unwrap();

    let line = folder.done("invitation list");
    assert!(line.starts_with("ID  ") && line.contains(id) && line.trim_end().ends_with("open"), "{line}");
    assert!(!line.contains(code) && !listed(&folder)[0].to_string().contains(code), "the code is shown once");

    let new = json!({"username": "zoe", "password": PASSWORD, "email": "zoe@example.com"});
    let mut with_code = new.clone();
    with_code["invitation"] = json!(code);
    assert_eq!(server.post("/register", &new).error(), "403 registration_closed");
    assert_eq!(server.post("/register", &with_code).status, 200);
    let zoe = folder.run("--json user show zoe").answer();
    assert_eq!(zoe["roles"], json!(["admin"]));
    assert_eq!(listed(&folder)[0]["user_id"], zoe["id"]);
    assert!(folder.done("invitation list").trim_end().ends_with(&format!("used by {}", zoe["id"])));

    with_code["username"] = json!("yan");
    with_code["email"] = json!("yan@example.com");
    assert_eq!(server.post("/register", &with_code).error(), "403 invitation_invalid");
    let used = folder.run(&format!("--json invitation revoke {id}"));
    assert_eq!((used.code, used.error()["error"].as_str()), (4, Some("invitation_not_found")));
}

#[test]
fn an_invitation_by_mail_shows_its_code_to_nobody_else() {
    let folder = Folder::new();
    folder.done("user create alice --no-password --email alice@example.com --role admin");
    let run = folder.run("--json invitation create --email Zoe@Example.COM --language zh");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let made = run.answer();
    assert_eq!((&made["invitation_code"], &made["link"]), (&Value::Null, &Value::Null));
    assert_eq!(made["email"], "Zoe@example.com");
    let text = folder.done("invitation create --email yan@example.com");
    assert!(text.ends_with("\nThe mail goes out with the next `serve`.\n") && !text.contains("dwi_"), "{text}");
    let mails = folder.run("--json mail list").answer();
    let to: Vec<_> = mails["mails"].as_array().unwrap().iter().map(|mail| mail["recipient"].clone()).collect();
    assert_eq!(to, ["yan@example.com", "Zoe@example.com"]);

    let id = made["id"].as_str().unwrap();
    assert_eq!(folder.done(&format!("invitation revoke {id}")), "Taken back.\n");
    assert_eq!(folder.run(&format!("invitation revoke {id}")).code, 4);
    assert_eq!(listed(&folder).len(), 1);
    assert_eq!(folder.run(&format!("--json invitation revoke {}", listed(&folder)[0]["id"].as_str().unwrap())).code, 0);
    assert_eq!(folder.run("--json invitation list").answer(), json!({"invitations": []}));
    folder.done("audit verify");
    assert!(folder.done("audit tail").contains("invitation.revoked"));
}

#[test]
fn what_can_not_be_an_invitation_leaves_nothing() {
    let folder = Folder::new();
    folder.done("user create alice --no-password --email alice@example.com --role admin");
    for (line, code, name) in [
        ("create --role nobody", 4, "role_not_found"),
        ("create --email nonsense", 2, "invalid_fields"),
        ("create --email ALICE@example.com", 5, "email_taken"),
        ("create --days 0", 2, "usage"),
        ("create --days 366", 2, "usage"),
        ("create --language fr", 2, "usage"),
        ("revoke 0", 4, "invitation_not_found"),
        ("create --set registration.mode=closed", 1, "registration_closed"),
    ] {
        let run = folder.run(&format!("--json invitation {line}"));
        assert_eq!((run.code, run.error()["error"].as_str()), (code, Some(name)), "{line}: {}", run.err);
        assert_eq!(run.out, "", "{line}");
    }
    assert_eq!(listed(&folder), Vec::<Value>::new());
    assert_eq!(folder.run("--json mail list").answer()["mails"], json!([]));
    assert_snapshot!(folder.run("invitation create --set registration.mode=closed").err.trim_end(), @r"
    error: registration is closed: nobody could use an invitation
      → set `registration.mode` to `invite`, `domain` or `open`
    ");
}
