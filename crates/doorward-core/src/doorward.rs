use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use doorward_guard::{FlaskAlgorithm, Guard, GuardConfig};
use tokio::sync::Notify;

use crate::{
    Actor, Caller, Clock, Error, Randomness, SystemClock, SystemRandomness, adopt,
    audit::{self, Recorded},
    challenge::{Challenge, SiteVerify},
    database::{self, Database, DatabaseOptions, Origin, StoredTime},
    event::Listener,
    forward_auth,
    hook::{Hooks, NoHooks},
    mail::{self, Outbox},
    outbound::Outbound,
    password::HashingPool,
    profile::ProfileSchema,
    revocation::{self, Feed, Published, Recent},
    role::{self, Permissions},
    session::Activity,
    settings::{self, Settings},
    signing_key::{SealKey, SigningKeys},
    throttle::{self, Filter},
    token, transfer, user,
};

/// The handle that every operation takes: the database, the clock, randomness, keys and
/// configuration. Cheap to clone; all clones are one Doorward.
#[derive(Clone)]
pub struct Doorward {
    inner: Arc<Inner>,
    caller: Arc<Caller>,
}

struct Inner {
    settings: Settings,
    database: Database,
    origin: Origin,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    guard: Guard,
    hashing: HashingPool,
    seal: SealKey,
    signing: SigningKeys,
    activity: Activity,
    audit_heads: audit::Heads,
    seen: adopt::Seen,
    challenge: Option<Arc<dyn Challenge>>,
    outbound: Outbound,
    filter: Filter,
    permissions: Permissions,
    profile_schema: Option<ProfileSchema>,
    listeners: Vec<Arc<dyn Listener>>,
    hooks: Arc<dyn Hooks>,
    outbox: Outbox,
    /// The last revocation read from the feed. Not the guard's own number: that runs ahead with what this process wrote.
    feed_read_to: AtomicI64,
    recent_revocations: Recent,
    feed_wake: Notify,
    forwarded_addresses: forward_auth::Addresses,
}

/// What a [`Doorward`] is started with.
pub struct Start {
    /// The configuration.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub randomness: Arc<dyn Randomness>,
    /// The embedding application's own connection, instead of the one that `database` names.
    pub connection: Option<sea_orm::DatabaseConnection>,
    /// Who is told what happens.
    pub listeners: Vec<Arc<dyn Listener>>,
    /// Who is asked before something happens.
    pub hooks: Arc<dyn Hooks>,
    /// Tells people from machines, instead of the verifier that `challenge` configures.
    pub challenge: Option<Arc<dyn Challenge>>,
    /// Whether steps of the schema that are missing are applied. Without it they are an error.
    pub migrate: bool,
}

impl Start {
    /// With these settings, the machine's clock and randomness.
    pub fn new(settings: Settings) -> Self {
        let migrate = settings.auto_migrate;
        Self {
            settings,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            connection: None,
            listeners: Vec::new(),
            hooks: Arc::new(NoHooks),
            challenge: None,
            migrate,
        }
    }
}

/// What is done again and again in the background.
#[derive(Debug, Clone, Copy)]
enum Chore {
    /// Writing who was seen.
    Activity,
    /// Giving rows that another application inserted their look-up keys.
    LookupKeys,
    /// What need not be soon: deleting what is over, rotating keys by age.
    Housekeeping,
}

impl Chore {
    fn period(self) -> Duration {
        Duration::from_secs(match self {
            Self::Activity => 10,
            Self::LookupKeys => 2,
            Self::Housekeeping => 600,
        })
    }
}

impl Doorward {
    /// Connects, brings the schema up to date, and reads keys and revocations. Nothing runs in the
    /// background yet: see [`Doorward::run`].
    ///
    /// # Errors
    /// [`Error::Startup`] says what is wrong, where, and what to do.
    pub async fn start(start: Start) -> Result<Self, Error> {
        let database = match &start.connection {
            Some(connection) => Database::from_connection(connection.clone(), statement_wait(&start.settings))?,
            None => database::connect(&database_options(&start.settings)).await?,
        };
        let on = database.clone();
        let started = Self::start_on(database, start).await;
        started.map_err(|error| on.explain(error))
    }

    async fn start_on(database: Database, start: Start) -> Result<Self, Error> {
        let Start { settings, clock, randomness, connection: _, listeners, hooks, challenge, migrate } = start;
        transfer::refuse_moved(&database).await?;
        if migrate {
            for name in database::migrate_up(&database).await? {
                tracing::info!(name, "the database was brought up to date");
            }
        } else {
            require_migrated(&database).await?;
        }
        let profile_schema = settings.account.profile_schema_file.as_deref().map(ProfileSchema::read).transpose()?;
        let outbox = Outbox::open(&settings)?;
        let origin = database::origin(&database).await?;
        let seal = SealKey::open(&settings, &database, randomness.as_ref()).await?;
        let configured = SiteVerify::configured(&settings.challenge).map(|it| Arc::new(it) as Arc<dyn Challenge>);
        let doorward = Self {
            inner: Arc::new(Inner {
                challenge: challenge.or(configured),
                guard: Guard::new(guard_config(&settings)),
                hashing: HashingPool::new(&settings),
                signing: SigningKeys::default(),
                activity: Activity::default(),
                audit_heads: audit::Heads::default(),
                seen: adopt::Seen::default(),
                outbound: Outbound::default(),
                filter: Filter::new(&settings.throttle),
                permissions: Permissions::default(),
                profile_schema,
                feed_read_to: AtomicI64::new(0),
                recent_revocations: Recent::new(settings.revocations.max_followers),
                feed_wake: Notify::new(),
                forwarded_addresses: forward_auth::Addresses::default(),
                settings,
                database,
                origin,
                clock,
                randomness,
                seal,
                listeners,
                hooks,
                outbox,
            }),
            caller: Arc::default(),
        };
        crate::signing_key::load_or_create(&doorward).await?;
        user::fill_lookup_keys(&doorward).await?;
        // Before the feed: what changes meanwhile, it tells.
        role::reload_permissions(&doorward).await?;
        doorward.open_feed().await?;
        Ok(doorward)
    }

    /// The database alone, for what must work where a [`Doorward`] can't start.
    pub async fn connect_only(settings: &Settings, create: bool) -> Result<Database, Error> {
        let mut options = database_options(settings);
        options.create &= create;
        database::connect(&options).await
    }

    /// A database beside the configured one, such as one to move to; an embedded one is made.
    pub async fn connect_beside(settings: &Settings, url: &str) -> Result<Database, Error> {
        let options = DatabaseOptions { url: url.to_owned(), create: true, ..database_options(settings) };
        database::connect(&options).await
    }

    /// Deletes every signing key, for when the key that they are sealed under is lost: the next start
    /// makes new ones, and everyone signs in anew. Answers how many there were.
    pub async fn drop_sealed_keys(settings: &Settings) -> Result<u64, Error> {
        let database = Self::connect_only(settings, false).await?;
        let dropped = crate::signing_key::delete_all(&database).await?;
        database.close().await;
        Ok(dropped)
    }

    /// Reads the revocations to their end, and goes on from there whenever it is asked.
    pub async fn open_feed(&self) -> Result<Feed, Error> {
        Feed::open(self).await
    }

    /// Does what goes on in the background, for as long as it is polled: follows the revocations,
    /// sends mail, writes who was seen, gives look-up keys, rotates keys, deletes what is over.
    pub async fn run(&self) -> Result<(), Error> {
        let feed = self.open_feed().await?;
        tokio::select! {
            () = feed.follow() => {}
            () = Box::pin(mail::deliver(self)) => {}
            () = Box::pin(self.repeat(Chore::Activity)) => {}
            () = Box::pin(self.repeat(Chore::LookupKeys)) => {}
            () = Box::pin(self.repeat(Chore::Housekeeping)) => {}
        }
        Ok(())
    }

    async fn repeat(&self, chore: Chore) {
        loop {
            tokio::time::sleep(chore.period()).await;
            let done = match chore {
                Chore::Activity => self.flush_activity().await,
                Chore::LookupKeys => user::fill_lookup_keys(self).await.map(drop),
                Chore::Housekeeping => Box::pin(self.keep_house()).await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, ?chore, "work in the background failed; it is tried again");
            }
        }
    }

    /// Writes who was seen since the last time, and how often somebody whom another application signed in.
    pub async fn flush_activity(&self) -> Result<(), Error> {
        self.activity().flush(self).await?;
        self.seen().flush(self).await
    }

    /// Rotates the signing key when it is old, and deletes what is over.
    pub async fn keep_house(&self) -> Result<(), Error> {
        crate::signing_key::rotate_by_age(self).await?;
        revocation::delete_outdated(self).await?;
        user::delete_due(self).await?;
        crate::session::delete_outdated(self).await?;
        crate::flask_session::delete_outdated(self).await?;
        crate::api_key::delete_outdated(self).await?;
        crate::one_time_code::delete_outdated(self).await?;
        throttle::delete_outdated(self).await?;
        crate::audit::delete_outdated(self).await?;
        user::end_disablings(self).await?;
        mail::delete_outdated(self).await?;
        crate::registration::delete_unconfirmed(self).await?;
        crate::invitation::delete_outdated(self).await?;
        self.guard().prune(self.now().unix());
        Ok(())
    }

    /// Applies here what was just committed, so that this process need not wait for the feed.
    pub(crate) fn apply(&self, published: &Published) {
        self.guard().revocations().apply(published.sequence, &published.items);
        self.wake_feed();
    }

    /// The same for several, or none.
    pub(crate) fn apply_all<'a>(&self, published: impl IntoIterator<Item = &'a Published>) {
        published.into_iter().for_each(|published| self.apply(published));
    }

    /// Writes what is held in memory, waits a little for mails that are being sent, and closes the database. For the end of the process.
    pub async fn close(&self) {
        if let Err(error) = self.flush_activity().await {
            tracing::warn!(%error, "it could not be written who was seen last");
        }
        self.outbox().finish().await;
        self.database().close().await;
    }

    /// The same Doorward, acting for somebody: the audit says whom.
    #[must_use]
    pub fn on_behalf_of(&self, caller: Caller) -> Self {
        Self { inner: Arc::clone(&self.inner), caller: Arc::new(caller) }
    }

    /// The same from where the caller is, now that it is known who that is.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        self.on_behalf_of(Caller { actor, ..self.caller().clone() })
    }

    pub(crate) fn seen(&self) -> &adopt::Seen {
        &self.inner.seen
    }

    pub(crate) fn audit_heads(&self) -> &audit::Heads {
        &self.inner.audit_heads
    }

    /// For whom this handle acts.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Tells whoever listens what was just committed.
    pub(crate) fn announce(&self, recorded: &Recorded) {
        metrics::counter!("doorward_events_total", "kind" => recorded.0.kind.name()).increment(1);
        self.outbox().note_commit();
        for listener in &self.inner.listeners {
            // It has happened: a listener that panics must not make it look as if it had not.
            let told = std::panic::catch_unwind(AssertUnwindSafe(|| listener.happened(&recorded.0)));
            if told.is_err() {
                tracing::error!(event = recorded.0.kind.name(), "a listener of the application panicked");
            }
        }
    }

    /// How mail is sent.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.inner.outbox
    }

    /// What the embedding application has to say beforehand.
    pub fn hooks(&self) -> &dyn Hooks {
        self.inner.hooks.as_ref()
    }

    /// The same for several, in their order.
    pub(crate) fn announce_all(&self, recorded: &[Recorded]) {
        recorded.iter().for_each(|recorded| self.announce(recorded));
    }

    /// The configuration.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    /// Who made the `users` table.
    pub fn origin(&self) -> Origin {
        self.inner.origin
    }

    /// The present time as the database holds it.
    pub fn now(&self) -> StoredTime {
        StoredTime::new(self.inner.clock.now())
    }

    /// Random bytes.
    pub fn randomness(&self) -> &dyn Randomness {
        self.inner.randomness.as_ref()
    }

    /// What says of a token whether it is good.
    pub fn guard(&self) -> &Guard {
        &self.inner.guard
    }

    /// The pool in which passwords are hashed.
    pub fn hashing(&self) -> &HashingPool {
        &self.inner.hashing
    }

    /// The keys that sign access tokens.
    pub fn signing(&self) -> &SigningKeys {
        &self.inner.signing
    }

    /// The client for requests that Doorward sends.
    pub(crate) fn outbound(&self) -> &Outbound {
        &self.inner.outbound
    }

    /// What seals secrets at rest.
    pub(crate) fn seal(&self) -> &SealKey {
        &self.inner.seal
    }

    /// What tells people from machines.
    pub(crate) fn challenge(&self) -> Option<&dyn Challenge> {
        self.inner.challenge.as_deref()
    }

    /// The first look at how often a network asks.
    pub(crate) fn filter(&self) -> &Filter {
        &self.inner.filter
    }

    /// How far the revocations have been read.
    pub(crate) fn feed_read_to(&self) -> &AtomicI64 {
        &self.inner.feed_read_to
    }

    /// What the feed read last, for those who follow it.
    pub(crate) fn recent_revocations(&self) -> &Recent {
        &self.inner.recent_revocations
    }

    /// Answers those who wait for revocations now, with what there is: for a server that stops.
    pub fn dismiss_followers(&self) {
        self.recent_revocations().dismiss();
    }

    /// Lets the feed be read now, where it is being followed.
    pub(crate) fn wake_feed(&self) {
        self.inner.feed_wake.notify_one();
    }

    pub(crate) async fn feed_woken(&self) {
        self.inner.feed_wake.notified().await;
    }

    /// Addresses of users who passed a proxy lately.
    pub(crate) fn forwarded_addresses(&self) -> &forward_auth::Addresses {
        &self.inner.forwarded_addresses
    }

    /// What each role may do.
    pub fn permissions(&self) -> &Permissions {
        &self.inner.permissions
    }

    /// The application's own fields of a user, where it has some.
    pub fn profile_schema(&self) -> Option<&ProfileSchema> {
        self.inner.profile_schema.as_ref()
    }

    /// Who was seen and is not yet written.
    pub fn activity(&self) -> &Activity {
        &self.inner.activity
    }

    /// How long an access token, or what is remembered of a cookie, can live, in seconds.
    pub(crate) fn access_life_seconds(&self) -> i64 {
        let expiration = i64::try_from(self.settings().token.expiration).unwrap_or(i64::MAX);
        expiration.max(token::COOKIE_MEMORY_SECONDS)
    }
}

fn database_options(settings: &Settings) -> DatabaseOptions {
    DatabaseOptions {
        url: settings.database.expose().to_owned(),
        max_connections: settings.database_pool.max_connections,
        acquire_timeout: Duration::from_millis(settings.database_pool.acquire_timeout_ms),
        statement_timeout: Duration::from_millis(settings.database_pool.statement_timeout_ms),
        // The seal key's file is made by the first start: where it is, the database was.
        create: settings.auto_migrate && (settings.keys.seal_key.is_some() || !settings.keys.seal_key_file.exists()),
    }
}

fn statement_wait(settings: &Settings) -> Duration {
    Duration::from_millis(settings.database_pool.acquire_timeout_ms + settings.database_pool.statement_timeout_ms)
}

async fn require_migrated(database: &Database) -> Result<(), Error> {
    let missing: Vec<_> = database::migration_status(database)
        .await?
        .into_iter()
        .filter(|state| !state.applied)
        .map(|state| state.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::startup(
        format!("the database at {} lacks the steps {}", database.location(), missing.join(", ")),
        "run `doorward migrate up`",
    ))
}

fn guard_config(settings: &Settings) -> GuardConfig {
    GuardConfig {
        flask_algorithm: match settings.token.flask_algorithm {
            settings::FlaskAlgorithm::Hs256 => FlaskAlgorithm::Hs256,
            settings::FlaskAlgorithm::Hs384 => FlaskAlgorithm::Hs384,
            settings::FlaskAlgorithm::Hs512 => FlaskAlgorithm::Hs512,
        },
        cache_capacity: settings.token.cache_entries,
        max_staleness: (settings.revocations.max_staleness > 0).then_some(settings.revocations.max_staleness),
        ..GuardConfig::new(settings.issuer(), &settings.token.audience)
    }
}

impl std::fmt::Debug for Doorward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doorward")
            .field("database", &self.inner.database.location())
            .field("origin", &self.inner.origin)
            .finish_non_exhaustive()
    }
}
