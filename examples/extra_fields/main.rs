//! An application with a column of its own in `users`, on its own database connection.
//!
//! `cargo run --example extra_fields`, then sign in and `POST /department` with a text.

use std::error::Error;

use axum::{Extension, Router, routing::get};
use doorward::{CurrentUser, Doorward, Envelope, Fields, JsonBody, ReadFields, Refusal};
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

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = Database::connect("sqlite://staff.db?mode=rwc").await?;
    let doorward = Doorward::builder().connection(database.clone()).build().await?;
    add_column(&database).await?;
    let password = std::env::var("DOORWARD_ADMIN_PASSWORD").ok().map(NewPassword::new);
    if let Some(made) = doorward.ensure_first_administrator(password).await?
        && let Some(password) = made.generated_password
    {
        println!("The first user is `{}`, with the password {password}", made.username);
    }
    let app = Router::new()
        .route("/department", get(show).post(change))
        .layer(Extension(database))
        .layer(doorward.layer())
        .merge(doorward.router());

    let background = doorward.clone();
    tokio::spawn(async move { background.run().await });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
