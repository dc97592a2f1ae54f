//! The doors: the tower layer, the axum extractors, the tonic interceptor.

use std::sync::Arc;

use ::axum::Router;
use ::axum::body::{Body, to_bytes};
use ::axum::routing::get;
use doorward_guard::axum::{CurrentUser, RequireRole, RoleName};
use doorward_guard::tonic::GuardInterceptor;
use doorward_guard::tower::GuardLayer;
use doorward_guard::{Identity, ServiceGuard};
use http::{Request, Response};
use serde_json::{Value, json};
use tonic::Code;
use tonic::service::Interceptor as _;
use tower::ServiceExt as _;

use super::{NOW, Rig, token};

struct Admin;
impl RoleName for Admin {
    const NAME: &'static str = "admin";
}

struct Editor;
impl RoleName for Editor {
    const NAME: &'static str = "editor";
}

async fn who(request: Request<Body>) -> String {
    match request.extensions().get::<Arc<Identity>>() {
        Some(identity) => format!("user {}", identity.user_id),
        None => "nobody".to_owned(),
    }
}

async fn answer(app: &Router, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap()
}

async fn json_of(response: Response<Body>) -> Value {
    serde_json::from_str(&text(response).await).unwrap()
}

fn layered(guard: &ServiceGuard) -> Router {
    let layer = |layer: GuardLayer| get(who).layer(layer);
    Router::new()
        .route("/", layer(GuardLayer::new(guard.clone())))
        .route("/admin", layer(GuardLayer::new(guard.clone()).role("admin")))
        .route("/editor", layer(GuardLayer::new(guard.clone()).role("editor")))
        .route("/optional", layer(GuardLayer::new(guard.clone()).optional()))
        .route("/optional/admin", layer(GuardLayer::new(guard.clone()).optional().role("admin")))
}

fn extracted(guard: &ServiceGuard) -> Router {
    Router::new()
        .route("/", get(|user: CurrentUser| async move { format!("user {}", user.user_id) }))
        .route("/admin", get(|user: RequireRole<Admin>| async move { format!("user {}", user.user_id) }))
        .route("/editor", get(|user: RequireRole<Editor>| async move { format!("user {}", user.user_id) }))
        .route(
            "/optional",
            get(|user: Option<CurrentUser>| async move {
                user.map_or("nobody".to_owned(), |user| format!("user {}", user.user_id))
            }),
        )
        .with_state(guard.clone())
}

#[tokio::test]
async fn layer_and_extractors_let_the_same_in() {
    let rig = Rig::ready().await;
    let token = token(1, 1);
    let bearer = format!("Bearer {token}");
    for app in [layered(&rig.guard), extracted(&rig.guard)] {
        for header in [("token", token.as_str()), ("authorization", bearer.as_str())] {
            for path in ["/", "/admin", "/optional"] {
                assert_eq!(text(answer(&app, path, &[header]).await).await, "user 42", "{path}");
            }
        }
        assert_eq!(text(answer(&app, "/optional", &[]).await).await, "nobody");

        let missing = answer(&app, "/", &[]).await;
        assert_eq!((missing.status().as_u16(), missing.headers().get("www-authenticate")), (403, None));
        assert_eq!(
            text(missing).await,
            r#"{"code":403,"message":"缺少参数token","data":null,"error":"token_missing"}"#
        );

        for path in ["/", "/admin", "/optional"] {
            let bad = answer(&app, path, &[("token", "a.b.c")]).await;
            assert_eq!(bad.status(), 401);
            assert_eq!(bad.headers()["www-authenticate"], r#"Bearer realm="doorward", error="invalid_token""#);
            assert_eq!(bad.headers()["content-type"], "application/json");
            assert_eq!(
                text(bad).await,
                r#"{"code":401,"message":"验证失败, 无效的token","data":null,"error":"token_malformed"}"#
            );
        }
        let twice = answer(&app, "/optional", &[("token", &token), ("authorization", "Bearer b")]).await;
        assert_eq!(json_of(twice).await["error"], "token_ambiguous");

        let role = answer(&app, "/editor", &[("token", &token)]).await;
        assert_eq!(role.status(), 403);
        let expected =
            json!({"code": 403, "message": "This needs the role editor.", "data": null, "error": "role_required"});
        assert_eq!(json_of(role).await, expected);
    }
    let app = layered(&rig.guard);
    assert_eq!(answer(&app, "/optional/admin", &[]).await.status(), 403);
}

#[tokio::test]
async fn refusals_in_the_form_and_language_that_is_wanted() {
    let rig = Rig::ready().await;
    let app = layered(&rig.guard);
    let problem = answer(&app, "/", &[("token", "x"), ("accept", "text/html, application/problem+json;q=0.5")]).await;
    assert_eq!(problem.headers()["content-type"], "application/problem+json");
    let expected = json!({
        "type": "urn:doorward:error:token_malformed", "title": "验证失败, 无效的token", "status": 401, "error": "token_malformed",
    });
    assert_eq!(json_of(problem).await, expected);
    let not_wanted = answer(&app, "/", &[("token", "x"), ("accept", "application/problem+json;q=0")]).await;
    assert_eq!(not_wanted.headers()["content-type"], "application/json");
    for (accepted, message) in [
        ("en", "This is not a token."),
        ("de, en-GB;q=0.5", "This is not a token."),
        ("fr", "This is not a token."),
        ("zh-CN,en", "token格式错误。"),
    ] {
        let refused = answer(&app, "/", &[("token", "x"), ("accept-language", accepted)]).await;
        assert_eq!(json_of(refused).await["message"], message, "{accepted}");
    }
}

#[tokio::test]
async fn while_doorward_is_away_it_says_so() {
    let rig = Rig::ready().await;
    rig.clock_to(NOW + 31);
    for app in [layered(&rig.guard), extracted(&rig.guard)] {
        let closed = answer(&app, "/", &[("token", &token(1, 1))]).await;
        assert_eq!((closed.status().as_u16(), closed.headers()["retry-after"].as_bytes()), (503, &b"1"[..]));
        assert_eq!(json_of(closed).await["error"], "guard_stale");
    }
}

#[tokio::test]
async fn what_must_be_asked_for_is_waited_for() {
    let mut rig = Rig::ready_with(|builder| builder.introspection(true)).await;
    for app in [layered(&rig.guard), extracted(&rig.guard)] {
        for (number, (active, expected)) in [(true, 200), (false, 401)].into_iter().enumerate() {
            let key = format!("dw_{number}");
            let router = app.clone();
            let asking = tokio::spawn(async move { answer(&router, "/", &[("token", &key)]).await.status() });
            rig.server
                .next("/introspect")
                .await
                .json(&json!({"active": active, "sub": "42", "scope": "", "roles": [], "doorward_kind": "api_key"}));
            assert_eq!(asking.await.unwrap(), expected);
        }
        // Ask anew behind the next door.
        rig.guard.guard().forget(doorward_guard::CredentialKind::ApiKey, b"dw_0");
    }
}

#[tokio::test]
async fn extractors_behind_the_layer_take_what_it_found() {
    let rig = Rig::ready().await;
    let app = Router::new()
        .route(
            "/",
            get(|user: CurrentUser, admin: RequireRole<Admin>| async move {
                assert!(Arc::ptr_eq(&user.0, &admin.0.0));
                "same"
            }),
        )
        .layer(GuardLayer::new(rig.guard.clone()))
        .with_state(rig.guard.clone());
    assert_eq!(text(answer(&app, "/", &[("token", &token(1, 1))]).await).await, "same");
}

#[tokio::test]
async fn the_interceptor_reads_metadata() {
    let rig = Rig::ready().await;
    let token = token(1, 1);
    let call = |interceptor: &mut GuardInterceptor, name: &'static str, value: &str| {
        let mut request = tonic::Request::new(());
        if !name.is_empty() {
            request.metadata_mut().insert(name, value.parse().unwrap());
        }
        interceptor.call(request)
    };
    let mut interceptor = GuardInterceptor::new(rig.guard.clone());
    for (name, value) in [("authorization", format!("Bearer {token}")), ("token", token.clone())] {
        let request = call(&mut interceptor, name, &value).unwrap();
        assert_eq!(request.extensions().get::<Arc<Identity>>().unwrap().user_id, 42);
    }
    for (name, value, error) in [("", "", "token_missing"), ("token", "a.b.c", "token_malformed")] {
        let status = call(&mut interceptor, name, value).unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unauthenticated, error));
    }
    let mut admin = GuardInterceptor::new(rig.guard.clone()).role("admin");
    assert!(call(&mut admin, "token", &token).is_ok());
    let mut editor = GuardInterceptor::new(rig.guard.clone()).role("editor");
    assert_eq!(call(&mut editor, "token", &token).unwrap_err().code(), Code::PermissionDenied);
    rig.clock_to(NOW + 31);
    assert_eq!(call(&mut interceptor, "token", &token).unwrap_err().code(), Code::Unavailable);
}
