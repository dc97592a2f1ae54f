use std::time::Duration;

use doorward_core::{
    Error,
    adopt::{Discovered, discover},
    database::connect_read_only,
};

use crate::application::Application;

async fn look(application: &Application, table: Option<&str>) -> Result<Discovered, Error> {
    let database = connect_read_only(application.url(), Duration::from_secs(30)).await?;
    let found = discover(&database, table).await;
    database.close().await;
    found
}

#[tokio::test]
async fn the_flask_systems_table_is_found_and_fits_in_place() {
    for application in
        [Application::sqlite("small.db"), Application::sqlite("large.db"), Application::postgres("discover").await]
    {
        let (schema, content) = (application.schema().await, application.content().await);
        let found = look(&application, None).await.unwrap();
        assert!(found.mapping.fits_in_place() && !found.adopted, "{:?}", found.mapping);
        assert_eq!((application.schema().await, application.content().await), (schema, content));
    }
}

#[tokio::test]
async fn djangos_table_is_found_by_its_columns() {
    let application = Application::sqlite("small.db");
    application
        .sql(
            "DROP TABLE users; CREATE TABLE auth_user (id integer PRIMARY KEY, password varchar(128), \
             last_login datetime, is_superuser bool, username varchar(150), first_name varchar(150), \
             last_name varchar(150), email varchar(254), is_staff bool, is_active bool, date_joined datetime)",
        )
        .await;
    let mapping = look(&application, None).await.unwrap().mapping;
    assert!(!mapping.fits_in_place());
    let shown = mapping.columns().map(|(meaning, column)| format!("{meaning}={column}")).collect::<Vec<_>>().join(" ");
    assert_eq!(
        shown,
        "id=id username=username email=email password_hash=password active=is_active administrator=is_superuser \
         first_name=first_name last_name=last_name member_since=date_joined last_seen=last_login"
    );
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_by_name() {
    let application = Application::sqlite("small.db");
    application
        .sql(
            "CREATE TABLE members (id INTEGER PRIMARY KEY, login TEXT, password TEXT);
             CREATE VIEW shown AS SELECT * FROM users",
        )
        .await;
    let refusal = |found: Result<Discovered, Error>| found.unwrap_err().to_string();
    let told = refusal(look(&application, None).await);
    assert!(told.contains("`members`, `users`") && told.contains("--table"), "{told}");
    assert!(look(&application, Some("users")).await.is_ok());
    assert!(refusal(look(&application, Some("shown")).await).contains("is a view"));
    assert!(refusal(look(&application, Some("x\" y")).await).contains("no table"));
    application.sql("DROP VIEW shown; DROP TABLE members; DROP TABLE users").await;
    assert!(refusal(look(&application, None).await).contains("no table here holds users"));
}
