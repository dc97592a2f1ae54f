//! Users and login for any HTTP service, inside an axum application.
//!
//! ```no_run
//! use axum::{Json, Router, routing::get};
//! use doorward::{CurrentUser, Doorward, Envelope};
//!
//! async fn my_info(user: CurrentUser) -> Envelope<serde_json::Value> {
//!     Envelope::successful(serde_json::json!({"hello": user.username, "id": user.user_id}))
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // 1. Doorward, on an embedded database. It is made at the first start.
//! let doorward = Doorward::builder().database("sqlite://app.db").build().await?;
//!
//! // 2. Your own routes. `CurrentUser` guards a handler; `login_required` guards many.
//! let app = Router::new()
//!     .route("/my_info", get(my_info))
//!     .layer(doorward.layer())
//!     // 3. Doorward's routes (`/login`, `/logout`, `/me`, `/docs`…) beside them, at any prefix.
//!     .nest("/auth", doorward.router());
//!
//! // 4. Serve. The background work follows logouts on other replicas.
//! let background = doorward.clone();
//! tokio::spawn(async move { background.run().await });
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Roles
//!
//! A role is a type in a handler's arguments:
//!
//! ```
//! use doorward::{Envelope, RequireRole, RoleName};
//!
//! struct Editor;
//! impl RoleName for Editor {
//!     const NAME: &'static str = "editor";
//! }
//!
//! async fn publish(editor: RequireRole<Editor>) -> Envelope<i64> {
//!     Envelope::successful(editor.user_id)
//! }
//! ```
//!
//! # The application's own database connection and columns
//!
//! Give [`Builder::connection`] the application's SeaORM connection, and Doorward's tables stand beside
//! its own. The `users` table may have columns of the application's: Doorward reads and writes only
//! those that it knows. Declare an entity of your own over the same table for the rest.

mod embed;
pub mod serve;
pub mod telemetry;

pub use doorward_core::{self as core, Error, settings::Settings};
pub use doorward_guard::Identity;
pub use doorward_http::{
    CurrentUser, DoorwardLayer, Envelope, Fields, JsonBody, LoginRequired, Peer, ReadFields, Refusal, RequireRole,
    RoleName,
};
pub use embed::{Builder, Doorward};
