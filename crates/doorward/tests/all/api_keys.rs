//! `doorward api-key` and `doorward service`, and what their keys open.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    program::Folder,
    server::{Serving, soon},
};

fn me(server: &Serving, key: &str) -> String {
    let reply = server.get("/me", &[("authorization", &format!("Bearer {key}"))]);
    if reply.status == 200 { reply.json()["data"]["username"].as_str().unwrap().to_owned() } else { reply.error() }
}

fn keys(folder: &Folder, user: &str) -> Vec<Value> {
    folder.run(&format!("--json api-key list {user}")).answer()["api_keys"].as_array().unwrap().clone()
}

#[test]
fn a_key_is_shown_once_opens_the_door_and_is_ended() {
    let folder = Folder::new();
    folder.done("user create alice --no-password --role admin");
    let server = Serving::begin(&folder, folder.program(), "door").ready();
    let made = folder.run("--json api-key create alice --name ci --scope read --scope read --expires 30").answer();
    let (key, id) = (made["api_key"]["key"].as_str().unwrap(), made["api_key"]["id"].as_str().unwrap());
    assert!(key.starts_with("dw_"), "{made}");
    assert_eq!((&made["user_id"], &made["api_key"]["scopes"]), (&json!(1), &json!(["read"])));
    assert!(made["api_key"]["expires_at"].is_string());
    assert_eq!(me(&server, key), "alice");

    let listed = folder.done("api-key list alice");
    assert!(listed.starts_with("ID  ") && listed.contains(id) && listed.trim_end().ends_with("  ci"), "{listed}");
    assert!(!listed.contains(key), "{listed}");
    let mut row = made["api_key"].clone();
    row.as_object_mut().unwrap().remove("key");
    row["last_used_at"] = keys(&folder, "alice")[0]["last_used_at"].clone();
    assert_eq!(keys(&folder, "alice"), [row]);

    assert_eq!(folder.done(&format!("api-key revoke alice {id}")), "Ended.\n");
    assert!(soon(|| me(&server, key).starts_with("401 ")), "the server that runs hears of it");
    assert_eq!(keys(&folder, "alice"), Vec::<Value>::new());
    let again = folder.run(&format!("--json api-key revoke alice {id}"));
    assert_eq!((again.code, again.error()["error"].as_str()), (4, Some("api_key_not_found")));
}

#[test]
fn a_service_has_a_key_and_no_password() {
    let folder = Folder::new();
    // It may be the first user: the database is made for it.
    let text = folder.done("service create robot --role admin");
    assert_snapshot!(text.trim_end(), @r"
    user  1
    Give it a key: doorward api-key create 1 --name NAME --scope read
    ");
    let text = folder.done("api-key create 1 --name nightly --scope read");
    assert!(text.contains("\nkey   dw_") && text.ends_with("Keep the key now: it is not shown again.\n"), "{text}");
    let made = folder.run("--json service create courier --scope read --scope write --expires 7").answer();
    assert_eq!(made["user_id"], 2);
    assert_eq!(made["api_key"]["scopes"], json!(["read", "write"]));
    let services = folder.run("--json user list --service").answer()["users"].clone();
    let names: Vec<_> = services.as_array().unwrap().iter().map(|user| user["username"].clone()).collect();
    assert_eq!(names, ["robot", "courier"]);

    let server = Serving::begin(&folder, folder.program(), "door").ready();
    assert_eq!(me(&server, made["api_key"]["key"].as_str().unwrap()), "courier");
    assert_eq!(server.log_in("courier", "anything at all").error(), "401 invalid_credentials");
}

#[test]
fn what_can_not_be_a_key_or_a_service_leaves_nothing() {
    let folder = Folder::new();
    folder.done("user create alice --no-password --role admin");
    folder.done("user create bob --no-password");
    let bobs = folder.run("--json api-key create bob --name his --scope read").answer();
    let bobs = bobs["api_key"]["id"].as_str().unwrap();
    for (line, code, name) in [
        ("api-key create nobody --name x --scope read", 4, "user_not_found"),
        ("api-key create alice --name x --scope a,b", 2, "invalid_fields"),
        ("api-key create alice --name  --scope read", 2, "invalid_fields"),
        ("api-key create alice --name x --scope read --expires 0", 2, "invalid_fields"),
        ("api-key create alice --name x --scope read --expires 18446744073709551615", 2, "invalid_fields"),
        ("api-key create alice --name x", 2, "usage"),
        ("api-key create alice --scope read", 2, "usage"),
        ("api-key create alice --name x --scope read --set api_keys.max_per_user=0", 3, "configuration"),
        ("api-key list nobody", 4, "user_not_found"),
        ("api-key revoke alice nonsense", 4, "api_key_not_found"),
        (&format!("api-key revoke alice {bobs}"), 4, "api_key_not_found"),
        ("service create ALICE", 5, "username_taken"),
        ("service create robot --role nobody", 4, "role_not_found"),
        ("service create robot --scope a,b", 2, "invalid_fields"),
        ("service create robot --expires 7", 2, "usage"),
        ("service create robot --scope read --expires 100000", 2, "invalid_fields"),
    ] {
        let run = folder.run(&format!("--json {line}"));
        assert_eq!((run.code, run.error()["error"].as_str()), (code, Some(name)), "{line}: {}", run.err);
        assert_eq!(run.out, "", "{line}");
    }
    assert_eq!(keys(&folder, "alice"), Vec::<Value>::new());
    assert_eq!(keys(&folder, "bob").len(), 1);
    assert_eq!(folder.run("user show robot").code, 4, "no service without the key that was asked for");

    let limited = "api-key create bob --name more --scope read --set api_keys.max_per_user=1";
    assert_eq!(folder.run(&format!("--json {limited}")).error()["error"], "api_key_limit");
}

#[test]
fn a_disabled_user_gets_no_key() {
    let folder = Folder::new();
    folder.done("user create alice --no-password --role admin");
    folder.done("user create bob --no-password");
    folder.done("user disable bob");
    let run = folder.run("--json api-key create bob --name x --scope read");
    assert_eq!((run.code, run.error()["error"].as_str()), (4, Some("user_not_found")));
}
