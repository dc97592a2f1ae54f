//! `GET /users`, `POST /users`

mod bulk;
mod export;
mod id;
mod undelete;

use doorward_core::user::{self, NewUser};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::app::{As, TestApp, on_both_engines};

pub(crate) async fn names(app: &TestApp, token: &str, query: &str) -> Vec<String> {
    let answer = app.get(&format!("/users{query}"), As::Token(token)).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    names_of(&answer.json())
}

fn names_of(answer: &Value) -> Vec<String> {
    let users = answer["data"]["users"].as_array().unwrap();
    users.iter().map(|user| user["username"].as_str().unwrap_or("-").to_owned()).collect()
}

/// All pages of a list, one after the other.
async fn all(app: &TestApp, token: &str, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    for _ in 0..50 {
        let answer = app.get(&format!("/users{query}{cursor}"), As::Token(token)).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        let answer = answer.json();
        found.extend(names_of(&answer));
        match answer["data"]["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
    panic!("{query} has no end");
}

#[test]
fn a_user_is_listed_as_administrators_see_them() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let answer = app.get("/users", As::Token(&token)).await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":{"users":[{"id":1,"username":"root","email":"root@example.com","confirmed":true,"name":null,"location":null,"about_me":null,"member_since":"2020-03-15T03:30:00Z","last_seen":"2020-03-15T03:30:00Z","avatar_hash":"04edfc0ef6c6cf6d6b88fbc69f9f9071","language":null,"disabled":false,"disabled_at":null,"disabled_until":null,"disabled_reason":null,"delete_after":null,"must_change_password":false,"service":false,"roles":["admin"]}],"next":null}}"#);
        assert_eq!(answer.header("cache-control"), "no-store");
    });
}

#[test]
fn every_order_goes_through_all_pages_forwards_and_back() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        for name in ["Zoe", "alice", "Émile", "bob", "王小明"] {
            app.advance(60).await;
            app.user(name).await;
        }
        // Rows of another application: without a key yet, without times.
        app.sql("INSERT INTO users (username) VALUES ('unkeyed')").await;
        let by_id = ["root", "Zoe", "alice", "Émile", "bob", "王小明", "unkeyed"];
        let by_name = ["unkeyed", "alice", "bob", "root", "Zoe", "Émile", "王小明"];
        let by_time = ["unkeyed", "root", "Zoe", "alice", "Émile", "bob", "王小明"];
        for (sort, wanted) in [("id", by_id), ("username", by_name), ("member_since", by_time)] {
            for limit in [1, 2, 3, 200] {
                let found = all(&app, &token, &format!("?limit={limit}&sort={sort}")).await;
                assert_eq!(found, wanted, "{sort} by {limit}");
                let mut back = all(&app, &token, &format!("?limit={limit}&sort=-{sort}")).await;
                back.reverse();
                assert_eq!(back, wanted, "-{sort} by {limit}");
            }
        }
        assert_eq!(all(&app, &token, "?limit=2&sort=last_seen").await.len(), 7);
    });
}

#[test]
fn a_prefix_is_found_in_names_and_addresses_once_each() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        for name in ["anna", "Annabel", "ann_x", "annex", "banner", "an"] {
            app.user(name).await;
        }
        app.sql("UPDATE users SET email = 'annual@example.com' WHERE username = 'banner'").await;
        app.catch_up().await;
        let wanted = ["ann_x", "anna", "Annabel", "annex", "banner"];
        for limit in [1, 2, 3, 200] {
            for search in ["ann", "ANN", "%EF%BD%81nn"] {
                let found = all(&app, &token, &format!("?limit={limit}&search={search}")).await;
                assert_eq!(found, wanted, "{search} by {limit}");
            }
        }
        assert_eq!(all(&app, &token, "?limit=1&search=an&disabled=false").await.len(), 6);
        assert_eq!(all(&app, &token, "?search=nobody").await, Vec::<String>::new());
        let found = all(&app, &token, "?limit=1&search=nn&match=substring").await;
        assert_eq!(found, ["anna", "Annabel", "ann_x", "annex", "banner"]);
    });
}

#[test]
fn f3_wildcards_are_literal_and_cursors_are_sealed() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        for username in ["a%b", "a_b", "a\\b", "axb", "ayb"] {
            let new = NewUser { username, email: None, password: None, confirmed: false, roles: Vec::new() };
            user::create(&app.doorward, new).await.unwrap();
        }
        for (search, wanted) in [("a%25", "a%b"), ("a_", "a_b"), ("a%5C", "a\\b")] {
            for how in ["prefix", "substring"] {
                let found = all(&app, &token, &format!("?search={search}&match={how}")).await;
                assert_eq!(found, [wanted], "{search} as {how}");
            }
        }
        let first = app.get("/users?limit=2", As::Token(&token)).await.json();
        let cursor = first["data"]["next"].as_str().unwrap();
        assert_eq!(names(&app, &token, &format!("?limit=2&cursor={cursor}")).await, ["a_b", "a\\b"]);
        let mut tampered = cursor.to_owned();
        let last = if tampered.pop() == Some('A') { 'B' } else { 'A' };
        tampered.push(last);
        for (query, field) in [
            (format!("cursor={tampered}"), "cursor"),
            (format!("sort=username&cursor={cursor}"), "cursor"),
            (format!("confirmed=true&cursor={cursor}"), "cursor"),
            ("cursor=".into(), "cursor"),
            ("cursor=7".into(), "cursor"),
            ("sort=password_hash".into(), "sort"),
            ("sort=id%3B".into(), "sort"),
            ("search=a&sort=id".into(), "sort"),
            ("search=".into(), "search"),
            ("search=%00".into(), "search"),
            (format!("search={}", "x".repeat(65)), "search"),
            ("match=substring".into(), "search"),
            ("search=a&match=regex".into(), "match"),
            ("disabled=1".into(), "disabled"),
            ("role=%00".into(), "role"),
            ("page=2".into(), "page"),
            ("limit=1&limit=2".into(), "limit"),
        ] {
            let answer = app.get(&format!("/users?{query}"), As::Token(&token)).await;
            assert_eq!(answer.error(), "400 invalid_fields", "{query}");
            assert_eq!(answer.json()["errors"][0]["field"], field, "{query}");
        }
    });
}

#[test]
fn f6_numbers_out_of_range_are_told_so() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        for limit in ["0", "201", "-1", "1000000000", "9223372036854775808", "1e1", "1.5", "", "%20"] {
            let answer = app.get(&format!("/users?limit={limit}"), As::Token(&token)).await;
            assert_eq!(answer.error(), "400 invalid_fields", "{limit}");
        }
    });
}

#[test]
fn every_filter_lets_through_just_its_own() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        for name in ["anna", "bert", "cleo", "dora"] {
            app.user(name).await;
        }
        let disable = async |id: i64, body| {
            assert_eq!(
                app.call("POST", &format!("/users/{id}/disable"), As::Token(&token), Some(body)).await.status,
                200
            );
        };
        disable(2, json!({})).await;
        disable(3, json!({"until": "2020-03-15T03:31:00Z"})).await;
        app.sql("UPDATE users SET confirmed = NULL WHERE username = 'cleo'").await;
        app.sql("UPDATE users SET service = (1 = 1) WHERE username = 'dora'").await;
        for (query, wanted) in [
            ("?role=admin", &["root"][..]),
            ("?role=nobody", &[]),
            ("?disabled=true", &["anna", "bert"]),
            ("?disabled=false", &["root", "cleo", "dora"]),
            ("?confirmed=false", &["cleo"]),
            ("?confirmed=true&disabled=false", &["root", "dora"]),
            ("?service=true", &["dora"]),
            ("?service=false&disabled=false&sort=-username", &["root", "cleo"]),
            ("?role=admin&sort=-last_seen", &["root"]),
            ("?role=admin&search=ro", &["root"]),
            ("?disabled=true&search=ex&match=substring", &["anna", "bert"]),
        ] {
            assert_eq!(names(&app, &token, query).await, wanted, "{query}");
        }
        app.advance(60).await;
        assert_eq!(names(&app, &token, "?disabled=true").await, ["anna"], "the time of the other is over");
    });
}

#[test]
fn a_user_is_made_without_a_password_and_mailed_the_way_to_one() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let new = json!({"username": "zoe", "email": "Zoe@example.com", "roles": ["admin"]});
        let answer = app.call("POST", "/users", As::Token(&token), Some(new)).await;
        assert_snapshot!(answer.shown(), @r#"201 {"code":201,"message":null,"data":{"id":2,"username":"zoe","email":"Zoe@example.com","confirmed":false,"name":null,"location":null,"about_me":null,"member_since":"2020-03-15T03:30:00Z","last_seen":"2020-03-15T03:30:00Z","avatar_hash":"76cec4168e20ad317a8afb3a81ae3fce","language":null,"disabled":false,"disabled_at":null,"disabled_until":null,"disabled_reason":null,"delete_after":null,"must_change_password":false,"service":false,"roles":["admin"]}}"#);
        assert_eq!(mails(&app).await, 1);
        let again = app
            .call(
                "POST",
                "/users",
                As::Token(&token),
                Some(json!({
                    "username": "ZOE", "email": "another@example.com",
                })),
            )
            .await;
        assert_eq!(again.error(), "409 username_taken");
        for (body, wanted) in [
            (json!({"username": "yan", "email": "zoe@EXAMPLE.com"}), "409 email_taken"),
            (json!({"username": "yan", "email": "yan@example.com", "roles": ["nobody"]}), "404 role_not_found"),
            (json!({"username": "a b", "email": "yan"}), "400 invalid_fields"),
            (json!({"username": "yan"}), "400 invalid_fields"),
        ] {
            assert_eq!(
                app.call("POST", "/users", As::Token(&token), Some(body.clone())).await.error(),
                wanted,
                "{body}"
            );
        }
        assert_eq!(mails(&app).await, 1, "no mail without its account");
        assert_eq!(names(&app, &token, "").await, ["root", "zoe"]);
    });
}

pub(crate) async fn mails(app: &TestApp) -> u64 {
    use sea_orm::{EntityTrait as _, PaginatorTrait as _};
    doorward_core::mail::Entity::find().count(app.doorward.database().reads()).await.unwrap()
}

#[test]
fn e2_nobody_sets_by_a_body_what_has_a_door_of_its_own() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let id = app.user("anna").await.id;
        for field in
            ["confirmed", "id", "password", "password_hash", "member_since", "disabled", "disabled_at", "service"]
        {
            let mut new = json!({"username": "zoe", "email": "zoe@example.com"});
            new[field] = json!(true);
            let mut change = json!({"name": "Anna"});
            change[field] = json!(true);
            for (method, path, body) in [("POST", "/users".to_owned(), new), ("PATCH", format!("/users/{id}"), change)]
            {
                let answer = app.call(method, &path, As::Token(&token), Some(body)).await;
                assert_eq!(answer.error(), "400 invalid_fields", "{method} {field}");
                assert_eq!(
                    answer.json()["errors"],
                    json!([{
                        "field": field, "error": "unknown_field", "message": "There is no such field.",
                    }])
                );
            }
        }
        let roles = json!({"name": "Anna", "roles": ["admin"]});
        let answer = app.call("PATCH", &format!("/users/{id}"), As::Token(&token), Some(roles)).await;
        assert_eq!(answer.json()["errors"][0]["field"], "roles");
        assert_eq!(names(&app, &token, "").await, ["root", "anna"]);
    });
}
