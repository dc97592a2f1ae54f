//! The router, read: no route without a rule, a description and a test.

use std::collections::BTreeSet;

use doorward_core::settings::Settings;
use doorward_http::{Access, ROUTES};

fn described() -> BTreeSet<(String, String)> {
    let api = serde_json::to_value(doorward_http::openapi(&Settings::default())).unwrap();
    let mut routes = BTreeSet::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            routes.insert((method.to_uppercase(), path.clone()));
        }
    }
    routes
}

#[test]
fn e1_every_route_has_a_rule_and_a_description() {
    let ruled: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(described(), ruled);
}

#[test]
fn e1_the_description_asks_for_a_token_where_the_rule_does() {
    let api = serde_json::to_value(doorward_http::openapi(&Settings::default())).unwrap();
    for route in ROUTES {
        let operation = &api["paths"][route.path][route.method.to_lowercase()];
        let asks = operation["security"].is_array();
        assert_eq!(asks, route.access != Access::Anybody, "{} {}", route.method, route.path);
        assert!(!operation["responses"].as_object().unwrap().is_empty());
    }
}

#[test]
fn operation_ids_differ() {
    let api = serde_json::to_value(doorward_http::openapi(&Settings::default())).unwrap();
    let ids: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| api["paths"][route.path][route.method.to_lowercase()]["operationId"].to_string())
        .collect();
    assert_eq!(ids.len(), ROUTES.len(), "{ids:?}");
    assert!(ids.contains("\"post_login\""));
}

#[test]
fn every_route_is_named_in_a_test() {
    let tests = [
        include_str!("audit.rs"),
        include_str!("confirm.rs"),
        include_str!("envelope.rs"),
        include_str!("forward_auth.rs"),
        include_str!("introspect.rs"),
        include_str!("invitations.rs"),
        include_str!("login.rs"),
        include_str!("logout.rs"),
        include_str!("me.rs"),
        include_str!("me/email.rs"),
        include_str!("me/password.rs"),
        include_str!("me/api_keys.rs"),
        include_str!("me/deletion.rs"),
        include_str!("me/export.rs"),
        include_str!("me/sessions.rs"),
        include_str!("openapi.rs"),
        include_str!("operation.rs"),
        include_str!("password/forgot.rs"),
        include_str!("password/reset.rs"),
        include_str!("register.rs"),
        include_str!("token/refresh.rs"),
        include_str!("revocations.rs"),
        include_str!("roles.rs"),
        include_str!("users.rs"),
        include_str!("users/bulk.rs"),
        include_str!("users/export.rs"),
        include_str!("users/id.rs"),
        include_str!("users/undelete.rs"),
        include_str!("well_known/mod.rs"),
    ]
    .concat();
    for route in ROUTES {
        let path = route.path.replace("{file}", "");
        assert!(tests.contains(&format!("\"{path}")), "no test calls {} {}", route.method, route.path);
    }
}
