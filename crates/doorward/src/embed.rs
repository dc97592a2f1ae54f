use std::sync::Arc;

use axum::Router;
use doorward_core::{
    Clock, Error, Start,
    event::Listener,
    hook::Hooks,
    password::NewPassword,
    settings::{Settings, TokenFormat},
    user::{self, FirstAdministrator},
};
use doorward_http::{App, DoorwardLayer, LoginRequired};

/// Doorward inside an application. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Doorward {
    app: App,
}

/// How a [`Doorward`] is to be. Made by [`Doorward::builder`].
pub struct Builder {
    start: Start,
}

impl Doorward {
    /// With the defaults: SQLite in `doorward.db`, tokens as JWT.
    pub fn builder() -> Builder {
        Builder { start: Start::new(Settings::default()) }
    }

    /// Doorward's own routes, to be mounted at any prefix.
    pub fn router(&self) -> Router {
        doorward_http::router(&self.app)
    }

    /// Makes the extractors [`CurrentUser`](crate::CurrentUser) and [`RequireRole`](crate::RequireRole)
    /// work on the routes inside.
    pub fn layer(&self) -> DoorwardLayer {
        DoorwardLayer::new(self.app.clone())
    }

    /// Lets nobody through to the routes inside who isn't signed in.
    pub fn login_required(&self) -> LoginRequired {
        LoginRequired::new(self.app.clone())
    }

    /// Does what goes on in the background, for as long as it is polled: spawn it. Without it, logouts
    /// on other replicas are not heard of, and after `revocations.max_staleness` every token is refused.
    pub async fn run(&self) -> Result<(), Error> {
        self.core().run().await
    }

    /// On an empty database, makes the user `admin`, with this password or a random one.
    pub async fn ensure_first_administrator(
        &self,
        password: Option<NewPassword>,
    ) -> Result<Option<FirstAdministrator>, Error> {
        user::ensure_first_administrator(self.core(), password).await
    }

    /// The handle that the operations of [`doorward::core`](crate::core) take.
    pub fn core(&self) -> &doorward_core::Doorward {
        self.app.doorward()
    }

    /// What the doors share, for servers that build on [`doorward_http`].
    pub fn app(&self) -> &App {
        &self.app
    }
}

impl Builder {
    /// Takes all settings at once, as [`doorward_core::settings::load`] reads them.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.start.migrate = settings.auto_migrate;
        self.start.settings = settings;
        self
    }

    /// Which database: `sqlite://FILE` or `postgres://…`.
    #[must_use]
    pub fn database(mut self, url: &str) -> Self {
        self.start.settings.database = url.into();
        self
    }

    /// The application's own connection, instead of a database of Doorward's own.
    #[must_use]
    pub fn connection(mut self, connection: sea_orm::DatabaseConnection) -> Self {
        self.start.connection = Some(connection);
        self
    }

    /// Issues tokens that a Flask application verifies under the same `SECRET_KEY`.
    #[must_use]
    pub fn flask_tokens(mut self, secret_key: &str) -> Self {
        let token = &mut self.start.settings.token;
        token.format = TokenFormat::Flask;
        token.secret_keys = vec![doorward_core::settings::Secret::new(secret_key)];
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.start.clock = clock;
        self
    }

    /// Tells this listener what happens to accounts, once it is committed. May be called several times.
    #[must_use]
    pub fn on_event(mut self, listener: impl Listener) -> Self {
        self.start.listeners.push(Arc::new(listener));
        self
    }

    /// Asks the application before somebody registers or signs in, and for claims of its own in tokens.
    #[must_use]
    pub fn hooks(mut self, hooks: impl Hooks) -> Self {
        self.start.hooks = Arc::new(hooks);
        self
    }

    /// Connects, and brings the database up to date.
    ///
    /// # Errors
    /// [`Error::Startup`] says what is wrong, where, and what to do.
    pub async fn build(self) -> Result<Doorward, Error> {
        let doorward = doorward_core::Doorward::start(self.start).await?;
        Ok(Doorward { app: App::new(doorward) })
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}
