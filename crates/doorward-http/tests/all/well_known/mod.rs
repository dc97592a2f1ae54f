//! `/.well-known`

use doorward_core::signing_key;

use crate::app::{As, on_both_engines};

#[test]
fn the_keys_are_published_and_rotate_without_refusing_anybody() {
    on_both_engines(async |app| {
        let other = app.replica(&|_| {}).await;
        let (_, before) = app.signed_in("alice").await;
        signing_key::rotate(&app.doorward, false).await.unwrap();
        let after = app.log_in("alice").await.json();
        for token in [&before["token"], &after["token"]] {
            assert_eq!(app.get("/me", As::Token(token.as_str().unwrap())).await.status, 200);
            // The other replica has not heard of the new key, and looks.
            other.clock.advance(2);
            assert_eq!(other.get("/me", As::Token(token.as_str().unwrap())).await.status, 200);
        }
        let keys = app.get("/.well-known/jwks.json", As::Nobody).await.json();
        assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
        assert_eq!(keys["keys"][0]["crv"], "Ed25519");
        assert!(!keys.to_string().contains("\"d\""));
    });
}

#[test]
fn a_withdrawn_key_opens_no_door_on_any_replica() {
    on_both_engines(async |app| {
        let other = app.replica(&|_| {}).await;
        let (_, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        assert_eq!(other.get("/me", As::Token(token)).await.status, 200);
        signing_key::rotate(&app.doorward, true).await.unwrap();
        assert_eq!(app.get("/me", As::Token(token)).await.error(), "401 token_invalid");
        other.catch_up().await;
        assert_eq!(other.get("/me", As::Token(token)).await.error(), "401 token_invalid");
    });
}

#[test]
fn the_key_is_rotated_by_its_age() {
    on_both_engines(async |app| {
        app.doorward.keep_house().await.unwrap();
        let count = async || signing_key::list(&app.doorward).await.unwrap().len();
        assert_eq!(count().await, 1);
        app.advance(91 * 24 * 60 * 60).await;
        app.doorward.keep_house().await.unwrap();
        assert_eq!(count().await, 2);
        app.advance(3 * 24 * 60 * 60).await;
        app.doorward.keep_house().await.unwrap();
        assert_eq!(count().await, 1, "its last token is over");
    });
}
