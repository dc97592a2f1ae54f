//! Every setting, each declared once.
//!
//! A line's text becomes the field's documentation, the entry in `docs/configuration.md` and
//! the comment in `doorward.example.toml`: say what the setting does, and what its special
//! values mean. Units stand in `unit(…)`.

use std::path::PathBuf;

use ipnet::IpNet;

use super::connection::ConnectionUrl;
use super::declare::settings;
use super::form::{DATABASE, HTTP_URL, NOT_EMPTY, ORIGIN, PUBLIC_URL, SEAL_KEY};
use super::listen::Listen;
use super::secret::Secret;
use super::words::{FlaskAlgorithm, HttpStatus, LogFormat, Profile, Protection, TokenFormat, WriteScheme};

const KIB_PER_GIB: u64 = 1024 * 1024;
const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;
const HOUR_MS: u64 = 60 * 60 * 1000;

settings! {
    /// What Doorward is and where it runs.
    Settings at [] holds [
        database_pool: DatabasePool,
        http: Http,
        tls: Tls,
        api: Api,
        token: Token,
        keys: Keys,
        session: Session,
        login: Login,
        password: Password,
        revocations: Revocations,
        log: Log,
        otel: Otel,
        metrics: Metrics,
        shutdown: Shutdown,
    ] {
        /// What Doorward runs for. It chooses defaults, and `production` refuses insecure settings.
        profile: Profile = Profile::Development;
        /// The addresses to serve on: `IP:PORT` (port 0 takes a free one), `localhost:PORT`
        /// or `unix:/PATH`. A single one needs no list.
        listen: Vec<Listen> = vec![Listen::Tcp(([127, 0, 0, 1], 8080).into())], at_least_one();
        /// The database. `sqlite://FILE` is relative to the working directory and
        /// `sqlite:///FILE` is absolute, one slash fewer than SQLAlchemy writes. A PostgreSQL URL
        /// may name several hosts, and `target_session_attrs=read-write`.
        database: ConnectionUrl = "sqlite://doorward.db".into(), form(&DATABASE), secret();
        /// Whether `serve` brings the database's tables up to date before it serves.
        auto_migrate: bool = true;
        /// The address under which people reach Doorward, with its path if it is mounted under one.
        /// Links are made from it, never from what a request says.
        public_url: Option<String> = None, form(&PUBLIC_URL), example(r#""https://users.example.com""#);
        /// Whether the HTTP status of an answer is the envelope's `code` (`honest`), or 200 always,
        /// as some clients of the Flask system expect (`always-200`).
        http_status: HttpStatus = HttpStatus::Honest;
    }

    /// Connections to the database.
    DatabasePool at [database_pool] {
        /// The most connections to PostgreSQL from this process. SQLite has one writer whatever this says.
        max_connections: u32 = 10, unit("connections"), range(1..=10_000);
        /// How long a request waits for a free connection before it is answered 408.
        acquire_timeout_ms: u64 = 5_000, unit("milliseconds"), range(1..=HOUR_MS);
        /// How long PostgreSQL may work on one statement.
        statement_timeout_ms: u64 = 10_000, unit("milliseconds"), range(1..=HOUR_MS);
    }

    /// Requests, and who may send them.
    Http at [http] {
        /// The largest body that is read; a larger one is answered 413.
        body_limit_bytes: usize = 65_536, unit("bytes"), range(1_024..=1_073_741_824);
        /// How long a request may take in all before it is answered 408.
        request_timeout_ms: u64 = 30_000, unit("milliseconds"), range(1..=HOUR_MS);
        /// How long a client may take to send a request's head before its connection is closed.
        header_read_timeout_ms: u64 = 10_000, unit("milliseconds"), range(1..=HOUR_MS);
        /// The most connections open at once; further ones wait to be accepted.
        max_connections: usize = 10_000, unit("connections"), range(1..=1_000_000);
        /// How long browsers are told to use HTTPS only (RFC 6797); 0 says nothing.
        hsts_seconds: u64 = 0, unit("seconds"), range(0..=10 * YEAR);
        /// The proxies whose `Forwarded` and `X-Forwarded-…` headers are believed.
        trusted_proxies: Vec<IpNet> = Vec::new(), example(r#"["10.0.0.0/8", "::1"]"#);
        /// The origins whose pages may call Doorward with the user's cookie (CORS).
        cors_origins: Vec<String> = Vec::new(), form(&ORIGIN), example(r#"["https://app.example.com"]"#);
    }

    /// TLS. Without it Doorward serves plain HTTP. The files are read again when they change.
    Tls at [tls] {
        /// The certificate chain in PEM, the server's own certificate first. Needs `tls.key`.
        certificate: Option<PathBuf> = None, example(r#""/etc/doorward/tls.crt""#);
        /// The certificate's private key in PEM. Needs `tls.certificate`.
        key: Option<PathBuf> = None, example(r#""/etc/doorward/tls.key""#);
    }

    /// How the API presents itself in OpenAPI and Swagger UI.
    Api at [api] {
        /// The API's title.
        title: String = "Doorward".into(), form(&NOT_EMPTY);
        /// The API's version, by default Doorward's own.
        version: String = env!("CARGO_PKG_VERSION").into(), form(&NOT_EMPTY);
        /// What the API is for, in Markdown.
        description: String = "Users and login for any HTTP service.".into();
    }

    /// Access and refresh tokens.
    Token at [token] {
        /// The format of the access tokens that are issued. Both formats are accepted, `flask` only
        /// with `token.secret_keys`.
        format: TokenFormat = TokenFormat::Jwt;
        /// How long an access token is good.
        expiration: u64 = 3_600, unit("seconds"), range(1..=YEAR);
        /// The keys of `flask` tokens, newest first: the first signs, all verify. The Flask
        /// application's `SECRET_KEY` belongs here.
        secret_keys: Vec<Secret> = Vec::new(), secret(), example(r#"["the Flask application's SECRET_KEY"]"#);
        /// The MAC of `flask` tokens, as the Flask application has it.
        flask_algorithm: FlaskAlgorithm = FlaskAlgorithm::Hs512;
        /// The issuer (`iss`) of JWTs.
        issuer: Option<String> = None, form(&NOT_EMPTY),
            otherwise("`public_url` where it is set, else `doorward`"), example(r#""doorward""#);
        /// The audience (`aud`) that JWTs are made for and must name.
        audience: String = "doorward".into(), form(&NOT_EMPTY);
        /// How long a refresh token is good; using it gives a new one.
        refresh_expiration: u64 = 30 * DAY, unit("seconds"), range(1..=10 * YEAR);
        /// How long after its use a refresh token answers as it did, for two tabs at once. Later use
        /// ends the session.
        refresh_grace: u64 = 10, unit("seconds"), range(0..=300);
        /// The age at which the signing key is replaced; 0 leaves that to `key rotate`.
        key_rotation_days: u32 = 90, unit("days"), range(0..=3_650);
        /// How many verified tokens are remembered, so that they are not verified again.
        cache_entries: usize = 100_000, unit("tokens"), range(0..=100_000_000);
    }

    /// The key under which signing keys are sealed in the database.
    Keys at [keys] {
        /// The seal key: 32 bytes in base64. It goes before `keys.seal_key_file`.
        seal_key: Option<Secret> = None, form(&SEAL_KEY), secret(),
            otherwise("the content of `keys.seal_key_file`"),
            example("\"…\" # openssl rand -base64 32");
        /// The file that holds the seal key. It is made, readable by its owner only, when it is
        /// missing and no signing keys are stored yet.
        seal_key_file: PathBuf = "doorward.key".into();
    }

    /// Sessions of browsers.
    Session at [session] {
        /// Whether a login sets a session cookie.
        cookie: bool = true;
        /// What happens to a session that turns up with another browser or network: it ends
        /// (`strong`), needs a fresh login for what matters (`basic`), or nothing (`off`).
        protection: Protection = Protection::Strong;
        /// How long a session lives without being used.
        inactivity: u64 = 14 * DAY, unit("seconds"), range(1..=10 * YEAR);
        /// How long a session lives at most.
        absolute: u64 = 30 * DAY, unit("seconds"), range(1..=10 * YEAR);
        /// The most sessions of one user; a further one ends the one unused for longest.
        max_per_user: u32 = 100, unit("sessions"), range(1..=100_000);
    }

    /// Logging in.
    Login at [login] {
        /// Whether a user must have confirmed the e-mail address to log in.
        require_confirmed: bool = false;
        /// How long after its arrival a failed login is answered, whatever made it fail, so that
        /// the time tells nothing. Must be longer than checking the slowest hash stored; 0 answers at once.
        failure_time_ms: u64 = 500, unit("milliseconds"), range(0..=60_000), testing("0");
    }

    /// Passwords and their hashes.
    Password at [password] holds [argon2: Argon2, pool: PasswordPool] {
        /// The scheme in which passwords are written. `auto` is `argon2id` on a database that Doorward
        /// made, and `werkzeug-pbkdf2` on one it adopted, which the old application goes on reading.
        write_scheme: WriteScheme = WriteScheme::Auto;
        /// The rounds of `werkzeug-pbkdf2`; a stored hash with fewer is renewed at the next login.
        werkzeug_rounds: u32 = 600_000, unit("rounds"), range(1..=10_000_000);
        /// The peppers of hashes taken over from Flask-Security (its `SECURITY_PASSWORD_SALT`), newest first.
        peppers: Vec<Secret> = Vec::new(), secret(), example(r#"["Flask-Security's SECURITY_PASSWORD_SALT"]"#);
        /// The shortest password that can be set.
        min_length: usize = 8, unit("characters"), range(1..=1_024);
        /// The most memory that checking one stored hash may take; a hash that asks for more is refused.
        max_memory_kib: u64 = 262_144, unit("KiB"), range(1_024..=4 * KIB_PER_GIB);
    }

    /// The parameters of new Argon2id hashes (RFC 9106 §3.1). A stored hash with others is renewed
    /// at the next login.
    Argon2 at [password.argon2] {
        /// The memory of one hash. Each thread of `password.pool` takes as much.
        memory_kib: u32 = 19_456, unit("KiB"), range(8..=4_194_304);
        /// The passes over the memory.
        iterations: u32 = 2, unit("passes"), range(1..=1_000);
        /// The lanes. They are computed one after the other.
        parallelism: u32 = 1, unit("lanes"), range(1..=64);
    }

    /// The threads that hash passwords. Guarded requests don't use them.
    PasswordPool at [password.pool] {
        /// The number of threads; 0 is one for each core.
        threads: usize = 0, unit("threads"), range(0..=1_024);
        /// How many logins may wait for a thread; a further one is answered 503 with `Retry-After`.
        /// At about 20 ms a hash and two threads, the last of 200 waits 2 s, the most that a person bears.
        queue: usize = 200, unit("logins"), range(1..=100_000);
    }

    /// Revocations: what makes a logout count at once, everywhere.
    Revocations at [revocations] {
        /// How long tokens are accepted after contact with the database was lost; then guarded requests
        /// are answered 503. 0 accepts them for as long as it takes.
        max_staleness: u64 = 60, unit("seconds"), range(0..=DAY);
        /// How often the database is asked for revocations that no notification announced.
        poll_ms: u64 = 1_000, unit("milliseconds"), range(10..=60_000);
    }

    /// The log, on standard error.
    Log at [log] {
        /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or directives for parts, such as
        /// `info,doorward_core=debug`.
        level: String = "info".into(), form(&NOT_EMPTY);
        /// Lines for people (`pretty`), JSON (`json`), or the first on a terminal and the second
        /// elsewhere (`auto`).
        format: LogFormat = LogFormat::Auto;
    }

    /// Traces for OpenTelemetry.
    Otel at [otel] {
        /// The collector that traces are sent to, by OTLP over HTTP. Without it none are made.
        endpoint: Option<ConnectionUrl> = None, form(&HTTP_URL), secret(), example(r#""http://127.0.0.1:4318""#);
        /// The name of this service in traces.
        service_name: String = "doorward".into(), form(&NOT_EMPTY);
    }

    /// Metrics for Prometheus.
    Metrics at [metrics] {
        /// Whether there is a `GET /metrics`.
        enabled: bool = true;
        /// An address on which `/metrics` alone is served; the others then don't have it.
        listen: Option<Listen> = None, example(r#""127.0.0.1:9090""#);
    }

    /// Stopping.
    Shutdown at [shutdown] {
        /// How long accepted requests may take to finish once Doorward is told to stop.
        grace_ms: u64 = 10_000, unit("milliseconds"), range(0..=HOUR_MS);
    }
}

impl Settings {
    /// The issuer (`iss`) of JWTs: `token.issuer`, else `public_url`, else `doorward`.
    pub fn issuer(&self) -> &str {
        self.token.issuer.as_deref().or(self.public_url.as_deref()).unwrap_or("doorward")
    }

    /// The host of `public_url`, for what must name a domain.
    pub fn mail_domain(&self) -> &str {
        let url = self.public_url.as_deref().unwrap_or("http://doorward.invalid");
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split(['/', ':', '?', '#']).next().unwrap_or("doorward.invalid")
    }

    /// Whether Doorward itself speaks TLS.
    pub fn has_tls(&self) -> bool {
        self.tls.certificate.is_some() && self.tls.key.is_some()
    }
}
