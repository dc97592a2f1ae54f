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
//! # A say in what happens
//!
//! Hooks are asked before somebody registers or signs in, and may add claims to tokens; listeners hear
//! what has happened, once it is committed.
//!
//! ```
//! use doorward::{Doorward, Event, EventKind, Hooks, Listener, SignIn, Veto, async_trait};
//! use serde_json::{Map, Value, json};
//!
//! struct House;
//!
//! #[async_trait]
//! impl Hooks for House {
//!     async fn before_login(&self, sign_in: &SignIn<'_>) -> Result<(), Veto> {
//!         match sign_in.user.location.as_deref() {
//!             Some("abroad") => Err(Veto::because("Sign in from the office, please.")),
//!             _ => Ok(()),
//!         }
//!     }
//!
//!     fn extra_claims(&self, user: &doorward::core::user::User) -> Map<String, Value> {
//!         Map::from_iter([("tenant".to_owned(), json!(user.id.0 % 7))])
//!     }
//! }
//!
//! /// Hands over what takes time: a listener must not wait.
//! struct Welcome(std::sync::mpsc::Sender<i64>);
//!
//! impl Listener for Welcome {
//!     fn happened(&self, event: &Event) {
//!         if let (EventKind::Registered, Some(user)) = (event.kind, event.user_id) {
//!             let _ = self.0.send(user.0);
//!         }
//!     }
//! }
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let mut settings = doorward::Settings::default();
//! # settings.keys.seal_key_file = folder.path().join("seal.key");
//! # let database = format!("sqlite://{}", folder.path().join("app.db").display());
//! let (welcome, _newcomers) = std::sync::mpsc::channel();
//! let builder = Doorward::builder();
//! # let builder = builder.settings(settings).database(&database);
//! let doorward = builder.hooks(House).on_event(Welcome(welcome)).build().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
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

pub use doorward_core::{
    self as core, Error,
    event::{Event, EventKind, Listener},
    hook::{Hooks, Registration, SignIn, Veto, async_trait},
    settings::Settings,
};
pub use doorward_guard::Identity;
pub use doorward_http::{
    CurrentUser, DoorwardLayer, Envelope, Fields, JsonBody, LoginRequired, Peer, ReadFields, Refusal, RequireRole,
    RoleName,
};
pub use embed::{Builder, Doorward};
