//! `GET /users/export`

use insta::assert_snapshot;

use crate::app::{As, on_both_engines};

#[test]
fn f4_a_spreadsheet_runs_nothing_of_an_export() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        for (name, about) in [("=cmd", "+1"), ("-x", "@SUM(1)"), ("+y", "a,\"b\""), ("z", "\t=1")] {
            app.user(name).await;
            app.sql(&format!("UPDATE users SET about_me = '{about}' WHERE username = '{name}'")).await;
        }
        let answer = app.get("/users/export", As::Token(&token)).await;
        assert!(answer.header("content-type").starts_with("text/csv"));
        assert!(answer.header("content-disposition").starts_with("attachment"));
        assert_snapshot!(answer.text.replace('\r', ""), @r#"
    id,username,email,confirmed,name,location,about_me,member_since,last_seen,disabled,disabled_at,disabled_until,disabled_reason,service,roles
    1,root,root@example.com,true,,,,2020-03-15T03:30:00Z,2020-03-15T03:30:00Z,false,,,,false,admin
    2,'=cmd,'=cmd@example.com,true,,,'+1,2020-03-15T03:30:00Z,2020-03-15T03:30:00Z,false,,,,false,
    3,'-x,'-x@example.com,true,,,'@SUM(1),2020-03-15T03:30:00Z,2020-03-15T03:30:00Z,false,,,,false,
    4,'+y,'+y@example.com,true,,,"a,""b""",2020-03-15T03:30:00Z,2020-03-15T03:30:00Z,false,,,,false,
    5,z,z@example.com,true,,,'	=1,2020-03-15T03:30:00Z,2020-03-15T03:30:00Z,false,,,,false,
    "#);
    });
}

#[test]
fn an_export_holds_every_user_once_and_no_secret() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        app.user("anna").await;
        app.sql(
            "INSERT INTO users (username) \
             WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 450) \
             SELECT 'user' || n FROM numbers",
        )
        .await;
        app.catch_up().await;
        let answer = app.get("/users/export?format=ndjson", As::Token(&token)).await;
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        assert!(!answer.text.contains("argon2") && !answer.text.contains("password"));
        let names: Vec<String> = answer
            .text
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["username"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(names.len(), 452);
        assert_eq!(names[..3], ["root", "anna", "user1"]);
        assert_eq!(names[451], "user450");
        let few = app.get("/users/export?search=user44&sort=id", As::Token(&token)).await;
        assert_eq!(few.error(), "400 invalid_fields");
        let few = app.get("/users/export?search=user44", As::Token(&token)).await;
        assert_eq!(few.text.lines().count(), 1 + 11);
        assert_eq!(app.get("/users/export?format=xlsx", As::Token(&token)).await.error(), "400 invalid_fields");
    });
}
