//! The envelope, its languages, its statuses.

use axum::body::Body;
use doorward_core::settings::HttpStatus;
use http::Method;
use insta::assert_snapshot;
use serde_json::json;

use crate::app::{As, configured_on_both_engines, on_both_engines, request};

#[test]
fn paths_and_methods_that_are_not_there_are_told_in_it() {
    on_both_engines(async |app| {
        let path = app.get("/no-such-path", As::Nobody).await;
        assert_snapshot!(path.shown(), @r#"404 {"code":404,"message":"There is nothing at this path.","data":null,"error":"not_found"}"#);
        let method = app.get("/login", As::Nobody).await;
        assert_snapshot!(method.shown(), @r#"405 {"code":405,"message":"This path has no such method; see Allow.","data":null,"error":"method_not_allowed"}"#);
        assert_eq!(method.header("allow"), "POST");
        let options = app.send(request(Method::OPTIONS, "/login", As::Nobody).body(Body::empty()).unwrap()).await;
        assert_eq!((options.status.as_u16(), options.header("allow")), (204, "POST"));
    });
}

#[test]
fn a_path_that_is_no_text_is_told_in_it() {
    on_both_engines(async |app| {
        for path in ["/docs/%ff", "/docs/..%fetc", "/%ff"] {
            assert_eq!(app.get(path, As::Nobody).await.error(), "404 not_found", "{path}");
        }
    });
}

#[test]
fn it_speaks_english_and_chinese_and_without_a_wish_the_flask_systems_words() {
    on_both_engines(async |app| {
        let told = async |language: &str| {
            let builder = request(Method::GET, "/me", As::Token("abc")).header("accept-language", language);
            app.send(builder.body(Body::empty()).unwrap()).await.json()["message"].to_string()
        };
        assert_snapshot!(told("en").await, @r#""This is not a token.""#);
        assert_snapshot!(told("zh-CN,zh;q=0.9").await, @r#""token格式错误。""#);
        assert_snapshot!(app.get("/me", As::Token("abc")).await.json()["message"].to_string(), @r#""验证失败, 无效的token""#);
    });
}

#[test]
fn it_is_a_problem_by_rfc_9457_for_those_who_accept_one() {
    on_both_engines(async |app| {
        let builder = request(Method::POST, "/login", As::Nobody)
            .header("content-type", "application/json")
            .header("accept", "application/problem+json");
        let answer = app.send(builder.body(json!({"username": ""}).to_string().into()).unwrap()).await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_snapshot!(answer.shown(), @r#"400 {"error":"invalid_fields","errors":[{"error":"empty","field":"username","message":"This field must not be empty."},{"error":"required","field":"password","message":"This field is required."}],"status":400,"title":"Some fields can't be taken; see errors.","type":"urn:doorward:error:invalid_fields"}"#);
    });
}

#[test]
fn the_status_is_always_200_where_that_is_configured() {
    configured_on_both_engines(
        |settings| settings.http_status = HttpStatus::Always200,
        async |app| {
            assert_eq!(app.get("/me", As::Nobody).await.error(), "200 token_missing");
            assert_eq!(app.post("/login", json!({})).await.error(), "200 invalid_fields");
            assert_eq!(app.get("/no-such-path", As::Nobody).await.status, 404);
            assert_eq!(app.get("/login", As::Nobody).await.status, 405);
        },
    );
}

#[test]
fn every_answer_has_a_request_id_and_safe_headers() {
    on_both_engines(async |app| {
        let answer = app.get("/me", As::Nobody).await;
        assert_eq!(answer.header("x-request-id").len(), 32);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        let given = request(Method::GET, "/me", As::Nobody).header("x-request-id", "from-the-proxy-1");
        let answer = app.send(given.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("x-request-id"), "from-the-proxy-1");
        let forged = request(Method::GET, "/me", As::Nobody).header("x-request-id", "a b;c\u{e9}");
        let answer = app.send(forged.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("x-request-id").len(), 32);
    });
}

#[test]
fn another_host_than_the_public_one_is_misdirected() {
    configured_on_both_engines(
        |settings| settings.public_url = Some("https://users.example.com".into()),
        async |app| {
            let answer = app.get("/me", As::Nobody).await;
            assert_snapshot!(answer.shown(), @r#"421 {"code":421,"message":"This service has another address.","data":null,"error":"misdirected_request"}"#);
            let as_wanted = request(Method::GET, "/me", As::Nobody)
                .header("accept-language", "zh")
                .header("accept", "application/problem+json");
            let answer = app.send(as_wanted.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_snapshot!(answer.shown(), @r#"421 {"error":"misdirected_request","status":421,"title":"该服务使用其他地址。","type":"urn:doorward:error:misdirected_request"}"#);
            assert_eq!(app.get("/healthz", As::Nobody).await.status, 200);
            let mut proper = request(Method::GET, "/me", As::Nobody).body(Body::empty()).unwrap();
            proper.headers_mut().insert("host", "users.example.com".parse().unwrap());
            assert_eq!(app.send(proper).await.status, 403);
        },
    );
}
