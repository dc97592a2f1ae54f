//! The audit and the throttle from the command line.

use serde_json::json;

use crate::{postgres, program::Folder};

#[test]
fn the_audit_is_verified_shown_and_exported() {
    let folder = Folder::new();
    folder.done("user create alice --no-password --role admin");
    folder.done("user create bob --no-password");
    folder.done("user disable bob");
    assert_eq!(folder.done("audit verify"), "Good: 3 row(s) in 2 stream(s).\n");
    let tail = folder.done("audit tail --user bob -n 1");
    assert!(tail.contains("  user.disabled  user=2 by=command_line:- from=- request=- {"), "{tail}");
    let rows: Vec<serde_json::Value> =
        folder.done("audit export").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2]["kind"], "user.disabled");
    let csv = folder.done("audit export --format csv --kind user.created");
    assert_eq!(csv.lines().count(), 3, "{csv}");

    let anchor = folder.done("audit anchor");
    std::fs::write(folder.path("anchor.txt"), &anchor).unwrap();
    folder.done("user enable bob");
    assert_eq!(folder.done("audit verify --anchor anchor.txt"), "Good: 4 row(s) in 2 stream(s).\n");
    let database = format!("sqlite://{}", folder.path("doorward.db").display());
    postgres::sql(&database, "UPDATE audit_events SET address = '192.0.2.1' WHERE kind = 'user.disabled'");
    let broken = folder.run("audit verify");
    assert_eq!((broken.code, broken.out.as_str()), (7, "stream 2: row 2 was changed\n"));
    let answer = folder.run("--json audit verify").answer();
    assert_eq!(answer["broken"], json!([{"stream": 2, "sequence": 2, "fault": "changed"}]));
    for line in ["audit verify --anchor nothing.txt", "audit tail --kind nothing", "audit export --since yesterday"] {
        assert_eq!(folder.run(line).code, 2, "{line}");
    }
}

#[test]
fn what_is_counted_is_listed_and_cleared() {
    let folder = Folder::new();
    folder.done("user create alice --no-password");
    assert_eq!(folder.run("--json throttle list").answer(), json!({"counts": []}));
    assert_eq!(folder.done("throttle clear alice"), "Cleared 0 count(s).\n");
    assert_eq!(folder.done("throttle clear 192.0.2.1"), "Cleared 0 count(s).\n");
    assert!(folder.done("throttle list alice").starts_with("WHAT  SCOPE"));
}
