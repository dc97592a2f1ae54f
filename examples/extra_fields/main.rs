//! An application with a column of its own in `users`, on its own database connection.
//!
//! `cargo run --example extra_fields`, then sign in, and `POST /department` with `{"department": "Sales"}`.
//! `DATABASE_URL` and `PORT` say where.

use std::error::Error;

use axum::{Extension, Router, routing::get};
use doorward::{CurrentUser, Doorward, Envelope, Fields, JsonBody, ReadFields, Refusal, Settings};
use doorward_core::password::NewPassword;
use sea_orm::{ActiveValue::Set, ConnectionTrait, Database, DatabaseConnection, entity::prelude::*};

/// The application's own view of the table: the id, and what is its own.
mod employee {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) department: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

struct Move {
    department: String,
}

impl ReadFields for Move {
    fn read(fields: &mut Fields) -> Self {
        Self { department: fields.filled_text("department") }
    }
}

async fn show(
    user: CurrentUser,
    Extension(database): Extension<DatabaseConnection>,
) -> Result<Envelope<Option<String>>, Refusal> {
    let employee = employee::Entity::find_by_id(user.user_id).one(&database).await?;
    Ok(Envelope::successful(employee.and_then(|employee| employee.department)))
}

async fn change(
    user: CurrentUser,
    Extension(database): Extension<DatabaseConnection>,
    JsonBody(request): JsonBody<Move>,
) -> Result<Envelope<String>, Refusal> {
    let row = employee::ActiveModel { id: Set(user.user_id), department: Set(Some(request.department)) };
    let employee = row.update(&database).await?;
    Ok(Envelope::successful(employee.department.unwrap_or_default()))
}

/// Doorward makes its tables first, the application adds its column.
async fn add_column(database: &DatabaseConnection) -> Result<(), sea_orm::DbErr> {
    let there = database.execute_unprepared("SELECT department FROM users LIMIT 1").await.is_ok();
    if !there {
        database.execute_unprepared("ALTER TABLE users ADD COLUMN department VARCHAR(64)").await?;
    }
    Ok(())
}

/// Doorward on the application's own connection, and the routes of both.
async fn application(database: DatabaseConnection, settings: Settings) -> Result<(Doorward, Router), Box<dyn Error>> {
    let doorward = Doorward::builder().settings(settings).connection(database.clone()).build().await?;
    add_column(&database).await?;
    let app = Router::new()
        .route("/department", get(show).post(change))
        .layer(Extension(database))
        .layer(doorward.layer())
        .merge(doorward.router());
    Ok((doorward, app))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://staff.db?mode=rwc".to_owned());
    let port = std::env::var("PORT").map_or(Ok(8080), |port| port.parse::<u16>())?;
    let (doorward, app) = application(Database::connect(url).await?, Settings::default()).await?;
    let password = std::env::var("DOORWARD_ADMIN_PASSWORD").ok().map(NewPassword::new);
    if let Some(made) = doorward.ensure_first_administrator(password).await?
        && let Some(password) = made.generated_password
    {
        println!("The first user is `{}`, with the password {password}", made.username);
    }
    let background = doorward.clone();
    tokio::spawn(async move { background.run().await });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use doorward_core::settings::Profile;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};
    use tempfile::TempDir;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(app: &Router, method: &str, path: &str, token: &str, body: Value) -> Value {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("token", token);
        }
        let answer = app.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn a_user_reads_and_writes_the_applications_own_column() {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("staff.db").display());
        let mut settings = Settings::for_profile(Profile::Testing);
        settings.keys.seal_key_file = folder.path().join("doorward.key");
        let database = Database::connect(url).await.unwrap();
        let (doorward, app) = application(database.clone(), settings).await.unwrap();
        doorward.ensure_first_administrator(Some(NewPassword::new("a long pass phrase"))).await.unwrap();

        let nobody = ask(&app, "POST", "/department", "", json!({"department": "Sales"})).await;
        assert_eq!(nobody["error"], "token_missing");
        let login = json!({"username": "admin", "password": "a long pass phrase"});
        let login = ask(&app, "POST", "/login", "", login).await;
        let token = login["token"].as_str().unwrap();
        assert_eq!(ask(&app, "GET", "/department", token, json!({})).await["data"], Value::Null);
        let refused = ask(&app, "POST", "/department", token, json!({"department": "Sales", "id": 2})).await;
        assert_eq!(refused["errors"][0]["error"], "unknown_field");
        ask(&app, "POST", "/department", token, json!({"department": "Sales"})).await;
        assert_eq!(ask(&app, "GET", "/department", token, json!({})).await["data"], "Sales");

        add_column(&database).await.expect("the second start finds the column");
    }
}
