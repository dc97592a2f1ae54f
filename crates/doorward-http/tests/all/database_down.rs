//! The database goes away in the midst of a request: whatever was begun is done whole or not at all, the answer is
//! 503, and the next request finds its way by itself.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use doorward_core::{audit, settings::ConnectionUrl};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;

use crate::{
    app::{Answer, As, Engine, PASSWORD, TestApp},
    severed::{Line, Where},
};

/// Runs the test on PostgreSQL, over a line that it can sever.
fn over_a_line(test: &impl AsyncFn(&TestApp, &Line)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let line: OnceLock<Arc<Line>> = OnceLock::new();
        let app = TestApp::start(Engine::Postgres, &|settings| {
            let (url, it) = Line::before(settings.database.expose());
            settings.database = ConnectionUrl::new(url);
            settings.database_pool.acquire_timeout_ms = 200;
            // Each is connected anew after each time that it was severed.
            settings.database_pool.max_connections = 2;
            assert!(line.set(it).is_ok());
        })
        .await;
        test(&app, line.get().unwrap()).await;
    });
}

/// How many rows there are of everything that a door writes.
async fn counted(app: &TestApp) -> Vec<i64> {
    let counts = [
        "users",
        "users WHERE email IS NOT NULL",
        "user_roles",
        "roles",
        "role_permissions",
        "one_time_codes",
        "mail_outbox",
        "invitations",
        "invitations WHERE used_at IS NOT NULL",
        "api_keys",
        "api_keys WHERE revoked_at IS NOT NULL",
        "sessions",
        "revocations",
        "audit_events",
    ]
    .map(|what| format!("(SELECT count(*) FROM {what})"));
    let reads = app.doorward.database().reads();
    let query = Statement::from_string(reads.get_database_backend(), format!("SELECT {}", counts.join(", ")));
    let row = reads.query_one_raw(query).await.unwrap().unwrap();
    (0..counts.len()).map(|column| row.try_get_by_index(column).unwrap()).collect()
}

/// What a knock at a door needs, made anew for each.
struct Guest {
    name: String,
    /// The administrator's token.
    root: String,
    /// The guest's own token.
    token: String,
    id: i64,
}

impl Guest {
    async fn of(app: &TestApp, root: &str, number: usize) -> Self {
        let name = format!("guest{number}");
        let user = app.user(&name).await;
        let token = app.token_of(&name).await;
        // The token is known before the database goes away.
        assert_eq!(app.get("/me", As::Token(&token)).await.status, 200);
        Self { name, root: root.to_owned(), token, id: user.id.0 }
    }

    fn newcomer(&self) -> serde_json::Value {
        json!({"username": format!("new-{}", self.name), "email": format!("new-{}@example.com", self.name),
            "password": PASSWORD})
    }
}

/// How many guests there were.
static GUESTS: AtomicUsize = AtomicUsize::new(0);

/// Knocks once for each statement that the door makes, and severs the line there.
async fn knock_until_it_opens(
    app: &TestApp,
    line: &Line,
    door: &str,
    prepare: impl AsyncFn(&Guest) -> String,
    knock: impl AsyncFn(&Guest, &str) -> Answer,
) {
    let root = app.token_of("root").await;
    assert_eq!(app.get("/users?limit=1", As::Token(&root)).await.status, 200);
    let (mut whole, mut partial) = (Vec::new(), Vec::new());
    for place in [Where::Statement, Where::Answer, Where::CommitsAnswer] {
        for statement in 0.. {
            let number = GUESTS.fetch_add(1, Ordering::SeqCst);
            let guest = Guest::of(app, &root, number).await;
            let prepared = prepare(&guest).await;
            let before = counted(app).await;
            line.sever_after(statement, place);
            let answer = knock(&guest, &prepared).await;
            let was_severed = line.mend();
            let after = counted(app).await;
            let change: Vec<_> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
            if !was_severed {
                assert!(answer.status.is_success(), "{door}, again: {}", answer.text);
                let least = if place == Where::CommitsAnswer { 1 } else { 4 };
                assert!(statement >= least, "{door} makes {statement} statements");
                whole.push(change);
                break;
            }
            assert_eq!(answer.error(), "503 unavailable", "{door}, {place:?} {statement}");
            assert_eq!(answer.header("retry-after"), "1", "{door}");
            assert!(answer.json()["data"].is_null());
            partial.push((place, statement, change));
        }
    }
    assert_eq!(whole[0], whole[1], "{door}");
    assert!(whole[0].iter().filter(|change| **change != 0).count() > 1, "{door} writes: {:?}", whole[0]);
    let nothing = vec![0; whole[0].len()];
    for (place, statement, change) in &partial {
        let is_all_or_nothing = *change == nothing || *change == whole[0];
        assert!(is_all_or_nothing, "{door}, {place:?} {statement}: {change:?} of {:?}", whole[0]);
    }
    // Whole where the answer that was lost is the commit's, or what the door shows is read after it.
    assert!(partial.iter().any(|(.., change)| *change != nothing), "{door}: the commit's answer was lost too");
    assert_eq!(audit::verify(&app.doorward, &[]).await.unwrap().broken, []);
}

/// A door that needs nothing but its guest.
async fn nothing_more(_: &Guest) -> String {
    String::new()
}

#[test]
fn i_no_account_without_its_mail_and_no_mail_without_its_account() {
    over_a_line(&async |app, line| {
        app.user_with_roles("root", &["admin"]).await;
        knock_until_it_opens(app, line, "POST /register", nothing_more, async |guest, _| {
            app.post("/register", guest.newcomer()).await
        })
        .await;
        let invite = async |guest: &Guest| {
            let new = json!({"role": "admin"});
            let made = app.call("POST", "/invitations", As::Token(&guest.root), Some(new)).await.json();
            made["data"]["invitation_code"].as_str().unwrap().to_owned()
        };
        knock_until_it_opens(app, line, "POST /register, invited", invite, async |guest, code| {
            let mut newcomer = guest.newcomer();
            newcomer["invitation"] = json!(code);
            app.post("/register", newcomer).await
        })
        .await;
        knock_until_it_opens(app, line, "POST /invitations", nothing_more, async |guest, _| {
            let new = json!({"email": format!("invited-{}@example.com", guest.name)});
            app.call("POST", "/invitations", As::Token(&guest.root), Some(new)).await
        })
        .await;
        knock_until_it_opens(app, line, "POST /users", nothing_more, async |guest, _| {
            let new = json!({"username": format!("made-{}", guest.name),
                "email": format!("made-{}@example.com", guest.name), "roles": ["admin"]});
            app.call("POST", "/users", As::Token(&guest.root), Some(new)).await
        })
        .await;
    });
}

#[test]
fn i_no_link_without_its_mail() {
    over_a_line(&async |app, line| {
        app.user_with_roles("root", &["admin"]).await;
        knock_until_it_opens(app, line, "POST /password/forgot", nothing_more, async |guest, _| {
            app.post("/password/forgot", json!({"username": guest.name})).await
        })
        .await;
        knock_until_it_opens(app, line, "POST /me/email", nothing_more, async |guest, _| {
            let other = json!({"email": format!("other-{}@example.com", guest.name)});
            app.post_as("/me/email", As::Token(&guest.token), other).await
        })
        .await;
        let forget = async |guest: &Guest| {
            app.post("/password/forgot", json!({"username": guest.name})).await;
            app.last_mail().await.token()
        };
        knock_until_it_opens(app, line, "POST /password/reset", forget, async |_, token| {
            app.post("/password/reset", json!({"token": token, "new_password": "seven quiet lanterns drifting"})).await
        })
        .await;
    });
}

#[test]
fn i_no_key_and_no_role_by_halves() {
    over_a_line(&async |app, line| {
        app.user_with_roles("root", &["admin"]).await;
        let new_key = json!({"name": "ci", "scopes": ["read"]});
        let make_key =
            async |guest: &Guest| app.post_as("/me/api-keys", As::Token(&guest.token), new_key.clone()).await;
        knock_until_it_opens(app, line, "POST /me/api-keys", nothing_more, async |guest, _| make_key(guest).await)
            .await;
        let key = async |guest: &Guest| make_key(guest).await.json()["data"]["id"].as_str().unwrap().to_owned();
        knock_until_it_opens(app, line, "DELETE /me/api-keys/{id}", key, async |guest, id| {
            app.delete(&format!("/me/api-keys/{id}"), As::Token(&guest.token)).await
        })
        .await;
        let new_role =
            |guest: &Guest| json!({"name": format!("role-{}", guest.name), "permissions": ["a:read", "a:write"]});
        knock_until_it_opens(app, line, "POST /roles", nothing_more, async |guest, _| {
            app.call("POST", "/roles", As::Token(&guest.root), Some(new_role(guest))).await
        })
        .await;
        knock_until_it_opens(app, line, "POST /users/{id}/roles", nothing_more, async |guest, _| {
            let path = format!("/users/{}/roles", guest.id);
            app.call("POST", &path, As::Token(&guest.root), Some(json!({"role": "admin"}))).await
        })
        .await;
        let granted = async |guest: &Guest| {
            let role = new_role(guest);
            app.call("POST", "/roles", As::Token(&guest.root), Some(role.clone())).await;
            let path = format!("/users/{}/roles", guest.id);
            app.call("POST", &path, As::Token(&guest.root), Some(json!({"role": role["name"]}))).await;
            role["name"].as_str().unwrap().to_owned()
        };
        knock_until_it_opens(app, line, "PATCH /roles/{name}", granted, async |guest, role| {
            let change = json!({"permissions": ["a:read"]});
            app.call("PATCH", &format!("/roles/{role}"), As::Token(&guest.root), Some(change)).await
        })
        .await;
    });
}

#[test]
fn i_while_the_database_is_away_every_new_door_says_so_and_opens_again_by_itself() {
    over_a_line(&async |app, line| {
        app.user_with_roles("root", &["admin"]).await;
        let root = app.token_of("root").await;
        assert_eq!(app.get("/users?limit=1", As::Token(&root)).await.status, 200);
        let guest = Guest::of(app, &root, 0).await;
        let doors = [
            ("POST", "/register", "", guest.newcomer()),
            ("POST", "/password/forgot", "", json!({"username": "nobody-at-all"})),
            ("POST", "/password/forgot", "", json!({"username": guest.name})),
            ("POST", "/me/email", guest.token.as_str(), json!({"email": "other@example.com"})),
            ("POST", "/invitations", &root, json!({"email": "invited@example.com"})),
            ("GET", "/invitations", &root, json!(null)),
            ("POST", "/me/api-keys", &guest.token, json!({"name": "ci", "scopes": ["read"]})),
            ("GET", "/me/api-keys", &guest.token, json!(null)),
            ("POST", "/roles", &root, json!({"name": "editor"})),
            ("GET", "/roles", &root, json!(null)),
        ];
        let knock = async |(method, path, token, body): &(&str, &str, &str, serde_json::Value)| {
            let who = if token.is_empty() { As::Nobody } else { As::Token(token) };
            app.call(method, path, who, (!body.is_null()).then(|| body.clone())).await
        };
        line.sever();
        for door in &doors {
            let answer = knock(door).await;
            assert_eq!(answer.error(), "503 unavailable", "{door:?}");
            assert_eq!(answer.header("retry-after"), "1", "{door:?}");
            assert!(!answer.text.to_lowercase().contains("postgres"), "{}", answer.text);
        }
        assert_eq!(app.get("/me/api-keys", As::Token(&guest.token)).await.error(), "503 unavailable");
        line.mend();
        for door in &doors {
            assert!(knock(door).await.status.is_success(), "{door:?}");
        }
        let mut sent: Vec<_> = app.mails().await.into_iter().map(|mail| mail.template).collect();
        sent.sort();
        assert_eq!(sent, ["confirm", "confirm_new_email", "invitation", "reset_password"]);
    });
}
