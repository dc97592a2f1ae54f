//! `POST /register`

use doorward_core::{
    registration,
    settings::{Asked, RegistrationMode, Settings},
    user,
};
use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::app::{Answer, As, PASSWORD, TestApp, configured_on_both_engines, on_both_engines, request};

/// How long a registration waits for its confirmation by default, in seconds.
const WEEK: i64 = 7 * 24 * 3_600;

/// A password that is not that of the owner of an address.
const ANOTHER: &str = "seven green umbrellas dance";

pub(crate) async fn register(app: &TestApp, username: &str, email: &str) -> Answer {
    app.post("/register", json!({"username": username, "email": email, "password": PASSWORD})).await
}

async fn field_error(app: &TestApp, body: Value) -> String {
    let answer = app.post("/register", body).await;
    if answer.status == 200 {
        return "200".into();
    }
    let json = answer.json();
    if json["error"] == "invalid_fields" {
        return format!(
            "{} {}",
            json["errors"][0]["field"].as_str().unwrap(),
            json["errors"][0]["error"].as_str().unwrap()
        );
    }
    answer.error()
}

fn open_to_domain(settings: &mut Settings) {
    settings.registration.mode = RegistrationMode::Domain;
    settings.registration.domains = vec!["example.com".into(), "bücher.de".into()];
    settings.login.require_confirmed = true;
}

#[test]
fn an_account_is_made_and_has_its_address_once_that_is_confirmed() {
    on_both_engines(async |app| {
        let answer = register(&app, "Alice", "Alice@Example.COM").await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":{"username":"Alice","email":"Alice@example.com","confirmation_needed":true}}"#);
        assert_eq!(answer.header("cache-control"), "no-store");
        let mail = app.last_mail().await;
        assert_eq!((mail.template.as_str(), mail.recipient.as_str()), ("confirm", "Alice@example.com"));
        assert!(mail.variables["link"].as_str().unwrap().starts_with("http://127.0.0.1:8080/account/confirm#dwo_"));
        assert_eq!((mail.variables["minutes"].as_i64(), mail.variables["hours"].as_i64()), (Some(10), Some(24)));

        let me = async || {
            let login = app.log_in("alice").await.json();
            app.get("/me", As::Token(login["token"].as_str().unwrap())).await.json()["data"].clone()
        };
        assert_eq!((&me().await["email"], &me().await["confirmed"]), (&Value::Null, &json!(false)));
        assert_eq!(me().await["pending_email"], "Alice@example.com");
        let token = app.token_of("alice").await;
        let export = app.get("/me/export", As::Token(&token)).await.json();
        assert_eq!(export["data"]["user"]["pending_email"], "Alice@example.com");
        assert_eq!(app.post("/confirm", json!({"token": mail.token()})).await.status, 200);
        assert_eq!(me().await["email"], "Alice@example.com");
        assert_eq!(me().await["pending_email"], Value::Null);
        assert_eq!(me().await["confirmed"], true);
        assert_eq!(app.log_in("alice@example.com").await.status, 200);
    });
}

#[test]
fn a3_an_address_that_has_an_account_gets_the_same_answer_and_its_owner_a_mail() {
    for require_confirmed in [false, true] {
        configured_on_both_engines(
            |settings| settings.login.require_confirmed = require_confirmed,
            async |app| {
                app.user("owner").await;
                let known = register_with(&app, "mallory", "OWNER@example.com").await;
                let unknown = register_with(&app, "trent", "ursula@example.com").await;
                assert_eq!(known.status, unknown.status);
                let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
                assert_eq!(names(&known), names(&unknown));
                assert_eq!(known.text.replace("mallory", "trent").replace("OWNER", "ursula"), unknown.text);

                let mails = app.mails().await;
                assert_eq!(mails.len(), 2);
                assert_eq!(
                    (mails[0].template.as_str(), mails[0].recipient.as_str()),
                    ("registered_again", "owner@example.com")
                );
                assert!(!mails[0].variables["link"].as_str().unwrap().contains('#'), "a stranger can have it mailed");
                assert_eq!(mails[1].template, "confirm");

                // Whatever is tried afterwards tells nothing either.
                assert_eq!(
                    all_that_can_be_tried(&app, "mallory", "OWNER@example.com").await,
                    all_that_can_be_tried(&app, "trent", "ursula@example.com").await
                );
            },
        );
    }
}

async fn register_with(app: &TestApp, username: &str, email: &str) -> Answer {
    app.post("/register", json!({"username": username, "email": email, "password": ANOTHER})).await
}

async fn all_that_can_be_tried(app: &TestApp, name: &str, email: &str) -> Vec<String> {
    let sign_in = async |who: &str| app.post("/login", json!({"username": who, "password": ANOTHER})).await;
    let login = sign_in(name).await;
    let mut seen = vec![
        format!("{} {}", login.status, login.json()["error"]),
        sign_in(email).await.error(),
        register(app, name, "x@example.com").await.error(),
        app.post("/confirm/resend", json!({"email": email})).await.text.replace(email, ""),
        app.post("/confirm", json!({"email": email, "code": "12345678"})).await.error(),
    ];
    if let Some(token) = login.json()["token"].as_str() {
        let me = app.get("/me", As::Token(token)).await.json()["data"].clone();
        seen.push(format!("{} {}", me["email"], me["confirmed"]));
    }
    seen
}

#[test]
fn a_name_that_is_taken_is_told_whatever_the_address() {
    on_both_engines(async |app| {
        app.user("alice").await;
        for email in ["alice@example.com", "new@example.com"] {
            let answer = register(&app, "ALICE", email).await;
            assert_snapshot!(answer.shown(), @r#"409 {"code":409,"message":"The user name is taken.","data":null,"error":"username_taken"}"#);
        }
        assert!(app.mails().await.is_empty(), "no mail without its account");
    });
}

#[test]
fn f2_no_second_name_that_a_person_would_read_as_the_first() {
    on_both_engines(async |app| {
        app.user("bill").await;
        register(&app, "straße", "s@example.com").await;
        app.user("fish").await;
        for (name, wanted) in [
            ("bill", "409 username_taken"),
            ("Bill", "409 username_taken"),
            ("bi11", "409 username_taken"),
            ("bIlI", "409 username_taken"),
            ("BİLL", "409 username_taken"),
            ("strasse", "409 username_taken"),
            ("STRASSE", "409 username_taken"),
            ("F1SH", "409 username_taken"),
            ("bіll", "username invalid_characters"),
            ("bill\u{200b}", "username invalid_characters"),
            ("b\u{202e}ill", "username invalid_characters"),
            ("bill.", "username invalid_characters"),
            ("bill ", "username invalid_characters"),
            (" bill", "username invalid_characters"),
            ("\u{fb01}sh", "username invalid_characters"),
            ("ｂill", "username invalid_characters"),
            ("12345", "username invalid_characters"),
            ("bill١1", "username invalid_characters"),
            ("Admin", "username reserved"),
            ("аdmin", "username invalid_characters"),
            ("ADMİN", "username reserved"),
            ("adrnin", "username reserved"),
            ("r00t", "username reserved"),
            ("Postmaster", "username reserved"),
        ] {
            let body = json!({"username": name, "email": "new@example.com", "password": PASSWORD});
            assert_eq!(field_error(&app, body).await, wanted, "{name:?}");
        }
        assert_eq!(app.mails().await.len(), 1);
        // Nor as one who is a registration yet, in another script as a whole.
        assert_eq!(register(&app, "саре", "a@example.com").await.status, 200);
        assert_eq!(register(&app, "cape", "b@example.com").await.error(), "409 username_taken");
    });
}

#[test]
fn f2_users_who_were_there_before_keep_signing_in() {
    on_both_engines(async |app| {
        app.user("root").await;
        for (id, name) in [(70, "аdmin"), (71, "admin"), (72, "adm1n"), (73, "bob "), (74, "Zoe\u{200b}")] {
            app.sql(&format!(
                "INSERT INTO users (id, username, password_hash) SELECT {id}, '{name}', password_hash FROM users WHERE username = 'root'"
            ))
            .await;
        }
        app.catch_up().await;
        for name in ["аdmin", "admin", "ADMIN", "adm1n", "bob ", "bob", "zoe"] {
            assert_eq!(app.log_in(name).await.status, 200, "{name:?}");
        }
        assert_eq!(register(&app, "z0e", "new@example.com").await.error(), "409 username_taken");
        // The other application renames one: the name is free.
        app.sql("UPDATE users SET username = 'yves' WHERE id = 74").await;
        app.catch_up().await;
        assert_eq!(register(&app, "z0e", "new@example.com").await.status, 200);
    });
}

#[test]
fn f2_addresses_are_read_as_mail_servers_read_them() {
    on_both_engines(async |app| {
        for (email, wanted) in [
            ("a@b@c", "email not_an_address"),
            ("\"a b\"@example.com", "email not_an_address"),
            ("a@example.com\r\nBcc: b@example.com", "email invalid_characters"),
            ("a@exam\u{200b}ple.com@", "email not_an_address"),
            ("а@example.com", "email not_an_address"),
            ("a@127.0.0.1", "email not_an_address"),
            (&format!("a@{}.com", "b".repeat(59)), "email too_long"),
            (&format!("{}@example.com", "a".repeat(53)), "email too_long"),
            ("", "email empty"),
        ] {
            let body = json!({"username": "alice", "email": email, "password": PASSWORD});
            assert_eq!(field_error(&app, body).await, wanted, "{email:?}");
        }
        // One address, however its domain is written.
        assert_eq!(register(&app, "alice", "A@BÜCHER.de").await.status, 200);
        app.post("/confirm", json!({"token": app.last_mail().await.token()})).await;
        assert_eq!(register(&app, "bob", "a@xn--bcher-kva.de").await.status, 200);
        let mail = app.last_mail().await;
        assert_eq!((mail.template.as_str(), mail.recipient.as_str()), ("registered_again", "A@bücher.de"));
        assert_eq!(app.log_in("a@XN--BCHER-KVA.DE").await.status, 200);
    });
}

#[test]
fn f1_every_field_of_every_kind_is_refused_by_name() {
    on_both_engines(async |app| {
        let good =
            json!({"username": "alice", "email": "alice@example.com", "password": PASSWORD, "invitation": "dwi_x"});
        for field in ["username", "email", "password", "invitation"] {
            for bad in [
                json!(null),
                json!(7),
                json!([]),
                json!({}),
                json!(true),
                json!("a\0b"),
                json!("x".repeat(60_000)),
                json!(""),
            ] {
                let mut body = good.clone();
                body[field] = bad.clone();
                let answer = app.post("/register", body).await;
                assert!(matches!(answer.status.as_u16(), 400 | 403), "{field} {bad}: {}", answer.text);
            }
        }
        for extra in ["confirmed", "roles", "id", "password_hash", "member_since", "disabled", "disabled_at"] {
            let mut body = good.clone();
            body[extra] = json!(true);
            assert_eq!(field_error(&app, body).await, format!("{extra} unknown_field"));
        }
        let surrogate = r#"{"username":"a\ud800b","email":"a@example.com","password":"correct horse battery"}"#;
        assert_eq!(app.post_raw("/register", "application/json", surrogate).await.status, 400);
        let name = json!({"username": "x".repeat(65), "email": "a@example.com", "password": PASSWORD});
        assert_eq!(field_error(&app, name).await, "username too_long");
        let short = json!({"username": "alice", "email": "a@example.com", "password": "short"});
        assert_eq!(field_error(&app, short).await, "password too_short");
        let long = json!({"username": "alice", "email": "a@example.com", "password": "x".repeat(1_025)});
        assert_eq!(field_error(&app, long).await, "password too_long");
        let missing = app.post("/register", json!({"password": PASSWORD})).await;
        assert_snapshot!(missing.shown(), @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"required","field":"username","message":"This field is required."},{"error":"required","field":"email","message":"This field is required."}]}"#);
        assert!(app.mails().await.is_empty());
    });
}

#[test]
fn of_fifty_who_register_one_name_at_once_on_two_replicas_one_wins() {
    configured_on_both_engines(
        |settings| settings.password.pool.queue = 200,
        async |app| {
            let other = app.replica(&|settings: &mut Settings| settings.password.pool.queue = 200).await;
            let clients: Vec<_> = (0..50)
                .map(|number| {
                    let app = if number % 2 == 0 { &app } else { &other }.clone();
                    // Spellings of one name, and of what can be taken for it.
                    let name = ["wolf", "Wolf", "WOLF", "w0lf", "woIf"][number % 5];
                    tokio::spawn(async move { register(&app, name, &format!("c{number}@example.com")).await })
                })
                .collect();
            let (mut won, mut lost) = (0, 0);
            for client in clients {
                let answer = client.await.unwrap();
                if answer.status == 200 {
                    won += 1;
                } else {
                    assert_eq!(answer.error(), "409 username_taken");
                    lost += 1;
                }
            }
            assert_eq!((won, lost), (1, 49));
            assert_eq!(app.mails().await.len(), 1, "no mail without its account");
        },
    );
}

#[test]
fn who_registers_anothers_address_again_and_again_fills_no_mailbox() {
    on_both_engines(async |app| {
        for number in 0..8 {
            let name = format!("mallory{}", ["a", "b", "c", "d", "e", "f", "g", "h"][number]);
            assert_eq!(register(&app, &name, "victim@example.com").await.status, 200);
        }
        assert_eq!(app.mails().await.len(), 5);
        app.advance(3_600).await;
        register(&app, "victim", "victim@example.com").await;
        assert_eq!(app.mails().await.len(), 6);
    });
}

#[test]
fn where_registration_is_closed_nobody_registers() {
    configured_on_both_engines(
        |settings| settings.registration.mode = RegistrationMode::Closed,
        async |app| {
            let answer = register(&app, "alice", "alice@example.com").await;
            assert_snapshot!(answer.shown(), @r#"403 {"code":403,"message":"Registration is closed. Ask for an invitation.","data":null,"error":"registration_closed"}"#);
        },
    );
}

#[test]
fn where_a_domain_is_allowed_others_are_refused() {
    configured_on_both_engines(open_to_domain, async |app| {
        for (email, wanted) in [
            ("a@example.com", "200"),
            ("b@EXAMPLE.COM", "200"),
            ("c@xn--bcher-kva.de", "200"),
            ("d@sub.example.com", "email domain_not_allowed"),
            ("e@example.com.evil.com", "email domain_not_allowed"),
            ("f@notexample.com", "email domain_not_allowed"),
            ("g@ехample.com", "email domain_not_allowed"),
        ] {
            let name = format!("user-{}", email.chars().next().unwrap());
            let body = json!({"username": name, "email": email, "password": PASSWORD});
            assert_eq!(field_error(&app, body).await, wanted, "{email}");
        }
        assert_eq!(app.log_in("user-a").await.error(), "403 email_not_confirmed");
    });
}

#[test]
fn what_a_registration_gives_is_set() {
    configured_on_both_engines(
        |settings| {
            settings.registration.username = Asked::Never;
            settings.registration.email = Asked::Required;
        },
        async |app| {
            let named = json!({"username": "alice", "email": "alice@example.com", "password": PASSWORD});
            assert_eq!(field_error(&app, named).await, "username not_allowed");
            let body = json!({"email": "alice@example.com", "password": PASSWORD});
            assert_eq!(field_error(&app, body).await, "200");
            assert_eq!(app.log_in("alice@example.com").await.error(), "401 invalid_credentials");
            app.post("/confirm", json!({"token": app.last_mail().await.token()})).await;
            assert_eq!(app.log_in("alice@example.com").await.status, 200);
        },
    );
    configured_on_both_engines(
        |settings| {
            settings.registration.username = Asked::Optional;
            settings.registration.email = Asked::Optional;
        },
        async |app| {
            assert_eq!(field_error(&app, json!({"password": PASSWORD})).await, "username required");
            let body = json!({"username": "alice", "password": PASSWORD});
            assert_eq!(field_error(&app, body).await, "200");
            assert!(app.mails().await.is_empty());
            app.advance(2 * WEEK).await;
            app.doorward.keep_house().await.unwrap();
            assert_eq!(app.log_in("alice").await.status, 200, "there is nothing to confirm");
        },
    );
}

#[test]
fn mails_are_in_the_language_of_the_registration() {
    on_both_engines(async |app| {
        let body = json!({"username": "xiaoming", "email": "x@example.com", "password": PASSWORD});
        let request = request(Method::POST, "/register", As::Nobody)
            .header("content-type", "application/json")
            .header("accept-language", "zh-CN,zh;q=0.9");
        assert_eq!(app.send(request.body(body.to_string().into()).unwrap()).await.status, 200);
        assert_eq!(app.last_mail().await.language, "zh");
        let user = user::find_for_login(app.doorward.database().reads(), "xiaoming").await.unwrap().unwrap();
        assert_eq!(user.language.as_deref(), Some("zh"));
    });
}

#[test]
fn a_registration_that_nobody_confirms_is_swept_away_with_all_of_it() {
    on_both_engines(async |app| {
        app.user("bob").await;
        register(&app, "alice", "alice@example.com").await;
        register(&app, "carol", "carol@example.com").await;
        let token = app.last_mail().await.token();
        let login = app.log_in("alice").await.json();
        app.post("/confirm", json!({"token": token})).await;
        app.advance(WEEK - 1).await;
        assert_eq!(registration::delete_unconfirmed(&app.doorward).await.unwrap(), 0);
        app.advance(1).await;
        assert_eq!(registration::delete_unconfirmed(&app.doorward).await.unwrap(), 1);
        assert_eq!(app.log_in("alice").await.error(), "401 invalid_credentials");
        assert_eq!(app.get("/me", As::Token(login["token"].as_str().unwrap())).await.status, 401);
        assert_eq!(
            (app.log_in("bob").await.status, app.log_in("carol").await.status),
            (200.try_into().unwrap(), 200.try_into().unwrap())
        );
        assert_eq!(register(&app, "alice", "alice@example.com").await.status, 200, "name and address are free");
    });
}

#[test]
fn h1_no_code_of_a_registration_stands_in_the_database_or_the_answer() {
    on_both_engines(async |app| {
        let answer = register(&app, "alice", "alice@example.com").await;
        let mail = app.last_mail().await;
        let rows = format!("{:?}", {
            use sea_orm::EntityTrait as _;
            let code = doorward_core::one_time_code::Entity::find().one(app.doorward.database().reads()).await;
            let code = code.unwrap().unwrap();
            (code.link_hash, code.typed_hash, code.email)
        });
        for secret in [mail.token(), mail.code()] {
            assert!(!answer.text.contains(&secret) && !rows.contains(&secret));
        }
    });
}
