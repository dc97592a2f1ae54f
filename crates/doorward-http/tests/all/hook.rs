//! What the embedding application says before something happens, and hears afterwards.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_core::{
    Caller, Doorward, Error, Start,
    event::{Event, EventKind, Listener},
    hook::{Hooks, Registration, SignIn, Veto, async_trait},
    user::User,
};
use doorward_http::App;
use http::Method;
use http_body_util::BodyExt as _;
use insta::assert_snapshot;
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

use crate::app::{As, PASSWORD, TestApp, on_both_engines, request};

/// An application that has something against `mallory`, and adds these claims.
struct House(Value);

#[async_trait]
impl Hooks for House {
    async fn before_register(&self, registration: &Registration<'_>) -> Result<(), Veto> {
        match registration.username {
            Some("mallory") => Err(Veto::because("No room for mallory.")),
            _ => Ok(()),
        }
    }

    async fn before_login(&self, sign_in: &SignIn<'_>) -> Result<(), Veto> {
        match sign_in.user.username.as_deref() {
            Some("mallory") => Err(Veto::because("Not today, mallory.")),
            _ => Ok(()),
        }
    }

    fn extra_claims(&self, _: &User) -> Map<String, Value> {
        self.0.as_object().cloned().unwrap_or_default()
    }
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<EventKind>>>);

impl Listener for Heard {
    fn happened(&self, event: &Event) {
        self.0.lock().unwrap().push(event.kind);
    }
}

struct Careless;

impl Listener for Careless {
    fn happened(&self, _: &Event) {
        panic!("the application's own mistake");
    }
}

/// A Doorward in an application, on the database of `app`.
async fn embedded(app: &TestApp, hooks: impl Hooks, listeners: Vec<Arc<dyn Listener>>) -> Doorward {
    let settings = app.doorward.settings().clone();
    let start = Start { clock: app.clock.clone(), hooks: Arc::new(hooks), listeners, ..Start::new(settings) };
    Doorward::start(start).await.unwrap()
}

async fn log_in(doorward: &Doorward, username: &str, password: &str) -> (u16, Value) {
    let body = json!({"username": username, "password": password}).to_string();
    let request = request(Method::POST, "/login", As::Nobody).header("content-type", "application/json");
    let router = doorward_http::router(&App::new(doorward.clone()));
    let answer = router.oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

fn claims(login: &Value) -> Value {
    let token = login["token"].as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn a_veto_is_told_in_the_applications_words_after_the_right_password_only() {
    on_both_engines(async |app| {
        app.user("mallory").await;
        app.user("alice").await;
        let heard = Heard::default();
        let doorward = embedded(&app, House(json!({})), vec![Arc::new(heard.clone())]).await;
        let (status, answer) = log_in(&doorward, "mallory", PASSWORD).await;
        assert_eq!(status, 403);
        assert_snapshot!(answer, @r#"{"code":403,"data":null,"error":"vetoed","message":"Not today, mallory."}"#);
        assert_eq!(log_in(&doorward, "mallory", "a wrong password").await.1["error"], "invalid_credentials");
        assert!(!heard.0.lock().unwrap().contains(&EventKind::LoggedIn));
        assert_eq!(log_in(&doorward, "alice", PASSWORD).await.0, 200);
        assert!(heard.0.lock().unwrap().contains(&EventKind::LoggedIn));
    });
}

#[test]
fn a_registration_can_be_refused() {
    on_both_engines(async |app| {
        let doorward = embedded(&app, House(json!({})), Vec::new()).await;
        let caller = Caller::default();
        let ask = async |username| -> Result<(), Error> {
            let registration = Registration { username: Some(username), email: None, caller: &caller };
            Ok(doorward.hooks().before_register(&registration).await?)
        };
        assert!(ask("alice").await.is_ok());
        assert_eq!(ask("mallory").await.unwrap_err().name(), "vetoed");
    });
}

#[test]
fn the_applications_claims_stand_in_the_token_beside_doorwards() {
    on_both_engines(async |app| {
        let user = app.user("alice").await;
        let hooks = House(json!({"tenant": "north", "plan": {"seats": 3}}));
        let doorward = embedded(&app, hooks, Vec::new()).await;
        let (_, login) = log_in(&doorward, "alice", PASSWORD).await;
        let claims = claims(&login);
        assert_eq!((&claims["tenant"], &claims["plan"]["seats"]), (&json!("north"), &json!(3)));
        assert_eq!(claims["sub"], user.id.0.to_string());
        assert_eq!(app.get("/me", As::Token(login["token"].as_str().unwrap())).await.status, 200);
    });
}

#[test]
fn no_claim_of_the_applications_takes_the_place_of_doorwards() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let wide: Map<String, Value> = (0..33).map(|number| (format!("c{number}"), json!(1))).collect();
        for claims in [
            json!({"sub": "1"}),
            json!({"roles": ["admin"]}),
            json!({"permissions": ["everything"]}),
            json!({"exp": 9_999_999_999_i64}),
            json!({"preferred_username": "admin"}),
            json!({"long": "x".repeat(2_048)}),
            json!({"deep": {"a": {"b": {"c": {"d": 1}}}}}),
            Value::Object(wide),
        ] {
            let doorward = embedded(&app, House(claims.clone()), Vec::new()).await;
            let (status, answer) = log_in(&doorward, "alice", PASSWORD).await;
            assert_eq!((status, &answer["error"]), (500, &json!("internal_error")), "{claims}");
            assert_eq!(answer["token"], Value::Null);
        }
    });
}

#[test]
fn a_listener_that_panics_undoes_nothing() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let heard = Heard::default();
        let doorward = embedded(&app, House(json!({})), vec![Arc::new(Careless), Arc::new(heard.clone())]).await;
        assert_eq!(log_in(&doorward, "alice", PASSWORD).await.0, 200);
        assert!(heard.0.lock().unwrap().contains(&EventKind::LoggedIn));
    });
}
