//! Every setting, each declared once.
//!
//! A line's text becomes the field's documentation, the entry in `docs/configuration.md` and
//! the comment in `doorward.example.toml`: say what the setting does, and what its special
//! values mean. Units stand in `unit(…)`.

use std::path::PathBuf;

use ipnet::IpNet;

use super::connection::ConnectionUrl;
use super::declare::settings;
use super::form::{DATABASE, HTTP_URL, MAILBOX, NOT_EMPTY, ORIGIN, PUBLIC_URL, SEAL_KEY, SMTP_URL};
use super::listen::Listen;
use super::secret::Secret;
use super::words::{
    Asked, FlaskAlgorithm, FlaskDigest, HttpStatus, LogFormat, Profile, Protection, RegistrationMode, SmtpTls,
    TokenFormat, WriteScheme,
};
use crate::forward_auth::Rule;

const KIB_PER_GIB: u64 = 1024 * 1024;
const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;
const HOUR_MS: u64 = 60 * 60 * 1000;

/// Names under which somebody could speak for the service, or get mail that is meant for it (RFC 2142).
const RESERVED_NAMES: [&str; 30] = [
    "abuse",
    "admin",
    "administrator",
    "anonymous",
    "billing",
    "contact",
    "doorward",
    "help",
    "hostmaster",
    "info",
    "mail",
    "me",
    "moderator",
    "no-reply",
    "nobody",
    "noreply",
    "null",
    "official",
    "operator",
    "owner",
    "postmaster",
    "root",
    "security",
    "service",
    "staff",
    "support",
    "sysadmin",
    "system",
    "undefined",
    "webmaster",
];

settings! {
    /// What Doorward is and where it runs.
    Settings at [] holds [
        database_pool: DatabasePool,
        http: Http,
        tls: Tls,
        account: Account,
        api: Api,
        api_keys: ApiKeys,
        token: Token,
        keys: Keys,
        session: Session,
        flask_session: FlaskSession,
        old_application: OldApplication,
        login: Login,
        registration: Registration,
        password: Password,
        revocations: Revocations,
        forward_auth: ForwardAuth,
        mail: Mail,
        log: Log,
        otel: Otel,
        metrics: Metrics,
        throttle: Throttle,
        challenge: Challenge,
        audit: Audit,
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
        database: ConnectionUrl = "sqlite://doorward.db".into(), form(&DATABASE), secret(), testing("sqlite::memory:");
        /// The database that `doorward move` moves to. `serve` goes on with it by itself once everything is there: what is
        /// asked meanwhile waits, and is answered from there.
        database_next: Option<ConnectionUrl> = None, form(&DATABASE), secret(),
            example(r#""postgres://doorward:secret@db/doorward""#);
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

    /// The accounts of users.
    Account at [account] {
        /// How long after a user asked for it the account is deleted. Until then it can't sign in, and a
        /// mailed link calls the deletion off. 0 deletes at once.
        deletion_grace: u64 = 0, unit("seconds"), range(0..=YEAR);
        /// A JSON Schema of an object: the application's own fields of a user. In each of its `properties`,
        /// `x-doorward-read` and `x-doorward-write` say who may see and set it: `user`, `admin` or `nobody`.
        profile_schema_file: Option<PathBuf> = None, example(r#""/etc/doorward/profile.schema.json""#);
        /// Whether a change of a profile, by its user or an administrator, must carry `If-Match`, so that nobody
        /// overwrites what they haven't seen.
        require_if_match: bool = false;
    }

    /// API keys.
    ApiKeys at [api_keys] {
        /// The most API keys of one user.
        max_per_user: u32 = 50, unit("keys"), range(1..=200);
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

    /// The cookies of the Flask application that the users come from. Whoever is signed in there is signed in here, at
    /// first sight, and gets a session cookie. Needs `token.secret_keys`.
    FlaskSession at [flask_session] {
        /// Whether its cookies are read.
        accept: bool = false;
        /// The name of its session's cookie: its `SESSION_COOKIE_NAME`.
        cookie: String = "session".to_owned(), form(&NOT_EMPTY);
        /// The name of the cookie by which it remembers users: its `REMEMBER_COOKIE_NAME`.
        remember_cookie: String = "remember_token".to_owned(), form(&NOT_EMPTY);
        /// The salt under which the session is signed.
        salt: String = "cookie-session".to_owned(), form(&NOT_EMPTY);
        /// The digest with which it is signed.
        digest: FlaskDigest = FlaskDigest::Sha1;
        /// How long its session is good after it was signed: its `PERMANENT_SESSION_LIFETIME`.
        lifetime: u64 = 31 * DAY, unit("seconds"), range(1..=10 * YEAR);
        /// Its `SESSION_PROTECTION`: `basic`, as Flask-Login has it unless told otherwise, `strong` or `off`.
        protection: Protection = Protection::Basic;
    }

    /// The application whose users come by and by: who signs in here for the first time is asked for there, and taken over.
    OldApplication at [old_application] {
        /// Where it says whether a password is right, by `POST` of `{"username", "password"}`: 2xx with
        /// `{"user": {…}}` for yes, 401 for no. Without it nobody is asked.
        login_url: Option<ConnectionUrl> = None, form(&HTTP_URL), secret(),
            example(r#""http://127.0.0.1:5000/doorward/check""#);
        /// What it knows Doorward by: `Authorization: Bearer` with this.
        secret: Option<Secret> = None, secret(), example(r#""a random text""#);
        /// How long it may take.
        timeout_ms: u64 = 3_000, unit("milliseconds"), range(1..=60_000);
    }

    /// Logging in.
    Login at [login] {
        /// Whether a user must have confirmed the e-mail address to log in.
        require_confirmed: bool = false;
        /// How long after a sign-in the password is not asked for again before it, the address or API keys are
        /// changed or the account deleted; 0 always asks.
        fresh_seconds: u64 = 300, unit("seconds"), range(0..=DAY);
        /// Whether a sign-in from a device that was not seen in the last 180 days is told by mail.
        new_device_mail: bool = true;
        /// How long after its arrival a failed login is answered, whatever made it fail, so that
        /// the time tells nothing. Must be longer than checking the slowest hash stored; 0 answers at once.
        failure_time_ms: u64 = 500, unit("milliseconds"), range(0..=60_000), testing("0");
    }

    /// Registering by oneself.
    Registration at [registration] {
        /// Who can register: anybody (`open`), whoever was invited (`invite`), whoever has an address of
        /// `registration.domains` or was invited (`domain`), nobody (`closed`).
        mode: RegistrationMode = RegistrationMode::Open, production("closed");
        /// The domains whose addresses can register under `domain`, without their subdomains.
        domains: Vec<String> = Vec::new(), form(&NOT_EMPTY), example(r#"["example.com"]"#);
        /// Whether a registration gives a user name. One of name and address is needed in any case.
        username: Asked = Asked::Required;
        /// Whether a registration gives an e-mail address. A link that confirms it is mailed to it.
        email: Asked = Asked::Required;
        /// How long an address can be confirmed; then the registration is deleted, and the user name free.
        confirm_within: u64 = 7 * DAY, unit("seconds"), range(600..=YEAR);
        /// How long an invitation is good where it doesn't say.
        invitation_expiration: u64 = 7 * DAY, unit("seconds"), range(600..=YEAR);
        /// User names that nobody can choose, nor any that can be taken for one of them.
        reserved_names: Vec<String> = RESERVED_NAMES.iter().map(ToString::to_string).collect(), form(&NOT_EMPTY);
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
        /// How hard to guess a new password must be, by zxcvbn's estimate: 1 for 10^3 guesses, 2 for 10^6, 3 for
        /// 10^8, 4 for 10^10; 0 asks for nothing.
        min_score: u32 = 2, range(0..=4);
        /// Where new passwords are looked up in known breaches, by the range protocol of Have I Been Pwned: the
        /// first five digits of the SHA-1 are put behind it. Without it none are. What doesn't answer refuses nobody.
        breach_url: Option<ConnectionUrl> = None, form(&HTTP_URL), secret(),
            example(r#""https://api.pwnedpasswords.com/range""#);
        /// How long a look-up there may take.
        breach_timeout_ms: u64 = 2_000, unit("milliseconds"), range(1..=60_000);
        /// The most memory that checking one stored hash may take; a hash that asks for more is refused.
        max_memory_kib: u64 = 262_144, unit("KiB"), range(1_024..=4 * KIB_PER_GIB);
    }

    /// The parameters of new Argon2id hashes (RFC 9106 §3.1). A stored hash with others is renewed
    /// at the next login.
    Argon2 at [password.argon2] {
        /// The memory of one hash. Each thread of `password.pool` takes as much.
        memory_kib: u32 = 19_456, unit("KiB"), range(8..=4_194_304), testing("64");
        /// The passes over the memory.
        iterations: u32 = 2, unit("passes"), range(1..=1_000), testing("1");
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
        /// How many guards of other services may wait for revocations at once; further ones are answered 503.
        max_followers: usize = 1_000, range(1..=100_000);
    }

    /// Guarding services behind a proxy that asks `/forward-auth` before it lets a request through. The proxy's
    /// address stands in `http.trusted_proxies`. `docs/guard/nginx.md` begins.
    ForwardAuth at [forward_auth] {
        /// Who may ask what, the first rule that matches; what none is for is refused. `host` is a host or
        /// `*.DOMAIN` for all below a domain; in `path`, `*` is one segment, and `/**` at the end all that follows,
        /// or nothing; without `methods` all are meant. All of `require` is needed: `anybody` alone, `signed-in`, `role:NAME`,
        /// `permission:NAME`, `scope:NAME` of an API key. `audience` is the `aud` of assertions, by default the origin asked.
        rules: Vec<Rule> = Vec::new(),
            example(r#"[{ host = "app.example.com", path = "/**", methods = ["GET"], require = "signed-in" }]"#);
        /// The page to which browsers are sent that are not signed in. Without it they are told as programs are.
        sign_in_url: Option<String> = None, form(&HTTP_URL), example(r#""https://users.example.com/sign-in""#);
        /// The origins to which the sign-in page may send a browser back.
        return_origins: Vec<String> = Vec::new(), form(&ORIGIN), example(r#"["https://app.example.com"]"#);
        /// Whether `X-Doorward-Email` tells the user's confirmed address. It costs a look at the database, once in ten
        /// seconds for each user.
        email: bool = true;
        /// Whether `X-Doorward-Assertion` tells who was let in once more, as a JWT that is good for a minute and that
        /// the service behind can verify with the published keys.
        assertion: bool = false;
    }

    /// Mail: to confirm addresses, to choose another password, to tell of changes.
    /// `docs/operations/mail.md` says more.
    Mail at [mail] {
        /// The mail server. `smtp://` begins in the clear and goes on encrypted (STARTTLS), by default on
        /// port 587; `smtps://` is encrypted from the start, by default on port 465. What is special in
        /// user name and password is percent-encoded.
        smtp_url: Option<ConnectionUrl> = None, form(&SMTP_URL), secret(),
            example(r#""smtp://doorward:password@mail.example.com:587""#);
        /// Whether `smtp://` must become encrypted before anything is said: unless the server is on this
        /// machine (`auto`), always (`required`), or never (`off`).
        smtp_tls: SmtpTls = SmtpTls::Auto;
        /// A certificate authority in PEM that the mail server's certificate may come from, beside the
        /// public ones.
        smtp_ca: Option<PathBuf> = None, example(r#""/etc/doorward/mail-ca.pem""#);
        /// Whom mails come from.
        from: Option<String> = None, form(&MAILBOX),
            otherwise("`api.title`, and `no-reply` at the host of `public_url`"),
            example(r#""Example <no-reply@example.com>""#);
        /// Where mails are written as files, if there is no `mail.smtp_url`.
        folder: Option<PathBuf> = None, otherwise("`mail` under profile `development`, else nowhere"),
            example(r#""/var/lib/doorward/mail""#);
        /// The folder of templates that stand in the place of Doorward's own.
        templates: Option<PathBuf> = None, example(r#""/etc/doorward/mail""#);
        /// How long a mail is tried before it is given up.
        give_up_after: u64 = DAY, unit("seconds"), range(60..=30 * DAY);
        /// How long one attempt may take.
        timeout_ms: u64 = 30_000, unit("milliseconds"), range(100..=600_000);
        /// How many mails this process sends at once.
        max_connections: u32 = 4, unit("connections"), range(1..=100);
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

    /// What keeps strangers from guessing. Failures are counted in the database, for all replicas.
    Throttle at [throttle] {
        /// Whether tries are counted at all.
        enabled: bool = true;
        /// How many tries at one account may fail from one network (an IPv4 address, an IPv6 /64) before
        /// the next must wait.
        failures: u32 = 10, unit("tries"), range(1..=1_000_000);
        /// How many may fail at one account from everywhere together. Devices that have signed in before
        /// don't count here.
        account_failures: u32 = 50, unit("tries"), range(1..=1_000_000);
        /// How many may fail from one network within an hour, whatever the account.
        network_failures: u32 = 100, unit("tries"), range(1..=1_000_000);
        /// The first wait. Each failure after it doubles the wait.
        first_wait: u64 = 10, unit("seconds"), range(1..=DAY);
        /// The longest wait.
        longest_wait: u64 = 900, unit("seconds"), range(1..=DAY);
        /// How long after the last failure at an account all of them are forgotten.
        forget_after: u64 = DAY, unit("seconds"), range(60..=YEAR);
        /// How many mails and registrations may be asked for within an hour for one address or name.
        requests_per_hour: u32 = 10, unit("requests"), range(1..=1_000_000);
        /// How many within an hour from one network.
        network_requests_per_hour: u32 = 100, unit("requests"), range(1..=1_000_000);
        /// How many tries and requests each replica takes from one network, in the long run, before it asks
        /// the database at all; 0 takes any number.
        requests_per_second: u32 = 50, unit("requests"), range(0..=1_000);
        /// How many of them may come at once.
        requests_burst: u32 = 500, unit("requests"), range(1..=1_000_000);
        /// How long after its last sign-in a browser is told from strangers, so that their failures don't
        /// make it wait; 0 tells none.
        trusted_device_days: u32 = 90, unit("days"), range(0..=3_650);
    }

    /// A challenge such as Turnstile's or hCaptcha's, for those who may be machines. Clients send the
    /// solution in the header `X-Challenge-Response`.
    Challenge at [challenge] {
        /// Where solutions are verified. Without it nobody is challenged. Needs `challenge.secret`.
        verify_url: Option<ConnectionUrl> = None, form(&HTTP_URL), secret(),
            example(r#""https://challenges.cloudflare.com/turnstile/v0/siteverify""#);
        /// The secret that the verifier knows this site by.
        secret: Option<Secret> = None, secret(), example(r#""the verifier's secret""#);
        /// The host that solutions must be made for, where the verifier tells it.
        hostname: Option<String> = None, form(&NOT_EMPTY), example(r#""users.example.com""#);
        /// How many sign-ins to an account from one network may fail before the next needs a solution; 0 asks for
        /// one at each. Devices that have signed in before need none.
        after_failures: u32 = 3, unit("tries"), range(0..=1_000_000);
        /// How long the verifier may take.
        timeout_ms: u64 = 3_000, unit("milliseconds"), range(1..=60_000);
        /// Whether solutions count as good while the verifier can't be reached.
        fail_open: bool = true;
    }

    /// The audit: who did what to whom.
    Audit at [audit] {
        /// How long its rows are kept; 0 keeps them for ever.
        retention_days: u32 = 400, unit("days"), range(0..=36_500);
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

    /// The address that links in mails begin with: `public_url`, or where it is not set, the first address
    /// of TCP that is served on.
    pub fn link_base(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| {
            let first = self.listen.iter().find_map(|listen| match listen {
                Listen::Tcp(address) => Some(format!("http://{address}")),
                Listen::Unix(_) => None,
            });
            first.unwrap_or_else(|| "http://localhost".to_owned())
        })
    }

    /// Whether Doorward itself speaks TLS.
    pub fn has_tls(&self) -> bool {
        self.tls.certificate.is_some() && self.tls.key.is_some()
    }
}

impl Mail {
    /// `give_up_after` for arithmetic with times.
    pub(crate) fn give_up_seconds(&self) -> i64 {
        i64::try_from(self.give_up_after).unwrap_or(i64::MAX)
    }
}
