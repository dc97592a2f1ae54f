//! `POST /token/refresh`

use serde_json::{Value, json};

use crate::app::{As, TestApp, configured_on_both_engines, flask_tokens, on_both_engines};

async fn refresh(app: &TestApp, token: &Value) -> crate::app::Answer {
    app.post("/token/refresh", json!({"refresh_token": token})).await
}

#[test]
fn each_is_good_once_and_gives_the_next() {
    for format in [|_: &mut _| {}, flask_tokens] {
        configured_on_both_engines(format, async |app| {
            let (_, first) = app.signed_in("alice").await;
            app.advance(100).await;
            let second = refresh(&app, &first["refresh_token"]).await.json();
            assert_ne!(second["refresh_token"], first["refresh_token"]);
            assert_eq!(app.get("/me", As::Token(second["token"].as_str().unwrap())).await.status, 200);
            app.advance(100).await;
            assert_eq!(refresh(&app, &second["refresh_token"]).await.status, 200);
        });
    }
}

#[test]
fn one_that_comes_again_ends_the_session() {
    on_both_engines(async |app| {
        let (_, first) = app.signed_in("alice").await;
        let second = refresh(&app, &first["refresh_token"]).await.json();
        app.advance(11).await;
        assert_eq!(refresh(&app, &first["refresh_token"]).await.error(), "401 refresh_token_reused");
        assert_eq!(refresh(&app, &second["refresh_token"]).await.error(), "401 session_ended");
        assert_eq!(app.get("/me", As::Token(second["token"].as_str().unwrap())).await.error(), "401 token_revoked");
    });
}

#[test]
fn two_tabs_at_once_get_the_same_answer_on_two_replicas_too() {
    on_both_engines(async |app| {
        let (_, first) = app.signed_in("alice").await;
        let other = app.replica(&|_| {}).await;
        let tabs: Vec<_> = (0..8)
            .map(|tab| {
                let (app, token) =
                    (if tab % 2 == 0 { app.clone() } else { other.clone() }, first["refresh_token"].clone());
                tokio::spawn(async move { refresh(&app, &token).await.text })
            })
            .collect();
        let mut answers = Vec::new();
        for tab in tabs {
            answers.push(tab.await.unwrap());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");
        app.advance(9).await;
        assert_eq!(refresh(&app, &first["refresh_token"]).await.text, answers[0]);
    });
}

#[test]
fn what_is_no_refresh_token_is_refused() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        for token in [json!("x"), json!("dwr_"), login["token"].clone(), json!(format!("dwr_{}", "A".repeat(43)))] {
            assert_eq!(refresh(&app, &token).await.error(), "401 refresh_token_invalid", "{token}");
        }
        // And it is no access token either.
        let refresh_token = login["refresh_token"].as_str().unwrap();
        assert_eq!(app.get("/me", As::Bearer(refresh_token)).await.error(), "401 token_malformed");
        app.advance(2_592_001).await;
        assert_eq!(refresh(&app, &login["refresh_token"]).await.error(), "401 refresh_token_expired");
    });
}
