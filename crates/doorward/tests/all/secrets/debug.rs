//! What `{:?}` shows of a type whose values hold a secret.

use std::{fmt::Debug, time::Duration};

use doorward::{
    Doorward,
    telemetry::{self, LogFormat, TracesConfig},
};
use doorward_core::{
    Error,
    database::DatabaseOptions,
    password::NewPassword,
    session::{self, Client, LogIn},
    settings::{self, ConnectionUrl, Loaded, Options, Secret},
    token,
    user::{self, NewUser},
};
use doorward_guard::{Credential, CredentialKind, CredentialSource, KeySet, SigningKey};

use super::{COLLECTOR_PASSWORD, SECRET_KEYS, Secrets, given, settings};
use crate::program::Folder;

const PASSWORD: &str = "a-long-passphrase-Vy5Bk2";
const DATABASE_PASSWORD: &str = "database-passphrase-Er6Ct1";

fn shows_none(secrets: &Secrets, name: &str, value: &dyn Debug) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        secrets.must_not_stand_in(name, text.as_bytes());
    }
}

fn loaded(database: &str) -> Loaded {
    let of_environment = settings("jwt").into_iter().filter(|(name, _)| name.contains("__"));
    let mut flags: Vec<_> = of_environment
        .map(|(name, value)| (name.trim_start_matches("DOORWARD_").to_lowercase().replace("__", "."), value))
        .collect();
    flags.push(("database".into(), database.into()));
    settings::load(&Options { flags, ..Options::default() }).unwrap()
}

#[tokio::test]
async fn h2_debug_of_a_configuration_shows_no_secret() {
    let mut secrets = given();
    secrets.add("the database's password", DATABASE_PASSWORD);
    let database = format!("postgres://doorward:{DATABASE_PASSWORD}@127.0.0.1:1/doorward?password={DATABASE_PASSWORD}");
    let loaded = loaded(&database);
    assert_eq!(loaded.settings.token.secret_keys[0].expose(), SECRET_KEYS[0]);
    shows_none(&secrets, "Loaded", &loaded);
    shows_none(&secrets, "Settings", &loaded.settings);
    shows_none(&secrets, "Row", &settings::show(&loaded));
    shows_none(&secrets, "Problem", &settings::check(&loaded.settings));
    shows_none(&secrets, "ConnectionUrl", &ConnectionUrl::new(&*database));
    shows_none(&secrets, "Secret", &Secret::new(SECRET_KEYS[0]));

    let endpoint = format!("http://collector:{COLLECTOR_PASSWORD}@127.0.0.1:1?api-key={COLLECTOR_PASSWORD}");
    let traces = TracesConfig { endpoint, service_name: "doorward".into(), sample_ratio: 1.0 };
    shows_none(&secrets, "TracesConfig", &traces);
    let refused = telemetry::init("info", LogFormat::Json, Some(&traces)).unwrap_err();
    shows_none(&secrets, "TelemetryError", &refused);
    secrets.must_not_stand_in("TelemetryError", refused.to_string().as_bytes());
    assert!(refused.to_string().contains("OTEL_EXPORTER_OTLP_HEADERS"), "{refused}");

    let wait = Duration::from_secs(1);
    let options = DatabaseOptions {
        url: database,
        max_connections: 1,
        acquire_timeout: wait,
        statement_timeout: wait,
        create: false,
    };
    shows_none(&secrets, "DatabaseOptions", &options);
    let unreachable = doorward_core::database::connect(&options).await.unwrap_err();
    shows_none(&secrets, "Error", &unreachable);
    assert!(matches!(unreachable, Error::Startup { .. }));
}

#[tokio::test]
async fn h2_debug_of_who_signs_in_shows_no_secret() {
    let folder = Folder::new();
    let mut secrets = given();
    secrets.add("a user's password", PASSWORD);
    let database = format!("sqlite://{}", folder.path("doorward.db").display());
    let builder = Doorward::builder().settings(loaded(&database).settings);
    shows_none(&secrets, "Builder", &builder);
    let doorward = builder.build().await.unwrap();
    let core = doorward.core();
    let first = doorward.ensure_first_administrator(None).await.unwrap().unwrap();
    secrets.add("the first password", first.generated_password.clone().unwrap());
    shows_none(&secrets, "FirstAdministrator", &first);

    let password = NewPassword::new(PASSWORD);
    shows_none(&secrets, "NewPassword", &password);
    let new = NewUser { username: "alice", email: None, password: Some(password), confirmed: true, roles: Vec::new() };
    shows_none(&secrets, "NewUser", &new);
    let user = user::create(core, new).await.unwrap();
    secrets.add("the hash of a password", user.password_hash.clone().unwrap().0);
    shows_none(&secrets, "User", &user);

    let arrived = tokio::time::Instant::now();
    let request = LogIn { identifier: "alice", password: PASSWORD, new_password: None, arrived };
    shows_none(&secrets, "LogIn", &request);
    let logged_in = session::log_in(core, request).await.unwrap();
    secrets.add_token("the access token", &logged_in.tokens.access);
    secrets.add_token("the refresh token", &logged_in.tokens.refresh);
    secrets.add_token("the session cookie", logged_in.cookie.as_ref().unwrap());
    shows_none(&secrets, "LoggedIn", &logged_in);
    shows_none(&secrets, "IssuedTokens", &logged_in.tokens);
    let credential = Credential {
        kind: CredentialKind::AccessToken,
        source: CredentialSource::TokenHeader,
        value: &logged_in.tokens.access,
    };
    shows_none(&secrets, "Credential", &credential);
    let identity = token::authenticate(core, &credential, &Client::default()).await.unwrap();
    shows_none(&secrets, "Identity", &identity);
    shows_none(&secrets, "Session", &session::list_of(core.database().reads(), user.id, core.now()).await.unwrap());

    shows_none(&secrets, "Doorward", &doorward);
    shows_none(&secrets, "core::Doorward", core);
    shows_none(&secrets, "Database", core.database());
    shows_none(&secrets, "Guard", core.guard());
    shows_none(&secrets, "GuardConfig", core.guard().config());
    shows_none(&secrets, "App", doorward.app());
    shows_none(&secrets, "DoorwardLayer", &doorward.layer());
    shows_none(&secrets, "LoginRequired", &doorward.login_required());
    core.close().await;
}

#[test]
fn h2_debug_of_a_key_shows_no_secret() {
    let mut secrets = given();
    let seed = *b"a seed of a signing key Zi4Ox7!!";
    secrets.add("a signing key's seed", seed);
    let key = SigningKey::from_seed(&seed).unwrap();
    shows_none(&secrets, "SigningKey", &key);
    shows_none(&secrets, "VerifyingKey", &key.public());
    let keys = KeySet { ed25519: Vec::new(), flask_secrets: vec![SECRET_KEYS[0].into()] };
    shows_none(&secrets, "KeySet", &keys);
    // As a list of bytes, which is how a `Vec<u8>` is shown.
    let begin: Vec<_> = SECRET_KEYS[0].bytes().take(6).map(|byte| byte.to_string()).collect();
    assert!(!format!("{keys:?}").contains(&begin.join(", ")));
}
