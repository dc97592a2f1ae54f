//! `/forward-auth`: what a proxy is told, in the forms of each proxy.

use std::net::SocketAddr;

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_core::{
    forward_auth::{Require, Rule},
    role,
    settings::{HttpStatus, Settings},
    user,
};
use doorward_http::Peer;
use http::{Method, Request, request::Builder};
use serde_json::{Value, json};

use crate::app::{Answer, As, TestApp, configured_on_both_engines, request};

const PAGE: &str = "https://users.example.com/sign-in";

fn rule(methods: &[&str], host: &str, path: &str, require: &[&str]) -> Rule {
    Rule {
        hosts: vec![host.parse().unwrap()],
        paths: vec![path.parse().unwrap()],
        methods: methods.iter().map(|method| method.parse().unwrap()).collect(),
        require: Require::parse(require.iter().copied()).unwrap(),
        audience: None,
    }
}

fn guarding(settings: &mut Settings) {
    settings.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    settings.forward_auth.rules = vec![
        rule(&[], "app.example.com", "/public/**", &["anybody"]),
        rule(&[], "app.example.com", "/admin/**", &["role:admin"]),
        rule(&["GET"], "app.example.com", "/invoices/*", &["permission:invoices:read"]),
        rule(&[], "app.example.com", "/meters", &["scope:meters", "signed-in"]),
        rule(&["GET", "POST"], "*.example.com", "/**", &["signed-in"]),
    ];
}

fn on_both(test: impl AsyncFn(TestApp)) {
    configured_on_both_engines(guarding, test);
}

/// How a proxy puts its question.
#[derive(Debug, Clone, Copy)]
enum Proxy {
    Nginx,
    Caddy,
    Envoy,
}

const PROXIES: [Proxy; 3] = [Proxy::Nginx, Proxy::Caddy, Proxy::Envoy];

impl Proxy {
    /// The question whether `who` may send this request to the host.
    fn asks(self, method: &str, host: &str, target: &str, who: As<'_>) -> Builder {
        let own =
            |method: &str, path: &str| request(method.parse().unwrap(), path, who).header("x-forwarded-proto", "https");
        match self {
            Self::Nginx => own("GET", "/forward-auth")
                .header("x-original-method", method)
                .header("x-original-uri", target)
                .header("x-forwarded-host", host),
            // Traefik's form is the same.
            Self::Caddy => own("GET", "/forward-auth")
                .header("x-forwarded-method", method)
                .header("x-forwarded-uri", target)
                .header("x-forwarded-host", host),
            Self::Envoy => {
                let mut builder = own(method, &format!("/forward-auth{target}"));
                builder.headers_mut().unwrap().insert("host", host.parse().unwrap());
                builder
            }
        }
    }
}

async fn ask(app: &TestApp, proxy: Proxy, method: &str, target: &str, who: As<'_>) -> Answer {
    send(app, proxy.asks(method, "app.example.com", target, who)).await
}

async fn send(app: &TestApp, question: Builder) -> Answer {
    app.send(question.body(Body::empty()).unwrap()).await
}

/// Status and, of a refusal, the error's name.
fn verdict(answer: &Answer) -> String {
    if answer.status == 200 { "200".to_owned() } else { answer.error() }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table: who asks what, and what comes of it")]
fn the_rules_hold_for_everybody_through_every_proxy() {
    on_both(async |app| {
        app.user_with_roles("root", &["admin"]).await;
        let admin = app.token_of("root").await;
        let clerk =
            role::NewRole { name: "clerk".into(), description: None, permissions: ["invoices:read".to_owned()].into() };
        role::create(&app.doorward, clerk).await.unwrap();
        let user = app.user_with_roles("alice", &["clerk"]).await;
        let token = app.token_of("alice").await;
        let key = async |scopes: &[&str]| {
            let body = json!({"name": "k", "scopes": scopes});
            let made = app.call("POST", "/me/api-keys", As::Token(&token), Some(body)).await;
            made.json()["data"]["key"].as_str().unwrap().to_owned()
        };
        let (reading, metering) = (key(&["read"]).await, key(&["read", "write", "meters", "clerk"]).await);
        let disabled = app.user("mallory").await;
        let ended = app.token_of("mallory").await;
        user::disable(&app.doorward, disabled.id).await.unwrap();

        for proxy in PROXIES {
            for (method, target, expected) in [
                ("GET", "/public/x", ["200", "200", "200", "200", "200", "200"]),
                ("POST", "/public", ["200", "200", "200", "200", "200", "200"]),
                (
                    "GET",
                    "/admin",
                    [
                        "403 token_missing",
                        "403 role_required",
                        "200",
                        "403 role_required",
                        "403 role_required",
                        "401 token_revoked",
                    ],
                ),
                (
                    "GET",
                    "/%61dmin/x?y=/public",
                    [
                        "403 token_missing",
                        "403 role_required",
                        "200",
                        "403 role_required",
                        "403 role_required",
                        "401 token_revoked",
                    ],
                ),
                (
                    "DELETE",
                    "/admin/x/",
                    [
                        "403 token_missing",
                        "403 role_required",
                        "200",
                        "403 scope_required",
                        "403 role_required",
                        "401 token_revoked",
                    ],
                ),
                (
                    "GET",
                    "/invoices/7",
                    [
                        "403 token_missing",
                        "200",
                        "403 permission_required",
                        "403 permission_required",
                        "200",
                        "401 token_revoked",
                    ],
                ),
                (
                    "HEAD",
                    "/invoices/7",
                    [
                        "403 token_missing",
                        "200",
                        "403 permission_required",
                        "403 permission_required",
                        "200",
                        "401 token_revoked",
                    ],
                ),
                (
                    "GET",
                    "/meters",
                    ["403 token_missing", "200", "200", "403 scope_required", "200", "401 token_revoked"],
                ),
                ("POST", "/", ["403 token_missing", "200", "200", "403 scope_required", "200", "401 token_revoked"]),
                ("PUT", "/", ["403 no_rule"; 6]),
                ("PURGE", "/", ["403 no_rule"; 6]),
                ("OPTIONS", "/x", ["403 no_rule"; 6]),
            ] {
                let callers = [
                    As::Nobody,
                    As::Bearer(&token),
                    As::Token(&admin),
                    As::Bearer(&reading),
                    As::Bearer(&metering),
                    As::Token(&ended),
                ];
                for (who, expected) in callers.into_iter().zip(expected) {
                    // Verified at first, then remembered.
                    for _ in 0..2 {
                        let answer = ask(&app, proxy, method, target, who).await;
                        if answer.text.is_empty() {
                            // A yes, and an answer to HEAD, have no body that could name an error.
                            assert_eq!(answer.status.as_str(), &expected[..3], "{proxy:?} {method} {target}");
                            assert!(method == "HEAD" || expected == "200", "{proxy:?} {method} {target}");
                        } else {
                            assert_eq!(answer.error(), expected, "{proxy:?} {method} {target}");
                        }
                    }
                }
            }
        }

        // What is told of whoever is let in.
        let answer = ask(&app, Proxy::Nginx, "GET", "/", As::Token(&token)).await;
        let told = |answer: &Answer| {
            ["user", "id", "roles", "email", "assertion"]
                .map(|name| answer.headers.get(format!("x-doorward-{name}")).unwrap().to_str().unwrap().to_owned())
        };
        assert_eq!(told(&answer), ["alice", &user.id.to_string(), "clerk", "alice@example.com", ""]);
        let answer = ask(&app, Proxy::Nginx, "GET", "/public", As::Nobody).await;
        assert_eq!(told(&answer), [""; 5]);
        let answer = ask(&app, Proxy::Nginx, "GET", "/public", As::Token(&ended)).await;
        assert_eq!(told(&answer), [""; 5], "a token that is over is nobody's");
    });
}

#[test]
fn g1_identity_headers_from_outside_are_refused_in_every_spelling() {
    on_both(async |app| {
        let token = app.administrator().await;
        for proxy in PROXIES {
            for name in [
                "X-Doorward-User",
                "x-doorward-user",
                "X_Doorward_User",
                "x_doorward-id",
                "X-DOORWARD-ROLES",
                "X.Doorward.Email",
                "X-Doorward-Assertion",
                "X-Doorward-Whatever",
            ] {
                for who in [As::Nobody, As::Token(&token)] {
                    let question = proxy.asks("GET", "app.example.com", "/public", who).header(name, "root");
                    assert_eq!(
                        send(&app, question).await.error(),
                        "403 identity_header_from_outside",
                        "{proxy:?} {name}"
                    );
                }
            }
        }
    });
}

#[test]
fn g1_paths_that_servers_read_differently_are_refused() {
    on_both(async |app| {
        let token = app.administrator().await;
        for proxy in PROXIES {
            for target in [
                "/public/%2e%2e/admin",
                "/public/../admin",
                "/public/..%2fadmin",
                "//admin",
                "/public//admin",
                "/admin;x",
                "/admin%3Bx",
                "/public%2Fadmin",
                "/public%5cadmin",
                "/public/%252e%252e/admin",
                "/%2561dmin",
                "/admin%00",
                "/%c0%ae%c0%ae/admin",
                "/public/%ff",
                "/public/%u002e",
            ] {
                for who in [As::Nobody, As::Token(&token)] {
                    let answer = ask(&app, proxy, "GET", target, who).await;
                    assert_eq!(answer.error(), "403 path_ambiguous", "{proxy:?} {target}");
                }
            }
        }
    });
}

#[test]
fn g1_what_is_told_twice_or_unclearly_is_refused() {
    on_both(async |app| {
        let token = app.administrator().await;
        let who = As::Token(&token);
        let ask = |proxy: Proxy| proxy.asks("GET", "app.example.com", "/admin", who);
        let unclear = "403 original_request_unclear";
        for proxy in PROXIES {
            for (name, value) in [
                ("x-original-uri", "/public"),
                ("x-forwarded-uri", "/public"),
                ("x-original-method", "POST"),
                ("x-forwarded-method", "POST"),
                ("x-forwarded-host", "other.example.com"),
                ("x-forwarded-proto", "https"),
                ("x-http-method-override", "DELETE"),
                ("x-method-override", "delete"),
            ] {
                let answer = send(&app, ask(proxy).header(name, value)).await;
                // What says the same once more is no contradiction, but a header twice is.
                assert_eq!(verdict(&answer), unclear, "{proxy:?} {name}");
            }
            for method in ["get", "GeT", "GET, POST"] {
                if matches!(proxy, Proxy::Envoy) && method.contains(',') {
                    continue;
                }
                let answer = send(&app, proxy.asks(method, "app.example.com", "/admin", who)).await;
                assert_eq!(answer.error(), unclear, "{proxy:?} {method}");
            }
            for (host, error) in [
                ("evil.example", "403 no_rule"),
                ("app.example.com.evil.example", "403 no_rule"),
                ("example.com", "403 no_rule"),
                ("app.example.com.", unclear),
                ("app.example.com,evil.example", unclear),
                ("root@app.example.com", unclear),
                ("app.example.com:x", unclear),
            ] {
                let answer = send(&app, proxy.asks("GET", host, "/admin", who)).await;
                assert_eq!(answer.error(), error, "{proxy:?} {host}");
            }
            assert_eq!(
                send(&app, proxy.asks("GET", "APP.example.com:443", "/admin", who)).await.status,
                200,
                "{proxy:?}"
            );
        }
        let doubled = ask(Proxy::Nginx).header("x-original-uri", "/admin");
        assert_eq!(send(&app, doubled).await.error(), unclear);
        for target in ["admin", "http://app.example.com/public", "*"] {
            let answer = send(&app, Proxy::Caddy.asks("GET", "app.example.com", target, who)).await;
            assert_eq!(answer.error(), "403 path_ambiguous", "{target}");
        }
        for path in ["/forward-auth", "/forward-auth?x=/public"] {
            let question = request(Method::GET, path, who).header("x-forwarded-proto", "https");
            assert_eq!(send(&app, question).await.error(), unclear, "{path}");
        }
    });
}

#[test]
fn g1_only_a_trusted_proxy_is_answered() {
    on_both(async |app| {
        let token = app.administrator().await;
        for proxy in PROXIES {
            let mut question = proxy.asks("GET", "app.example.com", "/public", As::Token(&token));
            let stranger = Peer { address: Some(SocketAddr::from(([192, 0, 2, 1], 50_000))), tls: false };
            question.extensions_mut().unwrap().insert(stranger);
            assert_eq!(send(&app, question).await.error(), "403 proxy_not_trusted", "{proxy:?}");
        }
    });
    configured_on_both_engines(
        |settings| {
            guarding(settings);
            settings.http.trusted_proxies = Vec::new();
        },
        async |app| {
            let question = Proxy::Nginx.asks("GET", "app.example.com", "/public", As::Nobody);
            assert_eq!(send(&app, question).await.error(), "403 proxy_not_trusted");
        },
    );
}

#[test]
fn a_no_is_never_a_200_and_a_preflight_request_is_no_yes() {
    configured_on_both_engines(
        |settings| {
            guarding(settings);
            settings.http_status = HttpStatus::Always200;
            settings.http.cors_origins = vec!["https://front.example.com".into()];
        },
        async |app| {
            for proxy in PROXIES {
                assert_eq!(ask(&app, proxy, "GET", "/admin", As::Nobody).await.error(), "403 token_missing");
                assert_eq!(ask(&app, proxy, "GET", "//", As::Nobody).await.error(), "403 path_ambiguous");
                let preflight = proxy
                    .asks("OPTIONS", "app.example.com", "/admin", As::Nobody)
                    .header("origin", "https://front.example.com")
                    .header("access-control-request-method", "GET");
                assert_eq!(send(&app, preflight).await.error(), "403 token_missing", "{proxy:?}");
            }
        },
    );
    configured_on_both_engines(
        |settings| {
            guarding(settings);
            settings.http_status = HttpStatus::Always200;
            settings.revocations.max_staleness = 30;
        },
        async |app| {
            let token = app.administrator().await;
            app.clock.advance(31);
            assert_eq!(ask(&app, Proxy::Envoy, "GET", "/admin", As::Token(&token)).await.error(), "503 guard_stale");
        },
    );
}

#[test]
fn d2_a_cookie_counts_for_its_own_pages_only_by_the_original_method() {
    on_both(async |app| {
        app.user("alice").await;
        let cookie = app.log_in("alice").await.cookie();
        let question = |proxy: Proxy, method: &str| proxy.asks(method, "app.example.com", "/", As::Cookie(&cookie));
        for proxy in PROXIES {
            for (origin, site, expected) in [
                ("https://app.example.com", Some("same-origin"), "200"),
                ("https://app.example.com", None, "200"),
                ("https://evil.example", Some("cross-site"), "403 cross_site_request"),
                ("https://other.example.com", Some("same-site"), "403 cross_site_request"),
                ("https://evil.example", None, "403 cross_site_request"),
                ("https://users.example.com", None, "403 cross_site_request"),
                ("null", None, "403 cross_site_request"),
            ] {
                let with = |question: Builder| {
                    let question = question.header("origin", origin);
                    match site {
                        Some(site) => question.header("sec-fetch-site", site),
                        None => question,
                    }
                };
                let answer = send(&app, with(question(proxy, "POST"))).await;
                assert_eq!(verdict(&answer), expected, "{proxy:?} {origin} {site:?}");
                assert_eq!(send(&app, with(question(proxy, "GET"))).await.status, 200, "{proxy:?} {origin}");
            }
        }
    });
}

#[test]
fn d7_a_browser_is_sent_to_sign_in_and_back_only_to_origins_that_are_listed() {
    let configure = |settings: &mut Settings| {
        guarding(settings);
        settings.forward_auth.sign_in_url = Some(PAGE.into());
        settings.forward_auth.return_origins = vec!["https://app.example.com".into()];
    };
    configured_on_both_engines(configure, async |app| {
        let browser = |question: Builder| question.header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
        let back = format!("{PAGE}?next=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3D%2F%2Fevil.example");
        for (host, expected) in
            [("app.example.com", back.as_str()), ("app.example.com:8443", PAGE), ("b.example.com", PAGE)]
        {
            for proxy in [Proxy::Caddy, Proxy::Envoy] {
                let answer = send(&app, browser(proxy.asks("GET", host, "/a?b=//evil.example", As::Nobody))).await;
                assert_eq!((answer.status.as_u16(), answer.header("location")), (302, expected), "{proxy:?}");
            }
            // nginx takes no redirect for an answer: its configuration makes one.
            let answer = send(&app, browser(Proxy::Nginx.asks("GET", host, "/a?b=//evil.example", As::Nobody))).await;
            assert_eq!(answer.error(), "403 token_missing");
            assert_eq!((answer.header("location"), answer.header("x-doorward-sign-in")), ("", expected));
        }
        let over = browser(Proxy::Caddy.asks("GET", "app.example.com", "/", As::Cookie("doorward=none")));
        assert_eq!(send(&app, over).await.status, 302);

        // Programs are told what is wrong.
        let ask = |method: &str, target: &str, who| browser(Proxy::Caddy.asks(method, "app.example.com", target, who));
        for (question, error) in [
            (Proxy::Caddy.asks("GET", "app.example.com", "/", As::Nobody), "403 token_missing"),
            (Proxy::Caddy.asks("GET", "app.example.com", "/", As::Nobody).header("accept", "*/*"), "403 token_missing"),
            (ask("POST", "/", As::Nobody), "403 token_missing"),
            (ask("GET", "/", As::Token("x")), "401 token_malformed"),
            (ask("GET", "/", As::Nobody).header("x-requested-with", "XMLHttpRequest"), "403 token_missing"),
            (ask("GET", "/", As::Nobody).header("sec-fetch-mode", "cors"), "403 token_missing"),
            (ask("GET", "//", As::Nobody), "403 path_ambiguous"),
            (ask("PUT", "/", As::Nobody), "403 no_rule"),
        ] {
            assert_eq!(send(&app, question).await.error(), error);
        }
    });
}

/// Header and claims of a JWT.
fn opened(token: &str) -> (Value, Value) {
    let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    (serde_json::from_slice(&parts[0]).unwrap(), serde_json::from_slice(&parts[1]).unwrap())
}

#[test]
fn c2_an_assertion_is_verified_by_the_published_keys_and_is_no_access_token() {
    let configure = |settings: &mut Settings| {
        guarding(settings);
        settings.forward_auth.assertion = true;
        settings.forward_auth.rules[1].audience = Some("the admin pages".into());
    };
    configured_on_both_engines(configure, async |app| {
        let user = app.user_with_roles("root", &["admin"]).await;
        let token = app.token_of("root").await;
        let answer = ask(&app, Proxy::Caddy, "GET", "/admin", As::Token(&token)).await;
        let assertion = answer.header("x-doorward-assertion").to_owned();
        let (head, claims) = opened(&assertion);
        assert_eq!((&head["alg"], &head["typ"]), (&json!("EdDSA"), &json!("assertion+jwt")));
        let expected = json!({
            "iss": "doorward", "aud": "the admin pages", "sub": user.id.to_string(), "iat": crate::app::BEGIN,
            "exp": crate::app::BEGIN + 60, "jti": claims["jti"], "roles": ["admin"], "preferred_username": "root",
            "email": "root@example.com",
        });
        assert_eq!(claims, expected);

        let jwks = app.get("/.well-known/jwks.json", As::Nobody).await.json();
        let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).unwrap();
        let key = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let public = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, key);
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();

        for who in [As::Token(&assertion), As::Bearer(&assertion)] {
            assert_eq!(ask(&app, Proxy::Caddy, "GET", "/admin", who).await.error(), "401 token_invalid");
            assert_eq!(app.get("/me", who).await.error(), "401 token_invalid");
        }
        let answer = ask(&app, Proxy::Caddy, "GET", "/", As::Token(&token)).await;
        assert_eq!(opened(answer.header("x-doorward-assertion")).1["aud"], "https://app.example.com");
        assert_eq!(ask(&app, Proxy::Caddy, "GET", "/public", As::Nobody).await.header("x-doorward-assertion"), "");
    });
}

#[test]
fn a_remembered_credential_asks_no_database() {
    configured_on_both_engines(
        |settings| {
            guarding(settings);
            settings.revocations.max_staleness = 0;
        },
        async |app| {
            app.user_with_roles("root", &["admin"]).await;
            let token = app.token_of("root").await;
            let cookie = app.log_in("root").await.cookie();
            for who in [As::Token(&token), As::Cookie(&cookie)] {
                assert_eq!(ask(&app, Proxy::Nginx, "GET", "/admin", who).await.status, 200);
            }
            app.doorward.database().close().await;
            for seconds in [0, 9, 20] {
                app.clock.advance(seconds);
                for who in [As::Token(&token), As::Cookie(&cookie)] {
                    let answer = ask(&app, Proxy::Nginx, "GET", "/admin", who).await;
                    assert_eq!(answer.status, 200, "{seconds}");
                    assert_eq!(answer.header("x-doorward-email"), "root@example.com");
                }
            }
        },
    );
}

#[test]
fn an_address_is_told_once_it_is_confirmed_and_anew_after_ten_seconds() {
    on_both(async |app| {
        let (user, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap().to_owned();
        let told =
            async || ask(&app, Proxy::Nginx, "GET", "/", As::Token(&token)).await.header("x-doorward-email").to_owned();
        assert_eq!(told().await, "alice@example.com");
        app.sql(&format!("UPDATE users SET confirmed = FALSE WHERE id = {}", user.id)).await;
        assert_eq!(told().await, "alice@example.com");
        app.advance(10).await;
        assert_eq!(told().await, "");
    });
}

#[test]
fn questions_need_no_host_of_ours() {
    let configure = |settings: &mut Settings| {
        guarding(settings);
        settings.public_url = Some("https://users.example.com".into());
    };
    configured_on_both_engines(configure, async |app| {
        let mut question: Request<Body> =
            Proxy::Caddy.asks("GET", "app.example.com", "/public", As::Nobody).body(Body::empty()).unwrap();
        question.headers_mut().insert("host", "doorward.internal:8080".parse().unwrap());
        assert_eq!(app.send(question).await.status, 200);
        let mut other: Request<Body> = request(Method::GET, "/me", As::Nobody).body(Body::empty()).unwrap();
        other.headers_mut().insert("host", "doorward.internal:8080".parse().unwrap());
        assert_eq!(app.send(other).await.error(), "421 misdirected_request");
    });
}
