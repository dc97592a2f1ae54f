//! `GET /openapi.json`, `GET /swagger.json`, `GET /docs`, `GET /`

use doorward_core::settings::HttpStatus;
use serde_json::json;

use crate::app::{As, configured_on_both_engines, on_both_engines};

#[test]
fn the_description_tells_of_every_door_and_both_tokens() {
    configured_on_both_engines(
        |settings| settings.api.title = "Our users".into(),
        async |app| {
            let api = app.get("/openapi.json", As::Nobody).await.json();
            assert_eq!(api, app.get("/swagger.json", As::Nobody).await.json());
            assert_eq!(api["openapi"], "3.1.0");
            assert_eq!(api["info"]["title"], "Our users");
            assert!(api["paths"]["/login"]["post"].is_object());
            assert!(api["paths"]["/logout"]["get"].is_object());
            for scheme in ["token", "bearer", "cookie"] {
                assert!(api["components"]["securitySchemes"][scheme].is_object(), "{scheme}");
            }
            let refusal = &api["paths"]["/me"]["get"]["responses"]["401"];
            assert_eq!(refusal["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/ErrorAnswer");
            assert_eq!(api["components"]["schemas"]["LoginRequest"]["additionalProperties"], false);
        },
    );
}

#[test]
fn where_the_status_is_always_200_a_success_is_described_beside_a_failure() {
    configured_on_both_engines(
        |settings| settings.http_status = HttpStatus::Always200,
        async |app| {
            let api = app.get("/openapi.json", As::Nobody).await.json();
            let answer = &api["paths"]["/login"]["post"]["responses"]["200"]["content"]["application/json"]["schema"];
            let names =
                ["ErrorAnswer", "LoginAnswer"].map(|name| json!({"$ref": format!("#/components/schemas/{name}")}));
            assert_eq!(answer["anyOf"], json!(names));
        },
    );
}

#[test]
fn the_root_leads_to_swagger_ui_which_is_served_from_here() {
    on_both_engines(async |app| {
        assert_eq!(app.get("/", As::Nobody).await.header("location"), "docs/");
        let page = app.get("/docs/", As::Nobody).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("swagger-ui"));
        assert!(!page.header("content-security-policy").contains("script-src 'self' 'unsafe-inline'"));
        for file in ["swagger-initializer.js", "swagger-ui-bundle.js", "swagger-ui.css"] {
            assert_eq!(app.get(&format!("/docs/{file}"), As::Nobody).await.status, 200, "{file}");
        }
        assert_eq!(app.get("/docs/..%2f..%2fetc%2fpasswd", As::Nobody).await.status, 404);
    });
}
