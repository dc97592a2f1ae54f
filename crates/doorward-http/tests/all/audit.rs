//! The audit: what is in it, who may read it, and that nothing can be done to it unseen.

use doorward_core::{
    audit::{self, Broken, Fault},
    settings::Settings,
};
use serde_json::json;

use crate::app::{As, Engine, PASSWORD, TestApp, configured_on_both_engines, on_both_engines};

/// Signs alice in so often that her chain has eight rows, all in one stream; answers the stream.
async fn eight_rows(app: &TestApp) -> i32 {
    let user = app.user("alice").await;
    for number in 0..7 {
        app.clock.advance(1);
        if number % 2 == 0 {
            app.log_in("alice").await;
        } else {
            app.post("/login", json!({"username": "alice", "password": "wrong"})).await;
        }
    }
    let stream = i32::try_from(user.id.0.rem_euclid(audit::STREAMS)).unwrap();
    let sql = format!("SELECT CAST(count(*) AS TEXT) AS line FROM audit_events WHERE stream = {stream}");
    assert_eq!(app.column(&sql).await, ["8"]);
    stream
}

async fn broken(app: &TestApp) -> Vec<Broken> {
    audit::verify(&app.doorward, &[]).await.unwrap().broken
}

async fn keep(app: &TestApp) {
    app.sql("CREATE TABLE kept_events AS SELECT * FROM audit_events").await;
    app.sql("CREATE TABLE kept_streams AS SELECT * FROM audit_streams").await;
}

async fn put_back(app: &TestApp) {
    app.sql("DELETE FROM audit_events").await;
    app.sql("DELETE FROM audit_streams").await;
    app.sql("INSERT INTO audit_events SELECT * FROM kept_events").await;
    app.sql("INSERT INTO audit_streams SELECT * FROM kept_streams").await;
}

/// 32 bytes that are no hash of anything.
fn other_hash(app: &TestApp) -> String {
    let zeros = "00".repeat(32);
    if app.engine == Engine::Sqlite { format!("X'{zeros}'") } else { format!("'\\x{zeros}'") }
}

#[test]
fn every_manipulation_is_found_and_the_first_row_named() {
    on_both_engines(async |app| {
        let stream = eight_rows(&app).await;
        assert_eq!(broken(&app).await, []);
        keep(&app).await;
        let hash = other_hash(&app);
        let rows = format!("audit_events WHERE stream = {stream}");
        let row = |number: u32| format!("WHERE stream = {stream} AND sequence = {number}");
        let (three, head) = (row(3), format!("WHERE stream = {stream}"));
        let set = |what: &str| vec![format!("UPDATE audit_events SET {what} {three}")];
        let mut done: Vec<(Vec<String>, i64, Fault)> = [
            "at = '2019-01-01 00:00:00.000000'",
            "kind = 'logout'",
            "user_id = NULL",
            "user_id = 17",
            "actor = 'system'",
            "actor_id = 99",
            "address = '192.0.2.9'",
            "address = NULL",
            "request_id = NULL",
            "details = '{}'",
            &format!("hash = {hash}"),
        ]
        .iter()
        .map(|what| (set(what), 3, Fault::Changed))
        .collect();
        let renumber = |from: u32, to: i32| format!("UPDATE audit_events SET sequence = {to} {}", row(from));
        let back =
            |to: u32| format!("UPDATE audit_events SET sequence = {to} WHERE stream = {stream} AND sequence = -1");
        let take_head_from = |number: u32| {
            format!(
                "UPDATE audit_streams SET sequence = {number}, \
                 hash = (SELECT hash FROM audit_events {}) {head}",
                row(number)
            )
        };
        let forge = |seal: &str| {
            vec![
                format!(
                    "UPDATE audit_streams SET checkpoint = 3, checkpoint_seal = {seal}, \
                     checkpoint_hash = (SELECT hash FROM audit_events {three}) {head}"
                ),
                format!("DELETE FROM {rows} AND sequence <= 3"),
            ]
        };
        done.extend([
            (vec![format!("DELETE FROM audit_events {three}")], 3, Fault::Removed),
            (vec![format!("DELETE FROM audit_events {}", row(1))], 1, Fault::Removed),
            (vec![format!("DELETE FROM {rows} AND sequence IN (4, 5, 7)")], 4, Fault::Removed),
            (vec![format!("DELETE FROM audit_events {}", row(8))], 8, Fault::CutOff),
            (vec![format!("DELETE FROM {rows} AND sequence > 5")], 6, Fault::CutOff),
            (vec![format!("DELETE FROM {rows}")], 1, Fault::CutOff),
            (vec![renumber(3, -1), renumber(5, 3), back(5)], 3, Fault::Moved(5)),
            (vec![renumber(4, -1), renumber(5, 4), back(5)], 4, Fault::Moved(5)),
            (
                vec![
                    format!("DELETE FROM audit_events {three}"),
                    renumber(4, 3),
                    renumber(5, 4),
                    renumber(6, 5),
                    renumber(7, 6),
                    renumber(8, 7),
                    take_head_from(7),
                ],
                3,
                Fault::Changed,
            ),
            (
                vec![format!(
                    "INSERT INTO audit_events SELECT stream, 9, at, kind, user_id, actor, actor_id, address, \
                     request_id, details, hash FROM {rows} AND sequence = 8"
                )],
                9,
                Fault::Added,
            ),
            (vec![take_head_from(7)], 8, Fault::Added),
            (vec![format!("UPDATE audit_streams SET hash = {hash} {head}")], 8, Fault::Changed),
            (vec![format!("UPDATE audit_streams SET sequence = -1 {head}")], -1, Fault::Head),
            (vec![format!("DELETE FROM audit_streams {head}")], 0, Fault::Head),
            (forge("NULL"), 4, Fault::Checkpoint),
            (forge(&hash), 4, Fault::Checkpoint),
            (vec![format!("UPDATE audit_streams SET checkpoint_hash = {hash} {head}")], 1, Fault::Checkpoint),
        ]);
        if app.engine == Engine::Sqlite {
            done.push((set("at = 'no time'"), 3, Fault::Changed));
            done.push((set("user_id = 'no number'"), 3, Fault::Changed));
        }
        for (statements, sequence, fault) in done {
            for statement in &statements {
                app.sql(statement).await;
            }
            assert_eq!(broken(&app).await, [Broken { stream, sequence, fault }], "{statements:?}");
            put_back(&app).await;
            assert_eq!(broken(&app).await, []);
        }
    });
}

#[test]
fn an_anchor_kept_elsewhere_finds_what_was_rewritten_to_the_end() {
    on_both_engines(async |app| {
        let stream = eight_rows(&app).await;
        let anchors = audit::anchors(&app.doorward).await.unwrap();
        let lines: Vec<String> = anchors.iter().map(ToString::to_string).collect();
        let anchors: Vec<audit::Anchor> = lines.iter().map(|line| line.parse().unwrap()).collect();
        app.log_in("alice").await;
        keep(&app).await;
        let verify = async || audit::verify(&app.doorward, &anchors).await.unwrap();
        assert_eq!(verify().await.broken, [], "rows are appended after an anchor");
        // Whoever writes to the database can cut a chain and its head; nothing in there contradicts.
        app.sql(&format!("DELETE FROM audit_events WHERE stream = {stream} AND sequence > 6")).await;
        let last = format!("SELECT hash FROM audit_events WHERE stream = {stream} AND sequence = 6");
        app.sql(&format!("UPDATE audit_streams SET sequence = 6, hash = ({last}) WHERE stream = {stream}")).await;
        assert_eq!(broken(&app).await, []);
        assert_eq!(verify().await.broken, [Broken { stream, sequence: 7, fault: Fault::CutOff }]);
        // Or write the end of it anew.
        app.log_in("alice").await;
        app.log_in("alice").await;
        assert_eq!(broken(&app).await, []);
        assert_eq!(verify().await.broken, [Broken { stream, sequence: 8, fault: Fault::Anchor }]);
        // Or drop all of it.
        app.sql("DELETE FROM audit_events").await;
        app.sql("DELETE FROM audit_streams").await;
        assert_eq!(broken(&app).await, []);
        assert!(verify().await.broken.contains(&Broken { stream, sequence: 1, fault: Fault::CutOff }));
        put_back(&app).await;
        assert_eq!(verify().await.broken, []);
    });
}

#[test]
fn replicas_that_append_at_once_make_one_chain() {
    on_both_engines(async |app| {
        for name in ["alice", "bob", "carol"] {
            app.user(name).await;
        }
        let other = app.replica(&|_: &mut Settings| {}).await;
        let logins: Vec<_> = (0..60)
            .map(|number| {
                let app = if number % 2 == 0 { app.clone() } else { other.clone() };
                let name = ["alice", "bob", "carol", "nobody"][number % 4];
                tokio::spawn(async move { app.log_in(name).await.status.as_u16() })
            })
            .collect();
        for login in logins {
            assert!([200, 401].contains(&login.await.unwrap()));
        }
        let report = audit::verify(&app.doorward, &[]).await.unwrap();
        assert_eq!(report.broken, []);
        assert_eq!(report.rows, 3 + 60, "each login is one row");
    });
}

#[test]
fn what_is_too_old_goes_under_a_sealed_checkpoint() {
    configured_on_both_engines(
        |settings| settings.audit.retention_days = 30,
        async |app| {
            let stream = eight_rows(&app).await;
            let anchors = audit::anchors(&app.doorward).await.unwrap();
            app.clock.advance(20 * 86_400);
            app.log_in("alice").await;
            app.clock.advance(15 * 86_400);
            app.doorward.keep_house().await.unwrap();
            let left = format!(
                "SELECT CAST(sequence AS TEXT) AS line FROM audit_events WHERE stream = {stream} AND kind <> 'audit.checkpoint'"
            );
            assert_eq!(app.column(&left).await, ["9"]);
            let told = "SELECT details AS line FROM audit_events WHERE kind = 'audit.checkpoint'";
            assert!(app.column(told).await[0].contains("\"rows\":8"));
            assert_eq!(broken(&app).await, []);
            let report = audit::verify(&app.doorward, &anchors).await.unwrap();
            assert_eq!((report.broken, report.outdated_anchors), (vec![], 0), "the checkpoint is the anchor's row");
            app.log_in("alice").await;
            assert_eq!(broken(&app).await, []);

            // The seal is of this chain, this place and this hash.
            keep(&app).await;
            for what in ["checkpoint = 9", "checkpoint_hash = hash", "checkpoint = 0"] {
                app.sql(&format!("UPDATE audit_streams SET {what} WHERE stream = {stream}")).await;
                let found = broken(&app).await;
                assert_eq!(found.len(), 1, "{what}");
                assert_eq!(found[0].fault, Fault::Checkpoint, "{what}");
                put_back(&app).await;
            }
            // What is broken is not deleted: that would hide it.
            app.clock.advance(40 * 86_400);
            app.sql(&format!(
                "UPDATE audit_events SET details = '{{\"a\":1}}' WHERE stream = {stream} AND sequence = 9"
            ))
            .await;
            app.doorward.keep_house().await.unwrap();
            assert_eq!(broken(&app).await, [Broken { stream, sequence: 9, fault: Fault::Changed }]);
        },
    );
}

#[test]
fn no_secret_is_in_it() {
    configured_on_both_engines(
        |settings| settings.throttle.enabled = true,
        async |app| {
            app.user_with_roles("root", &["admin"]).await;
            let login = app.log_in("root").await;
            app.post("/login", json!({"username": PASSWORD, "password": "second-secret"})).await;
            app.post("/login", json!({"username": "root", "password": "second-secret"})).await;
            let body = login.json();
            let (token, refresh) = (body["token"].as_str().unwrap(), body["refresh_token"].as_str().unwrap());
            app.post("/token/refresh", json!({"refresh_token": refresh})).await;
            app.clock.advance(60);
            app.post("/token/refresh", json!({"refresh_token": refresh})).await;
            app.log_in("root").await;
            app.get("/logout", As::Token(token)).await;
            let mut secrets: Vec<String> =
                [PASSWORD, "second-secret", token, refresh].iter().map(ToString::to_string).collect();
            for line in login.headers.get_all("set-cookie") {
                let pair = line.to_str().unwrap().split(';').next().unwrap();
                secrets.push(pair.split_once('=').unwrap().1.to_owned());
            }
            assert_eq!(secrets.len(), 6);
            let mut dump = Vec::new();
            let all = audit::Filter::default();
            let count = audit::export(&app.doorward, &all, audit::Format::Ndjson, &mut dump).await.unwrap();
            assert!(count >= 6, "{count}");
            let dump = String::from_utf8(dump).unwrap();
            for secret in secrets {
                for part in secret.split('.').filter(|part| part.len() > 8) {
                    assert!(!dump.contains(part), "{dump}");
                }
            }
            assert!(dump.contains("token.refresh_reused"), "{dump}");
        },
    );
}

#[test]
fn administrators_read_it_page_by_page_and_filtered() {
    on_both_engines(async |app| {
        let alice = app.user("alice").await;
        app.user_with_roles("root", &["admin"]).await;
        for _ in 0..5 {
            app.advance(60).await;
            app.post("/login", json!({"username": "alice", "password": "wrong"})).await;
        }
        app.advance(60).await;
        let token = app.log_in("root").await.json()["token"].as_str().unwrap().to_owned();
        let get = async |query: &str| app.get(&format!("/audit{query}"), As::Token(&token)).await;

        let failed = get("?kind=login.failed&limit=2").await.json();
        let first = &failed["data"]["events"][0];
        assert_eq!(first["kind"], "login.failed", "{failed}");
        assert_eq!(first["user_id"], alice.id.0);
        assert_eq!(first["actor"], "anonymous");
        assert_eq!(first["address"], "127.0.0.1");
        assert_eq!(first["details"], json!({"reason": "credentials"}));
        assert_eq!(first["at"], "2020-03-15T03:35:00Z");
        let (mut seen, mut query) = (0, "?kind=login.failed&limit=2".to_owned());
        loop {
            let page = get(&query).await.json();
            seen += page["data"]["events"].as_array().unwrap().len();
            let Some(next) = page["data"]["next"].as_str() else { break };
            query = format!("?kind=login.failed&limit=2&cursor={next}");
        }
        assert_eq!(seen, 5);
        let count = async |query: &str| get(query).await.json()["data"]["events"].as_array().unwrap().len();
        assert_eq!(count(&format!("?user={}", alice.id.0)).await, 6);
        assert_eq!(count("?since=2020-03-15T03:34:00Z&kind=login.failed").await, 2);
        assert_eq!(count("?until=2020-03-15T11:34:00%2B08:00&kind=login.failed").await, 3);
        assert_eq!(count("?user=999").await, 0);

        // F3, F6: a cursor is good for what it was given for.
        let cursor = failed["data"]["next"].as_str().unwrap();
        let mut tampered = cursor.to_owned();
        tampered.replace_range(0..1, if cursor.starts_with('A') { "B" } else { "A" });
        for query in [
            format!("?kind=login.failed&cursor={tampered}"),
            format!("?kind=login.failed&cursor={cursor}A"),
            format!("?kind=login.succeeded&cursor={cursor}"),
            format!("?cursor={cursor}"),
            "?cursor=".to_owned(),
            "?cursor=%00".to_owned(),
            "?limit=0".to_owned(),
            "?limit=-1".to_owned(),
            "?limit=201".to_owned(),
            "?limit=1000000000".to_owned(),
            "?limit=99999999999999999999999".to_owned(),
            "?limit=1.0".to_owned(),
            "?limit=".to_owned(),
            "?user=0".to_owned(),
            "?user=9223372036854775808".to_owned(),
            "?kind=nothing".to_owned(),
            "?since=yesterday".to_owned(),
            "?since=9999999-01-01T00:00:00Z".to_owned(),
            "?kind=logout&kind=logout".to_owned(),
            "?sort=at".to_owned(),
        ] {
            assert_eq!(get(&query).await.error(), "400 invalid_fields", "{query}");
        }
        assert_eq!(get(&format!("?cursor={}", "x".repeat(5_000))).await.error(), "400 invalid_fields");
        let plain = app.log_in("alice").await.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(app.get("/audit", As::Token(&plain)).await.error(), "403 role_required");
    });
}

#[test]
fn users_read_what_happened_to_them_and_nothing_of_others() {
    on_both_engines(async |app| {
        let bob = app.user("bob").await;
        let gone = app.user("gone").await;
        app.post("/login", json!({"username": "gone", "password": "wrong"})).await;
        app.clock.advance(1);
        doorward_core::user::delete(&app.doorward, gone.id).await.unwrap();
        app.clock.advance(1);
        // SQLite gives the id again.
        let alice = app.user("alice").await;
        assert_eq!(alice.id == gone.id, app.engine == Engine::Sqlite);
        app.clock.advance(1);
        app.post("/login", json!({"username": "alice", "password": "wrong"})).await;
        app.post("/login", json!({"username": "bob", "password": "wrong"})).await;
        let client = doorward_core::session::Client { address: Some("192.0.2.50".parse().unwrap()), user_agent: None };
        let administrator = doorward_core::Caller {
            actor: doorward_core::Actor::User(bob.id),
            client,
            ..doorward_core::Caller::default()
        };
        app.clock.advance(1);
        doorward_core::user::enable(&app.doorward.on_behalf_of(administrator), alice.id).await.unwrap();
        app.clock.advance(1);
        let token = app.log_in("alice").await.json()["token"].as_str().unwrap().to_owned();
        let answer = app.get("/me/activity", As::Token(&token)).await;
        let page = answer.json();
        let lines: Vec<String> = page["data"]["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| format!("{} {} {}", event["kind"], event["by"], event["address"]).replace('"', ""))
            .collect();
        assert_eq!(
            lines,
            [
                "login.succeeded me 127.0.0.1",
                "user.enabled administrator null",
                "login.failed anonymous 127.0.0.1",
                "user.created system null",
            ]
        );
        assert!(!answer.text.contains("192.0.2.50") && !answer.text.contains("actor"));
        assert_eq!(app.get("/me/activity?limit=0", As::Token(&token)).await.error(), "400 invalid_fields");
        assert_eq!(app.get("/me/activity?user=1", As::Token(&token)).await.error(), "400 invalid_fields");
        let next = app.get("/me/activity?limit=1", As::Token(&token)).await.json()["data"]["next"].clone();
        let next = next.as_str().unwrap();
        let second = app.get(&format!("/me/activity?limit=1&cursor={next}"), As::Token(&token)).await.json();
        assert_eq!(second["data"]["events"][0]["kind"], "user.enabled");
        let other = app.log_in("bob").await.json()["token"].as_str().unwrap().to_owned();
        let stolen = app.get(&format!("/me/activity?cursor={next}"), As::Token(&other)).await;
        assert_eq!(stolen.error(), "400 invalid_fields", "a cursor is its owner's");
    });
}

#[test]
fn f4_an_export_is_no_formula() {
    on_both_engines(async |app| {
        app.user("alice").await;
        app.sql("UPDATE audit_events SET address = '=HYPERLINK(\"http://evil\")', request_id = '@x', kind = '-1+1'")
            .await;
        let mut csv = Vec::new();
        audit::export(&app.doorward, &audit::Filter::default(), audit::Format::Csv, &mut csv).await.unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let line = csv.lines().nth(1).unwrap();
        assert!(csv.starts_with("stream,sequence,at,kind,user_id,actor,actor_id,address,request_id,details\r\n"));
        assert!(line.contains(",'-1+1,") && line.contains(",\"'=HYPERLINK(\"\"http://evil\"\")\",'@x,"), "{line}");
    });
}
