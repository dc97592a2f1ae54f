//! `POST /users/bulk`

use insta::assert_snapshot;

use super::{mails, names};
use crate::app::{Answer, As, TestApp, on_both_engines, request};

async fn bulk(app: &TestApp, token: &str, content_type: &str, lines: String) -> Answer {
    let builder = request(http::Method::POST, "/users/bulk", As::Token(token));
    app.send(builder.header("content-type", content_type).body(lines.into()).unwrap()).await
}

const NDJSON: &str = "application/x-ndjson";

#[test]
fn each_line_is_done_or_not_by_itself() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        app.user("anna").await;
        let lines = r#"{"do": "create", "username": "zoe", "email": "zoe@example.com", "roles": ["admin"]}
{"do": "create", "username": "ZOE", "email": "other@example.com"}
{"do": "create", "username": "yan", "email": "yan@example.com", "confirmed": true}

{"do": "disable", "id": 2, "reason": "left", "until": "2021-01-01T00:00:00Z"}
{"do": "delete", "id": 99}
{"do": "promote", "id": 2}
{"do": "logout", "id": 2, "id": 1}
{"do": "enable", "id": 9223372036854775808}
not json
{"do": "enable", "id": 2}
{"do": "reset_password", "id": 2}
{"do": "delete", "id": 2}"#;
        let answer = bulk(&app, &token, NDJSON, lines.into()).await;
        assert_eq!(answer.header("content-type"), NDJSON);
        assert_snapshot!(answer.shown(), @r#"
    200 {"code":200,"id":3,"line":1}
    {"code":409,"error":"username_taken","line":2,"message":"The user name is taken."}
    {"code":400,"error":"invalid_fields","errors":[{"error":"unknown_field","field":"confirmed","message":"There is no such field."}],"line":3,"message":"Some fields can't be taken; see errors."}
    {"code":200,"id":2,"line":5}
    {"code":404,"error":"user_not_found","line":6,"message":"There is no such user."}
    {"code":400,"error":"invalid_fields","errors":[{"error":"not_allowed","field":"do","message":"This value is not allowed."},{"error":"unknown_field","field":"id","message":"There is no such field."}],"line":7,"message":"Some fields can't be taken; see errors."}
    {"code":400,"error":"invalid_fields","errors":[{"error":"duplicate_field","field":"id","message":"This field stands twice."}],"line":8,"message":"Some fields can't be taken; see errors."}
    {"code":400,"error":"invalid_fields","errors":[{"error":"out_of_range","field":"id","message":"This number is out of range."}],"line":9,"message":"Some fields can't be taken; see errors."}
    {"code":400,"error":"malformed_request","line":10,"message":"The request is not well formed."}
    {"code":200,"id":2,"line":11}
    {"code":200,"id":2,"line":12}
    {"code":200,"id":2,"line":13}
    "#);
        assert_eq!(names(&app, &token, "").await, ["root", "zoe"]);
        assert_eq!(mails(&app).await, 2);
    });
}

#[test]
fn a_bulk_is_bounded() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let line = "{\"do\":\"enable\",\"id\":1}\n";
        assert_eq!(bulk(&app, &token, NDJSON, line.repeat(1_001)).await.error(), "413 request_too_large");
        assert_eq!(bulk(&app, &token, NDJSON, " ".repeat(1_048_577)).await.error(), "413 request_too_large");
        assert_eq!(bulk(&app, &token, "application/json", line.into()).await.error(), "400 unsupported_media_type");
        assert_eq!(bulk(&app, &token, NDJSON, "\n \n".into()).await.text, "");
    });
}
