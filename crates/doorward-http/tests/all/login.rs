//! `POST /login`

use http::Method;
use insta::assert_snapshot;
use serde_json::json;

use crate::app::{As, PASSWORD, SECRET_KEY, configured_on_both_engines, flask_tokens, on_both_engines, request};

#[test]
fn a_right_password_gets_a_token_that_opens_doors() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let answer = app.log_in("alice").await;
        let body = answer.json();
        assert_eq!(answer.status, 200);
        assert_eq!(body["code"], 200);
        assert_eq!(body["expiration"], 3600);
        let token = body["token"].as_str().unwrap();
        for who in [As::Token(token), As::Bearer(token), As::Cookie(&answer.cookie())] {
            assert_eq!(app.get("/me", who).await.json()["data"]["username"], "alice");
        }
    });
}

#[test]
fn a_name_is_found_whatever_its_case_and_form_and_an_address_too() {
    on_both_engines(async |app| {
        app.user("Café").await;
        for name in ["Café", "café", "CAFE\u{301}", "cAfÉ\u{200b}", "CAFÉ@EXAMPLE.com"] {
            let answer = app.log_in(name).await;
            assert_eq!(answer.status, 200, "{name:?} on {:?}: {}", app.engine, answer.text);
        }
    });
}

#[test]
fn every_failure_is_one_answer() {
    on_both_engines(async |app| {
        app.user("alice").await;
        app.sql("INSERT INTO users (username, password_hash) VALUES ('nohash', NULL), ('damaged', 'pbkdf2:sha256:99999999999$s$00'), ('unusable', '!')").await;
        let unknown = app.post("/login", json!({"username": "nobody", "password": "x"})).await;
        assert_snapshot!(unknown.shown(), @r#"401 {"code":401,"message":"Invalid username or password.","data":null,"error":"invalid_credentials"}"#);
        for (name, password) in [
            ("alice", "wrong"),
            ("nohash", "x"),
            ("nohash", ""),
            ("damaged", "x"),
            ("unusable", "!"),
            ("' OR 1=1 --", "x"),
            ("%", "x"),
            ("\u{202e}", "x"),
        ] {
            if password.is_empty() {
                continue;
            }
            let other = app.post("/login", json!({"username": name, "password": password})).await;
            assert_eq!(other.shown(), unknown.shown(), "{name}");
            let names = |answer: &crate::app::Answer| {
                let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
                names.sort();
                names
            };
            assert_eq!(names(&other), names(&unknown));
            assert_eq!(other.header("set-cookie"), "");
        }
    });
}

#[test]
fn what_is_no_login_request_is_told_so_by_field() {
    on_both_engines(async |app| {
        let told = async |body: serde_json::Value| app.post("/login", body).await.shown();
        assert_snapshot!(told(json!({})).await, @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"required","field":"username","message":"This field is required."},{"error":"required","field":"password","message":"This field is required."}]}"#);
        assert_snapshot!(told(json!({"username": "a", "password": 5})).await, @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"wrong_type","field":"password","message":"This field must be a string."}]}"#);
        assert_snapshot!(told(json!({"username": "a", "password": "b", "roles": ["admin"]})).await, @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"unknown_field","field":"roles","message":"There is no such field."}]}"#);
        assert_snapshot!(told(json!({"username": "a", "password": "x".repeat(1025)})).await, @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"too_long","field":"password","message":"At most 1024 bytes."}]}"#);
        assert_snapshot!(told(json!({"username": "a\0", "password": "b"})).await, @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"invalid_characters","field":"username","message":"This field holds a character that can't be used."}]}"#);
        assert_snapshot!(told(json!([1])).await, @r#"400 {"code":400,"message":"The request is not well formed.","data":null,"error":"malformed_request"}"#);
    });
}

#[test]
fn bodies_that_are_no_json_are_refused() {
    on_both_engines(async |app| {
        let mut deep = "[".repeat(30_000);
        deep.push_str(&"]".repeat(30_000));
        for (content_type, body, error) in [
            ("application/json", r#"{"username":"#.to_owned(), "400 malformed_request"),
            ("application/json", String::new(), "400 malformed_request"),
            ("application/json", "\u{feff}{}".to_owned(), "400 malformed_request"),
            ("application/json", r#"{"username":"a","username":"b","password":"c"}"#.to_owned(), "400 invalid_fields"),
            ("application/json", r#"{"username":"\ud800","password":"c"}"#.to_owned(), "400 malformed_request"),
            ("application/json", r#"{"username":1e400,"password":"c"}"#.to_owned(), "400 malformed_request"),
            ("application/json", deep, "400 malformed_request"),
            ("application/json", "x".repeat(70_000), "413 request_too_large"),
            ("application/json; charset=utf-16", "{}".to_owned(), "400 unsupported_media_type"),
            ("application/x-www-form-urlencoded", "username=a&password=b".to_owned(), "400 unsupported_media_type"),
            ("text/plain", "{}".to_owned(), "400 unsupported_media_type"),
        ] {
            let shown: String = body.chars().take(40).collect();
            assert_eq!(app.post_raw("/login", content_type, body).await.error(), error, "{content_type} {shown}");
        }
    });
}

#[test]
fn a_disabled_account_is_told_so_only_after_the_right_password() {
    on_both_engines(async |app| {
        let user = app.user("alice").await;
        doorward_core::user::disable(&app.doorward, user.id).await.unwrap();
        let wrong = app.post("/login", json!({"username": "alice", "password": "wrong"})).await;
        assert_eq!(wrong.error(), "401 invalid_credentials");
        assert_eq!(app.log_in("alice").await.error(), "403 account_disabled");
        doorward_core::user::enable(&app.doorward, user.id).await.unwrap();
        assert_eq!(app.log_in("alice").await.status, 200);
    });
}

#[test]
fn an_unconfirmed_account_waits_where_that_is_configured() {
    configured_on_both_engines(
        |settings| settings.login.require_confirmed = true,
        async |app| {
            app.user("alice").await;
            app.sql("UPDATE users SET confirmed = NULL").await;
            assert_eq!(app.log_in("alice").await.error(), "403 email_not_confirmed");
        },
    );
}

#[test]
fn a_flask_token_is_what_the_flask_application_would_accept() {
    configured_on_both_engines(flask_tokens, async |app| {
        let user = app.user("alice").await;
        let body = app.log_in("alice").await.json();
        let token = body["token"].as_str().unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let read = |part: &str| {
            use base64::Engine as _;
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
        };
        assert_eq!(read(parts[0])["alg"], "HS512");
        assert_eq!(read(parts[0])["exp"].as_i64().unwrap() - read(parts[0])["iat"].as_i64().unwrap(), 3600);
        assert_eq!(read(parts[1])["id"], user.id.0);
        assert_eq!(app.get("/me", As::Token(token)).await.status, 200);

        // One that the application issued, without a session.
        let theirs = doorward_guard::sign_flask(
            SECRET_KEY.as_bytes(),
            doorward_guard::FlaskAlgorithm::Hs512,
            user.id.0,
            None,
            crate::app::BEGIN,
            crate::app::BEGIN + 60,
        );
        assert_eq!(app.get("/me", As::Token(&theirs)).await.status, 200);
    });
}

#[test]
fn an_old_hash_is_renewed_at_the_next_login() {
    on_both_engines(async |app| {
        // Werkzeug's md5 of PASSWORD under the salt `salt`, as `hmac.new(salt, password, md5)`.
        let old = "md5$salt$0e67d6bf9dd96db85e3f2c7c4c9e7d3b";
        app.user("alice").await;
        app.sql(&format!("UPDATE users SET password_hash = '{old}' WHERE username = 'alice'")).await;
        assert_eq!(app.log_in("alice").await.error(), "401 invalid_credentials");
        app.sql("UPDATE users SET password_hash = 'plain$$correct horse battery staple'").await;
        assert_eq!(app.log_in("alice").await.status, 200);
        let user =
            doorward_core::user::find_for_login(app.doorward.database().reads(), "alice").await.unwrap().unwrap();
        assert!(user.password_hash.unwrap().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert_eq!(app.log_in("alice").await.status, 200);
    });
}

#[test]
fn a_browser_of_another_site_signs_nobody_in() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let body = json!({"username": "alice", "password": PASSWORD}).to_string();
        let send = async |headers: &[(&str, &str)]| {
            let mut builder = request(Method::POST, "/login", As::Nobody).header("content-type", "application/json");
            for (name, value) in headers {
                builder = builder.header(*name, *value);
            }
            app.send(builder.body(body.clone().into()).unwrap()).await.status.as_u16()
        };
        assert_eq!(send(&[("sec-fetch-site", "cross-site")]).await, 403);
        assert_eq!(send(&[("sec-fetch-site", "same-site")]).await, 403);
        assert_eq!(send(&[("origin", "https://evil.example")]).await, 403);
        assert_eq!(send(&[("origin", "null")]).await, 403);
        assert_eq!(send(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost")]).await, 200);
        assert_eq!(send(&[("origin", "http://localhost")]).await, 200);
    });
}

#[test]
fn the_queue_of_passwords_is_bounded() {
    configured_on_both_engines(
        |settings| {
            settings.password.pool.threads = 1;
            settings.password.pool.queue = 1;
            settings.password.argon2.memory_kib = 4096;
        },
        async |app| {
            app.user("alice").await;
            let logins: Vec<_> = (0..30)
                .map(|_| {
                    let app = app.clone();
                    tokio::spawn(async move { app.log_in("alice").await })
                })
                .collect();
            let (mut good, mut busy) = (0, 0);
            for login in logins {
                let answer = login.await.unwrap();
                match answer.status.as_u16() {
                    200 => good += 1,
                    503 => {
                        assert_eq!(answer.error(), "503 busy");
                        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
                        busy += 1;
                    }
                    other => panic!("{other}: {}", answer.text),
                }
            }
            assert!(good >= 1 && busy >= 1, "{good} good, {busy} busy");
        },
    );
}
