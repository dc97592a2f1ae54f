use std::time::Duration;

use doorward_core::{
    adopt::{Survey, discover, survey},
    database::connect_read_only,
    doctor::{self, Finding},
    settings::{Profile, Settings},
};

use crate::application::Application;

async fn look(application: &Application) -> Survey {
    let database = connect_read_only(application.url(), Duration::from_secs(30)).await.unwrap();
    let found = discover(&database, None).await.unwrap();
    let survey = survey(&database, &found, &Settings::for_profile(Profile::Testing)).await.unwrap();
    database.close().await;
    survey
}

/// What is said of users, but for what the clock says.
fn of_users(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.count.is_some()).collect()
}

#[tokio::test]
async fn it_says_before_what_doctor_says_afterwards_and_changes_nothing() {
    for application in [Application::sqlite("large.db"), Application::postgres("survey").await] {
        let before = (application.schema().await, application.content().await);
        let survey = look(&application).await;
        assert_eq!((application.schema().await, application.content().await), before);
        let doorward = application.start().await.unwrap();
        let after = doctor::examine(&doorward).await.unwrap();
        assert!(of_users(&after).len() > 5);
        assert_eq!(of_users(&survey.findings), of_users(&after));
        assert_eq!(survey.taken, [""; 0]);
        // What it says would be added is what was.
        let tables = doorward_core::database::tables(doorward.database()).await.unwrap();
        for table in &survey.added.tables {
            assert!(tables.iter().any(|there| there.name == *table), "{table}");
        }
        let users = tables.iter().find(|table| table.name == "users").unwrap();
        assert_eq!(users.columns.len(), 11 + survey.added.columns.len());
    }
}

#[tokio::test]
async fn every_row_of_a_larger_table_is_looked_at() {
    for (application, numbers) in [
        (
            Application::sqlite("small.db"),
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)",
        ),
        (Application::postgres("larger").await, "WITH n (i) AS (SELECT generate_series(1, 3000))"),
    ] {
        application
            .sql(&format!("DELETE FROM users; {numbers} INSERT INTO users (id, username) SELECT i, 'user' || i FROM n"))
            .await;
        let said: Vec<_> = look(&application).await.findings.into_iter().map(|finding| finding.detail).collect();
        assert!(said.iter().any(|line| line.contains("3000 user(s)")), "{said:?}");
    }
}

#[tokio::test]
async fn rows_that_point_at_nobody_are_told_by_the_ids() {
    for application in [Application::sqlite("small.db"), Application::postgres("orphans").await] {
        application
            .sql(
                "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER);
                 INSERT INTO posts VALUES (1, 1), (2, 777), (3, 777), (4, NULL), (5, 778);
                 CREATE TABLE sessions (id INTEGER PRIMARY KEY, user_id TEXT)",
            )
            .await;
        let survey = look(&application).await;
        let told: Vec<_> = survey.orphans.iter().map(|it| (it.table.as_str(), it.rows, it.ids.clone())).collect();
        assert_eq!(told, [("posts", 3, vec!["777".to_owned(), "778".to_owned()])]);
        assert_eq!(survey.taken, ["sessions"]);
    }
}
