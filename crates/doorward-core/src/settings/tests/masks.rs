use insta::assert_snapshot;

use super::super::declare::declarations;
use super::super::{ConnectionUrl, MASK, Secret, Settings, check, show};
use super::from_environment;

const SECRET: &str = "kXq7-never-to-be-seen";

/// A value with the secret in it for every setting that holds one.
fn variables_with_secrets() -> Vec<(String, String)> {
    let value = |key: &str| match key {
        "database" | "database_next" => format!("postgres://doorward:{SECRET}@db/users?sslpassword={SECRET}"),
        "otel.endpoint" | "password.breach_url" | "challenge.verify_url" | "old_application.login_url" => {
            format!("http://user:{SECRET}@collector:4318")
        }
        "mail.smtp_url" => format!("smtp://doorward:{SECRET}@mail:587"),
        "keys.seal_key" => SEAL_KEY.to_owned(),
        _ => SECRET.to_owned(),
    };
    let secrets = declarations().filter(|declaration| declaration.rules.secret);
    secrets.map(|declaration| (declaration.environment(), value(declaration.key))).collect()
}

const SEAL_KEY: &str = "a2V5cyBhcmUgMzIgYnl0ZXMgYW5kIG5ldmVyIHNob3c=";

#[test]
fn no_secret_is_in_anything_shown() {
    let variables = variables_with_secrets();
    let pairs: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let loaded = from_environment(&pairs).unwrap();
    assert_eq!(loaded.settings.token.secret_keys[0].expose(), SECRET);

    let rows = show(&loaded);
    let text: Vec<_> = rows.iter().map(ToString::to_string).collect();
    let json = serde_json::to_string(&rows).unwrap();
    let mut production = loaded.settings.clone();
    production.profile = super::super::Profile::Production;
    let problems = format!("{:?}", check(&production));
    for shown in [text.join("\n"), json, format!("{loaded:?}"), problems] {
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(!shown.contains(SEAL_KEY), "{shown}");
    }
    for variable in &variables {
        let row = rows.iter().find(|row| row.environment == variable.0).unwrap();
        assert!(row.text().contains(MASK), "{row}");
    }
}

#[test]
fn no_secret_is_in_an_error() {
    for declaration in declarations().filter(|declaration| declaration.rules.secret) {
        let given = super::super::value::Given::Other(SECRET);
        let mut settings = Settings::default();
        assert!((declaration.read)(&mut settings, &given, &declaration.rules).is_err());
    }
    let bad = [
        ("DOORWARD_DATABASE", SECRET),
        ("DOORWARD_OTEL__ENDPOINT", SECRET),
        ("DOORWARD_KEYS__SEAL_KEY", SECRET),
        ("DOORWARD_MAIL__SMTP_URL", SECRET),
        ("DOORWARD_SECRET_KEY", SECRET),
        ("DOORWARD_OLD_APPLICATION__LOGIN_URL", SECRET),
    ];
    let errors = from_environment(&bad).unwrap_err();
    assert_eq!(errors.len(), bad.len());
    assert!(!format!("{errors:?}").contains(SECRET));
}

#[test]
fn a_secret_shows_its_mask_only() {
    let secret = Secret::from("hush");
    assert_eq!(format!("{secret} {secret:?} {}", serde_json::json!(secret)), format!("{MASK} {MASK} \"{MASK}\""));
}

#[test]
fn a_url_is_shown_without_its_password() {
    for (url, shown) in [
        ("sqlite://doorward.db", "sqlite://doorward.db"),
        ("postgres://db/users", "postgres://db/users"),
        ("postgres://me@db/users", "postgres://me@db/users"),
        ("postgres://me:hush@db:5432/users", "postgres://me:********@db:5432/users"),
        ("postgres:me:hush@db/users", "postgres:********@db/users"),
        ("me:hush@db/users", "me:********@db/users"),
        ("postgres://me:@db/users", "postgres://me:********@db/users"),
        ("postgres://me:h/u?s#h@x@db/users", "postgres://me:********@db/users"),
        ("postgres://db/users?user=me&password=hush", "postgres://db/users?user=me&password=********"),
        ("postgres://db/x?PassWord=hush&a=1", "postgres://db/x?PassWord=********&a=1"),
        ("postgres://db/x?p%61ssword=hush", "postgres://db/x?p%61ssword=********"),
    ] {
        assert_eq!(ConnectionUrl::from(url).to_string(), shown);
        assert!(!format!("{:?}", ConnectionUrl::from(url)).contains("hush"));
    }
}

#[test]
fn show_says_where_every_value_came_from() {
    let loaded = from_environment(&[
        ("DOORWARD_PROFILE", "testing"),
        ("DOORWARD_TOKEN__SECRET_KEYS", "one,two"),
        ("DOORWARD_LISTEN", "localhost:1"),
    ])
    .unwrap();
    let rows = show(&loaded);
    assert_eq!(rows.len(), declarations().count());
    let wanted = ["profile", "listen", "public_url", "token.secret_keys", "login.failure_time_ms", "api.title"];
    let lines: Vec<_> = rows.iter().filter(|row| wanted.contains(&row.key)).map(ToString::to_string).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    profile = "testing" # environment DOORWARD_PROFILE
    listen = ["127.0.0.1:1"] # environment DOORWARD_LISTEN
    # public_url = (not set) # default
    api.title = "Doorward" # default
    token.secret_keys = ["********", "********"] # environment DOORWARD_TOKEN__SECRET_KEYS
    login.failure_time_ms = 0 # default of profile testing
    "#);
    let row = rows.iter().find(|row| row.key == "http.hsts_seconds").unwrap();
    assert_snapshot!(serde_json::to_string_pretty(row).unwrap(), @r#"
    {
      "key": "http.hsts_seconds",
      "value": 0,
      "source": "default",
      "environment": "DOORWARD_HTTP__HSTS_SECONDS",
      "description": "How long browsers are told to use HTTPS only (RFC 6797); 0 says nothing."
    }
    "#);
}
