//! What the log says of requests that go wrong.

use serde_json::{Value, json};

use crate::{
    postgres,
    program::Folder,
    server::{Serving, soon},
};

/// The lines of a request, by the id that its answer carried.
fn lines_of(server: &Serving, id: &str) -> Vec<Value> {
    let log = server.log();
    let lines = log.lines().filter(|line| line.contains(id)).map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn v16_3_2_a_refused_request_is_logged_with_its_id_and_the_errors_name() {
    let folder = Folder::new();
    folder.done("user create alice --no-password");
    let key = folder.run("--json api-key create alice --name ci --scope read").answer();
    let key = format!("Bearer {}", key["api_key"]["key"].as_str().unwrap());
    let server = Serving::begin(&folder, folder.program(), "door").ready();
    for (path, headers, name) in [
        ("/users", vec![], "token_missing"),
        ("/users", vec![("authorization", "Bearer junk")], "token_malformed"),
        ("/users", vec![("authorization", key.as_str())], "role_required"),
    ] {
        let reply = server.get(path, &headers);
        assert_eq!(reply.json()["error"], name);
        let id = reply.header("x-request-id").unwrap();
        assert!(soon(|| !lines_of(&server, id).is_empty()), "{name}: {}", server.log());
        let line = &lines_of(&server, id)[0];
        assert_eq!((&line["error"], &line["level"]), (&json!(name), &json!("INFO")), "{line}");
        assert_eq!((&line["method"], &line["route"]), (&json!("GET"), &json!("/users")), "{line}");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }
}

#[test]
fn v16_3_4_an_unexpected_error_is_logged_with_its_cause_and_told_without_it() {
    let folder = Folder::new();
    let server = Serving::begin(
        &folder,
        {
            let mut command = folder.program();
            command.env("DOORWARD_ADMIN_PASSWORD", "a long pass phrase");
            command
        },
        "door",
    )
    .ready();
    let database = format!("sqlite://{}", folder.path("doorward.db").display());
    postgres::sql(&database, "ALTER TABLE sessions RENAME TO elsewhere");
    let reply = server.log_in("admin", "a long pass phrase");
    assert_eq!(reply.error(), "500 internal_error");
    assert!(!reply.body.contains("sessions") && !reply.body.to_lowercase().contains("sql"), "{}", reply.body);
    let id = reply.header("x-request-id").unwrap();
    assert!(soon(|| !lines_of(&server, id).is_empty()), "{}", server.log());
    let line = lines_of(&server, id).remove(0);
    assert_eq!(line["level"], "ERROR");
    assert!(line.to_string().contains("no such table: sessions"), "{line}");
}
