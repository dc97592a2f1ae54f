//! Every route × every kind of caller, made from the router's own table: what the rule says is what happens.

use doorward_http::{Access, ROUTES, Route};
use http::Method;

use crate::app::{Answer, As, TestApp, on_both_engines, request};

/// Who knocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Nobody,
    Stranger,
    User,
    OtherUser,
    Administrator,
    FormerAdministrator,
    DisabledUser,
    DeletedUser,
    EndedSession,
    ExpiredToken,
}

const CALLERS: [Caller; 10] = [
    Caller::Nobody,
    Caller::Stranger,
    Caller::User,
    Caller::OtherUser,
    Caller::Administrator,
    Caller::FormerAdministrator,
    Caller::DisabledUser,
    Caller::DeletedUser,
    Caller::EndedSession,
    Caller::ExpiredToken,
];

/// What a rule has for a caller.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// Past the guard: whatever the door itself says of the request.
    LetIn,
    /// This status and error.
    Refused(u16, &'static str),
}

/// The rule. A new kind of access does not compile without one, and a route without access fails in
/// `routes.rs`.
fn expected(access: Access, caller: Caller) -> Expected {
    let who = match caller {
        Caller::Nobody => Expected::Refused(403, "token_missing"),
        Caller::Stranger => Expected::Refused(401, "token_malformed"),
        Caller::DisabledUser | Caller::DeletedUser | Caller::EndedSession => Expected::Refused(401, "token_revoked"),
        Caller::ExpiredToken => Expected::Refused(401, "token_expired"),
        Caller::User | Caller::OtherUser | Caller::Administrator | Caller::FormerAdministrator => Expected::LetIn,
    };
    match access {
        Access::Anybody => Expected::LetIn,
        Access::SignedIn => who,
        Access::Administrator => match caller {
            Caller::User | Caller::OtherUser | Caller::FormerAdministrator => Expected::Refused(403, "role_required"),
            _ => who,
        },
        // No person's credential is a service's, an administrator's neither.
        Access::Service => Expected::Refused(401, "service_required"),
    }
}

/// A credential of such a caller, new for each request: some routes end it.
async fn credential(app: &TestApp, caller: Caller, number: usize) -> Option<String> {
    let name = format!("{caller:?}{number}");
    let roles: &[&str] = match caller {
        Caller::Administrator | Caller::FormerAdministrator | Caller::ExpiredToken => &["admin"],
        _ => &[],
    };
    match caller {
        Caller::Nobody => return None,
        Caller::Stranger => return Some("x".into()),
        _ => {}
    }
    let user = app.user_with_roles(&name, roles).await;
    let token = app.token_of(&name).await;
    match caller {
        Caller::DisabledUser => doorward_core::user::disable(&app.doorward, user.id).await.unwrap(),
        Caller::DeletedUser => doorward_core::user::delete(&app.doorward, user.id).await.unwrap(),
        Caller::EndedSession => assert_eq!(app.get("/logout", As::Token(&token)).await.status, 200),
        Caller::FormerAdministrator => {
            assert!(doorward_core::role::revoke(&app.doorward, user.id, "admin").await.unwrap());
        }
        Caller::ExpiredToken => app.advance(3_600).await,
        _ => {}
    }
    Some(token)
}

async fn knock(app: &TestApp, route: &Route, caller: Caller, number: usize) -> Answer {
    // Somebody else's, so that nobody's own things are at stake.
    let id = app.user(&format!("victim{number}of{caller:?}")).await.id;
    let path = route.path.replace("{file}", "index.css").replace("{id}", &id.to_string()).replace("{name}", "nosuch");
    let token = credential(app, caller, number).await;
    let who = token.as_deref().map_or(As::Nobody, As::Bearer);
    let method: Method = route.method.parse().unwrap();
    let request = request(method, &path, who).header("content-type", "application/json").body("{}".into()).unwrap();
    let answer = app.send(request).await;
    if caller == Caller::ExpiredToken {
        app.advance(-3_600).await;
    }
    answer
}

#[test]
fn e1_every_route_gives_every_caller_what_its_rule_says() {
    on_both_engines(async |app| {
        app.user_with_roles("root", &["admin"]).await;
        for (number, route) in ROUTES.iter().enumerate() {
            for caller in CALLERS {
                let answer = knock(&app, route, caller, number).await;
                let place = format!("{caller:?} at {} {}: {}", route.method, route.path, answer.status);
                match expected(route.access, caller) {
                    Expected::LetIn => {
                        assert!(answer.status.as_u16() < 500, "{place}");
                        let guards = ["token_", "role_required", "permission_required"];
                        let is_guard = answer.headers.contains_key("www-authenticate")
                            || guards.iter().any(|name| answer.text.contains(&format!("\"error\":\"{name}")));
                        assert!(!is_guard, "{place}: {}", answer.text);
                    }
                    Expected::Refused(status, error) => {
                        assert_eq!(answer.error(), format!("{status} {error}"), "{place}");
                    }
                }
            }
        }
    });
}

#[test]
fn d2_no_guarded_write_is_done_for_another_site() {
    on_both_engines(async |app| {
        let user = app.user_with_roles("root", &["admin"]).await;
        let cookie = app.log_in("root").await.cookie();
        for route in ROUTES
            .iter()
            .filter(|route| matches!(route.access, Access::SignedIn | Access::Administrator) && route.method != "GET")
        {
            let path = route.path.replace("{id}", &user.id.to_string()).replace("{name}", "admin");
            let request = request(route.method.parse().unwrap(), &path, As::Cookie(&cookie))
                .header("content-type", "application/json")
                .header("sec-fetch-site", "cross-site")
                .body("{}".into())
                .unwrap();
            assert_eq!(app.send(request).await.error(), "403 cross_site_request", "{} {path}", route.method);
        }
        assert_eq!(app.get("/me", As::Cookie(&cookie)).await.status, 200);
    });
}
