//! What may be a password, and a server that knows of breaches.

use std::sync::{Arc, Mutex};

use doorward_core::settings::{ConnectionUrl, Settings};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{ANOTHER, post_as};
use crate::app::{As, PASSWORD, TestApp, configured_on_both_engines, on_both_engines};

/// The problem with `new` as a password of alice, or nothing.
async fn problem(app: &TestApp, token: &str, new: &str) -> String {
    let answer =
        post_as(app, "/me/password", As::Bearer(token), json!({"password": PASSWORD, "new_password": new})).await;
    answer.json()["errors"][0]["error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn v6_2_passwords_that_are_guessed_are_refused_and_told_why() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        for (new, wanted) in [
            ("seven77", "too_short"),
            ("Password1", "too_common"),
            ("QWERTYUIOP", "too_common"),
            ("alice2026!", "guessable"),
            ("alice@example.com", "guessable"),
            ("Doorward-99", "guessable"),
            ("aaaaaaaaaaaa", "guessable"),
            ("abcdefghijkl", "guessable"),
        ] {
            let found = problem(&app, token, new).await;
            assert!(found == wanted || (wanted == "guessable" && found == "too_common"), "{new}: {found}");
        }
        let answer = post_as(
            &app,
            "/me/password",
            As::Bearer(token),
            json!({"password": PASSWORD, "new_password": "alice-alice-1"}),
        )
        .await;
        insta::assert_snapshot!(answer.shown(), @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"guessable","field":"new_password","message":"This password is made of your name, your address or the name of this service. Use unrelated words."}]}"#);
    });
}

#[test]
fn b5_any_characters_up_to_1024_bytes_are_taken_and_more_is_refused_not_cut() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let longest: String = "seven green bicycles roll ".chars().cycle().take(1_024).collect();
        let emoji = "🦊🌲🌧️🎻 пять лис 五只狐狸";
        let mut present = PASSWORD.to_owned();
        for new in [longest.as_str(), emoji, "  spaces around it  ", "tab\tand \u{1} control"] {
            let login = app.post("/login", json!({"username": "alice", "password": present})).await.json();
            let token = login["token"].as_str().unwrap();
            let answer = post_as(&app, "/me/password", As::Bearer(token), json!({"new_password": new})).await;
            assert_eq!(answer.status, 200, "{new:.20}: {}", answer.text);
            present = new.to_owned();
        }
        let login = app.post("/login", json!({"username": "alice", "password": present})).await.json();
        let token = login["token"].as_str().unwrap();
        let body = json!({"new_password": format!("{longest}x")});
        let answer = post_as(&app, "/me/password", As::Bearer(token), body).await;
        assert_eq!(answer.json()["errors"][0]["error"], "too_long");
        // And the last character counts.
        let body = json!({"username": "alice", "password": &longest[..1_023]});
        assert_eq!(app.post("/login", body).await.error(), "401 invalid_credentials");
    });
}

#[test]
fn a_password_is_the_same_from_every_keyboard() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        let body = json!({"new_password": "cafe\u{301} au lait du matin"});
        assert_eq!(post_as(&app, "/me/password", As::Bearer(token), body).await.status, 200);
        for typed in ["caf\u{e9} au lait du matin", "cafe\u{301} au lait du matin"] {
            let answer = app.post("/login", json!({"username": "alice", "password": typed})).await;
            assert_eq!(answer.status, 200, "{typed:?}");
        }
    });
}

/// Answers every request with `answer`, and keeps what came.
async fn breach_server(answer: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/range/", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (answer, keep) = (answer.clone(), Arc::clone(&keep));
            tokio::spawn(async move {
                let mut request = vec![0; 4_096];
                let length = stream.read(&mut request).await.unwrap();
                keep.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    (url, seen)
}

fn http_200(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// What comes of setting [`ANOTHER`] where breaches are looked up at a server that answers so.
async fn outcome(app: &TestApp, answer: &str) -> (String, Vec<String>) {
    let (url, seen) = breach_server(answer.to_owned()).await;
    let asking = app
        .replica(&|settings: &mut Settings| {
            settings.password.breach_url = Some(ConnectionUrl::new(url.clone()));
            settings.password.breach_timeout_ms = 300;
        })
        .await;
    let login = app.log_in("alice").await.json();
    let found = problem(&asking, login["token"].as_str().unwrap(), ANOTHER).await;
    let seen = seen.lock().unwrap().clone();
    (found, seen)
}

/// The SHA-1 of [`ANOTHER`], in two parts.
fn hash_of_another() -> (String, String) {
    let hash = sha1_of(ANOTHER);
    (hash[..5].to_owned(), hash[5..].to_owned())
}

fn sha1_of(text: &str) -> String {
    use sha1::{Digest as _, Sha1};
    Sha1::digest(text).iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"))
}

#[test]
fn a_breached_password_is_refused_and_only_five_digits_of_its_hash_are_told() {
    configured_on_both_engines(
        |_| {},
        async |app| {
            app.user("alice").await;
            let (prefix, suffix) = hash_of_another();
            let body = format!("0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n{suffix}:17\r\n");
            let (found, seen) = outcome(&app, &http_200(&body)).await;
            assert_eq!(found, "breached");
            let request = seen.concat().to_lowercase();
            let line = format!("get /range/{} http/1.1\r\n", prefix.to_lowercase());
            assert!(request.starts_with(&line), "{request}");
            assert!(request.contains("add-padding: true\r\n"));
            assert!(!request.contains(&suffix.to_lowercase()));
        },
    );
}

#[test]
fn a_breach_server_that_does_not_answer_well_refuses_nobody() {
    on_both_engines(async |app| {
        let user = app.user("alice").await;
        let (_, suffix) = hash_of_another();
        let hit = format!("{suffix}:17\r\n");
        let too_long = http_200(&format!("{hit}{}", "0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n".repeat(40_000)));
        for (what, answer) in [
            ("padding", http_200(&format!("{suffix}:0\r\n"))),
            ("no hit", http_200("0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n")),
            ("an error", "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()),
            (
                "a redirect",
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .to_owned(),
            ),
            ("a page", http_200("<html>")),
            ("too much", too_long),
            ("silence", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".to_owned()),
        ] {
            let (found, seen) = outcome(&app, &answer).await;
            assert_eq!(found, "", "{what}");
            assert_eq!(seen.len(), 1, "{what}");
            let again = doorward_core::password::NewPassword::new(PASSWORD);
            doorward_core::user::set_password(&app.doorward, user.id, again).await.unwrap();
        }
    });
}

#[test]
fn v6_2_10_no_password_expires() {
    on_both_engines(async |app| {
        app.user("alice").await;
        for _ in 0..10 {
            app.advance(366 * 24 * 60 * 60).await;
            app.doorward.keep_house().await.unwrap();
            assert_eq!(app.log_in("alice").await.status, 200);
        }
    });
}
