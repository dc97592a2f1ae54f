//! `GET /me`

mod api_keys;
mod deletion;
mod email;
mod export;
mod password;
mod profile;
mod sessions;

use axum::body::Body;
use doorward_core::{password::NewPassword, user};
use http::Method;
use insta::assert_snapshot;
use serde_json::Value;

use crate::app::{Answer, As, TestApp, configured_on_both_engines, flask_tokens, on_both_engines, request};

/// Sends a JSON body, or none where it is null.
async fn send(app: &TestApp, method: Method, path: &str, who: As<'_>, body: Value) -> Answer {
    let builder = request(method, path, who);
    let request = if body.is_null() {
        builder.body(Body::empty())
    } else {
        builder.header("content-type", "application/json").body(body.to_string().into())
    };
    app.send(request.unwrap()).await
}

/// The events of a user that the audit has, in their order.
async fn events(app: &TestApp, user: doorward_core::database::UserId) -> Vec<String> {
    use doorward_core::audit::{Column, Entity};
    use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
    let rows = Entity::find().filter(Column::UserId.eq(user)).order_by_asc(Column::Sequence);
    rows.all(app.doorward.database().reads()).await.unwrap().into_iter().map(|row| row.kind).collect()
}

/// The mails to a user in the outbox: template and recipient.
async fn mails(app: &TestApp) -> Vec<(String, String)> {
    use doorward_core::mail::Entity;
    use sea_orm::EntityTrait as _;
    let rows = Entity::find().all(app.doorward.database().reads()).await.unwrap();
    rows.into_iter().map(|row| (row.template, row.recipient)).collect()
}

#[test]
fn it_tells_who_is_signed_in() {
    on_both_engines(async |app| {
        app.user_with_roles("alice", &["admin"]).await;
        let login = app.log_in("alice").await.json();
        let answer = app.get("/me", As::Token(login["token"].as_str().unwrap())).await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":{"id":1,"username":"alice","email":"alice@example.com","pending_email":null,"confirmed":true,"name":null,"location":null,"about_me":null,"member_since":"2020-03-15T03:30:00Z","last_seen":"2020-03-15T03:30:00Z","avatar_hash":"c160f8cc69a4f0bf2b0362752353d060","roles":["admin"],"language":null,"extra":null}}"#);
        assert_eq!(answer.header("cache-control"), "no-store");
    });
}

#[test]
fn a_password_change_a_disabling_and_a_deletion_end_every_token() {
    for format in [|_: &mut _| {}, flask_tokens] {
        configured_on_both_engines(format, async |app| {
            let user = app.user("alice").await;
            let other = app.replica(&format).await;
            let token_of = async || app.log_in("alice").await.json()["token"].as_str().unwrap().to_owned();
            let refused = async |token: &str| {
                assert_eq!(app.get("/me", As::Token(token)).await.status, 401);
                other.catch_up().await;
                assert_eq!(other.get("/me", As::Token(token)).await.status, 401);
            };

            let token = token_of().await;
            assert_eq!(other.get("/me", As::Token(&token)).await.status, 200);
            user::set_password(&app.doorward, user.id, NewPassword::new(crate::app::PASSWORD)).await.unwrap();
            refused(&token).await;

            let token = token_of().await;
            assert_eq!(
                app.get("/me", As::Token(&token)).await.status,
                200,
                "a session begun at once afterwards is good"
            );
            user::disable(&app.doorward, user.id).await.unwrap();
            refused(&token).await;
            user::enable(&app.doorward, user.id).await.unwrap();
            refused(&token).await;

            let token = token_of().await;
            user::delete(&app.doorward, user.id).await.unwrap();
            refused(&token).await;
        });
    }
}

#[test]
fn a_user_whom_the_other_application_deletes_is_gone_with_everything() {
    on_both_engines(async |app| {
        app.user_with_roles("alice", &["admin"]).await;
        let login = app.log_in("alice").await.json();
        let token = login["token"].as_str().unwrap();
        assert_eq!(app.get("/me", As::Token(token)).await.status, 200);
        app.sql("DELETE FROM users").await;
        app.catch_up().await;
        assert_eq!(app.get("/me", As::Token(token)).await.error(), "401 token_revoked");

        // SQLite gives the freed id to the next.
        app.sql("INSERT INTO users (id, username) VALUES (1, 'bob')").await;
        let roles = user::roles_of(app.doorward.database().reads(), doorward_core::database::UserId(1)).await.unwrap();
        assert_eq!(roles, Vec::<String>::new());
        assert_eq!(app.get("/me", As::Token(token)).await.error(), "401 token_revoked");
    });
}
